"""File names of wheels and sdists, taken apart and put together (PEP 427, 503, 625)."""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

SDIST_SUFFIXES = (
    *(".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tbz"),
    *(".tar", ".txz", ".tlz", ".tar.lz", ".tar.lzma"),
)
"""Endings pip takes for a source archive (pip 20.0-26.3 ``utils/filetypes.py``), most common first."""

_SEPARATORS = re.compile(r"[-_.]+")


@lru_cache(maxsize=8192)
def normalise(name: str) -> str:
    """Return a project's name as PEP 503 normalises it.

    ``packaging.utils`` has the same function, but importing it takes a tenth of the time of a ``list``.
    """
    return _SEPARATORS.sub("-", name).lower()


class FileName(NamedTuple):
    """The parts of a distribution's file name, as written.

    ``version`` is None where the name has none; ``build`` and ``tags`` (Python, ABI, platform) are only a wheel's.
    """

    project: str
    version: str | None
    build: str | None = None
    tags: tuple[str, str, str] | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel's name; if not, it is an sdist's."""
        return self.tags is not None


def parse_filename(filename: str, project: str | None = None) -> FileName | None:
    """Split the file name of a wheel or an sdist into its parts (PEP 427, PEP 625); None when it is neither.

    Args:
        filename: the name, without folders.
        project: the normalised project that the file belongs to, where it is known: names of sdists before PEP 625
            cannot be split for sure without it.
    """
    if filename.endswith(".whl"):
        return _parse_wheel(filename[:-4])
    lowered = filename.lower()
    for suffix in SDIST_SUFFIXES:
        if lowered.endswith(suffix):
            return split_stem(filename[: -len(suffix)], project)
    return None


def normal_filename(filename: str) -> str:
    """Return a file name with its project's name normalised (PEP 503), so that spellings compare equal."""
    parsed = parse_filename(filename)
    if parsed is None:
        return filename
    return normalise(parsed.project) + filename[len(parsed.project) :]


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
    """Split ``name-version``, by ``project`` where that fits, and else at the last dash before a digit."""
    if project is not None:
        for index in dashes_behind(stem, len(project)):
            if normalise(stem[:index]) == project:
                return FileName(stem[:index], stem[index + 1 :])
    before_version = _BEFORE_VERSION.match(stem)
    last = stem.rfind("-") if before_version is None else before_version.end() - 1
    if 0 <= last < len(stem) - 1:
        return FileName(stem[:last], stem[last + 1 :])
    return FileName(stem, None)


_BEFORE_VERSION = re.compile(r"(?s).*-(?=\d)")


def dashes_behind(stem: str, length_of_project: int) -> Iterator[int]:
    """Yield the dashes in ``stem`` before which a project's name no longer than that may stand; two in each run.

    A stranger's name may have any number of dashes, and to normalise all that stands before each takes the square
    of that.
    """
    most = 2 * length_of_project + 2  # a letter may be longer in lower case
    length = end = 0
    for run in _SEPARATORS.finditer(stem):
        length += run.start() - end
        if length > most:
            return
        end = run.end()
        dash = stem.find("-", run.start(), end)
        if dash >= 0:
            yield dash
        # before every further dash of the run stands the same, with a separator at its end
        if dash >= 0 and (after := stem.find("-", max(dash, run.start()) + 1, end)) >= 0:
            yield after
        length += 1


_VERSION = re.compile(
    r"(?i)[0-9][a-z0-9.!+_]*(?:-(?:a|b|c|rc|alpha|beta|pre|preview|post|rev|r|dev)[_.-]?[0-9]*){0,3}"
)

_COMMIT = re.compile(r"(?i)(?=[0-9]*[a-f])[0-9a-f]{7,64}")


def names_release(stem: str) -> bool:
    """Return whether a text is ``name-version`` that can be split in only one way, and no archive of a commit."""
    dashes = [index for index in range(1, len(stem) - 1) if stem[index] == "-" and stem[index + 1].isdigit()]
    return len(dashes) == 1 and is_version(stem[dashes[0] + 1 :])


def is_version(text: str) -> bool:
    """Return whether a text looks like a version: it begins with a digit and is not the digest of a commit."""
    return _VERSION.fullmatch(text) is not None and _COMMIT.fullmatch(text) is None


@lru_cache(maxsize=1024)
def _spellings(name: str) -> tuple[str, ...]:
    """Return the spellings of a project's name that build back ends have used in file names, likeliest first."""
    underscored = name.replace("-", "_")
    normal = normalise(name)
    spellings = (
        name,
        underscored,
        normal.replace("-", "_"),
        _SEPARATORS.sub("_", name),
        normal,
        underscored.lower(),
    )
    return tuple(unique(spellings))


def tag_orders(tags: Sequence[str], *, every: bool = False) -> list[str]:
    """Return the compressed tag sets (PEP 425) that a file name can have for ``tags``, likeliest first.

    Back ends write a set in the order of WHEEL; auditwheel since 2025 sorts it.

    Args:
        tags: the tags in WHEEL, ``py-abi-platform`` each.
        every: add the mixed and reversed orders that other tools have published.
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


_MOST_TAGS = 1000  # real sets stand for some dozens; a stranger's can stand for any number


def expand_tags(tags: Iterable[str]) -> list[str]:
    """Return single tags for tags that may be compressed sets (PEP 425), in order and without repetitions.

    A set of more than 1,000 tags stays as it is.
    """
    expanded: list[str] = []
    for tag in tags:
        columns = [cell.split(".") for cell in tag.split("-")]
        if math.prod(map(len, columns)) > _MOST_TAGS:
            expanded.append(tag)
        else:
            expanded += map("-".join, itertools.product(*columns))
    return unique(expanded)


def wheel_filenames(
    stems: Sequence[str], build: str | None, tags: Sequence[str], *, every: bool = False
) -> list[str]:
    """Return the file names a wheel can have been published under, likeliest first.

    Args:
        stems: its ``name-version`` in the spellings to try, that of its .dist-info folder first.
        build: its build tag; None without it.
        tags: the tags in WHEEL.
        every: as for ``tag_orders``.
    """
    middle = f"-{build}" if build else ""
    endings = [f"{middle}-{order}.whl" for order in tag_orders(tags, every=every)]
    return unique([stem + ending for stem in stems for ending in endings])


def stems(names: Iterable[str], versions: Iterable[str]) -> list[str]:
    """Return ``name-version`` of all names and versions, in the spellings back ends have used, likeliest first."""
    versions = tuple(versions)
    spelled = (spelling for name in names for spelling in _spellings(name))
    return unique(f"{name}-{version}" for name in spelled for version in versions)


def unique(values: Iterable[str]) -> list[str]:
    """Return ``values`` without repetitions, in order."""
    return list(dict.fromkeys(values))
