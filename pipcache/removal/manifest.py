"""The list of the copies that ``remove --advisory --save`` keeps: ``manifest.json`` and ``SHA256SUMS``.

The manifest lies beside the copies, or above the folders of the caches. A copy is listed before it is made, so
that a run that was killed can be completed; ``saved`` is set when it is on the disk.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypedDict

from pipcache.removal.outcome import Fate
from pipcache.util.identity import Identity
from pipcache.util.units import iso_time

MANIFEST = "manifest.json"

SUMS = "SHA256SUMS"

LARGEST = 256 << 20
"""Bytes of a manifest; one of 100,000 copies has half."""


class AdvisoryRecord(TypedDict):
    """A file of ``--advisory``."""

    name: str
    sha256: str
    records: int


class RunRecord(TypedDict):
    """A run that kept copies."""

    host: str
    platform: str
    user: str
    uid: int | None
    tool: str
    version: str
    started: str | None
    advisories: list[AdvisoryRecord]


class KeptCacheRecord(TypedDict):
    """A cache that copies are from; ``folder`` is where they lie, ``""`` beside the manifest."""

    path: str
    owner: str
    uid: int | None
    folder: str


class CopyRecord(TypedDict):
    """A copy, or a note without one.

    ``name`` and ``note`` are paths relative to the manifest. ``run`` is the place of its run in ``runs``, from 0.
    """

    name: str | None
    sha256: str | None
    size: int
    note: str
    note_sha256: str
    cache: str
    owner: str
    uid: int | None
    entry: str
    key: str | None
    downloaded: str | None
    saved: str | None
    removed: str | None
    looked: str | None
    fate: str | None
    run: int


class ManifestDocument(TypedDict):
    """The manifest."""

    schema: Literal[1]
    host: str
    runs: list[RunRecord]
    caches: list[KeptCacheRecord]
    files: list[CopyRecord]


class KeptCache(NamedTuple):
    """A cache that copies are from: its real path, and its owner."""

    path: str
    owner: str
    uid: int | None


class CacheResult(NamedTuple):
    """What became of a cache in a run.

    Attributes:
        fates: of the entries that were to go, by their paths.
        removed: when the removal ended, in nanoseconds since the epoch; None where there was none.
        entries: the paths of all entries that the last look met; None without one.
        looked: when that look ended, in nanoseconds since the epoch.
    """

    fates: Mapping[str, Fate]
    removed: int | None
    entries: frozenset[str] | None
    looked: int | None


class Manifest:
    """The list of copies in a folder."""

    def __init__(self, data: bytes | None, host: str) -> None:
        """Read a manifest; None begins a new one.

        Raises:
            ValueError: the bytes are no manifest.
        """
        self.document: ManifestDocument = {"schema": 1, "host": host, "runs": [], "caches": [], "files": []}
        if data is not None:
            try:
                self.document = _checked(json.loads(data))
            except RecursionError:
                raise ValueError("it is nested too deeply") from None

    def dump(self) -> bytes:
        """Return the manifest as it is written."""
        return json.dumps(self.document, indent=1, ensure_ascii=True).encode() + b"\n"

    def sums(self) -> bytes:
        """Return the digests of all that is kept, as ``sha256sum`` writes and checks them."""
        lines = [f"{sha256}  {name}\n" for name, sha256 in sorted(self._digests())]
        return "".join(lines).encode()

    def _digests(self) -> Iterable[tuple[str, str]]:
        for file in self.document["files"]:
            if file["saved"] is None:
                continue
            if file["name"] is not None and file["sha256"] is not None:
                yield file["name"], file["sha256"]
            yield file["note"], file["note_sha256"]

    def add_run(self, identity: Identity, started: int, advisories: Iterable[AdvisoryRecord]) -> int:
        """Add a run, and return its place. ``started`` is in nanoseconds since the epoch."""
        record: RunRecord = {
            "host": identity.host,
            "platform": identity.platform,
            "user": identity.user,
            "uid": identity.uid,
            "tool": identity.tool,
            "version": identity.version,
            "started": iso_time(started),
            "advisories": list(advisories),
        }
        self.document["runs"].append(record)
        return len(self.document["runs"]) - 1

    def folder_of(self, cache: KeptCache, *, is_split: bool) -> str:
        """Return the folder of a cache's copies; a cache that is not listed is added.

        With ``is_split`` each cache has one of its own, by its owner and a number, as long as it is listed.
        """
        known = self.document["caches"]
        for record in known:
            if record["path"] == cache.path:
                return record["folder"]
        taken, folder = {record["folder"].casefold() for record in known}, ""
        if is_split:
            name, number = harmless(cache.owner), 1
            while f"{name}-{number}".casefold() in taken:
                number += 1
            folder = f"{name}-{number}"
        known.append({"path": cache.path, "owner": cache.owner, "uid": cache.uid, "folder": folder})
        return folder

    def unfinished(self, cache: str, entry: str, sha256: str | None) -> CopyRecord | None:
        """Return the copy of an entry that an earlier run planned or made, and whose entry was not removed yet."""
        for file in self.document["files"]:
            is_same = (file["cache"], _stem(file["entry"]), file["sha256"]) == (cache, _stem(entry), sha256)
            if is_same and file["removed"] is None and file["fate"] != Fate.GONE:
                return file
        return None

    def note_results(self, results: Mapping[str, CacheResult]) -> None:
        """Note what became of the entries whose copies are kept, by the paths of their caches."""
        stems = {path: {_stem(entry) for entry in result.entries or ()} for path, result in results.items()}
        for file in self.document["files"]:
            result = results.get(file["cache"])
            is_settled = file["fate"] in {Fate.REMOVED, Fate.GONE}
            if result is None or (is_settled and file["looked"] is not None):
                continue
            if is_settled:
                file["looked"] = None if result.looked is None else iso_time(result.looked)
                continue
            fate = result.fates.get(file["entry"])
            if fate is None and result.entries is not None and _stem(file["entry"]) not in stems[file["cache"]]:
                fate = Fate.GONE
            file["fate"] = file["fate"] if fate is None else fate.value
            if fate is Fate.REMOVED and result.removed is not None:
                file["removed"] = iso_time(result.removed)
            if result.looked is not None:
                file["looked"] = iso_time(result.looked)


def _stem(entry: str) -> str:
    """Return what the path of an entry has in common with that of its body, which a killed run may leave alone."""
    return entry.removesuffix(".body")


def harmless(name: str) -> str:
    """Return a name as a part of a path that no system takes for anything else."""
    return re.sub(r"[^A-Za-z0-9_+-]", "_", name[:1]) + re.sub(r"[^A-Za-z0-9._+-]", "_", name[1:64]) or "unknown"


_NAME = re.compile(r"(?:[A-Za-z0-9_+-][A-Za-z0-9._+-]*/)?[A-Za-z0-9_][A-Za-z0-9._+!-]*")

_FOLDER = r"(?:[A-Za-z0-9_+-][A-Za-z0-9._+-]*)?"

_KEYS = tuple(record.__annotations__.keys() for record in (RunRecord, KeptCacheRecord, CopyRecord))

_TEXTS = ("note", "note_sha256", "cache", "owner", "entry")


def _checked(document: object) -> ManifestDocument:
    """Return a document that was read as a manifest.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(document, dict) or document.get("schema") != 1 or "host" not in document:
        raise ValueError("it is not one of pipcache")
    lists = [document.get(key) for key in ("runs", "caches", "files")]
    for rows, keys in zip(lists, _KEYS, strict=True):
        is_table = isinstance(rows, list) and all(isinstance(row, dict) and keys <= row.keys() for row in rows)
        if not is_table:
            raise ValueError("it is not one of pipcache")
    if not all(re.fullmatch(_FOLDER, str(cache["folder"])) for cache in document["caches"]):
        raise ValueError("it names folders that are not those of caches")
    for file in document["files"]:
        names = [file["note"], *([] if file["name"] is None else [file["name"]])]
        is_text = all(isinstance(file[key], str) for key in _TEXTS)
        if not is_text or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
            raise ValueError("it names files that are not copies")
    return {
        "schema": 1,
        "host": str(document["host"]),
        "runs": document["runs"],
        "caches": document["caches"],
        "files": document["files"],
    }
