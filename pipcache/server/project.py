"""What of a project is served: its files, judged, with what its page says of each; and what is withheld."""

import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256 as new_sha256
from typing import NamedTuple

from pipcache.index.rows import PageFile
from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import open_body
from pipcache.offline.contents import ContentsReader
from pipcache.offline.page_rows import index_file, may_be_served, metadata_in
from pipcache.offline.simple_pages import IndexFile, Status, project_html, project_json, quote_name
from pipcache.offline.supply import LeftOut, SupplyFile, Terms, Why, supply_of
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.util.files import File, Status as FileStatus, Window
from pipcache.util.untrusted import clean
from pipcache.verify.checks import Verdict
from pipcache.verify.verdict import Judgement

FileState = tuple[int, int, int, int, int]
"""What no writer can leave as it was, where the system keeps the time of the last change."""


def state_of(status: FileStatus) -> FileState:
    """Return what tells a file, and its content, from another."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class ServedFile(NamedTuple):
    """A file that is served.

    Attributes:
        file: the file.
        row: what the page says of it.
        blake2b_256: hex digest, as PyPI's URLs have it; None where the system does not allow it.
        state: the file in the cache that holds its bytes, as it was before they were judged.
    """

    file: SupplyFile
    row: IndexFile
    blake2b_256: str | None
    state: FileState

    @property
    def path(self) -> str:
        """The path of its URL."""
        return f"/files/{self.row.sha256}/{quote_name(self.row.filename)}"

    def open(self, cache: Cache) -> Window | None:
        """Open its bytes; None where they are not those that were judged, or cannot be opened any more.

        The caller closes it.
        """
        try:
            window = open_body(cache, self.file.artifact).window
        except OSError:
            return None
        try:
            is_same = state_of(os.fstat(window.descriptor)) == self.state
        except OSError:
            is_same = False
        if not is_same:
            window.close()
            return None
        return window

    def metadata(self, window: Window) -> bytes | None:
        """Return its METADATA, if that is what the page promises."""
        data = metadata_in(window) if self.row.metadata_sha256 is not None else None
        return data if data is not None and new_sha256(data).hexdigest() == self.row.metadata_sha256 else None


class WithheldFile(NamedTuple):
    """A file that is in the cache and not served.

    Attributes:
        filename: its name.
        project: the normalised name of its project.
        why: the reason, as JSON has it.
        detail: the reason, for people.
    """

    filename: str
    project: str
    why: Why
    detail: str


class Project(NamedTuple):
    """A project as it is served.

    Attributes:
        name: its normalised name.
        files: its files, by name.
        withheld: files that are not served for a fault, by name; none of these names is among the files.
        html: its page (PEP 503).
        json: its page (PEP 691).
        is_unsettled: something could not be read; another look may show more.
    """

    name: str
    files: Mapping[str, ServedFile]
    withheld: Mapping[str, WithheldFile]
    html: bytes
    json: bytes
    is_unsettled: bool


def project_of(
    name: str,
    judgements: Sequence[Judgement],
    listed: Mapping[str, tuple[PageFile, ...]],
    cache: Cache,
    terms: Terms,
) -> Project | None:
    """Return a project as it is served; None where the cache has no file of it.

    Args:
        name: its normalised name.
        judgements: of every artifact that may be a file of it, with SHA-256 and BLAKE2b-256 digests.
        listed: how index pages list the files, by the paths of their entries.
        cache: the cache.
        terms: which files may be given away.
    """
    paths = [path_of(judgement.artifact) for judgement in judgements]
    digests = {path: judgement.digests for path, judgement in zip(paths, judgements, strict=True)}
    supply = supply_of(_as_files(judgements), frozenset(paths), ContentsReader(cache), terms)
    files: dict[str, ServedFile] = {}
    for file in supply.files:
        state = _state_in_cache(file.artifact)
        if file.locked.project == name and state is not None:
            path = path_of(file.artifact)
            rows = listed.get(path, ())
            url = f"../../files/{file.locked.sha256}/{quote_name(file.locked.filename)}"
            row = index_file(file, url, rows, _metadata_digest(file, rows, cache))
            files[row.filename] = ServedFile(file, row, digests.get(path, {}).get("blake2b_256"), state)
    withheld = {
        left.filename: left
        for left in (_withheld(left, name) for left in [*supply.left_out, *_no_files(judgements)])
        if left is not None and left.filename not in files
    }
    if not files and not withheld:
        return None
    on_page = [served.row for served in files.values()]
    status = None if files else _status(name, withheld.values())
    is_unsettled = any(judgement.verdict is Verdict.UNREADABLE for judgement in judgements)
    html, json = project_html(name, on_page, status), project_json(name, on_page, status)
    return Project(name, files, withheld, html, json, is_unsettled)


_FILES = frozenset({Kind.WHEEL, Kind.SDIST, Kind.BUILT})


def _as_files(judgements: Iterable[Judgement]) -> list[Judgement]:
    return [judgement for judgement in judgements if judgement.artifact.kind in _FILES]


def _no_files(judgements: Iterable[Judgement]) -> list[LeftOut]:
    """Return what pip downloaded as a distribution file and is none: an error page, or bytes of nothing."""
    return [
        LeftOut(
            judgement.artifact, Why(judgement.verdict.value), f"it is {judgement.verdict.value}{_said(judgement)}"
        )
        for judgement in judgements
        if judgement.artifact.kind not in _FILES
        and judgement.verdict in {Verdict.DAMAGED, Verdict.POISONED, Verdict.UNREADABLE}
    ]


def _said(judgement: Judgement) -> str:
    finding = next(iter(judgement.findings), None)
    said = judgement.problem if finding is None else f"{finding.check.code} {finding.check.sentence}"
    return f": {said}" if said else ""


def _withheld(left: LeftOut, project: str) -> WithheldFile | None:
    """Return what is to be told of a file that is not served; None where nothing is wrong with it."""
    if not left.why.is_shortcoming:
        return None
    filename = left.artifact.filename or path_of(left.artifact)
    return WithheldFile(filename, project, left.why, clean(left.detail))


def _status(name: str, withheld: Iterable[WithheldFile]) -> Status | None:
    """Return the status (PEP 792) of a project of which nothing is left; None where nothing of it is bad."""
    bad = [left for left in withheld if left.why in {Why.DAMAGED, Why.POISONED}]
    if not bad:
        return None
    kinds = " and ".join(sorted({left.why.value for left in bad}))
    files = "1 file is" if len(bad) == 1 else f"{len(bad)} files are"
    return Status("quarantined", f"{files} {kinds} (pipcache verify {name})")


def _state_in_cache(artifact: Artifact) -> FileState | None:
    """Return the state of the file that holds the bytes, as it was before these were judged."""
    match artifact.entry:
        case HttpEntry(body=File() as file) | HttpEntry(head=File() as file) | BuiltEntry(wheel=file):
            return state_of(file.stat)
        case _:
            return None


def _metadata_digest(file: SupplyFile, rows: Iterable[PageFile], cache: Cache) -> str | None:
    """Return the digest of a wheel's METADATA; None without, or where a page promised others (PC208)."""
    if not file.locked.is_wheel:
        return None
    try:
        with open_body(cache, file.artifact) as body:
            data = metadata_in(body.window)
    except OSError:
        return None
    digest = None if data is None else new_sha256(data).hexdigest()
    return digest if digest is not None and may_be_served(rows, digest) else None
