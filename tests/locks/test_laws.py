"""Any bytes are a lock file or refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings, strategies as st

from pipcache.locks.lockfiles import read_lock
from pipcache.locks.model import LockError, Pin
from pipcache.util.hashes import DIGITS
from tests.support.lock_samples import BASE, NAMES, WHEEL, WRITTEN

if TYPE_CHECKING:
    from pathlib import Path


laws = settings(deadline=None, derandomize=True)


PARTS = st.sampled_from(
    [
        *("--hash=", "--hash", "sha256:", WHEEL, "md5:", "#sha256=", "foo==1.0", "foo", " ", "\t", "\n", "\\\n"),
        *(" \\\n", "#", "-r ", "-c", "-e ", ".", "/", "x.txt", "https://files.example/", ".whl", ".tar.gz", "@"),
        *(
            ";",
            "[",
            "]",
            "(",
            ")",
            "'",
            '"',
            "${HOME}",
            "\0",
            "\x85",
            "\ufeff",
            "{",
            "}",
            "=",
            "\r",
            "[[package]]",
        ),
    ]
)
CONTENT = st.binary(max_size=200) | st.text().map(str.encode) | st.lists(PARTS).map("".join).map(str.encode)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laws")


def read_or_refuse(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        pins = read_lock(str(path))
    except LockError as error:
        assert str(path) in str(error)  # noqa: PT017 - either way is right
        return
    assert pins
    for pin in pins:
        assert type(pin) is Pin
        assert pin.digests
        assert all(len(digest) == DIGITS[algorithm] and int(digest, 16) >= 0 for algorithm, digest in pin.digests)
        assert None not in {pin.source, pin.project}
        assert "" not in {pin.version, pin.filename, pin.url}


@pytest.mark.slow
@settings(laws, max_examples=400)
@given(st.sampled_from(NAMES), CONTENT)
@example("requirements.txt", b"https://[ --hash=sha256:" + WHEEL.encode())
def test_any_bytes_are_a_lock_file_or_refused(folder: Path, name: str, content: bytes) -> None:
    read_or_refuse(folder / name, content)


KEYS = st.sampled_from(
    [
        *(
            "package",
            "packages",
            "distribution",
            "metadata",
            "files",
            "name",
            "version",
            "wheels",
            "wheel",
            "sdist",
        ),
        *(
            "archive",
            "source",
            "url",
            "path",
            "file",
            "filename",
            "size",
            "hash",
            "hashes",
            "sha256",
            "lock-version",
        ),
        *("default", "develop", "_meta", "foo 1.0", "foo"),
    ]
)
LEAVES = st.sampled_from(
    [
        *("1.0", "==1.0", "foo", "", f"sha256:{WHEEL}", WHEEL, "md5:1", "foo-1.0.zip", f"{BASE}/foo-1.0.zip"),
        *(0, -1, 1 << 70, True, 1.5),
    ]
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20
)
DOCUMENTS = st.dictionaries(KEYS, TREES, max_size=5)


def as_toml(value: Any) -> str:  # Any: a tree of whatever
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {as_toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value)


@pytest.mark.slow
@settings(laws, max_examples=400)
@given(st.sampled_from(NAMES[1:]), DOCUMENTS)
def test_any_tree_is_a_lock_file_or_refused(folder: Path, name: str, document: dict[str, Any]) -> None:
    toml = "\n".join(f"{json.dumps(key)} = {as_toml(value)}" for key, value in document.items())
    read_or_refuse(folder / name, toml.encode())
    read_or_refuse(folder / "Pipfile.lock", json.dumps(document).encode())


@laws
@given(st.sampled_from(sorted(WRITTEN)), st.data())
def test_a_lock_file_with_a_piece_cut_out_is_one_or_refused(folder: Path, case: str, data: st.DataObject) -> None:
    name, text, _ = WRITTEN[case]
    start = data.draw(st.integers(0, len(text)))
    read_or_refuse(folder / name, (text[:start] + text[start + data.draw(st.integers(0, 80)) :]).encode())
