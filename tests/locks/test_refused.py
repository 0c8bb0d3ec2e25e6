"""A wrong file is refused, and the error says what is wrong."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.locks.lockfiles import read_lock
from pipcache.locks.model import LockError
from tests.support.lock_samples import BASE, NAMES, UV, WHEEL, line, package

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lock_samples import Write


NO_DIGEST = ["holds no digest", "expected were requirements with --hash"]


DEEP = 200_000


def pylock(body: str, head: str = 'lock-version = "1.0"') -> str:
    return f'{head}\n[[packages]]\nname = "foo"\n{body}\n'


def hashed(value: str) -> str:
    return package(f'wheels = [{{ url = "{BASE}/foo-1.0-py3-none-any.whl", hash = {value} }}]')


WRONG: dict[str, tuple[str, str | bytes, list[str]]] = {
    "requirements without a hash": ("requirements.txt", "foo==1.0\nbar\n-e .\n--index-url x\n", NO_DIGEST),
    "a picture": ("requirements.txt", b"\x89PNG\r\n\x1a\n\0\0\0\r", ["cannot be read", "0x89", "UTF-8"]),
    "Latin-1": ("requirements.txt", "# ü\n".encode("latin-1"), ["cannot be read", "UTF-8"]),
    "UTF-16, cut": ("requirements.txt", line("foo").encode("utf-16")[:-1], ["cannot be read", "UTF-8"]),
    "NUL bytes": ("requirements.txt", b"\0" * 1000, NO_DIGEST),
    "not hex": ("requirements.txt", f"# 1\nfoo==1.0 \\\n --hash=sha256:{'g' * 64}", ["line 2", "64 hex digits"]),
    "too short": ("requirements.txt", f"foo==1.0 --hash=sha256:{WHEEL[:-1]}", ["line 1", "64 hex digits"]),
    "too long": ("requirements.txt", f"foo==1.0 --hash=sha512:{WHEEL}", ["line 1", "128 hex digits"]),
    "a wrong digest of two": (
        "requirements.txt",
        line("foo").strip() + " --hash=md5:1",
        ["line 1", "32 hex digits"],
    ),
    "a wrong fragment": ("requirements.txt", f"\nfoo @ {BASE}/foo.zip#sha256=1", ["line 2", "64 hex digits"]),
    "no algorithm": ("requirements.txt", f"foo==1.0 --hash={WHEEL}", ["line 1", "algorithm:hex was expected"]),
    "no value": ("requirements.txt", "foo==1.0 --hash", ["line 1", "algorithm:hex was expected"]),
    "an unknown algorithm": (
        *("requirements.txt", f"foo==1.0 --hash=crc32:{WHEEL}"),
        ["line 1", "no known algorithm", "sha256", "were expected"],
    ),
    "a broken continuation": (
        *("requirements.txt", f"foo==1.0\n    --hash=sha256:{WHEEL}"),
        ["line 2", "--hash stands alone"],
    ),
    "no requirement": (
        *("requirements.txt", f"foo=1.0 --hash=sha256:{WHEEL}"),
        ["line 1", "'foo=1.0' is no requirement", "was expected"],
    ),
    "no version": ("requirements.txt", f"foo== --hash=sha256:{WHEEL}", ["line 1", "is no requirement"]),
    "a secret": ("requirements.txt", f"? https://me:hunter2@x/ --hash=sha256:{WHEEL}", ["line 1"]),
    "deep brackets": (
        "requirements.txt",
        f"foo{'(' * DEEP} --hash=sha256:{WHEEL}",
        ["line 1", "too much in it: more than 4,096"],
    ),
    "many brackets": (
        "requirements.txt",
        f"foo{'[' * DEEP} --hash=sha256:{WHEEL}",
        ["line 1", "too much in it: more than 4,096"],
    ),
    "JSON in TOML's place": ("uv.lock", "{}", NO_DIGEST),
    "a list of JSON": ("Pipfile.lock", "[]", ["Pipfile.lock is a value of type list", "a table was expected"]),
    "half of JSON": ("Pipfile.lock", '{"default": {', ["is not JSON", "line 1"]),
    "not JSON": ("Pipfile.lock", "foo==1.0", ["is not JSON"]),
    "JSON of another kind": ("package-lock.json", '{"packages": {"": {"version": "1"}}}', NO_DIGEST),
    "deep JSON": ("Pipfile.lock", '{"default":' * DEEP, ["nested too deeply"]),
    "deep lists of JSON": ("Pipfile.lock", "[" * DEEP, ["nested too deeply"]),
    "a huge number in JSON": ("Pipfile.lock", '{"a": 1' + "0" * 5000 + "}", ["is not JSON"]),
    "no list of hashes": (
        "Pipfile.lock",
        '{"default": {"foo": {"hashes": "x"}}}',
        ["'foo'", "a table was expected"],
    ),
    "a number for a hash": ("Pipfile.lock", '{"default": {"foo": {"hashes": [1]}}}', ["'foo'", "type int"]),
    "a short hash in JSON": ("Pipfile.lock", '{"x": {"foo": {"hashes": ["md5:1"]}}}', ["'foo'", "32 hex digits"]),
    "unknown algorithms in JSON": ("Pipfile.lock", '{"x": {"foo": {"hashes": ["crc32:1"]}}}', NO_DIGEST),
    "not TOML": ("poetry.lock", "foo==1.0\n", ["is not TOML", "line 1"]),
    "a merge conflict": ("uv.lock", "<<<<<<< HEAD\n" + UV, ["is not TOML", "line 1"]),
    "a project": ("pyproject.toml", '[project]\nname = "foo"\n', NO_DIGEST),
    "Rust's lock": ("Cargo.lock", package(f'checksum = "{WHEEL}"'), NO_DIGEST),
    "deep TOML": ("uv.lock", "a = " + "[" * DEEP, ["nested too deeply"]),
    "deep tables": ("uv.lock", "a = " + "{a = " * DEEP, ["nested too deeply"]),
    "a deep key": ("uv.lock", "a." * DEEP + "a = 1", ["nested too deeply"]),
    "a deep quoted key": ("uv.lock", '"\\"" . \'b\'. ' * DEEP + "a = 1", ["nested too deeply"]),
    "a deep header": ("pylock.toml", "[[" + "a." * DEEP + "a]]\n", ["nested too deeply"]),
    "a huge number": ("uv.lock", "a = 1" + "0" * 5000, ["is not TOML"]),
    "packages that are a number": ("uv.lock", "package = 1", ["package is a value of type int", "a table"]),
    "packages that are text": ("uv.lock", "[[package]]\nname = 'a'\nwheels = ['x']", ["wheels of 'a' is 'x'"]),
    "a package without a name": ("uv.lock", package("", "version = '1'"), ["the name in package", "text was"]),
    "a name that is none": ("uv.lock", package("", "name = 1"), ["a value of type int", "text was expected"]),
    "a hash that is a number": ("uv.lock", hashed("1"), ["wheels of 'foo'", "type int", "algorithm:hex"]),
    "a hash that is a list": ("uv.lock", hashed("[]"), ["wheels of 'foo'", "type list", "algorithm:hex"]),
    "a hash that is empty": ("uv.lock", hashed("''"), ["wheels of 'foo'", "'' is no digest"]),
    "a hash that is not hex": ("uv.lock", hashed(f"'sha256:{'x' * 64}'"), ["wheels of 'foo'", "64 hex digits"]),
    "a hash that is short": (
        "poetry.lock",
        package("files = [{file = 'a', hash = 'sha256:1'}]"),
        ["files of 'foo'"],
    ),
    "an unknown algorithm in TOML": ("uv.lock", hashed("'crc32:1'"), NO_DIGEST),
    "an sdist that is a number": ("uv.lock", package("sdist = 1"), ["sdist of 'foo'", "a table was expected"]),
    "files that are no table": ("poetry.lock", "metadata.files = 1", ["metadata.files", "a table was expected"]),
    "files of a project": ("poetry.lock", "[metadata.files]\nfoo = 1", ["files of 'foo'", "a table was expected"]),
    "a lock from the future": ("pylock.toml", pylock("", 'lock-version = "2.0"'), ["'2.0'", "1.0 was expected"]),
    "a lock of no version": ("pylock.toml", pylock("", ""), ["NoneType", "1.0 was expected"]),
    "a version that is huge": (
        *("pylock.toml", pylock("", "lock-version = 0x" + "f" * 9000)),
        ["type int", "1.0 was expected"],
    ),
    "hashes in a list": ("pylock.toml", pylock("sdist.hashes = ['a']"), ["sdist of 'foo'", "'a' is no digest"]),
    "hashes that are text": (
        "pylock.toml",
        pylock("sdist.hashes = 'a'"),
        ["sdist of 'foo'", "a table was expected"],
    ),
    "a number in a table of hashes": ("pylock.toml", pylock("archive.hashes.sha256 = 1"), ["archive of 'foo'"]),
    "a short digest in a table": (
        "pylock.toml",
        pylock("archive.hashes.sha256 = '1'"),
        ["'foo'", "64 hex digits"],
    ),
}
EMPTY: dict[str, tuple[str, str | bytes, list[str]]] = {
    f"nothing in {name}": (name, "", ["is not JSON"] if name == "Pipfile.lock" else NO_DIGEST) for name in NAMES
}


@pytest.mark.parametrize(("name", "content", "words"), (WRONG | EMPTY).values(), ids=WRONG | EMPTY)
def test_a_wrong_file_says_what_is_wrong(write: Write, name: str, content: str | bytes, words: list[str]) -> None:
    path = write(name, content)
    with pytest.raises(LockError) as caught:
        read_lock(path)
    message = str(caught.value)
    assert message.startswith(path)
    assert [word for word in words if word not in message] == []
    assert "expected" in message
    assert "hunter2" not in message
    assert len(message) < 600


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_file_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(LockError, match=f"{name} cannot be read: No such file or directory"):
        read_lock(str(path))
    path.mkdir()
    with pytest.raises(LockError, match=f"{name} cannot be read: it is no regular file"):
        read_lock(str(path))
    with pytest.raises(LockError, match=r"cannot be read: .*embedded null"):
        read_lock(f"{path}\0")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(LockError, match="loop cannot be read: Too many levels of symbolic links"):
        read_lock(str(loop))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs in its file system")
@pytest.mark.parametrize("name", NAMES)
def test_a_pipe_that_nobody_writes_to_is_no_lock_file(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(LockError, match=f"{name} cannot be read: it is no regular file"):
        read_lock(str(tmp_path / name))


@pytest.mark.permissions
def test_a_file_that_is_closed_to_us_is_told(write: Write, tmp_path: Path) -> None:
    path = write("uv.lock", UV)
    (tmp_path / "uv.lock").chmod(0)
    with pytest.raises(LockError, match=r"uv\.lock cannot be read: Permission denied"):
        read_lock(path)


def test_a_file_larger_than_any_lock_is_not_read_to_its_end(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("uv.lock", UV)
    monkeypatch.setattr("pipcache.util.textfile.TEXT_LIMIT", len(UV))
    assert read_lock(path)
    monkeypatch.setattr("pipcache.util.textfile.TEXT_LIMIT", len(UV) - 1)
    with pytest.raises(LockError, match=r"uv\.lock cannot be read: it is larger than \d+ bytes"):
        read_lock(path)
