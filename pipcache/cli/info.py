"""The command line of ``info``."""

import click

from pipcache.cli.group import App, cli, tool_option
from pipcache.cli.options import cache_dir_option, epilog, format_option
from pipcache.commands import info as command
from pipcache.errors import ExitCode
from pipcache.render.progress_bar import track


@cli.command("info", epilog=epilog("pipcache info", 0, 2, 3, topics=("tour",)))
@cache_dir_option
@tool_option
@format_option("table", "json")
@click.pass_obj
def info_command(app: App, *, cache_dir: str | None, tool: str | None, form: str) -> ExitCode:
    """Show sizes and counts by store, kind, project and last use, and what prune could remove."""
    answer = app.read(cache_dir, tool, lambda directory: command.find(directory, track))
    command.write(answer, form)
    return ExitCode.FAILED if answer.unreadable else ExitCode.OK
