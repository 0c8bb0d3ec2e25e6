"""The audit of one cache: hits, their proofs, and what could not be judged."""

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from pipcache.advisories.model import Advisories
from pipcache.audit.answer import Answer
from pipcache.audit.build_tags import name_by_build_tags
from pipcache.audit.derivation import Derivation, Hit, Relation, display_name
from pipcache.audit.hashed_members import hash_members
from pipcache.audit.inconclusive import Inconclusive, find_inconclusive, is_archive
from pipcache.audit.matcher import DigestFacts, Matcher
from pipcache.audit.members import recorded_members
from pipcache.audit.pages import PageScan
from pipcache.audit.proved_names import name_by_filenames, with_proofs
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind, path_of, unreadable_entries, with_refusals
from pipcache.inventory.body import digests_of
from pipcache.inventory.built_from import SourceIndex
from pipcache.inventory.proof import PROOF_ALGORITHMS, prove_by_bytes
from pipcache.location.locate import CacheDirectory
from pipcache.location.machine import UnreadCache
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry, is_link
from pipcache.util.hashes import Digest
from pipcache.util.progress import Track
from pipcache.util.workers import Workers


class CacheAudit(NamedTuple):
    """The result of the audit of one cache.

    Attributes:
        hits: the artifacts that an advisory concerns; matches come first.
        inconclusive: what could not be judged.
        entries: the number of artifacts that were audited.
        distributions: the number of distribution files among them.
        pages: the number of index pages among them.
        artifacts: all artifacts of the cache, also those that were not audited.
        seen: what uv noted of matches without keeping them: pages, metadata, pointers to what is gone.
        unknown: the folders that were read although their layout is newer than what is known here.
    """

    hits: list[Hit]
    inconclusive: list[Inconclusive]
    entries: int
    distributions: int
    pages: int
    artifacts: Sequence[Artifact] = ()
    seen: Sequence[Hit] = ()
    unknown: tuple[str, ...] = ()


EMPTY_AUDIT = CacheAudit(hits=[], inconclusive=[], entries=0, distributions=0, pages=0)


class AuditedCache(NamedTuple):
    """A cache and the result of its audit.

    Attributes:
        directory: the cache directory.
        owners: what names the directory as a cache, as text to show: an option, a setting, a user.
        audit: the result; ``EMPTY_AUDIT`` where the cache could not be read.
        problem: why the cache could not be read, as text to show; None where it could.
    """

    directory: CacheDirectory
    owners: tuple[str, ...]
    audit: CacheAudit
    problem: str | None = None

    @property
    def is_read(self) -> bool:
        """Whether there is a cache, and it could be read."""
        return self.problem is None and self.directory.exists is not False


class TimeRange(NamedTuple):
    """A range of times in seconds since the epoch, both ends included; None means that it has no such end."""

    since: float | None = None
    until: float | None = None

    def contains(self, artifact: Artifact) -> bool:
        """Return whether an artifact was downloaded or written in the range; True where no time is known."""
        written = None if artifact.made_ns is None else artifact.made_ns / 1e9
        times = [time for time in (written, response_date(artifact)) if time is not None]
        return not times or any(
            (self.since is None or time >= self.since) and (self.until is None or time <= self.until)
            for time in times
        )


class AuditReport(NamedTuple):
    """The answer of ``audit``.

    Attributes:
        caches: the caches and their results.
        advisories: what was read of the advisories.
        everywhere: all caches of the machine were audited.
        unread: caches of other installers on the machine, which are not read.
        time_range: the artifacts that were audited are those of this time.
    """

    caches: list[AuditedCache]
    advisories: Advisories
    everywhere: bool = False
    unread: tuple[UnreadCache, ...] = ()
    time_range: TimeRange = TimeRange()

    @property
    def hits(self) -> list[Hit]:
        """The hits in all caches."""
        return [hit for cache in self.caches for hit in cache.audit.hits]

    @property
    def answer(self) -> Answer:
        """The answer; a hit counts more than what could not be judged."""
        if self.hits:
            return Answer.FOUND
        return Answer.CLEAN if self.is_whole else Answer.UNKNOWN

    @property
    def is_whole(self) -> bool:
        """Whether everything could be judged; a pattern of ids that no record has looks for nothing."""
        judged = not any(cache.problem is not None or cache.audit.inconclusive for cache in self.caches)
        return judged and not self.unread and not self.advisories.unmatched


