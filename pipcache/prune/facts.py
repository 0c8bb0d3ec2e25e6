"""The facts that policies decide on, gathered before."""

import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.commands.verification import judge_for
from pipcache.inventory.artifact import Artifact, Kind, path_of, unread
from pipcache.inventory.body import digest_lookup, is_text, open_body
from pipcache.inventory.collector import Need, known_bases, name_as_needed, name_by_pages, page_reader
from pipcache.inventory.identify import identify, identify_by_head
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.locks.lockfiles import BadLock
from pipcache.prune.dead_weight import DAY
from pipcache.prune.policies import Known, Policies
from pipcache.query.filters import Filters
from pipcache.query.selection import select
from pipcache.removal.clearing import is_leftover_folder
from pipcache.removal.plan import Reason, is_young
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, Entry, HttpEntry, Leftover, StrayEntry, UnreadableEntry, entry_path
from pipcache.store.keys import request_key
from pipcache.store.layout import Store
from pipcache.store.scan import Survey
from pipcache.util.files import keeps_access_times
from pipcache.util.progress import Track
from pipcache.verify.lock_index import read_locks

if TYPE_CHECKING:
    from pipcache.prune.needs import Needs
    from pipcache.query.selector import Selector


class Request(NamedTuple):
    """What ``prune`` was asked for; ``verdicts`` are damaged and poisoned."""

    policies: Policies
    keep: tuple["Selector", ...] = ()
    keep_for: tuple[str, ...] = ()
    verdicts: tuple[Reason, ...] = ()
    against: tuple[str, ...] = ()

    @property
    def needs_names(self) -> bool:
        """True when what an artifact is decides on it; else heads, places and times do, and no body is read."""
        policies = self.policies
        by_policy = policies.ci or policies.duplicates or policies.keep_latest is not None
        return by_policy or bool(self.keep or self.keep_for or self.verdicts)


class Gathered(NamedTuple):
    """What is known, the empty folders, and what is to be told beside the plan."""

    known: Known
    empty: list[str]
    unmatched: list["Selector"]  # of --keep
    unjudged: int
    unseen: list[UnreadableEntry]  # what could not be looked at
    foreign: int  # files of others, whose last use looking at them moves
    keeps_access_times: bool


