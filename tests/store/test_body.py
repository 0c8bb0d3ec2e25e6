"""The bytes of an entry, and what is read of them after they were closed."""

from pathlib import Path

import pytest

from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from tests.support.caches import CacheBuilder


@pytest.mark.parametrize("store", ["http", "http-v2"])
def test_a_closed_body_reads_no_other_file(builder: CacheBuilder, tmp_path: Path, store: str) -> None:
    write = builder.download if store == "http-v2" else builder.legacy
    write("https://files.example/foo", b"the body" * 5000)
    cache = Cache(str(builder.root))
    (entry,) = cache.scan()
    assert isinstance(entry, HttpEntry)
    head = cache.head(entry).head
    body = cache.body(entry, head)
    assert body.readable(8) == b"the body"
    body.close()
    other = tmp_path / "other"
    other.write_bytes(b"secret" * 9000)
    with other.open("rb"):  # takes the number of the descriptor that was closed
        assert body.readable(8) == b""
        with pytest.raises(OSError, match="closed"):
            body.decoded(8)
