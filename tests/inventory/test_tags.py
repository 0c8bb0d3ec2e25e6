"""Tags and build tag of a wheel: of the proved file name first, as pip reads them; else all of WHEEL."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipcache.util.filenames import expand_tags
from pipcache.util.urls import PAGE_BASES, file_urls
from tests.support import archives
from tests.support.caches import FILE_HEADERS, CacheBuilder

if TYPE_CHECKING:
    from tests.support.program import Program

FIRST = "Wheel-Version: 1.0\nGenerator: skbuild 0.16.7\nRoot-Is-Purelib: false\n"


def wheel(head: str) -> bytes:
    """The wheel foo 1.0 with this WHEEL file."""
    body = archives.build_wheel("foo", "1.0")[1]
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, head if name.endswith("/WHEEL") else old.read(name))
    return buffer.getvalue()


def listed(builder: CacheBuilder, filename: str, body: bytes) -> None:
    url = f"https://files.example/{filename}"
    builder.download(url, body)
    files = [{"filename": filename, "url": url, "hashes": {}}]
    page = json.dumps({"meta": {"api-version": "1.0"}, "name": "foo", "files": files}).encode()
    headers = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download(f"{PAGE_BASES[0]}foo/", page, headers=headers)


@pytest.mark.parametrize(
    ("head", "tags", "build"),
    [
        (f"{FIRST}Tag: py3-none-any\n", ["py3-none-any"], None),
        (f"{FIRST}\nTag: py2-none-any\nTag: py3-none-any\n", ["py2-none-any", "py3-none-any"], None),
        (f"{FIRST}Build: 2\n\n\nTag: py3-none-any\n", ["py3-none-any"], "2"),
        (f"{FIRST}Tag: py2-none-any\n\nTag: py3-none-any\n\nBuild: 7\n", ["py2-none-any", "py3-none-any"], "7"),
        (f"\n{FIRST}Tag: py3-none-any\n".replace("\n", "\r\n"), ["py3-none-any"], None),
        (FIRST, [], None),
    ],
)
def test_without_a_proved_name_every_block_of_wheel_counts(
    builder: CacheBuilder, program: Program, head: str, tags: list[str], build: str | None
) -> None:
    builder.download("https://files.example/1", wheel(head))
    for arguments in (("list",), ("list", "foo"), ("show", "foo")):
        record = program.only(*arguments)
        assert (record["tags"], record["build_tag"]) == (tags, build)


@pytest.mark.parametrize(
    ("filename", "tags", "build"),
    [
        ("foo-1.0-py3-none-any.whl", ["py3-none-any"], None),
        ("foo-1.0-7-py3-none-any.whl", ["py3-none-any"], "7"),
        ("foo-1.0-py2.py3-none-any.whl", ["py2-none-any", "py3-none-any"], None),
        (
            "foo-1.0-1-cp311-cp311-manylinux1_x86_64.linux_x86_64.whl",
            ["cp311-cp311-manylinux1_x86_64", "cp311-cp311-linux_x86_64"],
            "1",
        ),
    ],
)
@pytest.mark.parametrize(
    "head", [FIRST, f"{FIRST}Tag: py3-none-any\n", f"{FIRST}Build: 3\nTag: cp27-cp27m-win32\n"]
)
def test_the_proved_file_name_comes_first(
    builder: CacheBuilder, program: Program, filename: str, tags: list[str], build: str | None, head: str
) -> None:
    listed(builder, filename, wheel(head))
    for arguments in (("list", "foo"), ("list", "--all", "--kind", "wheel"), ("show", "foo", "--kind", "wheel")):
        (record,) = [artifact for artifact in program.artifacts(*arguments) if artifact["kind"] == "wheel"]
        assert (record["tags"], record["build_tag"], record["filename"]) == (tags, build, filename)


def test_a_set_in_another_order_keeps_that_of_wheel(builder: CacheBuilder, program: Program) -> None:
    tags = ["cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64"]
    body = archives.build_wheel("foo", "1.0", tags=tags)[1]
    listed(builder, "foo-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", body)
    assert program.only("list")["tags"] == program.only("list", "foo")["tags"] == tags


def test_a_blank_line_does_not_keep_the_key_from_proving_the_name(builder: CacheBuilder, program: Program) -> None:
    body = wheel(f"{FIRST}\nTag: py2-none-any\nTag: py3-none-any\n")
    filename = "foo-1.0-py2.py3-none-any.whl"
    builder.download(file_urls(hashlib.blake2b(body, digest_size=32).hexdigest(), filename)[0], body)
    record = program.only("show", "foo")
    assert (record["filename"], record["url_proved"], record["verdict"]) == (filename, True, "verified")


def test_where_wheel_has_no_tags_a_header_may_name_them(builder: CacheBuilder, program: Program) -> None:
    headers = {**FILE_HEADERS, "Content-Disposition": 'attachment; filename="foo-1.0-4-py3-none-any.whl"'}
    builder.download("https://files.example/1", wheel(FIRST), headers=headers)
    record = program.only("list")
    assert (record["tags"], record["build_tag"]) == (["py3-none-any"], "4")


def test_a_set_that_stands_for_too_many_tags_stays_as_it_is() -> None:
    huge = "-".join(".".join(f"{letter}{number}" for number in range(1000)) for letter in "abc")
    assert expand_tags(["py2.py3-none-any", huge]) == ["py2-none-any", "py3-none-any", huge]
