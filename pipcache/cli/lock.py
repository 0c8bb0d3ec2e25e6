"""The command line of ``lock``."""

import click
from click.core import ParameterSource

from pipcache.cli.group import App, cli
from pipcache.cli.options import cache_dir_option, epilog, format_option, selectors_argument
from pipcache.cli.selection_options import closure_options, for_option, target_of
from pipcache.commands import lock as command
from pipcache.errors import ExitCode
from pipcache.offline.lock import FORMS, PYLOCK, is_pylock_name
from pipcache.query.selector import Selector
from pipcache.render.progress_bar import track

_CODES = {
    0: "done; what is missing is listed",
    1: "with --complete: something that is needed is missing",
    2: "the command line or a file was wrong; or pylock, and several versions of a project",
    3: "something was left out because it is not verified or could not be read; or no cache of pip",
}


@cli.command(
    "lock",
    epilog=epilog("pipcache lock flask -o flask.txt", 0, 1, 2, 3, topics=("lock", "selectors"), meanings=_CODES),
)
@selectors_argument(takes_extras=True)
@cache_dir_option
@for_option(
    "Lock what FILE names: requirements, pylock.toml, uv.lock, poetry.lock, pdm.lock, Pipfile.lock, or "
    "a list of sha256sum. Repeatable."
)
@format_option(
    *FORMS,
    help_text="requirements has a line 'name @ URL#sha256=...' for each file; pylock is the standard (PEP 751), "
    "which is the default where FILE is called pylock.toml; sha256sums is for sha256sum, and for --against of "
    "verify and refresh; json is for programs ('pipcache help json').",
)
@click.option("--output", "-o", type=click.Path(), metavar="FILE", help="Write to FILE, not to standard output.")
@closure_options(
    python="For this CPython: 3.12 or 3.12.4; otherwise the running Python.",
    platform="For this platform: manylinux_2_28_x86_64, win_amd64, macosx_11_0_arm64; otherwise this machine's. "
    "Repeatable.",
)
@click.pass_obj
def lock_command(
    app: App,
    *,
    selectors: tuple[Selector, ...],
    cache_dir: str | None,
    needed_for: tuple[str, ...],
    form: str,
    output: str | None,
    latest: bool,
    no_deps: bool,
    complete: bool,
    python: str | None,
    platforms: tuple[str, ...],
) -> ExitCode:
    """Write a lock of verified downloads. pip installs with it from its own cache, without an index.

    With a SELECTOR, as in list, or --for, the lock holds what these name and what that needs; otherwise all
    downloads.
    A file goes into it only if it is verified and its URL is proved. Standard error lists the rest.
    """
    target = target_of(python, platforms)
    output = None if output == "-" else output
    is_default = click.get_current_context().get_parameter_source("form") is ParameterSource.DEFAULT
    if is_default and output is not None and is_pylock_name(output):
        form = PYLOCK  # no reader takes anything else under this name
    request = command.LockRequest(
        selectors,
        needed_for,
        form,
        output,
        target,
        latest=latest,
        with_dependencies=not no_deps,
    )
    answer = command.find(app.directory(cache_dir), request, track)
    command.write(answer)
    return command.exit_code(answer, complete=complete)
