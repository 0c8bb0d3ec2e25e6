"""What `refresh` says of single files: where their attestations are, and whether a delisted one is still there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.shop import Shop, put_page, refresh

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

pytestmark = pytest.mark.usefixtures("home")


ATTESTED = "https://index.example/integrity/foo/1.0/foo-1.0-py3-none-any.whl/provenance"


@pytest.mark.parametrize("is_html", [False, True])
@pytest.mark.parametrize(
    ("value", "said"),
    [(ATTESTED, ATTESTED), (None, None), ("javascript:alert(1)", None), ("/integrity/foo", None)],
)
def test_the_url_of_attestations_is_reported_and_not_asked_for(
    shop: Shop, program: Program, builder: CacheBuilder, value: str | None, said: str | None, *, is_html: bool
) -> None:
    project = shop.projects["foo"]
    project.html = is_html
    put_page(shop.index, builder, "/simple/foo/")
    file = project.files[0]
    builder.download(shop.index.root + file.path, file.body)
    project.serial += 1
    project.provenance[file.filename] = value
    ran = refresh(program)
    assert ran.code == 0
    assert [record["provenance"] for record in ran.document["files"]] == [said]
    assert {exchange.path for exchange in shop.index.exchanges} == {"/simple/foo/"}
