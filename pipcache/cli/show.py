"""The command line of ``show``."""

from typing import TYPE_CHECKING

import click

from pipcache.cli.group import App, cli
from pipcache.cli.options import (
    SelectorParam,
    cache_dir_option,
    epilog,
    filter_options,
    format_option,
    make_filters,
)
from pipcache.errors import ExitCode
from pipcache.render.progress_bar import track

if TYPE_CHECKING:
    from pipcache.query.selector import Selector


@cli.command(
    "show",
    short_help="Show everything about each match.",
    epilog=epilog("pipcache show 'numpy>=2' --format json", 0, 1, 2, 3),
)
@click.argument("selectors", nargs=-1, required=True, type=SelectorParam(), metavar="SELECTOR...")
@cache_dir_option
@filter_options
@format_option("table", "json")
@click.pass_obj
def show_command(
    app: App,
    *,
    selectors: tuple["Selector", ...],
    cache_dir: str | None,
    kinds: tuple[str, ...],
    stores: tuple[str, ...],
    older_than: float | None,
    newer_than: float | None,
    larger_than: float | None,
    form: str,
) -> ExitCode:
    """Show everything about each match: names and their evidence, URL, digests, origin, times, files."""
    from pipcache.commands import show as showing  # noqa: PLC0415

    filters = make_filters(kinds, stores, older_than, newer_than, larger_than)
    answer = showing.find(app.directory(cache_dir), selectors, filters, track)
    showing.write(answer, form)
    if answer.is_incomplete:
        return ExitCode.FAILED
    return ExitCode.OK if answer.details else ExitCode.FINDINGS
