"""How work that takes long is watched, and stopped."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Track(Protocol):
    """Passes ``items`` on, ``length`` of them, and shows meanwhile under ``label`` how many are done."""

    def __call__(self, items: Iterable[T], length: int, label: str) -> Iterable[T]:
        """Return the items, unchanged and in order."""


class Stopped(Exception):  # noqa: N818 - it is no error
    """A person asked the run to end."""


class Tick(Protocol):
    """Called before each piece of work that takes long, with the piece's bytes; raises to stop the work."""

    def __call__(self, size: int = 0) -> None:
        """Return to go on; raise to stop."""


def no_tick(size: int = 0) -> None:
    """Go on; nobody counts."""


def untracked(items: Iterable[T], length: int, label: str) -> Iterable[T]:  # noqa: ARG001 - a Track that shows nothing
    """Return ``items``; nobody watches."""
    return items


class Meter(Protocol):
    """Shows how much of the work is done."""

    def expect(self, size: int | None, read: int = 0) -> None:
        """Set the bytes of all the work.

        Args:
            size: the bytes; None as long as they are not known.
            read: how many artifacts were read until now, as long as more are read.
        """

    def advance(self, size: int) -> None:
        """Add ``size`` to the bytes done; it may be negative. Called from any thread."""
