"""Package URLs (purl) and version ranges (vers) of PyPI projects."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from pipcache.advisories.model import MOST_EVENTS, AdvisoryError, Event, Range
from pipcache.advisories.references import file_versions
from pipcache.util.budget import TooMuchInItError
from pipcache.util.filenames import SDIST_SUFFIXES, normalise
from pipcache.util.untrusted import quoted
from pipcache.util.versions import MOST_OF_A_VERSION, parse_version

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)

_NORMAL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
"""A name that is normalised, unless it has two dashes in a row."""

_ARCHIVES = frozenset(suffix[1:] for suffix in SDIST_SUFFIXES)

_SDIST = {"sdist", "source", "targz", *_ARCHIVES, *(name.replace(".", "-") for name in _ARCHIVES)}

_WHEEL = {"wheel", "whl", "bdist-wheel", "bdist_wheel"}


def project_name(text: str, where: str) -> str:
    """Return a project's normalised name (PEP 503).

    Raises:
        AdvisoryError: the text is no name of a project (PEP 508).
    """
    if _NORMAL.fullmatch(text) and "--" not in text:
        return text  # as nearly all
    if not _NAME.fullmatch(text):
        raise AdvisoryError(f"{where}: {quoted(text)} is no name of a project on an index for pip")
    return normalise(text)


_PLAIN = re.compile(rf"pkg:pypi/({_NAME.pattern})", re.ASCII)
"""A package URL with nothing but a name, as nearly all are in OSV's records."""


class Purl(NamedTuple):
    """A package URL of type pypi."""

    project: str
    """Normalised (PEP 503)."""
    version: str | None
    kinds: frozenset[str]
    """"sdist" or "wheel"; empty for any kind of file."""
    filename: str | None
    unknown: str | None
    """An ``artifact_id`` that is not known here."""


def is_purl(text: str) -> bool:
    """Return whether a text begins as package URLs do."""
    return text[:4].lower() == "pkg:"


_QUALIFIERS = frozenset({"artifact_id", "file_name", "repository_url", "download_url", "vcs_url", "vers"})

_QUALIFIERS |= {"checksum", "checksums", "package-id"}
"""What a package URL of pypi's may say besides (purl-spec, and what Grype and Syft add)."""


def read_purl(text: str, where: str) -> Purl | None:
    """Return what a package URL says (github.com/package-url/purl-spec); None for other types than pypi.

    Raises:
        AdvisoryError: the text is no package URL, is cut off, or has no name of a project.
    """
    if (plain := _PLAIN.fullmatch(text)) is not None:
        return Purl(normalise(plain[1]), None, _OF_ANY, None, None)
    rest, _, query = text.strip().partition("#")[0].partition("?")
    kind, slash, path = rest[4:].strip("/").partition("/")
    if not is_purl(rest) or not slash or not re.fullmatch(r"[A-Za-z][A-Za-z0-9.+-]*", kind):
        raise AdvisoryError(f"{where}: {quoted(text)} is no package URL; pkg:pypi/name@version was expected")
    if kind.lower() != "pypi":
        return None
    name, at, version = path.strip("/").partition("@")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    qualifiers = {key.lower(): unquote(value) for key, _, value in pairs}
    project, version = project_name(unquote(name), where), unquote(version)
    if (at and not version) or len(qualifiers) != len(pairs) or not all(equals for _, equals, _ in pairs):
        raise AdvisoryError(
            f"{where}: {quoted(text)} is cut off or says one thing twice; a package URL was expected"
        )
    if (unknown := sorted(qualifiers.keys() - _QUALIFIERS)) or ("#" in text and not version):
        what = f"the qualifier {quoted(unknown[0])}" if unknown else "a path and no version"
        raise AdvisoryError(f"{where}: {quoted(text)} has {what}; pkg:pypi/name@version was expected")
    if not is_version(version or "0"):
        raise AdvisoryError(f"{where}: {quoted(version)} is no version; pkg:pypi/name@version was expected")
    artifact, filename = qualifiers.get("artifact_id", "").lower(), qualifiers.get("file_name") or None
    kinds = _OF_SDISTS if artifact in _SDIST else _OF_WHEELS if artifact in _WHEEL else _OF_ANY
    if filename is not None and file_versions(filename, project) is None:
        raise AdvisoryError(f"{where}: {quoted(filename)} is no file of {project}; the name of one was expected")
    return Purl(project, version or None, kinds, filename, artifact if artifact and not kinds else None)


_OF_SDISTS, _OF_WHEELS, _OF_ANY = frozenset({"sdist"}), frozenset({"wheel"}), frozenset[str]()
"""The kinds of files that a package URL may mean; each dump has thousands of these."""


def is_version(text: str) -> bool:
    """Return whether a text can be a release's version; old versions are not PEP 440."""
    return len(text) <= MOST_OF_A_VERSION and re.fullmatch(_VERSION, text, re.ASCII) is not None


_VERSION = r"[vV]?\d[\w.+!-]*|[A-Za-z0-9][A-Za-z_.+-]*\d[\w.+-]*"


class Vers(NamedTuple):
    """A ``vers:pypi/`` range; exactly one of its fields is set."""

    versions: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    every_version: bool = False


_VERS_EVENTS: dict[str, tuple[str, ...]] = {
    ">=": ("introduced",),
    ">": ("after",),
    "<": ("fixed",),
    "<=": ("last_affected",),
    "!=": ("fixed", "after"),
}
"""What each sign of a vers range means in the events of a range; only the order of versions counts there."""


def read_vers(text: str, where: str) -> Vers | None:
    """Return a ``vers:pypi/`` range.

    None is returned for ranges of other ecosystems, and for more than single versions or one interval. Source:
    github.com/package-url/vers-spec: versions are compared by their order, unlike PEP 440's ``<`` and ``>``.

    Raises:
        AdvisoryError: the text is no such range.
    """
    scheme, slash, rest = text.strip().partition("/")
    if not slash or not re.fullmatch(r"(?i)vers:[a-z][a-z0-9.+-]*", scheme):
        raise AdvisoryError(f"{where}: {quoted(text)} is no range; vers:pypi/>=1|<2 was expected")
    if rest.count("|") >= MOST_EVENTS:
        raise TooMuchInItError(f"more than {MOST_EVENTS:,} parts of a range, in {where}")
    parts = [unquote(part.strip()) for part in rest.split("|")]
    pairs = [
        match.groups()
        for part in parts
        if (match := re.fullmatch(r"(<=|>=|!=|<|>|=|)\s*((?:[^<>=!\s]|!(?!=))+)", part))
    ]
    if len(pairs) != len(parts) or not all(version == "*" or is_version(version) for _, version in pairs):
        raise AdvisoryError(f"{where}: {quoted(text)} is no range; vers:pypi/>=1|<2 was expected")
    if scheme.lower() != "vers:pypi":
        return None
    if pairs == [("", "*")]:
        return Vers(every_version=True)
    signs = [sign for sign, _ in pairs]
    if set(signs) <= {"", "="}:
        return Vers(tuple(dict.fromkeys(version for _, version in pairs)))
    ends = [sign[0] for sign in signs if sign not in {"", "=", "!="}]
    is_interval = ends in (["<"], [">"], [">", "<"]) and not {"", "="} & set(signs)
    if not is_interval or not all(parse_version(version) for _, version in pairs):
        return None
    events: list[Event] = [("introduced", "0")] if ends == ["<"] else []
    events += [(kind, version) for sign, version in pairs for kind in _VERS_EVENTS[sign]]
    return Vers(ranges=(Range(tuple(events), is_alone=True),))
