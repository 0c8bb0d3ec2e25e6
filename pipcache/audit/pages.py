"""Index pages that list a file that an advisory means."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from pipcache.audit.derivation import Hit, Relation
from pipcache.audit.inconclusive import Unjudged
from pipcache.audit.matcher import Book, Clause
from pipcache.index.links import absolute_urls
from pipcache.index.rows import Row, Rows
from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.from_pages import PageReader, RowFilter, read_rows
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.urls import digests_in_path


class Sightings:
    """What ``book`` means of what pages list, seen while they are read for names (a ``PageSearch``)."""

    def __init__(self, cache: Cache, book: Book) -> None:
        """Take the cache, and what is looked for."""
        self._cache = cache
        self.book = book
        self._pages: dict[str, _Page] = {}

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the URLs that are looked for."""
        return self.book.keys

    @property
    def projects(self) -> Collection[str]:
        """The projects whose pages are looked for by their keys."""
        return self.book.projects or ()

    def project_filter(self, artifacts: Iterable[Artifact]) -> Callable[[str], bool]:
        """Return which projects' pages have to be read: any's, where an indicator or an entry has none."""
        projects = self.book.projects
        if projects is None or any(map(_is_nameless, artifacts)):
            return bool
        # before pip 22.2 only the page of its sdist tells what a wheel was built from
        untold = {one.project for one in artifacts if isinstance(one.entry, BuiltEntry) and one.source is None}
        return lambda project: project in projects or project in untold

    def select_rows(self, page: Artifact, rows: Rows | None, row_filter: RowFilter) -> Iterator[Row]:
        """Yield the rows of a page whose key is wanted, and note what is meant."""
        self._pages[path_of(page)] = seen = _Page(self.book, page.project)
        if rows is None:
            return
        seen.is_page = rows.is_stated
        digests, folders = self.book.values, self.book.folders
        served = self.book.served - {""}
        is_named = page.url is None or self.book.may_be_named(page.project)
        for row in rows.rows:
            # all that most rows cost, of which there are hundreds of thousands
            is_wanted = row_filter(row)
            if is_wanted or (digests and row.may_have(digests, folders)):
                seen.see(row, row_filter)
            if is_named:
                seen.name(row)
            if not seen.is_page:
                seen.is_page = parse_filename(row.filename) is not None
            if page.url is None and row.served_as in served and not absolute_urls(row.url, rows.base, None):
                seen.unplaced = row.filename
            if is_wanted:
                yield row
        seen.is_cut = rows.is_cut

    def hits(self, artifacts: Sequence[Artifact], found_here: Sequence[Hit]) -> tuple[list[Hit], list[Unjudged]]:
        """Return the pages that list what is meant or was ``found_here``, and those that may do so unseen."""
        hits, closed = [], []
        found = {path_of(one.artifact) for one in found_here}
        downloads = [one for one in found_here if isinstance(one.artifact.entry, HttpEntry)]
        downloads_here = [one.artifact for one in downloads]
        by_key = {one.artifact.key or "": one for one in downloads}
        by_project: dict[str | None, list[Hit]] = {None: downloads}
        for one in downloads:
            for project in {normalise(claim.project) for claim in one.artifact.claims if claim.project}:
                by_project.setdefault(project, []).append(one)
        for page in artifacts:
            if page.kind is Kind.PAGE and path_of(page) not in self._pages and page.project in by_project:
                PageReader(self._cache, downloads_here, self).listings(page)
            if (seen := self._pages.get(path_of(page))) is None or path_of(page) in found:
                continue
            if not seen.is_page and self.book.may_be_listed(page.project):
                closed.append(Unjudged(path_of(page), "a page that cannot be read", page))
            elif seen.is_cut and self.book.may_be_listed(page.project):
                closed.append(Unjudged(path_of(page), "a page of which only the beginning was read", page))
            if seen.unplaced is not None:
                why = f"it lists {seen.unplaced} by a relative URL, and its own is not known"
                closed.append(Unjudged(path_of(page), why, page))
            files = {name: list(clauses) for name, clauses in seen.files.items()}
            for key in seen.keys.keys() & by_key.keys():
                files.setdefault(seen.keys[key], []).extend(by_key[key].clauses)
            unseen = [one for one in by_project.get(page.project, ()) if not _is_among(one, seen, files)]
            for name, hit in self._elsewhere(page, unseen):
                files.setdefault(name, []).extend(hit.clauses)
            if files:
                hits.append(Hit(page, Relation.PAGE, _summed(files), listed=tuple(files)))
        return hits, closed

    def _elsewhere(self, page: Artifact, hits: Sequence[Hit]) -> Iterator[tuple[str, Hit]]:
        """Yield the files that have the bytes of ``hits`` under a URL that nothing is known of: a mirror's."""
        by_sha256 = {one.digests.sha256: one for one in hits if one.digests is not None}
        if not by_sha256 or (rows := read_rows(self._cache, page)) is None:
            return
        for row in rows.rows:
            if row.may_have(by_sha256) and (file := row.file()) is not None:
                told = (by_sha256.get(value) for name, value in file.hashes if name == "sha256")
                yield from ((file.filename, hit) for hit in told if hit is not None)


