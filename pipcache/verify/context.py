"""What artifacts are judged against: lock files, cached index pages, and the other artifacts of the cache."""

from collections.abc import Callable, Iterable, Sequence

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.built_from import source_key, sources_of
from pipcache.inventory.collector import IndexUrls, configured_bases, name_by_pages
from pipcache.inventory.from_pages import PageReader
from pipcache.inventory.identify import identify
from pipcache.inventory.page_names import name_pages_of, page_bases
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, Entry, HttpEntry, UnreadableEntry, is_link
from pipcache.util.progress import Tick
from pipcache.verify.lock_index import Locks
from pipcache.verify.promises import Promise, witness_of


def is_judged(artifact: Artifact) -> bool:
    """Return whether there is something to judge: an entry of a store, or a place that could not be looked at."""
    return isinstance(artifact.entry, (HttpEntry, BuiltEntry, UnreadableEntry))


class Context:
    """The evidence of one run. The judge reads it from any thread; its owner changes it between two rounds.

    Attributes:
        cache: where bodies are read from.
        locks: the pins of the lock files given.
        thorough: whether every promise is tried, or as many as a verdict needs.
        tick: called with the number of bytes that were read; raises ``Stopped`` when the run is to end.
        links: the paths where links stand.
        hashed: hex digests by algorithm of bodies that were read before, by the paths of their entries.
    """

    def __init__(self, cache: Cache, locks: Locks, *, thorough: bool, tick: Tick, index_urls: IndexUrls) -> None:
        """Take what is known before the cache is read."""
        self.cache = cache
        self.locks = locks
        self.thorough = thorough
        self.tick = tick
        self.links: set[str] = set()
        self.hashed: dict[str, dict[str, str]] = {}
        self._index_urls = index_urls
        self._artifacts: Sequence[Artifact] = ()
        self._named: dict[str, Artifact] = {}
        self._pages: Sequence[Artifact] = ()
        self._witnesses: dict[str, list[Promise]] = {}
        self._reader: PageReader | None = None

    def take(self, artifacts: Sequence[Artifact]) -> None:
        """Take every artifact of the cache, as a basis for judging any of them."""
        self._artifacts = artifacts
        self._reader = PageReader(self.cache, artifacts)
        self.links |= {path_of(artifact) for artifact in artifacts if is_link(artifact.entry)}
        for artifact in artifacts:
            if artifact.kind is Kind.BUILT and (key := source_key(artifact)) is not None:
                self._witnesses.setdefault(key, []).extend(witness_of(artifact))

    def look_again_at_pages(self) -> None:
        """Take the index pages as they are now, and no digest as known."""
        self.hashed.clear()
        artifacts: list[Artifact] = []
        for artifact in self._artifacts:
            is_page = artifact.kind is Kind.PAGE
            entry = self.cache.look_again(artifact.entry) if is_page else artifact.entry
            if entry is not None:
                is_same = entry == artifact.entry
                artifacts.append(artifact if is_same else self.identify(entry))
        self._artifacts = artifacts

    def identify(self, entry: Entry) -> Artifact:
        """Return the artifact that an entry is now."""
        return identify(self.cache, entry, deep=True, bases=configured_bases(self._index_urls))

    def name(self, artifacts: Iterable[Artifact]) -> list[Artifact]:
        """Return ``artifacts`` with every name that the bytes, lock files and cached pages give.

        The pages of the projects they name come first; what these do not list is looked for on all the others.
        """
        deep = [
            artifact if artifact.kind is Kind.PAGE else identify(self.cache, artifact.entry, deep=True)
            for artifact in artifacts
        ]
        if not deep:
            return []
        mine = [self.locks.name(artifact) for artifact in deep]
        own = {path_of(artifact) for artifact in mine}
        others = [artifact for artifact in self._artifacts if path_of(artifact) not in own]
        projects = {artifact.project for artifact in mine if artifact.kind is not Kind.PAGE}
        mine = self._joined(mine, others, projects.__contains__)
        if any(map(_may_be_listed, mine)):
            mine = self._joined(mine, others, lambda project: project not in projects)
        around = [*mine, *others]
        names = {claim.project for artifact in around for claim in artifact.claims if claim.project}
        named = name_pages_of(mine, names, page_bases(around, self._index_urls()))
        self._named |= {path_of(artifact): artifact for artifact in named}
        return named

    def _joined(
        self, mine: list[Artifact], others: Iterable[Artifact], concerns: Callable[[str], bool]
    ) -> list[Artifact]:
        own = {path_of(artifact) for artifact in mine}
        pages = [artifact for artifact in others if artifact.kind is Kind.PAGE]
        joined = name_by_pages(self._read_pages, [*mine, *pages], concerns, self._index_urls)
        self._pages = [artifact for artifact in joined if artifact.kind is Kind.PAGE]
        return [artifact for artifact in joined if path_of(artifact) in own]

    def _read_pages(self) -> PageReader:
        assert self._reader is not None
        return self._reader

    def sources(self, artifact: Artifact) -> Sequence[Artifact]:
        """Return the cached sdists that a wheel was built from, named as far as they were."""
        downloads = sources_of(artifact, self._artifacts)
        named = (self._named.get(path_of(download), download) for download in downloads)
        return [download for download in named if download.kind is Kind.SDIST and download.size]

    def witnesses(self, artifact: Artifact) -> Sequence[Promise]:
        """Return what wheels built from a download say of its bytes."""
        return self._witnesses.get(artifact.key or "", ())

    def is_misplaced(self, artifact: Artifact) -> bool:
        """Return whether no credentials that ``origin.json`` left out can explain a key that is not its URL's."""
        assert artifact.source is not None
        if artifact.came_from == "PyPI" or artifact.source.url.startswith("file:"):
            return True
        return self._read_pages().source_of(artifact, self._pages) is not None


def _may_be_listed(artifact: Artifact) -> bool:
    """Return whether some page may list a download whose URL is not known yet."""
    is_download = isinstance(artifact.entry, HttpEntry) and artifact.kind is not Kind.PAGE
    return is_download and not artifact.url_proved and not artifact.is_redirect
