"""The other commands that read: ``dir``, ``show``, ``info``. Options to values, then the pipeline."""

import os
import sys
from typing import TYPE_CHECKING

import click

from pipcache.app import App, cli
from pipcache.errors import ExitCode
from pipcache.options import (
    SelectorParam,
    cache_dir_option,
    epilog,
    filter_options,
    format_option,
    make_filters,
)
from pipcache.render.bar import track
from pipcache.render.console import is_terminal

if TYPE_CHECKING:
    from pipcache.selectors import Selector


@cli.command("dir", epilog=epilog('du -sh "$(pipcache dir)"', 0, 2))
@cache_dir_option
@click.option("--explain", is_flag=True, help="Say who decided it, and what else was considered.")
@format_option("table", "json")
@click.pass_obj
def dir_command(app: App, *, cache_dir: str | None, explain: bool, form: str) -> None:
    """Print the path of pip's cache directory."""
    from pipcache.text import clean  # noqa: PLC0415

    cache = app.cache(cache_dir, explain=explain or form == "json")
    if form == "json":
        from pipcache.render.document import dir_document, dump  # noqa: PLC0415

        click.echo(dump(dir_document(cache)))
        return
    if is_terminal(sys.stdout):
        click.echo(clean(cache.path))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(cache.path) + b"\n")
    if explain:
        from pipcache.render.info import explain_lines  # noqa: PLC0415

        click.echo("\n".join(explain_lines(cache)))


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
    from pipcache.commands import showing  # noqa: PLC0415

    filters = make_filters(kinds, stores, older_than, newer_than, larger_than)
    answer = showing.find(app.cache(cache_dir), selectors, filters, track)
    showing.write(answer, form)
    if answer.is_incomplete:
        return ExitCode.FAILED
    return ExitCode.OK if answer.details else ExitCode.FINDINGS


@cli.command("info", epilog=epilog("pipcache info", 0, 2, 3))
@cache_dir_option
@format_option("table", "json")
@click.pass_obj
def info_command(app: App, *, cache_dir: str | None, form: str) -> ExitCode:
    """Show sizes and counts by store, kind and project."""
    from pipcache.commands import overview  # noqa: PLC0415

    cache = app.cache(cache_dir)
    summary = overview.find(cache, track)
    overview.write(cache, summary, form)
    return ExitCode.FAILED if summary.unreadable else ExitCode.OK
