"""Selectors: what a person has in hand, and which artifacts it matches."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import DigestLookup
from pipcache.store.keys import http_key
from pipcache.util.filenames import SDIST_SUFFIXES, normalise, parse_filename
from pipcache.util.hashes import BY_LENGTH, expected_of, hex_of, is_bare_base64, is_strange, split_tagged
from pipcache.util.urls import digests_in_path, is_http, project_page, without_user

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet


class SelectorError(ValueError):
    """A text is no selector; the message names the part that is wrong."""


class NoSelector(SelectorError):  # noqa: N818 - it says what the text is
    """A text has the form of no selector at all."""


class Selector(NamedTuple):
    """A selector as a person wrote it.

    Exactly one of ``project``, ``pattern``, ``filename``, ``url``, ``digest`` and ``key`` says what it selects by,
    except that a URL has a key too.

    Attributes:
        text: the selector as it was written.
        project: the normalised name of a project (PEP 503).
        specifiers: which versions of ``project`` (PEP 440); None or empty for every version.
        pattern: a normalised pattern for names of projects, with ``*`` and ``?``.
        filename: the name of a wheel, an sdist or a ``.metadata`` file.
        url: a URL without fragment and user information.
        digest: the algorithms that the digest may be of (names in ``hashes.DIGITS``), and the digest in hex.
        key: the key of an entry in lower case; of ``url``, empty where pip keeps no such URL.
        note: what of the text is ignored, for people.
        spelled: the name of the project as it was written.
        extras: the extras of a requirement, normalised; they select nothing.
        commit: the beginning of a commit's id, or all of it, in lower case; it selects beside the rest.
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
    spelled: str | None = None
    extras: tuple[str, ...] = ()
    commit: str | None = None

    @property
    def names_projects(self) -> bool:
        """Whether it can match artifacts of certain projects only."""
        return self.project is not None or self.pattern is not None or self._file_project is not None

    @property
    def _file_project(self) -> str | None:
        """The project of a wheel's file name; the names of sdists are not certain enough."""
        parsed = parse_filename(self.filename.removesuffix(".metadata")) if self.filename else None
        return normalise(parsed.project) if parsed is not None and parsed.is_wheel else None

    def concerns(self, project: str) -> bool:
        """Return whether it can match artifacts of ``project``, a normalised name."""
        if self.pattern is not None:
            return _fits(project, self.pattern)
        return project in {self.project, self._file_project} or not self.names_projects

    def matches(self, artifact: Artifact, digest_of: DigestLookup) -> bool:
        """Return whether it matches an artifact by any of its names, URLs or digests.

        Args:
            artifact: the artifact, with all evidence of its names.
            digest_of: computes a digest of an artifact's bytes.
        """
        if self.commit is not None and _is_of_commit(artifact, self.commit):
            return True
        if self.project is not None:
            return any(
                self._allows(version) for project, version in _releases(artifact) if project == self.project
            )
        if self.pattern is not None:
            return any(_fits(project, self.pattern) for project, _ in _releases(artifact))
        if self.filename is not None:
            return self.filename in _filenames(artifact)
        if self.url is not None:
            is_noted = artifact.store.is_uvs and artifact.url == self.url
            return self.key == artifact.key or is_noted or self.url in _source_urls(artifact)
        if self.digest is not None:
            return self._has_digest(artifact, digest_of)
        return self.key == artifact.key

    def _allows(self, version: str | None) -> bool:
        """Return whether the specifiers allow a version; without specifiers an unknown one too."""
        return not self.specifiers or (version is not None and _contains(self.specifiers, version))

    def _has_digest(self, artifact: Artifact, digest_of: DigestLookup) -> bool:
        """Return whether an artifact has the digest, or a page, ``origin.json`` or uv says so of it."""
        assert self.digest is not None
        algorithms, digest = self.digest
        promised = (
            [*(artifact.listed.hashes if artifact.listed else ())] if artifact.kind is not Kind.METADATA else []
        )
        promised += artifact.source.hashes if artifact.source else ()
        promised += artifact.noted_digests
        promised += digests_in_path(artifact.url) if artifact.store.is_uvs and artifact.url else ()
        if any(name in algorithms and value.lower() == digest for name, value in promised):
            return True
        return any(digest_of(artifact, algorithm) == digest for algorithm in algorithms)


def _is_of_commit(artifact: Artifact, commit: str) -> bool:
    """Return whether a wheel was built from a commit whose id begins so."""
    source = artifact.source
    return source is not None and source.commit is not None and source.commit.lower().startswith(commit)


def _fits(project: str, pattern: str) -> bool:
    """Return whether a project's name fits a pattern."""
    from fnmatch import fnmatchcase  # a list does without it

    return fnmatchcase(project, pattern)


def _releases(artifact: Artifact) -> Iterator[tuple[str, str | None]]:
    """Yield (normalised project, version) of every claim; the best claim gives the version where one has none."""
    for claim in artifact.claims:
        if claim.project:
            yield normalise(claim.project), claim.version or artifact.version


