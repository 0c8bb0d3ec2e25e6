"""The facts that policies decide on, and how they are gathered."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.archive.zip_reader import ZipDirectory
from pipcache.inventory.artifact import Artifact, Kind, path_of, unreadable_entries, with_refusals
from pipcache.inventory.body import open_body
from pipcache.inventory.collector import Need, configured_bases, name_as_needed, name_by_pages, page_reader
from pipcache.inventory.from_origins import name_by_origins
from pipcache.inventory.identify import identify, identify_by_head
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.prune.dead_weight import DAY
from pipcache.prune.request import PruneRequest
from pipcache.prune.sources import find_sources_by_bytes
from pipcache.query.filters import Filters
from pipcache.query.selection import Unmatched, select
from pipcache.removal.clearing import is_leftover_folder
from pipcache.removal.duplicates import find_duplicates
from pipcache.removal.plan import Candidate, is_young
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, Entry, HttpEntry, Leftover, StrayEntry, UnreadableEntry, entry_path
from pipcache.store.scan import FolderContents, Survey
from pipcache.util.files import File
from pipcache.util.progress import Track

if TYPE_CHECKING:
    from pipcache.query.needs import Needs


class Facts(NamedTuple):
    """The facts that policies decide on. Sets and mappings are by the paths of entries.

    Attributes:
        artifacts: All artifacts of the cache.
        now: Seconds since the epoch.
        last_used: Returns when an artifact was last used, in seconds since the epoch.
        folder_contents: What lies in leftover folders.
        kept: What ``--keep`` selects; it is never taken.
        needed: What the files of ``--keep-for`` name; None without such files.
        of_unnamed_projects: Artifacts of projects that no file of ``--keep-for`` names.
        judged: What was judged damaged or poisoned.
        duplicates: Groups of downloads with the same bytes under several keys.
        unfinished: Wheels that a pip may still be copying to their place.
        is_building: A pip is building wheels in this cache now; it installs them when all are built.
        left_out: What ``--from`` and ``--built-by`` leave out; it is never taken.
        keeps_by_name: Something is to be kept by its name.
        sources_by_bytes: Downloads that have the bytes a wheel was built from.
    """

    artifacts: Sequence[Artifact]
    now: float
    last_used: Callable[[Artifact], float]
    folder_contents: Mapping[str, FolderContents]
    kept: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    needed: frozenset[str] | None = None
    of_unnamed_projects: frozenset[str] = frozenset()
    judged: Mapping[str, Candidate] = {}
    duplicates: Sequence[frozenset[str]] = ()
    unfinished: frozenset[str] = frozenset()
    is_building: bool = False
    keeps_by_name: bool = False
    sources_by_bytes: frozenset[str] = frozenset()


class GatheredFacts(NamedTuple):
    """The facts, and what the plan and the notes to the user need besides.

    Attributes:
        facts: The facts that policies decide on.
        empty_folders: The paths of folders that hold nothing.
        unmatched: The selectors of ``--keep`` that match nothing.
        unjudged: The number of artifacts that could not be judged.
        unreadable: The places and files that could not be looked at.
        foreign_files: The number of files of other users; to look at them changes when they were last used.
        keeps_access_times: The file system records when a file is read.
    """

    facts: Facts
    empty_folders: Sequence[str] = ()
    unmatched: Sequence[Unmatched] = ()
    unjudged: int = 0
    unreadable: Sequence[UnreadableEntry] = ()
    foreign_files: int = 0
    keeps_access_times: bool = True


Judge = Callable[[Cache, Sequence[Artifact]], tuple[Sequence[Candidate], int]]
"""Judges artifacts; returns those to be removed for their verdict, and how many could not be judged."""


def gather(
    directory: CacheDirectory, request: PruneRequest, needs: "Needs | None", judge: Judge | None, track: Track
) -> GatheredFacts:
    """Read the cache as far as the policies need it. Nothing is changed.

    Args:
        directory: The cache directory.
        request: The policies, and what is kept.
        needs: What the files of ``--keep-for`` name; None without such files.
        judge: Judges the artifacts; None where no verdict was asked for.
        track: Shows the progress.

    Raises:
        KeyboardInterrupt: the judging was interrupted.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    now = time.time()
    cache = Cache(directory.path)
    survey = cache.survey()
    artifacts = _read_artifacts(cache, survey, request, needs, track)
    selection = select(cache, artifacts, request.keep, Filters(), track)
    needed, of_unnamed_projects = None, frozenset[str]()
    if needs is not None:
        from pipcache.query.needs import needed_paths  # brings the readers of lock files, which few runs have

        needed = needed_paths(cache, artifacts, needs, track)
        of_unnamed_projects = frozenset(
            path_of(artifact)
            for artifact in artifacts
            if artifact.project and not needs.names_project_of(artifact)
        )
    taken, unjudged = ((), 0) if judge is None else judge(cache, artifacts)
    has_access_times = keeps_access_times(directory.path)

    def last_used(artifact: Artifact) -> float:
        return max((_last_use(file, has_access_times) for file in artifact.files), default=now)

    duplicates = find_duplicates(cache, artifacts, track) if request.policies.duplicates else ()
    unfinished = frozenset(path_of(artifact) for artifact in artifacts if _is_unfinished(cache, artifact, now))
    sources_by_bytes = find_sources_by_bytes(cache, artifacts, track) if request.policies.ci else frozenset()
    facts = Facts(
        artifacts=with_refusals(artifacts, cache.refused),
        now=now,
        last_used=last_used,
        folder_contents={
            entry_path(entry): cache.look_inside(entry) for entry in survey.entries if is_leftover_folder(entry)
        },
        kept=frozenset(map(path_of, selection.chosen)) if request.keep else frozenset(),
        left_out=_left_out(cache, artifacts, request.filters, track),
        needed=needed,
        of_unnamed_projects=of_unnamed_projects,
        judged={path_of(candidate.artifact): candidate for candidate in taken},
        duplicates=duplicates,
        unfinished=unfinished,
        is_building=any(_is_building(entry, now) for entry in survey.entries),
        keeps_by_name=bool(request.keep or needs is not None),
        sources_by_bytes=sources_by_bytes,
    )
    return GatheredFacts(
        facts=facts,
        empty_folders=survey.empty,
        unmatched=selection.unmatched,
        unjudged=unjudged,
        unreadable=list(_unreadable(facts)),
        foreign_files=_count_foreign_files(artifacts),
        keeps_access_times=has_access_times,
    )


