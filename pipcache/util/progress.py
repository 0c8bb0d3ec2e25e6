"""How long work is watched and stopped."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Track(Protocol):
    """Hands ``items`` on, ``length`` of them, while it shows how far it is under ``label``."""

    def __call__(self, items: Iterable[T], length: int, label: str) -> Iterable[T]:
        """Return the items, unchanged and in order."""


class Stopped(Exception):  # noqa: N818 - it is what a person asked for
    """The run was asked to end."""


class Tick(Protocol):
    """Called before each piece of a long work, with the bytes it has; raises when the work is to end."""

    def __call__(self, size: int = 0) -> None:
        """Go on, or raise."""


def no_tick(size: int = 0) -> None:
    """Go on: nobody counts."""
    del size


def untracked(items: Iterable[T], length: int, label: str) -> Iterable[T]:
    """Return ``items``: nobody watches."""
    del length, label
    return items


class Meter(Protocol):
    """Shows how far a long work is."""

    def expect(self, size: int) -> None:
        """Say how many bytes there are to do, as far as is known."""

    def advance(self, size: int) -> None:
        """Say that so many more bytes are done, or fewer; called from any thread."""
