"""Digests of the members of an archive."""

from collections.abc import Iterable

from pipcache.archive.record import RECORD_LIMIT, parse_record
from pipcache.archive.record import Digest as RecordDigest
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


def members_told(cache: Cache, artifact: Artifact) -> dict[Digest, str] | None:
    """Return the members of a wheel by the digests its RECORD tells; None when there is none that can be read."""
    if artifact.kind not in {Kind.WHEEL, Kind.BUILT}:
        return {}
    found: dict[Digest, str] = {}
    try:
        with open_body(cache, artifact) as body:
            directory = ZipDirectory(body.window)
            for record in directory.ending(".dist-info/RECORD"):
                rows = parse_record(directory.read(record, RECORD_LIMIT)) or {}
                for name, digests in rows.items():
                    found |= {
                        (one.algorithm, value): name for one in digests if (value := _hex_digest(one)) is not None
                    }
    except (OSError, ValueError):
        return None
    return found


def _hex_digest(recorded: RecordDigest) -> str | None:
    """Return a digest of RECORD in hex; it is base64url without padding, or hex as some builders write it."""
    return hex_of(recorded.algorithm, recorded.value) if recorded.algorithm in DIGITS else None


def members_hashed(cache: Cache, artifact: Artifact, algorithms: Iterable[str]) -> dict[Digest, str] | None:
    """Return the members of an archive by the digests of their bytes; None when they cannot all be read."""
    hashing = _Hashing(algorithms)
    try:
        with open_body(cache, artifact) as body:
            flaws = _walk(body.window, hashing)
    except (OSError, ValueError):
        return None
    return None if flaws and not hashing.members else hashing.found()


def _walk(window: Window, hashing: "_Hashing") -> bool:
    if is_zip(window):
        return bool(check_zip(window, hashing.observe, no_tick).flaws)
    return bool(check_tar(window, no_tick, hashing.begin))


class _Hashing:
    """Takes the bytes of each member of an archive that is read once."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        self._algorithms = tuple(algorithms)
        self.members: list[tuple[str, dict[str, State]]] = []

    def observe(self, member: Member) -> "_Digesting":
        """Begin a member of a ZIP."""
        return self.begin(member.name)

    def begin(self, name: str) -> "_Digesting":
        """Begin a member."""
        states = {one: state for one in self._algorithms if (state := new_digest(one)) is not None}
        self.members.append((name, states))
        return _Digesting(states.values())

    def found(self) -> dict[Digest, str]:
        """Return all members by each of their digests."""
        return {(one, state.hexdigest()): name for name, states in self.members for one, state in states.items()}


class _Digesting:
    def __init__(self, states: Iterable[State]) -> None:
        self._states = tuple(states)

    def update(self, data: bytes, /) -> None:
        for state in self._states:
            state.update(data)
