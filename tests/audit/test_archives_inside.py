"""`--deep` looks into archives inside archives, one level down, and tells what it did not look into."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipcache.audit import hashed_members
from tests.support import archives
from tests.support.audits import put
from tests.support.caches import CacheBuilder
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

PAYLOAD = b"import os; os.system('x')\n"
DIGEST = f"sha256:{hashlib.sha256(PAYLOAD).hexdigest()}"


def zipped(content: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for path, data in content.items():
            archive.writestr(zipfile.ZipInfo(path), data, method)
    return buffer.getvalue()


def tarred(content: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, data in content.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


EVIL = {"evil/payload.py": PAYLOAD, "evil/other.py": b"x"}
INSIDE = {
    "a wheel": ("lib/evil-1.0-py3-none-any.whl", archives.build_wheel("evil", "1.0", members=EVIL)[1]),
    "an sdist": ("evil-1.0.tar.gz", archives.build_sdist("evil", "1.0", members=EVIL)[1]),
    "a ZIP": ("data.bin", zipped(EVIL)),
    "a ZIP behind a program": ("setup.exe", b"MZ" * 2_000 + zipped(EVIL)),
    "a tar": ("data", tarred(EVIL)),
    "a tar in bzip2": ("data.dat", bz2.compress(tarred(EVIL))),
    "a tar in xz": ("data.dat", lzma.compress(tarred(EVIL))),
}
OUTSIDE = {
    "wheel": lambda members: archives.build_wheel("carrier", "1.0", members=members),
    "sdist": lambda members: archives.build_sdist("carrier", "1.0", members=members),
    "zip": lambda members: archives.build_sdist("carrier", "1.0", fmt="zip", members=members),
}


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("outside", OUTSIDE)
def test_a_member_of_an_archive_inside_is_found(
    builder: CacheBuilder, program: Program, inside: str, outside: str
) -> None:
    path, data = INSIDE[inside]
    put(builder, OUTSIDE[outside]({path: data}))
    put(builder, archives.build_wheel("good", "1.0"))
    ran = program("audit", DIGEST, "--deep", "--format", "json")
    assert (ran.code, ran.document["complete"]) == (1, True)
    (hit,) = ran.document["caches"][0]["hits"]
    (clause,) = hit["clauses"]
    assert clause["clause"].startswith("sha256 of the member ")
    assert f"{path}: " in clause["clause"]
    assert "evil/payload.py" in clause["clause"]


@pytest.mark.parametrize("outside", OUTSIDE)
def test_what_lies_deeper_is_told(builder: CacheBuilder, program: Program, outside: str) -> None:
    inner = {"evil.zip": zipped(EVIL)}
    put(builder, OUTSIDE[outside]({"outer.zip": zipped(inner)}))
    ran = program("audit", DIGEST, "--deep", "--format", "json")
    (entry,) = ran.document["caches"][0]["unjudged"]
    assert ran.code == 3
    assert entry["why"].endswith("outer.zip: evil.zip in it lies too deep to be looked into")
    assert program("audit", DIGEST, "--deep").code == 3
    assert program("audit", f"sha256:{hashlib.sha256(inner['evil.zip']).hexdigest()}", "--deep").code == 1
    assert program("audit", "evil==1.0", "--deep").code == 0  # no digest is looked for


def test_what_is_too_large_is_told(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashed_members, "MOST_OF_A_MEMBER", 100_000)
    noise = os.urandom(200_000)
    large = {
        "zip": zipped({"x": noise, **EVIL}),
        "gz": gzip.compress(tarred({"x": noise, **EVIL})),
        "xz": lzma.compress(tarred({"x": noise, **EVIL})),
        "exe": b"MZ" * 2_000 + zipped({"x": noise, **EVIL}),
    }
    for name, data in large.items():
        put(builder, archives.build_wheel(f"carrier-{name}", "1.0", members={f"x.{name}": data}))
    put(builder, archives.build_wheel("good", "1.0", members={"x": noise, "y.gz": gzip.compress(noise)}))
    ran = program("audit", DIGEST, "--deep", "--format", "json")
    reasons = sorted(record["why"] for record in ran.document["caches"][0]["unjudged"])
    assert ran.code == 3
    assert reasons == sorted(f"the archive x.{name} in it is too large to be looked into" for name in large)


@pytest.mark.parametrize("bomb", ["zip", "tar.gz"])
def test_a_bomb_inside_is_told_and_costs_no_more_than_the_budget(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch, bomb: str
) -> None:
    monkeypatch.setattr(hashed_members, "MOST_INSIDE", 1 << 20)
    zeros = {f"x{number}": bytes(600_000) for number in range(3)}
    data = zipped(zeros) if bomb == "zip" else gzip.compress(tarred(zeros))
    put(builder, archives.build_sdist("carrier", "1.0", members={f"a.{bomb}": data}))
    ran = program("audit", DIGEST, "--deep", "--format", "json")
    (entry,) = ran.document["caches"][0]["unjudged"]
    assert ran.code == 3
    assert entry["why"] == (
        f"the archive carrier-1.0/a.{bomb} in it could not all be read, "
        "too much in it: it unpacks to more than 1,048,576 bytes"
    )


def test_what_is_no_archive_is_no_reason(builder: CacheBuilder, program: Program) -> None:
    members = {
        "data.csv.gz": gzip.compress(b"a,b\n" * 5_000),
        "data.bz2": bz2.compress(b"a,b\n" * 5_000),
        "half.zip": zipped({"x": b"x"})[:40],
        "empty.zip": b"",
        "start": b"PK\x03\x04",
        "text.tar": b"text",
    }
    put(builder, archives.build_wheel("good", "1.0", members=members))
    put(builder, archives.build_sdist("good", "1.0", members=members))
    ran = program("audit", DIGEST, "--deep", "--format", "json")
    assert (ran.code, ran.document["complete"]) == (0, True)


def overlapping(data: bytes) -> bytes:
    """A wheel whose directory names its first member a second time: zipfile reads what stands behind, too."""
    end = data.index(b"PK\x05\x06")
    start = data.index(b"PK\x01\x02")
    length = int.from_bytes(data[start + 28 : start + 30], "little")
    row = data[start : start + 46 + length]
    count = int.from_bytes(data[end + 8 : end + 10], "little") + 1
    size = int.from_bytes(data[end + 12 : end + 16], "little") + len(row)
    changed = data[end : end + 8] + count.to_bytes(2, "little") * 2 + size.to_bytes(4, "little") + data[end + 16 :]
    return data[:start] + row + data[start:end] + changed


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("members that overlap", overlapping(archives.build_wheel("evil", "1.0", members=EVIL)[1])),
        (
            "a method of bytes",
            zipped({"evil-1.0.dist-info/WHEEL": b"Tag: py3-none-any\n", **EVIL}, zipfile.ZIP_LZMA),
        ),
    ],
)
def test_an_archive_that_is_not_read_whole_is_not_clean(
    builder: CacheBuilder, program: Program, name: str, data: bytes
) -> None:
    put(builder, ("evil-1.0-py3-none-any.whl", data))
    assert program("audit", DIGEST, "--deep").code in {1, 3}, name


def test_a_tar_that_is_a_zip_too_is_read_as_both(builder: CacheBuilder, program: Program) -> None:
    good = archives.build_sdist("good", "1.0")[1]
    put(builder, ("good-1.0.tar.gz", good + zipped(EVIL)))
    assert program("audit", DIGEST, "--deep").code == 1
    evil = archives.build_sdist("good", "1.0", members=EVIL)[1]
    put(builder, ("good-1.0.tar.gz", evil + zipped({"x": b"x"})))
    assert program("audit", DIGEST, "--deep").code == 1


@pytest.mark.parametrize("deep", [True, False])
def test_the_archive_of_a_forge_has_members_too(builder: CacheBuilder, program: Program, *, deep: bool) -> None:
    body = gzip.compress(tarred({f"evil-main/{name}": data for name, data in EVIL.items()}))
    builder.download("https://forge.example/evil/archive/main.tar.gz", body)
    (builder.root.parent / "list.txt").write_text(f"{DIGEST.partition(':')[2]}  evil/payload.py\n")
    options = ["--deep"] if deep else []
    assert program("audit", "--advisory", str(builder.root.parent / "list.txt"), *options).code == (
        1 if deep else 3
    )


def test_a_member_that_record_does_not_list_needs_its_bytes(builder: CacheBuilder, program: Program) -> None:
    content = {}
    with zipfile.ZipFile(io.BytesIO(archives.build_wheel("evil", "1.0")[1])) as wheel:
        content = {name: wheel.read(name) for name in wheel.namelist()}
    put(builder, ("evil-1.0-py3-none-any.whl", zipped({**content, "evil/payload.py": PAYLOAD})))
    (builder.root.parent / "list.txt").write_text(f"{DIGEST.partition(':')[2]}  evil/payload.py\n")
    advisory = ("--advisory", str(builder.root.parent / "list.txt"))
    assert program("audit", *advisory).code == 3
    assert program("audit", *advisory, "--deep").code == 1
