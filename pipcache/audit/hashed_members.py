"""Digests of the members of an archive, and of the members of archives in it, by their bytes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipcache.archive.flaw import Defect, Flaw
from pipcache.archive.tar_check import check_tar
from pipcache.archive.tar_reader import BLOCK, is_tar
from pipcache.archive.zip_check import check_zip
from pipcache.archive.zip_reader import Member, is_zip
from pipcache.inventory.artifact import Artifact
from pipcache.inventory.body import open_body
from pipcache.store.cache import Cache
from pipcache.util.budget import Budget, TooMuchInItError
from pipcache.util.compression import UndecodableBody, archive_format, decompress_beginning
from pipcache.util.files import BytesWindow, Window
from pipcache.util.hashes import Digest, State, new_digest
from pipcache.util.progress import no_tick

MOST_OF_A_MEMBER = 32 << 20
"""Bytes of a member that are kept in memory, to look into it if it is an archive."""

MOST_INSIDE = 256 << 20
"""Bytes that the archives inside one archive may unpack to, all together."""

_START = 4 << 10  # bytes of a member that is too large, by which its format is known

_ZIP_END = b"PK\x05\x06"

_ZIP_END_REACH = (64 << 10) + 22  # the last record of a ZIP file and the longest comment (APPNOTE 4.3.16)


class HashedMembers(NamedTuple):
    """The members of an archive.

    Attributes:
        paths: their paths by each of their digests; that of a member of an archive inside is
            ``path of the archive: path``.
        problem: why not all members could be hashed, as text to show.
    """

    paths: dict[Digest, str]
    problem: str | None = None


def hash_members(cache: Cache, artifact: Artifact, algorithms: Iterable[str]) -> HashedMembers:
    """Return the digests of the members of an archive, and of the members of archives that are its members.

    Args:
        cache: the cache.
        artifact: an archive of any kind.
        algorithms: names in ``DIGITS``; those that the system does not allow are left out.
    """
    hashing = _Hashing(tuple(algorithms))
    try:
        with open_body(cache, artifact) as body:
            hashing.read(body.window)
    except (OSError, ValueError):
        hashing.problems.append(_UNREADABLE)
    return HashedMembers(hashing.paths, next(iter(hashing.problems), None))


_UNREADABLE = "its members could not all be read"

_UNREAD = frozenset({Defect.TRUNCATED, Defect.CHECKSUM, Defect.AMBIGUOUS, Defect.UNREADABLE})
"""The defects of archives of which not every member was read."""


class _MemberBytes:
    """Takes the bytes of a member: computes its digests, and keeps what shows whether it is an archive.

    ``data`` has all its bytes; None once there are more than ``MOST_OF_A_MEMBER``. ``start`` and ``end`` have its
    first and its last bytes then.
    """

    def __init__(self, path: str, states: dict[str, State]) -> None:
        self.path = path
        self.states = states
        self.data: bytearray | None = bytearray()
        self.start = self.end = b""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes of the member."""
        for state in self.states.values():
            state.update(data)
        if self.data is None:
            self.end = (self.end + data)[-_ZIP_END_REACH:]
            return
        self.data += data
        if len(self.data) > MOST_OF_A_MEMBER:
            self.start, self.end = bytes(self.data[:_START]), bytes(self.data[-_ZIP_END_REACH:])
            self.data = None

    def may_be_archive(self) -> bool:
        """Return whether a member that is too large for ``data`` may be an archive."""
        return _ZIP_END in self.end or _holds_tar(BytesWindow(self.start), is_cut=True)


class _Hashing:
    """Hashes the members of an archive while it is read once, and then those of the archives among them.

    Attributes:
        paths: paths by digests.
        problems: why not all members were hashed.
    """

    def __init__(self, algorithms: Sequence[str], outer: str = "", budget: Budget | None = None) -> None:
        """Begin.

        Args:
            algorithms: of the digests.
            outer: what stands before the paths of members; empty unless the archive is inside another.
            budget: of the archives inside another; None for an archive that is not.
        """
        self.paths: dict[Digest, str] = {}
        self.problems: list[str] = []
        self._algorithms = algorithms
        self._outer = outer
        self._budget = budget
        self._inside = budget or Budget(0, most_bytes=MOST_INSIDE)
        self._begun = 0
        self._open: _MemberBytes | None = None

    def read(self, window: Window) -> None:
        """Read an archive: as a ZIP and as a tar, if it is both, for pips differ in what they take it for.

        Raises:
            OSError: the window cannot be read.
            ValueError: it is no archive.
        """
        budget = self._budget
        tick = no_tick if budget is None else budget.counting(no_tick)
        as_zip, as_tar = is_zip(window), _holds_tar(window)
        if as_zip:
            report = check_zip(window, self._begin_zip_member, tick, budget)
            self._end_member()
            self._note_flaws(report.flaws, is_whole=self._begun == len(report.members))
        if as_tar or not as_zip:
            flaws = check_tar(window, tick, self._begin_member, budget=budget)
            self._end_member()
            # it is called ambiguous for being a ZIP too, and that was read
            self._note_flaws([flaw for flaw in flaws if not as_zip or flaw.defect is not Defect.AMBIGUOUS])

    def _note_flaws(self, flaws: Iterable[Flaw], *, is_whole: bool = True) -> None:
        unread = [flaw for flaw in flaws if flaw.defect in _UNREAD]
        why = next((flaw.actual for flaw in unread if flaw.defect is Defect.UNREADABLE), None)
        if why is not None and not self._outer:
            self.problems.append(f"its members could not all be read, {why}")
        elif why is not None:
            self.problems.append(
                f"the archive {self._outer.removesuffix(': ')} in it could not all be read, {why}"
            )
        elif unread or not is_whole:
            self.problems.append(_UNREADABLE)

    def _begin_zip_member(self, member: Member) -> _MemberBytes:
        return self._begin_member(member.name)

    def _begin_member(self, path: str) -> _MemberBytes:
        self._end_member()
        self._begun += 1
        states = {name: state for name in self._algorithms if (state := new_digest(name)) is not None}
        self._open = _MemberBytes(path, states)
        return self._open

    def _end_member(self) -> None:
        """Take the digests of the member that was read last, and look into it if it is an archive."""
        member, self._open = self._open, None
        if member is None:
            return
        path = f"{self._outer}{member.path}"
        self.paths |= {(name, state.hexdigest()): path for name, state in member.states.items()}
        if member.data is None:
            if member.may_be_archive():
                self.problems.append(f"the archive {path} in it is too large to be looked into")
            return
        window = BytesWindow(bytes(member.data))
        if not is_zip(window) and not _holds_tar(window):
            return
        if self._outer:
            self.problems.append(f"the archive {path} in it lies too deep to be looked into")
        else:
            self._read_inside(window, path)

    def _read_inside(self, window: Window, path: str) -> None:
        hashing = _Hashing(self._algorithms, f"{path}: ", self._inside)
        try:
            hashing.read(window)
        except TooMuchInItError as error:
            hashing.problems.append(f"the archive {path} in it could not all be read, {error.reason}")
        except ValueError:
            hashing.problems.append(_UNREADABLE)
        self.paths |= hashing.paths
        self.problems += hashing.problems


def _holds_tar(window: Window, *, is_cut: bool = False) -> bool:
    """Return whether bytes are a tar, compressed or not; where they are cut, whether they may be one."""
    start = window.read(0, BLOCK)
    if (form := archive_format(start)) is None:
        return is_tar(start)
    try:
        data = decompress_beginning(window, form, BLOCK).data
    except UndecodableBody:
        return True
    return is_tar(data) or (is_cut and len(data) < BLOCK)
