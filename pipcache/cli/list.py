"""The command line of ``list``."""

import click

from pipcache.cli.group import App, cli, tool_option
from pipcache.cli.options import (
    ChoiceParam,
    cache_dir_option,
    epilog,
    filter_options,
    format_option,
    selectors_argument,
)
from pipcache.commands import list as command
from pipcache.errors import ExitCode
from pipcache.query.filters import Filters, SortKey
from pipcache.query.selector import Selector
from pipcache.render.progress_bar import track


@cli.command(
    "list",
    epilog=epilog("pipcache list --larger-than 50MB --sort size", 0, 2, 3, topics=("selectors",)),
)
@selectors_argument()
@cache_dir_option
@tool_option
@click.option("--all", "-a", "everything", is_flag=True, help="Also index pages, metadata files and others.")
@filter_options
@click.option("--unnamed", is_flag=True, help="Only what has no known project or version, of any kind.")
@click.option(
    "--sort",
    "sort_key",
    type=ChoiceParam([key.value for key in SortKey]),
    default="name",
    show_default=True,
    help="Order: by name and version, largest, oldest, or longest unused first.",
)
@click.option("--reverse", is_flag=True, help="Reverse the order.")
@format_option("table", "json", "paths")
@click.option(
    "--null", "-0", "null", is_flag=True, help="With --format paths: end each path with NUL, for xargs -0."
)
@click.pass_obj
def list_command(
    app: App,
    *,
    selectors: tuple[Selector, ...],
    cache_dir: str | None,
    tool: str | None,
    everything: bool,
    filters: Filters,
    unnamed: bool,
    sort_key: str,
    reverse: bool,
    form: str,
    null: bool,
) -> ExitCode:
    """List every wheel and sdist in the cache: downloads, and wheels that pip built.

    A SELECTOR is a requirement (twisted, 'cffi>=1.0'), a name pattern ('zope.*'), a file name, a URL, a digest
    (sha256:..., hex or base64url) or a cache key.
    """
    if null and form != "paths":
        raise click.UsageError("-0 goes with --format paths.")
    request = command.ListRequest(
        selectors,
        filters._replace(unnamed=unnamed),
        everything=everything,
        sort_key=SortKey(sort_key),
        reverse=reverse,
        exact=form != "table",
    )
    answer = app.read(cache_dir, tool, lambda directory: command.find(directory, request, track))
    command.write(answer, form, null=null)
    return ExitCode.FAILED if answer.is_incomplete else ExitCode.OK
