"""The command group, which loads the module of a command when it is called."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from pipcache import __version__
from pipcache.cli.options import ChoiceParam, cache_dir_option
from pipcache.cli.slips import ABOUT_PROJECTS, argument_slip, command_slip, option_slip
from pipcache.errors import CacheNotFound, CacheOfAnotherInstaller, ErrorKind, LeftToUv, NoConsent, PipcacheError
from pipcache.location.locate import CacheDirectory, Source, locate
from pipcache.render.console import say, width
from pipcache.util.untrusted import clean

if TYPE_CHECKING:
    from pipcache.util.run import Run


T = TypeVar("T")

P = ParamSpec("P")


def tool_option(command: Callable[P, T]) -> Callable[P, T]:
    """Add ``--tool``; None stands for pip, and for uv where ``--cache-dir`` names a cache of uv's."""
    return click.option(
        "--tool",
        type=ChoiceParam(("pip", "uv")),
        help="Whose cache: pip's, or uv's ('pipcache help uv'). Without it pip's; a directory given with "
        "--cache-dir is recognized.",
    )(command)


class App:
    """What is known of a run so far: which command, which directory, in which form to answer.

    Attributes:
        command: the name of the command; empty before it is known.
        form: the value of ``--format``; None before it is known.
        option: the value of the group's ``--cache-dir``.
        is_trial: the command line is only read, and nothing is run.
        is_typed: whether ``--cache-dir`` stands on the command line, not in the environment.
        cache: the cache directory; None before it is known.
        arguments: those of the command line.
        started: when the run began, in nanoseconds since the epoch.
        says_run: whether answers of the command say who ran what, where and when.
        is_nameless: a person does not want answers to say that.
    """

    def __init__(self, arguments: Sequence[str] = (), *, is_trial: bool = False) -> None:
        self.is_trial = is_trial
        self.command = ""
        self.form: str | None = None
        self.option: str | None = None
        self.is_typed = False
        self.cache: CacheDirectory | None = None
        self.arguments = arguments
        self.started = time.time_ns()
        self.says_run = self.is_nameless = False

    @property
    def run(self) -> "Run":
        """What an answer says of this run."""
        from pipcache.util.run import NO_IDENTITY, identified_run  # of a few commands

        return NO_IDENTITY if self.is_nameless else identified_run(self.arguments, self.started)

    def read(self, option: str | None, tool: str | None, find: Callable[[CacheDirectory], T]) -> T:
        """Return what ``find`` gives for the cache directory.

        Without ``--tool`` a directory that was given with ``--cache-dir`` and is uv's is read as uv's.

        Args:
            option: the value of the command's ``--cache-dir``.
            tool: the value of ``--tool``.
            find: reads the directory.

        Raises:
            CacheNotFound: as ``directory`` raises it.
            CacheOfAnotherInstaller: the directory is not that of the tool.
        """
        directory = self.directory(option, tool=tool)
        try:
            return find(directory)
        except CacheOfAnotherInstaller as error:
            is_uvs = error.installer == "uv" and tool is None and directory.source is Source.OPTION
            if not is_uvs:
                raise
        self.cache = directory._replace(tool="uv")
        return find(self.cache)

    @contextmanager
    def leaving_to_uv(
        self, directory: CacheDirectory, refusal: Callable[[CacheDirectory], PipcacheError]
    ) -> Iterator[None]:
        """Let a command that removes run, unless the cache is uv's.

        Args:
            directory: the cache directory.
            refusal: makes the error that says how uv removes.
        """
        if directory.tool == "uv" and not directory.is_empty:
            raise refusal(directory)
        try:
            yield
        except LeftToUv:
            raise
        except NoConsent:
            from pipcache.location.look import look_at  # only for this

            if look_at(directory.path).owner == "uv":
                raise refusal(directory._replace(tool="uv")) from None
            raise
        except CacheOfAnotherInstaller as error:
            if error.installer != "uv":
                raise
            raise refusal(directory._replace(tool="uv")) from None

    def directory(self, option: str | None, *, explain: bool = False, tool: str | None = None) -> CacheDirectory:
        """Return the cache directory; the command's own option goes before the group's.

        A directory that is missing or empty is an empty cache, which is told here for every command. Only a
        missing one that was typed is taken for a slip.

        Raises:
            CacheNotFound: the directory was typed and is missing, or no setting names one.
        """
        option = self.option if option is None else option
        if tool == "uv":
            from pipcache.location.locate_uv import locate_uv  # pip's cache is found without it

            cache = locate_uv(option, os.environ)
        else:
            cache = locate(option, os.environ, explain=explain)
        self.cache = cache
        if cache.disabled_by is not None:
            owner = f"{cache.tool}'s"
            say(f"Note: {owner} cache is switched off ({cache.disabled_by}); this is the directory it would use.")
        if cache.exists is False and cache.is_empty:
            if self.is_typed:
                raise CacheNotFound(
                    "The directory given with --cache-dir does not exist.",
                    path=cache.path,
                    hint="Look at its spelling, or leave --cache-dir out.",
                    kind=ErrorKind.CACHE_MISSING,
                )
            say(f"Nothing is cached yet: {clean(cache.path)} does not exist.")
        elif cache.is_empty:
            say(f"The cache is empty: {clean(cache.path)}")
        return cache


