"""How much of a lock is read: as much as any real one has. A file with more is refused, and not dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.locks import lockfiles, requirements
from pipcache.locks.lockfiles import read_lock
from pipcache.locks.model import LockError
from tests.support.caches import CacheBuilder
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

DIGEST = f"sha256:{'0' * 64}"


def pinned(count: int) -> str:
    return "".join(f"foo{n}==1.0 --hash={DIGEST}\n" for n in range(count))


def with_hashes(count: int) -> str:
    return f"foo==1.0 --hash={DIGEST}".ljust(count - 6) + "-C abc\n"


def toml(count: int) -> str:
    head = f'lock-version = "1.0"\n[[packages]]\nname = "foo"\nsdist = {{hashes.sha256 = "{"0" * 64}"}}\n'
    head += "x = ["
    return head + "1," * (count - sum(map(head.count, ",=[{.\\\n")) - 1) + "]\n"


def pipfile(count: int) -> str:
    package = {"version": "==1", "hashes": [DIGEST]}
    text = json.dumps({"_meta": {}, "default": {"foo": package}, "x": {}})
    return text + "\n" * (count - sum(map(text.count, ",=[{.\\\n")))


BUDGETS: list[tuple[str, Callable[[int], str], ModuleType, str, int]] = [
    ("r.txt", pinned, requirements, "MOST_REQUIREMENTS", 100),
    ("r.txt", pinned, requirements, "MOST_LINES", 100),
    ("r.txt", with_hashes, requirements, "LONGEST_LINE", 200),
    ("pylock.toml", toml, lockfiles, "MOST_PARTS", 100),
    ("Pipfile.lock", pipfile, lockfiles, "MOST_PARTS", 100),
]


@pytest.mark.parametrize(
    ("filename", "build", "module", "budget", "most"),
    BUDGETS,
    ids=[f"{build.__name__}-{budget}" for _, build, _, budget, _ in BUDGETS],
)
def test_a_budget_is_reached_and_not_passed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    filename: str,
    build: Callable[[int], str],
    module: ModuleType,
    budget: str,
    most: int,
) -> None:
    monkeypatch.setattr(module, budget, most)
    if budget == "MOST_LINES":
        monkeypatch.setattr("pipcache.util.textfile.MOST_LINES", most)
    path = tmp_path / filename
    path.write_text(build(most), encoding="utf-8")
    assert [pin.project for pin in read_lock(str(path)) if pin.digests]
    path.write_text(build(most + 1), encoding="utf-8")
    with pytest.raises(LockError, match=rf"^{path}.* cannot be read: too much in it: more than {most:,} "):
        read_lock(str(path))


@pytest.mark.parametrize("text", ["x = {" + "a." * 60 + "b = 1}\n", "x = [{\n'a' . " + '"b". ' * 60 + "b = 1}]\n"])
def test_a_dotted_key_in_a_table_is_no_deeper_than_is_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pylock.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LockError, match="nested too deeply"):
        read_lock(str(path))


def test_a_requirements_file_names_no_more_files_than_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "MOST_FILES", 5)
    for number in range(20):
        (tmp_path / f"{number}.txt").write_text(f"-r {number + 1}.txt\nfoo==1 --hash={DIGEST}\n", encoding="utf-8")
    with pytest.raises(LockError, match="too much in it: more than 5 files that it names"):
        read_lock(str(tmp_path / "0.txt"))


def test_too_many_lines_end_the_program_with_2(builder: CacheBuilder, program: Program) -> None:
    path = builder.root.parent / "r.txt"
    path.write_text("#\n" * 500_001, encoding="utf-8")
    for command in (("verify", "--against"), ("prune", "--dry-run", "--keep-for")):
        ran = program(*command, str(path))
        assert ran.code == 2
        assert "too much in it: more than 500,000 lines" in ran.err
