"""The command line of ``remove``."""

from functools import cache, partial
from typing import TYPE_CHECKING

import click

from pipcache.cli.consent import REMOVE_CODES, require_consent
from pipcache.cli.group import App, cli, tool_option
from pipcache.cli.options import (
    advisory_options,
    against_option,
    cache_dir_option,
    consent_options,
    epilog,
    filter_options,
    format_option,
    identity_option,
    selectors_argument,
)
from pipcache.cli.selector_files import read_selectors
from pipcache.commands import remove as command
from pipcache.commands.consent import Consent
from pipcache.commands.left_to_uv import refusal_to_remove
from pipcache.errors import ExitCode
from pipcache.query.filters import Filters
from pipcache.query.selector import Selector
from pipcache.removal.plan import Reason
from pipcache.render.progress_bar import track

if TYPE_CHECKING:
    from pipcache.audit.request import AuditRequest

_CODES = {**REMOVE_CODES, 4: "with --advisory: all that was found is removed, but something could not be judged"}


@cli.command(
    "remove",
    epilog=epilog(
        "pipcache remove 'cffi>=1.0' 'zope.*' --dry-run",
        0,
        1,
        2,
        3,
        4,
        topics=("selectors", "safety"),
        meanings=_CODES,
    ),
)
@selectors_argument()
@click.option(
    "--requirement",
    "-r",
    "files",
    multiple=True,
    type=click.Path(allow_dash=True),
    help="Read selectors from FILE, one on each line; # begins a comment, - is standard input. Repeatable.",
    metavar="FILE",
)
@cache_dir_option
@tool_option
@filter_options
@click.option("--damaged", is_flag=True, help="Only what verify judges damaged.")
@click.option("--poisoned", is_flag=True, help="Only what verify judges poisoned; both may be given.")
@against_option
@advisory_options
@click.option(
    "--derived/--no-derived",
    default=True,
    help="With --advisory or --all-caches: also what was made from a match: built wheels, copies (default).",
)
@click.option(
    "--save",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="With --advisory or --all-caches: first copy what goes into DIR, with evidence; only you can read DIR.",
)
@click.option(
    "--all-caches",
    is_flag=True,
    help="In every pip cache of this machine, with --advisory or SELECTORs; for uv's, its commands.",
)
@click.option("--keep-pages", is_flag=True, help="Keep the index pages of the projects whose files go.")
@click.option("--must-match", is_flag=True, help="Exit with 1 when a selector matches nothing.")
@consent_options
@identity_option
@format_option("table", "json", "line", more=" With --advisory or --all-caches, line is one line.")
@click.pass_obj
def remove_command(
    app: App,
    *,
    selectors: tuple[Selector, ...],
    files: tuple[str, ...],
    cache_dir: str | None,
    tool: str | None,
    filters: Filters,
    damaged: bool,
    poisoned: bool,
    against: tuple[str, ...],
    advisories: tuple[str, ...],
    only_ids: tuple[str, ...],
    only_listed_versions: bool,
    deep: bool,
    derived: bool,
    save: str | None,
    all_caches: bool,
    keep_pages: bool,
    must_match: bool,
    yes: bool,
    dry_run: bool,
    form: str,
) -> ExitCode:
    """Remove what the selectors match, downloads and built wheels, and the index pages of their projects.

    It shows the plan and asks before it removes anything. A SELECTOR is a requirement (twisted,
    'cffi>=1.0'), a name pattern ('zope.*'), a file name, a URL, a digest (sha256:..., hex or base64url) or a cache
    key; it matches any name that an entry has. Filters apply to index pages too. With --advisory, SELECTORs add to
    what the advisories describe; filters and verdicts are refused.
    """
    by_filter = bool(filters.sources or filters.built_by or filters.statuses)
    if not (selectors or files or damaged or poisoned or advisories or by_filter):
        raise click.UsageError("Nothing to remove was named: give a SELECTOR, or a file of them with -r.")
    if against and not (damaged or poisoned):
        raise click.UsageError("--against goes with --damaged or --poisoned.")
    is_search = bool(advisories) or all_caches
    if (only_listed_versions or deep or save is not None or not derived) and not is_search:
        options = "--only-listed-versions, --deep, --no-derived and --save"
        raise click.UsageError(f"{options} go with --advisory or --all-caches.")
    if only_ids and not advisories:
        raise click.UsageError("--only-ids goes with --advisory.")
    if is_search and (damaged or poisoned or must_match or filters != Filters()):
        option = "--advisory" if advisories else "--all-caches"
        raise click.UsageError(f"{option} goes with SELECTORs and -r, not with filters, verdicts or --must-match.")
    if form == "line" and not is_search:
        raise click.UsageError("--format line goes with --advisory or --all-caches.")
    # over all caches each says for itself that uv removes from it
    directory = app.directory(cache_dir, tool=None if all_caches else tool)

    @cache  # what is read from standard input cannot be read again
    def named() -> tuple[Selector, ...]:
        return (*selectors, *(selector for file in files for selector in read_selectors(file)))

    def search() -> "AuditRequest":
        from pipcache.audit.request import AuditRequest  # most removals audit nothing

        return AuditRequest(
            advisories, named(), only_listed_versions, deep, all_caches, only_ids=only_ids, tool=tool
        )

    with app.leaving_to_uv(directory, lambda place: refusal_to_remove(place, search(), track)):
        require_consent(yes=yes, dry_run=dry_run, form=form)
        if is_search:
            from pipcache.commands import advised_removal, remove_advised  # as above

            purge = advised_removal.AdvisedRequest(search(), derived, keep_pages, save, app.run)
            run = partial(remove_advised.run, advised_removal.find(directory, purge, track), purge)
        else:
            verdicts = ((damaged, Reason.DAMAGED), (poisoned, Reason.POISONED))
            reasons = tuple(reason for wanted, reason in verdicts if wanted)
            request = command.RemoveRequest(named(), filters, keep_pages, must_match, reasons, against, app.run)
            run = partial(command.run, command.find(directory, request, track), request)
    return run(Consent(yes, dry_run), form, track)
