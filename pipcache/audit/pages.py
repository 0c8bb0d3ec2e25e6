"""Index pages that list a file that an advisory matches."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote

from pipcache.audit.derivation import Hit, Relation
from pipcache.audit.inconclusive import Inconclusive
from pipcache.audit.matcher import Clause, Matcher
from pipcache.audit.proved_names import Proof, prove_sdists
from pipcache.index.links import absolute_urls
from pipcache.index.page_format import stated_format
from pipcache.index.rows import Row, Rows
from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.from_pages import PageReader, RowFilter, read_rows
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.util.filenames import normalise
from pipcache.util.urls import digests_in_path

MOST_STEPS = 10_000_000
"""Steps in which the versions on a page are compared with advisories; those of a real project take a tenth."""


class _ListedDigests:
    """The SHA-256 digests of the files on a page, packed: pages have hundreds of thousands together."""

    __slots__ = ("_digests",)

    def __init__(self) -> None:
        self._digests = bytearray()

    def add(self, digest: str) -> None:
        """Take a digest in hex; other texts are left out."""
        try:
            value = bytes.fromhex(digest) if len(digest) == 2 * _DIGEST_SIZE else b""
        except ValueError:
            return
        if len(value) == _DIGEST_SIZE:
            self._digests += value

    def __contains__(self, digest: str) -> bool:
        value = bytes.fromhex(digest)
        index = self._digests.find(value)
        while index % _DIGEST_SIZE and index >= 0:  # parts of two digests
            index = self._digests.find(value, index + 1)
        return index >= 0


_DIGEST_SIZE = 32  # bytes of a SHA-256


class _ScannedPage:
    """What a page lists of what is looked for.

    Attributes:
        is_read: whether it was read, as far as pip reads it at all.
        is_cut: whether it may have more rows than were read.
        excess: of what it has more than is read, as text; None where it is cut for another reason, or not.
        unplaced: a listed file with a relative URL that may be a URL that is looked for; None without one.
        files: clauses that match listed files, by file name.
        keys: names of listed files by the keys of their URLs.
        sha256s: the SHA-256 digests of listed files; None where these were not looked at.
    """

    def __init__(self, matcher: Matcher, project: str | None) -> None:
        self.is_read = False
        self.is_cut = False
        self.excess: str | None = None
        self.unplaced: str | None = None
        self.files: dict[str, Sequence[Clause]] = {}
        self.keys: dict[str, str] = {}
        self.sha256s: _ListedDigests | None = None
        self._matcher = matcher
        self._project = project
        self._clauses_by_release: dict[tuple[str, str], Sequence[Clause]] = {}

    def compare_file(self, row: Row, row_filter: RowFilter) -> None:
        """Record what matches a listed file by its URL or by a digest."""
        if (file := row.file()) is None:
            return
        urls = {key: url for url, is_metadata, key in row_filter.places(file.url) if not is_metadata}
        self.keys |= dict.fromkeys(urls, file.filename)
        in_paths = {digest for url in (file.url, *urls.values()) for digest in digests_in_path(url)}
        if clauses := self._matcher.clauses_of_listed_file(urls, {*file.hashes, *in_paths}):
            self._add(file.filename, clauses)

    def compare_names(self, row: Row) -> None:
        """Record what matches a listed file by its name, by the end of its URL, or by its egg; pip uses these."""
        filename = row.filename
        for egg in row.eggs:
            if clauses := self._clauses_of_filename(f"{egg}.tar"):
                self._add(filename, clauses)
        if clauses := self._clauses_of_filename(filename):
            self._add(filename, clauses)
        has_own_name = row.url.endswith(filename)
        if has_own_name and "%" not in row.url:
            return  # as nearly every row is
        # only JSON can give another name than the URL has
        served_as = row.served_as
        is_renamed = not has_own_name and served_as != filename
        if is_renamed and (clauses := self._clauses_of_filename(served_as)):
            self._add(filename, clauses)
        # older pips unquote the end of the URL twice (models/link.py)
        if "%" in served_as and (clauses := self._clauses_of_filename(unquote(served_as))):
            self._add(filename, clauses)

    def _add(self, filename: str, clauses: Sequence[Clause]) -> None:
        # the files of a release share what matches it, as long as nothing else does
        known = self.files.setdefault(filename, clauses)
        if known is not clauses:
            self.files[filename] = tuple(dict.fromkeys((*known, *clauses)))

    def end(self) -> None:
        """Forget what only helps while the page is read."""
        self._clauses_by_release.clear()

    def _clauses_of_filename(self, filename: str) -> Sequence[Clause]:
        """Return what matches a file by its name; the tags of a wheel make no difference to versions."""
        ignores_tags = filename.endswith(".whl") and not self._matcher.looks_for_filenames
        stem = (filename.rsplit("-", 3)[0], ".whl") if ignores_tags else (filename, "")
        if stem not in self._clauses_by_release:
            self._clauses_by_release[stem] = self._matcher.clauses_of_filename(filename, self._project)
        return self._clauses_by_release[stem]


class PageScan:
    """Looks for what an advisory matches on index pages, while these are read for names (a ``PageSearch``).

    Attributes:
        matcher: what is looked for.
        proofs: the sdists that were tried to be proved by their bytes before pages were read, by the paths of
            entries.
    """

    def __init__(self, cache: Cache, matcher: Matcher) -> None:
        """Take the cache, and what is looked for."""
        self._cache = cache
        self.matcher = matcher
        self.proofs: dict[str, Proof] = {}
        self._pages: dict[str, _ScannedPage] = {}

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the URLs that are looked for."""
        return self.matcher.keys

    @property
    def projects(self) -> Collection[str]:
        """The projects whose pages are recognised by their keys."""
        return self.matcher.projects or ()

    def project_filter(self, artifacts: Iterable[Artifact]) -> Callable[[str], bool]:
        """Return which projects' pages are read: all where an indicator or an artifact may be of any project."""
        projects = self.matcher.projects
        artifacts = list(artifacts)
        if self.matcher.looks_for_names:
            self.proofs = prove_sdists(self._cache, artifacts)
        if projects is None or any(map(_needs_page, artifacts)):
            return bool
        # only a page can prove the names of the others
        unproved = {
            normalise(claim.project)
            for proof in self.proofs.values()
            if not proof.artifact.url_proved
            for claim in proof.artifact.claims
            if claim.project
        }
        # pip < 22.2 wrote no origin.json: only the page of the sdist shows what a wheel was built from
        sourceless = {
            artifact.project
            for artifact in artifacts
            if isinstance(artifact.entry, BuiltEntry) and artifact.source is None
        }
        needed = unproved.union(projects, filter(None, sourceless))
        return lambda project: project in needed

    def select_rows(self, page: Artifact, rows: Rows | None, row_filter: RowFilter) -> Iterator[Row]:
        """Yield the rows of a page that ``row_filter`` accepts, and record what an indicator matches."""
        self._pages[path_of(page)] = scanned = _ScannedPage(self.matcher, page.project)
        # pip takes no links from what its server calls neither HTML nor JSON of an index
        scanned.is_read = rows is not None or (page.head is not None and stated_format(page.content_type) is None)
        if rows is None:
            return
        digests, folders = self.matcher.digest_values, self.matcher.digest_folders
        filenames = self.matcher.url_filenames - {""}
        compares_names = page.url is None or self.matcher.may_match_names_on_page(page.project)
        if page.project in self.projects:
            scanned.sha256s = _ListedDigests()
        most_steps = self.matcher.steps + MOST_STEPS
        for row in rows.rows:
            if scanned.sha256s is not None:
                for digest in row.digests:
                    scanned.sha256s.add(digest)
            # there are hundreds of thousands of rows: most need no more than these tests
            is_selected = row_filter(row)
            if is_selected or (digests and row.may_have(digests, folders)):
                scanned.compare_file(row, row_filter)
            if compares_names:
                scanned.compare_names(row)
                if self.matcher.steps > most_steps:
                    rows.cut_by("more versions and advisories than are compared")
                    compares_names = False
            if page.url is None and row.served_as in filenames and not absolute_urls(row.url, rows.base, None):
                scanned.unplaced = row.filename
            if is_selected:
                yield row
        scanned.is_cut, scanned.excess = rows.is_cut, rows.excess
        scanned.end()

    def hits(self, artifacts: Sequence[Artifact], hits: Sequence[Hit]) -> tuple[list[Hit], list[Inconclusive]]:
        """Return the pages that list a match or one of ``hits``, and the pages that may do so unseen.

        Args:
            artifacts: those that are audited.
            hits: the artifacts that match, and what is derived from them.
        """
        page_hits: list[Hit] = []
        inconclusive: list[Inconclusive] = []
        hit_paths = {path_of(hit.artifact) for hit in hits}
        downloads = [hit for hit in hits if isinstance(hit.artifact.entry, HttpEntry)]
        by_key = {hit.artifact.key or "": hit for hit in downloads}
        by_project: dict[str | None, list[Hit]] = {None: downloads}
        for hit in downloads:
            for project in {normalise(claim.project) for claim in hit.artifact.claims if claim.project}:
                by_project.setdefault(project, []).append(hit)
        for page in artifacts:
            if page.kind is Kind.PAGE and path_of(page) not in self._pages and page.project in by_project:
                PageReader(self._cache, [hit.artifact for hit in downloads], self).listings(page)
            if (scanned := self._pages.get(path_of(page))) is None or path_of(page) in hit_paths:
                continue
            inconclusive += [Inconclusive(path_of(page), reason, page) for reason in self._gaps(page, scanned)]
            files = {filename: list(clauses) for filename, clauses in scanned.files.items()}
            for key, filename in scanned.keys.items():
                if key in by_key:
                    files.setdefault(filename, []).extend(by_key[key].clauses)
            unlisted = [hit for hit in by_project.get(page.project, ()) if not _is_listed(hit, scanned, files)]
            by_digest = self._listed_by_digest(page, scanned, unlisted)
            if by_digest is None:
                inconclusive.append(Inconclusive(path_of(page), _UNREADABLE, page))
            for filename, hit in by_digest or ():
                files.setdefault(filename, []).extend(hit.clauses)
            if files:
                page_hits.append(Hit(page, Relation.PAGE, _with_filenames(files), listed=tuple(files)))
        return page_hits, inconclusive

    def _gaps(self, page: Artifact, scanned: _ScannedPage) -> Iterator[str]:
        """Yield why a page may list a match that was not seen."""
        if self.matcher.may_match_on_page(page.project):
            if not scanned.is_read:
                yield _UNREADABLE
            elif scanned.is_cut:
                yield scanned.excess or "a page that was not read whole"
        if scanned.unplaced is not None:
            yield f"it lists {scanned.unplaced} by a relative URL, and its own is not known"

    def _listed_by_digest(
        self, page: Artifact, scanned: _ScannedPage, hits: Sequence[Hit]
    ) -> list[tuple[str, Hit]] | None:
        """Return the listed files that have the bytes of ``hits``, by whatever URL: on a mirror, for example.

        None where the page could be read before, and cannot be read any more.
        """
        by_sha256 = {hit.digests.sha256: hit for hit in hits if hit.digests is not None}
        listed = scanned.sha256s
        if not by_sha256 or (listed is not None and not any(digest in listed for digest in by_sha256)):
            return []
        # few pages list them so, and are read again: for the names, and for what pip takes for a distribution
        if (rows := read_rows(self._cache, page)) is None:
            return None if scanned.is_read else []
        files = (row.file() for row in rows.rows if row.may_have(by_sha256))
        return [
            (file.filename, by_sha256[digest])
            for file in files
            if file is not None
            for name, digest in file.hashes
            if name == "sha256" and digest in by_sha256
        ]


_UNREADABLE = "a page that cannot be read"


def _needs_page(artifact: Artifact) -> bool:
    """Return whether only an index page can name the project of a download."""
    if not isinstance(artifact.entry, HttpEntry) or artifact.kind in {Kind.PAGE, Kind.METADATA}:
        return False
    is_named = artifact.project is not None and artifact.version is not None and not artifact.is_guessed
    return not (artifact.is_redirect or is_named)


def _is_listed(hit: Hit, scanned: _ScannedPage, files: Mapping[str, object]) -> bool:
    """Return whether a hit is among the files of a page that are recorded."""
    artifact = hit.artifact
    filenames = (artifact.filename, *artifact.filenames)
    return artifact.key in scanned.keys or any(filename in files for filename in filenames)


def _with_filenames(files: Mapping[str, Sequence[Clause]]) -> tuple[Clause, ...]:
    """Return the clauses of listed files, each once, with the names of its files in the text."""
    filenames: dict[Clause, list[str]] = {}
    for filename, clauses in files.items():
        for clause in dict.fromkeys(clauses):
            filenames.setdefault(clause, []).append(filename)
    return tuple(
        clause._replace(text=f"lists {_shortened(names)}: {clause.text}") for clause, names in filenames.items()
    )


def _shortened(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