def _filenames(artifact: Artifact) -> set[str]:
    """Return the file names that are claimed; without any, those that the content allows."""
    claimed = {claim.filename for claim in artifact.claims if claim.filename}
    return claimed or set(artifact.filenames)


def _source_urls(artifact: Artifact) -> set[str]:
    """Return how people and pip write the URL of a built wheel's source, without user information."""
    source = artifact.source
    if source is None:
        return set()
    url = without_user(source.url)
    if source.vcs is None:
        return {url}
    vcs = f"{source.vcs}+{url}"
    return {url, vcs} if source.commit is None else {url, vcs, f"{vcs}@{source.commit}"}


def _contains(specifiers: "SpecifierSet", version: str) -> bool:
    """Return whether specifiers allow a version."""
    from pipcache.util.versions import meets  # brings packaging, which a list does without

    return meets(specifiers, version)


_BARE_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"

_HEX = r"[0-9A-Fa-f]+"

_SHORT_COMMIT = r"(?=[0-9A-Fa-f]*[0-9])[0-9A-Fa-f]{7,63}"
"""The beginning of a commit's id as git shows it; a word of letters alone is rather the name of a project."""

_COMMIT_LENGTHS = frozenset({40, 64})
"""Hex digits of the id of a commit (SHA-1, SHA-256), which may be a digest too."""

_URL = r"[\w+.-]*://"

_ADVISORY = r"(?i)(?:CVE|PYSEC|MAL|RUSTSEC|OSV|BIT)-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}|SNYK-PYTHON-\S+"
"""The number of an advisory (CVE, and the databases that OSV lists); each is also a valid name of a project."""


def parse_selector(text: str) -> Selector:
    """Return the selector that a text is; its form decides which kind.

    Raises:
        SelectorError: it is no selector; the message names the part that is wrong.
    """
    text = text.strip()
    if not text:
        raise SelectorError("an empty selector selects nothing")
    if re.match(_URL, text):
        return _parse_url(text)
    if (tagged := split_tagged(text)) is not None:
        return _parse_digest(text, *tagged)
    if re.fullmatch(_HEX, text):
        if len(text) == 56:
            return Selector(text, key=text.lower())
        if len(text) in BY_LENGTH:
            commit = text.lower() if len(text) in _COMMIT_LENGTHS else None
            return Selector(text, digest=(BY_LENGTH[len(text)], text.lower()), commit=commit)
    if (
        " @ " not in text
        and "://" not in text
        and text.removesuffix(".metadata").lower().endswith((".whl", *SDIST_SUFFIXES))
    ):
        if "/" in text or "\\" in text:
            raise SelectorError(f"{text!r} looks like a path: name the file alone")
        return Selector(text, filename=text)
    _refuse_digests(text)
    if re.fullmatch(_ADVISORY, text):
        raise SelectorError(
            f"{text!r} is the number of an advisory, not a selector: save its record from https://osv.dev "
            "to a file, and run pipcache audit --advisory FILE"
        )
    if re.fullmatch(_BARE_NAME, text):
        commit = text.lower() if re.fullmatch(_SHORT_COMMIT, text) else None
        return Selector(text, project=normalise(text), spelled=text, commit=commit)
    if ("*" in text or "?" in text) and not re.search(r"[=<>~!;@\[\s]", text):
        return _parse_pattern(text)
    return _parse_requirement(text)


def _refuse_digests(text: str) -> None:
    """Raise ``SelectorError`` for a digest that would be taken for the name of a project."""
    if is_strange(text):
        raise SelectorError(f"{text!r} looks like a digest of an algorithm that is not known here")
    if is_bare_base64(text):
        raise SelectorError(f"{text!r} looks like base64 of a digest: say of which, as sha256={text}")


def _parse_url(text: str) -> Selector:
    if "/simple/" not in text and (page := project_page(text)) is not None:  # copied from a browser
        raise NoSelector(f"{text!r} is the URL of a page about {page[0]!r}, which pip never downloads")
    url = without_user(text.partition("#")[0])  # pip's keys never hold user information
    try:
        if not urlsplit(url).scheme:
            raise ValueError("it has no scheme")
        key = http_key(url) if is_http(url) else ""
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
    from packaging.requirements import InvalidRequirement, Requirement  # takes 2 ms, which a list does without

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        first = str(error).partition("\n")[0]
        raise NoSelector(
            f"{text!r} is not a requirement, name pattern, file name, URL, digest or key: {first}"
        ) from None
    if requirement.marker is not None:
        raise SelectorError(
            f"the marker {str(requirement.marker)!r} is about an environment; a cache serves many: leave it out"
        )
    if requirement.url is not None:
        if ":" not in requirement.url:  # "numpy@1.0": a version was meant
            raise NoSelector(f"{text!r} is no selector: {requirement.url!r} is not a URL")
        raise SelectorError(f"a URL is a selector by itself, without {requirement.name!r} before it")
    note = f"extras are ignored: {', '.join(sorted(requirement.extras))}" if requirement.extras else None
    name = requirement.name
    extras = tuple(sorted(map(normalise, requirement.extras)))
    selector = Selector(text, project=normalise(name), specifiers=requirement.specifier, note=note, spelled=name)
    return selector._replace(extras=extras)
