"""The command line of ``dir``."""

import os
import sys

import click

from pipcache.cli.group import App, cli, tool_option
from pipcache.cli.options import cache_dir_option, epilog, format_option
from pipcache.render.console import is_terminal, print_answer, width
from pipcache.render.json.dir import dir_document
from pipcache.render.json.writer import dump
from pipcache.render.text.dir import explain_lines
from pipcache.render.text.wrap import fit
from pipcache.util.untrusted import clean

_CODES = {
    0: "done, whatever is there",
    2: "the command line was wrong",
    3: "no directory is named, or the one given with --cache-dir does not exist",
}


@cli.command("dir", epilog=epilog('du -sh "$(pipcache dir)"', 0, 2, 3, topics=("environment",), meanings=_CODES))
@cache_dir_option
@tool_option
@click.option("--explain", is_flag=True, help="Show which setting decided it, and which others were considered.")
@format_option("table", "json")
@click.pass_obj
def dir_command(app: App, *, cache_dir: str | None, tool: str | None, explain: bool, form: str) -> None:
    """Print the path of pip's cache directory, or of uv's."""
    cache = app.directory(cache_dir, explain=explain or form == "json", tool=tool)
    if form == "json":
        print_answer(dump(dir_document(cache)))
        return
    if is_terminal(sys.stdout):
        click.echo(clean(cache.path))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(cache.path) + b"\n")
    if explain:
        lines = explain_lines(cache)
        click.echo("\n".join(fit(lines, width()) if is_terminal(sys.stdout) else lines))
