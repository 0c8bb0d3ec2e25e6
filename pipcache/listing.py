"""Cached index pages that list what advisories mean: from them pip would choose it again."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipcache.artifacts import Artifact, Kind, path_of
from pipcache.contents import decoded
from pipcache.derivation import Hit, Relation
from pipcache.entries import HttpEntry
from pipcache.keys import has_key, http_key
from pipcache.matching import Book, Clause
from pipcache.pages import PAGE_LIMIT, absolute_urls, parse_page
from pipcache.progress import Track


class Unjudged(NamedTuple):
    """Something that may be meant, for all that can be told."""

    path: str
    why: str
    artifact: Artifact | None = None


def pages_that_list(
    root: str, artifacts: Sequence[Artifact], book: Book, found_here: Sequence[Hit], track: Track
) -> tuple[list[Hit], list[Unjudged]]:
    """Return the index pages that list what is meant or was ``found_here``, and those that cannot be read."""
    hits, closed = [], []
    projects = {one.artifact.project for one in found_here} - {None}
    names = {name for one in found_here for name in (one.artifact.filename, *one.artifact.filenames)}
    keys = {one.artifact.key: one for one in found_here if isinstance(one.artifact.entry, HttpEntry)}
    by_sha256 = {one.digests.sha256: one for one in found_here if one.digests is not None}
    pages = [one for one in artifacts if one.kind is Kind.PAGE]
    for page in track(pages, len(pages), "Reading index pages"):
        data = decoded(root, page, PAGE_LIMIT)
        if data is None:
            closed.append(Unjudged(path_of(page), "a page that does not decode", page))
            continue
        if page.project not in projects and not book.may_be_listed(page.project, data):
            continue
        parsed = parse_page(data)
        if parsed is None:
            closed.append(Unjudged(path_of(page), "a page that cannot be read", page))
            continue
        files: dict[str, list[Clause]] = {}
        for file in parsed.files:
            needs_urls = book.looks_for_bytes or file.filename in names
            urls = [*absolute_urls(file.url, parsed.base, page.url)] if needs_urls else []
            found = book.of_listed(file, urls, page.project or parsed.project)
            known = [keys.get(http_key(url)) for url in urls if has_key(url)]
            known += [by_sha256.get(value) for name, value in file.hashes if name == "sha256"]
            found += [clause for hit in known if hit is not None for clause in hit.clauses]
            if found or any(one is not None for one in known):
                files.setdefault(file.filename, []).extend(found)
        if files:
            hits.append(Hit(page, Relation.PAGE, _summed(files), of=", ".join(files)))
    return hits, closed


def _summed(files: Mapping[str, Sequence[Clause]]) -> tuple[Clause, ...]:
    """Return the clauses of listed files, each once, with the files it means."""
    meant: dict[Clause, list[str]] = {}
    for name, clauses in files.items():
        for one in dict.fromkeys(clauses):
            meant.setdefault(one, []).append(name)
    return tuple(one._replace(text=f"lists {_some(names)}: {one.text}") for one, names in meant.items())


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
