"""Flaws that the bytes of an archive show by themselves."""

from enum import Enum, auto
from typing import NamedTuple, Protocol


class Defect(Enum):
    """What can be wrong inside an archive."""

    TRUNCATED = auto()  # the archive is cut short, or its directory is broken
    CHECKSUM = auto()  # a member does not decompress, or has another size or checksum
    AMBIGUOUS = auto()  # readers disagree about which archive counts
    DUPLICATE = auto()  # a member exists twice, or under a name that some readers cut
    HEADER = auto()  # a local header differs from its row in the central directory
    SLACK = auto()  # bytes that belong to no member
    RECORD_MISSING = auto()  # RECORD lists a member that does not exist
    RECORD_DIGEST = auto()  # a member has another digest than RECORD says
    RECORD_UNLISTED = auto()  # RECORD has no line, or no digest, for a member
    NO_RECORD = auto()  # a wheel has no RECORD, or something else in its place


class Flaw(NamedTuple):
    """Something wrong inside an archive; ``where`` is a member, or empty for the archive itself."""

    defect: Defect
    where: str
    expected: str
    actual: str


class Digester(Protocol):
    """Takes the bytes of a member."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""
