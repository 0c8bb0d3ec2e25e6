"""Options and parameter types that commands share."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click
from click.core import ParameterSource

from pipcache.cli.slips import VALUES_ELSEWHERE, Slip, nearest
from pipcache.inventory.artifact import Kind
from pipcache.query.filters import Filters, IndexStatus
from pipcache.query.selector import NoSelector, Selector, SelectorError, parse_selector
from pipcache.render.console import say
from pipcache.store.layout import Store
from pipcache.util.units import parse_age, parse_moment, parse_size
from pipcache.util.untrusted import clean, redact_text

if TYPE_CHECKING:
    from pipcache.query.sources import Source

P = ParamSpec("P")

R = TypeVar("R")

_EXIT_STATUS = {
    0: "done",
    1: "no match",
    2: "the command line was wrong",
    3: "not done: no cache of pip, or a part of it could not be read",
}


def epilog(example: str, *codes: int, topics: Sequence[str], meanings: Mapping[int, str] = _EXIT_STATUS) -> str:
    """Return the end of a command's help: an example, what its exit codes mean, and the topics to read on."""
    status = ("\b", "Exit status:", *(f"  {code:<4} {meanings[code]}" for code in codes), _INTERRUPTED)
    further = ("\b", "Read on:", *(f"  pipcache help {topic}" for topic in topics))
    return "\n".join(("\b", "Example:", f"  {example}", "", *status, "", *further))


_INTERRUPTED = "  130  interrupted"


