"""What each tool writes is read as pins."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from pipcache.locks.lockfiles import read_lock
from pipcache.util.hashes import DIGITS
from tests.support.lock_samples import PIP_COMPILE, SDIST, WRITTEN, Row, package

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lock_samples import Write


@pytest.mark.parametrize(("name", "text", "expected"), WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a byte order mark"])
def test_what_each_tool_wrote_is_read(write: Write, name: str, text: str, expected: list[Row], mark: str) -> None:
    assert [pin[:7] for pin in read_lock(write(name, mark + text))] == [(name, *row) for row in expected]


@pytest.mark.parametrize("case", ["poetry.lock 2", "pdm.lock 4.5", "uv.lock", "Pipfile.lock"])
def test_the_content_tells_the_kind_where_the_name_does_not(write: Write, case: str) -> None:
    _, text, expected = WRITTEN[case]
    assert [pin[:7] for pin in read_lock(write("ours.lock", text))] == [("ours.lock", *row) for row in expected]
    assert [pin[:7] for pin in read_lock(write("ours", text))] == [("ours", *row) for row in expected]


def test_a_link_to_a_lock_file_is_followed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "linked.txt").symlink_to(write("sub/requirements.txt", PIP_COMPILE))
    assert [pin.source for pin in read_lock(str(tmp_path / "linked.txt"))] == ["linked.txt"] * 2


@pytest.mark.parametrize("size", ["-1", "true", "'1'", "1.5", "inf", "[]", "0x" + "f" * 9000])
def test_a_size_that_is_none_is_left_out(write: Write, size: str) -> None:
    text = package(f"sdist = {{ url = 'foo-1.0.zip', hash = 'sha256:{SDIST}', size = {size} }}")
    assert [pin.size for pin in read_lock(write("uv.lock", text))] == [None]


@pytest.mark.parametrize(("algorithm", "digits"), DIGITS.items())
def test_every_known_algorithm_has_digits_of_its_own(write: Write, algorithm: str, digits: int) -> None:
    if algorithm == "blake2b_256":
        assert digits == 2 * hashlib.blake2b(digest_size=32).digest_size
    else:
        assert digits == 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size
    pins = read_lock(write("requirements.txt", f"foo==1.0 --hash={algorithm.upper()}:{'A' * digits}"))
    assert [pin.digests for pin in pins] == [((algorithm, "a" * digits),)]
