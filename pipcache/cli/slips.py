"""Slips on the command line: what was meant, told and never run."""

from collections.abc import Mapping, Sequence

import click

COMMANDS_ELSEWHERE: dict[str, tuple[tuple[str, ...], str]] = {
    **dict.fromkeys(("purge", "wipe", "empty", "reset"), (("clear",), "'clear' removes everything")),
    **dict.fromkeys(
        ("clean", "cleanup", "tidy"),
        (("prune", "clear"), "'prune' keeps what is worth keeping, 'clear' removes everything"),
    ),
    **dict.fromkeys(("gc", "trim", "housekeeping", "autoclean", "autoremove"), (("prune",), "it is 'prune' here")),
    **dict.fromkeys(("ls", "ll", "search", "find", "freeze"), (("list",), "it is 'list' here")),
    **dict.fromkeys(("rm", "del", "delete", "uninstall", "erase"), (("remove",), "it is 'remove' here")),
    **dict.fromkeys(("size", "du", "stat", "stats", "status", "summary"), (("info",), "it is 'info' here")),
    **dict.fromkeys(("check", "fsck", "validate", "doctor", "diagnose"), (("verify",), "it is 'verify' here")),
    **dict.fromkeys(("scan", "ioc"), (("audit",), "it is 'audit' here")),
    **dict.fromkeys(("cat", "inspect", "describe"), (("show",), "it is 'show' here")),
    **dict.fromkeys(("path", "where", "location", "root"), (("dir",), "it is 'dir' here")),
    **dict.fromkeys(("man", "manual", "docs", "doc", "topics"), (("help",), "it is 'help' here")),
    **dict.fromkeys(("install", "download", "wheel"), ((), "pip does that, and uses its cache by itself")),
    **dict.fromkeys(
        ("config", "configure", "env"), (("dir --explain",), "'dir' says which directory is the cache, and why")
    ),
    "system": ((), "all of pipcache is about pip's cache"),
    "cache": ((), "all of pipcache is about the cache"),
    "pip": ((), "'pipcache' stands for 'pip cache'"),
    "version": (("--version",), "it is an option"),
}
"""Commands of pip and of other tools: the commands here, and what to say of them."""

_YES = dict.fromkeys(("--force", "--assume-yes", "--no-confirm", "--noconfirm", "--no-input"), ("--yes",))

_FORMATS = {
    f"--{form}": ("--format", form) for form in ("json", "jsonl", "markdown", "sarif", "github", "paths", "table")
}

OPTIONS_ELSEWHERE: dict[str, tuple[str, ...]] = {
    **_YES,
    **_FORMATS,
    "--abspath": ("--format", "paths"),
    "--md": ("--format", "markdown"),
    **dict.fromkeys(("--dir", "--cache", "--path", "--cachedir", "--root"), ("--cache-dir",)),
    **dict.fromkeys(("--output", "--output-format", "-o"), ("--format",)),
    "--type": ("--kind",),
    "--desc": ("--reverse",),
    "--descending": ("--reverse",),
    "--until": ("--unused-for",),
    "--everything": ("--all",),
    "--print0": ("-0",),
    "--simulate": ("--dry-run",),
    "--what-if": ("--dry-run",),
    **dict.fromkeys(("--deep", "--full", "--strict", "--paranoid", "--check-all"), ("--thorough",)),
}
"""Options of pip and of other tools, with the words for them here."""

_EVERYTHING = ("--all", "--everything", "-a")

ABOUT_EVERYTHING = frozenset({"clear", "info", "verify", "show"})
"""Commands that leave nothing out, so that they need no option for it."""

INSTEAD = {"remove": "clear", "prune": "clear"}
"""Commands that remove a part, with the one that removes everything."""

_LOUDNESS = ("--verbose", "-v", "-vv", "--quiet", "-q", "--silent", "--debug")
"""Options of other tools that no command has."""

VALUES_ELSEWHERE = {
    **dict.fromkeys(("abspath", "path"), "paths"),
    **dict.fromkeys(("human", "columns", "text"), "table"),
    **dict.fromkeys(("date", "time", "mtime", "created"), "age"),
    **dict.fromkeys(("atime", "last-used", "access", "lru"), "used"),
    **dict.fromkeys(("project", "package", "version"), "name"),
    **dict.fromkeys(("source", "tarball", "tar.gz"), "sdist"),
    **dict.fromkeys(("index", "html"), "page"),
}
"""Values of options of pip and of other tools, with those here."""