def response_date(artifact: Artifact) -> float | None:
    """Return the ``Date`` of a response (RFC 9110, 6.6.1) in seconds since the epoch; None without a valid one."""
    text = "" if artifact.head is None else artifact.head.headers.get("date", "")
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def audit(
    cache: Cache,
    chosen: Sequence[Artifact],
    artifacts: Sequence[Artifact],
    page_scan: PageScan,
    track: Track,
    *,
    deep: bool = False,
) -> CacheAudit:
    """Audit one cache.

    Args:
        cache: the cache.
        chosen: the artifacts that are audited.
        artifacts: all artifacts of the cache.
        page_scan: has the matcher, and has scanned the index pages when ``artifacts`` were read.
        track: reports progress.
        deep: hash the members of archives; otherwise only the digests in RECORD are compared.
    """
    matcher = page_scan.matcher
    without_links = [artifact for artifact in chosen if not is_link(artifact.entry)]
    proved_sdists = with_proofs(without_links, page_scan.proofs)
    with_build_tags, unsure_versions = name_by_build_tags(cache, proved_sdists, matcher)
    audited, unsure_filenames = name_by_filenames(cache, with_build_tags, matcher)
    facts = _read_facts(cache, audited, matcher, track, deep=deep)
    clauses = ((artifact, matcher.clauses_of(artifact, facts[path_of(artifact)])) for artifact in audited)
    hits = [Hit(artifact, Relation.MATCH, tuple(matching)) for artifact, matching in clauses if matching]
    matches = _with_proofs(cache, hits, matcher=matcher, facts=facts, track=track)
    derivation = Derivation(cache, audited, matcher)
    derived = derivation.derived_from(matches)
    proved = matches + _with_proofs(cache, derived, matcher=matcher, facts=facts, track=track)
    listable = [hit for hit in proved if hit.relation is not Relation.METADATA]
    page_hits, inconclusive_pages = page_scan.hits(audited, listable)
    proved += _with_proofs(cache, page_hits, matcher=matcher, facts=facts, track=track)
    problems = {path: fact.problem for path, fact in facts.items() if fact.problem is not None}
    reasons = unsure_versions | unsure_filenames | derivation.contradicted | problems
    inconclusive = [
        *find_inconclusive(cache, audited, artifacts=artifacts, matcher=matcher, reasons=reasons),
        *inconclusive_pages,
    ]
    judged = {entry.path for entry in inconclusive}
    inconclusive += [
        Inconclusive(entry.path, f"cannot be looked at: {entry.error}")
        for entry in unreadable_entries(with_refusals(artifacts, cache.refused))
        if entry.path not in judged
    ]
    hit_paths = {path_of(hit.artifact) for hit in proved}
    return CacheAudit(
        hits=_with_context(proved, artifacts, page_hits),
        inconclusive=[entry for entry in inconclusive if entry.path not in hit_paths],
        entries=len(audited),
        distributions=sum(artifact.kind in DISTRIBUTIONS for artifact in audited),
        pages=sum(artifact.kind is Kind.PAGE for artifact in audited),
        artifacts=artifacts,
    )


