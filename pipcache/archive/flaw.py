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
    RECORD_UNLISTED = auto()  # RECORD has no line for a member
    RECORD_WITHOUT_DIGEST = auto()  # RECORD has no digest of a member that can be computed
    NO_RECORD = auto()  # a wheel has no RECORD, or something else in its place
    CLIMBS = auto()  # a member leads out of the folder that it is unpacked into, or is a device
    INCOMPLETE = auto()  # something that every pip needs is missing, or is not text in UTF-8
    REFUSED = auto()  # every pip refuses to install it
    REFUSED_BY_SOME = auto()  # some pips refuse to install it
    UNREADABLE = auto()  # it cannot be judged here, for the reason in ``actual``


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
