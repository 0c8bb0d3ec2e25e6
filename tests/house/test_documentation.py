"""The README tells what the program does: its commands, its exit codes, each field of its JSON."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import is_typeddict

import pytest

from pipcache.cli.group import COMMANDS
from pipcache.errors import ExitCode
from pipcache.render import json as render_json
from pipcache.util import urls
from pipcache.verify.checks import Check
from tests.support.places import PACKAGE, REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def command_after(marker: str) -> str:
    match = re.search(rf"<!-- {marker} -->\n```sh\n(.+)\n```\n", README)
    assert match is not None
    return match[1]


def test_both_commands_are_one_line_and_used_by_the_continuous_integration() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    assert command_after("install").endswith("pipcache list")
    assert "pytest" in command_after("test")
    assert "command_after install" in script
    assert "command_after test" in script


def test_every_command_is_in_the_readme() -> None:
    for name in COMMANDS:
        assert f"`{name}`" in README


def test_every_exit_code_is_in_the_readme() -> None:
    table = README.partition("## Exit status")[2].partition("\n## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == sorted(ExitCode)


def test_every_verdict_and_every_check_is_in_the_readme() -> None:
    section = README.partition("## What `verify` says")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z]+)` \|", section, re.MULTILINE) == [
        *("verified", "intact", "damaged", "poisoned", "unreadable")
    ]
    rows = re.findall(r"^\| `(PC\d+)` \| (\S+) \| (.*) \|$", section, re.MULTILINE)
    assert rows == [(one.code, one.leads_to.value if one.leads_to else "-", one.sentence) for one in Check]


def shapes() -> Iterator[type[object]]:
    """Every record and document that the JSON renderers declare."""
    for module in pkgutil.iter_modules(render_json.__path__):
        declared = vars(importlib.import_module(f"{render_json.__name__}.{module.name}"))
        yield from (value for value in declared.values() if is_typeddict(value))


@pytest.mark.parametrize("shape", sorted(set(shapes()), key=str))
def test_every_field_of_the_json_is_in_the_readme(shape: type) -> None:
    section = README.partition("## JSON")[2]
    fields: dict[str, object] = shape.__annotations__
    for name in fields:
        assert re.search(rf"`(?:\w+\.)?{name}`", section), name


def test_no_document_holds_download_addresses_or_paths_of_a_machine() -> None:

    for path in (REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md"):
        text = path.read_text(encoding="utf-8")
        assert urls.FILES_HOST not in text
        assert urls.INDEX_HOST not in text


def test_every_package_is_in_the_tree_and_among_the_rules() -> None:
    section = README.partition("## Working on pipcache")[2]
    packages = [path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()]
    rules = [
        name for row in re.findall(r"^\| (`[a-z`, ]+`) \|", section, re.MULTILINE) for name in row.split(", ")
    ]
    assert sorted(re.findall(r"^  (\w+)/ ", section, re.MULTILINE)) == sorted(packages)
    assert sorted(rules) == sorted(f"`{name}`" for name in [*packages, "errors"])