_FILE_OPTIONS = {"lock": "--for", "prune": "--keep-for", "verify": "--against"}
"""Commands that read a requirements file, with the option for it; pip's is ``-r``."""

_REQUIREMENTS = ("-r", "--requirement", "--requirements")

_REPAIRS = ("--fix", "--repair", "--cure", "--heal")
"""Options of other tools' checks, which change what they check."""


class Slip(click.UsageError):
    """A word of the command line that has no meaning here, and what was meant.

    Attributes:
        wrong: the word, as it stands on the command line.
        meant: the words to put in its place; several where it may mean several things.
        also: the words behind it that go with it.
        appended: the words to put at the end instead.
        command: a command and the one that was meant: a further meaning, without the word.
    """

    def __init__(
        self,
        message: str,
        wrong: str,
        *meant: tuple[str, ...],
        also: tuple[str, ...] = (),
        appended: tuple[str, ...] = (),
        command: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.wrong = wrong
        self.meant = meant
        self.also = also
        self.appended = appended
        self.command = command

    def corrections(self, arguments: Sequence[str]) -> list[list[str]]:
        """Return a command line with what was meant in the place of the word: a line for each meaning."""
        words, arguments = (self.wrong, *self.also), list(arguments)
        at = next(
            (index for index in range(len(arguments)) if tuple(arguments[index:][: len(words)]) == words), None
        )
        if at is None and self.also and (joined := f"{self.wrong}={self.also[0]}") in arguments:
            words, at = (joined,), arguments.index(joined)
        if at is not None:
            before, behind = arguments[:at], arguments[at + len(words) :]
            lines = [[*before, *meant, *behind, *self.appended] for meant in self.meant]
            if self.command is not None and self.command[0] in before:
                name = before.index(self.command[0])
                lines.append([*before[:name], self.command[1], *before[name + 1 :], *behind])
            return lines
        # behind an option's =
        at = next((index for index, word in enumerate(arguments) if word.endswith(f"={self.wrong}")), None)
        if at is None:
            return []
        option = arguments[at].removesuffix(self.wrong)
        return [[*arguments[:at], option + "".join(meant), *arguments[at + 1 :]] for meant in self.meant]


def nearest(word: str, words: Sequence[str]) -> str | None:
    """Return the one of ``words`` that ``word`` begins or resembles; None where none is near."""
    from pipcache.util.nearest import nearest_words  # for slips alone

    by_stem = {known.lstrip("-"): known for known in words}
    return next((by_stem[stem] for stem in nearest_words(word.lstrip("-").lower(), by_stem, 1)), None)


def command_slip(word: str, known: Mapping[str, str]) -> Slip:
    """Return the error for a command that is none."""
    meant, advice = COMMANDS_ELSEWHERE.get(word.lower(), ((), ""))
    if advice:
        lines: list[tuple[str, ...]] = [tuple(words.split()) for words in meant]
        return Slip(f"There is no command {word!r}: {advice}.", word, *lines or [()])
    if (name := nearest(word, list(known))) is not None:
        return Slip(f"There is no command {word!r}: the nearest is {name!r}.", word, (name,))
    return Slip(f"There is no command {word!r}: 'pipcache --help' lists them.", word)


ABOUT_PROJECTS = {"clear": "remove", "prune": "remove", "info": "list", "dir": "list"}
"""Commands without SELECTORs, with those that do the like for some projects."""


def argument_slip(command: str, arguments: Sequence[str]) -> Slip:
    """Return the error for words behind a command that takes none."""
    said = f"'pipcache {command}' takes no SELECTOR, and {arguments[0]!r} is none of its options"
    instead = ABOUT_PROJECTS[command]
    if command == "prune":  # who means to keep must not be told how to remove
        return Slip(f"{said}: --keep {arguments[0]} keeps it, and {instead!r} removes it.", command)
    return Slip(f"{said}: {instead!r} takes one.", command, (instead,))


def option_slip(error: click.NoSuchOption, context: click.Context, arguments: Sequence[str]) -> Slip:
    """Return the error for an option that a command does not have."""
    wanted = error.option_name
    word = next((word for word in arguments if word.partition("=")[0] == wanted), None)
    if word is None:  # one letter of several behind a dash
        word = next((word for word in arguments if word.startswith(wanted)), wanted)
        wanted = f"-{word}" if len(word) > 2 and not word.startswith("--") else wanted
    if isinstance(context.command, click.Group) and (slip := _slip_of_place(wanted, word, context, arguments)):
        return slip
    _, equals, value = word.partition("=")
    names = [
        name
        for parameter in context.command.get_params(context)
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    ]
    if (slip := _slip_of_scope(wanted, word, context, names, arguments)) is not None:
        return slip
    elsewhere = {name: meant for name, meant in OPTIONS_ELSEWHERE.items() if meant[0] in {*names, "-0"}}
    if context.info_name in _FILE_OPTIONS:
        elsewhere |= dict.fromkeys(_REQUIREMENTS, (_FILE_OPTIONS[context.info_name],))
    near = wanted if wanted in elsewhere else nearest(wanted, [*names, *elsewhere])
    meant = None if near is None else elsewhere.get(near, (near,))
    command = context.command_path
    if meant is None:
        return Slip(f"There is no option {wanted} of {command!r}; its --help lists them.", word)
    said = " ".join(meant)
    words = (*meant[:-1], f"{meant[-1]}{equals}{value}")
    return Slip(f"There is no option {wanted} of {command!r}: write {said}.", word, words)


def _slip_of_scope(
    wanted: str, word: str, context: click.Context, names: Sequence[str], arguments: Sequence[str]
) -> Slip | None:
    """Return the error for an option that says how much is meant or told, where the command needs none."""
    command = context.info_name or ""
    sentence = f"There is no option {wanted} of {context.command_path!r}"
    if isinstance(context.command, click.Group) and list(arguments) == ["-v"]:
        return Slip(f"{sentence}: write --version.", word, ("--version",))
    if wanted in _REPAIRS and command == "verify":
        return Slip(
            f"{sentence}: 'verify' changes nothing, and ends with the command that removes what it found.",
            word,
            (),
        )
    if wanted in _LOUDNESS and not any(name.startswith(wanted) for name in names):
        return Slip(f"{sentence}: leave it out.", word, ())
    if wanted not in _EVERYTHING or "--all" in names:
        return None
    if (instead := INSTEAD.get(command)) is not None:
        has_selector = command == "remove" and any(not word.startswith("-") for word in arguments)
        advice = f"{instead!r} removes everything"
        advice += ", and a SELECTOR without versions all of a project" if command == "remove" else ""
        return Slip(f"{sentence}: {advice}.", word, *([()] if has_selector else []), command=(command, instead))
    if command in ABOUT_EVERYTHING:
        return Slip(f"{sentence}: leave it out, nothing is left aside.", word, ())
    return None


def _slip_of_place(option: str, word: str, context: click.Context, arguments: Sequence[str]) -> Slip | None:
    """Return the error for an option of a command that stands before the command."""
    group = context.command
    assert isinstance(group, click.Group)
    name = next((name for name in arguments if name in group.list_commands(context)), None)
    command = None if name is None else group.get_command(context, name)
    if command is None or word not in arguments:
        return None
    message = f"The option {option} goes behind the command {name!r}."
    if option in OPTIONS_ELSEWHERE:
        return Slip(message, word, (), appended=OPTIONS_ELSEWHERE[option])
    options = (parameter for parameter in command.params if isinstance(parameter, click.Option))
    known = next((candidate for candidate in options if option in candidate.opts), None)
    if known is None:
        return None
    at = list(arguments).index(word) + 1
    also = () if known.is_flag or "=" in word else tuple(arguments[at : at + 1])
    return Slip(message, word, (), also=also, appended=(word, *also))


def as_typed(arguments: Sequence[str]) -> str:
    """Return a command line for a shell."""
    import shlex  # for slips alone

    return shlex.join(["pipcache", *arguments])
