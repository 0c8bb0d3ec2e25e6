"""Cached index pages that list what advisories mean: from them pip would choose it again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcache.artifacts import Artifact, Kind, path_of
from pipcache.contents import decoded
from pipcache.derivation import Hit, Relation
from pipcache.entries import HttpEntry
from pipcache.links import Wanted
from pipcache.matching import Book, Clause, digests_in_path
from pipcache.names import normalise, parse_filename
from pipcache.pages import PAGE_LIMIT, Row, Rows, page_rows


class Unjudged(NamedTuple):
    """Something that may be meant, for all that can be told."""

    path: str
    why: str
    artifact: Artifact | None = None


class Sightings:
    """What ``book`` means of what pages list, seen while they are read for names (a ``Watch`` of ``join``)."""

    def __init__(self, root: str, book: Book) -> None:
        """Take the cache directory, and what is looked for."""
        self._root = root
        self.book = book
        self._pages: dict[str, _Page] = {}

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the URLs that are looked for."""
        return self.book.keys

    def begin(self, page: Artifact, rows: Rows | None, wanted: Wanted) -> Callable[[Row, bool], None]:
        """Return what is told each row of a page."""
        self._pages[path_of(page)] = one = _Page(self.book, page.project, wanted, is_page=_is_stated(rows))
        return one.see

    def hits(self, artifacts: Sequence[Artifact], found_here: Sequence[Hit]) -> tuple[list[Hit], list[Unjudged]]:
        """Return the pages that list what is meant or was ``found_here``, and those that cannot be read."""
        hits, closed = [], []
        downloads = [one for one in found_here if isinstance(one.artifact.entry, HttpEntry)]
        by_key = {one.artifact.key or "": one for one in downloads}
        by_project: dict[str | None, list[Hit]] = {None: downloads}
        for one in downloads:
            for project in {normalise(claim.project) for claim in one.artifact.claims if claim.project}:
                by_project.setdefault(project, []).append(one)
        for page in artifacts:
            seen = self._pages.get(path_of(page))
            if page.kind is not Kind.PAGE or seen is None:
                continue
            if not seen.is_page and self.book.may_be_listed(page.project):
                closed.append(Unjudged(path_of(page), "a page that cannot be read", page))
            files = {name: list(clauses) for name, clauses in seen.files.items()}
            for key in seen.keys.keys() & by_key.keys():
                files.setdefault(seen.keys[key], []).extend(by_key[key].clauses)
            unseen = [one for one in by_project.get(page.project, ()) if not _is_among(one, seen, files)]
            for name, hit in self._elsewhere(page, unseen):
                files.setdefault(name, []).extend(hit.clauses)
            if files:
                hits.append(Hit(page, Relation.PAGE, _summed(files), of=", ".join(files)))
        return hits, closed

    def _elsewhere(self, page: Artifact, hits: Sequence[Hit]) -> Iterator[tuple[str, Hit]]:
        """Yield the files that have the bytes of ``hits`` under a URL that nothing is known of: a mirror's."""
        by_sha256 = {one.digests.sha256: one for one in hits if one.digests is not None}
        if not by_sha256 or (rows := page_rows(decoded(self._root, page, PAGE_LIMIT) or b"")) is None:
            return
        for row in rows.rows:
            if row.may_have(by_sha256) and (file := row.file()) is not None:
                told = (by_sha256.get(value) for name, value in file.hashes if name == "sha256")
                yield from ((file.filename, hit) for hit in told if hit is not None)


class _Page:
    """What one page lists of what is looked for: clauses by the names of files, their names by wanted keys."""

    def __init__(self, book: Book, project: str | None, wanted: Wanted, *, is_page: bool) -> None:
        self.is_page = is_page
        self.files: dict[str, list[Clause]] = {}
        self.keys: dict[str, str] = {}
        self._book = book
        self._project = project
        self._wanted = wanted
        self._may_be_named = book.may_be_named(project)
        self._releases: dict[str, Sequence[Clause]] = {}

    def see(self, row: Row, is_wanted: bool) -> None:  # noqa: FBT001 - as join tells it
        """Take in what the page lists next."""
        found: Sequence[Clause] = ()
        if is_wanted or self._book.has_digest_of(row):
            found = self._exact(row)
        if self._may_be_named and (named := self._named(row.filename)):
            found = [*found, *named]
        if found:
            self.files.setdefault(row.filename, []).extend(found)
        if not self.is_page:
            self.is_page = parse_filename(row.filename) is not None

    def _exact(self, row: Row) -> list[Clause]:
        file = row.file()
        if file is None:
            return []
        keys = [key for _, is_metadata, key in self._wanted.places(file.url) if not is_metadata]
        self.keys |= dict.fromkeys(keys, file.filename)
        return self._book.of_file(keys, {*file.hashes, *digests_in_path(file.url)})

    def _named(self, filename: str) -> Sequence[Clause]:
        """Return what means a file by its name; wheels of a release are alike but for their tags."""
        stem = filename.rsplit("-", 3)[0] if filename.endswith(".whl") else filename
        if stem not in self._releases or self._book.looks_for_filenames:
            self._releases[stem] = self._book.of_name(filename, self._project)
        return self._releases[stem]


def _is_stated(rows: Rows | None) -> bool:
    return rows is not None and rows.is_stated


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
