"""Single files of an sdist: PKG-INFO and ``pyproject.toml``, as far as its beginning has them."""

from collections.abc import Collection

from pipcache.archive.tar_reader import tar_members
from pipcache.archive.zip_reader import ZipDirectory, is_zip
from pipcache.util.compression import LZMA_HEADER, UndecodableBody, archive_format, decompress_beginning
from pipcache.util.files import Window

_REACH = 16 << 20
"""Decompressed bytes of a tar that are read."""

_LIMIT = 4 << 20
"""Bytes of a file that are read."""


def read_sdist_files(window: Window, names: Collection[str]) -> dict[str, bytes]:
    """Return the files below the top folder of an sdist that have one of ``names``, by name; of several the last.

    Files that lie behind the first 16 MB of a tar are not found.

    Raises:
        OSError: the window cannot be read.
    """
    if is_zip(window):
        try:
            directory = ZipDirectory(window)
            members = directory.ending(*(f"/{name}" for name in names))
        except ValueError:  # or there are too many members
            return {}
        top = [member for member in members if member.name.count("/") == 1]
        return {member.name.partition("/")[2]: directory.read(member, _LIMIT) for member in top}
    try:
        form = archive_format(window.read(0, LZMA_HEADER))
        data = decompress_beginning(window, form, _REACH, padding=b"\x00").data
    except UndecodableBody:
        return {}
    files: dict[str, bytes] = {}
    for path, content in tar_members(data):
        folder, _, name = path.removeprefix("./").partition("/")
        if folder and name in names:
            files[name] = content[:_LIMIT]
    return files
