"""The rules of the tests themselves."""

from __future__ import annotations

import ast

from tests.support.places import REPOSITORY

TESTS = REPOSITORY / "tests"
MAX_LINES = 700


def test_no_file_of_tests_is_too_long() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in TESTS.rglob("*.py")}
    assert len(lengths) > 100
    assert [path for path, length in lengths.items() if length > MAX_LINES] == []


def test_no_module_imports_a_test_module() -> None:
    imported = set()
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    assert "tests.support.places.REPOSITORY" in imported
    assert [name for name in imported if ".test_" in name] == []
