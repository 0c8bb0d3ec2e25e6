"""What uv checked out of a repository, named by the files in it; uv's own commands leave it (0.2 to 0.13)."""

import os
import tomllib
from collections.abc import Iterator

from pipcache.archive.metadata import parse_metadata
from pipcache.installers.uv_cache import UvCache
from pipcache.installers.uv_layout import INFO_ENDINGS
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, Place
from pipcache.store.entries import UnpackedEntry
from pipcache.util.files import File, is_folder

_NOTE = "the files of a repository at a commit, as uv checked them out; uv builds from them"

_UNNAMED = "nothing in it names a project"

_MOST_FOLDERS = 100
"""Folders of a checkout that are listed; builds leave what names them at the top, in ``src`` or beside it."""

_MOST_LEVELS = 2

_LONGEST_PROJECT = 1 << 20
"""Bytes of a ``pyproject.toml`` that are read."""


def is_checkout(entry: UnpackedEntry) -> bool:
    """Return whether an entry is what uv checked out of a repository."""
    return entry.folder is not None and entry.folder.path.startswith("git-v")


def identify_checkout(cache: UvCache, entry: UnpackedEntry) -> Artifact:
    """Return a checkout as an artifact: sources, named by ``pyproject.toml`` and by what builds leave.

    Args:
        cache: the cache.
        entry: of a checkout.
    """
    assert entry.folder is not None
    claims = tuple(dict.fromkeys(_claims(cache, entry.folder)))
    return Artifact(
        entry,
        Kind.SDIST,
        0,
        claims,
        problem=None if claims else _UNNAMED,
        notes=(_NOTE,),
        disk=entry.folder.allocated,
    )


def _claims(cache: UvCache, top: File) -> Iterator[Claim]:
    """Yield the names at the top, then those that builds left below; without any, those of projects below."""
    listed = list(_folders(cache, top))
    is_named = False
    for folder, children in listed:
        for claim in (*_of_project(cache, folder, children, is_top=folder == top, is_named=is_named),):
            is_named = True
            yield claim


def _folders(cache: UvCache, top: File) -> Iterator[tuple[File, list[File]]]:
    """Yield folders and what is in them, from the top downwards."""
    level = [top]
    left = _MOST_FOLDERS
    for _ in range(_MOST_LEVELS + 1):
        below: list[File] = []
        for folder in level[:left]:
            children = cache.children(folder.path)
            yield folder, children
            below += [child for child in children if is_folder(child.stat) and _may_hold(child)]
        left -= len(level)
        if left <= 0:
            return
        level = below


def _may_hold(folder: File) -> bool:
    return not (os.path.basename(folder.path).startswith(".") or folder.path.endswith(INFO_ENDINGS))


def _of_project(
    cache: UvCache, folder: File, children: list[File], *, is_top: bool, is_named: bool
) -> Iterator[Claim]:
    """Yield the names that a folder of a checkout has.

    Args:
        cache: the cache.
        folder: the folder.
        children: what is in it.
        is_top: it is the folder of the checkout, and not one below.
        is_named: a folder above names a project; of a project below only a build that left its metadata counts,
            for tests and examples have projects too.
    """
    place = None if is_top else Place.SUBDIRECTORY
    names = {os.path.basename(child.path) for child in children}
    if "pyproject.toml" in names and (is_top or not is_named):
        yield from _in_pyproject(cache, folder, place)
    infos = [child for child in children if child.path.endswith(INFO_ENDINGS) and is_folder(child.stat)]
    for info in [folder, *infos] if "PKG-INFO" in names else infos:
        for name in ("METADATA", "PKG-INFO"):
            text = cache.text_of(info, name)
            metadata = None if text is None else parse_metadata(text[0])
            if metadata is not None and metadata.name:
                yield Claim(Evidence.CONTENT, name, metadata.name, metadata.version, place=place)
                break


def _in_pyproject(cache: UvCache, folder: File, place: Place | None) -> Iterator[Claim]:
    """Yield the name in ``pyproject.toml`` (PEP 621, or poetry's), and the version where it is written there."""
    text = cache.text_of(folder, "pyproject.toml", _LONGEST_PROJECT)
    try:
        document = tomllib.loads("" if text is None else text[0].decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return
    tools = document.get("tool")
    for table in (document.get("project"), tools.get("poetry") if isinstance(tools, dict) else None):
        if isinstance(table, dict) and isinstance(name := table.get("name"), str) and name:
            version = table.get("version")
            text_of_version = version if isinstance(version, str) and version else None
            yield Claim(Evidence.CONTENT, "pyproject.toml", name, text_of_version, place=place)
            return
