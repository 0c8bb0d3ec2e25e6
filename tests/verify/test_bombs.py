"""Archives that unpack to far more than they are: they are judged within little memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.support import caches
from tests.support.hostile import INFO, STEM, TAR_END, WHEEL_NAME, Part, tar_member, wheel_parts, write_zip
from tests.support.judged_archives import SDIST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEGABYTE = 1 << 20


def zeros_deflated(size: int) -> bytes:
    """So many zeros, which deflate to a thousandth."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return b"".join([*(packer.compress(bytes(MEGABYTE)) for _ in range(size // MEGABYTE)), packer.flush()])


def zeros_crc(size: int) -> int:
    """The checksum of so many zeros."""
    crc = 0
    for _ in range(size // MEGABYTE):
        crc = zlib.crc32(bytes(MEGABYTE), crc)
    return crc


def bomb(path: str, real: int, **claims: int) -> bytes:
    """A wheel with a member of so many zeros; what its headers say of it may be told."""
    true = {"size": real, "crc": zeros_crc(real), **claims}
    part = Part(path.encode(), stored=zeros_deflated(real), local=true, row=true)
    rest = [member for member in wheel_parts() if member.name != part.name]
    return write_zip([part, *rest])


UNREADABLE: set[str] = set()  # for RECORD is longer than what is read of one
BOMBS: dict[str, tuple[str, Callable[[], bytes], set[str]]] = {
    "METADATA of 200 MB": (WHEEL_NAME, lambda: bomb(f"{INFO}/METADATA", 200 * MEGABYTE), {"PC502"}),
    "RECORD of 200 MB": (WHEEL_NAME, lambda: bomb(f"{INFO}/RECORD", 200 * MEGABYTE), UNREADABLE),
    "WHEEL of 200 MB": (WHEEL_NAME, lambda: bomb(f"{INFO}/WHEEL", 200 * MEGABYTE), {"PC502"}),
    "100 bytes that are 100 MB": (
        WHEEL_NAME,
        lambda: bomb(f"{INFO}/METADATA", 100 * MEGABYTE, size=100),
        {"PC402"},
    ),
    "an sdist of 200 MB": (
        SDIST_NAME,
        lambda: gzip.compress(tar_member(f"{STEM}/PKG-INFO".encode(), bytes(200 * MEGABYTE)) + TAR_END, 1),
        set(),
    ),
}
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
from pipcache.cli.main import run
sys.exit(run(["verify", "--format", "json", "--cache-dir", sys.argv[1]]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no limits to set")
@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_is_judged_within_little_memory(what: str, tmp_path: Path) -> None:
    filename, make, expected = BOMBS[what]
    builder = caches.CacheBuilder(tmp_path)
    if filename == WHEEL_NAME:
        builder.built(None, filename, make())
    else:
        builder.download(f"https://files.example/{filename}", make())
    environment = {**os.environ, "MALLOC_ARENA_MAX": "2"}
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert run.returncode == (3 if expected is UNREADABLE else 1 if expected else 0), run.stderr
    assert run.stderr == ""
    assert all(f'"{code}"' in run.stdout for code in expected)