class _Page:
    """What one page lists of what is looked for: clauses by the names of files, their names by wanted keys."""

    def __init__(self, book: Book, project: str | None) -> None:
        self.is_page = False
        self.is_cut = False
        self.unplaced: str | None = None  # a file that may lie where a URL that is looked for leads
        self.files: dict[str, Sequence[Clause]] = {}
        self.keys: dict[str, str] = {}
        self._book = book
        self._project = project
        self._releases: dict[tuple[str, str], Sequence[Clause]] = {}

    def add(self, filename: str, clauses: Sequence[Clause]) -> None:
        """Note that clauses mean a file of that name."""
        self.files[filename] = [*self.files[filename], *clauses] if filename in self.files else clauses

    def see(self, row: Row, row_filter: RowFilter) -> None:
        """Take in a file, and what means it by its URL or a digest."""
        if (file := row.file()) is None:
            return
        places = {key: url for url, is_metadata, key in row_filter.places(file.url) if not is_metadata}
        self.keys |= dict.fromkeys(places, file.filename)
        in_paths = {digest for url in (file.url, *places.values()) for digest in digests_in_path(url)}
        if found := self._book.of_file(places, {*file.hashes, *in_paths}):
            self.add(file.filename, found)

    def name(self, row: Row) -> None:
        """Take in what means a file by its name, or by the end of its URL, which is what pip goes by."""
        filename = row.filename
        if named := self._named(filename):
            self.add(filename, named)
        # only JSON can tell another name than the URL has
        if not row.url.endswith(filename) and row.served_as != filename and (named := self._named(row.served_as)):
            self.add(filename, named)

    def _named(self, filename: str) -> Sequence[Clause]:
        """Return what means a file by its name; wheels of a release are alike but for their tags."""
        is_wheel = filename.endswith(".whl") and not self._book.looks_for_filenames
        stem = (filename.rsplit("-", 3)[0], ".whl") if is_wheel else (filename, "")
        if stem not in self._releases:
            self._releases[stem] = self._book.of_name(filename, self._project)
        return self._releases[stem]


def _is_nameless(artifact: Artifact) -> bool:
    """Return whether only a page can tell of which project a download is."""
    if not isinstance(artifact.entry, HttpEntry) or artifact.kind in {Kind.PAGE, Kind.METADATA}:
        return False
    is_named = artifact.project is not None and artifact.version is not None and not artifact.is_guessed
    return not (artifact.is_redirect or is_named)


def _is_among(hit: Hit, seen: _Page, files: Mapping[str, object]) -> bool:
    """Return whether a page was seen to list what was found."""
    artifact = hit.artifact
    return artifact.key in seen.keys or any(name in files for name in (artifact.filename, *artifact.filenames))


def _summed(files: Mapping[str, Sequence[Clause]]) -> tuple[Clause, ...]:
    """Return the clauses of listed files, each once, with the files it means."""
    meant: dict[Clause, list[str]] = {}
    for name, clauses in files.items():
        for one in dict.fromkeys(clauses):
            meant.setdefault(one, []).append(name)
    return tuple(one._replace(text=f"lists {_some(names)}: {one.text}") for one, names in meant.items())


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
