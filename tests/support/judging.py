"""What tests of verification share."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verifier import Verified, Verifier, VerifyOptions
from tests.support.caches import FILE_HEADERS
from tests.support.index import JSON_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipcache.inventory.artifact import Artifact
    from pipcache.inventory.collector import IndexUrls
    from pipcache.util.progress import Meter
    from pipcache.verify.verdict import Judgement
    from tests.support.caches import CacheBuilder


def verify(
    cache: Cache,
    chosen: Sequence[Artifact],
    artifacts: Sequence[Artifact],
    options: VerifyOptions,
    *,
    index_urls: IndexUrls,
    meter: Meter,
    should_stop: Callable[[], bool] = bool,
) -> Verified:
    """The judgements of the `chosen` of all `artifacts` of a cache."""
    with Verifier(cache, options, index_urls=index_urls, meter=meter, should_stop=should_stop) as verifier:
        return verifier.judge(chosen, artifacts)


FILES = "https://files.example/packages/"
"""Where ``listed`` has its files."""


def listed(builder: CacheBuilder, filename: str, data: bytes) -> str:
    """The key of a download whose digest and file name a cached page has."""
    digest = hashlib.sha256(data).hexdigest()
    row = {"filename": filename, "url": FILES + filename, "hashes": {"sha256": digest}}
    page = json.dumps({"meta": {"api-version": "1.0"}, "name": "foo", "files": [row]})
    headers = {**FILE_HEADERS, "Content-Type": JSON_PAGE}
    builder.download("https://index.example/simple/foo/", page.encode(), headers=headers)
    return builder.download(FILES + filename, data)


class Silent:
    """A meter that nobody watches; it keeps the sum."""

    def __init__(self) -> None:
        self.total = self.expected = self.read = 0

    def expect(self, size: int | None, read: int = 0) -> None:
        """Keep what was expected last."""
        self.expected = size or 0
        self.read = read

    def advance(self, size: int) -> None:
        """Count."""
        self.total += size


def verified(
    root: Path, locks: LockIndex | None = None, *, thorough: bool = False, threads: int | None = None
) -> Verified:
    """The cache verified as the program does it."""
    catalogue = read_inventory(Cache(str(root)), Need())
    request = VerifyOptions(locks or LockIndex(), thorough, threads)
    return verify(Cache(str(root)), catalogue, catalogue, request, index_urls=tuple, meter=Silent())


def codes(judgement: Judgement) -> set[str]:
    """The codes of what was found."""
    return {finding.check.code for finding in judgement.findings}
