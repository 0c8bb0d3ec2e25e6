"""What the page of an index says of a file: what the pages in the cache said of it, else what its metadata say."""

from collections.abc import Iterable, Sequence

from pipcache.archive.core_metadata import METADATA_LIMIT
from pipcache.archive.wheel_rules import read_metadata
from pipcache.index.rows import PageFile
from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.offline.simple_pages import IndexFile, Mark
from pipcache.offline.supply import SupplyFile
from pipcache.util.files import Window


def rows_of(artifacts: Iterable[Artifact]) -> dict[str, tuple[PageFile, ...]]:
    """Return how index pages list artifacts, by the paths of their entries; without those that none lists."""
    return {
        path_of(artifact): (artifact.listed, *artifact.also_listed)
        for artifact in artifacts
        if artifact.listed is not None
    }


def upload_time_in(rows: Iterable[PageFile]) -> str | None:
    """Return when a file was uploaded, as pages list it; None where none says it."""
    return next((row.upload_time for row in rows if row.upload_time is not None), None)


def index_file(file: SupplyFile, url: str, rows: Sequence[PageFile], metadata_sha256: str | None) -> IndexFile:
    """Return what the page of an index says of a file.

    Args:
        file: the file.
        url: where it is, as the page is to have it.
        rows: how pages in the cache list it.
        metadata_sha256: hex digest of its ``.metadata`` file; None without one.
    """
    locked = file.locked
    requires_python = next((row.requires_python for row in rows if row.requires_python is not None), None)
    reasons = [row.yanked for row in rows if row.yanked is not False]
    return IndexFile(
        locked.filename,
        url,
        locked.version,
        locked.sha256,
        locked.size,
        requires_python or locked.requires_python or None,
        upload_time_in(rows),
        next((reason for reason in reasons if isinstance(reason, str)), bool(reasons)),
        metadata_sha256,
        Mark.BUILT if file.artifact.kind is Kind.BUILT else Mark.UNVERIFIED if file.is_unverified else None,
    )


def metadata_in(window: Window) -> bytes | None:
    """Return the METADATA of a wheel; None where it has none that pip would take.

    Raises:
        OSError: it cannot be read.
    """
    data = read_metadata(window)
    return data if data and len(data) <= METADATA_LIMIT else None


def may_be_served(rows: Iterable[PageFile], digest: str) -> bool:
    """Return whether no page promised a ``.metadata`` file with another SHA-256 digest (PC208)."""
    return all(dict(row.core_metadata or ()).get("sha256", digest) == digest for row in rows)
