"""An export: files of a selection, put into a folder as a package index that never changes a file."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256 as new_sha256
from typing import NamedTuple

from pipcache.inventory.artifact import path_of
from pipcache.offline.export_folder import (
    FILES,
    SIMPLE,
    SUMS,
    OtherBytes,
    exported_files,
    exported_projects,
    file_link,
    holds,
)
from pipcache.offline.export_writer import (
    THREADS,
    ExportWriter,
    How,
    Link,
    Origin,
    SourceChanged,
    SourceUnreadable,
)
from pipcache.offline.page_rows import index_file, may_be_served, metadata_in
from pipcache.offline.selection import SelectionResult
from pipcache.offline.simple_pages import IndexFile, project_html, project_json, root_html, root_json
from pipcache.offline.supply import LeftOut, SupplyFile, Why
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.util.files import File, Window, open_quietly
from pipcache.util.progress import Track
from pipcache.util.workers import Workers


class Exported(NamedTuple):
    """A file of the selection that the export has.

    Attributes:
        file: the file.
        how: how it came there.
        row: what the page says of it.
        note: what else is to say of it, for people; empty without anything.
    """

    file: SupplyFile
    how: How
    row: IndexFile
    note: str = ""


class Refused(NamedTuple):
    """A file that the export has with other bytes, which stay.

    Attributes:
        name: its name in ``files``.
        sha256: what the cache has.
        there: the digest of what the export has; None where that is no file that can be read.
        detail: why it is refused, for people.
    """

    name: str
    sha256: str
    there: str | None
    detail: str


class Export(NamedTuple):
    """What was exported, and what was not.

    Attributes:
        files: the files of the selection that the export has, by name.
        left_out: files whose bytes changed, or could not be read, after they were judged.
        refused: files that are there with other bytes.
        projects: how many projects the export has, those of earlier runs too.
        bytes_written: how many bytes were written.
    """

    files: list[Exported]
    left_out: list[LeftOut]
    refused: list[Refused]
    projects: int
    bytes_written: int


class ExportRequest(NamedTuple):
    """Where to and how to export.

    Attributes:
        folder: the real path of the folder.
        link: how files come into it.
        is_dry: nothing is written.
        on_wait: called before another run is waited for.
        track: reports progress.
    """

    folder: str
    link: Link
    is_dry: bool
    on_wait: Callable[[], object]
    track: Track


Outcome = Exported | LeftOut | Refused


def export(result: SelectionResult, cache: Cache, request: ExportRequest) -> Export:
    """Put the files of a selection into a folder, and write its pages.

    Raises:
        NotWritten: the folder cannot be written; what is complete stays.
    """
    files = [file for release in result.releases for file in release.files]
    if request.is_dry:
        look = partial(_look, request=request, result=result, names=_names_in(request.folder))
        return _summed(_each(files, look, request, lambda: None), len({file.locked.project for file in files}), 0)
    with ExportWriter(request.folder, request.link, on_wait=request.on_wait) as writer:
        place = partial(_place, writer=writer, cache=cache, result=result, names=_names_in(request.folder))
        outcomes = _each(files, place, request, writer.stop)
        writer.sync()
        added: dict[str, list[IndexFile]] = {}
        for outcome in outcomes:
            if isinstance(outcome, Exported):
                added.setdefault(outcome.file.locked.project, []).append(outcome.row)
        listed_ones = {path for path, rows in result.listed.items() if rows}
        known = {
            outcome.row.filename
            for outcome in outcomes
            if isinstance(outcome, Exported) and path_of(outcome.file.artifact) in listed_ones
        }
        projects = _write_pages(writer, added, known)
    return _summed(outcomes, projects, writer.bytes_written)


def _summed(outcomes: Iterable[Outcome], projects: int, size: int) -> Export:
    outcomes = list(outcomes)
    files = [outcome for outcome in outcomes if isinstance(outcome, Exported)]
    return Export(
        sorted(files, key=lambda exported: exported.row.filename),
        [outcome for outcome in outcomes if isinstance(outcome, LeftOut)],
        [outcome for outcome in outcomes if isinstance(outcome, Refused)],
        projects,
        size,
    )


def _each(
    files: list[SupplyFile],
    work: Callable[[SupplyFile], list[Outcome]],
    request: ExportRequest,
    stop: Callable[[], object],
) -> list[Outcome]:
    """Do the work for each file on all cores; where it ends early, wait until the threads have."""
    outcomes: list[Outcome] = []
    with Workers(THREADS) as workers:
        try:
            for some in request.track(workers.map(work, files), len(files), "Exporting"):
                outcomes += some
        except BaseException:
            stop()
            workers.stop()
            raise
    return outcomes


def _names_in(folder: str) -> dict[str, str]:
    """Return the names of the files of an export by their spelling in lower case."""
    try:
        return {name.lower(): name for name in os.listdir(os.path.join(folder, FILES))}
    except OSError:
        return {}


def _look(
    file: SupplyFile, *, request: ExportRequest, result: SelectionResult, names: Mapping[str, str]
) -> list[Outcome]:
    """Return what would become of a file."""
    filename = file.locked.filename
    if (clash := _clash(file, names)) is not None:
        return [clash]
    try:
        is_there = holds(os.path.join(request.folder, FILES, filename), file.locked.sha256)
    except OtherBytes as other:
        return [_refused(filename, file.locked.sha256, other.sha256)]
    new = How.LINK if request.link is Link.HARD else How.COPY
    return [Exported(file, How.KEPT if is_there else new, _row(file, result, None))]


def _place(
    file: SupplyFile, *, writer: ExportWriter, cache: Cache, result: SelectionResult, names: Mapping[str, str]
) -> list[Outcome]:
    """Put a file into the export, and its metadata beside it."""
    filename = file.locked.filename
    if (clash := _clash(file, names)) is not None:
        return [clash]
    try:
        how = writer.add_file(f"{FILES}/{filename}", _origin(file, cache))
    except OtherBytes as other:
        return [_refused(filename, file.locked.sha256, other.sha256)]
    except SourceChanged:
        return [file.left_out(Why.CHANGED, "its bytes changed while it was exported")]
    except SourceUnreadable as error:
        return [file.left_out(Why.UNREADABLE, f"it cannot be read: {error}")]
    metadata = _metadata_of(os.path.join(writer.folder, FILES, filename), file)
    if metadata is None:
        return [Exported(file, how, _row(file, result, None))]
    digest = new_sha256(metadata).hexdigest()
    if not may_be_served(result.listed.get(path_of(file.artifact), ()), digest):
        note = f"an index page promised other metadata than {filename} has, so it is listed without"
        return [Exported(file, how, _row(file, result, None), note)]
    try:
        writer.add_bytes(f"{FILES}/{filename}.metadata", metadata)
    except OtherBytes as other:
        refused = _refused(f"{filename}.metadata", digest, other.sha256)
        return [Exported(file, how, _row(file, result, None)), refused]
    return [Exported(file, how, _row(file, result, digest))]


def _clash(file: SupplyFile, names: Mapping[str, str]) -> Refused | None:
    """Return why a file cannot be there beside one whose name differs in case alone: not every disk has both."""
    there = names.get(file.locked.filename.lower(), file.locked.filename)
    if there == file.locked.filename:
        return None
    return Refused(
        file.locked.filename, file.locked.sha256, None, f"the export has {there}, and disks may not tell"
    )


def _refused(name: str, sha256: str, there: str | None) -> Refused:
    detail = "the export has something under this name that cannot be read"
    if there is not None:
        detail = f"the export has other bytes under this name: sha256 {there}, in the cache {sha256}"
    return Refused(name, sha256, there, detail)


def _origin(file: SupplyFile, cache: Cache) -> Origin:
    """Return where the bytes of a file are in the cache, and as what they were judged."""
    artifact = file.artifact
    whole: File | None = None
    match artifact.entry:
        case HttpEntry(body=File() as body):
            whole = body
        case BuiltEntry(wheel=wheel):
            whole = wheel
        case _:
            pass  # a part of a file, in the old layout
    path = None if whole is None else os.path.join(cache.root, *whole.path.split("/"))

    def open_window() -> Window:
        body = cache.body(artifact.entry, artifact.head)
        return body.window

    return Origin(open_window, path, whole, file.locked.sha256, file.locked.size)


def _metadata_of(path: str, file: SupplyFile) -> bytes | None:
    """Return the METADATA of a file in the export; None where it is no wheel, or has none that pip would take."""
    if not file.locked.is_wheel:
        return None
    try:
        with Window(open_quietly(path), 0, file.locked.size) as window:
            return metadata_in(window)
    except OSError:
        return None


def _row(file: SupplyFile, result: SelectionResult, metadata_sha256: str | None) -> IndexFile:
    rows = result.listed.get(path_of(file.artifact), ())
    return index_file(file, file_link(file.locked.filename), rows, metadata_sha256)


def _write_pages(writer: ExportWriter, added: Mapping[str, Iterable[IndexFile]], known: Collection[str]) -> int:
    """Write the pages of all projects, with the files of earlier runs; return how many projects there are.

    Args:
        writer: writes them.
        added: the files of this run, by project.
        known: the names of files that index pages of the cache list.
    """
    names = set(_names_in(writer.folder).values())
    everything: dict[str, list[IndexFile]] = {}
    pages: dict[str, bytes] = {}
    for project in sorted({*added, *exported_projects(writer.folder)}):
        before = {file.filename: file for file in exported_files(writer.folder, project, names)}
        now = {file.filename: file for file in added.get(project, ())}
        merged = {name: _merged(file, before.get(name), is_known=name in known) for name, file in now.items()}
        if files := list((before | merged).values()):
            everything[project] = files
        pages[f"{SIMPLE}/{project}/index.json"] = project_json(project, files)
        pages[f"{SIMPLE}/{project}/index.html"] = project_html(project, files)
    writer.write_pages(pages)
    lists = {
        f"{SIMPLE}/index.json": root_json(everything),
        f"{SIMPLE}/index.html": root_html(everything),
        SUMS: "".join(_sum_lines(everything)).encode(),
    }
    writer.write_pages(lists)
    writer.sync()
    return len(everything)


def _merged(now: IndexFile, before: IndexFile | None, *, is_known: bool) -> IndexFile:
    """Return what a page says of a file that it has listed before, when more was known of it perhaps."""
    if before is None or before.sha256 != now.sha256:
        return now
    upload_time = now.upload_time or before.upload_time
    if is_known:
        return now._replace(upload_time=upload_time)
    requires_python = before.requires_python or now.requires_python
    return now._replace(upload_time=upload_time, yanked=before.yanked, requires_python=requires_python)


def _sum_lines(everything: Mapping[str, Iterable[IndexFile]]) -> Iterator[str]:
    """Yield the digests of all files as ``sha256sum`` checks them."""
    sums: dict[str, str] = {}
    for files in everything.values():
        for file in files:
            sums[file.filename] = file.sha256
            if file.metadata_sha256 is not None:
                sums[f"{file.filename}.metadata"] = file.metadata_sha256
    yield from (f"{sums[name]}  {FILES}/{name}\n" for name in sorted(sums))
