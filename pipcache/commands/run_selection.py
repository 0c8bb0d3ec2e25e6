"""A selection that is judged with a progress bar, for the commands that give files away."""

from pipcache.commands.run_verifier import judging
from pipcache.location.locate import configured_indexes
from pipcache.offline.reading import SelectionRequest, Source
from pipcache.offline.selection import SelectionResult, take
from pipcache.offline.target import Target
from pipcache.store.cache import Cache
from pipcache.util.progress import Track
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verifier import VerifyOptions


def take_verified(cache: Cache, request: SelectionRequest, target: Target, track: Track) -> SelectionResult:
    """Read a cache, judge what is selected and what it needs, also by the digests of pins, and return it.

    Raises:
        KeyboardInterrupt: the judging was interrupted; half a selection is none.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    locks = LockIndex(pin for pin in request.pins if pin.digests)
    with judging(cache, VerifyOptions(locks, digests=frozenset({"sha256"}))) as verifier:
        return take(request, Source(cache, target, verifier, configured_indexes, track))
