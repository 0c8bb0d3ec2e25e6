"""METADATA as pip reads it before it installs, and where two METADATA files disagree for pip.

Sources: pip ``metadata/importlib``, ``resolution/resolvelib/candidates.py`` and ``operations/prepare.py``, and the
core metadata specification. ``archive.metadata`` reads the same file for its names alone, and never refuses it.
"""

import email.message  # noqa: F401 - else the parser loads it later, when no descriptor may be left
import re
from collections.abc import Iterator, Mapping, Sequence
from email.parser import HeaderParser
from typing import NamedTuple

from pipcache.archive.flaw import Defect, Flaw
from pipcache.util.filenames import normalise
from pipcache.util.requirements import is_read_by_old, parse_requirement, python_specifiers
from pipcache.util.versions import same_version

METADATA_LIMIT = 4 << 20
"""Bytes of a METADATA file that is read; the largest on PyPI have about 1 MB."""

_MOST_REQUIREMENTS = 20_000


class CoreMetadata(NamedTuple):
    """The fields of METADATA that pip needs, each as it is written; None where it is missing."""

    name: str | None
    version: str | None
    requires: tuple[str, ...]
    requires_python: str | None
    extras: frozenset[str]


def parse_headers(data: bytes) -> Mapping[str, Sequence[str]]:
    """Return the values of the headers of METADATA or WHEEL by lower-case name, as pip reads them.

    Raises:
        UnicodeDecodeError: the bytes are not UTF-8.
    """
    text = data.decode()
    end = text.find("\n\n")  # the parser would read what follows line by line, and keep none of it as a header
    text = text if end < 0 else text[: end + 1]
    headers: dict[str, list[str]] = {}
    if _PLAIN_HEADERS.fullmatch(text) is None:
        for name, value in HeaderParser().parsestr(text).items():
            headers.setdefault(name.lower(), []).append(str(value))
        return headers
    for line in text.removesuffix("\n").split("\n") if text else ():
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.lstrip(" \t"))
    return headers


_PLAIN_HEADERS = re.compile(r"(?:[!-9;-~]+:[^\r\n]*\n)*(?:[!-9;-~]+:[^\r\n]*)?")
"""Headers of a line each: for these the parser, which reads a line in a hundred steps, does nothing else."""


def read_core_metadata(data: bytes) -> CoreMetadata | None:
    """Return the fields of METADATA; None for bytes that are not UTF-8, which every pip refuses."""
    try:
        headers = parse_headers(data)
    except UnicodeDecodeError:
        return None
    return CoreMetadata(
        name=_first(headers, "name"),
        version=_first(headers, "version"),
        # a value that begins on the next line begins with that line's end
        requires=tuple(value.strip() for value in headers.get("requires-dist", ())),
        requires_python=_first(headers, "requires-python"),
        extras=frozenset(map(normalise, headers.get("provides-extra", ()))),
    )


def _first(headers: Mapping[str, Sequence[str]], name: str) -> str | None:
    return next(iter(headers.get(name, ())), None)


def metadata_flaws(data: bytes, where: str) -> Iterator[Flaw]:
    """Yield why pips refuse a METADATA file.

    Args:
        data: the bytes of the file, at most one more than ``METADATA_LIMIT``.
        where: its path, for the flaws.
    """
    if len(data) > METADATA_LIMIT:
        yield Flaw(
            Defect.UNREADABLE, where, f"{METADATA_LIMIT} bytes", "METADATA is larger than what is read of it"
        )
        return
    metadata = read_core_metadata(data)
    if metadata is None:
        yield Flaw(Defect.INCOMPLETE, where, "text in UTF-8", "other bytes, so that every pip refuses it")
        return
    if not metadata.version:
        # pip without importlib.metadata looks for the field in every line
        lines = data.decode().lower().splitlines()
        is_somewhere = any(line.startswith("version:") and line.partition(":")[2].strip() for line in lines)
        defect = Defect.REFUSED_BY_SOME if is_somewhere else Defect.INCOMPLETE
        by = "pip since 22 under Python 3.11 and newer" if is_somewhere else "every pip"
        yield Flaw(defect, where, "a Version", f"none, so that {by} refuses it")
    elif "\n" in metadata.version.strip():
        actual = f"{metadata.version!r}, so that pip since 22 under Python 3.11 and newer refuses it"
        yield Flaw(Defect.REFUSED_BY_SOME, where, "a Version in a line", actual)
    name = metadata.name or ""
    if not name or name != name.strip() or "\n" in name:
        yield Flaw(Defect.REFUSED_BY_SOME, where, "a Name", f"{name!r}, so that pip since 24.1 refuses it")
    yield from _requirement_flaws(metadata.requires, where)


