"""The homes of the users of a machine that exist, and those that cannot be entered."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipcache.location.look import obstacle_of


class Home(NamedTuple):
    """A home with its users as text, and why it cannot be entered."""

    users: str
    path: str
    problem: str | None


def existing_homes(users: Iterable[tuple[str, str]]) -> Iterator[Home]:
    """Yield the homes that exist."""
    for home, names in _users(users).items():
        try:
            # lstat does not start an automounter; stat enters the home
            os.lstat(home)
            os.stat(os.path.join(home, "."))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and (problem := obstacle_of(error)):
                yield Home(names, home, problem)
            continue
        yield Home(names, home, None)


def _users(homes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return each home with the names of its users as text; system users often share a home."""
    names: dict[str, dict[str, None]] = {}
    for user, home in homes:
        if os.path.isabs(home):
            names.setdefault(home.rstrip("/") or "/", {})[user] = None
    return {home: _users_text([*users]) for home, users in names.items()}


def _users_text(users: list[str]) -> str:
    """Return at most three users who share a home, and how many there are besides."""
    more = len(users) - 3
    return ", ".join(users[:3]) + (f" and {more} more" if more > 0 else "")