def _left_out(cache: Cache, artifacts: Sequence[Artifact], filters: Filters, track: Track) -> frozenset[str]:
    """Return the paths of what filters do not let pass."""
    if filters == Filters():
        return frozenset()
    passed = {path_of(artifact) for artifact in select(cache, artifacts, (), filters, track).allowed}
    return frozenset(path for path in map(path_of, artifacts) if path not in passed)


def _is_building(entry: Entry, now: float) -> bool:
    """Return whether a pip (25.3 or newer) seems to be building a wheel in the cache now."""
    if not isinstance(entry, StrayEntry) or entry.why is not Leftover.BUILD_FOLDER:
        return False
    return now - entry.file.stat.st_mtime < DAY


def _is_unfinished(cache: Cache, artifact: Artifact, now: float) -> bool:
    """Return whether a pip before 25.3 may still be copying a built wheel: the end of the ZIP file comes last."""
    entry = artifact.entry
    if not isinstance(entry, BuiltEntry) or entry.origin is not None or not is_young(entry.wheel.stat, now):
        return False
    try:
        with open_body(cache, artifact) as body:
            ZipDirectory(body.window)
    except (OSError, ValueError):
        return True
    return False


def _unreadable(facts: Facts) -> Iterator[UnreadableEntry]:
    """Yield the places and files that could not be looked at."""
    yield from unreadable_entries(facts.artifacts)
    for contents in facts.folder_contents.values():
        yield from (entry for entry in contents.problems if isinstance(entry, UnreadableEntry))