def _read_facts(
    cache: Cache, artifacts: Sequence[Artifact], matcher: Matcher, track: Track, *, deep: bool
) -> dict[str, DigestFacts]:
    """Return what has to be compared with digests, by the paths of entries; it is read on all cores."""
    algorithms = tuple(sorted(matcher.algorithms))

    def read(artifact: Artifact) -> DigestFacts:
        if not algorithms or not isinstance(artifact.entry, (HttpEntry, BuiltEntry)):
            return DigestFacts()
        listed = () if artifact.listed is None or artifact.kind is Kind.METADATA else artifact.listed.hashes
        # hash these now too: the proof of a match needs them, and the file is read once
        for_proof = PROOF_ALGORITHMS if matcher.clauses_of(artifact, DigestFacts()) else ()
        computed = digests_of(cache, artifact, {*algorithms, *for_proof})
        missing = [name for name in algorithms if name not in computed]
        problem = f"its {', '.join(missing)} could not be computed" if missing else None
        members, members_problem = _members(cache, artifact, matcher, algorithms, deep=deep)
        if problem is None and (deep or matcher.names_members):
            problem = members_problem
        return DigestFacts(
            matching=frozenset(filter(matcher.has_digest, computed.items())),
            listed=frozenset(filter(matcher.has_digest, listed)),
            members={digest: path for digest, path in members.items() if matcher.has_digest(digest)},
            problem=problem,
            computed=computed,
        )

    with Workers() as workers:
        facts = list(track(workers.map(read, artifacts), len(artifacts), "Hashing"))
    return {path_of(artifact): fact for artifact, fact in zip(artifacts, facts, strict=True)}


def _members(
    cache: Cache, artifact: Artifact, matcher: Matcher, algorithms: Sequence[str], *, deep: bool
) -> tuple[dict[Digest, str], str | None]:
    """Return the paths of an archive's members by their digests, and why not all of them can be compared."""
    if not matcher.looks_for_members or not is_archive(cache, artifact):
        return {}, None
    if deep:
        hashed = hash_members(cache, artifact, algorithms)
        return recorded_members(cache, artifact).paths | hashed.paths, hashed.problem
    if artifact.kind not in {Kind.WHEEL, Kind.BUILT}:
        return {}, "its members were not hashed (--deep does)"
    recorded = recorded_members(cache, artifact)
    if not recorded.paths:
        return {}, "its RECORD could not be read (--deep hashes its members)"
    if recorded.unlisted is not None:
        return recorded.paths, f"its RECORD has no digest of {recorded.unlisted} (--deep hashes its members)"
    is_comparable = any(name in algorithms for name, _ in recorded.paths)
    return recorded.paths, None if is_comparable else "its RECORD has other digests (--deep hashes its members)"


def _with_proofs(
    cache: Cache, hits: Sequence[Hit], *, matcher: Matcher, facts: Mapping[str, DigestFacts], track: Track
) -> list[Hit]:
    """Return hits with the digests of their bytes, and with the URL that the key and these prove."""

    def prove(hit: Hit) -> Hit:
        proved, digests = prove_by_bytes(cache, hit.artifact, facts[path_of(hit.artifact)].computed)
        return hit._replace(digests=digests, artifact=matcher.with_indicator_url(proved))

    with Workers() as workers:
        return list(track(workers.map(prove, hits), len(hits), "Proving"))


def _with_context(hits: Sequence[Hit], artifacts: Sequence[Artifact], page_hits: Sequence[Hit]) -> list[Hit]:
    """Return hits with the pages that list them, and with the source of built wheels."""
    wanted = {filename for hit in hits for filename in _filenames_of(hit)}
    pages: dict[str, dict[str, None]] = {}  # projects, in order and without repetitions, by listed file name
    for page in page_hits:
        for filename in wanted.intersection(page.listed):
            pages.setdefault(filename, {})[page.artifact.project or display_name(page.artifact)] = None
    downloads = SourceIndex(artifacts)
    hits_with_context = []
    for hit in hits:
        artifact = hit.artifact
        listed_by = dict.fromkeys(
            project for filename in _filenames_of(hit) for project in pages.get(filename, ())
        )
        source = None
        if artifact.source is not None and isinstance(artifact.entry, BuiltEntry):
            source = artifact.source.url, bool(downloads.sources_of(artifact))
        hits_with_context.append(hit._replace(listed_by=tuple(listed_by), source=source))
    return hits_with_context


def _filenames_of(hit: Hit) -> list[str]:
    """Return the file names of a hit."""
    return [name for name in (hit.artifact.filename, *hit.artifact.filenames) if name]
