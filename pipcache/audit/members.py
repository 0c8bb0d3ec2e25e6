"""Digests of the members of an archive."""

from collections.abc import Iterable

from pipcache.archive.flaw import Defect
from pipcache.archive.record import Digest as RecordDigest, LongRecord, parse_record, read_record
from pipcache.archive.tar_check import check_tar
from pipcache.archive.zip_check import check_zip
from pipcache.archive.zip_reader import Member, ZipDirectory, is_zip
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import open_body
from pipcache.store.cache import Cache
from pipcache.util.files import Window
from pipcache.util.hashes import DIGITS, State, hex_of, new_digest
from pipcache.util.progress import no_tick

Digest = tuple[str, str]
"""An algorithm and a hex digest."""


def recorded_members(cache: Cache, artifact: Artifact) -> dict[Digest, str] | None:
    """Return the members of a wheel by the digests in its RECORD (PEP 376, PEP 427).

    Returns:
        Paths of members; none for an artifact that is no wheel; None where RECORD cannot be read.
    """
    if artifact.kind not in {Kind.WHEEL, Kind.BUILT}:
        return {}
    members: dict[Digest, str] = {}
    try:
        with open_body(cache, artifact) as body:
            directory = ZipDirectory(body.window)
            for record in directory.ending(".dist-info/RECORD"):
                rows = parse_record(read_record(directory, record)) or {}
                # a digest is base64url without padding, or hex as some builders write it; other texts equal none
                members |= {
                    (digest.algorithm, _hex_of(digest) or digest.value): path
                    for path, digests in rows.items()
                    for digest in digests
                }
    except (OSError, ValueError, LongRecord):
        return None
    return members


def _hex_of(digest: RecordDigest) -> str | None:
    return hex_of(digest.algorithm, digest.value) if digest.algorithm in DIGITS else None


class _MemberDigests:
    """Computes the digests of a member while it is read."""

    def __init__(self, states: Iterable[State]) -> None:
        self._states = tuple(states)

    def update(self, data: bytes, /) -> None:
        """Take the next bytes of the member."""
        for state in self._states:
            state.update(data)


class _ArchiveDigests:
    """Computes the digests of all members of an archive while it is read once."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        self._algorithms = tuple(algorithms)
        self.members: list[tuple[str, dict[str, State]]] = []

    def begin_zip_member(self, member: Member) -> _MemberDigests:
        """Begin a member of a ZIP."""
        return self.begin_member(member.name)

    def begin_member(self, path: str) -> _MemberDigests:
        """Begin a member."""
        states = {name: state for name in self._algorithms if (state := new_digest(name)) is not None}
        self.members.append((path, states))
        return _MemberDigests(states.values())

    def paths(self) -> dict[Digest, str]:
        """Return the paths of all members by each of their digests."""
        return {(name, state.hexdigest()): path for path, states in self.members for name, state in states.items()}


def hashed_members(cache: Cache, artifact: Artifact, algorithms: Iterable[str]) -> dict[Digest, str] | None:
    """Return the paths of the members of an archive by the digests of their bytes.

    Args:
        cache: the cache.
        artifact: a wheel or an sdist.
        algorithms: names in ``DIGITS``; those that the system does not allow are left out.

    Returns:
        The paths; None where the archive, or a member, cannot be read, or it is damaged before its first member.
    """
    digests = _ArchiveDigests(algorithms)
    try:
        with open_body(cache, artifact) as body:
            has_flaws = _read_members(body.window, digests)
    except (OSError, ValueError):
        return None
    return None if has_flaws and not digests.members else digests.paths()


def _read_members(window: Window, digests: _ArchiveDigests) -> bool:
    """Read the members of an archive, and return whether the archive has flaws.

    Raises:
        ValueError: a member cannot be read here.
    """
    if is_zip(window):
        flaws = check_zip(window, digests.begin_zip_member, no_tick).flaws
    else:
        flaws = check_tar(window, no_tick, digests.begin_member)
    if any(flaw.defect is Defect.UNREADABLE for flaw in flaws):
        raise ValueError("a member cannot be read here")
    return bool(flaws)
