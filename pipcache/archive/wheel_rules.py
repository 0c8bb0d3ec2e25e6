"""What pip checks of a wheel before and while it installs it, apart from its members' bytes.

Sources: pip ``utils/wheel.py``, ``operations/install/wheel.py``, ``metadata/importlib`` (20.3 to 26.3); PEP 427.
"""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence

from pipcache.archive.core_metadata import (
    METADATA_LIMIT,
    egg_requirement_flaws,
    metadata_flaws,
    parse_headers,
    read_core_metadata,
)
from pipcache.archive.entry_points import ENTRY_POINTS_LIMIT, entry_point_flaws
from pipcache.archive.flaw import Defect, Flaw
from pipcache.archive.metadata import once_for_equal_files
from pipcache.archive.unpacked_paths import method_flaws, wheel_path_flaws
from pipcache.archive.zip_reader import Member, ZipDirectory
from pipcache.util.files import Window

_WHEEL_LIMIT = 1 << 20


def wheel_rule_flaws(
    directory: ZipDirectory, members: Sequence[Member], folder: str, broken: Collection[str]
) -> Iterator[Flaw]:
    """Yield why pips refuse to install a wheel, or would write outside of the folders that it is for.

    Args:
        directory: the directory of the wheel.
        members: its rows.
        folder: the ``name-version`` of its ``.dist-info`` folder.
        broken: the names of members whose bytes are broken, of which nothing more is said.
    """
    # of several members of a name zipfile reads the last
    named = {member.name: member for member in members}
    yield from _folder_flaws(named, folder)
    yield from method_flaws(members)
    info = f"{folder}.dist-info"
    wheel, metadata, entry_points = (f"{info}/{name}" for name in ("WHEEL", "METADATA", "entry_points.txt"))
    if wheel in named and wheel not in broken:
        yield from _wheel_file_flaws(directory.read(named[wheel], _WHEEL_LIMIT), wheel)
    if metadata not in broken:
        yield from _metadata_flaws(directory, named, metadata)
    if entry_points in named and entry_points not in broken:
        yield from entry_point_flaws(directory.read(named[entry_points], ENTRY_POINTS_LIMIT + 1), entry_points)
    yield from wheel_path_flaws(named, folder)


def _folder_flaws(named: Mapping[str, Member], folder: str) -> Iterator[Flaw]:
    """Yield why pip does not find the ``.dist-info`` folder (``wheel_dist_info_dir``)."""
    tops = {name.partition("/")[0] for name in named}
    folders = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(folders) > 1:
        yield Flaw(Defect.REFUSED, "", "one .dist-info folder", f"{', '.join(folders[:5])}; every pip refuses it")
    if not folder.partition("-")[0]:
        yield Flaw(Defect.REFUSED, f"{folder}.dist-info", "a name", "none, so that every pip refuses it")


def _wheel_file_flaws(data: bytes, where: str) -> Iterator[Flaw]:
    """Yield why pip refuses a WHEEL file (``wheel_metadata``, ``wheel_version``, ``check_compatibility``)."""
    flaw = _flaw_of_wheel_file(data)
    if flaw is not None:
        yield flaw._replace(where=where)


@once_for_equal_files
def _flaw_of_wheel_file(data: bytes) -> Flaw | None:
    """Return why pip refuses a WHEEL file, by its bytes; None where it does not."""
    try:
        stated = next(iter(parse_headers(data).get("wheel-version", ())), None)
    except UnicodeDecodeError:
        return Flaw(Defect.INCOMPLETE, "", "text in UTF-8", "other bytes, so that every pip refuses it")
    if stated is None:
        return Flaw(Defect.INCOMPLETE, "", "a Wheel-Version", "none, so that every pip refuses it")
    text = stated.strip()[:100]
    try:
        version = tuple(map(int, text.split(".")))
    except ValueError:
        return Flaw(Defect.INCOMPLETE, "", "Wheel-Version 1.0", f"{text!r}, which every pip refuses")
    if version[0] > 1:
        return Flaw(Defect.REFUSED, "", "Wheel-Version 1.0", f"{text}, which every pip refuses")
    return None


def _metadata_flaws(directory: ZipDirectory, named: Mapping[str, Member], path: str) -> Iterator[Flaw]:
    """Yield why pips refuse the METADATA of a wheel, or PKG-INFO, which newer ones take in its place."""
    data = directory.read(named[path], METADATA_LIMIT + 1) if path in named else b""
    if not data:
        stand_in = path.removesuffix("METADATA") + "PKG-INFO"
        data = directory.read(named[stand_in], METADATA_LIMIT + 1) if stand_in in named else b""
        if not data:
            actual = ("an empty one" if path in named else "none") + ", so that every pip refuses it"
            yield Flaw(Defect.INCOMPLETE, path, "METADATA", actual)
            return
        actual = "only PKG-INFO, so that pip before 22, or under Python before 3.11, refuses it"
        yield Flaw(Defect.REFUSED_BY_SOME, path, "METADATA", actual)
        path = stand_in
    yield from metadata_flaws(data, path)
    egg = f"{path.rpartition('/')[0]}/requires.txt"
    metadata = read_core_metadata(data) if egg in named else None
    if metadata is not None and not metadata.requires:
        yield from egg_requirement_flaws(directory.read(named[egg], METADATA_LIMIT), egg)


def read_metadata(window: Window) -> bytes | None:
    """Return the METADATA of a wheel, at most one byte more than ``METADATA_LIMIT``; None where there is none.

    Raises:
        OSError: the window cannot be read.
    """
    try:
        directory = ZipDirectory(window)
        members = directory.ending(".dist-info/METADATA")
    except ValueError:  # or there are too many members, which is a flaw of its own
        return None
    paths = [member for member in members if member.name.count("/") == 1]
    return directory.read(paths[-1], METADATA_LIMIT + 1) if paths else None


def record_rule_flaws(data: bytes, where: str) -> Iterator[Flaw]:
    """Yield a blank line of RECORD, at which every pip fails (``get_csv_rows_for_installed``)."""
    try:
        lines = data.decode().splitlines()
        if all(lines) or all(csv.reader(lines)):
            return
    except (UnicodeDecodeError, csv.Error):
        return  # it is no RECORD, which is a defect of its own
    yield Flaw(Defect.REFUSED, where, "a path in each line", "a blank line, at which every pip fails")
