"""Pages that fail are looked at once more, and stay what their heads say."""

import pytest

from pipcache.store import scan
from pipcache.store.directory import Directory
from pipcache.store.entries import Entry
from tests.support.archives import build_wheel
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.program import Program

JSON_PAGE = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
HTML_PAGE = {**FILE_HEADERS, "Content-Type": "text/html", "X-PyPI-Last-Serial": "1"}
SIGN_IN = b"<!DOCTYPE html><html><title>Sign in</title><form></form></html>"


@pytest.mark.parametrize(
    ("headers", "body"),
    [(JSON_PAGE, b""), (JSON_PAGE, SIGN_IN), (HTML_PAGE, SIGN_IN)],
    ids=["empty", "json", "html"],
)
def test_a_page_that_is_none_is_poisoned_and_removed(
    builder: CacheBuilder, program: Program, headers: dict[str, str], body: bytes
) -> None:
    builder.download("https://index.example/simple/foo/", body, headers=headers)
    ran = program("verify", "--format", "json")
    assert ran.code == 1
    (judgement,) = ran.document["judgements"]
    assert {finding["code"] for finding in judgement["findings"]} >= {"PC301"}
    assert judgement["artifact"]["kind"] == "page"
    assert program("remove", "--poisoned", "--yes").code == 0
    assert not any(path.is_file() for path in builder.root.rglob("*"))


@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("command", [("verify",), ("show", "KEY"), ("remove", "--damaged", "--dry-run")])
def test_an_entry_whose_other_part_came_back_is_judged_and_nobody_interrupted_anything(
    command: tuple[str, ...],
    part: str,
    builder: CacheBuilder,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """pip puts the missing part back between the two looks, so that the entry's first file is another one."""
    key = builder.download("https://files.example/foo-1.0-py3-none-any.whl", build_wheel("foo", "1.0")[1])
    path = builder.head(key) if part == "head" else builder.body(key)
    data = path.read_bytes()
    path.unlink()
    look_again = scan.look_again

    def put_back(directory: Directory, entry: Entry) -> Entry | None:
        path.write_bytes(data)
        return look_again(directory, entry)

    monkeypatch.setattr("pipcache.store.cache.look_again", put_back)
    ran = program(*(key if word == "KEY" else word for word in command))
    assert ran.code == 0, ran.err
    assert "Interrupted" not in ran.err


def test_an_entry_that_lost_its_head_is_judged_too(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = builder.download("https://files.example/foo-1.0-py3-none-any.whl", build_wheel("foo", "1.0")[1][:-40])
    look_again = scan.look_again

    def take_away(directory: Directory, entry: Entry) -> Entry | None:
        builder.head(key).unlink(missing_ok=True)
        return look_again(directory, entry)

    monkeypatch.setattr("pipcache.store.cache.look_again", take_away)
    ran = program("verify", "--format", "json")
    assert ran.code == 1
    (judgement,) = ran.document["judgements"]
    assert [finding["code"] for finding in judgement["findings"]] == ["PC103"]
