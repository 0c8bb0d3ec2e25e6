"""`audit` in every form of output, and `remove --advisory` with proof."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.support import archives, caches
from tests.support.audits import LITELLM, blake2b, osv, put, sha256, with_litellm, write
from tests.support.caches import CacheBuilder
from tests.support.program import Program


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
        assert {result["ruleId"] for result in run["results"]} == {"match", "page"}
        assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} >= {"match", "page"}
    assert blake2b(bad[1]) in ran.out


def test_more_than_fifty_hits_are_shown_one_a_line(builder: CacheBuilder, program: Program) -> None:
    for number in range(50):
        put(builder, archives.build_wheel("evil", f"1.{number}"))
    ran = program("audit", "evil")
    assert len([line for line in ran.lines if line.startswith("found: ")]) == 50
    assert len([line for line in ran.lines if line.startswith("  sha256 ")]) == 50
    put(builder, archives.build_wheel("evil", "1.50"))
    ran = program("audit", "evil")
    assert len([line for line in ran.lines if line.startswith("found: evil-1.")]) == 51
    assert all("every version" in line for line in ran.lines[:51])
    assert ran.lines[51].startswith("More than 50 entries: one line each")
    assert len(ran.lines) == 54
    assert len(program("audit", "evil", "--format", "json").document["caches"][0]["hits"]) == 51


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


# Removing, with proof


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
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert ran.document["second_look"] == []
    assert name in ran.document["saved"]
    assert {record["version"] for record in program.artifacts("list", "litellm")} == {"1.82.6", "1.82.8", "1.83.0"}


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
