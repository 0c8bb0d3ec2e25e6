"""How an answer is written to a stream."""

import io
import sys

import pytest

from pipcache.render.console import prepare_streams, print_answer


class Pipe(io.RawIOBase):
    """A pipe that counts what is written to it."""

    def __init__(self) -> None:
        self.writes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # any buffer
        self.writes += 1
        return len(data)


def test_rows_are_written_together_without_a_buffer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = Pipe()
    # as Python makes it for PYTHONUNBUFFERED
    stream = io.TextIOWrapper(pipe, write_through=True)  # type: ignore[type-var]
    monkeypatch.setattr(sys, "stdout", stream)
    prepare_streams()
    print_answer(f"{number}," for number in range(1000))
    sys.stdout.flush()
    assert pipe.writes == 1
