"""Indicators, indexed so that each artifact is compared with the few that can mean it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcache.advisories.model import Indicator
from pipcache.audit.versions import filenames_of, is_in, own_claims, twins_in, versions_of
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.query.selector import Selector
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import request_key
from pipcache.store.origin import Origin
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.urls import digests_in_path, filename_in, without_user
from pipcache.util.versions import canonical, contains

Digest = tuple[str, str]
"""An algorithm and a hex digest."""


class Clause(NamedTuple):
    """What of an indicator met an artifact, in words."""

    indicator: Indicator
    text: str


class Facts(NamedTuple):
    """What was read of an artifact: digests of its bytes, and its members by their digests."""

    digests: frozenset[Digest] = frozenset()
    listed: frozenset[Digest] = frozenset()
    members: Mapping[Digest, str] = {}
    problem: str | None = None  # why not all of it could be compared
    computed: Mapping[str, str] = {}  # hex digests of its bytes, by their algorithms


class Book:
    """Indicators, found by project, key and digest; the answer is the same as of one by one."""

    def __init__(
        self,
        indicators: Sequence[Indicator],
        *,
        only_listed: bool = False,
        selectors: Iterable[tuple[Indicator, Selector]] = (),
        unsure: frozenset[str] = frozenset(),
    ) -> None:
        """Take indicators in, and what selectors mean that are none; ``only_listed`` leaves ranges aside."""
        self._only_listed = only_listed
        self.unsure = unsure
        self._selectors = tuple(selectors)
        self._patterns = [one for one in self._selectors if one[1].pattern is not None]
        self._projects: dict[str, list[Indicator]] = {}
        self._keys: dict[str, list[Indicator]] = {}
        self._beside: dict[str, list[Indicator]] = {}  # by the keys of metadata files
        self._urls: dict[str, str] = {}
        self._digests: dict[Digest, list[Indicator]] = {}
        self._filenames: dict[str, list[Indicator]] = {}
        self._releases: dict[tuple[str, frozenset[str], frozenset[str]], list[Clause]] = {}
        self._canonical: dict[Indicator, dict[str, str]] = {}
        for one in indicators:
            if one.project is not None and one.filename is None and not (one.urls or one.digests):
                self._projects.setdefault(one.project, []).append(one)
            for url in one.urls:
                if (key := request_key(url)) is not None:
                    self._keys.setdefault(key, []).append(one)
                    self._urls.setdefault(key, without_user(url))
                    self._beside.setdefault(request_key(f"{url}.metadata") or "", []).append(one)
            for digest in one.digests:
                self._digests.setdefault(digest, []).append(one)
            if one.filename is not None and not (one.urls or one.digests):
                self._filenames.setdefault(one.filename, []).append(one)
        self._twins = twins_in(indicators)
        self.projects = _projects_of(indicators, self._selectors)
        self.keys = frozenset(self._keys)
        self.served = frozenset(filename_in(url) for one in indicators for url in one.urls)
        self.values = frozenset(value for _, value in self._digests)
        # what stands before the file's name in PyPI's paths, of the digest that is told by these
        self.folders = frozenset(value[4:] for name, value in self._digests if name == "blake2b_256")
        by_digest = [one for several in self._digests.values() for one in several]
        # a digest may be of a member of an archive, but for those that are said to be of a file
        self.looks_for_members = any(map(_may_be_of_a_member, by_digest))
        # one that may be of a file for all that is said
        self.is_sure_of_files = any(one.member is None and not one.urls for one in by_digest)
        # one that is said to be of a member: then what was not read of archives is not judged
        self.is_sure_of_members = any(one.member is not None for one in by_digest)

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms of all digests that are looked for."""
        return frozenset(name for name, _ in self._digests)

    @property
    def looks_for_names(self) -> bool:
        """True when an artifact has to be named to be judged."""
        return bool(self._projects or self._filenames) or any(
            selector.names_projects for _, selector in self._selectors
        )

    def concerns(self, project: str) -> bool:
        """Return whether any indicator names a project."""
        return project in self._projects

    def twins(self, project: str, version: str) -> list[str]:
        """Return the versions like ``0.1.2-1`` that are listed of a project beside its ``version``."""
        return self._twins.get((project, canonical(version)), []) if self._twins else []

    def has_digest(self, digest: Digest) -> bool:
        """Return whether a digest is looked for."""
        return digest in self._digests

    @property
    def looks_for_bytes(self) -> bool:
        """True when digests or URLs are looked for, which need no name."""
        return bool(self._digests or self._keys)

    @property
    def looks_for_filenames(self) -> bool:
        """True when files are looked for by their whole names."""
        return bool(self._filenames)

    def may_be_named(self, project: str | None) -> bool:
        """Return whether a page of a project may list what an indicator means by its name."""
        is_known = project is None or project in self._projects or self.looks_for_filenames
        return is_known or any(selector.concerns(project or "") for _, selector in self._patterns)

    def may_be_listed(self, project: str | None) -> bool:
        """Return whether a page of a project may list what an indicator means."""
        return self.looks_for_bytes or self.may_be_named(project)

    def name(self, artifact: Artifact) -> Artifact:
        """Return a download with the URL, and its file's name, that an indicator gives for its key."""
        key = artifact.key if isinstance(artifact.entry, HttpEntry) else None
        if key not in self._urls or artifact.url_proved:
            return artifact
        url, record = self._urls[key], self._keys[key][0].record
        parsed = parse_filename(name := filename_in(url))
        named = (parsed.project, parsed.version, name) if parsed is not None else (None, None, None)
        claims = (Claim(Evidence.ADVISORY, record, *named), *artifact.claims)
        return artifact._replace(claims=claims, url=url, url_proved=True)

    def of_metadata(self, artifact: Artifact) -> list[Clause]:
        """Return what means the file that a metadata file lies beside."""
        key = artifact.key if isinstance(artifact.entry, HttpEntry) else None
        found = [Clause(one, "the URL and .metadata is its key") for one in self._beside.get(key or "", ())]
        names = {one.filename.removesuffix(".metadata") for one in artifact.claims if one.filename}
        if artifact.kind is Kind.METADATA:
            found += [Clause(one, "its file's name") for name in names for one in self._filenames.get(name, ())]
        return list(dict.fromkeys(found))

    def of_source(self, source: Origin) -> list[Clause]:
        """Return what means the source that a wheel was built from, by its URL or its digest."""
        url = without_user(source.url)
        found = [Clause(one, "the URL of its source") for one in self._keys.get(request_key(url) or "", ())]
        told = {*((name, value.lower()) for name, value in source.hashes), *digests_in_path(url)}
        found += [
            Clause(one, f"{digest[0]} of its source")
            for digest in sorted(told)
            for one in self._digests.get(digest, ())
        ]
        filename = filename_in(url)
        found += [Clause(one, "its source's file name") for one in self._filenames.get(filename, ())]
        parsed = parse_filename(filename)
        if parsed is not None and parsed.version is not None and source.commit is None:
            name = normalise(parsed.project)
            found += self._named(name, {parsed.version}, set(), Kind.SDIST)
        return list(dict.fromkeys(found))

    def clauses(self, artifact: Artifact, facts: Facts) -> list[Clause]:
        """Return what means ``artifact``, the most exact first."""
        found = [*self._by_key(artifact), *self._by_digest(artifact, facts)]
        is_page = artifact.kind is Kind.PAGE  # its names are those of what it lists
        found += () if is_page else self._by_name(artifact)
        meant = (
            Clause(one, f"{one.record} means it")
            for one, selector in self._selectors
            if (selector.key is not None or not is_page) and selector.matches(artifact, _no_digest)
        )
        return list(dict.fromkeys([*found, *meant]))

    def of_file(self, keys: Iterable[str], digests: Iterable[Digest]) -> list[Clause]:
        """Return what means a file that an index page lists, by its keys and the digests that are told of it."""
        found = [Clause(one, "its URL") for key in keys for one in self._keys.get(key, ())]
        found += [
            Clause(one, f"its {digest[0]}") for digest in sorted(digests) for one in self._digests.get(digest, ())
        ]
        return found

    def of_name(self, filename: str, project: str | None) -> list[Clause]:
        """Return what means a file by the name that an index page of ``project`` gives it."""
        found = [Clause(one, "its file's name") for one in self._filenames.get(filename, ())]
        parsed = parse_filename(filename, project)
        if parsed is not None and parsed.version is not None:
            texts = {f"{parsed.version}-{parsed.build}"} if parsed.build else set[str]()
            kind = Kind.WHEEL if parsed.is_wheel else Kind.SDIST
            name = normalise(parsed.project)
            found += self._named(name, {parsed.version}, texts, kind)
            found += [Clause(one, f"{one.record} means it") for one, by in self._patterns if by.concerns(name)]
        return found

    def _by_key(self, artifact: Artifact) -> Iterator[Clause]:
        if isinstance(artifact.entry, HttpEntry):
            yield from (Clause(one, "the URL is its key") for one in self._keys.get(artifact.entry.key, ()))

    def _by_digest(self, artifact: Artifact, facts: Facts) -> Iterator[Clause]:
        for digests, told in ((facts.digests, "of the file"), (facts.listed, "that a page lists for it")):
            for digest in sorted(digests):
                of_files = (one for one in self._digests.get(digest, ()) if one.member is None)
                yield from (Clause(one, f"{digest[0]} {told}") for one in of_files)
        projects = {normalise(claim.project) for claim in artifact.claims if claim.project}
        for digest, member in sorted(facts.members.items()):
            told = f"{digest[0]} of the member {member}"
            for one in self._digests.get(digest, ()):
                # boilerplate has the same digest in many projects
                if _may_be_of_a_member(one) and (one.project is None or one.project in projects):
                    yield Clause(one, told)

    def _by_name(self, artifact: Artifact) -> Iterator[Clause]:
        names = {normalise(claim.project) for claim in own_claims(artifact) if claim.project}
        for filename in sorted(filenames_of(artifact) & self._filenames.keys()):
            yield from (Clause(one, "its file's name") for one in self._filenames[filename])
        for project in sorted(names & self._projects.keys()):
            spelled, texts = versions_of(artifact, project)
            yield from self._named(project, spelled, texts, artifact.kind)

    def _named(self, project: str, spelled: set[str], texts: set[str], kind: Kind) -> Iterator[Clause]:
        """Yield what means a project's file at a version, however it is spelled; ``texts`` are to the letter."""
        release = project, frozenset(spelled), frozenset(texts)
        if release not in self._releases:  # a version has many files
            told = ((one, self._version_clause(one, spelled, texts)) for one in self._projects.get(project, ()))
            self._releases[release] = [Clause(one, text) for one, text in told if text is not None]
        for clause in self._releases[release]:
            if not clause.indicator.kinds or _is_of_kind(kind, clause.indicator.kinds):
                yield clause

    def _version_clause(self, indicator: Indicator, spelled: set[str], texts: set[str]) -> str | None:
        if indicator.every_version:
            return "every version"
        if indicator not in self._canonical:
            versions = [(canonical(version), version) for version in reversed(indicator.versions)]
            self._canonical[indicator] = dict(versions) | {one.lower(): one for one in indicator.versions}
        listed = self._canonical[indicator]
        for version in sorted({canonical(version) for version in spelled} | texts):
            if version in listed:
                return f"version {listed[version]} is listed"
        if indicator.specifiers and any(contains(indicator.specifiers, version) for version in sorted(spelled)):
            return f"version {indicator.specifiers}"
        if self._only_listed:
            return None
        for part in indicator.ranges:
            if any(is_in(part, version) for version in sorted(spelled)):
                return f"range: {part.text()}"
        return None


