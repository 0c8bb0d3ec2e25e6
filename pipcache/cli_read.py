"""The commands that read: ``dir``, ``list``, ``show``, ``info``. Options to values, then the pipeline."""

import os
import sys
from typing import TYPE_CHECKING

import click

from pipcache.app import App, cli
from pipcache.errors import ExitCode
from pipcache.options import (
    SORT_KEYS,
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
    "list",
    short_help="List every distribution file in the cache.",
    epilog=epilog("pipcache list --larger-than 50MB --sort size", 0, 2, 3),
)
@click.argument("selectors", nargs=-1, type=SelectorParam(), metavar="[SELECTOR]...")
@cache_dir_option
@click.option("--all", "-a", "everything", is_flag=True, help="Pages, metadata, other and unknown entries too.")
@filter_options
@click.option("--unnamed", is_flag=True, help="Only what has no project or no version, of any kind.")
@click.option(
    "--sort",
    "sort_key",
    type=click.Choice(SORT_KEYS),
    default="name",
    show_default=True,
    help="Order: by name and version, largest, oldest, or longest unused first.",
)
@click.option("--reverse", is_flag=True, help="The other way round.")
@format_option("table", "json", "paths")
@click.option(
    "--null", "-0", "null", is_flag=True, help="With --format paths: end each path with NUL, for xargs -0."
)
@click.pass_obj
def list_command(
    app: App,
    *,
    selectors: tuple["Selector", ...],
    cache_dir: str | None,
    everything: bool,
    kinds: tuple[str, ...],
    stores: tuple[str, ...],
    older_than: float | None,
    newer_than: float | None,
    larger_than: float | None,
    unnamed: bool,
    sort_key: str,
    reverse: bool,
    form: str,
    null: bool,
) -> ExitCode:
    """List every distribution file in the cache, downloaded and built alike.

    A SELECTOR is a requirement (twisted, 'cffi>=1.0'), a name pattern ('zope.*'), a file name, a URL, a digest
    (sha256:..., hex or base64url) or a cache key.
    """
    from pipcache.commands import listing  # noqa: PLC0415
    from pipcache.query import SortKey  # noqa: PLC0415

    if null and form != "paths":
        raise click.UsageError("-0 goes with --format paths.")
    filters = make_filters(kinds, stores, older_than, newer_than, larger_than)._replace(unnamed=unnamed)
    request = listing.Request(selectors, filters, everything, SortKey(sort_key), reverse, exact=form != "table")
    answer = listing.find(app.cache(cache_dir), request, track)
    listing.write(answer, form, null=null)
    return ExitCode.FAILED if answer.is_incomplete else ExitCode.OK


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
