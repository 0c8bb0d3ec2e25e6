"""Ask, carry out and report: what all commands that remove share."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from pipcache.errors import ErrorKind, ExitCode, NotWritten, PipcacheError
from pipcache.location.locate import CacheDirectory
from pipcache.removal.executor import carry_out
from pipcache.removal.outcome import Fate, Outcome
from pipcache.removal.plan import Plan
from pipcache.render.console import fitted, print_answer, say
from pipcache.render.text.remove import left_lines, outcome_line, plan_sum, problem_lines, what_goes
from pipcache.render.text.table import Columns, Row, print_rows
from pipcache.store.cache import Cache
from pipcache.util.progress import Track
from pipcache.util.units import counted


class Consent(NamedTuple):
    """How far a run may go: to the end without asking, not beyond the plan, or as far as the answer says."""

    yes: bool = False
    dry_run: bool = False
    force: bool = False


class Declined(PipcacheError):  # noqa: N818 - it says what a person did
    """The question was not answered with yes."""

    exit_code = ExitCode.USAGE
    kind = ErrorKind.NO_CONSENT


class PlanReport(NamedTuple):
    """How a command shows its plan and reports the outcome.

    ``show`` prints the plan; None where it is not printed. ``answer`` gives the text of the answer or its pieces,
    with the outcome where the plan was carried out; ``summary`` says in a line what was done. ``asks`` says if
    the question is asked. ``say_notes`` is called after the plan is shown, ``prepare`` before it is carried out.
    """

    show: Callable[[], None] | None
    answer: Callable[[Outcome | None], str | Iterable[str]]
    summary: Callable[[Outcome], str] = outcome_line
    asks: bool = True
    say_notes: Callable[[], None] = lambda: None
    prepare: Callable[[], None] = lambda: None


def report_of(
    form: str,
    plan: Plan,
    table: tuple[Sequence[Row], Columns],
    where: str,
    document: Callable[[Outcome | None], Mapping[str, object]],
) -> PlanReport:
    """Return the report of a command that shows ``table`` and the sum of its plan, or prints a JSON document."""
    load_form(form)

    def show() -> None:
        if plan.removals or plan.folders:
            print_rows(*table)
            print(fitted(plan_sum(plan, where), sys.stdout))  # noqa: T201

    def answer(outcome: Outcome | None) -> str | Iterable[str]:
        if form == "json":
            from pipcache.render.json.writer import pieces  # only for this form

            return pieces(document(outcome))
        if outcome is not None:
            return fitted(outcome_line(outcome), sys.stdout)
        return "Nothing to remove." if plan.is_empty else "Nothing was removed: this is a dry run."

    return PlanReport(show if form == "table" else None, answer)


def load_form(form: str) -> None:
    """Load what writes an answer, before anything is removed: an interruption meanwhile ends the run at once."""
    if form == "json":
        import pipcache.render.json.prune
        import pipcache.render.json.run  # noqa: F401 - as the docstring says


def run_with_consent(
    directory: CacheDirectory, plan: Plan, consent: Consent, report: PlanReport, track: Track
) -> Outcome | None:
    """Show the plan, ask where it must be asked, carry it out, and report; None when nothing was carried out.

    Raises:
        Declined: the question was not answered with yes.
        NotWritten: the answer cannot be written; its hint says what was done.
    """
    if report.show is not None:
        write_answer(report.show)
        for line in left_lines(plan.left):
            say(line)
    report.say_notes()
    outcome = None
    if not plan.is_empty and not consent.dry_run:
        if report.asks and not consent.yes:
            require_yes(what_goes(plan))
        report.prepare()
        outcome = carry_out_plan(directory, plan, track, force=consent.force)
    done = "Nothing was removed." if outcome is None else report.summary(outcome)
    try:
        write_answer(lambda: print_answer(report.answer(outcome)), done)
    except NotWritten:
        raise
    except BaseException:
        say(done)  # a second look may be interrupted, or fail
        raise
    if outcome is not None:
        say_what_stays(plan, outcome)
    return outcome


def carry_out_plan(directory: CacheDirectory, plan: Plan, track: Track, *, force: bool = False) -> Outcome:
    """Carry a plan out; the first interruption lets the step at hand end, so that the report is exact."""
    with interruptible() as is_interrupted:
        return carry_out(Cache(directory.path), plan, track, force=force, should_stop=is_interrupted)


def write_answer(write: Callable[[], None], done: str = "Nothing was changed.") -> None:
    """Write to standard output; when nobody reads it any more the work goes on, as it was asked for.

    ``done`` says what was removed until then.

    Raises:
        NotWritten: the answer cannot be written for another reason; its hint is ``done``.
    """
    try:
        write()
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open to the end
    except OSError as error:
        raise NotWritten(f"The answer cannot be written: {error.strerror}.", hint=done) from None


def require_yes(what: str) -> None:
    """Ask on standard error whether to remove something; any answer but y or yes means no.

    Raises:
        Declined: the question was not answered with yes.
    """
    if not confirm(f"Remove {what}?"):
        raise Declined("Nothing was removed.", is_fault=False)


def confirm(question: str) -> bool:
    """Ask a question on standard error; any answer but y or yes means no."""
    say(f"{question} [y/N] ", end="")
    try:
        answer = sys.stdin.readline()
    except ValueError:  # bytes that are no text
        answer = ""
    if not answer.endswith("\n"):
        say("")  # the end of input leaves the line open
    return answer.strip().lower() in {"y", "yes"}


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turn the first SIGINT or SIGTERM into an answer of the function given; the second ends the run."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    previous = [(number, signal.signal(number, note)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous:
            signal.signal(number, handler)


def say_what_stays(plan: Plan, outcome: Outcome) -> None:
    """Say what was planned and did not happen, and why."""
    if outcome.is_interrupted:
        left = sum(fate is Fate.PENDING for fate in outcome.fates)
        say(f"Interrupted: {counted(left, 'entry', 'entries')} of {len(plan.removals):,} had not had their turn.")
    for line in problem_lines(outcome):
        say(line)


def exit_code_of(outcome: Outcome | None, *, is_incomplete: bool) -> ExitCode:
    """Return how a run ends that removed what it could; ``is_incomplete``: some place could not be looked at."""
    if outcome is not None and outcome.is_interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if is_incomplete or (outcome is not None and outcome.problems) else ExitCode.OK
