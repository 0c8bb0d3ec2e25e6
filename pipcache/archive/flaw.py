"""Flaws that the bytes of an archive show by themselves."""

from typing import NamedTuple, Protocol

from pipcache.verify.checks import Check


class Flaw(NamedTuple):
    """Something wrong inside an archive; ``where`` is a member, or empty for the archive itself."""

    check: Check
    where: str
    expected: str
    actual: str


class Digester(Protocol):
    """Takes a member's bytes."""

    def update(self, data: bytes, /) -> None:
        """Take more of them."""
