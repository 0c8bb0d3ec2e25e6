"""What artifacts are judged by: lock files, cached index pages, and the other artifacts of the cache."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import partial

from pipcache.archive.record import check_wheel
from pipcache.inventory.artifact import Artifact, Kind, Place, path_of
from pipcache.inventory.body import digests_of
from pipcache.inventory.built_from import SourceIndex, source_key
from pipcache.inventory.collector import IndexUrls, configured_bases, name_by_pages
from pipcache.inventory.deeper_names import identify_deeper, identify_open
from pipcache.inventory.from_origins import OriginNames
from pipcache.inventory.from_pages import PageReader
from pipcache.inventory.identify import identify
from pipcache.inventory.page_names import as_page, may_be_a_page, name_pages_by_guess, page_bases
from pipcache.inventory.proof import has_same_candidates
from pipcache.inventory.releases import Releases
from pipcache.store.body import Body
from pipcache.store.cache import Cache
from pipcache.store.entries import (
    BuiltEntry,
    Entry,
    HttpEntry,
    InstalledEntry,
    NoteEntry,
    UnpackedEntry,
    UnreadableEntry,
    is_link,
)
from pipcache.store.keys import request_key
from pipcache.store.layout import Store
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.progress import Tick
from pipcache.util.urls import filename_in
from pipcache.verify.local_source import KnownDigests
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.noted import broken_notes, compare_notes
from pipcache.verify.promises import Promise, one_for_all, promises_of_built_wheel
from pipcache.verify.structure import Structure


class NotJudged(StrEnum):
    """Why something of another installer's gets no verdict."""

    SDIST = "sdist"  # nothing says what the files of unpacked sources should be
    ENVIRONMENT = "environment"  # an environment has files that no RECORD knows
    UNFINISHED = "unfinished"  # of an install at work, or of one that was killed: not all files are there yet
    LEFTOVER = "leftover"  # nothing leads to it, so that nothing is installed from it: it may be half removed
    GONE = "gone"  # a pointer whose files are gone
    SEEN = "seen"  # only looked at, and not downloaded by that


def why_not_judged(artifact: Artifact, locks: LockIndex) -> NotJudged | None:
    """Return why something of another installer's gets no verdict; None for all that is pip's, or is judged.

    Of unpacked sources those are judged that a lock file has another digest for than was noted.
    """
    match artifact.entry:
        case UnpackedEntry(folder=None):
            return NotJudged.GONE
        case UnpackedEntry(is_temporary=True):
            return NotJudged.UNFINISHED
        case UnpackedEntry() if artifact.kind is Kind.SDIST:
            return None if any(broken_notes(compare_notes(artifact, locks))) else NotJudged.SDIST
        case UnpackedEntry(pointer=None):
            return NotJudged.LEFTOVER
        case InstalledEntry():
            return NotJudged.ENVIRONMENT
        case NoteEntry() if artifact.kind is not Kind.UNKNOWN:
            return NotJudged.SEEN
        case _:
            return None


def is_judged(artifact: Artifact, locks: LockIndex) -> bool:
    """Return whether an artifact gets a verdict: entries of a store do, and places that could not be read."""
    if isinstance(artifact.entry, UnpackedEntry):
        return why_not_judged(artifact, locks) is None
    return isinstance(artifact.entry, (HttpEntry, BuiltEntry, UnreadableEntry))


