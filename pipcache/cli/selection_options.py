"""The options of the commands that give files of the cache away: what is selected, and for which Python."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from pipcache.offline.target import Target, TargetError

P = ParamSpec("P")
R = TypeVar("R")


def for_option(help_text: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add ``--for``."""
    return click.option("--for", "needed_for", multiple=True, type=click.Path(), metavar="FILE", help=help_text)


def closure_options(python: str, platform: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add which versions are taken and what they need, and for which Python; ``target_of`` reads the latter.

    Args:
        python: the help of ``--python``.
        platform: the help of ``--platform``.
    """
    options = (
        click.option(
            "--latest", is_flag=True, help="Of each project only the newest version that all the others allow."
        ),
        click.option("--no-deps", is_flag=True, help="Only what is selected; do not follow Requires-Dist."),
        click.option("--complete", is_flag=True, help="Exit with 1 when something that is needed is missing."),
        click.option("--python", metavar="VERSION", help=python),
        click.option("--platform", "platforms", multiple=True, metavar="TAG", help=platform),
    )

    def add(command: Callable[P, R]) -> Callable[P, R]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def target_of(python: str | None, platforms: tuple[str, ...]) -> Target:
    """Return the Python and the platform that options name.

    Raises:
        click.UsageError: they name none.
    """
    try:
        return Target.of(python, platforms)
    except TargetError as error:
        raise click.UsageError(f"{error}.") from None
