"""PEP 440 versions that strangers wrote: parsed, normalised and compared without errors.

A text that is no version equals only itself and meets no specifier; ``None`` stands for it.
"""

from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_version
from packaging.version import Version as Version  # noqa: PLC0414 - the type, for those who compare

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
    version = parse_version(text)
    return text.lower() if version is None else canonicalize_version(version)


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


def contains(specifiers: str, text: str) -> bool:
    """Return whether a version meets specifiers, pre-releases too; another text meets none.

    Raises:
        InvalidSpecifier: ``specifiers`` are not PEP 440.
    """
    version = parse_version(text)
    return version is not None and SpecifierSet(specifiers).contains(version, prereleases=True)