def _count_foreign_files(artifacts: Iterable[Artifact]) -> int:
    """Return how many files belong to other users: only its owner and root read a file without a trace."""
    user = os.geteuid() if hasattr(os, "geteuid") else 0
    return 0 if user == 0 else sum(file.stat.st_uid != user for artifact in artifacts for file in artifact.files)


def keeps_access_times(path: str) -> bool:
    """Return whether the file system at ``path`` records when files are read (not with ``noatime``, mount(8))."""
    flag: int = getattr(os, "ST_NOATIME", 0)
    try:
        return not flag or not os.statvfs(path).f_flag & flag
    except OSError:
        return True


def _last_use(file: File, has_access_times: bool) -> float:  # noqa: FBT001 - a property of the file system
    """Return when a file was last read or written, or written where the file system does not record reading."""
    return max(file.stat.st_mtime, file.stat.st_atime) if has_access_times else file.stat.st_mtime


def _read_artifacts(
    cache: Cache, survey: Survey, request: PruneRequest, needs: "Needs | None", track: Track
) -> list[Artifact]:
    """Return the artifacts of a survey, named as far as the policies need it."""
    entries = track(survey.entries, len(survey.entries), "Reading")
    if not request.needs_names:
        artifacts = name_by_origins([identify_by_head(cache, entry) for entry in entries])
    else:
        by_source = bool(request.filters.sources)
        deep = bool(request.keep or needs is not None or by_source)
        by_project = needs is not None or request.policies.keep_latest is not None
        reads_pages = by_project or by_source or bool(request.keep or request.verdicts)
        bases = configured_bases(configured_indexes) if reads_pages else None
        artifacts = name_by_origins(
            [identify(cache, entry, deep=deep or isinstance(entry, StrayEntry), bases=bases) for entry in entries]
        )
        projects = needs.projects_with_digests() if needs is not None else frozenset[str]()
        if request.policies.keep_latest is not None:
            projects |= _projects_with_versions(artifacts)  # their pages say which versions were yanked
        need = Need(deep, by_source, selectors=request.keep, pages=by_project, projects=projects)
        artifacts = name_as_needed(page_reader(cache, artifacts), artifacts, need, configured_indexes, track)
    # before pip 22.2 there is no origin.json: only the page that lists an sdist leads to the key of its wheel
    without_source = {
        artifact.project
        for artifact in artifacts
        if isinstance(artifact.entry, BuiltEntry) and artifact.source is None
    }
    if not without_source:
        return artifacts
    if not request.needs_names:
        artifacts = [
            identify(cache, artifact.entry) if _may_be_page(artifact) else artifact for artifact in artifacts
        ]
    reader = page_reader(cache, artifacts)
    return name_by_pages(reader, artifacts, lambda project: project in without_source, configured_indexes, track)


def _projects_with_versions(artifacts: Iterable[Artifact]) -> frozenset[str]:
    """Return the projects of which there are several versions."""
    versions: dict[str, set[str]] = {}
    for artifact in artifacts:
        is_entry = isinstance(artifact.entry, (HttpEntry, BuiltEntry))
        if is_entry and artifact.project is not None and artifact.version is not None:
            versions.setdefault(artifact.project, set()).add(artifact.version)
    return frozenset(project for project, known in versions.items() if len(known) > 1)


def _may_be_page(artifact: Artifact) -> bool:
    """Return whether a download of which only the head was read may be an index page."""
    content_type = "" if artifact.head is None else artifact.head.headers.get("content-type", "")
    return artifact.kind is Kind.UNKNOWN and content_type.startswith("text/html")
