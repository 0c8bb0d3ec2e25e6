"""File names of wheels and sdists, taken apart and put together (PEP 427, 503, 625)."""

import itertools
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tbz", ".tar.z", ".tar")
"""Endings pip takes for a source archive (pip ``utils/filetypes.py``), most common first."""

_SEPARATORS = re.compile(r"[-_.]+")


@lru_cache(maxsize=8192)
def normalise(name: str) -> str:
    """Return the PEP 503 form of a project name; importing packaging.utils for it would cost a tenth of a list."""
    return _SEPARATORS.sub("-", name).lower()


class FileName(NamedTuple):
    """The parts of a distribution's file name, as written; ``version`` is None when no split is plausible."""

    project: str
    version: str | None
    build: str | None = None
    tags: tuple[str, str, str] | None = None

    @property
    def is_wheel(self) -> bool:
        """True for a wheel's name, false for an sdist's."""
        return self.tags is not None


def parse_filename(filename: str, project: str | None = None) -> FileName | None:
    """Take a wheel's or sdist's file name apart (PEP 427, PEP 625); None when it is neither.

    ``project`` is the project the file is known to belong to: old sdist names cannot be split without it.
    """
    if filename.endswith(".whl"):
        return _parse_wheel(filename[:-4])
    lowered = filename.lower()
    for suffix in SDIST_SUFFIXES:
        if lowered.endswith(suffix):
            return split_stem(filename[: -len(suffix)], project)
    return None


def _parse_wheel(stem: str) -> FileName | None:
    parts = stem.rsplit("-", 3)
    if len(parts) != 4 or "-" not in parts[0]:
        return None
    left, python, abi, platform = parts
    name, _, version = left.partition("-")
    version, dash, build = version.partition("-")
    if dash and not build[:1].isdigit():
        return None
    if not name or not version:
        return None
    return FileName(name, version, build or None, (python, abi, platform))


def split_stem(stem: str, project: str | None = None) -> FileName:
    """Split ``name-version``; without a known project the version begins at the last dash before a digit."""
    dashes = [index for index, character in enumerate(stem) if character == "-"]
    if project is not None:
        for index in dashes:
            if normalise(stem[:index]) == project:
                return FileName(stem[:index], stem[index + 1 :])
    for index in reversed(dashes):
        if stem[index + 1 : index + 2].isdigit():
            return FileName(stem[:index], stem[index + 1 :])
    if dashes and dashes[-1] < len(stem) - 1:
        return FileName(stem[: dashes[-1]], stem[dashes[-1] + 1 :])
    return FileName(stem, None)


def _spellings(name: str) -> list[str]:
    """Return the ways build back ends have written a project's name into a file name, likeliest first."""
    underscored = name.replace("-", "_")
    normal = normalise(name)
    return [
        name,
        underscored,
        normal.replace("-", "_"),
        _SEPARATORS.sub("_", name),
        normal,
        underscored.lower(),
    ]


def tag_orders(tags: Sequence[str], *, every: bool = False) -> list[str]:
    """Return the compressed tag sets that ``tags`` (``py-abi-platform`` each) stand for in a file name.

    Back ends write a set as WHEEL lists it; auditwheel since 2025 sorts it. Likeliest first; ``every`` adds
    the mixtures and reversals that other tools have published.
    """
    if len(tags) == 1 and "." not in tags[0] and tags[0].count("-") == 2:
        return [tags[0]]
    triples = [tag.split("-") for tag in tags]
    if not triples or any(len(triple) != 3 for triple in triples):
        return []
    listed = [unique(part for cell in column for part in cell.split(".")) for column in zip(*triples, strict=True)]
    orders = [[".".join(column) for column in listed], [".".join(sorted(column)) for column in listed]]
    if every:
        backwards = [".".join(reversed(column)) for column in listed]
        orders += map(list, itertools.product(*zip(*orders, backwards, strict=True)))
    return unique("-".join(order) for order in orders)


def wheel_filenames(
    stems: Sequence[str], build: str | None, tags: Sequence[str], *, every: bool = False
) -> list[str]:
    """Return the file names a wheel can have had, likeliest first.

    ``stems`` are ``name-version`` pairs as the archive spells them, the one of its .dist-info folder first.
    """
    middle = f"-{build}" if build else ""
    return unique(f"{stem}{middle}-{order}.whl" for stem in stems for order in tag_orders(tags, every=every))


def stems(names: Iterable[str], versions: Iterable[str]) -> list[str]:
    """Return ``name-version`` in the spellings that back ends have used, likeliest first."""
    versions = tuple(versions)
    spelled = (spelling for name in names for spelling in _spellings(name))
    return unique(f"{name}-{version}" for name in spelled for version in versions)


def unique(values: Iterable[str]) -> list[str]:
    """Return ``values`` without repetitions, in order."""
    return list(dict.fromkeys(values))
