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
@format_option("table", "json", "jsonl", "paths", more=" jsonl prints each artifact as soon as it is met.")
@click.option(
    "--null", "-0", "null", is_flag=True, help="With --format paths: end each path with NUL, for xargs -0."
)
@click.pass_context
def list_command(
    context: click.Context,
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
    if form == "jsonl":
        _refuse_what_takes_all(context, filters)
    app: App = context.obj
    request = command.ListRequest(
        selectors,
        filters._replace(unnamed=unnamed),
        everything=everything,
        sort_key=SortKey(sort_key),
        reverse=reverse,
        exact=form != "table",
    )
    if form == "jsonl":
        from pipcache.commands.list_lines import print_lines  # only for this form

        is_whole = app.read(cache_dir, tool, lambda directory: print_lines(directory, request, track))
        return ExitCode.OK if is_whole else ExitCode.FAILED
    answer = app.read(cache_dir, tool, lambda directory: command.find(directory, request, track))
    command.write(answer, form, null=null)
    return ExitCode.FAILED if answer.is_incomplete else ExitCode.OK


def _refuse_what_takes_all(context: click.Context, filters: Filters) -> None:
    """Refuse what can be answered only when all artifacts are known.

    Raises:
        UsageError: an order was asked for, or a filter that index pages decide.
    """
    orders = [name for name in ("sort_key", "reverse") if context.get_parameter_source(name) is not _DEFAULT]
    if orders:
        raise click.UsageError("--sort and --reverse do not go with --format jsonl, which prints what it meets.")
    if filters.needs_pages:
        raise click.UsageError(
            "--from, --yanked and --withdrawn are answered from index pages, which --format jsonl does not read: "
            "use --format json."
        )


_DEFAULT = click.core.ParameterSource.DEFAULT
