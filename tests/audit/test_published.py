"""`audit` of the published cases, rebuilt from their facts."""

from __future__ import annotations

import base64
import csv
import hashlib
from pathlib import Path

import pytest

from pipcache.util.urls import FILES_HOST
from tests.support import archives
from tests.support.audits import (
    LITELLM,
    PTH,
    clauses,
    matched,
    osv,
    page,
    put,
    sha256,
    url_of,
    with_litellm,
    write,
)
from tests.support.caches import CacheBuilder
from tests.support.program import Program

BAD = {LITELLM["1.82.7"][0]: "match", LITELLM["1.82.8"][0]: "match", "page litellm": "page"}


@with_litellm
def test_litellm_listed_versions(program: Program, tmp_path: Path) -> None:
    ran = program("audit", "--advisory", write(tmp_path, osv("LiteLLM", ["1.82.7", "1.82.8"])), "--format", "json")
    assert ran.code == 1
    assert matched(ran) == BAD
    assert clauses(ran) == {"version 1.82.7 is listed", "version 1.82.8 is listed"}


@with_litellm
def test_litellm_an_open_range_condemns_a_good_version_and_says_so(program: Program, tmp_path: Path) -> None:
    events = [{"introduced": "1.82.7"}]
    path = write(tmp_path, osv("litellm", ["1.82.7", "1.82.8"], ranges=[{"type": "ECOSYSTEM", "events": events}]))
    ran = program("audit", "--advisory", path, "--format", "json")
    assert matched(ran) == BAD | {LITELLM["1.83.0"][0]: "match"}
    assert "range: introduced 1.82.7, no end" in clauses(ran)
    ran = program("audit", "--advisory", path, "--only-listed-versions", "--format", "json")
    assert matched(ran) == BAD


@with_litellm
def test_litellm_the_digest_of_a_report_is_no_file_s(program: Program, tmp_path: Path) -> None:
    good = LITELLM["1.82.6"]
    origins = [{"source": "somebody", "sha256": sha256(good[1]), "import_time": "2099-01-01T00:00:00Z"}]
    record = osv("litellm", ["1.82.7", "1.82.8"], database_specific={})
    record["database_specific"] = {"malicious-packages-origins": origins, "iocs": {"domains": ["models.example"]}}
    ran = program("audit", "--advisory", write(tmp_path, record), "--format", "json")
    assert matched(ran) == BAD
    assert len(ran.document["never"]) == 1
    assert "models.example" in ran.document["never"][0]


