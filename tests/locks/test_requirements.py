"""Requirements files are read with the files that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipcache.locks.lockfiles import read_lock
from pipcache.locks.model import LockError
from tests.support.lock_samples import line

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lock_samples import Write


def test_named_files_are_found_beside_the_one_that_names_them(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHICH_ONE", "deep")
    write("sub/base.txt", "-c${WHICH_ONE}/limits.txt\n" + line("base"))
    write("sub/deep/limits.txt", "--requirement ../../last.txt\n" + line("limits"))
    write("last.txt", line("last"))
    write("with blank.txt", line("blank"))
    top = "-r sub/base.txt  # first\n--constraint=sub/deep/limits.txt\n-r 'with blank.txt'\n" + line("top")
    pins = read_lock(write("requirements.txt", top))
    assert [(pin.source, pin.project) for pin in pins] == [
        ("requirements.txt", "top"),
        ("base.txt", "base"),
        ("limits.txt", "limits"),
        ("with blank.txt", "blank"),
        ("last.txt", "last"),
    ]


def test_a_file_is_read_once_whatever_it_is_called(write: Write, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "other.txt").symlink_to("a.txt")
    write("b.txt", "-r a.txt\n-r ./b.txt\n-r loop/b.txt\n" + line("b"))
    top = write(
        "a.txt", "-r b.txt\n-r b.txt\n-c ./././b.txt\n-r a.txt\n-r other.txt\n-r loop/loop/a.txt\n" + line("a")
    )
    assert [pin.project for pin in read_lock(top)] == ["a", "b"]


def test_a_long_chain_of_files_is_followed_to_its_end(write: Write) -> None:
    for number in range(1100):
        write(f"{number}.txt", f"-r {number + 1}.txt\n")
    write("1100.txt", line("end"))
    assert [pin.project for pin in read_lock(write("top.txt", "-r 0.txt"))] == ["end"]


def test_the_digests_may_all_stand_in_named_files(write: Write) -> None:
    write("base.txt", line("base"))
    assert [pin.project for pin in read_lock(write("requirements.txt", "foo==1.0\n-r base.txt\n"))] == ["base"]


def test_constraints_that_are_served_are_left_out(write: Write) -> None:
    text = "-c https://files.example/limits.txt\n" + line("foo")
    assert [pin.project for pin in read_lock(write("requirements.txt", text))] == ["foo"]


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("-r missing.txt", ["missing.txt", "No such file"]),
        ("-c missing.txt", ["missing.txt", "No such file"]),
        ("-r .", ["no regular file"]),
        ("-r latin.txt", ["latin.txt", "UTF-8"]),
        ("-r", ["names no file", "a path was expected after -r"]),
        ("-r 'open", ["names no file", "a path was expected after -r"]),
        ("-r a\0b", ["names no file", "a path was expected after -r"]),
        ("-r " + "a" * 5000, ["cannot be read"]),
        ("--requirement https://user:hunter2@files.example/a.txt", ["not on this disk", "the path of a file"]),
        ("-r file:///a.txt", ["not on this disk", "the path of a file"]),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_a_named_file_that_cannot_be_read_is_told_with_the_line_that_names_it(
    write: Write, named: str, words: list[str]
) -> None:
    write("latin.txt", "caf\xe9".encode("latin-1"))
    middle = write("middle.txt", "# nothing\n\n" + named + "\n")
    with pytest.raises(LockError) as caught:
        read_lock(write("requirements.txt", line("foo") + "-r middle.txt"))
    assert str(caught.value).startswith(f"{middle}, line 3: ")
    assert all(word in str(caught.value) for word in words)
    assert "hunter2" not in str(caught.value)
