"""What `remove` says of the run, and what is left when all is done."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import archives
from tests.support.audits import osv, put
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from tests.support.advisory_samples import Write
    from tests.support.program import Program


def test_a_removal_says_what_is_left_after_the_second_look(
    builder: CacheBuilder, program: Program, write: Write
) -> None:
    bad = write("of/a/moment/bad.json", json.dumps(osv("evil", ["1.0"])))
    put(builder, archives.build_wheel("evil", "1.0"))
    command = ("remove", "--advisory", bad, "--format", "json")
    planned, done, again = (program(*command, option) for option in ("--dry-run", "--yes", "--yes"))
    assert [ran.document["answer"] for ran in (planned, done, again)] == ["found", "clean", "clean"]
    digest = hashlib.sha256(Path(bad).read_bytes()).hexdigest()
    for ran in (planned, done, again):
        assert ran.document["advisories"] == [{"name": "bad.json", "sha256": digest, "records": 1}]
        assert ran.document["run"]["arguments"][0] == "remove"
        assert (ran.document["skipped_ids"], ran.document["unmatched_ids"]) == (0, [])
    key = put(builder, archives.build_wheel("good", "1.0"))
    builder.head(key).write_bytes(b"cc=4,\xff")
    put(builder, archives.build_wheel("evil", "1.0"))
    judged = program(*command, "--yes")
    assert (judged.document["answer"], judged.code) == ("unknown", 4)


def test_a_removal_by_selectors_says_it_too(builder: CacheBuilder, program: Program) -> None:
    put(builder, archives.build_wheel("evil", "1.0"))
    command = ("remove", "evil", "--format", "json")
    answers = [program(*command, option).document for option in ("--dry-run", "--yes", "--yes")]
    assert [document["answer"] for document in answers] == ["found", "clean", "clean"]
    assert all(document["advisories"] == [] for document in answers)
    assert answers[0]["run"]["tool"] == "pipcache"
    plans = {program(*command, "--dry-run", "--no-identity").out for _ in range(2)}
    assert len(plans) == 1
    assert json.loads(plans.pop())["run"]["host"] is None


def test_the_evidence_says_who_kept_it_and_by_which_advisory(
    builder: CacheBuilder, program: Program, write: Write, tmp_path: Path
) -> None:
    bad = write("of/a/moment/bad.json", json.dumps(osv("evil", ["1.0"])))
    notes = []
    for number, options in enumerate(([], ["--no-identity"], ["--no-identity"])):
        put(builder, archives.build_wheel("evil", "1.0"))
        folder = tmp_path / f"kept-{number}"
        assert program("remove", "--advisory", bad, "--yes", "--save", str(folder), *options).code == 0
        (note,) = folder.glob("**/evil-1.0-*.whl.json")
        notes.append(json.loads(note.read_text("utf-8")))
    note = notes[0]
    assert note["run"]["host"]
    assert note["run"]["started"]
    assert note["run"]["finished"] is None
    digest = hashlib.sha256(Path(bad).read_bytes()).hexdigest()
    assert note["advisories"] == [{"name": "bad.json", "sha256": digest, "records": 1}]
    assert [clause["source"] for clause in note["clauses"]] == ["bad.json"]
    assert notes[1]["run"]["host"] is None
    assert {field for field in notes[1] if notes[1][field] != notes[2][field]} <= {"artifact"}