class ClosedPipe(Exception):  # noqa: N818 - no error of anyone's
    """Whoever reads the answer has what it wanted (``| head -1``)."""


PURPOSES = {
    "Look": {
        "list": "List every wheel and sdist in the cache.",
        "show": "Show everything about each match.",
        "info": "Sum up sizes by store, kind, project and last use.",
        "dir": "Print the path of pip's cache directory.",
    },
    "Check": {
        "verify": "Check every file against every digest and size known for it.",
        "audit": "After a bad upload: is it here, and what was built from it?",
        "refresh": "Ask the indexes what has changed since.",
    },
    "Remove": {
        "remove": "Remove exactly what the selectors match.",
        "prune": "Remove what is not worth keeping, at home or in a CI job.",
        "clear": "Remove everything that pip can make again.",
    },
    "Use offline": {
        "lock": "Write a lock from which pip installs without an index.",
        "export": "Write a package index for another machine.",
        "serve": "Serve the cache as a package index to this machine.",
        "offline": "Run a command that installs from the cache alone.",
    },
    "Read on": {
        "help": "Show a topic of the documentation, or a command's options.",
    },
}
"""The commands by purpose, each with its line of help; the module of each has its name and is beside this one."""

COMMANDS = {name: line for commands in PURPOSES.values() for name, line in commands.items()}
"""The commands, and what each is for."""


class _HelpFormatter(click.HelpFormatter):
    """Writes the help of a command, on a narrow terminal too, for which click does not care."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write options and what they are for, side by side where there is room."""
        super().write_dl(rows, col_max if self.width > _NARROW_HELP else 8, col_spacing)


_NARROW_HELP = 50
"""Columns of a help text below which click cuts lines at any character."""


def _fit(ctx: click.Context) -> None:
    """Give click the width of a narrow terminal, which it takes for wider."""
    columns = width() - 2
    ctx.terminal_width = columns if columns < _NARROW_HELP else None


class _CorrectingCommand(click.Command):
    """A command, or the group; an option that it does not have is answered with the option that was meant."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the example and the exit codes, each line broken between words."""
        from pipcache.render.text.wrap import fit_line  # only for help

        formatter.write_paragraph()
        for line in (self.epilog or "").replace("\b\n", "").split("\n"):
            for part in fit_line(f"  {line}", formatter.width, 2 + _HANG if line.startswith(" ") else 2):
                formatter.write(f"{part.rstrip()}\n")

    def get_help(self, ctx: click.Context) -> str:
        """Return the help, broken at the width of a narrow terminal too."""
        _fit(ctx)
        return super().get_help(ctx)

    def get_usage(self, ctx: click.Context) -> str:
        """Return the line of usage, broken at the width of a narrow terminal too."""
        _fit(ctx)
        return super().get_usage(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options and what stands behind them."""
        words = list(args)
        ctx.formatter_class = _HelpFormatter
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise option_slip(error, ctx, words) from None


_HANG = 7
"""Blanks before what an exit code means."""


class Command(_CorrectingCommand):
    """A command, which can be tried without being run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options and what stands behind them; words too many are answered with what was meant."""
        ctx.allow_extra_args = self.name in ABOUT_PROJECTS
        rest = super().parse_args(ctx, args)
        if rest and ctx.allow_extra_args and not ctx.resilient_parsing:
            raise argument_slip(self.name or "", rest)
        return rest

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, unless its line is only tried."""
        return None if ctx.find_object(App) is not None and ctx.obj.is_trial else super().invoke(ctx)


class Commands(_CorrectingCommand, click.Group):
    """The group; a command joins it when it is called, for start-up is part of every call."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands, loaded or not."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command and return it; None when there is none of this name."""
        if cmd_name in COMMANDS:
            import_module(f"pipcache.cli.{cmd_name}")
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write the commands and what each is for, without loading one."""
        longest = max(map(len, COMMANDS))
        for purpose, commands in PURPOSES.items():
            with formatter.section(purpose):
                formatter.write_dl([(name.ljust(longest), line) for name, line in commands.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words name; what is none is told with what was meant."""
        if args[0] not in COMMANDS:
            raise command_slip(args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; click itself would end a closed pipe with exit code 1."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ClosedPipe from error
        return result


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command has a --help of its own, with an example and its exit status. "
    "'pipcache help' lists what there is to read.",
)
@cache_dir_option
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s", prog_name="pipcache")
@click.pass_context
def cli(context: click.Context, cache_dir: str | None) -> None:
    """Show, check and remove what pip keeps in its cache."""
    app = context.ensure_object(App)
    app.option, app.command = cache_dir, context.invoked_subcommand or ""
