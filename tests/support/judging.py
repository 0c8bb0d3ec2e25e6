"""What tests of verification share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verifier import Verified, Verifier, VerifyOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipcache.inventory.artifact import Artifact
    from pipcache.inventory.collector import IndexUrls
    from pipcache.util.progress import Meter
    from pipcache.verify.verdict import Judgement


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


class Silent:
    """A meter that nobody watches; it keeps the sum."""

    def __init__(self) -> None:
        self.total = self.expected = 0

    def expect(self, size: int) -> None:
        """Keep what was expected last."""
        self.expected = size

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
