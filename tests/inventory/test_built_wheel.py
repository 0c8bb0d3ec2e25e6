"""A built wheel says why its ``origin.json`` could not be read."""

import errno
import os
from pathlib import Path

import pytest

from pipcache.inventory.built_wheel import identify_built
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry
from tests.support.caches import CacheBuilder

ORIGIN = {"url": "https://example.org/foo-1.0.tar.gz", "archive_info": {}}


@pytest.mark.parametrize(
    ("number", "problem", "note"),
    [
        (errno.EACCES, os.strerror(errno.EACCES), f"origin.json cannot be read: {os.strerror(errno.EACCES)}"),
        (errno.EIO, os.strerror(errno.EIO), f"origin.json cannot be read: {os.strerror(errno.EIO)}"),
        (errno.ENOENT, None, "origin.json vanished while it was looked at"),
    ],
)
def test_an_origin_that_cannot_be_read_is_a_problem_and_a_vanished_one_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, problem: str | None, note: str
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    builder.built(ORIGIN, "foo-1.0-py3-none-any.whl", b"the bytes of a wheel")
    cache = Cache(str(builder.root))
    (entry,) = [entry for entry in cache.scan() if isinstance(entry, BuiltEntry)]
    assert identify_built(cache, entry).origin_problem is None

    def fail(*_arguments: object) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Cache, "read", fail)
    artifact = identify_built(cache, entry)
    assert artifact.origin_problem == problem
    assert artifact.notes == (note,)
