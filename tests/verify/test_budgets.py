"""What is in an archive may cost a bounded work: just under it passes, and what is over it is unreadable."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipcache.archive import record, tar_check, zip_check, zip_reader
from pipcache.archive.flaw import Defect
from pipcache.archive.record import check_wheel
from pipcache.archive.tar_check import check_tar
from pipcache.archive.zip_check import check_zip
from pipcache.audit import members
from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from pipcache.util import budget
from pipcache.util.budget import Budget
from pipcache.util.files import BytesWindow
from pipcache.util.progress import no_tick
from pipcache.verify.checks import Verdict
from tests.support.hostile import (
    DEFLATED,
    INFO,
    STEM,
    TAR_END,
    WHEEL_NAME,
    Part,
    pax_record,
    tar_member,
    wheel,
    wheel_parts,
    write_zip,
)
from tests.support.judged_archives import INFO_MEMBER, SDIST_NAME, judged_built, judged_download

if TYPE_CHECKING:
    from pathlib import Path

    from pipcache.archive.flaw import Flaw
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

LARGE = 3 << 20


def reasons(flaws: list[Flaw]) -> list[str]:
    """Why an archive cannot be judged; nothing else may be wrong with it."""
    assert {flaw.defect for flaw in flaws} <= {Defect.UNREADABLE}
    return [flaw.actual for flaw in flaws]


def zip_reasons(data: bytes, most: int) -> list[str]:
    counter = Budget(0, most_bytes=most)
    why = reasons(check_zip(BytesWindow(data), lambda _member: None, no_tick, counter).flaws)
    assert counter.bytes <= most + (256 << 10)  # a piece
    return why


@pytest.mark.parametrize("method", [DEFLATED, 0, 12, 14])
def test_the_members_of_a_zip_share_a_budget(method: int) -> None:
    data = write_zip([Part(f"x{number}".encode(), bytes(LARGE), method) for number in range(3)])
    assert zip_reasons(data, 3 * LARGE) == []
    assert zip_reasons(data, 3 * LARGE - 1) == ["too much in it: it unpacks to more than 9,437,183 bytes"]
    assert zip_reasons(data, LARGE) == ["too much in it: it unpacks to more than 3,145,728 bytes"]


def test_damage_is_said_of_what_was_read_before() -> None:
    data = write_zip([Part(b"a", b"a" * 9, row={"crc": 1}, local={"crc": 1}), Part(b"b", bytes(LARGE))])
    flaws = check_zip(BytesWindow(data), lambda _member: None, no_tick, Budget(0, most_bytes=LARGE)).flaws
    assert [flaw.defect for flaw in flaws] == [Defect.CHECKSUM, Defect.UNREADABLE]


def test_a_size_that_is_a_lie_is_damage_and_no_bomb() -> None:
    lie = {"size": 0xFFFFFFF0}
    data = write_zip([Part(b"a", b"a" * 9, row=lie, local=lie)])
    flaws = check_zip(BytesWindow(data), lambda _member: None, no_tick, Budget(0, most_bytes=100)).flaws
    assert [flaw.defect for flaw in flaws] == [Defect.CHECKSUM]


def record_of(algorithms: list[str]) -> bytes:
    """A wheel with a large member, of which RECORD has digests by so many algorithms."""
    content = {part.name.decode(): part.content for part in wheel_parts()}
    content["large"] = bytes(LARGE)
    content.pop(f"{INFO}/RECORD", None)
    lines = [
        f"{path},{name}={hashlib.new(name, data).hexdigest()},"
        for path, data in content.items()
        for name in (algorithms if path == "large" else ["sha256"])
    ]
    content[f"{INFO}/RECORD"] = "\n".join([*lines, f"{INFO}/RECORD,,", ""]).encode()
    return write_zip([Part(path.encode(), data) for path, data in content.items()])


def test_bytes_that_record_has_hashed_many_times_count_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MOST_RATIO", 0)
    monkeypatch.setattr(budget, "FREE_BYTES", 2 * LARGE)

    def wheel_reasons(algorithms: list[str]) -> list[str]:
        return reasons(list(check_wheel(BytesWindow(record_of(algorithms)), STEM, no_tick)))

    assert wheel_reasons(["sha256"]) == []
    assert wheel_reasons(["sha256", "sha512", "sha1"]) == [
        "too much in it: it unpacks to more than 6,291,456 bytes"
    ]


def tar_reasons(data: bytes, counter: Budget | None = None) -> list[str]:
    return reasons(check_tar(BytesWindow(gzip.compress(data, 1)), no_tick, budget=counter))


def test_the_bytes_of_a_tar_are_counted() -> None:
    data = INFO_MEMBER + tar_member(f"{STEM}/x".encode(), bytes(LARGE)) + TAR_END
    assert tar_reasons(data, Budget(0, most_bytes=len(data))) == []
    most = len(data) - 1
    assert tar_reasons(data, Budget(0, most_bytes=most)) == [
        f"too much in it: it unpacks to more than {most:,} bytes"
    ]


def test_the_members_of_a_tar_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_check, "MOST_MEMBERS", 50)
    empty = [tar_member(f"{STEM}/{number}".encode(), b"") for number in range(5000)]
    assert tar_reasons(INFO_MEMBER + b"".join(empty[:49]) + TAR_END) == []
    counter = Budget(0)
    assert tar_reasons(INFO_MEMBER + b"".join(empty) + TAR_END, counter) == [
        "too much in it: more than 50 members"
    ]
    assert counter.steps == 51


def test_the_characters_of_names_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{STEM}/PKG-INFO"
    monkeypatch.setattr(tar_check, "_MOST_OF_NAMES", len(name))
    assert tar_reasons(INFO_MEMBER + TAR_END) == []
    assert tar_reasons(INFO_MEMBER + tar_member(b"x", b"") + TAR_END) == [
        f"too much in it: more than {len(name)} characters of names"
    ]


def test_pax_records_and_headers_of_headers_are_counted() -> None:
    records = pax_record("a", "1")
    pax = tar_member(b"pax", records * 100, b"x")
    data = INFO_MEMBER + pax + tar_member(f"{STEM}/x".encode(), b"") + TAR_END
    steps = 3 + 100 + len(TAR_END) // 512  # headers, records, and zero blocks
    assert tar_reasons(data, Budget(0, most_steps=steps)) == []
    assert tar_reasons(data, Budget(0, most_steps=steps - 1)) == [
        f"too much in it: more than {steps - 1} headers and records"
    ]


@pytest.mark.parametrize("kind", [b"g", b"L", b"x"])
def test_headers_without_a_member_are_counted(kind: bytes) -> None:
    counter = Budget(0, most_steps=100)
    assert tar_reasons(tar_member(b"h", b"", kind) * 5000 + TAR_END, counter) == [
        "too much in it: more than 100 headers and records"
    ]
    assert counter.steps == 101


def limit_members(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    for module in (zip_check, zip_reader, record):
        monkeypatch.setattr(module, "MOST_MEMBERS", most)


def test_the_members_of_a_wheel_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = wheel()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        count = len(archive.namelist())
    limit_members(monkeypatch, count)
    healthy = judged_built(tmp_path / "healthy", data)
    assert (healthy.verdict, healthy.codes) == (Verdict.INTACT, set())
    limit_members(monkeypatch, count - 1)
    over = judged_built(tmp_path / "over", data)
    assert (over.verdict, over.codes) == (Verdict.UNREADABLE, set())


def test_lines_of_record_are_counted_blank_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MOST_LINES", 3)
    record.parse_record(b"\n" * 3)
    record.parse_record(b"a,,\nb,,\nc,,\n")
    for data in (b"\n" * 4, b"a,,\n" * 4):
        with pytest.raises(record.LongRecord, match="too much in it: more than 3 lines"):
            record.parse_record(data)


def test_all_records_of_a_wheel_share_a_budget(builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    vendored = {f"v/{number}.dist-info/RECORD": b"x,,\n" * 100 for number in range(5)}
    builder.built(None, WHEEL_NAME, wheel(vendored))
    cache = Cache(str(builder.root))
    (artifact,) = read_inventory(cache, Need(deep=True))
    healthy = members.recorded_members(cache, artifact)
    assert healthy.paths
    monkeypatch.setattr(members, "MOST_OF_RECORDS", 1000)
    # audit says of a wheel without these that its RECORD could not be read, and ends with 3
    assert members.recorded_members(cache, artifact).paths == {}


@pytest.mark.slow
def test_a_body_of_many_streams_is_unreadable(tmp_path: Path) -> None:
    sdist = gzip.compress(INFO_MEMBER) + gzip.compress(b"") * 9_999 + gzip.compress(TAR_END)
    assert judged_download(tmp_path / "under", SDIST_NAME, sdist).verdict is Verdict.INTACT
    over = gzip.compress(b"") * 20_000 + sdist
    assert judged_download(tmp_path / "over", SDIST_NAME, over).verdict is Verdict.UNREADABLE


def test_of_many_flaws_and_long_names_a_bounded_part_is_said(builder: CacheBuilder, program: Program) -> None:
    names = [b"foo/" + b"0" * 60_000, *(b"foo/%d" % number for number in range(1_500))]
    builder.download("https://files.example/x", write_zip([*wheel_parts(), *(Part(name) for name in names)]))
    (judgement,) = program("verify", "--format", "json").document["judgements"]
    unlisted = [row for row in judgement["findings"] if row["code"] == "PC503"]
    assert (judgement["verdict"], len(unlisted)) == ("poisoned", 1_000)
    assert max(len(row["by"]) for row in judgement["findings"]) == 1_003
    assert "... and at least 997 more of these" in program("verify").out
