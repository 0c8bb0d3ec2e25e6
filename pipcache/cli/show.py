"""The command line of ``show``."""

import click

from pipcache.cli.group import App, cli, tool_option
from pipcache.cli.options import cache_dir_option, epilog, filter_options, format_option, selectors_argument
from pipcache.commands import show as command
from pipcache.errors import ExitCode
from pipcache.query.filters import Filters
from pipcache.query.selector import Selector
from pipcache.render.progress_bar import track


@cli.command(
    "show",
    epilog=epilog("pipcache show 'numpy>=2' --format json", 0, 1, 2, 3, topics=("evidence",)),
)
@selectors_argument(metavar="SELECTOR...")
@cache_dir_option
@tool_option
@filter_options
@format_option("table", "json")
@click.pass_obj
def show_command(
    app: App,
    *,
    selectors: tuple[Selector, ...],
    cache_dir: str | None,
    tool: str | None,
    filters: Filters,
    form: str,
) -> ExitCode:
    """Show everything about each match: names and their evidence, URL, digests, origin, times, files."""
    if not selectors:
        raise click.UsageError("Nothing to show was named: give a SELECTOR, such as the name of a project.")
    answer = app.read(cache_dir, tool, lambda directory: command.find(directory, selectors, filters, track))
    command.write(answer, form)
    if answer.is_incomplete:
        return ExitCode.FAILED
    return ExitCode.OK if answer.details else ExitCode.FINDINGS
