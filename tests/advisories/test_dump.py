"""An archive of advisories is read a member at a time; what is wrong with it is named with its member."""

from __future__ import annotations

import io
import json
import re
import struct
import sys
import zipfile
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories import dump
from pipcache.advisories.loader import read_advisories
from pipcache.advisories.model import AdvisoryError
from tests.support.advisory_samples import CTX_YAML, GHSA_OPEN, LIST, litellm

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.advisory_samples import Write

RECORD = json.dumps(litellm())


def zipped(
    members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED, *, forces_zip64: bool = False
) -> bytes:
    """The bytes of an archive with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=forces_zip64) as member:
                member.write(content.encode() if isinstance(content, str) else content)
    return file.getvalue()


def deflated(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MAL-2026-1.json", RECORD)
        archive.writestr(name, content)
    return file.getvalue()


def refusal(path: str) -> str:
    with pytest.raises(AdvisoryError) as refused:
        read_advisories([path])
    assert refused.value.path == path
    return str(refused.value)


def test_the_members_of_a_dump_are_what_the_files_of_a_folder_are(write: Write, tmp_path: Path) -> None:
    files = {"MAL-2026-2144.json": RECORD, "GHSA-1.json": json.dumps(GHSA_OPEN), "b/PYSEC-1.yaml": CTX_YAML}
    for name, content in files.items():
        write(f"folder/{name}", content)
    dump_path = write("all.zip", zipped(files))
    folder = read_advisories([str(tmp_path / "folder")])
    archive = read_advisories([dump_path])
    assert [indicator._replace(source="all.zip/" + indicator.source) for indicator in folder.indicators] == [
        *archive.indicators
    ]
    assert {indicator.source for indicator in archive.indicators} == {f"all.zip/{name}" for name in files}
    assert archive._replace(indicators=(), files=()) == folder._replace(indicators=(), files=())
    (file,) = archive.files
    assert (file.name, file.records) == ("all.zip", 3)


@pytest.mark.parametrize(
    ("method", "forces_zip64"),
    [
        (zipfile.ZIP_STORED, False),
        (zipfile.ZIP_DEFLATED, True),
        (zipfile.ZIP_BZIP2, False),
        (zipfile.ZIP_LZMA, True),
    ],
)
def test_a_dump_may_be_written_in_every_way_that_python_reads(
    write: Write, method: int, *, forces_zip64: bool
) -> None:
    content = zipped({"MAL-2026-2144.json": RECORD}, method, forces_zip64=forces_zip64)
    assert read_advisories([write("all.zip", content)]).records == 1


def test_a_dump_is_recognised_by_its_first_bytes(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    content = zipped({"MAL-2026-2144.json": RECORD})
    for name in ("dump.json", "dump", "dump.txt"):
        assert {indicator.source for indicator in read_advisories([write(name, content)]).indicators} == {
            f"{name}/MAL-2026-2144.json"
        }
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    (file,) = read_advisories(["-"]).files
    assert (file.name, file.records) == ("standard input", 1)
    # a list under the name of a dump is a list
    assert read_advisories([write("all.zip", LIST)]).files[0].records == 14


def test_folders_and_other_members_are_not_read_and_the_others_are_counted(write: Write) -> None:
    members: dict[str, str | bytes] = {
        "osv/": "",
        "osv/MAL-1.json": RECORD,
        "README.md": "# This",
        "__MACOSX/osv/._MAL-1.json": b"\0\5",
    }
    advisories = read_advisories([write("all.zip", zipped(members))])
    assert advisories.records == 1
    (note,) = advisories.notes
    assert note.startswith("all.zip: not read, as their names are not those of advisories: 2 files (README.md, ")


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("./MAL-1.json", True),
        ("../osv/..\\MAL-1.JSON", True),
        ("a.b/MAL.1.jsonl", True),
        ("osv__MACOSX/MAL-1.json", True),
        (".MAL-1.json", False),
        ("osv/.git/MAL-1.json", False),
        ("osv\\.MAL-1.json", False),
        (".../MAL-1.json", False),
        ("..osv/MAL-1.json", False),
        ("osv/__MACOSX/MAL-1.json", False),
    ],
)
def test_hidden_files_are_no_records(write: Write, name: str, is_read: bool) -> None:  # noqa: FBT001
    members = {"first.json": RECORD, name: RECORD}
    assert read_advisories([write("all.zip", zipped(members))]).records == 1 + is_read


def test_a_name_that_leads_elsewhere_is_only_a_name(write: Write, tmp_path: Path) -> None:
    names = ["../../above.json", "/rooted.json", "..\\..\\windows.json", "a\x1b[31m\nb.json"]
    advisories = read_advisories([write("in/all.zip", zipped(dict.fromkeys(names, RECORD)))])
    assert {indicator.source for indicator in advisories.indicators} == {f"all.zip/{name}" for name in names}
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def with_flags(content: bytes, flags: int) -> bytes:
    """An archive whose last member says so in its header and in its row."""
    changed = bytearray(content)
    header, row = content.rindex(b"PK\x03\x04"), content.rindex(b"PK\x01\x02")
    struct.pack_into("<H", changed, header + 6, flags)
    struct.pack_into("<H", changed, row + 8, flags)
    return bytes(changed)


def with_a_flipped_byte(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[content.rindex(b"PK\x03\x04") + 60] ^= 0x40
    return bytes(changed)


def twice(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, RECORD)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(name, RECORD)
    return file.getvalue()


BAD = deflated("MAL-2026-2.json", RECORD.encode())


@pytest.mark.parametrize(
    ("content", "named", "why"),
    [
        (with_flags(BAD, 1), "MAL-2026-2.json", "encrypted"),
        (with_a_flipped_byte(BAD), "MAL-2026-2.json", "is damaged"),
        (deflated("MAL-2026-2.json", b""), "MAL-2026-2.json", "says nothing"),
        (deflated("MAL-2026-2.json", b"{"), "MAL-2026-2.json", "no JSON"),
        (deflated("MAL-2026-2.json", b"\xff\xfe{"), "MAL-2026-2.json", "cannot be read"),
        (deflated("notes.json", b'{"a": 1}'), "notes.json", "an OSV record|OSV .* was expected"),
        (twice("MAL-2026-2.json"), "MAL-2026-2.json", "is ambiguous"),
        (deflated("MAL-2026-2.json", bytes(40 << 20)), "MAL-2026-2.json", "too much in it"),
        (deflated("MAL-2026-2.txt", bytes(40 << 20)), "MAL-2026-2.txt", "too much in it"),
        (deflated("MAL-2026-2.json", bytes(65 << 20)), "MAL-2026-2.json", "at most"),
    ],
)
def test_a_bad_member_is_named(write: Write, content: bytes, named: str, why: str) -> None:
    path = write("all.zip", content)
    message = refusal(path)
    assert message.startswith(f"{path}/{named}")
    assert re.search(why, message)


def test_a_bomb_that_lies_about_its_size_is_named(write: Write) -> None:
    content = bytearray(deflated("MAL-2026-2.json", bytes(40 << 20)))
    header, row = content.rindex(b"PK\x03\x04"), content.rindex(b"PK\x01\x02")
    struct.pack_into("<L", content, header + 22, 1000)
    struct.pack_into("<L", content, row + 24, 1000)
    path = write("all.zip", bytes(content))
    assert refusal(path).startswith(f"{path}/MAL-2026-2.json ")


def test_all_members_together_are_bounded(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    monkeypatch.setattr(dump, "MOST_OF_ALL", 2 * len(RECORD))
    members = {f"MAL-{number}.json": RECORD for number in range(3)}
    assert read_advisories([write("two.zip", zipped(dict(list(members.items())[:2])))]).records == 2
    path = write("all.zip", zipped(members))
    assert refusal(path).startswith(f"{path}/MAL-2.json cannot be read: too much in it")


@pytest.mark.parametrize(
    "content", [BAD[:-30], BAD[: len(BAD) // 2], b"PK\x03\x04", zipped({}), zipped({"README.md": "no record"})]
)
def test_an_archive_that_is_cut_or_has_no_record_is_refused(write: Write, content: bytes) -> None:
    path = write("all.zip", content)
    assert refusal(path).startswith(path)


# Records by their ids


IDS = {"MAL-2026-2144": RECORD, "GHSA-1": json.dumps(GHSA_OPEN | {"id": "GHSA-1", "aliases": ["MAL-2020-1"]})}


@pytest.mark.parametrize(
    ("patterns", "records", "skipped", "unmatched"),
    [
        ([], {"MAL-2026-2144", "GHSA-1"}, 0, ()),
        (["MAL-2026-*"], {"MAL-2026-2144"}, 1, ()),
        (["MAL-*"], {"MAL-2026-2144", "GHSA-1"}, 0, ()),
        (["PYSEC-2026-2"], {"MAL-2026-2144"}, 1, ()),
        (["GHSA-?", "CVE-*"], {"GHSA-1"}, 1, ("CVE-*",)),
        (["mal-*", "MAL"], set(), 2, ("mal-*", "MAL")),
    ],
)
def test_only_records_with_a_wanted_id_or_alias_count(
    write: Write, patterns: list[str], records: set[str], skipped: int, unmatched: tuple[str, ...]
) -> None:
    advisories = read_advisories([write(f"{name}.json", content) for name, content in IDS.items()], patterns)
    assert {indicator.record for indicator in advisories.indicators} == records
    assert advisories.records == 2
    assert (advisories.skipped, advisories.unmatched) == (skipped, unmatched)


def test_what_has_no_id_is_skipped_and_said(write: Write) -> None:
    advisories = read_advisories([write("own.txt", "evil==1\nworse==2\n"), write("a.json", RECORD)], ["MAL-*"])
    assert {indicator.project for indicator in advisories.indicators} == {"litellm"}
    assert advisories.skipped == 2
    assert "own.txt: 2 records without an id, which --only-ids leaves out" in advisories.notes
