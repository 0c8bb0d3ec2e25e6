"""What a person has in hand, as a predicate over artifacts."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import DigestLookup
from pipcache.store.keys import http_key
from pipcache.util.filenames import SDIST_SUFFIXES, normalise, parse_filename
from pipcache.util.hashes import BY_LENGTH, RARE, expected_of, hex_of, is_bare_base64, is_strange, split_tagged
from pipcache.util.urls import without_user

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet


class SelectorError(ValueError):
    """A selector that cannot be understood; the message names the part that is wrong."""


class Selector(NamedTuple):
    """One selector as a person wrote it. Exactly one of the fields behind ``text`` is set, ``specifiers`` aside.

    ``digest`` is (algorithms it may be of, hex). ``note`` says what of the text is ignored.
    """

    text: str
    project: str | None = None
    specifiers: "SpecifierSet | None" = None
    pattern: str | None = None
    filename: str | None = None
    url: str | None = None
    digest: tuple[tuple[str, ...], str] | None = None
    key: str | None = None
    note: str | None = None

    @property
    def names_projects(self) -> bool:
        """True when the projects it can be about are known by their names."""
        return self.project is not None or self.pattern is not None or self._file_project is not None

    @property
    def _file_project(self) -> str | None:
        parsed = parse_filename(self.filename.removesuffix(".metadata")) if self.filename else None
        return normalise(parsed.project) if parsed is not None and parsed.is_wheel else None

    def concerns(self, project: str) -> bool:
        """Return whether it can be about ``project`` (normalised)."""
        if self.pattern is not None:
            return _fits(project, self.pattern)
        return project in {self.project, self._file_project} or not self.names_projects

    def matches(self, artifact: Artifact, digest_of: DigestLookup) -> bool:
        """Return whether any evidence says that ``artifact`` is meant."""
        if self.project is not None:
            return any(self._allows(name, version) for name, version in _named(artifact) if name == self.project)
        if self.pattern is not None:
            return any(_fits(name, self.pattern) for name, _ in _named(artifact))
        if self.filename is not None:
            return self.filename in _filenames(artifact)
        if self.url is not None:
            return self.key == artifact.key or self.url in _source_urls(artifact)
        if self.digest is not None:
            return self._has_digest(artifact, digest_of)
        return self.key == artifact.key

    def _allows(self, name: str, version: str | None) -> bool:
        if self.specifiers is None or not self.specifiers:
            return True
        return version is not None and name == self.project and _contains(self.specifiers, version)

    def _has_digest(self, artifact: Artifact, digest_of: DigestLookup) -> bool:
        assert self.digest is not None
        algorithms, wanted = self.digest
        promised = (
            [*(artifact.listed.hashes if artifact.listed else ())] if artifact.kind is not Kind.METADATA else []
        )
        promised += artifact.source.hashes if artifact.source else ()
        if any(name in algorithms and value.lower() == wanted for name, value in promised):
            return True
        return any(digest_of(artifact, algorithm) == wanted for algorithm in algorithms)


def _fits(project: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase  # noqa: PLC0415 - only patterns need it

    return fnmatchcase(project, pattern)


def _named(artifact: Artifact) -> Iterator[tuple[str, str | None]]:
    """Yield (normalised project, version) of every claim; a claim without a version borrows the best one."""
    for claim in artifact.claims:
        if claim.project:
            yield normalise(claim.project), claim.version or artifact.version


def _filenames(artifact: Artifact) -> set[str]:
    named = {claim.filename for claim in artifact.claims if claim.filename}
    return named or set(artifact.filenames)


def _source_urls(artifact: Artifact) -> set[str]:
    """Return the ways a built wheel's source can be written; without user information."""
    source = artifact.source
    if source is None:
        return set()
    url = without_user(source.url)
    if source.vcs is None:
        return {url}
    vcs = f"{source.vcs}+{url}"
    return {url, vcs} if source.commit is None else {url, vcs, f"{vcs}@{source.commit}"}


