"""`audit` and `remove --advisory`: what is meant, what was made from it, what cannot be told, and what is gone."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipcache.util.urls import FILES_HOST, file_urls
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.places import REPOSITORY
from tests.support.program import Program, Ran

JSON_PAGE = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}


def blake2b(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def url_of(filename: str, data: bytes) -> str:
    """Where PyPI serves a file."""
    return file_urls(blake2b(data), filename)[0]


def put(builder: CacheBuilder, file: tuple[str, bytes], *, url: str | None = None) -> str:
    """A download, with nothing but its bytes to tell what it is."""
    return builder.download(url or url_of(*file), file[1])


def page(builder: CacheBuilder, name: str, *files: tuple[str, bytes]) -> str:
    rows = [
        {"filename": filename, "url": url_of(filename, data), "hashes": {"sha256": sha256(data)}}
        for filename, data in files
    ]
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows}).encode()
    return builder.download(f"https://index.example/simple/{name}/", body, headers=JSON_PAGE)


def osv(name: str, versions: list[str] | None = None, **more: Any) -> dict[str, Any]:  # Any: JSON
    affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": name}}
    if versions is not None:
        affected["versions"] = versions
    affected |= {key: more.pop(key) for key in ("ranges", "database_specific") if key in more}
    return {"id": "MAL-2099-1", "modified": "2099-01-01T00:00:00Z", "affected": [affected], **more}


def write(folder: Path, content: object, name: str = "advisory.json") -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def found(ran: Ran) -> dict[str, str]:
    """What was found, by file name, project of a page or key, with its relation."""
    hits = [hit for part in ran.document["caches"] for hit in part["hits"]]
    return {
        (f"page {hit['artifact']['project']}" if hit["artifact"]["kind"] == "page" else name_of(hit)): hit[
            "relation"
        ]
        for hit in hits
    }


def name_of(hit: dict[str, Any]) -> str:
    artifact = hit["artifact"]
    name = artifact["filename"] or artifact["key"]
    return f"built {name}" if artifact["kind"] == "built" else str(name)


def clauses(ran: Ran) -> set[str]:
    hits = [hit for part in ran.document["caches"] for hit in part["hits"]]
    return {clause["clause"] for hit in hits for clause in hit["clauses"] if hit["relation"] == "match"}


# The published cases, rebuilt from their facts


LITELLM = {
    version: archives.build_wheel("litellm", version) for version in ("1.82.6", "1.82.7", "1.82.8", "1.83.0")
}


with_litellm = pytest.mark.usefixtures("litellm")


@pytest.fixture
def litellm(builder: CacheBuilder) -> CacheBuilder:
    for file in LITELLM.values():
        put(builder, file)
    page(builder, "litellm", *LITELLM.values())
    put(builder, archives.build_wheel("litellm-proxy-extras", "1.82.7"))
    return builder


BAD = {LITELLM["1.82.7"][0]: "match", LITELLM["1.82.8"][0]: "match", "page litellm": "page"}


@with_litellm
def test_litellm_listed_versions(program: Program, tmp_path: Path) -> None:
    ran = program("audit", "--advisory", write(tmp_path, osv("LiteLLM", ["1.82.7", "1.82.8"])), "--format", "json")
    assert ran.code == 1
    assert found(ran) == BAD
    assert clauses(ran) == {"version 1.82.7 is listed", "version 1.82.8 is listed"}


@with_litellm
def test_litellm_an_open_range_condemns_a_good_version_and_says_so(program: Program, tmp_path: Path) -> None:
    events = [{"introduced": "1.82.7"}]
    path = write(tmp_path, osv("litellm", ["1.82.7", "1.82.8"], ranges=[{"type": "ECOSYSTEM", "events": events}]))
    ran = program("audit", "--advisory", path, "--format", "json")
    assert found(ran) == BAD | {LITELLM["1.83.0"][0]: "match"}
    assert "range: introduced 1.82.7, no end" in clauses(ran)
    ran = program("audit", "--advisory", path, "--only-listed-versions", "--format", "json")
    assert found(ran) == BAD


@with_litellm
def test_litellm_the_digest_of_a_report_is_no_file_s(program: Program, tmp_path: Path) -> None:
    good = LITELLM["1.82.6"]
    origins = [{"source": "somebody", "sha256": sha256(good[1]), "import_time": "2099-01-01T00:00:00Z"}]
    record = osv("litellm", ["1.82.7", "1.82.8"], database_specific={})
    record["database_specific"] = {"malicious-packages-origins": origins, "iocs": {"domains": ["models.example"]}}
    ran = program("audit", "--advisory", write(tmp_path, record), "--format", "json")
    assert found(ran) == BAD
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
    assert good[0] not in found(ran)


PTH = b"import os\n"


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
    assert set(found(ran)) == {bad[0] if kind == "wheel" else f"built {bad[0]}"}
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
    assert set(found(ran)) == {bad[0], zipped[0]}


def test_a_record_that_does_not_tell_is_read_by_its_bytes(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    name, data = archives.build_wheel("liar", "1.0", members={"evil.py": PTH})
    told = base64.urlsafe_b64encode(hashlib.sha256(PTH).digest()).rstrip(b"=")
    lying = data.replace(told, b"A" * len(told))
    put(builder, (name, lying))
    path = write(tmp_path, f"sha256:{sha256(PTH)}\n", "iocs.txt")
    ran = program("audit", "--advisory", path, "--deep", "--format", "json")
    assert set(found(ran)) == {name}


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
    assert found(ran) == {twin[0]: "match", sdist[0]: "match"} | ({"page ctx": "page"} if with_page else {})
    ran = program("remove", "--advisory", write(tmp_path, osv("ctx", ["0.1.2-1", "0.2.2"])), "--yes")
    assert ran.code == 0
    assert {one["filename"] for one in program.artifacts("list")} == {good[0], good_sdist[0]}


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
    reasons = [one["why"] for one in ran.document["caches"][0]["unjudged"]]
    if host == "of PyPI":
        assert found(ran) == {"ctx-0.1.2-1-py2.py3-none-any.whl": "match", "ctx-0.1.2-1.tar.gz": "match"}
        assert (ran.code, reasons) == (1, [])
    else:  # the bytes are no twin's and no good version's for sure
        assert (ran.code, found(ran), len(reasons)) == (3, {}, 4)
        assert reasons[0] == "its file's name is not known, and may have the version 0.1.2-1"


def test_num2words_a_range_with_an_end_ends(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    files = {
        version: archives.build_wheel("num2words", version) for version in ("0.5.14", "0.5.15", "0.5.16", "0.5.17")
    }
    for file in files.values():
        put(builder, file)
    events = [{"introduced": "0.5.15"}, {"last_affected": "0.5.16"}]
    path = write(tmp_path, osv("num2words", ranges=[{"type": "ECOSYSTEM", "events": events}]))
    ran = program("audit", "--advisory", path, "--format", "json")
    assert set(found(ran)) == {files["0.5.15"][0], files["0.5.16"][0]}
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
    assert found(ran) == {sdist[0]: "match", f"built {wheel[0]}": "built-from"}
    # and when the sdist is gone
    program("remove", f"sha256:{digest}", "--kind", "sdist", "--yes")
    ran = program("audit", "--advisory", path, "--format", "json")
    assert found(ran) == {f"built {wheel[0]}": "built-from"}
    (hit,) = ran.document["caches"][0]["hits"]
    assert hit["source_is_cached"] is False
    ran = program("audit", "--advisory", write(tmp_path, f"sha256:{digest}\n", "d.txt"), "--format", "json")
    assert found(ran) == {f"built {wheel[0]}": "built-from"}


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
    assert set(found(ran)) == {files["0.1.13"][0], files["0.1.14"][0]}
    assert ran.document["foreign"] == 1


# Relations


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
    assert [one["project"] for one in program.artifacts("list", "--all")] == ["innocent"]


def test_without_the_derived_only_what_is_meant_goes(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    sdist, wheel = archives.build_sdist("evil", "1.0"), archives.build_wheel("other", "1.0")
    put(builder, sdist)
    builder.built({"url": url_of(*sdist)}, *wheel)
    page(builder, "evil", sdist)
    path = write(tmp_path, "evil==1.0\n", "list.txt")
    assert program("remove", "--advisory", path, "--no-derived", "--keep-pages", "--yes").code == 0
    assert {one["kind"] for one in program.artifacts("list", "--all")} == {"built", "page"}
    assert program("remove", "--advisory", path, "--no-derived", "--yes").code == 0
    assert [one["kind"] for one in program.artifacts("list", "--all")] == ["built"]


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
        assert len(found(ran)) == count, selector
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
    paths = {one["path"].rpartition("/")[2] for one in ran.document["caches"][0]["unjudged"]}
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


# Forms


@pytest.mark.parametrize("form", ["table", "json", "markdown", "sarif"])
@with_litellm
def test_every_form_has_the_proof(program: Program, tmp_path: Path, form: str) -> None:
    path = write(tmp_path, osv("litellm", ["1.82.7"]))
    ran = program("audit", "--advisory", path, "--format", form)
    bad = LITELLM["1.82.7"]
    assert ran.code == 1
    for proof in (bad[0], sha256(bad[1]), "2024-03-05T10:20:30Z"):
        assert proof.replace("_", "\\_" if form == "markdown" else "_") in ran.out, proof
    if form == "sarif":
        (run,) = ran.document["runs"]
        assert {one["ruleId"] for one in run["results"]} == {"match", "page"}
        assert {one["id"] for one in run["tool"]["driver"]["rules"]} >= {"match", "page"}
    assert blake2b(bad[1]) in ran.out


def test_hostile_names_break_no_form(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    put(builder, archives.build_wheel("evil", "1.0"))
    record = osv("evil", ["1.0"], id="MAL|`<b>\x1b[31m\u202eX\nY")
    path = write(tmp_path, record)
    for form in ("table", "markdown"):
        out = program("audit", "--advisory", path, "--format", form).out
        assert "\x1b" not in out
        assert "\u202e" not in out
    rows = [
        line for line in program("audit", "--advisory", path, "--format", "markdown").lines if line.startswith("|")
    ]
    assert len(rows) == 3


# Purging, with proof


@with_litellm
def test_what_was_removed_is_kept_under_its_name_with_its_evidence(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path, osv("litellm", ["1.82.7"]))
    folder = tmp_path / "proof"
    ran = program("remove", "--advisory", path, "--yes", "--save", str(folder), "--format", "json")
    assert ran.code == 0
    name, data = LITELLM["1.82.7"]
    assert (folder / name).read_bytes() == data
    note = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert note["digests"]["sha256"] == sha256(data)
    assert note["clauses"][0]["record"] == "MAL-2099-1"
    assert (note["status"], note["headers"]["date"], note["source_digests"]) == (200, caches.DATE, None)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}
    assert ran.document["second_look"] == []
    assert name in ran.document["saved"]
    assert {one["version"] for one in program.artifacts("list", "litellm")} == {"1.82.6", "1.82.8", "1.83.0"}


@pytest.mark.parametrize("place", ["inside", "open", "file"])
def test_where_no_proof_can_be_kept_nothing_goes(
    litellm: CacheBuilder, program: Program, tmp_path: Path, place: str
) -> None:
    folder = {"inside": litellm.root / "http-v2" / "proof", "open": tmp_path / "open", "file": tmp_path / "file"}[
        place
    ]
    if place == "open":
        folder.mkdir(mode=0o755)
    elif place == "file":
        folder.write_text("x", encoding="ascii")
    before = caches.look(litellm.root)
    path = write(tmp_path, osv("litellm", ["1.82.7"]))
    ran = program("remove", "--advisory", path, "--yes", "--save", str(folder))
    assert ran.code in {2, 3}
    assert caches.look(litellm.root) == before


def test_a_file_that_is_not_what_it_claims_removes_nothing(
    litellm: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    good = write(tmp_path, osv("litellm", ["1.82.7"]), "good.json")
    bad = write(tmp_path, '{"id": "MAL-1", "affected": [', "bad.json")
    before = caches.look(litellm.root)
    ran = program("remove", "--advisory", good, "--advisory", bad, "--yes")
    assert ran.code == 2
    assert "bad.json" in ran.err
    assert "Nothing was looked at, and nothing removed." in ran.err
    assert caches.look(litellm.root) == before


def test_a_dry_run_keeps_and_removes_nothing(litellm: CacheBuilder, program: Program, tmp_path: Path) -> None:
    path = write(tmp_path, osv("litellm", ["1.82.7"]))
    before = caches.look(litellm.root)
    ran = program("remove", "--advisory", path, "--dry-run", "--save", str(tmp_path / "proof"))
    assert ran.code == 0
    assert "version 1.82.7 is listed" in ran.out
    assert not (tmp_path / "proof").exists()
    assert caches.look(litellm.root) == before


@pytest.mark.parametrize("place", ["wheels", "http-v2/a", "letters"])
def test_behind_a_link_among_the_stores_anything_may_be(
    builder: CacheBuilder, program: Program, tmp_path: Path, place: str
) -> None:
    put(builder, archives.build_wheel("foo", "1.0"))
    (tmp_path / "elsewhere").mkdir()
    if not (builder.root / place).exists():
        (builder.root / place).symlink_to(tmp_path / "elsewhere")
        path = write(tmp_path, "evil==1.0\n", "list.txt")
        assert program("audit", "--advisory", path).code == (0 if place == "letters" else 3)


def test_every_cache_of_a_machine_is_a_part_of_the_answer(
    builder: CacheBuilder, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = CacheBuilder(tmp_path / "home" / ".cache" / "pip")
    put(other, archives.build_wheel("evil", "1.0"))
    put(builder, archives.build_wheel("foo", "1.0"))
    homes = [("ada", str(tmp_path / "home")), ("bob", str(tmp_path / "nobody"))]
    monkeypatch.setattr("pipcache.location.machine.machine_homes", lambda: homes)
    monkeypatch.setenv("PIP_CACHE_DIR", str(builder.root))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    before = caches.look(tmp_path)
    path = write(tmp_path.parent, "evil==1.0\n", f"{tmp_path.name}.txt")
    ran = program("audit", "--advisory", path, "--all-caches", "--format", "json")
    assert ran.code == 1
    parts = {part["cache"]["path"]: len(part["hits"]) for part in ran.document["caches"]}
    assert parts[str(other.root.resolve())] == 1
    assert caches.look(tmp_path) == before


# What a fresh pair of eyes found: where clean was a guess


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
    ran = program(*(one.format(list=path) for one in command), "--format", "json")
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
    reasons = {one["artifact"]["key"]: one["why"] for one in ran.document["caches"][0]["unjudged"]}
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
    assert [one["why"] for one in ran.document["caches"][0]["unjudged"]] == ["its project is not known"]
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
    assert any("1 files (SHA256SUMS)" in note for note in ran.document["notes"])


@with_litellm
def test_selectors_that_are_no_indicators_are_counted(builder: CacheBuilder, program: Program) -> None:
    key = put(builder, archives.build_wheel("evil", "1.0"))
    copy = put(builder, archives.build_wheel("evil", "1.0"), url="https://mirror.example/evil.whl")
    ran = program("audit", key, "--format", "json")
    assert ran.document["indicators"] == 1
    relations = {hit["artifact"]["key"]: hit["relation"] for hit in ran.document["caches"][0]["hits"]}
    assert relations == {key: "match", copy: "copy"}
