"""The command that a person wants run: started, given the signals that we get, and waited for."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from types import FrameType


class NotStarted(Exception):  # noqa: N818 - it says what happened
    """The command could not be started; the argument is why, for people."""


def run_child(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command to its end, and return its exit status; 128 and the signal's number if a signal ended it.

    Signals that we get meanwhile are passed on. What a terminal sends to both, the command has already.

    Raises:
        NotStarted: there is no such command, or the system does not run it.
    """
    with _signals_noted() as take:
        try:
            # a person typed this command to have it run
            process = subprocess.Popen(list(arguments), env=dict(environ))  # noqa: S603
        except OSError as error:
            raise NotStarted(error.strerror or str(error)) from None
        take(lambda number: _pass_on(process, number))
        status = _wait_for(process)
    return 128 - status if status < 0 else status


def _wait_for(process: "subprocess.Popen[bytes]") -> int:
    """Return the exit status of a command when it has ended, and let handlers of signals run meanwhile.

    A signal that another thread gets, or that comes just before the system waits, ends no wait of this thread:
    its handler would run only when the command has ended.
    """
    ended = Event()

    def wait() -> None:
        process.wait()
        ended.set()

    Thread(target=wait, name="pipcache-command", daemon=True).start()
    while not ended.wait(_PAUSE):
        pass
    return process.wait()


_PAUSE = 0.2
"""Seconds after which a signal is passed on at the latest."""


def _pass_on(process: "subprocess.Popen[bytes]", number: int) -> None:
    if number in _OF_TERMINALS and _is_at_terminal():
        return
    with suppress(OSError):
        process.send_signal(number)


_OF_TERMINALS = {signal.SIGINT, getattr(signal, "SIGQUIT", signal.SIGINT)}
"""Signals that a terminal sends to every process of the job in the foreground."""

if sys.platform == "win32":

    def _is_at_terminal() -> bool:
        """Return True: a console sends its signals to each process that has it."""
        return True

else:

    def _is_at_terminal() -> bool:
        """Return whether a terminal sends its signals to us and to the command alike."""
        for stream in (0, 1, 2):
            with suppress(OSError):
                return os.tcgetpgrp(stream) == os.getpgrp()
        return False


_PASSED_ON = [
    number
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
    if (number := getattr(signal, name, None)) is not None
]


@contextmanager
def _signals_noted() -> Iterator[Callable[[Callable[[int], object]], None]]:
    """Note signals, and give them to what is taken for it in the block; those from before come first."""
    early: list[int] = []
    receive: list[Callable[[int], object]] = [early.append]

    def note(number: int, _frame: FrameType | None) -> None:
        receive[-1](number)

    def take(receiver: Callable[[int], object]) -> None:
        receive.append(receiver)
        for number in early:
            receiver(number)

    previous = {}
    for number in _PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:  # what we ignore, the command ignores
            previous[number] = signal.signal(number, note)
    try:
        yield take
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