def _contains(specifiers: "SpecifierSet", version: str) -> bool:
    from pipcache.util.versions import parse_version  # noqa: PLC0415 - only specifiers need it

    # === compares text (PEP 440), so the version as it was found counts as well
    others = [one for one in specifiers if not (one.operator == "===" and one.version.lower() == version.lower())]
    if (parsed := parse_version(version)) is None:
        return not others
    return all(one.contains(parsed, prereleases=True) for one in others)


_BARE_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"

_HEX = r"[0-9A-Fa-f]+"


def parse_selector(text: str) -> Selector:
    """Return the selector that ``text`` is.

    Raises:
        SelectorError: it is none; the message names the part that is wrong.
    """
    text = text.strip()
    if not text:
        raise SelectorError("an empty selector selects nothing")
    if "://" in text and " @ " not in text:
        return _parse_url(text)
    if (tagged := split_tagged(text)) is not None:
        return _parse_digest(text, *tagged)
    if re.fullmatch(_HEX, text):
        if len(text) == 56:
            return Selector(text, key=text.lower())
        if len(text) in BY_LENGTH:
            usual = tuple(name for name in BY_LENGTH[len(text)] if name not in RARE)
            return Selector(text, digest=(usual, text.lower()))
    if " @ " not in text and text.removesuffix(".metadata").lower().endswith((".whl", *SDIST_SUFFIXES)):
        if "/" in text or "\\" in text:
            raise SelectorError(f"{text!r} looks like a path: name the file alone")
        return Selector(text, filename=text)
    _refuse_digests(text)
    if re.fullmatch(_BARE_NAME, text):
        return Selector(text, project=normalise(text))
    if ("*" in text or "?" in text) and not re.search(r"[=<>~!;@\[\s]", text):
        return _parse_pattern(text)
    return _parse_requirement(text)


def _refuse_digests(text: str) -> None:
    """Refuse what a name could be, and is a digest for everybody who sees it."""
    if is_strange(text):
        raise SelectorError(f"{text!r} looks like a digest of an algorithm that is not known here")
    if is_bare_base64(text):
        raise SelectorError(f"{text!r} looks like base64 of a digest: say of which, as sha256={text}")


def _parse_url(text: str) -> Selector:
    from urllib.parse import urlsplit  # noqa: PLC0415 - only URLs need it

    url = without_user(text.partition("#")[0])  # pip's keys never hold user information
    try:
        if not urlsplit(url).scheme:
            raise ValueError("it has no scheme")
        key = http_key(url) if url.lower().startswith(("http://", "https://")) else ""
    except ValueError as error:
        raise SelectorError(f"{text!r} is not a URL: {error}") from None
    return Selector(text, url=url, key=key)


def _parse_digest(text: str, algorithm: str, value: str) -> Selector:
    if (digits := hex_of(algorithm, value)) is None:
        expected = f"it needs {expected_of(algorithm)}"
        raise SelectorError(f"{value!r} is not a {algorithm} digest: {expected}")
    return Selector(text, digest=((algorithm,), digits))


def _parse_pattern(text: str) -> Selector:
    wrong = re.search(r"[^A-Za-z0-9._*?-]", text)
    if wrong is not None:
        raise SelectorError(f"{wrong[0]!r} cannot stand in a name pattern ({text!r}); * and ? can")
    return Selector(text, pattern=re.sub(r"[-_.]+", "-", text).lower())


def _parse_requirement(text: str) -> Selector:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - slow, and rarely needed

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        first = str(error).partition("\n")[0]
        raise SelectorError(
            f"{text!r} is not a requirement, name pattern, file name, URL, digest or key: {first}"
        ) from None
    if requirement.marker is not None:
        raise SelectorError(
            f"the marker {str(requirement.marker)!r} is about an environment; a cache serves many: leave it out"
        )
    if requirement.url is not None:
        raise SelectorError(f"select by the URL alone: {requirement.url!r}")
    note = f"extras are ignored: {', '.join(sorted(requirement.extras))}" if requirement.extras else None
    return Selector(text, project=normalise(requirement.name), specifiers=requirement.specifier, note=note)
