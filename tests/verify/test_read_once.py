"""What verify reads of a cache, counted: a page and the directory of a small wheel once, whoever asks."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.archive import zip_reader
from pipcache.index.rows import PageFile
from pipcache.inventory import proof
from pipcache.store.keys import http_key
from pipcache.util.urls import FILES_HOST, PAGE_BASES
from tests.support.archives import build_wheel, metadata
from tests.support.caches import FILE_HEADERS, flip
from tests.support.index_pages import JSON_TYPE, json_page
from tests.support.watching import watched

if TYPE_CHECKING:
    from pathlib import Path

    from pipcache.util.files import Window
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

NAME = "foo-1.0-py3-none-any.whl"


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_page_that_was_read_for_names_is_not_parsed_again(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch, *, is_broken: bool
) -> None:
    url = f"https://files.example/{NAME}"
    body = json_page("foo", [PageFile(NAME, url)])
    body = body[:-1] + b",}" if is_broken else body
    key = builder.download(f"{PAGE_BASES[0]}foo/", body, headers={"Content-Type": JSON_TYPE})
    builder.download(f"{url}.metadata", metadata("foo", "1.0"))  # whose name only a page proves
    parsed: list[object] = []
    loads = json.loads

    def count(data: Any, *arguments: Any, **options: Any) -> Any:
        parsed.append(data)
        return loads(data, *arguments, **options)

    monkeypatch.setattr(json, "loads", count)
    answer = program("verify", "--format", "json")
    monkeypatch.undo()
    (page,) = [each for each in answer.document["judgements"] if key in str(each["artifact"]["files"])]
    assert page["verdict"] == ("damaged" if is_broken else "intact")
    assert is_broken or parsed.count(body) == 1


LARGE = {"foo/data.bin": bytes(range(256)) * 400}  # stored, so that the wheel is no small one


@pytest.mark.parametrize(("members", "readings"), [({}, 1), (LARGE, 4)], ids=["small", "large"])
def test_the_directory_of_a_wheel_is_parsed_once_for_each_time_that_it_is_opened(
    builder: CacheBuilder,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    members: dict[str, bytes],
    readings: int,
) -> None:
    filename, wheel = build_wheel("foo", "1.0", members=members)
    builder.download(f"https://files.example/{filename}", wheel)
    parsed: list[int] = []
    parse = zip_reader._Directory.__init__

    def count(directory: zip_reader._Directory, window: Window) -> None:
        if window.length == len(wheel):
            parsed.append(window.length)
        parse(directory, window)

    monkeypatch.setattr(zip_reader._Directory, "__init__", count)
    answer = program("verify", "--format", "json")
    (judgement,) = answer.document["judgements"]
    assert judgement["verdict"] == "intact"
    assert 0 < len(parsed) <= readings


@pytest.mark.parametrize("is_like_pypi", [False, True])
def test_each_file_of_a_small_download_is_opened_once(builder: CacheBuilder, *, is_like_pypi: bool) -> None:
    filename, wheel = build_wheel("foo", "1.0")
    # the key of another index's file does not prove it, and the ETag promises one more digest
    of_pypi = {"ETag": f'"{hashlib.md5(wheel).hexdigest()}"', "x-pypi-file-project": "foo"} if is_like_pypi else {}
    key = builder.download(f"https://files.example/{filename}", wheel, headers=FILE_HEADERS | of_pypi)
    (builder.root.parent / "home").mkdir(exist_ok=True)
    opened = [str(event.arguments[0]) for event in watched(builder, "verify") if event.name == "open"]
    assert opened.count(str(builder.head(key))) == 1
    assert opened.count(str(builder.body(key))) == 1


@pytest.mark.parametrize("place", [40, -60, -200])
def test_what_is_wrong_with_a_small_wheel_is_seen_when_it_is_read_once(
    builder: CacheBuilder, program: Program, place: int
) -> None:
    filename, wheel = build_wheel("foo", "1.0")
    key = builder.download(f"https://files.example/{filename}", wheel)
    body: Path = builder.body(key)
    flip(body, place % len(wheel))
    (judgement,) = program("verify", "--format", "json").document["judgements"]
    assert judgement["verdict"] in {"damaged", "poisoned"}


def test_the_bytes_of_a_download_are_tried_with_the_same_names_once(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    filename, wheel = build_wheel("foo", "1.0")
    builder.download(f"https://files.example/{filename}", wheel)
    tried: list[str] = []

    def count(url: str) -> str:
        tried.append(url)
        return http_key(url)

    monkeypatch.setattr(proof, "http_key", count)
    (judgement,) = program("verify", "--format", "json").document["judgements"]
    assert judgement["verdict"] == "intact"
    assert tried
    assert len(tried) == len(set(tried))


def test_bytes_are_tried_again_with_a_name_that_metadata_alone_has(
    builder: CacheBuilder, program: Program
) -> None:
    _, wheel = build_wheel("Foo-Bar", "1.0")  # its folder has Foo_Bar, of which nobody makes the name of the file
    digest = hashlib.blake2b(wheel, digest_size=32).hexdigest()
    path = f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/Foo-Bar-1.0-py3-none-any.whl"
    builder.download(f"https://{FILES_HOST}/{path}", wheel)
    (judgement,) = program("verify", "--format", "json").document["judgements"]
    assert judgement["verdict"] == "verified"