def gather(directory: CacheDirectory, request: Request, track: Track) -> Gathered:
    """Read the cache as far as the policies need it; nothing is touched.

    Raises:
        BadLock: a file of ``--keep-for`` or ``--against`` is none.
        KeyboardInterrupt: the judging was interrupted.
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    needs, locks = _read_needs(request.keep_for), read_locks(request.against)
    now = time.time()
    cache = Cache(directory.path)
    found = cache.survey()
    artifacts = _read(cache, found, request, needs, track)
    selection = select(cache, artifacts, request.keep, Filters(), track)
    kept = frozenset(path_of(one) for one in selection.chosen) if request.keep else frozenset[str]()
    named = strangers = None
    if needs is not None:
        named = _named(cache, artifacts, needs, track)
        strangers = frozenset(path_of(one) for one in artifacts if one.project and not needs.knows(one))
    judged = judge_for(directory, request.verdicts, artifacts, artifacts, locks) if request.verdicts else None
    counts = keeps_access_times(directory.path)

    def used(artifact: Artifact) -> float:
        times = [
            time for file in artifact.files for time in _times(file.stat.st_mtime, file.stat.st_atime, counts)
        ]
        return max(times, default=now)

    known = Known(
        artifacts,
        now,
        used,
        {entry_path(entry): cache.look_inside(entry) for entry in found.entries if is_leftover_folder(entry)},
        kept,
        named,
        strangers or frozenset(),
        {} if judged is None else {path_of(one): (reason, why) for one, reason, why in judged.taken},
        _alike(cache, artifacts, track) if request.policies.duplicates else (),
        frozenset(path_of(one) for one in artifacts if _is_unfinished(cache, one, now)),
        any(_is_building(entry, now) for entry in found.entries),
        bool(request.keep or needs is not None),
        _sources(cache, artifacts, track) if request.policies.ci else frozenset(),
    )
    unjudged = 0 if judged is None else judged.unjudged
    unseen = list(_unseen(known))
    return Gathered(known, found.empty, selection.unmatched, unjudged, unseen, _foreign(artifacts), counts)


def _is_building(entry: Entry, now: float) -> bool:
    """Return whether a pip (25.3 or newer) seems to be building a wheel in the cache at this moment."""
    if not isinstance(entry, StrayEntry) or entry.why != Leftover.BUILD_FOLDER:
        return False
    return now - entry.file.stat.st_mtime < DAY


def _sources(cache: Cache, artifacts: Sequence[Artifact], track: Track) -> frozenset[str]:
    """Return the downloads that have the bytes a built wheel came from, where its URL does not lead to them.

    What could not be looked at may be a wheel that was built from any sdist: then all of them may be sources.
    """
    downloads = [one for one in artifacts if isinstance(one.entry, HttpEntry)]
    sdists = [one for one in downloads if one.kind in {Kind.SDIST, Kind.OTHER}]
    built = [one for one in artifacts if isinstance(one.entry, BuiltEntry)]
    if any(one.store is Store.WHEELS for one in unread(artifacts)) or any(map(_has_closed_origin, built)):
        return frozenset(path_of(one) for one in sdists if one.kind is Kind.SDIST)
    keys = {one.key for one in sdists}
    lost = [one.source for one in built if one.source is not None and request_key(one.source.url) not in keys]
    wanted = {pair for source in lost for pair in source.hashes if pair[0] == "sha256"}
    if not wanted:
        return frozenset()
    redirected = [one for one in sdists if one.size and not one.is_redirect]
    digest_of = digest_lookup(cache, redirected, ("sha256",), track)
    return frozenset(path_of(one) for one in redirected if ("sha256", digest_of(one, "sha256")) in wanted)


def _has_closed_origin(artifact: Artifact) -> bool:
    return any(note.startswith(_CLOSED) for note in artifact.notes)


_CLOSED = "origin.json cannot be read: "


def _is_unfinished(cache: Cache, artifact: Artifact, now: float) -> bool:
    """Return whether a pip before 25.3 may still be copying a wheel that it built, whose end comes last."""
    entry = artifact.entry
    if not isinstance(entry, BuiltEntry) or entry.origin is not None or not is_young(entry.wheel.stat, now):
        return False
    from pipcache.archive.zip_reader import ZipDirectory  # noqa: PLC0415 - rare

    try:
        with open_body(cache, artifact) as body:
            ZipDirectory(body.window)
    except (OSError, ValueError):
        return True
    return False


def _unseen(known: Known) -> Iterator[UnreadableEntry]:
    """Yield the places and files that could not be looked at."""
    yield from unread(known.artifacts)
    for inside in known.insides.values():
        yield from (one for one in inside.problems if isinstance(one, UnreadableEntry))
    for one in known.artifacts:
        if isinstance(one.entry, BuiltEntry) and one.entry.origin is not None:
            closed = (note.removeprefix(_CLOSED) for note in one.notes if note.startswith(_CLOSED))
            yield from (UnreadableEntry(one.store, one.entry.origin.path, why) for why in closed)


def _foreign(artifacts: Iterable[Artifact]) -> int:
    """Return how many files belong to somebody else: only their owner (and root) reads without a trace."""
    own = os.geteuid() if hasattr(os, "geteuid") else 0
    return 0 if own == 0 else sum(file.stat.st_uid != own for one in artifacts for file in one.files)


def _times(modified: float, accessed: float, counts: bool) -> tuple[float, ...]:  # noqa: FBT001 - of the file system
    """Return when a file was used: writing is a use too, and the only one that is told where reading is not."""
    return (modified, accessed) if counts else (modified,)


def _read_needs(paths: Sequence[str]) -> "Needs | None":
    """Return what the files of ``--keep-for`` name; None without one.

    Raises:
        BadLock: one of them is no lock or requirements file, names nothing, or cannot be read.
    """
    if not paths:
        return None
    # parsers that most runs do not need
    from pipcache.locks.lockfiles import NamesNothing, read_names  # noqa: PLC0415
    from pipcache.locks.model import LockError, Pin  # noqa: PLC0415
    from pipcache.prune.needs import Needs  # noqa: PLC0415 - as above

    rows: list[Pin] = []
    empty: list[LockError] = []
    try:
        for path in paths:
            try:
                rows += (one._replace(source=path) for one in read_names(path))
            except NamesNothing as error:
                empty.append(error)
        if not rows:
            raise empty[0]
    except LockError as error:
        raise BadLock(str(error), hint="Nothing was removed.") from None
    return Needs(rows)


def _read(cache: Cache, found: Survey, request: Request, needs: "Needs | None", track: Track) -> list[Artifact]:
    """Return the artifacts of a survey, named as far as the policies need it."""
    entries = track(found.entries, len(found.entries), "Reading")
    bases = known_bases(configured_indexes)
    if not request.needs_names:
        artifacts = [identify_by_head(cache, entry) for entry in entries]
    else:
        deep = bool(request.keep or needs is not None)
        artifacts = [
            identify(cache, entry, deep=deep or isinstance(entry, StrayEntry), bases=bases) for entry in entries
        ]
        wanted = needs.projects_with_digests() if needs is not None else frozenset[str]()
        by_project = needs is not None or request.policies.keep_latest is not None
        if request.policies.keep_latest is not None:
            wanted |= _with_versions(artifacts)  # whose pages tell what was yanked
        need = Need(deep=deep, selectors=request.keep, pages=by_project, projects=wanted)
        artifacts = name_as_needed(page_reader(cache, artifacts), artifacts, need, configured_indexes, track)
    # before pip 22.2 only the page of its sdist tells under which key a wheel lies
    untold = {one.project for one in artifacts if isinstance(one.entry, BuiltEntry) and one.source is None}
    if not untold:
        return artifacts
    if not request.needs_names:
        artifacts = [identify(cache, one.entry) if _may_be_a_page(one) else one for one in artifacts]
    reader = page_reader(cache, artifacts)
    return name_by_pages(reader, artifacts, lambda project: project in untold, configured_indexes, track)


def _with_versions(artifacts: Iterable[Artifact]) -> frozenset[str]:
    """Return the projects of which there are several versions."""
    versions: dict[str, set[str | None]] = {}
    for one in artifacts:
        if one.project is not None and isinstance(one.entry, (HttpEntry, BuiltEntry)) and one.version is not None:
            versions.setdefault(one.project, set()).add(one.version)
    return frozenset(project for project, several in versions.items() if len(several) > 1)


def _may_be_a_page(artifact: Artifact) -> bool:
    """Return whether a download of which only the head was read can be a page that says it in its body alone."""
    content_type = "" if artifact.head is None else artifact.head.headers.get("content-type", "")
    return artifact.kind is Kind.UNKNOWN and content_type.startswith("text/html")


def _named(cache: Cache, artifacts: Sequence[Artifact], needs: "Needs", track: Track) -> frozenset[str]:
    """Return the paths of what ``needs`` names; bodies are hashed where only their digests decide."""
    unread = {path_of(one): algorithms for one in artifacts if (algorithms := needs.unread(one))}
    wanted = [one for one in artifacts if path_of(one) in unread]
    asked = {name for names in unread.values() for name in names}
    digest_of = digest_lookup(cache, wanted, sorted(asked), track)
    return frozenset(path_of(one) for one in artifacts if needs.name(one, digest_of))


def _alike(cache: Cache, artifacts: Iterable[Artifact], track: Track) -> list[frozenset[str]]:
    """Return groups of downloads of one store that have the same bytes under several keys.

    Metadata of several wheels, and pages, are alike by right; text may be one sign-in page in many places.
    """
    by_size: dict[tuple[str, int], list[Artifact]] = {}
    for one in artifacts:
        if isinstance(one.entry, HttpEntry) and one.kind in _ARCHIVES and one.size and not one.is_redirect:
            by_size.setdefault((one.store, one.size), []).append(one)
    suspects = [
        one
        for group in by_size.values()
        if len(group) > 1
        for one in group
        if one.kind is not Kind.OTHER or not is_text(cache, one)
    ]
    digest_of = digest_lookup(cache, suspects, ("sha256",), track)
    groups: dict[tuple[str, str], set[str]] = {}
    for one in suspects:
        if (digest := digest_of(one, "sha256")) is not None:
            groups.setdefault((one.store, digest), set()).add(path_of(one))
    return [frozenset(group) for group in groups.values() if len(group) > 1]


_ARCHIVES: Collection[Kind] = frozenset({Kind.WHEEL, Kind.SDIST, Kind.OTHER})
