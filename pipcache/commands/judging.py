"""What ``verify`` and ``remove --damaged`` share: reading lock files, and judging with a progress bar."""

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from pipcache.errors import ExitCode, PipcacheError
from pipcache.location import CacheDirectory, configured_indexes
from pipcache.lockbook import Locks
from pipcache.render.bar import meter
from pipcache.verify import Request as How
from pipcache.verify import Verification


class BadLock(PipcacheError):  # noqa: N818 - as the other errors, it says what it is
    """A file given with --against is no lock file."""

    exit_code = ExitCode.USAGE


def read_locks(paths: Iterable[str]) -> Locks:
    """Return what the lock files at ``paths`` write down.

    Raises:
        BadLock: one of them is no lock file, or cannot be read.
    """
    paths = list(paths)
    if not paths:
        return Locks()
    from pipcache.locks import LockError, read_lock  # noqa: PLC0415 - brings parsers that most runs do not need

    try:
        return Locks(one._replace(source=path) for path in paths for one in read_lock(path))
    except LockError as error:
        raise BadLock(str(error), hint="Nothing was verified.") from None


@contextmanager
def judging(cache: CacheDirectory, how: How) -> Iterator[Verification]:
    """Give what judges artifacts of ``cache``, with a progress bar; an interruption ends it early."""
    with (
        meter("Verifying") as bar,
        _interrupted() as is_interrupted,
        Verification(
            cache.path, how, index_urls=configured_indexes, meter=bar, should_stop=is_interrupted
        ) as verification,
    ):
        yield verification


@contextmanager
def _interrupted() -> Iterator[Callable[[], bool]]:
    """Remember a SIGINT beside raising: what it raises is lost where it hits a callback of the interpreter."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        received.append(number)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background
        yield bool
        return
    previous = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(received)
    finally:
        signal.signal(signal.SIGINT, previous)
