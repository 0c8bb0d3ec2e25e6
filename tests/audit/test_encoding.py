"""A page that ends like an archive, whatever its head says of its coding."""

import json

import pytest

from pipcache.util import urls
from tests.support import archives
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.program import Program


@pytest.mark.parametrize("coding", [None, ""])
def test_a_page_with_an_archive_at_its_end_is_not_clean(
    builder: CacheBuilder, program: Program, coding: str | None
) -> None:
    filler = "a" * 900  # the archive begins behind what is looked at for a format
    page = json.dumps({"meta": {"api-version": "1.0"}, "name": "foo", "files": [], "x": filler}).encode()
    headers = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
    if coding is not None:
        headers["Content-Encoding"] = coding
    builder.download(f"{urls.PAGE_BASES[0]}foo/", page + archives.build_wheel("evil", "1.0")[1], headers=headers)
    assert program("audit", "evil").code == 3
