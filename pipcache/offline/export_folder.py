"""The folder of an export as it is: whether it is one, and what its pages list."""

import os
import re
import stat as stat_module
import sys
from collections.abc import Collection, Iterator
from hashlib import sha256 as new_sha256

from pipcache.index.page_format import PAGE_LIMIT
from pipcache.index.rows import PageFile, page_rows
from pipcache.offline.output import OutputRefused, is_inside
from pipcache.offline.simple_pages import GENERATOR, JSON_TYPE, IndexFile, json_mark, quote_name
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.files import CHUNK, Window, is_folder, open_quietly
from pipcache.util.untrusted import decode_json

FILES, SIMPLE, SUMS, README = "files", "simple", "SHA256SUMS", "README.txt"

MARK = "A package index that pipcache export wrote."
"""The first line of the README.txt of an export, by which it is recognised."""

DRAFT = re.compile(r"\.[0-9a-f]{16}\.part")
"""The name of a file that is not complete yet."""


class OtherBytes(Exception):  # noqa: N818 - it says what is there
    """The export has something else under the name; ``sha256`` is None where that is no file that can be read."""

    def __init__(self, sha256: str | None) -> None:
        super().__init__(sha256)
        self.sha256 = sha256


def check_folder(path: str, root: str) -> str:
    """Return the real path of the folder to export into: a new or an empty one, or an export.

    Args:
        path: the folder.
        root: the cache directory.

    Raises:
        OutputRefused: it is in the cache, is no folder, or holds something else.
    """
    real = os.path.realpath(path)
    if is_inside(real, os.path.realpath(root)):
        raise OutputRefused("An export is not written into the cache.", path=path, hint="Name another folder.")
    if not os.path.lexists(real):
        return real
    if not is_folder(os.lstat(real)):
        raise OutputRefused("An export is a folder, and this is none.", path=path, hint="Name another.")
    try:
        names = {name for name in os.listdir(real) if DRAFT.fullmatch(name) is None}
    except OSError as error:
        hint = "Give yourself the right to read it, or name another."
        raise OutputRefused(f"The folder cannot be read: {error.strerror}.", path=path, hint=hint) from None
    if names and not is_export(real):
        hint = "Name a new or an empty folder. Nothing was written."
        raise OutputRefused("The folder holds something, and is no export of pipcache.", path=path, hint=hint)
    for name in (FILES, SIMPLE):
        part = os.path.join(real, name)
        if os.path.lexists(part) and not is_folder(os.lstat(part)):
            hint = "An export is not written through a link. Nothing was written."
            raise OutputRefused(f"{name} in it is no folder.", path=part, hint=hint)
    return real


def is_export(folder: str) -> bool:
    """Return whether a folder is an export: its README.txt says it, or its list of projects."""
    if read_file(os.path.join(folder, README), len(MARK)) == MARK.encode():
        return True
    document = decode_json(read_file(os.path.join(folder, SIMPLE, "index.json"), PAGE_LIMIT) or b"")
    meta = document.get("meta") if isinstance(document, dict) else None
    return isinstance(meta, dict) and meta.get("_generator") == GENERATOR


def read_file(path: str, limit: int) -> bytes | None:
    """Return the first bytes of a file that is no link; None where there is no file that can be read."""
    try:
        if not stat_module.S_ISREG(os.lstat(path).st_mode):
            return None
        with Window(open_quietly(path), 0, limit) as window:
            return b"".join(window.chunks())
    except OSError:
        return None


def exported_projects(folder: str) -> list[str]:
    """Return the projects of which an export has a page, by their normalised names."""
    try:
        with os.scandir(os.path.join(folder, SIMPLE)) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(name for name in names if normalise(name) == name and read_page(folder, name) is not None)


def read_page(folder: str, project: str) -> bytes | None:
    """Return the page of a project in an export, in JSON where there is one, else in HTML."""
    for name in ("index.json", "index.html"):
        if (data := read_file(os.path.join(folder, SIMPLE, project, name), PAGE_LIMIT)) is not None:
            return data
    return None


def exported_files(folder: str, project: str, names: Collection[str]) -> Iterator[IndexFile]:
    """Yield the files that the page of a project in an export lists, as far as they are there.

    Args:
        folder: the export.
        project: the normalised name of the project.
        names: the names of the files in the export.
    """
    data = read_page(folder, project) or b""
    page = page_rows(data, JSON_TYPE if data.startswith(b"{") else "text/html")
    for row in page.rows if page is not None else ():
        file = row.file()
        if file is not None and (listed := _listed(file, project, names)) is not None:
            yield listed._replace(mark=json_mark(row.attributes), size=_size(folder, file))


def _size(folder: str, file: PageFile) -> int:
    if file.size is not None:
        return file.size
    try:
        return os.lstat(os.path.join(folder, FILES, file.filename)).st_size
    except OSError:
        return 0


def _listed(file: PageFile, project: str, names: Collection[str]) -> IndexFile | None:
    name = parse_filename(file.filename, project)
    sha256 = dict(file.hashes).get("sha256", "")
    if name is None or normalise(name.project) != project or file.filename not in names or len(sha256) != 64:
        return None
    metadata = dict(file.core_metadata or ()).get("sha256")
    return IndexFile(
        file.filename,
        file_link(file.filename),
        name.version or "",
        sha256,
        file.size or 0,
        file.requires_python,
        file.upload_time,
        file.yanked,
        metadata if metadata is not None and f"{file.filename}.metadata" in names else None,
    )


def file_link(filename: str) -> str:
    """Return the link from the page of a project to a file."""
    return f"../../{FILES}/{quote_name(filename)}"


def holds(path: str, sha256: str) -> bool:
    """Return whether a file is there, with the bytes that it should have.

    Raises:
        OtherBytes: something else is there.
    """
    if not os.path.lexists(path):
        return False
    digest = digest_at(path)
    if digest != sha256:
        raise OtherBytes(digest)
    return True


def digest_at(path: str) -> str | None:
    """Return the digest of a file; None where it is no file that can be read."""
    try:
        if not stat_module.S_ISREG(os.lstat(path).st_mode):
            return None
        state = new_sha256()
        with Window(open_quietly(path), 0, sys.maxsize) as window:
            for chunk in window.chunks(CHUNK):
                state.update(chunk)
    except OSError:
        return None
    return state.hexdigest()