class Context:
    """The evidence of one run. One thread, its owner, adds to it; others judge by it meanwhile.

    No lock is needed as long as the owner keeps this order:

    1. Threads may run ``judge_by_key`` at any time. It reads only ``cache``, ``locks``, ``digests`` and
       ``tick``, and sets ``hashed`` for its own artifact.
    2. ``set_artifacts`` comes before the first ``judge``.
    3. Threads may ``judge`` downloads while the owner calls ``name``: no download is judged by others' names.
    4. Built wheels are judged by their sources and by index pages, so only after the last ``name`` of a round.
    5. ``read_pages_again`` is called when no thread runs.

    Attributes:
        cache: where bodies are read from.
        locks: the pins of the lock files given.
        thorough: whether every promise is compared, or only as many as a verdict needs.
        tick: called with the number of bytes that were read; raises ``Stopped`` when the run is to end.
        links: the paths of symbolic links among the entries.
        hashed: hex digests by algorithm of bodies that were hashed before, by the paths of their entries; nothing
            is wrong with the heads of these.
        unproved: the paths of downloads whose key the bytes and their own names were found not to prove.
        sound: the paths of small wheels in whose bytes nothing is wrong, where ``hashed`` has their digests too.
        structures: what is wrong with folders of unpacked wheels that were read before, by their paths.
        digests: the algorithms of the digests that each judgement has in any case.
        local_digests: digests of local archives that wheels were built from; None where these are not looked at.
    """

    def __init__(
        self,
        cache: Cache,
        locks: LockIndex,
        *,
        thorough: bool,
        tick: Tick,
        index_urls: IndexUrls,
        local_sources: bool = False,
        digests: frozenset[str] = frozenset(),
    ) -> None:
        """Take what is known before the cache is read."""
        self.cache = cache
        self.locks = locks
        self.thorough = thorough
        self.tick = tick
        self.digests = digests
        self.links: set[str] = set()
        self.hashed: dict[str, dict[str, str]] = {}
        self.structures: dict[str, Structure] = {}
        self.sound: set[str] = set()
        self.unproved: set[str] = set()
        self.local_digests: KnownDigests | None = {} if local_sources else None
        self._index_urls = index_urls
        self._artifacts: Sequence[Artifact] = ()
        self._named: dict[str, Artifact] = {}
        self._identities: dict[str, Artifact] = {}
        self._pages: Sequence[Artifact] = ()
        self._sources = SourceIndex(())
        self._downloads: dict[str, Artifact] = {}
        self._origins = OriginNames(())
        self._promises_of_built: dict[str, list[Promise]] = {}
        self._reader: PageReader | None = None
        self._proved_pages: dict[str, tuple[str, str]] = {}

    def set_artifacts(self, artifacts: Sequence[Artifact]) -> None:
        """Take every artifact of the cache; each may be evidence about the others."""
        self._artifacts = artifacts
        self._reader = None
        self._sources = SourceIndex(artifacts)
        self._downloads = {
            artifact.key: artifact
            for artifact in artifacts
            if isinstance(artifact.entry, HttpEntry) and artifact.key is not None and artifact.head is not None
        }
        self._proved_pages = {
            artifact.key: (artifact.project, artifact.url)
            for artifact in artifacts
            if artifact.kind is Kind.PAGE
            and artifact.url_proved
            and artifact.key
            and artifact.project
            and artifact.url
        }
        self._origins = OriginNames(artifacts)
        self.links |= {path_of(artifact) for artifact in artifacts if is_link(artifact.entry)}
        for artifact in artifacts:
            if artifact.kind is Kind.BUILT and (key := source_key(artifact)) is not None:
                self._promises_of_built.setdefault(key, []).extend(promises_of_built_wheel(artifact))

    def read_pages_again(self) -> None:
        """Take the index pages as they are on the disk now, and forget every digest."""
        self.hashed.clear()
        self._identities.clear()
        self.structures.clear()
        self.sound.clear()
        self.unproved.clear()
        artifacts: list[Artifact] = []
        for artifact in self._artifacts:
            is_page = artifact.kind is Kind.PAGE
            entry = self.cache.look_again(artifact.entry) if is_page else artifact.entry
            if entry is not None:
                artifacts.append(artifact if entry == artifact.entry else self.identify(entry))
        self._artifacts = artifacts

    def identify(self, entry: Entry) -> Artifact:
        """Return the artifact that an entry is on the disk now; its head may say that it is an index page."""
        return identify(self.cache, entry, bases=configured_bases(self._index_urls))

    def name(self, artifacts: Iterable[Artifact]) -> list[Artifact]:
        """Return ``artifacts`` with every name that their bytes, lock files and cached pages give.

        The pages of the projects that they name are read first. The other pages are read only where one of the
        artifacts is still without a URL.
        """
        named = [self._origins.name(self.locks.name(self._identified(artifact))) for artifact in artifacts]
        if not named:
            return []
        paths = {path_of(artifact) for artifact in named}
        others = [artifact for artifact in self._artifacts if path_of(artifact) not in paths]
        projects = {artifact.project for artifact in named if artifact.kind is not Kind.PAGE}
        projects |= {project for artifact in named if (project := _project_of_source(artifact)) is not None}
        named = self._name_by_pages(named, others, projects.__contains__)
        if any(map(_may_be_listed, named)):
            named = self._name_by_pages(named, others, lambda project: project not in projects)
        bases = page_bases([*self._pages, *named, *others], self._index_urls())
        named = name_pages_by_guess(map(self._as_proved_page, named), others, self.locks.projects, bases)
        self._named |= {path_of(artifact): artifact for artifact in named}
        return named

    def keep_names(self, artifact: Artifact, body: Body) -> None:
        """Take what the bytes of an artifact say by themselves while its body is open, which is closed then."""
        entry, head = artifact.entry, artifact.head
        if isinstance(entry, HttpEntry) and entry.store is Store.HTTP_V2 and head is not None:
            identify_open(self.cache, artifact, body, partial(self._keep, artifact))

    def _keep(self, before: Artifact, artifact: Artifact, body: Body) -> None:
        """Take an artifact with the names in its bytes, and whether it is a sound wheel.

        Args:
            before: the same without the names in METADATA or PKG-INFO.
            artifact: the artifact with these names.
            body: its bytes.
        """
        if artifact.problem is not None:
            return  # what could not be read may be read the next time
        self._identities[path_of(artifact)] = artifact
        if path_of(artifact) in self.hashed and has_same_candidates(artifact, before):
            self.unproved.add(path_of(artifact))
        folder = next((claim for claim in artifact.claims if claim.place is Place.DIST_INFO), None)
        if artifact.kind is not Kind.WHEEL or body.encoding is not None or folder is None:
            return
        with suppress(OSError, ValueError):  # who looks again will say so
            stem = f"{folder.project}-{folder.version}"
            if next(check_wheel(body.window, stem, self.tick), None) is None:
                self.sound.add(path_of(artifact))

    def _identified(self, artifact: Artifact) -> Artifact:
        """Return an artifact with the names in its bytes; a page is named by others."""
        kept = self._identities.pop(path_of(artifact), None)
        if artifact.kind is Kind.PAGE:
            return artifact
        return identify_deeper(self.cache, artifact, kept)

    def _as_proved_page(self, artifact: Artifact) -> Artifact:
        """Return a download as the index page that it was proved to be when the inventory was read."""
        proved = self._proved_pages.get(artifact.key or "") if may_be_a_page(artifact) else None
        return artifact if proved is None else as_page(artifact, *proved)

    def _name_by_pages(
        self, artifacts: list[Artifact], others: Iterable[Artifact], concerns: Callable[[str], bool]
    ) -> list[Artifact]:
        """Return ``artifacts`` with the names that the pages of projects give which ``concerns`` accepts."""
        paths = {path_of(artifact) for artifact in artifacts}
        pages = [artifact for artifact in others if artifact.kind is Kind.PAGE]
        named = name_by_pages(self.page_reader, [*artifacts, *pages], concerns, self._index_urls)
        self._pages = [artifact for artifact in named if artifact.kind is Kind.PAGE]
        return [artifact for artifact in named if path_of(artifact) in paths]

    def page_reader(self) -> PageReader:
        """Return the reader of index pages, which reads each page once; the artifacts have to be known."""
        if self._reader is None:
            self._reader = PageReader(
                self.cache, self._artifacts, releases=Releases(self._artifacts, self._digests_of_nameless())
            )
        return self._reader

    def _digests_of_nameless(self) -> dict[str, str]:
        """Return the SHA-256, by key, of downloads that only a digest can join to an index page."""
        digests = {
            artifact.key: digests_of(self.cache, artifact, ["sha256"]).get("sha256")
            for artifact in self._artifacts
            if _is_nameless(artifact)
        }
        return {key: digest for key, digest in digests.items() if key is not None and digest is not None}

    def name_sources(self, built: Iterable[Artifact], judged: Iterable[Artifact]) -> None:
        """Name the cached sources of built wheels that are not judged themselves: a page may vouch for them."""
        paths = {path_of(artifact) for artifact in judged}
        sources = (source for wheel in built for source in self._sources.sources_of(wheel))
        others = {path: source for source in sources if (path := path_of(source)) not in paths}
        self.name(others.values())

    def sources(self, wheel: Artifact) -> Sequence[Artifact]:
        """Return the cached sdists that a wheel was built from, with the names that they have by now."""
        downloads = self._sources.sources_of(wheel)
        named = (self._named.get(path_of(download), download) for download in downloads)
        return [download for download in named if download.kind is Kind.SDIST and download.size]

    def side_file(self, wheel: Artifact) -> Artifact | None:
        """Return the cached ``.metadata`` file of a wheel (PEP 658); None where the wheel's URL is not proved."""
        if wheel.kind is not Kind.WHEEL or wheel.url is None or not wheel.url_proved:
            return None
        key = request_key(f"{wheel.url}.metadata")  # as pip makes the URL (``models/link.py``)
        return None if key is None else self._downloads.get(key)

    def promises_of_built_wheels(self, download: Artifact) -> Sequence[Promise]:
        """Return what ``origin.json`` of wheels that were built from a download says of its bytes."""
        return one_for_all(self._promises_of_built.get(download.key or "", ()))

    def is_misplaced(self, wheel: Artifact) -> bool:
        """Return whether a built wheel whose key is not that of its ``origin.json`` lies in the wrong folder.

        pip makes the key of the URL with its credentials and leaves them out of ``origin.json`` (PEP 610), so keys
        may differ. The folder is wrong where there can be no credentials, or where a listed sdist makes the key.
        """
        assert wheel.source is not None
        if wheel.is_from_pypi or wheel.source.url.startswith("file:"):
            return True
        return self.page_reader().source_of(wheel, self._pages) is not None


def _project_of_source(wheel: Artifact) -> str | None:
    """Return the project whose index page may list what a wheel was built from, by the end of the source's URL."""
    name = None if wheel.source is None else parse_filename(filename_in(wheel.source.url))
    return None if name is None else normalise(name.project)


def _is_nameless(artifact: Artifact) -> bool:
    """Return whether an artifact is a download whose content names no file that an index may have."""
    if not isinstance(artifact.entry, HttpEntry) or artifact.url_proved or not artifact.size:
        return False
    if artifact.kind is Kind.SDIST:
        return artifact.is_guessed
    return artifact.kind in {Kind.UNKNOWN, Kind.OTHER} and not artifact.is_redirect


def _may_be_listed(artifact: Artifact) -> bool:
    """Return whether an artifact is a download without a proved URL, which a page may list."""
    is_download = isinstance(artifact.entry, HttpEntry) and artifact.kind is not Kind.PAGE
    return is_download and not artifact.url_proved and not artifact.is_redirect
