"""The command line of ``help``."""

import os
import sys
from contextlib import suppress

import click

from pipcache.cli.group import COMMANDS, cli
from pipcache.cli.options import epilog
from pipcache.cli.slips import COMMANDS_ELSEWHERE, Slip, nearest
from pipcache.commands import help as command
from pipcache.render.console import height, is_terminal

_CODES = {0: "done", 2: "there is no such topic or command"}


def _topic(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> str | None:
    """Return the name of the topic or of the command that ``words`` are; for any other, tell the nearest."""
    if not words:
        return None
    name = "-".join(words).lower().replace("_", "-")
    if name in command.TOPICS or name in COMMANDS:
        return name
    said = " ".join(words)
    if meant := _meant(name) or command.topics_about(said):
        what = f"the nearest is {meant[0]!r}" if len(meant) == 1 else "these are the nearest"
    else:
        what = "'pipcache help' lists them"
    raise Slip(f"There is no topic {said!r}: {what}.", words[0], *((name,) for name in meant), also=words[1:])


def _meant(word: str) -> tuple[str, ...]:
    """Return the topics and commands that a word may mean: by their names, or by the names of other tools."""
    names = [*command.TOPICS, *COMMANDS]
    if (near := nearest(word, names)) is not None:
        return (near,)
    if related := tuple(name for name in names if {*name.split("-")} & {*word.split("-")}):
        return related
    elsewhere, _ = COMMANDS_ELSEWHERE.get(word, ((), ""))
    return tuple(name for name in elsewhere if name in COMMANDS)


@cli.command(
    "help",
    epilog=epilog("pipcache help prune", 0, 2, topics=("tour",), meanings=_CODES),
)
@click.argument("topic", nargs=-1, metavar="[TOPIC]", callback=_topic)
@click.pass_context
def help_command(context: click.Context, *, topic: str | None) -> None:
    """Show a topic of the documentation, or the options of a command; without a TOPIC, list the topics.

    At a terminal a long topic is shown by the program that PAGER names, else by less. Where the output goes
    elsewhere it is the Markdown text. A name that is a topic and a command ('prune', 'audit') shows the topic.
    """
    if topic is None:
        command.write_topics()
    elif topic in command.TOPICS:
        _show(topic)
    else:
        click.echo(_options_of(topic, context))


def _options_of(name: str, context: click.Context) -> str:
    """Return what ``pipcache NAME --help`` prints."""
    group = context.parent
    assert group is not None
    command_named = cli.get_command(group, name)
    assert command_named is not None
    with click.Context(command_named, group, name, **command_named.context_settings) as inner:
        return command_named.get_help(inner)


def _show(topic: str) -> None:
    if not is_terminal(sys.stdout):
        command.write(topic)
        return
    text = command.formatted(topic)
    if _wants_pager(text):
        with suppress(ValueError):  # quotes in PAGER that are not closed
            click.echo_via_pager(text.rstrip("\n"))
            return
    sys.stdout.write(text)


def _wants_pager(text: str) -> bool:
    """True where a person can scroll and the text is longer than the screen; an empty PAGER refuses it."""
    is_refused = os.environ.get("PAGER", "less").strip() in {"", "cat"}
    is_dumb = os.environ.get("TERM", "dumb") in {"dumb", "emacs"}
    can_scroll = sys.stdin is not None and is_terminal(sys.stdin)
    return can_scroll and not (is_refused or is_dumb) and text.count("\n") >= height()
