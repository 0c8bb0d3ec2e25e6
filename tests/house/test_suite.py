"""The rules of the tests themselves, and of names."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.support.places import PACKAGE, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

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


VAGUE = {"one", "told", "found"}


def names_in(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The names that a module gives to variables, parameters and functions, with their lines."""
    # the fields of a class may be those of a document
    fields = {
        id(item.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store(), lineno=line) if id(node) not in fields:
                yield name, line
            case ast.arg(arg=name, lineno=line) | ast.FunctionDef(name=name, lineno=line):
                yield name, line
            case _:
                pass


def test_a_name_says_what_its_value_is() -> None:
    paths = (*PACKAGE.rglob("*.py"), *TESTS.rglob("*.py"))
    trees = ((path, ast.parse(path.read_text("utf-8"))) for path in paths)
    vague = [
        f"{path.name}:{line} {name}" for path, tree in trees for name, line in names_in(tree) if name in VAGUE
    ]
    assert not vague
