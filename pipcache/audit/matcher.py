"""Indicators, indexed so that each artifact is compared with the few that can match it."""

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcache.advisories.model import Indicator
from pipcache.audit.possible_projects import by_possible_project, projects_of
from pipcache.audit.spelled_versions import (
    filenames_of,
    own_claims,
    range_contains,
    versions_of,
    versions_with_build_tag,
)
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.query.selector import Selector
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import request_key
from pipcache.store.origin import Origin
from pipcache.util.filenames import dashes_behind, normalise, parse_filename
from pipcache.util.hashes import Digest
from pipcache.util.urls import digests_in_path, filename_in, without_user
from pipcache.util.versions import affected_by, canonical, contains, listed_as


class Clause(NamedTuple):
    """An indicator that matches an artifact; ``text`` says which part of it, for people."""

    indicator: Indicator
    text: str


class DigestFacts(NamedTuple):
    """What was read of an artifact to compare it with digests.

    Attributes:
        matching: those digests of its bytes that an indicator has.
        listed: those digests that an index page lists for it and an indicator has.
        members: paths of archive members by their digests, where an indicator has the digest.
        problem: why not everything could be compared, as text to show.
        computed: all hex digests of its bytes that were computed, by algorithm.
        noted: those digests that uv noted of the file that it unpacked, and an indicator has.
    """

    matching: frozenset[Digest] = frozenset()
    listed: frozenset[Digest] = frozenset()
    members: Mapping[Digest, str] = {}
    problem: str | None = None
    computed: Mapping[str, str] = {}
    noted: frozenset[Digest] = frozenset()