def _no_digest(artifact: Artifact, algorithm: str) -> None:
    del artifact, algorithm


def _projects_of(
    indicators: Iterable[Indicator], selectors: Iterable[tuple[Indicator, Selector]]
) -> frozenset[str] | None:
    """Return the projects that all of it is about; None when some of it may be about any."""
    found: set[str] = set()
    if any(selector.project is None for _, selector in selectors):
        return None
    for one in indicators:
        names = {one.project} if one.project is not None else set[str]()
        for filename in filter(None, (one.filename, *map(filename_in, one.urls))):
            if (parsed := parse_filename(filename)) is not None and parsed.is_wheel:
                names.add(normalise(parsed.project))
            elif parsed is not None:
                # where the version of an sdist begins cannot be told by its name alone
                parts = filename.split("-")
                names |= {normalise("-".join(parts[:end])) for end in range(1, len(parts))}
        if not names:
            return None
        found |= names
    return frozenset(found)


def _is_of_kind(kind: Kind, kinds: frozenset[str]) -> bool:
    """Return whether a kind is one of ``kinds``, or comes from one: a built wheel from an sdist."""
    parent = {Kind.BUILT: "sdist", Kind.METADATA: "wheel"}.get(kind, kind.value)
    return kind.value in kinds or parent in kinds


def _may_be_of_a_member(indicator: Indicator) -> bool:
    """Return whether a digest may be of a member: one of a URL's or of a project's is of a file."""
    return indicator.member is not None or not (indicator.urls or indicator.project)