def _requirement_flaws(requires: tuple[str, ...], where: str) -> Iterator[Flaw]:
    """Yield the requirements that pips do not read; of several the first of each era."""
    if len(requires) > _MOST_REQUIREMENTS:
        yield Flaw(
            Defect.UNREADABLE, where, f"{_MOST_REQUIREMENTS:,} requirements", "METADATA has more requirements"
        )
        return
    eras: set[str] = set()
    for text in requires:
        try:
            requirement = parse_requirement(text)
        except OverflowError as error:
            yield Flaw(Defect.UNREADABLE, where, "requirements of a usual length", f"METADATA has {error}")
            return
        is_old = is_read_by_old(text, requirement)
        if requirement is not None and is_old:
            continue
        era = "pip before 24.1" if requirement is not None else "pip since 24.1" if is_old else "no pip"
        if not text:
            era = "pip since 22"  # pkg_resources passes over an empty one
        if era not in eras:
            eras.add(era)
            verb = "can read" if era == "no pip" else "cannot read"
            defect = Defect.REFUSED if era == "no pip" else Defect.REFUSED_BY_SOME
            yield Flaw(defect, where, "a Requires-Dist as in PEP 508", f"{text[:200]!r}, which {era} {verb}")


def egg_requirement_flaws(data: bytes, where: str) -> Iterator[Flaw]:
    """Yield the first line of ``requires.txt`` that pip does not read (``metadata/base.py``).

    pip since 22 takes its lines for requirements where METADATA has none, but under Python before 3.11.

    Args:
        data: the bytes of the file.
        where: its path, for the flaws.
    """
    extra = marker = ""
    for line in map(str.strip, data.decode("utf-8", "replace").splitlines()[:_MOST_REQUIREMENTS]):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line.strip("[]").partition(":")
            continue
        markers = [part for part in (f"({marker})" if marker else "", 'extra == "x"' if extra else "") if part]
        text = f"{line} ; {' and '.join(markers)}" if markers else line
        try:
            is_read = parse_requirement(text) is not None
        except OverflowError:
            is_read = True
        if not is_read:
            actual = f"{line[:200]!r}, which pip since 22 under Python 3.11 and newer cannot read"
            yield Flaw(Defect.REFUSED_BY_SOME, where, "a requirement as in PEP 508", actual)
            return


class Disagreement(NamedTuple):
    """A field that two METADATA files have differently, and what each has."""

    field: str
    first: str
    second: str


def disagreements(first: CoreMetadata, second: CoreMetadata) -> Iterator[Disagreement]:
    """Yield where two METADATA files differ for pip (26.3, ``_check_sidecar_matches_wheel``).

    Spelling, order and line ends make no difference.
    """
    if normalise((first.name or "").strip()) != normalise((second.name or "").strip()):
        yield Disagreement("Name", first.name or "none", second.name or "none")
    if not same_version(first.version, second.version):
        yield Disagreement("Version", first.version or "none", second.version or "none")
    requires = [_requirements(metadata) for metadata in (first, second)]
    if requires[0].keys() != requires[1].keys():
        yield Disagreement("Requires-Dist", *_differing(requires[0], requires[1]))
    if python_specifiers(first.requires_python) != python_specifiers(second.requires_python):
        yield Disagreement("Requires-Python", first.requires_python or "none", second.requires_python or "none")
    if first.extras != second.extras:
        sides = [", ".join(sorted(extras)) or "none" for extras in (first.extras, second.extras)]
        yield Disagreement("Provides-Extra", *sides)


def _requirements(metadata: CoreMetadata) -> dict[object, str]:
    """Return the requirements as they are written, by what they mean."""
    requirements: dict[object, str] = {}
    for text in metadata.requires[:_MOST_REQUIREMENTS]:
        try:
            requirement = parse_requirement(text)
        except OverflowError:
            requirement = None
        requirements[text if requirement is None else requirement] = text
    return requirements


def _differing(first: dict[object, str], second: dict[object, str]) -> tuple[str, str]:
    """Return what only one of the two has, of each the first few."""
    only = [
        sorted(text for key, text in mine.items() if key not in others)
        for mine, others in ((first, second), (second, first))
    ]
    shown = [", ".join(text[:200] for text in texts[:3]) or "none" for texts in only]
    return shown[0], shown[1]
