"""How much work the bytes of an entry may make: counted, never timed, so that no verdict depends on the load."""

from pipcache.util.progress import Tick

FREE_BYTES = 512 << 20
"""Bytes that any entry may unpack to, however small it is."""

MOST_RATIO = 32
"""Bytes that each stored byte may unpack to besides; whole archives of zeros have 1000, real ones below 20."""


def is_mostly_holes(size: int, allocated: int) -> bool:
    """Return whether reading a file gives far more bytes than are stored: as for what an archive unpacks to.

    Args:
        size: bytes that the file seems to have.
        allocated: bytes of disk that it takes; its size where the file system does not say.
    """
    return size > FREE_BYTES + MOST_RATIO * allocated


FREE_STREAMS = 10_000
"""Compressed streams behind one another that may be empty."""

_BYTES_OF_A_STREAM = 4 << 10  # unpacked; bgzip begins a stream for each 64 kB

MOST_STEPS = 1_000_000
"""Headers and records that are read of an archive, besides its members' bytes."""


class TooMuchInItError(ValueError):
    """An entry makes more work than any real entry does; ``reason`` says of what there is too much."""

    def __init__(self, what: str) -> None:
        self.reason = f"too much in it: {what}"
        super().__init__(self.reason)


class Budget:
    """Counts the work that is done for some stored bytes, over all that is unpacked of them."""

    def __init__(self, stored: int, *, most_bytes: int | None = None, most_steps: int | None = None) -> None:
        """Begin to count.

        Args:
            stored: the stored bytes of the whole entry; what is unpacked of it is measured against them.
            most_bytes: the most unpacked bytes; by default as many as ``stored`` allows.
            most_steps: the most steps; by default ``MOST_STEPS``.
        """
        self._most_bytes = FREE_BYTES + MOST_RATIO * stored if most_bytes is None else most_bytes
        self._most_steps = MOST_STEPS if most_steps is None else most_steps
        self.bytes = 0
        self.streams = 0
        self.steps = 0

    def take(self, count: int) -> None:
        """Count unpacked bytes, or bytes that are hashed once more.

        Raises:
            TooMuchInItError: there were too many.
        """
        self.bytes += count
        if self.bytes > self._most_bytes:
            raise TooMuchInItError(f"it unpacks to more than {self._most_bytes:,} bytes")

    def begin_stream(self) -> None:
        """Count a further compressed stream behind another.

        Raises:
            TooMuchInItError: there were too many.
        """
        self.streams += 1
        if self.streams > FREE_STREAMS + self.bytes // _BYTES_OF_A_STREAM:
            raise TooMuchInItError(f"more than {FREE_STREAMS:,} compressed streams with next to nothing in them")

    def step(self) -> None:
        """Count a header, a record or a read.

        Raises:
            TooMuchInItError: there were too many.
        """
        self.steps += 1
        if self.steps > self._most_steps:
            raise TooMuchInItError(f"more than {self._most_steps:,} headers and records")

    def counting(self, tick: Tick) -> Tick:
        """Return ``tick`` as it counts a step each time, for work that is small in each."""

        def count(size: int = 0) -> None:
            self.step()
            tick(size)

        return count
