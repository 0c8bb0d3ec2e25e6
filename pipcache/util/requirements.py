"""Requirements that strangers wrote (PEP 508): whether pips can read them, and which are the same."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

_MOST = 4096  # characters; the longest requirement on PyPI has about a thousand


@lru_cache(maxsize=1 << 14)
def parse_requirement(text: str) -> Requirement | None:
    """Return a requirement as pip since 24.1 reads it; None where it cannot be read, or its marker not evaluated.

    Raises:
        OverflowError: it is so long that no real requirement is.
    """
    if len(text) > _MOST:
        raise OverflowError(f"a requirement of {len(text):,} characters")
    try:
        requirement = Requirement(text)
        if requirement.marker is not None:
            requirement.marker.evaluate({"extra": ""})
    except (ValueError, LookupError, RecursionError):  # packaging raises a KeyError for variables that it knows
        return None
    return requirement


_OLD_REQUIREMENT = re.compile(
    r"[A-Za-z0-9][\w.-]*(?<![_.-])(?![\w.-]) ?(?:\[(?: ?[\w.-]+ ?(?:, ?[\w.-]+ ?)*)?\] ?)?"  # name and extras
    r"(?:\( ?(?P<grouped>[^()]*)\)|(?P<bare>[^()]*))"
)

_OLD_SPECIFIER = re.compile(r" ?(?:==|!=|<=|>=|<|>) ?[^,;\s)]+ ?")


def is_read_by_old(text: str, requirement: Requirement | None) -> bool:
    """Return whether pip before 24.1 can read a requirement (packaging before 22, with legacy specifiers).

    Args:
        text: the requirement as it is written.
        requirement: the same as newer pips read it; None where they cannot.
    """
    if requirement is not None and requirement.url is not None:
        try:
            parts = urlsplit(requirement.url)
        except ValueError:
            return False
        return parts.scheme == "file" or bool(parts.scheme and parts.netloc)
    named, semicolon, marker = " ".join(text.partition(" #")[0].split()).partition(";")
    if requirement is not None:
        # the old grammar takes all that is not blank for the version behind ===
        version = text.partition("===")[2].lstrip().partition(" ")[0]
        is_swallowed = "===" in named and not {*");"}.isdisjoint(version)
        return not is_swallowed and not named.rstrip().removesuffix(")").rstrip().endswith((",", "("))
    match = _OLD_REQUIREMENT.fullmatch(named.strip())
    if match is None or (semicolon and parse_requirement(f"x;{marker}") is None):
        return False
    specifiers = match["grouped"] or match["bare"]
    return not specifiers or all(_OLD_SPECIFIER.fullmatch(part) for part in specifiers.split(","))


def python_specifiers(text: str | None) -> SpecifierSet:
    """Return what a Requires-Python says; what cannot be read says nothing, as for pip (``metadata/base.py``)."""
    try:
        return SpecifierSet((text or "")[:_MOST])
    except (InvalidSpecifier, ValueError):
        return SpecifierSet()
