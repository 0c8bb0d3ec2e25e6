"""``refresh --drop``: remove the pages that are not current, and the files that were withdrawn."""

from collections.abc import Iterator

from pipcache.commands.consent import Consent, exit_code_of, report_of, run_with_consent
from pipcache.commands.refresh import RefreshAnswer, document_of, is_incomplete, narrate, print_changes
from pipcache.errors import ExitCode
from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.index_places import IndexPlace, pages_by_place, places_of_file
from pipcache.live.answers import Failed
from pipcache.live.refresh import ComparedFile, Result
from pipcache.live.statuses import OUTDATED
from pipcache.removal.outcome import Outcome
from pipcache.removal.plan import Candidate, Plan, Reason, plan_artifacts
from pipcache.render.console import say
from pipcache.render.json.refresh import RefreshDocument
from pipcache.render.text.remove import ARTIFACTS, plan_rows
from pipcache.util.progress import Track
from pipcache.util.units import counted
from pipcache.verify.checks import Check
from pipcache.verify.file_status import WITHDRAWN
from pipcache.verify.verdict import Finding


def plan_drop(answer: RefreshAnswer) -> Plan:
    """Return the plan for what the answers of the indexes show.

    Pages go of which the index has a better one, or none. With ``drops.withdrawn``, files go that their index does
    not give out any more, with their metadata files, and the outdated pages of their projects, which led pip to
    them. What the filters leave out stays, and a page about which the index did not answer the second time.
    """
    drops = answer.request.drops
    withdrawn = [(result, file) for result in answer.results for file in _withdrawn(result)]
    if answer.request.index_url is not None:
        # an index that a person names is asked about files of other indexes too, which are not its to withdraw
        pages = pages_by_place(answer.chosen.everything)
        withdrawn = [
            (result, file)
            for result, file in withdrawn
            if places_of_file(file.artifact, pages) == [IndexPlace(*_place(result))]
        ]
    files = [file for _, file in withdrawn] if drops.withdrawn else []
    candidates = [Candidate(file.artifact, Reason.WITHDRAWN, _detail(file)) for file in files]
    candidates += _metadata_of(files, answer.chosen.everything)
    places = {_place(result) for result, _ in withdrawn}
    for result in answer.results:
        page = result.question.page
        if page is None or not is_dropped(result):
            continue
        if drops.pages or (drops.withdrawn and _place(result) in places):
            candidates.append(Candidate(page, Reason.OUTDATED, _page_detail(result)))
    allowed = answer.chosen.removable
    wanted = [candidate for candidate in candidates if path_of(candidate.artifact) in allowed]
    return plan_artifacts(wanted, answer.chosen.everything)


def is_dropped(result: Result) -> bool:
    """Return whether the page in the cache is outdated, by the last word of its index."""
    comparison = result.comparison
    return comparison is not None and comparison.is_outdated and not isinstance(result.answer, Failed)


def _place(result: Result) -> tuple[str, str]:
    return result.question.index, result.question.project


def _withdrawn(result: Result) -> Iterator[ComparedFile]:
    if not isinstance(result.answer, Failed):
        # what only may be this index's, or is another's, is not its to withdraw
        yield from (file for file in result.files if file.status.is_withdrawn and file.is_proved)


def _detail(file: ComparedFile) -> str:
    return _first(file.status.findings, WITHDRAWN)


def _page_detail(result: Result) -> str:
    return "" if result.comparison is None else _first(result.comparison.findings, OUTDATED)


def _first(findings: tuple[Finding, ...], checks: frozenset[Check]) -> str:
    return next((finding.check.code for finding in findings if finding.check in checks), "")


def _metadata_of(files: list[ComparedFile], artifacts: list[Artifact]) -> Iterator[Candidate]:
    """Yield the metadata files of wheels that go."""
    by_url = {f"{file.artifact.url}.metadata": file for file in files if file.artifact.url_proved}
    for artifact in artifacts:
        if artifact.kind is Kind.METADATA and (file := by_url.get(artifact.url or "")) is not None:
            yield Candidate(
                artifact, Reason.DERIVED, f"metadata of {file.artifact.filename or path_of(file.artifact)}"
            )


def run(answer: RefreshAnswer, consent: Consent, form: str, track: Track) -> ExitCode:
    """Show what has changed and the plan, ask where it must be asked, act, and report.

    Args:
        answer: what the indexes answered.
        consent: how far the run may go.
        form: the form of the answer, table or json.
        track: shows the progress.

    Raises:
        Declined: the question was not answered with yes.
    """
    plan = plan_drop(answer)

    def document(outcome: Outcome | None) -> RefreshDocument:
        return document_of(answer, plan, outcome)

    report = report_of(form, plan, (plan_rows(plan), ARTIFACTS), answer.directory.path, document)
    show_plan = report.show
    if show_plan is not None:

        def show() -> None:
            print_changes(answer)
            show_plan()

        report = report._replace(show=show)

    def say_notes() -> None:
        narrate(answer)
        _say_kept(answer, plan)

    outcome = run_with_consent(answer.directory, plan, consent, report._replace(say_notes=say_notes), track)
    return exit_code_of(outcome, is_incomplete=is_incomplete(answer))


def _say_kept(answer: RefreshAnswer, plan: Plan) -> None:
    """Say which pages are not current and which files withdrawn, and stay, and why."""
    planned = {path_of(removal.artifact) for removal in plan.removals if removal.artifact is not None}
    doubtful = filtered = 0
    withdrawn = [file for result in answer.results for file in result.files if file.status.is_withdrawn]
    unproved = sum(not file.is_proved for file in withdrawn)
    if unproved and answer.request.drops.withdrawn:
        say(f"{counted(unproved, 'file')} withdrawn, kept: nothing proves that the index had this file.")
    for result in answer.results:
        page, comparison = result.question.page, result.comparison
        if not answer.request.drops.pages or page is None or comparison is None or path_of(page) in planned:
            continue
        doubtful += comparison.is_outdated and not is_dropped(result)
        filtered += is_dropped(result)
    if doubtful:
        say(
            f"{counted(doubtful, 'page')} not current, kept: its index did not answer when it was asked once more."
        )
    if filtered:
        say(f"{counted(filtered, 'page')} not current, kept: the filters leave it out.")
