"""A digest is looked for in files alone: what the walk does not enter could not have it, and hides nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support import archives

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

ODD: dict[str, Callable[[Path], None]] = {
    "a folder": lambda root: (root / "mine" / "deep").mkdir(parents=True),
    "a folder in a store": lambda root: (root / "http-v2/a/1/2/3/4/mine").mkdir(parents=True),
    "a link to nothing": lambda root: (root / "mine").symlink_to("nowhere"),
    "a link to a folder": lambda root: (root / "mine").symlink_to("/"),
    "a pipe": lambda root: os.mkfifo(root / "mine"),
}


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are those of POSIX")
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("words", "code"),
    [(["list"], 0), (["show"], 1), (["remove", "--yes"], 0), (["remove", "--dry-run"], 0), (["audit"], 0)],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_is_no_file_does_not_make_an_answer_incomplete(
    odd: str, words: list[str], code: int, builder: CacheBuilder, program: Program
) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(f"https://files.example/{filename}", body)
    ODD[odd](builder.root)
    ran = program(words[0], *words[1:], "sha256:" + "0" * 64)
    assert (ran.code, "Could not look at" in ran.err) == (code, False), ran.err
    assert os.path.lexists(builder.root / "mine") or (builder.root / "http-v2/a/1/2/3/4/mine").is_dir()


@pytest.mark.permissions
def test_a_file_that_may_not_be_read_does(builder: CacheBuilder, program: Program) -> None:
    builder.download("https://files.example/x", b"x")
    builder.stray("mine").chmod(0)
    assert program("list", "sha256:" + "0" * 64).code == 3
