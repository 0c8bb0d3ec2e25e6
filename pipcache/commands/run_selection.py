"""A selection that is judged with a progress bar, for the commands that give files away."""

from typing import Protocol

from pipcache.commands.run_verifier import judging
from pipcache.location.locate import configured_indexes
from pipcache.offline.reading import SelectionRequest, Source
from pipcache.offline.selection import SelectionResult, read_pins, take
from pipcache.offline.target import Target
from pipcache.query.selector import Selector
from pipcache.store.cache import Cache
from pipcache.util.progress import Track
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verifier import VerifyOptions


class ClosureRequest(Protocol):
    """What is selected, and whether with all that it needs: the part that the requests of these commands share."""

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """What is selected."""

    @property
    def needed_for(self) -> tuple[str, ...]:
        """The lock and requirements files of ``--for``."""

    @property
    def target(self) -> Target:
        """For which Python and platform."""

    @property
    def latest(self) -> bool:
        """Of each project the newest version alone."""

    @property
    def with_dependencies(self) -> bool:
        """Also what the selection needs."""


def selection_of(request: ClosureRequest) -> SelectionRequest:
    """Return the selection that a command was asked for: all downloads where nothing is named.

    Raises:
        BadLock: a file of ``--for`` is no lock or requirements file.
    """
    return SelectionRequest(
        request.selectors,
        read_pins(request.needed_for, request.target),
        names_all=not (request.selectors or request.needed_for),
        latest=request.latest,
        with_dependencies=request.with_dependencies,
    )


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
