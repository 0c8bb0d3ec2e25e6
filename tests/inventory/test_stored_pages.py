"""The state that a cached page gives, in both layouts, and whether its ETag is that of its bytes."""

from __future__ import annotations

import base64
import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest

from pipcache.index.rows import PageFile
from pipcache.inventory.artifact import Kind
from pipcache.inventory.collector import Need, read_inventory
from pipcache.inventory.stored_pages import read_stored_page
from pipcache.store.cache import Cache
from tests.support.caches import CacheBuilder
from tests.support.index_pages import JSON_TYPE, json_page

if TYPE_CHECKING:
    from pipcache.index.page_state import PageState

URL = "https://index.example/simple/foo/"
FILE = PageFile("foo-1.0.tar.gz", "https://files.example/foo-1.0.tar.gz", (("sha256", "ab" * 32),))


def etag_of(data: bytes) -> str:
    """The ETag that PyPI gives a body."""
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    return f'"{base64.b64encode(digest).decode().rstrip("=")}"'


def stored(builder: CacheBuilder) -> PageState | None:
    cache = Cache(str(builder.root))
    artifacts = read_inventory(cache, Need(everything=True), lambda: ["https://index.example/simple/"])
    (page,) = [artifact for artifact in artifacts if artifact.kind is Kind.PAGE]
    return read_stored_page(cache, page)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize(
    ("etag", "is_altered"),
    [("of the bytes", False), ("of the plain page", False), ("of another", True), ('"x"', None)],
)
def test_an_etag_of_pypi_s_form_shows_an_altered_page(
    builder: CacheBuilder,
    legacy: bool,  # noqa: FBT001
    coded: bool,  # noqa: FBT001
    etag: str,
    is_altered: bool | None,  # noqa: FBT001
) -> None:
    plain = json_page("foo", [FILE], serial=7)
    body = gzip.compress(plain) if coded else plain
    etags = {"of the bytes": etag_of(body), "of the plain page": etag_of(plain), "of another": etag_of(b"else")}
    headers = {
        "Content-Type": JSON_TYPE,
        "ETag": etags.get(etag, etag),
        "Date": "Tue, 05 Mar 2024 10:20:30 GMT",
        "Cache-Control": "max-age=600, public",
    } | ({"Content-Encoding": "gzip"} if coded else {})
    (builder.legacy if legacy else builder.download)(URL, body, headers=headers)
    state = stored(builder)
    assert state is not None
    assert (state.url, state.files, state.serial, state.excess) == (URL, (FILE,), 7, None)
    assert (state.is_altered, state.fresh_until) == (is_altered, 1709634630.0)


def test_a_page_that_cannot_be_read_has_no_state(builder: CacheBuilder) -> None:
    headers = {"Content-Type": JSON_TYPE, "Content-Encoding": "gzip", "ETag": etag_of(b"")}
    builder.download(URL, b"no gzip", headers=headers)
    assert stored(builder) is None