class Matcher:
    """Indicators and selectors, indexed by project, key, digest and file name.

    The clauses it gives are those of a comparison with each indicator in turn.

    Attributes:
        unsure_projects: normalised names of projects for which an advisory cannot be evaluated.
        projects: normalised names of all projects that can match; None where any project can.
        keys: keys of the URLs that are looked for.
        url_filenames: file names at the end of the URLs that are looked for.
        digest_values: hex digests that are looked for.
        digest_folders: the last folders that PyPI's URLs of these digests have: 60 hex digits of a BLAKE2b-256.
        looks_for_members: whether a digest may be that of an archive member.
        looks_for_files: whether a digest may be that of a file whose URL is not given.
        names_members: whether a digest is stated to be that of an archive member.
        steps: in how many steps releases were compared with indicators so far.
    """

    def __init__(
        self,
        indicators: Sequence[Indicator],
        *,
        only_listed: bool = False,
        selectors: Iterable[tuple[Indicator, Selector]] = (),
        unsure_projects: frozenset[str] = frozenset(),
    ) -> None:
        """Index the indicators.

        Args:
            indicators: what is looked for.
            only_listed: ignore ranges of versions.
            selectors: those that no indicator can express, each with an indicator that stands for it in clauses.
            unsure_projects: normalised names of projects for which an advisory cannot be evaluated.
        """
        self._only_listed = only_listed
        self.unsure_projects = unsure_projects
        self._selectors = tuple(selectors)
        self._patterns = [pair for pair in self._selectors if pair[1].pattern is not None]
        self._by_project: dict[str, list[Indicator]] = {}
        self._by_key: dict[str, list[Indicator]] = {}
        self._by_metadata_key: dict[str, list[Indicator]] = {}
        self._urls: dict[str, str] = {}
        self._by_digest: dict[Digest, list[Indicator]] = {}
        self._by_filename: dict[str, list[Indicator]] = {}
        self._release_clauses: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[Clause]] = {}
        self._listed_versions: dict[int, dict[str, str]] = {}  # by the id of the indicator: a hash reads it all
        for indicator in indicators:
            has_bytes = bool(indicator.urls or indicator.digests)
            if indicator.project is not None and indicator.filename is None and not has_bytes:
                self._by_project.setdefault(indicator.project, []).append(indicator)
            for url in indicator.urls:
                if (key := request_key(url)) is not None:
                    self._by_key.setdefault(key, []).append(indicator)
                    self._urls.setdefault(key, without_user(url))
                    self._by_metadata_key.setdefault(request_key(f"{url}.metadata") or "", []).append(indicator)
            for digest in indicator.digests:
                self._by_digest.setdefault(digest, []).append(indicator)
            if indicator.filename is not None and not has_bytes:
                self._by_filename.setdefault(indicator.filename, []).append(indicator)
        self.steps = 0
        self._longest_name = max(map(len, self._by_project), default=0)
        self._filenames_by_project = by_possible_project(self._by_filename)
        self._with_build_tag = versions_with_build_tag(indicators)
        self.projects = projects_of(indicators, self._selectors)
        self.keys = frozenset(self._by_key)
        self.url_filenames = frozenset(filename_in(url) for indicator in indicators for url in indicator.urls)
        self.digest_values = frozenset(value for _, value in self._by_digest)
        self.digest_folders = frozenset(value[4:] for name, value in self._by_digest if name == "blake2b_256")
        with_digest = [indicator for same_digest in self._by_digest.values() for indicator in same_digest]
        self.looks_for_members = any(map(_may_be_of_member, with_digest))
        self.looks_for_files = any(indicator.member is None and not indicator.urls for indicator in with_digest)
        self.names_members = any(indicator.member is not None for indicator in with_digest)

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms of all digests that are looked for."""
        return frozenset(name for name, _ in self._by_digest)

    def algorithms_of_files(self, projects: Collection[str], *, has_url: bool) -> frozenset[str]:
        """Return the algorithms of digests that may be those of a file of certain projects.

        Args:
            projects: the normalised names of the file.
            has_url: the URL of the file is known, so that an indicator with URLs needs no digest of it.
        """
        return frozenset(
            name
            for (name, _), indicators in self._by_digest.items()
            for indicator in indicators
            if indicator.member is None
            and not (has_url and indicator.urls)
            and (indicator.project is None or indicator.project in projects)
        )

    @property
    def looks_for_names(self) -> bool:
        """Whether an artifact can only be judged when its name is known."""
        return bool(self._by_project or self._by_filename) or any(
            selector.names_projects for _, selector in self._selectors
        )

    @property
    def looks_for_bytes(self) -> bool:
        """Whether digests or URLs are looked for, which need no name."""
        return bool(self._by_digest or self._by_key)

    @property
    def looks_for_filenames(self) -> bool:
        """Whether whole file names are looked for."""
        return bool(self._by_filename)

    def filenames_of_project(self, project: str) -> Sequence[str]:
        """Return the file names that are looked for and may be of a project (normalised)."""
        return self._filenames_by_project.get(project, ())

    def names_project(self, project: str) -> bool:
        """Return whether an indicator gives versions of a project (normalised)."""
        return project in self._by_project

    def has_digest(self, digest: Digest) -> bool:
        """Return whether a digest is looked for."""
        return digest in self._by_digest

    def versions_with_build_tag(self, project: str, version: str) -> list[str]:
        """Return the versions like ``0.1.2-1`` that advisories list of a project, for its version ``0.1.2``."""
        return self._with_build_tag.get((project, canonical(version)), []) if self._with_build_tag else []

    def may_match_names_on_page(self, project: str | None) -> bool:
        """Return whether the index page of a project may list a file that matches by its name."""
        is_named = project is None or project in self._by_project or self.looks_for_filenames
        return is_named or any(selector.concerns(project or "") for _, selector in self._patterns)

    def may_match_on_page(self, project: str | None) -> bool:
        """Return whether the index page of a project may list a file that matches."""
        return self.looks_for_bytes or self.may_match_names_on_page(project)

    def with_indicator_url(self, artifact: Artifact) -> Artifact:
        """Return a download with the URL that an indicator gives for its key, and with the URL's file name."""
        key = artifact.key if isinstance(artifact.entry, HttpEntry) else None
        if key not in self._urls or artifact.url_proved:
            return artifact
        url, record = self._urls[key], self._by_key[key][0].record
        parsed = parse_filename(filename := filename_in(url))
        name = (parsed.project, parsed.version, filename) if parsed is not None else (None, None, None)
        return artifact.proved_by(Claim(Evidence.ADVISORY, record, *name), url)

    def clauses_of_metadata(self, artifact: Artifact) -> list[Clause]:
        """Return what matches the distribution file that an artifact is the ``.metadata`` file of (PEP 658)."""
        key = artifact.key if isinstance(artifact.entry, HttpEntry) else None
        indicators = self._by_metadata_key.get(key or "", ())
        clauses = [Clause(indicator, "the URL and .metadata is its key") for indicator in indicators]
        if artifact.kind is Kind.METADATA:
            claimed = (claim.filename.removesuffix(".metadata") for claim in artifact.claims if claim.filename)
            for filename in dict.fromkeys(claimed):
                clauses += self._filename_clauses(filename)
        return list(dict.fromkeys(clauses))

    def clauses_of_source(self, source: Origin) -> list[Clause]:
        """Return what matches the source that a wheel was built from: by URL, digest or name."""
        url = without_user(source.url)
        filename = filename_in(url)
        clauses = [
            Clause(indicator, "the URL of its source")
            for indicator in self._by_key.get(request_key(url) or "", ())
        ]
        digests = {*((name, value.lower()) for name, value in source.hashes), *digests_in_path(url)}
        clauses += [
            Clause(indicator, f"{digest[0]} of its source")
            for digest in sorted(digests)
            for indicator in self._by_digest.get(digest, ())
        ]
        clauses += self._filename_clauses(filename, "its source's file name")
        parsed = parse_filename(filename)
        if parsed is not None and parsed.version is not None and source.commit is None:
            clauses += self._clauses_of_release(normalise(parsed.project), {parsed.version}, set(), Kind.SDIST)
        return list(dict.fromkeys(clauses))

    def clauses_of_commit(self, commit: str) -> list[Clause]:
        """Return what looks for a commit of which the beginning of the id is known."""
        pairs = [(indicator, selector.commit) for indicator, selector in self._selectors if selector.commit]
        fitting = (pair for pair in pairs if pair[1].startswith(commit) or commit.startswith(pair[1]))
        return [Clause(indicator, f"commit {commit}") for indicator, _ in fitting]

    def clauses_of(self, artifact: Artifact, facts: DigestFacts) -> list[Clause]:
        """Return what matches an artifact, the most exact first."""
        clauses = [*self._clauses_by_key(artifact), *self._clauses_by_digest(artifact, facts)]
        is_page = artifact.kind is Kind.PAGE
        if not is_page:  # the names of a page are those of the files it lists
            clauses += self._clauses_by_name(artifact)
        clauses += [
            Clause(indicator, f"{indicator.record} means it")
            for indicator, selector in self._selectors
            if (selector.key is not None or not is_page) and selector.matches(artifact, _no_digest)
        ]
        return list(dict.fromkeys(clauses))

    def clauses_of_listed_file(self, keys: Iterable[str], digests: Iterable[Digest]) -> list[Clause]:
        """Return what matches a file on an index page.

        Args:
            keys: those of its URLs.
            digests: those that the page gives, as hashes or in URLs.
        """
        clauses = [Clause(indicator, "its URL") for key in keys for indicator in self._by_key.get(key, ())]
        clauses += [
            Clause(indicator, f"its {digest[0]}")
            for digest in sorted(digests)
            for indicator in self._by_digest.get(digest, ())
        ]
        return clauses

    def clauses_of_filename(self, filename: str, project: str | None) -> list[Clause]:
        """Return what matches a file by the name that the index page of ``project`` gives it."""
        clauses = self._filename_clauses(filename)
        parsed = parse_filename(filename, project)
        if parsed is not None and parsed.version is not None:
            tagged = {f"{parsed.version}-{parsed.build}"} if parsed.build else set[str]()
            kind = Kind.WHEEL if parsed.is_wheel else Kind.SDIST
            name = normalise(parsed.project)
            if parsed.is_wheel:
                spelled = {parsed.version, parsed.version.replace("_", "-")}
                clauses += self._clauses_of_release(name, spelled, tagged, kind)
            else:
                for name_there, versions in self._releases_in(f"{parsed.project}-{parsed.version}"):
                    clauses += self._clauses_of_release(name_there, versions, set(), kind)
            clauses += [
                Clause(indicator, f"{indicator.record} means it")
                for indicator, selector in self._patterns
                if selector.concerns(name)
            ]
        return clauses

    def _releases_in(self, stem: str) -> Iterator[tuple[str, set[str]]]:
        """Yield the releases that pip may take a file ``stem`` for, as (project, spellings of the version).

        pip splits it behind whichever project it looks for, and drops a Python version at its end
        (``index/package_finder.py``, ``_extract_version_from_fragment`` and ``_py_version_re``).
        """
        for dash in dashes_behind(stem, self._longest_name):
            if (name := normalise(stem[:dash])) in self._by_project:
                version = stem[dash + 1 :]
                yield name, {version, _PYTHON_AT_END.sub("", version)}

    def _filename_clauses(self, filename: str, text: str = "its file's name") -> list[Clause]:
        return [Clause(indicator, text) for indicator in self._by_filename.get(filename, ())]

    def _clauses_by_key(self, artifact: Artifact) -> Iterator[Clause]:
        if isinstance(artifact.entry, HttpEntry):
            for indicator in self._by_key.get(artifact.entry.key, ()):
                yield Clause(indicator, "the URL is its key")

    def _clauses_by_digest(self, artifact: Artifact, facts: DigestFacts) -> Iterator[Clause]:
        owners = ("of the file", "that a page lists for it", "that uv noted")
        for digests, owner in zip((facts.matching, facts.listed, facts.noted), owners, strict=True):
            for digest in sorted(digests):
                for indicator in self._by_digest.get(digest, ()):
                    if indicator.member is None:
                        yield Clause(indicator, f"{digest[0]} {owner}")
        projects = {normalise(claim.project) for claim in artifact.claims if claim.project}
        for digest, member in sorted(facts.members.items()):
            for indicator in self._by_digest.get(digest, ()):
                # the same small files are in many projects, so the project has to agree where it is given
                if _may_be_of_member(indicator) and (indicator.project is None or indicator.project in projects):
                    yield Clause(indicator, f"{digest[0]} of the member {member}")

    def _clauses_by_name(self, artifact: Artifact) -> Iterator[Clause]:
        projects = {normalise(claim.project) for claim in own_claims(artifact) if claim.project}
        for filename in sorted(filenames_of(artifact) & self._by_filename.keys()):
            yield from self._filename_clauses(filename)
        for project in sorted(projects & self._by_project.keys()):
            yield from self._clauses_of_release(project, *versions_of(artifact, project), artifact.kind)

    def _clauses_of_release(
        self, project: str, versions: set[str], tagged: set[str], kind: Kind
    ) -> Iterator[Clause]:
        """Yield what matches a file of a release.

        Args:
            project: normalised.
            versions: all spellings of the version; they compare by PEP 440.
            tagged: the version with the build tag; these compare as text.
            kind: of the file.
        """
        release = project, tuple(sorted(versions)), tuple(sorted(tagged))
        if release not in self._release_clauses:  # a release has many files
            indicators = self._by_project.get(project, ())
            self.steps += sum(indicator.steps for indicator in indicators)
            meanings = sorted({means for version in versions for means in affected_by(version)} | tagged)
            texts = ((indicator, self._version_text(indicator, versions, meanings)) for indicator in indicators)
            self._release_clauses[release] = [
                Clause(indicator, text) for indicator, text in texts if text is not None
            ]
        for clause in self._release_clauses[release]:
            if not clause.indicator.kinds or _is_of_kind(kind, clause.indicator.kinds):
                yield clause

    def _version_text(self, indicator: Indicator, versions: set[str], meanings: Sequence[str]) -> str | None:
        """Return the part of an indicator that matches a version, for people; None where none does.

        Args:
            indicator: the indicator.
            versions: all spellings of the version.
            meanings: as which a version may be listed that means it, sorted.
        """
        if indicator.every_version:
            return "every version"
        if (listed := self._listed_versions.get(id(indicator))) is None:
            listed = {means: version for version in reversed(indicator.versions) for means in listed_as(version)}
            listed |= {version.lower(): version for version in indicator.versions}
            self._listed_versions[id(indicator)] = listed
        for means in meanings:
            if means in listed:
                return f"version {listed[means]} is listed"
        if indicator.specifiers and any(contains(indicator.specifiers, version) for version in sorted(versions)):
            return f"version {indicator.specifiers}"
        for span in indicator.ranges:
            is_left_aside = self._only_listed and not span.is_alone
            if not is_left_aside and any(range_contains(span, version) for version in sorted(versions)):
                return sys.intern(f"range: {span.text()}")  # most versions of a project are in it
        return None


_PYTHON_AT_END = re.compile(r"-py[123]\.?[0-9]?$")


def _no_digest(_artifact: Artifact, _algorithm: str) -> None:
    """Return no digest: selectors that are digests are indicators."""


def _is_of_kind(kind: Kind, kinds: frozenset[str]) -> bool:
    """Return whether a kind is in ``kinds``, or derives from one of them: a built wheel from an sdist."""
    parent = {Kind.BUILT: "sdist", Kind.METADATA: "wheel"}.get(kind, kind.value)
    return kind.value in kinds or parent in kinds


def _may_be_of_member(indicator: Indicator) -> bool:
    """Return whether the digest of an indicator may be that of an archive member.

    A digest with a URL or a project is that of a file, unless the advisory names the member.
    """
    return indicator.member is not None or not (indicator.urls or indicator.project)
