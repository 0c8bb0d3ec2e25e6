"""The command line of ``export``."""

import click

from pipcache.cli.group import App, cli
from pipcache.cli.options import cache_dir_option, epilog, format_option, selectors_argument
from pipcache.cli.selection_options import closure_options, for_option, target_of
from pipcache.commands import export as command
from pipcache.errors import ExitCode
from pipcache.inventory.artifact import DISTRIBUTIONS, Kind
from pipcache.offline.export_writer import Link
from pipcache.query.selector import Selector
from pipcache.render.progress_bar import track

_CODES = {
    0: "done",
    1: "with --for or --complete: something that is needed is missing",
    2: "the command line or a file was wrong, or DIR is in the cache or no export",
    3: "not all could be exported: something is not verified, or DIR has other bytes under its name, or it could "
    "not be read; or no cache that is pip's",
}


@cli.command(
    "export",
    epilog=epilog(
        "pipcache export wheelhouse --for uv.lock", 0, 1, 2, 3, topics=("export", "selectors"), meanings=_CODES
    ),
)
@click.argument("folder", type=click.Path(), metavar="DIR")
@selectors_argument(takes_extras=True)
@cache_dir_option
@for_option(
    "Export what FILE names, and tell what of it is missing: requirements, pylock.toml, uv.lock, "
    "poetry.lock, pdm.lock, Pipfile.lock, or a list of sha256sum. Repeatable."
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(sorted(kind.value for kind in DISTRIBUTIONS)),
    help="Only this kind; repeatable.",
)
@click.option(
    "--built/--no-built", default=True, help="With wheels that pip built here, or without.  [default: built]"
)
@click.option("--unverified", is_flag=True, help="Also downloads that are whole, but that nothing vouches for.")
@closure_options(
    python="Look for what this CPython needs: 3.12; otherwise the running Python.",
    platform="Look for what this platform needs: manylinux_2_28_x86_64, win_amd64, macosx_11_0_arm64; otherwise "
    "this machine's. Repeatable.",
)
@click.option(
    "--link",
    type=click.Choice([link.value for link in Link]),
    default=Link.AUTO.value,
    show_default=True,
    help="auto shares blocks where the file system can (reflink), and copies elsewhere; hard links share the "
    "files of the cache itself, so that a change of one is a change of both.",
)
@click.option("--dry-run", "-n", is_flag=True, help="Tell what would be exported, and write nothing.")
@format_option("table", "json")
@click.pass_obj
def export_command(
    app: App,
    *,
    folder: str,
    selectors: tuple[Selector, ...],
    cache_dir: str | None,
    needed_for: tuple[str, ...],
    kinds: tuple[str, ...],
    built: bool,
    unverified: bool,
    latest: bool,
    no_deps: bool,
    complete: bool,
    python: str | None,
    platforms: tuple[str, ...],
    link: str,
    dry_run: bool,
    form: str,
) -> ExitCode:
    """Write verified files into DIR as a package index, from which another machine installs without a network.

    With a SELECTOR, as in list, or --for it is what these name and all that it needs; otherwise all downloads and
    all wheels that pip built here. DIR is new, empty, or an earlier export, to which files are added: none is ever
    replaced. The cache is not changed.
    """
    target = target_of(python, platforms)
    request = command.ExportCommandRequest(
        folder,
        selectors,
        needed_for,
        target,
        frozenset(map(Kind, kinds)),
        built=built,
        unverified=unverified,
        latest=latest,
        with_dependencies=not no_deps,
        link=Link(link),
        is_dry=dry_run,
    )
    answer = command.run(app.directory(cache_dir), request, track)
    (command.print_json if form == "json" else command.print_table)(answer)
    return command.exit_code(answer, complete=complete)