class SelectorParam(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """A selector; a bad one is a usage error that names the part that is wrong."""

    name = "selector"

    def __init__(self, *, takes_extras: bool = False) -> None:
        """Say whether the command makes use of extras; if not, a person is told that they are ignored."""
        self._takes_extras = takes_extras

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Selector:
        """Return the selector that ``value`` is."""
        if isinstance(value, Selector):
            return value
        is_trial = ctx is not None and ctx.obj is not None and ctx.obj.is_trial
        try:
            return selector_of(str(value), is_quiet=is_trial or self._takes_extras)
        except SelectorError as error:
            from pipcache.query.slips import correct_selector  # only where it is needed

            if (meant := correct_selector(str(value))) is None:
                self.fail(str(error), param, ctx)
            what = f"{str(value)!r} is no selector" if isinstance(error, NoSelector) else str(error)
            # what has a secret in it cannot be shown as it has to be typed
            advice = f"; write {meant!r}." if redact_text(meant) == meant else "."
            raise Slip(f"{what}{advice}", str(value), (meant,)) from None


def selector_of(text: str, *, is_quiet: bool = False) -> Selector:
    """Return the selector that ``text`` is, and say what of it is ignored.

    Raises:
        SelectorError: it is none.
    """
    selector = parse_selector(text)
    if selector.note is not None and not is_quiet:
        say(f"Note: in {clean(selector.text)!r} {selector.note}.")
    return selector


class UnitParam(click.ParamType):  # type: ignore[type-arg]  # as above
    """An amount with a unit: a size or an age."""

    def __init__(self, name: str, parse: Callable[[str], float]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the amount in bytes or seconds."""
        if isinstance(value, (int, float)):
            return value
        try:
            return self._parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class MomentParam(click.ParamType):  # type: ignore[type-arg]  # as above
    """A moment: a date or a time (ISO 8601, UTC where it does not say), or an age before now."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds since the epoch."""
        if isinstance(value, (int, float)):
            return value
        try:
            return parse_moment(str(value), is_end=param is not None and param.name == "until")
        except ValueError as error:
            self.fail(str(error), param, ctx)


def advisory_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add ``--advisory`` and how it is taken."""
    advisory = click.option(
        "--advisory",
        "advisories",
        multiple=True,
        type=click.Path(allow_dash=True),
        metavar="FILE",
        help="What is bad: OSV, its all.zip, CSV, a list, CycloneDX; a directory, or -. Repeatable.",
    )
    listed = click.option(
        "--only-listed-versions", is_flag=True, help="Ignore ranges: only versions that records list count."
    )
    only_ids = click.option(
        "--only-ids",
        multiple=True,
        metavar="PATTERN",
        help="Of the records only those with such an id or alias, e.g. 'MAL-*'. Repeatable.",
    )
    deep = click.option("--deep", is_flag=True, help="Hash the members of archives too, not only RECORD's lines.")
    return advisory(only_ids(listed(deep(command))))


def identity_option(command: Callable[P, R]) -> Callable[P, R]:
    """Add ``--no-identity``; the run's ``App`` notes it."""
    return click.option(
        "--no-identity",
        is_flag=True,
        envvar="PIPCACHE_NO_IDENTITY",
        expose_value=False,
        is_eager=True,
        callback=_note_identity,
        help="Leave host, user, times and arguments out of the answer: the same bytes each time.",
    )(command)


def _note_identity(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    """Note on the run's ``App`` whether answers say who ran what."""
    if context.obj is not None:
        context.obj.says_run, context.obj.is_nameless = True, value


def selectors_argument(
    *, takes_extras: bool = False, metavar: str = "[SELECTOR]..."
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return what adds the selectors; without ``takes_extras`` a person is told that extras are ignored."""
    return click.argument("selectors", nargs=-1, type=SelectorParam(takes_extras=takes_extras), metavar=metavar)


def cache_dir_option(command: Callable[P, R]) -> Callable[P, R]:
    """Add ``--cache-dir``."""
    return click.option(
        "--cache-dir",
        metavar="DIR",
        callback=_note_typed,
        help="The cache directory. Otherwise PIP_CACHE_DIR, else pip's configuration, else pip's default. "
        "A missing directory is an empty cache, but an error (exit status 3) where it is given here.",
    )(command)


def _note_typed(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Note on the run's ``App`` whether ``--cache-dir`` was typed, or comes from the environment."""
    if value is not None and context.obj is not None:
        source = context.get_parameter_source(parameter.name or "")
        context.obj.is_typed = source is ParameterSource.COMMANDLINE
    return value


def _note_form(context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Note on the run's ``App`` in which form to answer."""
    if context.obj is not None:
        context.obj.form = value
    return value


class ChoiceParam(click.Choice):  # type: ignore[type-arg]  # generic in the newest click only
    """A choice of words; a misspelt word, or the word of another tool, is a slip."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word."""
        if (text := str(value)) in self.choices:
            return text
        meant = VALUES_ELSEWHERE.get(text.lower())
        meant = meant if meant in self.choices else nearest(text, self.choices)
        if meant is not None:
            option = "" if param is None else f" {param.opts[0]}"
            raise Slip(f"There is no{option} {text}: write {meant}.", text, (meant,))
        return str(super().convert(value, param, ctx))


def format_option(
    *formats: str, more: str = "", help_text: str | None = None, envvar: str | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add ``--format`` with ``formats``, the first being the default.

    ``more`` says what else there is than tables and JSON; ``help_text`` stands for all that is said.
    """
    return click.option(
        "--format",
        "form",
        type=ChoiceParam(formats),
        default=formats[0],
        show_default=True,
        envvar=envvar,
        callback=_note_form,
        help=help_text or f"table is for people; json is for programs ('pipcache help json').{more}",
    )


def filter_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the filters that narrow an answer; the command is given them as ``filters``."""

    @wraps(command)
    def with_filters(
        *args: object,
        kinds: tuple[str, ...],
        stores: tuple[str, ...],
        older_than: float | None,
        newer_than: float | None,
        larger_than: float | None,
        sources: "tuple[Source, ...]",
        built_by: tuple[str, ...],
        yanked: bool,
        withdrawn: bool,
        **options: object,
    ) -> R:
        size = None if larger_than is None else int(larger_than)
        wanted = ((yanked, IndexStatus.YANKED), (withdrawn, IndexStatus.WITHDRAWN))
        filters = Filters(
            frozenset(map(Kind, kinds)),
            frozenset(map(Store, stores)),
            older_than,
            newer_than,
            size,
            sources=sources,
            built_by=frozenset(built_by),
            statuses=frozenset(status for is_wanted, status in wanted if is_wanted),
        )
        return command(*args, filters=filters, **options)

    age = UnitParam("age", parse_age)
    kind = click.option(
        "--kind",
        "kinds",
        multiple=True,
        type=ChoiceParam([kind.value for kind in Kind]),
        help="Only this kind; repeatable.",
    )
    store = click.option(
        "--store",
        "stores",
        multiple=True,
        type=ChoiceParam([store.value for store in Store]),
        metavar="STORE",
        help=f"Only this store (repeatable): {', '.join(Store)}.",
    )
    older = click.option(
        "--older-than", type=age, metavar="AGE", help="Downloaded or built longer ago: 12h, 30d, 6w, 1y."
    )
    newer = click.option("--newer-than", type=age, metavar="AGE", help="Downloaded or built more recently.")
    larger = click.option(
        "--larger-than",
        type=UnitParam("size", parse_size),
        metavar="SIZE",
        help="Larger than this: 500kB, 50MB, 1.5GiB.",
    )
    yanked = click.option(
        "--yanked", is_flag=True, help="Only files that the newest cached page of their index calls yanked."
    )
    withdrawn = click.option(
        "--withdrawn", is_flag=True, help="Only files that this page no longer lists. With --yanked: either."
    )
    return kind(store(older(newer(larger(source_options()(yanked(withdrawn(with_filters))))))))


class SourceParam(click.ParamType):  # type: ignore[type-arg]  # as above
    """Where files came from: a host, its port and path."""

    name = "source"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> "Source":
        """Return the source that ``value`` is."""
        from pipcache.query.sources import Source, SourceError, parse_source  # only where it is needed

        if isinstance(value, Source):
            return value
        try:
            return parse_source(str(value))
        except SourceError as error:
            self.fail(str(error), param, ctx)


class InterpreterParam(click.ParamType):  # type: ignore[type-arg]  # as above
    """An interpreter with its version, as keys of built wheels have it: ``cp39``."""

    name = "interpreter"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the interpreter."""
        text = str(value).strip().lower()
        version = re.fullmatch(r"(?:python|py)?([0-9])\.?([0-9]+)(?:\.[0-9]+)?", text)
        if version is not None:
            meant = f"cp{version[1]}{version[2]}"
            raise Slip(f"{str(value)!r} is a version of Python: write {meant}.", str(value), (meant,))
        if re.fullmatch(r"[a-z]{2,}[0-9]+(?:_[0-9]+)?", text):
            return text
        message = f"{str(value)!r} is no interpreter with its version; cp39 or pp310 was expected"
        raise click.BadParameter(message, ctx, param)


def source_options(*, envvar: str | None = None) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Add ``--from``, with a variable that stands for it, and ``--built-by``."""
    source = click.option(
        "--from",
        "sources",
        multiple=True,
        type=SourceParam(),
        envvar=envvar,
        metavar="HOST[:PORT][/PATH]",
        help="Only what is proved to be from this host, or PyPI; repeatable.",
    )
    built_by = click.option(
        "--built-by",
        multiple=True,
        type=InterpreterParam(),
        metavar="TAG",
        help="Only wheels that this interpreter built: cp39; repeatable.",
    )
    return lambda command: source(built_by(command))


def against_option(command: Callable[P, R]) -> Callable[P, R]:
    """Add ``--against``."""
    return click.option(
        "--against",
        multiple=True,
        type=click.Path(),
        metavar="FILE",
        help="Compare files with the digests in FILE: requirements with --hash, pylock.toml, uv.lock, "
        "poetry.lock, pdm.lock, Pipfile.lock, a list of sha256sum. Repeatable.",
    )(command)


def consent_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add ``--yes`` and ``--dry-run``."""
    yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
    dry_run = click.option("--dry-run", "-n", is_flag=True, help="Show the plan and remove nothing.")
    return yes(dry_run(command))
