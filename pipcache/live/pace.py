"""How fast an index is asked, over all threads."""

import threading
import time


class Pace:
    """Lets requests begin at most so often, and not before an index wants to be asked again."""

    def __init__(self, per_second: float, stopping: threading.Event) -> None:
        """Make it.

        Args:
            per_second: how many requests may begin in a second.
            stopping: set when the run ends: nobody waits any longer.
        """
        self._interval = 1 / per_second
        self._stopping = stopping
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Return when a request may begin, or the run ends."""
        with self._lock:
            begin = max(self._next, time.monotonic())
            self._next = begin + self._interval
        self.pause(begin - time.monotonic())

    def hold(self, seconds: float) -> None:
        """Let no request begin for a while."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def pause(self, seconds: float) -> None:
        """Wait, unless the run ends."""
        if seconds > 0:
            self._stopping.wait(seconds)
