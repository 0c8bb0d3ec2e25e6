"""PEP 440 versions that strangers wrote: parsed, normalised and compared without errors.

A text that is no version equals only itself and meets no specifier; ``None`` stands for it.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.version import Version as Version  # noqa: PLC0414 - the type, for those who compare

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

MOST_OF_A_VERSION = 256
"""Characters of a version; longer texts cost time and are none."""


@lru_cache(maxsize=1 << 16)
def parse_version(text: str) -> Version | None:
    """Return a version; None for a text that is none."""
    if len(text) > MOST_OF_A_VERSION:
        return None
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or a number longer than int() takes
        return None


@lru_cache(maxsize=1 << 16)
def public_version(text: str) -> Version | None:
    """Return a version without its local label; None for a text that is no version."""
    version = parse_version(text)
    return None if version is None else Version(version.public)


@lru_cache(maxsize=1 << 17)
def canonical(text: str) -> str:
    """Return a version in its normalised spelling, without trailing zeros; another text in lower case."""
    from packaging.utils import canonicalize_version  # takes 10 ms, and a cache may have no two versions

    version = parse_version(text)
    return text.lower() if version is None else canonicalize_version(version)


def in_order(texts: Iterable[str]) -> list[str]:
    """Return versions in their order (PEP 440); texts that are no versions come first, by their letters."""
    known = {text: parse_version(text) for text in texts}
    others = sorted(text for text, version in known.items() if version is None)
    versions = [(version, text) for text, version in known.items() if version is not None]
    return [*others, *(text for _, text in sorted(versions))]


def same_version(text: str | None, other: str | None) -> bool:
    """Return whether two texts are the same version; file names spell ``+`` and ``-`` as ``_`` (PEP 427)."""
    if text == other:
        return True
    if text is None or other is None:
        return False
    version = parse_version(text.replace("_", "+", 1))
    if version is None:
        return text.replace("_", "-") == other.replace("_", "-")
    return version == parse_version(other.replace("_", "+", 1))


def _spellings(text: str) -> Iterable[str]:
    """Return the versions that a file name may spell as ``text``: it has ``_`` for ``-`` or ``+`` (PEP 427)."""
    return (text, text.replace("_", "+", 1), text.replace("_", "-")) if "_" in text else (text,)


@lru_cache(maxsize=1 << 17)
def listed_as(text: str) -> frozenset[str]:
    """Return the versions that a text means where it names a bad or a needed version; see ``affects``."""
    return frozenset(map(canonical, _spellings(text)))


@lru_cache(maxsize=1 << 17)
def affected_by(text: str) -> frozenset[str]:
    """Return which of the versions that ``listed_as`` gives mean a version; see ``affects``."""
    public = (str(version) for spelled in _spellings(text) if (version := public_version(spelled)) is not None)
    return listed_as(text) | frozenset(map(canonical, public))


def affects(listed: str, text: str) -> bool:
    """Return whether a version that is listed as bad or as needed means a version.

    It is PEP 440's ``==``, whoever lists it: spellings of a version are equal, and a version without a local label
    means all its local versions. Texts that are not PEP 440 are equal without regard to case.
    """
    return not listed_as(listed).isdisjoint(affected_by(text))


def compares_as(version: Version, edge: Version) -> Version:
    """Return what of a version is compared with the edge of a range, as PEP 440's ``<=`` does.

    The local label counts only where the edge has one: 1.0+cpu is not behind 1.0.
    """
    return version if edge.local is not None or version.local is None else Version(version.public)


@lru_cache(maxsize=1 << 10)
def _specifier_set(specifiers: str) -> "SpecifierSet":
    from packaging.specifiers import SpecifierSet  # takes 10 ms, and few commands have specifiers

    return SpecifierSet(specifiers)


def meets(specifiers: "SpecifierSet", text: str) -> bool:
    """Return whether a version meets specifiers, pre-releases too; one that is not PEP 440 meets only ``===``."""
    # === compares texts (PEP 440), so the version as it is written counts as well
    unmet = [
        specifier
        for specifier in specifiers
        if not (specifier.operator == "===" and specifier.version.lower() == text.lower())
    ]
    if (version := parse_version(text)) is None:
        return not unmet
    return all(specifier.contains(version, prereleases=True) for specifier in unmet)


def contains(specifiers: str, text: str) -> bool:
    """Return whether a version meets specifiers in a spelling that file names have; see ``meets``.

    Raises:
        InvalidSpecifier: ``specifiers`` are not PEP 440.
    """
    return any(meets(_specifier_set(specifiers), spelled) for spelled in _spellings(text))
