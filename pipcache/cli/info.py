"""The command line of ``info``."""

import click

from pipcache.cli.group import App, cli
from pipcache.cli.options import cache_dir_option, epilog, format_option
from pipcache.commands import info as command
from pipcache.errors import ExitCode
from pipcache.render.progress_bar import track


@cli.command("info", epilog=epilog("pipcache info", 0, 2, 3))
@cache_dir_option
@format_option("table", "json")
@click.pass_obj
def info_command(app: App, *, cache_dir: str | None, form: str) -> ExitCode:
    """Show sizes and counts by store, kind and project."""
    cache = app.directory(cache_dir)
    summary = command.find(cache, track)
    command.write(cache, summary, form)
    return ExitCode.FAILED if summary.unreadable else ExitCode.OK
