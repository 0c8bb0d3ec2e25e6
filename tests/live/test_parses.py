"""How often pages are parsed: not once for each file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipcache.index.page import parse_page
from tests.support.archives import build_wheel
from tests.support.shop import put_page, refresh

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.index import Index
    from tests.support.program import Program

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was parsed since: the type of each page."""
    parsed: list[str] = []
    real = parse_page

    def count(data: bytes, content_type: str) -> object:
        parsed.append(content_type)
        return real(data, content_type)

    monkeypatch.setattr("pipcache.index.page_state.parse_page", count)
    monkeypatch.setattr("pipcache.live.client.parse_page", count)
    return parsed


@pytest.mark.slow
@pytest.mark.parametrize("html", [True, False], ids=["HTML", "JSON"])
@pytest.mark.parametrize("change", ["nothing", "gone", "replaced", "never listed"])
def test_many_files_of_a_project_cost_no_more_parses_than_few(
    live_index: Index,
    builder: CacheBuilder,
    program: Program,
    tmp_path: Path,
    parses: list[str],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    html: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{live_index.root}/other/")
    counts: dict[int, int] = {}
    for amount in (2, 12):
        lock = tmp_path / f"{amount}.sums"
        name = f"foo{amount}"
        projects = [
            live_index.add_project(name, path=f"/{index}/{name}/", html=html) for index in ("simple", "other")
        ]
        for number in range(amount):
            filename, body = build_wheel(name, f"{number}.0")
            url = live_index.add_file(projects[0], filename, body, version=f"{number}.0")
            builder.download(url, body)
            with lock.open("a") as sums:
                sums.write(f"{'0' * 64}  {filename}\n")
        if change == "never listed":
            projects[0].files.clear()
        for project in projects:
            put_page(live_index, builder, project.path)
            project.serial += 1
        if change == "gone":
            projects[0].files.clear()
        elif change == "replaced":
            files = [{each: getattr(file, each) for each in file.__slots__} for file in projects[0].files]
            kind = type(projects[0].files[0])
            projects[0].files[:] = [kind(**{**fields, "body": b"other"}) for fields in files]
        parses.clear()
        ran = refresh(program, name, "--against", str(lock))
        assert len(ran.document["asked"]) == 2, ran
        counts[amount] = len(parses)
    assert counts[2] == counts[12]
