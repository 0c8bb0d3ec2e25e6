"""PEP 440 versions that strangers wrote: parsed, normalised and compared without errors."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.version import Version


MOST_OF_A_VERSION = 256
"""Characters of a version; longer texts cost time and are none."""


@lru_cache(maxsize=65536)
def parse_version(text: str) -> "Version | None":
    """Return a version (PEP 440); None for what is none."""
    from packaging.version import Version  # noqa: PLC0415 - only advisories with ranges need it

    if len(text) > MOST_OF_A_VERSION:
        return None
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or a number longer than int() takes
        return None


def same_version(one: str | None, other: str | None) -> bool:
    """Return whether two versions are one by PEP 440, ``_`` in the place of ``+`` and ``-`` aside."""
    from packaging.version import Version  # noqa: PLC0415 - only where two spellings differ

    if one == other:
        return True
    if one is None or other is None:
        return False
    try:
        return Version(one.replace("_", "+", 1)) == Version(other.replace("_", "+", 1))
    except ValueError:  # InvalidVersion, or a number longer than int() takes
        return one.replace("_", "-") == other.replace("_", "-")


@lru_cache(maxsize=1 << 17)
def canonical(version: str) -> str:
    """Return a version in one spelling (PEP 440); what is no such version in lower case."""
    from packaging.utils import canonicalize_version  # noqa: PLC0415 - only where advisories are given

    try:
        return canonicalize_version(version)
    except ValueError:  # a number longer than int() takes
        return version.lower()


def contains(specifiers: str, version: str) -> bool:
    """Return whether a version meets specifiers, pre-releases too."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - as above

    parsed = parse_version(version)
    return parsed is not None and SpecifierSet(specifiers).contains(parsed, prereleases=True)
