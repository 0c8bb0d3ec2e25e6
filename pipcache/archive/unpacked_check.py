"""Whether an unpacked wheel is as its RECORD says: every file in its folder, read once (PEP 376, PEP 427).

uv keeps wheels so, and installs from there without a look at RECORD. A folder has none of the flaws of a ZIP, but
may have links, pipes and files that nobody may read.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from pipcache.archive.flaw import Defect, Digester, Flaw
from pipcache.archive.record import (
    RECORD_LIMIT,
    Digest,
    LongRecord,
    RecordCheck,
    parse_record,
    rows_by_members,
    unlisted,
)
from pipcache.archive.start_files import runs_at_start
from pipcache.archive.zip_reader import MOST_MEMBERS
from pipcache.util.budget import Budget, TooMuchInItError, is_mostly_holes
from pipcache.util.files import CHUNK, File
from pipcache.util.folders import FileType, Folder, TreeItem, walk_tree
from pipcache.util.progress import Tick

_INFO = ".dist-info"

_MOST_HASHED_AGAIN = 8 << 30
"""Bytes of a wheel that are hashed by more than one algorithm; real RECORDs have one."""


def check_unpacked(folder: Folder, tick: Tick) -> Iterator[Flaw]:
    """Yield where an unpacked wheel is not as its RECORD says.

    Args:
        folder: the open folder.
        tick: called with the bytes that were read; what it raises goes through.

    Raises:
        OSError: the folder cannot be listed.
    """
    infos = [
        child.name for child in folder.children() if child.name.endswith(_INFO) and child.type is FileType.FOLDER
    ]
    with_record = [name for name in infos if _has_record(folder, name)]
    if len(with_record) > _MOST_INFOS:
        actual = f"there is too much in it: {len(with_record)} {_INFO} folders with RECORD"
        yield Flaw(Defect.UNREADABLE, "", "an archive that can be read here", actual)
        return
    if not infos:
        yield Flaw(Defect.NO_RECORD, "", f"a {_INFO} folder with RECORD", "none")
    known: list[dict[str, list[Digest]]] = []
    for info in with_record or infos[:1]:
        rows = _rows_in(folder, info)
        if isinstance(rows, Flaw):
            yield rows
            if rows.defect is Defect.UNREADABLE:
                return
        else:
            known.append(rows)
    if not known:
        yield from _unknown_at_start(folder)
        return
    try:
        yield from _compare(folder, with_record[0].removesuffix(_INFO), _in_every(known), tick)
    except TooMuchInItError as error:
        yield Flaw(Defect.UNREADABLE, "", "an archive that can be read here", error.reason)


_MOST_INFOS = 8
"""Folders with a RECORD that are read; a wheel has a single one, others are a stranger's."""


def _rows_in(folder: Folder, info: str) -> dict[str, list[Digest]] | Flaw:
    """Return the rows of the RECORD in a ``.dist-info`` folder; a flaw where there are none."""
    path = f"{info}/RECORD"
    try:
        with folder.enter(info) as inside:
            rows = parse_record(inside.read("RECORD", RECORD_LIMIT + 1))
    except LongRecord as error:
        return Flaw(Defect.UNREADABLE, path, "a RECORD that can be read here", str(error))
    except OSError as error:
        if error.errno not in _OF_OTHER_TYPES:
            return Flaw(Defect.UNREADABLE, path, "a RECORD that can be read here", error.strerror or str(error))
        return Flaw(Defect.NO_RECORD, path, "RECORD", "none" if error.errno == errno.ENOENT else "something else")
    return rows or Flaw(Defect.NO_RECORD, path, "RECORD", "something else")


def _in_every(records: list[dict[str, list[Digest]]]) -> dict[str, list[Digest]]:
    """Return the rows of the files that every RECORD has: a second one must not speak for what the first lacks."""
    first, *others = records
    return {
        path: [*digests, *(digest for rows in others for digest in rows[path])]
        for path, digests in first.items()
        if all(path in rows for rows in others)
    }


def _unknown_at_start(folder: Folder) -> Iterator[Flaw]:
    """Yield what Python runs at each start, where no RECORD can know it: uv copies it before it fails."""
    for item in islice(walk_tree(folder), MOST_MEMBERS):
        if runs_at_start(item.path):
            yield unlisted(item.path)


_OF_OTHER_TYPES = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EINVAL, errno.ENXIO})
"""Errors that say that nothing is there, or no regular file; ENXIO is that of a socket."""


def _has_record(folder: Folder, info: str) -> bool:
    try:
        with folder.enter(info) as inside:
            os.close(inside.open_file("RECORD")[0])
    except OSError:
        return False
    return True


def _compare(folder: Folder, stem: str, rows: dict[str, list[Digest]], tick: Tick) -> Iterator[Flaw]:
    """Yield what differs between RECORD and the files; what cannot be read first."""
    by_file = rows_by_members(rows, (item.path for item in walk_tree(folder)))
    record = RecordCheck(stem, by_file, Budget(0, most_bytes=_MOST_HASHED_AGAIN))
    names: list[str] = []
    unread: list[str] = []
    for count, item in enumerate(walk_tree(folder)):
        if count >= MOST_MEMBERS:
            raise TooMuchInItError(f"more than {MOST_MEMBERS:,} files")
        flaw = _read_item(item, record, tick)
        if flaw is None:
            names.append(item.path)
        else:
            unread.append(item.path)
            yield flaw
    for flaw in record.flaws(names):
        if flaw.defect is not Defect.RECORD_MISSING or not _is_below(flaw.where, unread):
            yield flaw


def _is_below(path: str, tops: Iterable[str]) -> bool:
    return any(path == top or path.startswith(f"{top}/") for top in tops)


_OTHER_THAN_FILES: Mapping[FileType, str] = {
    FileType.LINK: "a symbolic link, which is not followed",
    FileType.SPECIAL: "a pipe, a socket or a device",
}


def _read_item(item: TreeItem, record: RecordCheck, tick: Tick) -> Flaw | None:
    """Hash what RECORD has a digest of; return why something is no file of a wheel, or cannot be read."""
    if item.error is not None:
        return Flaw(Defect.UNREADABLE, item.path, "a folder", item.error.strerror or str(item.error))
    if item.type is not FileType.FILE:
        return Flaw(Defect.CLIMBS, item.path, "a file", _OTHER_THAN_FILES[item.type])
    digests = record.observe(item.path)
    if digests is None:
        return None
    try:
        _read_file(item, digests, tick)
    except FileNotFoundError:
        return None  # gone since it was listed, which the second look shows
    except OSError as error:
        return Flaw(Defect.UNREADABLE, item.path, "a file", error.strerror or str(error))
    record.forget(item.path)
    return None


def _read_file(item: TreeItem, digests: Digester, tick: Tick) -> None:
    """Give the bytes of a file to what hashes them.

    Raises:
        OSError: it cannot be read, is a link or a pipe by now, or is so full of holes that reading it has no end.
    """
    descriptor, status = item.folder.open_file(item.name)
    try:
        file = File(item.path, status)
        if is_mostly_holes(file.size, file.allocated):
            raise OSError(0, f"too much in it: {file.size:,} bytes that take {file.allocated:,} on the disk")
        left = status.st_size
        while left > 0 and (data := os.read(descriptor, min(left, CHUNK))):
            digests.update(data)
            tick(len(data))
            left -= len(data)
    finally:
        os.close(descriptor)
