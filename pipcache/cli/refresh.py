"""The command line of ``refresh``."""

from urllib.parse import urlsplit

import click

from pipcache.cli.consent import require_consent
from pipcache.cli.group import App, cli
from pipcache.cli.options import (
    against_option,
    cache_dir_option,
    epilog,
    filter_options,
    format_option,
    identity_option,
    selectors_argument,
)
from pipcache.commands import refresh as command, refresh_drop
from pipcache.commands.consent import Consent
from pipcache.errors import ExitCode
from pipcache.query.filters import Filters
from pipcache.query.selector import Selector
from pipcache.render.progress_bar import track

_CODES = {
    0: "all that was asked about is current",
    1: "a page is not current, or a file was withdrawn, yanked or replaced",
    2: "the command line was wrong, pip is told to ask no index, or the question was not answered with yes",
    3: "not all could be asked or read; with --complete: not all was asked about; or no cache of pip",
}


class IndexParam(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """The URL of an index."""

    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the URL."""
        text = str(value)
        try:
            parts = urlsplit(text)
            is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
            is_usable = is_usable and not (parts.query or parts.fragment)
        except ValueError:
            is_usable = False
        if not is_usable:
            self.fail("it is no URL of an index; write it as for pip: https://index.example/simple", param, ctx)
        return text


@cli.command(
    "refresh",
    epilog=epilog("pipcache refresh --dry-run", 0, 1, 2, 3, topics=("refresh", "selectors"), meanings=_CODES),
)
@selectors_argument()
@cache_dir_option
@filter_options
@against_option
@click.option(
    "--index-url",
    type=IndexParam(),
    metavar="URL",
    help="Ask this index and no other, about the projects that SELECTOR names, wherever they came from.",
)
@click.option("--drop", is_flag=True, help="Remove the index pages that are not current, so that pip asks anew.")
@click.option(
    "--drop-withdrawn", is_flag=True, help="Remove the files that their index has withdrawn; yanked ones stay."
)
@click.option("--probe", is_flag=True, help="Ask for files that are no longer listed: only delisted, or deleted?")
@click.option("--complete", is_flag=True, help="Exit with 3 when something is not asked about.")
@identity_option
@click.option("--yes", "-y", is_flag=True, help="Ask no question: before more than 500 pages, or a removal.")
@click.option("--dry-run", "-n", is_flag=True, help="Show who would be asked about what, and send nothing.")
@format_option("table", "json", "markdown", "sarif", more=" markdown is for tickets, sarif for dashboards.")
@click.pass_obj
def refresh_command(
    app: App,
    *,
    selectors: tuple[Selector, ...],
    cache_dir: str | None,
    filters: Filters,
    against: tuple[str, ...],
    index_url: str | None,
    drop: bool,
    drop_withdrawn: bool,
    probe: bool,
    complete: bool,
    yes: bool,
    dry_run: bool,
    form: str,
) -> ExitCode:
    """Ask the indexes for their pages, and show what has changed since pip asked.

    Without --drop and --drop-withdrawn the cache is not changed; with them a plan is shown,
    and a question asked, as by remove.
    An index is asked about a project only where the cache proves that it knows already: a page or a file of the
    project came from there. pip's settings for the network count. With a SELECTOR, as in list, only what it
    matches is asked about.
    """
    if index_url is not None and not _name_projects(selectors):
        raise click.UsageError("--index-url needs selectors that name projects, such as twisted or 'twisted<24'.")
    if index_url is not None and probe:
        raise click.UsageError(
            "--probe goes without --index-url: files are elsewhere, and no other index is asked."
        )
    drops = command.Drops(drop, drop_withdrawn)
    if form in {"markdown", "sarif"} and (any(drops) or dry_run):
        raise click.UsageError(f"--format {form} goes without --drop, --drop-withdrawn and --dry-run.")
    directory = app.directory(cache_dir)
    if any(drops):
        require_consent(yes=yes, dry_run=dry_run, form=form, hint=_HOW_TO_GO_ON)
    request = command.RefreshRequest(
        selectors,
        filters,
        index_url,
        yes,
        dry_run,
        drops,
        against,
        is_complete=complete,
        run=app.run,
        probes=probe,
    )
    answer = command.find(directory, request, track)
    if any(drops) and not dry_run:
        return refresh_drop.run(answer, Consent(yes=yes), form, track)
    command.write(answer, form)
    return command.exit_code(answer)


_HOW_TO_GO_ON = (
    "Nothing was asked or removed: add --yes to go on without a question, or leave out --drop and "
    "--drop-withdrawn to see what has changed."
)


def _name_projects(selectors: tuple[Selector, ...]) -> bool:
    """Return whether there are selectors, and each names one project: a pattern names any number of them."""
    return bool(selectors) and all(selector.project or selector.filename for selector in selectors)
