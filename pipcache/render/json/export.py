"""The JSON document of ``export``."""

from collections.abc import Iterable
from typing import Literal, TypedDict

from pipcache.location.locate import CacheDirectory
from pipcache.offline.export import Export
from pipcache.offline.export_folder import FILES
from pipcache.offline.selection import SelectionResult
from pipcache.offline.supply import LeftOut
from pipcache.offline.target import Target
from pipcache.render.json.lock import LeftOutRecord, MissingRecord, TargetRecord, left_out_records, missing_records
from pipcache.render.json.records import CacheRecord, cache_record, problem_records


class ExportedRecord(TypedDict):
    """A file of the export; ``from`` is the key of its entry, ``path`` its path in the export."""

    project: str
    version: str
    filename: str
    path: str
    sha256: str
    size: int
    how: str
    mark: str | None
    requires_python: str | None
    upload_time: str | None
    yanked: str | bool
    metadata_sha256: str | None
    key: str | None
    note: str | None


class RefusedRecord(TypedDict):
    """A file that the export has with other bytes, which stay."""

    path: str
    sha256: str
    there: str | None
    detail: str


class ExportDocument(TypedDict):
    """The answer of ``export``."""

    schema: Literal[1]
    command: Literal["export"]
    cache: CacheRecord
    target: TargetRecord
    directory: str
    dry_run: bool
    files: list[ExportedRecord]
    left_out: list[LeftOutRecord]
    refused: list[RefusedRecord]
    missing: list[MissingRecord]
    unmatched: list[str]
    bytes_written: int
    problems: list[dict[str, str]]
    links_not_followed: int


def export_document(
    cache: CacheDirectory,
    target: Target,
    result: SelectionResult,
    export: Export,
    left_out: Iterable[LeftOut],
    *,
    folder: str,
    is_dry: bool,
) -> ExportDocument:
    """Return the answer of ``export``.

    Args:
        cache: the cache directory.
        target: the Python that files were chosen for.
        result: what was taken out of the cache.
        export: what was exported of it.
        left_out: what was selected and not exported.
        folder: the real path of the export.
        is_dry: nothing was written.
    """
    return {
        "schema": 1,
        "command": "export",
        "cache": cache_record(cache),
        "target": {"name": target.name, "python": target.python},
        "directory": folder,
        "dry_run": is_dry,
        "files": [
            {
                "project": exported.file.locked.project,
                "version": exported.file.locked.version,
                "filename": exported.row.filename,
                "path": f"{FILES}/{exported.row.filename}",
                "sha256": exported.row.sha256,
                "size": exported.row.size,
                "how": exported.how.value,
                "mark": None if exported.row.mark is None else exported.row.mark.value,
                "requires_python": exported.row.requires_python,
                "upload_time": exported.row.upload_time,
                "yanked": exported.row.yanked,
                "metadata_sha256": exported.row.metadata_sha256,
                "key": exported.file.artifact.key,
                "note": exported.note or None,
            }
            for exported in export.files
        ],
        "left_out": left_out_records(left_out),
        "refused": [
            {"path": f"{FILES}/{file.name}", "sha256": file.sha256, "there": file.there, "detail": file.detail}
            for file in export.refused
        ],
        "missing": missing_records(result.missing),
        "unmatched": [selector.text for selector in result.unmatched],
        "bytes_written": export.bytes_written,
        "problems": problem_records(result.unreadable),
        "links_not_followed": result.links,
    }
