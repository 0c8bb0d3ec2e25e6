"""How much of an advisory is read: as much as any real one has. A file with more is refused, and not dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories import model, osv, plain_list, purl, strict
from pipcache.advisories.loader import read_advisories
from pipcache.advisories.model import AdvisoryError
from pipcache.audit import pages
from pipcache.util.urls import PAGE_BASES
from tests.support import caches
from tests.support.caches import CacheBuilder
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

MODIFIED = "2024-01-01T00:00:00Z"


def record(number: int = 1, **affected: object) -> dict[str, object]:
    package = {"ecosystem": "PyPI", "name": "foo"}
    return {"id": f"X-{number}", "modified": MODIFIED, "affected": [{"package": package, **affected}]}


def span(count: int) -> str:
    events = [{"introduced": f"1.{n}"} if n % 2 == 0 else {"fixed": f"1.{n}"} for n in range(count)]
    return json.dumps(record(ranges=[{"type": "ECOSYSTEM", "events": events}]))


def referring(count: int) -> str:
    references = [{"type": "WEB", "url": f"https://files.example/foo-9.{n}.tar.gz"} for n in range(count)]
    return json.dumps(record(versions=[f"1.{n}" for n in range(9)]) | {"references": references})


def bill(count: int, versions: list[dict[str, str]] | None = None) -> str:
    component = {"type": "library", "name": "foo", "purl": "pkg:pypi/foo@1"}
    components = [{**component, "bom-ref": str(n)} for n in range(count)]
    row = {"id": "V-1", "affects": [{"ref": "pkg:pypi/foo@1", "versions": versions or []}]}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components}
    return json.dumps(document | {"vulnerabilities": [row]})


def vers(count: int) -> str:
    parts = [">=1", *(f"!={n}" for n in range(2, count)), "<99999"]
    return bill(1, [{"range": f"vers:pypi/{'|'.join(parts)}", "status": "affected"}])


def listed(count: int) -> str:
    return "".join(f"foo{n}==1.0\n" for n in range(count))


def table(count: int) -> str:
    return "name,version\n" + "".join(f"foo{n},1.0\n" for n in range(count))


def records(count: int) -> str:
    return "\n".join(json.dumps(record(number, versions=["1"])) for number in range(count))


def one_line(count: int) -> str:
    return f"foo==1.0 --hash=sha256:{'0' * 64} -C {'x' * (count - 87 - len(' -C '))}\n"


BUDGETS: list[tuple[str, Callable[[int], str], ModuleType, str, int, int]] = [
    ("a.txt", listed, model, "MOST_RECORDS", 100, 100),
    ("a.csv", table, model, "MOST_RECORDS", 100, 100),
    ("a.json", records, model, "MOST_RECORDS", 100, 100),
    ("a.json", bill, model, "MOST_RECORDS", 100, 100),
    ("a.json", span, osv, "MOST_EVENTS", 100, 100),
    ("a.json", vers, purl, "MOST_EVENTS", 100, 100),
    ("a.json", referring, osv, "MOST_COMPARISONS", 1_000, 100),
    ("a.json", records, strict, "MOST_PARTS", 500, 100),
    ("a.txt", one_line, plain_list, "LONGEST_LINE", 200, 200),
]


@pytest.mark.parametrize(
    ("filename", "build", "module", "budget", "most", "count"),
    BUDGETS,
    ids=[f"{build.__name__}-{budget}" for _, build, _, budget, _, _ in BUDGETS],
)
def test_a_budget_is_reached_and_not_passed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    filename: str,
    build: Callable[[int], str],
    module: ModuleType,
    budget: str,
    most: int,
    count: int,
) -> None:
    monkeypatch.setattr(module, budget, most)
    path = tmp_path / filename
    path.write_text(build(count), encoding="utf-8")
    assert read_advisories([str(path)]).indicators
    path.write_text(build(count + 1), encoding="utf-8")
    with pytest.raises(AdvisoryError, match=f"^{path} cannot be read: too much in it: more than {most:,} "):
        read_advisories([str(path)])


def test_yaml_has_a_budget_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        f"id: X\nmodified: {MODIFIED}\naffected:\n- package: {{ecosystem: PyPI, name: foo}}\n"
        "  versions: ['1.0']\n",
        encoding="utf-8",
    )
    assert read_advisories([str(path)]).indicators
    monkeypatch.setattr(strict, "MOST_EVENTS", 10)
    with pytest.raises(AdvisoryError, match="too much in it: more than 10 parts of YAML"):
        read_advisories([str(path)])


@pytest.mark.slow
def test_a_dump_of_twenty_thousand_records_is_read(tmp_path: Path) -> None:
    every = [record(number, versions=[f"1.{n}" for n in range(100)]) for number in range(20_000)]
    path = tmp_path / "all.json"
    path.write_text(json.dumps(every), encoding="utf-8")
    assert read_advisories([str(path)]).records == 20_000


def test_a_range_over_the_budget_ends_the_program_with_2(builder: CacheBuilder, program: Program) -> None:
    path = builder.root.parent / "a.json"
    path.write_text(span(model.MOST_EVENTS + 1), encoding="utf-8")
    ran = program("audit", "--advisory", str(path))
    assert ran.code == 2
    assert "too much in it: more than 1,000 events in a range, in " in ran.err


@pytest.mark.parametrize("count", [10, 11])
def test_versions_on_a_page_are_compared_in_a_counted_number_of_steps(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(pages, "MOST_STEPS", 10 * 12)
    path = builder.root.parent / "a.json"
    path.write_text(span(2), encoding="utf-8")  # 10 steps for a version, and 2 for the events
    rows = [{"url": f"foo-0.{n}.tar.gz", "filename": f"foo-0.{n}.tar.gz"} for n in range(count)]
    data = json.dumps({"meta": {}, "name": "foo", "files": rows}).encode()
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download(f"{PAGE_BASES[0]}foo/", data, headers=headers)
    ran = program("audit", "--advisory", str(path), "--format", "json")
    unjudged = [row["why"] for row in ran.document["caches"][0]["unjudged"]]
    excess = "too much in it: more versions and advisories than are compared"
    assert (ran.code, unjudged) == ((0, []) if count == 10 else (3, [excess]))
