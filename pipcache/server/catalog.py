"""The projects of a cache that others change meanwhile; each is judged when it is first asked for."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event, Lock
from typing import NamedTuple

from pipcache.index.rows import PageFile
from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.collector import IndexUrls, Need, name_by_pages, page_reader, read_inventory
from pipcache.offline.page_rows import rows_of
from pipcache.offline.supply import Terms
from pipcache.server.project import FileState, Project, ServedFile, WithheldFile, project_of, state_of
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, Entry, HttpEntry, entry_files, entry_path, is_link_in_store
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.progress import Meter, Stopped
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verdict import Judgement
from pipcache.verify.verifier import Verifier, VerifyOptions

_OLD = 5.0
"""Seconds after which the cache is looked at again, whatever is asked for."""

_RECENT = 1.0
"""Seconds in which a look is good enough to say that something is not there."""

_NEED = Need(deep=True, pages=True)

Files = tuple[FileState, ...]


class Overview(NamedTuple):
    """A project as the page for people shows it.

    Attributes:
        name: its name; it can be any text.
        versions: of its files, as they are spelled.
        files: how many files it has in the cache.
        size: of these, in bytes.
        project: what is served of it; None where it was not judged yet.
    """

    name: str
    versions: tuple[str, ...]
    files: int
    size: int
    project: Project | None


class _NoMeter:
    """Shows no progress."""

    def expect(self, size: int | None, read: int = 0) -> None:
        """Nobody watches."""

    def advance(self, size: int) -> None:
        """Nobody watches."""


class Catalog:
    """What a cache has to serve. Any thread may ask it."""

    def __init__(self, root: str, terms: Terms, index_urls: IndexUrls) -> None:
        """Make a catalog; the cache is read when it is first asked.

        Args:
            root: the cache directory.
            terms: which files may be given away.
            index_urls: gives the URLs of the indexes that pip is configured to use.
        """
        self._root = root
        self._terms = terms
        self._index_urls = index_urls
        self._lock = Lock()
        self._stopping = Event()
        self._looked = float("-inf")
        self._own: dict[str, tuple[Files, Artifact]] = {}
        self._artifacts: list[Artifact] = []
        self._candidates: dict[str, list[Artifact]] = {}
        self._projects: dict[str, Project | None] = {}
        self._judged_at: dict[str, float] = {}
        self._of_filename: dict[str, set[str]] = {}

    @property
    def cache(self) -> Cache:
        """The cache, which remembers nothing of what could not be read before."""
        return Cache(self._root)

    def stop(self) -> None:
        """Let what is being judged end at its next piece; nothing can be asked any more."""
        self._stopping.set()

    def look(self) -> None:
        """Read the cache, if that was not done a moment ago.

        Raises:
            CacheNotFound: the directory is a file, or cannot be read.
            NotAPipCache: it holds something, and none of pip's stores.
        """
        with self._lock:
            self._look(_RECENT)

    def names(self) -> list[str]:
        """Return the names under which a page may be asked for."""
        with self._lock:
            self._look(_OLD)
            return sorted(self._candidates)

    def project(self, name: str) -> Project | None:
        """Return what is served of a project by its normalised name; None where the cache has nothing of it.

        Raises:
            Stopped: ``stop`` was called.
        """
        known = self._projects.get(name)
        if known is not None and not self._may_be_other(known) and time.monotonic() - self._looked < _OLD:
            return known
        with self._lock:
            self._look(_OLD)
            project = self._judged(name)
            if project is None:
                self._look(_RECENT)
                project = self._judged(name)
            elif self._may_be_other(project):
                self._look(_RECENT)
                self._projects.pop(name, None)
                project = self._judged(name)
            return project

    def _may_be_other(self, project: Project) -> bool:
        """Return whether what could not be read may be readable by now."""
        return project.is_unsettled and time.monotonic() - self._judged_at[project.name] >= _RECENT

    def judge_all(self, meter: Meter) -> None:
        """Judge every project that was not judged yet.

        Raises:
            Stopped: ``stop`` was called.
        """
        with self._lock:
            self._look(_OLD)
            waiting = [name for name in sorted(self._candidates) if name not in self._projects]
            if waiting:
                self._keep(self._judge(waiting, meter))

    def find(self, filename: str, wants: Callable[[ServedFile], bool]) -> ServedFile | WithheldFile | None:
        """Return the file of a name that is wanted, or that it is withheld; None where it is not there."""
        withheld: WithheldFile | None = None
        for name in self._names_for(filename):
            project = self.project(name)
            if project is None:
                continue
            served = project.files.get(filename)
            if served is not None and wants(served):
                return served
            withheld = withheld or project.withheld.get(filename)
        return withheld

    def forget(self, served: ServedFile) -> None:
        """Look at the cache at once, and judge a file's project again: its bytes are not what they were."""
        with self._lock:
            self._projects.pop(served.file.locked.project, None)
            self._look(0)

    def overview(self) -> list[Overview]:
        """Return what is known of every project now; nothing is judged for that."""
        with self._lock:
            self._look(_OLD)
            by_name: dict[str, list[Artifact]] = {}
            for artifact in self._artifacts:
                if artifact.kind in _KINDS and (artifact.kind is not Kind.BUILT or self._terms.built):
                    by_name.setdefault(artifact.project or "", []).append(artifact)
            return [
                Overview(
                    name,
                    tuple(dict.fromkeys(artifact.version for artifact in files if artifact.version)),
                    len(files),
                    sum(artifact.size for artifact in files),
                    self._projects.get(name),
                )
                for name, files in sorted(by_name.items())
            ]

    def _names_for(self, filename: str) -> Iterator[str]:
        """Yield the projects that a file may be of, likeliest first."""
        parsed = parse_filename(filename)
        likely = None if parsed is None else normalise(parsed.project)
        if likely is not None:
            yield likely
        with self._lock:
            self._look(_OLD)
            others = sorted(self._of_filename.get(filename, set()) - {likely})
        yield from others

    # what follows is done by one thread at a time

    def _look(self, age: float) -> bool:
        """Read the cache again if the last look is older; return whether something has changed."""
        if time.monotonic() - self._looked < age:
            return False
        entries = {entry_path(entry): entry for entry in self.cache.scan()}
        changed = self._changed(entries)
        if changed or self._looked == float("-inf"):
            self._read_again()
        self._looked = time.monotonic()
        return bool(changed)

    def _changed(self, entries: Mapping[str, Entry]) -> set[str]:
        """Return the paths of entries that are new, are others by now, or are gone."""
        changed = {path for path, entry in entries.items() if self._known(entry) is None}
        return changed | (self._own.keys() - entries.keys())

    def _known(self, entry: Entry) -> Artifact | None:
        """Return what an entry was identified as, where its files are the same."""
        files, artifact = self._own.get(entry_path(entry), ((), None))
        return artifact if files == _files(entry) else None

    def _read_again(self) -> None:
        before, own = self._own, dict[str, tuple[Files, Artifact]]()

        def note(artifact: Artifact) -> None:
            own[path_of(artifact)] = (_files(artifact.entry), artifact)

        self._artifacts = read_inventory(self.cache, _NEED, self._index_urls, on_artifact=note, known=self._known)
        self._own = own
        self._drop(
            [
                artifact
                for path in before.keys() | own.keys()
                if before.get(path, _NOTHING)[0] != own.get(path, _NOTHING)[0]
                for of in (before, own)
                if (artifact := of.get(path, _NOTHING)[1]) is not None
            ]
        )
        self._candidates, self._of_filename = {}, {}
        for artifact in self._artifacts:
            if not _may_be_file(artifact) or (artifact.kind is Kind.BUILT and not self._terms.built):
                continue
            names = {normalise(claim.project) for claim in artifact.claims if claim.project}
            for name in names:
                self._candidates.setdefault(name, []).append(artifact)
            for filename in {*artifact.filenames, *(claim.filename for claim in artifact.claims)} - {None}:
                self._of_filename.setdefault(filename or "", set()).update(names)

    def _drop(self, changed: Iterable[Artifact]) -> None:
        """Drop the judgements that may be others after a change: those of its projects, or all."""
        for artifact in changed:
            names = {normalise(claim.project) for claim in artifact.claims if claim.project}
            is_entry = isinstance(artifact.entry, (HttpEntry, BuiltEntry))
            if is_link_in_store(artifact.entry) or (is_entry and (not names or artifact.kind is Kind.PAGE)):
                self._projects.clear()
                return
            for name in names:
                self._projects.pop(name, None)
        for name in [name for name, project in self._projects.items() if project is None]:
            del self._projects[name]

    def _judged(self, name: str) -> Project | None:
        if name in self._projects:
            return self._projects[name]
        if name not in self._candidates:
            return None
        self._keep(self._judge([name], _NoMeter()))
        return self._projects[name]

    def _keep(self, projects: Mapping[str, Project | None]) -> None:
        now = time.monotonic()
        for name, project in projects.items():
            self._judged_at[name] = now
            self._projects[name] = project
            if project is not None:
                for filename in (*project.files, *project.withheld):
                    self._of_filename.setdefault(filename, set()).add(name)

    def _judge(self, names: list[str], meter: Meter) -> dict[str, Project | None]:
        """Judge all that may be files of projects, and return what is served of each."""
        cache = self.cache
        candidates = {path_of(artifact): artifact for name in names for artifact in self._candidates[name]}
        options = VerifyOptions(LockIndex(()), digests=frozenset({"sha256", "blake2b_256"}))
        with Verifier(
            cache,
            options,
            index_urls=self._index_urls,
            meter=meter,
            should_stop=self._stopping.is_set,
        ) as verifier:
            verified = verifier.judge(list(candidates.values()), self._artifacts)
        if verified.not_reached:
            raise Stopped
        judgements = {
            path: judgement
            for judgement in verified.judgements
            if (path := path_of(judgement.artifact)) in candidates
        }
        listed = self._listed(names, cache, judgements.values())
        return {
            name: project_of(
                name,
                [judgements[path] for path in map(path_of, self._candidates[name]) if path in judgements],
                listed,
                cache,
                self._terms,
            )
            for name in names
        }

    def _listed(
        self, names: list[str], cache: Cache, judgements: Iterable[Judgement]
    ) -> dict[str, tuple[PageFile, ...]]:
        """Return how the pages of projects list files, by the paths of their entries."""
        concerned = set(names)
        files = [judgement.artifact for judgement in judgements]
        files += [page for page in self._artifacts if page.kind is Kind.PAGE and page.project in concerned]
        named = name_by_pages(page_reader(cache, files), files, concerned.__contains__, self._index_urls)
        return rows_of(named)


_KINDS = frozenset({Kind.WHEEL, Kind.SDIST, Kind.BUILT})

_NOTHING: tuple[Files | None, Artifact | None] = (None, None)


def _files(entry: Entry) -> Files:
    return tuple(state_of(file.stat) for file in entry_files(entry))


def _may_be_file(artifact: Artifact) -> bool:
    """Return whether an artifact is, or was downloaded as, a wheel or an sdist."""
    if artifact.kind in _KINDS:
        return True
    is_other = artifact.kind in {Kind.UNKNOWN, Kind.OTHER, Kind.PAGE} and isinstance(artifact.entry, HttpEntry)
    if not is_other or artifact.is_redirect:
        return False
    return any(claim.filename and parse_filename(claim.filename) is not None for claim in artifact.claims)
