"""Digests of the members of a wheel, as its RECORD has them."""

from typing import NamedTuple

from pipcache.archive.record import RECORD_LIMIT, Digest as RecordDigest, LongRecord, parse_record, read_record
from pipcache.archive.zip_reader import ZipDirectory
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import open_body
from pipcache.store.cache import Cache
from pipcache.util.budget import Budget
from pipcache.util.hashes import DIGITS, Digest, hex_of

MOST_OF_RECORDS = 4 * RECORD_LIMIT
"""Bytes that are read of all files named RECORD in a wheel, of vendored projects too."""


class RecordedMembers(NamedTuple):
    """The members of a wheel by its RECORD.

    Attributes:
        paths: their paths by the digests in RECORD; none where RECORD cannot be read.
        unlisted: a member without a digest in RECORD; None without one.
    """

    paths: dict[Digest, str]
    unlisted: str | None = None


def recorded_members(cache: Cache, artifact: Artifact) -> RecordedMembers:
    """Return the members of a wheel by the digests in its RECORD (PEP 376, PEP 427); none of another artifact."""
    if artifact.kind not in {Kind.WHEEL, Kind.BUILT}:
        return RecordedMembers({})
    members: dict[Digest, str] = {}
    recorded: set[str] = set()
    try:
        with open_body(cache, artifact) as body:
            directory = ZipDirectory(body.window)
            budget = Budget(0, most_bytes=MOST_OF_RECORDS)
            for record in directory.ending(".dist-info/RECORD"):
                data = read_record(directory, record)
                budget.take(len(data))
                rows = parse_record(data) or {}
                recorded.update(path.replace("\\", "/") for path, digests in rows.items() if digests)
                recorded |= {f"{record.name}{ending}" for ending in ("", ".jws", ".p7s")}  # not listed (PEP 427)
                # a digest is base64url without padding, or hex as some builders write it; other texts equal none
                members |= {
                    (digest.algorithm, _hex_of(digest) or digest.value): path
                    for path, digests in rows.items()
                    for digest in digests
                }
            names = (member.name.removeprefix("./").replace("\\", "/") for member in directory.members())
            unlisted = next((name for name in names if name not in recorded and not name.endswith("/")), None)
    except (OSError, ValueError, LongRecord):
        return RecordedMembers({})
    return RecordedMembers(members, unlisted)


def _hex_of(digest: RecordDigest) -> str | None:
    return hex_of(digest.algorithm, digest.value) if digest.algorithm in DIGITS else None
