"""The command line of ``serve``."""

import click

from pipcache.cli.group import App, cli
from pipcache.cli.options import cache_dir_option, epilog, format_option
from pipcache.cli.server_options import server_options
from pipcache.commands import serve as command
from pipcache.errors import ExitCode
from pipcache.offline.supply import Terms

_CODES = {
    0: "ended by a person",
    2: "the command line was wrong",
    3: "it could not be done: the port is taken, pipcache[serve] is not installed, or no cache that is pip's",
}


@cli.command("serve", epilog=epilog("pipcache serve", 0, 2, 3, topics=("offline", "commands"), meanings=_CODES))
@cache_dir_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="The port at 127.0.0.1; 0 takes any that is free. Keep to one: pip builds sdists anew for each URL.",
)
@server_options
@click.option(
    "--verify",
    "when",
    type=click.Choice(["lazy", "now"]),
    default="lazy",
    show_default=True,
    help="lazy verifies a project when it is first asked for; now verifies all before the first answer.",
)
@format_option(
    "table",
    "json",
    help_text="table is for people; json is for programs (schema 1): a document with the URL and the port when "
    "the server is ready.",
)
@click.pass_obj
def serve_command(
    app: App,
    *,
    cache_dir: str | None,
    port: int,
    built: bool,
    unverified: bool,
    verbose: bool,
    when: str,
    form: str,
) -> ExitCode:
    """Serve the cache as a package index to this machine, until Ctrl-C: pip, uv and poetry install from it.

    Only verified files are served, and intact wheels that pip built here. Nothing is ever asked of another index:
    what is not in the cache is not found. It needs pipcache[serve].
    """
    terms = Terms(by_url=False, built=built, unverified=unverified)
    request = command.ServeRequest(port, terms, when == "now", verbose, form)
    return command.run(app.directory(cache_dir), request)
