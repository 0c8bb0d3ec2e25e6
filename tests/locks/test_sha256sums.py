"""Lists of digests as `sha256sum` writes them, read as locks."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pipcache.locks.lockfiles import read_lock, read_names
from pipcache.locks.model import LockError
from pipcache.locks.writer import LockedFile, pylock_text, requirements_text, sha256sums_text
from tests.support.lock_samples import digest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lock_samples import Write

FIRST, SECOND = digest("first"), digest("second")
TEXT = f"""# a comment

{FIRST.upper()}  Foo_Bar-1.0-py3-none-any.whl
{SECOND} *files/other-2.0.tar.gz
{digest("readme")}  README.txt
{digest("side")}  files/Foo_Bar-1.0-py3-none-any.whl.metadata
"""


def test_wheels_and_sdists_are_pinned_by_name_and_digest(write: Write) -> None:
    assert [pin[:7] for pin in read_lock(write("SHA256SUMS", TEXT))] == [
        ("SHA256SUMS", "foo-bar", "1.0", "Foo_Bar-1.0-py3-none-any.whl", None, None, (("sha256", FIRST),)),
        ("SHA256SUMS", "other", "2.0", "other-2.0.tar.gz", None, None, (("sha256", SECOND),)),
    ]
    assert [pin.project for pin in read_names(write("any.txt", TEXT.replace("\n", "\r\n")))] == [
        "foo-bar",
        "other",
    ]


@pytest.mark.parametrize(
    "line",
    ["six==1.0", f"{FIRST[:-1]}  a-1.zip", f"{FIRST} a-1.zip", f"{FIRST}  ", "-----BEGIN PGP SIGNATURE-----"],
)
def test_a_line_that_is_none_is_refused_with_its_number(write: Write, line: str) -> None:
    with pytest.raises(LockError, match=r"line 7: .* is no line of sha256sum"):
        read_lock(write("SHA256SUMS", TEXT + line + "\n"))


def test_a_requirement_is_no_line_of_such_a_list(write: Write) -> None:
    text = f"{'a' * 64} @ https://files.example/a-1.0-py3-none-any.whl#sha256={FIRST}\n"
    assert [pin.project for pin in read_lock(write("requirements.txt", text))] == ["a" * 64]


def locked(name: str, version: str, suffix: str = "-py3-none-any.whl") -> LockedFile:
    filename = f"{name}-{version}{suffix}"
    return LockedFile(name, version, filename, f"https://files.example/{filename}", digest(filename), 7)


FILES = [locked("b", "1.0"), locked("a", "2.0", ".tar.gz"), locked("a", "2.0"), locked("c", "0.1+x.1")]


@pytest.mark.parametrize("render", [requirements_text, pylock_text, sha256sums_text])
def test_what_is_written_is_read_back_whatever_the_order(write: Write, render: object) -> None:
    assert callable(render)
    text = render(FILES)
    assert text == render(FILES[::-1])
    pins = [pin for pin in read_lock(write("lock", text)) if pin.digests]
    assert {(pin.filename, pin.digests) for pin in pins} == {
        (file.filename, (("sha256", file.sha256),)) for file in FILES
    }


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum")
def test_sha256sum_checks_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "a-1.0.zip").write_bytes(b"bytes")
    sha256 = digest("bytes")
    file = LockedFile("a", "1.0", "a-1.0.zip", "https://files.example/a-1.0.zip", sha256, 5)
    (tmp_path / "SHA256SUMS").write_text(sha256sums_text([file]), encoding="utf-8")
    command = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "a-1.0.zip").write_bytes(b"other")
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 1


@pytest.mark.parametrize(
    ("moment", "is_written"),
    [
        ("2024-03-05T10:20:30Z", True),
        ("2024-01-31T23:59:59.5Z", True),
        ("2024-02-29T00:00:00Z", False),
        ("2024-02-30T00:00:00Z", False),
        ("2024-13-01T00:00:00Z", False),
        ("2024-03-05", False),
        ("2024-03-05T10:20:30Z\nx = 1", False),
    ],
)
def test_only_a_moment_that_every_reader_takes_is_written(moment: str, is_written: bool) -> None:  # noqa: FBT001
    assert ("upload-time" in pylock_text([FILES[0]._replace(upload_time=moment)])) == is_written
