"""The command line of ``offline``."""

import click

from pipcache.cli.group import App, cli
from pipcache.cli.options import cache_dir_option, epilog
from pipcache.cli.server_options import server_options
from pipcache.commands import offline as command
from pipcache.offline.supply import Terms

_CODES = {
    0: "the command ended with 0; every other status but these is the command's too",
    2: "the command line was wrong",
    3: "nothing was run: no port is free, pipcache[serve] is not installed, or no cache that is pip's",
    126: "the command could not be started",
}


@cli.command(
    "offline",
    context_settings={"allow_interspersed_args": False},
    epilog=epilog(
        "pipcache offline -- pip install -r requirements.txt",
        0,
        2,
        3,
        126,
        topics=("offline", "commands"),
        meanings=_CODES,
    ),
)
@cache_dir_option
@server_options
@click.option(
    "--report",
    type=click.Path(),
    metavar="FILE",
    help="Write what was asked for and is not here to FILE, as JSON (schema 1).",
)
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.pass_obj
def offline_command(
    app: App,
    *,
    cache_dir: str | None,
    built: bool,
    unverified: bool,
    verbose: bool,
    report: str | None,
    arguments: tuple[str, ...],
) -> int:
    """Run COMMAND so that pip, uv and pdm in it install from the cache, and ask no other index.

    The cache is served to this machine while COMMAND runs, and the indexes of your settings are out of the way. At
    the end it tells what was asked for and is not in the cache: fetch that while there is a network. It needs
    pipcache[serve].
    """
    terms = Terms(by_url=False, built=built, unverified=unverified)
    request = command.OfflineRequest(arguments, terms, report, verbose)
    return command.run(app.directory(cache_dir), request)
