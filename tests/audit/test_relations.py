"""`audit`: what was made from a match, what cannot be told, and where clean would be a guess."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import archives, caches
from tests.support.audits import PTH, clauses, matched, osv, page, put, sha256, url_of, with_litellm, write
from tests.support.caches import CacheBuilder
from tests.support.places import REPOSITORY
from tests.support.program import Program


def test_copies_metadata_and_pages_go_with_what_is_found(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    bad = archives.build_wheel("evil", "1.0")
    put(builder, bad)
    copy = put(builder, bad, url="https://mirror.example/blob?sig=1")
    beside = builder.download(f"{url_of(*bad)}.metadata", b"Metadata-Version: 2.1\n")
    page(builder, "evil", bad, archives.build_wheel("evil", "0.9"))
    page(builder, "innocent", archives.build_wheel("innocent", "1.0"))
    path = write(tmp_path, f"{bad[0]}\n", "files.txt")
    hits = program("audit", "--advisory", path, "--format", "json").document["caches"][0]["hits"]
    relations = {hit["artifact"]["key"]: hit["relation"] for hit in hits}
    assert relations[copy] in {"copy", "match"}
    assert relations[beside] == "metadata"
    assert "page" in relations.values()
    assert len(relations) == 4
    assert program("remove", "--advisory", path, "--yes").code == 0
    assert [record["project"] for record in program.artifacts("list", "--all")] == ["innocent"]


def test_without_the_derived_only_what_is_meant_goes(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    sdist, wheel = archives.build_sdist("evil", "1.0"), archives.build_wheel("other", "1.0")
    put(builder, sdist)
    builder.built({"url": url_of(*sdist)}, *wheel)
    page(builder, "evil", sdist)
    path = write(tmp_path, "evil==1.0\n", "list.txt")
    assert program("remove", "--advisory", path, "--no-derived", "--keep-pages", "--yes").code == 0
    assert {record["kind"] for record in program.artifacts("list", "--all")} == {"built", "page"}
    assert program("remove", "--advisory", path, "--no-derived", "--yes").code == 0
    assert [record["kind"] for record in program.artifacts("list", "--all")] == ["built"]


def test_a_selector_is_an_indicator(builder: CacheBuilder, program: Program) -> None:
    for version in ("1.0", "2.0"):
        put(builder, archives.build_wheel("foo", version))
    key = put(builder, archives.build_wheel("bar", "1.0"))
    for selector, count in (
        ("foo<2", 1),
        ("foo", 2),
        ("f*", 2),
        (key, 1),
        ("bar-1.0-py3-none-any.whl", 1),
        ("no", 0),
    ):
        ran = program("audit", selector, "--format", "json")
        assert len(matched(ran)) == count, selector
        assert ran.code == (1 if count else 0)


# What cannot be told


def test_what_cannot_be_judged_makes_clean_a_guess(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    path = write(tmp_path, "evil==1.0\n", "list.txt")
    put(builder, archives.build_wheel("foo", "1.0"))
    assert program("audit", "--advisory", path).code == 0
    nameless = put(builder, ("x", b"\x00\x01 nothing that pip caches"), url="https://files.example/blob")
    old = builder.raw("https://files.example/old", b"cc=2,anything", store="http")
    ran = program("audit", "--advisory", path, "--format", "json")
    assert ran.code == 3
    assert (ran.document["clean"], ran.document["complete"]) == (True, False)
    paths = {record["path"].rpartition("/")[2] for record in ran.document["caches"][0]["unjudged"]}
    assert paths == {nameless, old}
    text = program("audit", "--advisory", path)
    assert "2 entries could not be judged" in text.out
    assert "Installed environments were not looked at" in text.out
    put(builder, archives.build_wheel("evil", "1.0"))
    assert program("audit", "--advisory", path).code == 1


def test_a_digest_needs_no_name(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    put(builder, ("x", b"\x00\x01 nothing that pip caches"), url="https://files.example/blob")
    path = write(tmp_path, f"sha256:{'0' * 64}\n", "d.txt")
    assert program("audit", "--advisory", path).code == 0


def test_the_answer_counts_what_was_read(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    put(builder, archives.build_wheel("foo", "1.0"))
    folder = tmp_path / "records"
    folder.mkdir()
    write(folder, osv("evil", ["1.0"]), "one.json")
    write(folder, osv("gone", ["1.0"], withdrawn="2099-01-02T00:00:00Z"), "two.json")
    other = osv("thing", ["1.0"])
    other["affected"][0]["package"]["ecosystem"] = "npm"
    write(folder, other, "three.json")
    ran = program("audit", "--advisory", str(folder), "--format", "json")
    document = ran.document
    assert (document["records"], document["foreign"], len(document["withdrawn"])) == (3, 1, 1)
    assert document["indicators"] == 1
    assert ran.code == 0
    text = program("audit", "--advisory", str(folder)).out
    assert "3 records, 1 indicator, 1 package of other ecosystems, 1 withdrawn" in text


def test_a_window_takes_what_was_downloaded_or_written_in_it(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    key = put(builder, archives.build_wheel("evil", "1.0"))  # its Date is of March 2024
    for place in (builder.head(key), builder.body(key)):
        os.utime(place, (time.time(), time.time() - 10 * 86400))
    path = write(tmp_path, "evil==1.0\n", "list.txt")
    for options, code in (
        (("--since", "2024-03-01", "--until", "2024-03-05"), 1),
        (("--since", "2024-03-06", "--until", "2024-04-01"), 0),
        (("--since", "11d"), 1),
        (("--since", "9d"), 0),
        (("--until", "2024-03-05T10:00Z"), 0),
    ):
        assert program("audit", "--advisory", path, *options).code == code, options


# Where `clean` would be a guess


@pytest.mark.parametrize("text", ["litellm-1.82.8.tar.gz\n", "./dist/litellm-1.82.8.tar.gz\n"])
def test_the_name_of_an_sdist_is_an_indicator(
    builder: CacheBuilder, program: Program, tmp_path: Path, text: str
) -> None:
    put(builder, archives.build_sdist("litellm", "1.82.8"))
    assert program("audit", "--advisory", write(tmp_path, text, "names.txt")).code == 1


@pytest.mark.parametrize("state", ["cut", "other bytes"])
def test_a_page_that_cannot_be_read_may_list_it(
    litellm: CacheBuilder, program: Program, tmp_path: Path, state: str
) -> None:
    key = page(litellm, "evil", archives.build_wheel("evil", "0.9"))
    path = write(tmp_path, "evil==1.0\n", "list.txt")
    assert program("audit", "--advisory", path).code == 0
    if state == "cut":
        caches.cut(litellm.body(key), 60)
    else:
        caches.replace(litellm.body(key), b"\x1f\x8b\x08 no gzip")
    assert program("audit", "--advisory", path).code == 3


def test_members_that_could_not_be_compared_are_told(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    path = write(tmp_path, f"{hashlib.md5(PTH).hexdigest()}  x/evil.py\n", "iocs.txt")
    put(builder, archives.build_wheel("foo", "1.0"))
    assert program("audit", "--advisory", path).code == 3  # RECORD has sha256
    assert program("audit", "--advisory", path, "--deep").code == 0
    put(builder, archives.build_sdist("bar", "1.0"))
    assert program("audit", "--advisory", path).code == 3
    assert program("audit", "--advisory", path, "--deep").code == 0


@pytest.mark.parametrize(
    "record",
    [
        osv("litellm", ranges=[{"type": "ECOSYSTEM", "events": [{"introduced": "1.82.7-bad"}]}]),
        osv("litellm", ["1.82.7, 1.82.8"]),
        osv("litellm", ["*"]),
        osv("litellm", ["1.82.x"]),
        osv("litellm", []),
    ],
)
@with_litellm
def test_what_cannot_be_evaluated_is_no_clean_bill_for_its_project(
    program: Program, tmp_path: Path, record: dict[str, Any]
) -> None:
    assert program("audit", "--advisory", write(tmp_path, record)).code in {1, 2, 3}


def test_siblings_built_from_the_same_source_are_no_worse_for_it(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    url = "https://code.example/mono/archive/main.zip"
    builder.download(url, archives.build_sdist("mono", "1.0", fmt="zip", folder="mono-main")[1])
    builder.built({"url": url, "subdirectory": "evil"}, *archives.build_wheel("evil", "1.0"))
    builder.built({"url": url, "subdirectory": "good"}, *archives.build_wheel("good", "2.0"), interpreter="cp312")
    ran = program("audit", "--advisory", write(tmp_path, "evil==1.0\n", "list.txt"), "--format", "json")
    assert "good" not in {hit["artifact"]["project"] for hit in ran.document["caches"][0]["hits"]}


def test_the_source_of_a_wheel_is_known_by_its_bytes(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    sdist = archives.build_sdist("inner", "1.0")
    key = put(builder, sdist, url="https://files.example/signed?2")
    origin = {"url": "https://files.example/signed?1", "archive_info": {"hashes": {"sha256": sha256(sdist[1])}}}
    builder.built(origin, *archives.build_wheel("evil", "1.0"))
    ran = program("audit", "--advisory", write(tmp_path, "evil==1.0\n", "list.txt"), "--format", "json")
    relations = {hit["artifact"]["key"]: hit["relation"] for hit in ran.document["caches"][0]["hits"]}
    assert relations[key] == "source"


@pytest.mark.parametrize(
    "command",
    [("audit", "--advisory", "{list}"), ("prune", "--dry-run", "--ci"), ("prune", "-n", "--keep-for", "{list}")],
)
def test_a_source_whose_url_has_a_user_and_no_host_stops_nothing(
    builder: CacheBuilder, program: Program, tmp_path: Path, command: tuple[str, ...]
) -> None:
    put(builder, archives.build_wheel("evil", "1.0"))
    builder.built({"url": "https://me@/inner-1.0.tar.gz"}, *archives.build_wheel("inner", "1.0"))
    path = write(tmp_path, "evil==1.0\n", "list.txt")
    ran = program(*(word.format(list=path) for word in command), "--format", "json")
    assert ran.code == (1 if command[0] == "audit" else 0), ran.err
    assert ran.document


@pytest.mark.parametrize("by", ["name", "URL"])
def test_a_copy_whose_key_proves_another_project_is_no_copy_of_a_name(
    builder: CacheBuilder, program: Program, tmp_path: Path, by: str
) -> None:
    good, url = archives.build_wheel("good", "1.0"), "https://files.example/evil-1.0-py3-none-any.whl"
    own = put(builder, good)
    headers = caches.FILE_HEADERS | {"x-pypi-file-project": "evil", "x-pypi-file-version": "1.0"}
    foreign = builder.download(url, good[1], headers=headers)
    path = write(tmp_path, "evil==1.0\n" if by == "name" else f"{url}\n", "list.txt")
    ran = program("audit", "--advisory", path, "--format", "json")
    relations = {hit["artifact"]["key"]: hit["relation"] for hit in ran.document["caches"][0]["hits"]}
    reasons = {record["artifact"]["key"]: record["why"] for record in ran.document["caches"][0]["unjudged"]}
    if by == "name":
        assert relations == {foreign: "match"}
        assert own in reasons
        assert "its key proves another name" in reasons[own]
    else:  # these bytes are bad, whatever they are called
        assert relations == {foreign: "match", own: "copy"}


def test_an_archive_that_nothing_names_may_be_of_any_project(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    path = write(tmp_path, "evil==1.0\n", "list.txt")
    builder.download("https://code.example/a.json", b'{"no": "page"}')
    moved = caches.FILE_HEADERS | {"Location": "https://code.example/a.json"}
    builder.download("https://code.example/moved", b"", headers=moved, status=301)
    assert program("audit", "--advisory", path).code == 0
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("setup.py", "import setuptools")
    builder.download("https://code.example/archive/main.zip", data.getvalue())
    ran = program("audit", "--advisory", path, "--format", "json")
    assert [record["why"] for record in ran.document["caches"][0]["unjudged"]] == ["its project is not known"]
    assert ran.code == 3


@pytest.mark.parametrize("project", ["evil", "other"])
def test_the_folder_in_an_archive_is_no_proof_of_a_name(
    builder: CacheBuilder, program: Program, tmp_path: Path, project: str
) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"{project}-main/setup.py", "import setuptools")
    builder.download("https://code.example/archive/main.zip", data.getvalue())
    assert program("audit", "--advisory", write(tmp_path, "evil==1.0\n", "list.txt")).code == 3


def test_what_only_a_page_says_is_told_as_that(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    file = archives.build_wheel("foo", "1.0")
    key = put(builder, file)
    page(builder, "foo", file)
    caches.flip(builder.body(key), -1)
    path = write(tmp_path, f"sha256:{sha256(file[1])}\n", "d.txt")
    ran = program("audit", "--advisory", path, "--format", "json")
    assert clauses(ran) == {"sha256 that a page lists for it"}


@with_litellm
def test_a_reader_that_closes_early_makes_nothing_clean(builder: CacheBuilder, tmp_path: Path) -> None:
    path = write(tmp_path, osv("litellm", ["1.82.7", "1.82.8"]))
    command = [sys.executable, "-m", "pipcache", "audit", "--advisory", path, "--cache-dir", str(builder.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=REPOSITORY) as run:
        assert run.stdout is not None
        run.stdout.close()
        assert run.wait() == 1


@with_litellm
def test_no_secret_of_an_indicator_is_told(program: Program) -> None:
    url = "https://user:s3cret@files.example/litellm-1.82.8-py3-none-any.whl"
    for form in ("table", "json", "markdown", "sarif"):
        assert "s3cret" not in program("audit", url, "litellm", "--format", form).out


@with_litellm
def test_the_answer_says_of_when_it_is(program: Program) -> None:
    ran = program("audit", "nosuch", "--since", "2024-03-01", "--until", "2024-03-05T12:00Z")
    assert "downloaded or written since 2024-03-01T00:00:00Z and until 2024-03-05T12:00:00Z in" in ran.lines[-1]
    document = program("audit", "nosuch", "--since", "2024-03-01", "--format", "json").document
    assert (document["since"], document["until"]) == ("2024-03-01T00:00:00Z", None)


@with_litellm
def test_what_lies_beside_advisories_and_was_not_read_is_told(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "advisories"
    folder.mkdir()
    write(folder, osv("evil", ["1.0"]))
    write(folder, "0" * 64, "SHA256SUMS")
    ran = program("audit", "--advisory", str(folder), "--format", "json")
    assert any("1 file (SHA256SUMS)" in note for note in ran.document["notes"])


@with_litellm
def test_selectors_that_are_no_indicators_are_counted(builder: CacheBuilder, program: Program) -> None:
    key = put(builder, archives.build_wheel("evil", "1.0"))
    copy = put(builder, archives.build_wheel("evil", "1.0"), url="https://mirror.example/evil.whl")
    ran = program("audit", key, "--format", "json")
    assert ran.document["indicators"] == 1
    relations = {hit["artifact"]["key"]: hit["relation"] for hit in ran.document["caches"][0]["hits"]}
    assert relations == {key: "match", copy: "copy"}