def test_litellm_an_inspector_url_is_a_key_and_a_digest(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    bad, good = LITELLM["1.82.7"], LITELLM["1.82.6"]
    put(builder, bad)
    copy = put(builder, bad, url="https://mirror.example/signed?x=1")
    put(builder, good)
    path = url_of(*bad).partition(FILES_HOST)[2]
    url = f"https://inspector.example/project/litellm/1.82.7{path}/litellm/proxy/server.py#line.130"
    record = osv("litellm", ["1.82.7"], references=[{"type": "EVIDENCE", "url": url}])
    record["affected"][0]["versions"] = ["1.82.7"]
    ran = program("audit", "--advisory", write(tmp_path, record), "--format", "json")
    assert {hit["artifact"]["key"] for part in ran.document["caches"] for hit in part["hits"]} >= {copy}
    assert "the URL is its key" in clauses(ran)
    assert "blake2b_256 of the file" in clauses(ran)
    assert good[0] not in matched(ran)


@pytest.mark.parametrize("spelling", ["hex", "base64url", "record row", "alg-"])
@pytest.mark.parametrize("kind", ["wheel", "built"])
def test_litellm_a_member_digest_is_found_in_record_however_it_is_spelled(
    builder: CacheBuilder, program: Program, tmp_path: Path, spelling: str, kind: str
) -> None:
    raw = hashlib.sha256(PTH).digest()
    url64 = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    bad = archives.build_wheel("litellm", "1.82.8", members={"litellm_init.pth": PTH})
    put(builder, LITELLM["1.82.6"])
    if kind == "wheel":
        put(builder, bad)
    else:
        builder.built({"url": "https://files.example/litellm-1.82.8.tar.gz"}, *bad)
    text = {
        "hex": raw.hex(),
        "base64url": f"sha256={url64}",
        "record row": f"litellm_init.pth,sha256={url64},{len(PTH)}",
        "alg-": f"sha256-{raw.hex()}",
    }[spelling]
    ran = program("audit", "--advisory", write(tmp_path, f"{text}\n", "iocs.txt"), "--format", "json")
    assert ran.code == 1
    assert set(matched(ran)) == {bad[0] if kind == "wheel" else f"built {bad[0]}"}
    assert clauses(ran) == {"sha256 of the member litellm_init.pth"}


def test_torchtriton_a_member_of_an_sdist_needs_its_bytes(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    bad = archives.build_sdist("torchtriton", "3.0.0", members={"triton/runtime/triton": PTH})
    zipped = archives.build_sdist("other", "3.0.0", fmt="zip", members={"triton/runtime/triton": PTH})
    put(builder, bad)
    put(builder, zipped)
    path = write(tmp_path, f"{sha256(PTH)}  triton/runtime/triton\n", "iocs.txt")
    assert program("audit", "--advisory", path).code == 3
    ran = program("audit", "--advisory", path, "--deep", "--format", "json")
    assert set(matched(ran)) == {bad[0], zipped[0]}


def test_a_record_that_does_not_tell_is_read_by_its_bytes(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    name, data = archives.build_wheel("liar", "1.0", members={"evil.py": PTH})
    digest = base64.urlsafe_b64encode(hashlib.sha256(PTH).digest()).rstrip(b"=")
    lying = data.replace(digest, b"A" * len(digest))
    put(builder, (name, lying))
    path = write(tmp_path, f"sha256:{sha256(PTH)}\n", "iocs.txt")
    ran = program("audit", "--advisory", path, "--deep", "--format", "json")
    assert set(matched(ran)) == {name}


@pytest.mark.parametrize("with_page", [True, False])
def test_ctx_a_twin_by_build_tag_is_the_listed_version_and_the_good_file_is_not(
    builder: CacheBuilder,
    program: Program,
    tmp_path: Path,
    with_page: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    good = archives.build_wheel("ctx", "0.1.2", tags=["py2.py3-none-any"])
    good_sdist = archives.build_sdist("ctx", "0.1.2")
    twin = archives.build_wheel("ctx", "0.1.2", tags=["py2.py3-none-any"], build="1", members={"evil.py": PTH})
    sdist = archives.build_sdist("ctx", "0.1.2-1", members={"evil.py": PTH})
    assert (twin[0], sdist[0]) == ("ctx-0.1.2-1-py2.py3-none-any.whl", "ctx-0.1.2-1.tar.gz")
    for file in (good, good_sdist, twin, sdist):
        put(builder, file)
    if with_page:
        page(builder, "ctx", good, good_sdist, twin, sdist)
    ran = program("audit", "--advisory", write(tmp_path, osv("ctx", ["0.1.2-1", "0.2.2"])), "--format", "json")
    assert matched(ran) == {twin[0]: "match", sdist[0]: "match"} | ({"page ctx": "page"} if with_page else {})
    ran = program("remove", "--advisory", write(tmp_path, osv("ctx", ["0.1.2-1", "0.2.2"])), "--yes")
    assert ran.code == 0
    assert {record["filename"] for record in program.artifacts("list")} == {good[0], good_sdist[0]}


@pytest.mark.parametrize("host", ["of PyPI", "another"])
def test_ctx_a_twin_that_only_its_url_tells_of(
    builder: CacheBuilder, program: Program, tmp_path: Path, host: str
) -> None:
    def serve(filename: str, data: bytes) -> None:
        put(builder, (filename, data), url=None if host == "of PyPI" else f"https://files.example/{filename}")

    tags = ["py2.py3-none-any"]
    wheel = archives.build_wheel("ctx", "0.1.2", tags=tags, members={"evil.py": PTH})[1]
    sdist = archives.build_sdist("ctx", "0.1.2", members={"evil.py": PTH})[1]
    serve("ctx-0.1.2-1-py2.py3-none-any.whl", wheel)
    serve("ctx-0.1.2-1.tar.gz", sdist)
    serve(*archives.build_wheel("ctx", "0.1.2", tags=tags))
    serve(*archives.build_sdist("ctx", "0.1.2"))
    serve(*archives.build_sdist("ctx", "0.1.1"))
    path = write(tmp_path, osv("ctx", ["0.1.2-1", "0.1.2-2"]))
    ran = program("audit", "--advisory", path, "--format", "json")
    reasons = [record["why"] for record in ran.document["caches"][0]["unjudged"]]
    if host == "of PyPI":
        assert matched(ran) == {"ctx-0.1.2-1-py2.py3-none-any.whl": "match", "ctx-0.1.2-1.tar.gz": "match"}
        assert (ran.code, reasons) == (1, [])
    else:  # the bytes are no twin's and no good version's for sure
        assert (ran.code, matched(ran), len(reasons)) == (3, {}, 5)
        assert "its file's name is not known, and may have the version 0.1.2-1" in reasons
        assert reasons.count("nothing but its own PKG-INFO, its folder or a header names it") == 3


def test_num2words_a_range_with_an_end_ends(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    files = {
        version: archives.build_wheel("num2words", version) for version in ("0.5.14", "0.5.15", "0.5.16", "0.5.17")
    }
    for file in files.values():
        put(builder, file)
    events = [{"introduced": "0.5.15"}, {"last_affected": "0.5.16"}]
    path = write(tmp_path, osv("num2words", ranges=[{"type": "ECOSYSTEM", "events": events}]))
    ran = program("audit", "--advisory", path, "--format", "json")
    assert set(matched(ran)) == {files["0.5.15"][0], files["0.5.16"][0]}
    assert clauses(ran) == {"range: introduced 0.5.15, last affected 0.5.16"}


def test_ultralytics_an_sdist_and_the_wheel_built_from_it(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    sdist = archives.build_sdist("ultralytics", "8.3.41", members={"evil.py": PTH})
    wheel = archives.build_wheel("renamed-by-its-backend", "8.3.41")
    put(builder, sdist)
    digest = sha256(sdist[1])
    builder.built({"url": url_of(*sdist), "archive_info": {"hashes": {"sha256": digest}}}, *wheel)
    path = write(tmp_path, f"{url_of(*sdist)}\n", "urls.txt")
    ran = program("audit", "--advisory", path, "--format", "json")
    assert matched(ran) == {sdist[0]: "match", f"built {wheel[0]}": "built-from"}
    # and when the sdist is gone
    program("remove", f"sha256:{digest}", "--kind", "sdist", "--yes")
    ran = program("audit", "--advisory", path, "--format", "json")
    assert matched(ran) == {f"built {wheel[0]}": "built-from"}
    (hit,) = ran.document["caches"][0]["hits"]
    assert hit["source_is_cached"] is False
    ran = program("audit", "--advisory", write(tmp_path, f"sha256:{digest}\n", "d.txt"), "--format", "json")
    assert matched(ran) == {f"built {wheel[0]}": "built-from"}


def test_aiocpa_a_table_of_names_and_versions(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    files = {version: archives.build_wheel("aiocpa", version) for version in ("0.1.12", "0.1.13", "0.1.14")}
    for file in files.values():
        put(builder, file)
    with (tmp_path / "iocs.csv").open("w", newline="", encoding="utf-8") as table:
        writer = csv.writer(table)
        writer.writerow(["name", "version"])
        writer.writerow(["aiocpa", "0.1.13, 0.1.14"])
        writer.writerow(["pkg:npm/other", "1.0"])
    ran = program("audit", "--advisory", str(tmp_path / "iocs.csv"), "--format", "json")
    assert set(matched(ran)) == {files["0.1.13"][0], files["0.1.14"][0]}
    assert ran.document["foreign"] == 1
