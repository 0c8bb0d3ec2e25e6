"""The homes of the users of a machine that exist, and those that cannot be entered."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipcache.location.look import obstacle_of


class Home(NamedTuple):
    """A home with its users as text, why it cannot be entered, and the names of the users where they are known."""

    users: str
    path: str
    problem: str | None
    names: tuple[str, ...] = ()


def existing_homes(users: Iterable[tuple[str, str]]) -> Iterator[Home]:
    """Yield the homes that exist."""
    for home, names in _users(users).items():
        text = _users_text(names)
        try:
            # lstat does not start an automounter; stat enters the home
            os.lstat(home)
            os.stat(os.path.join(home, "."))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and (problem := obstacle_of(error)):
                yield Home(text, home, problem, (*names,))
            continue
        yield Home(text, home, None, (*names,))


def _users(homes: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return each home with the names of its users; system users often share a home."""
    names: dict[str, dict[str, None]] = {}
    for user, home in homes:
        if os.path.isabs(home):
            names.setdefault(home.rstrip("/") or "/", {})[user] = None
    return {home: [*users] for home, users in names.items()}


def _users_text(users: list[str]) -> str:
    """Return at most three users who share a home, and how many there are besides."""
    more = len(users) - 3
    return ", ".join(users[:3]) + (f" and {more} more" if more > 0 else "")
