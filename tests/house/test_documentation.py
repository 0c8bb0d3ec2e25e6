"""The README and the topics of `help` say what the program does: commands, options, codes, fields, variables."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import is_typeddict

import click
import pytest

from pipcache.cli.group import COMMANDS, cli
from pipcache.commands.help import TOPICS
from pipcache.errors import ExitCode
from pipcache.render import json as render_json
from pipcache.util import urls
from pipcache.verify.checks import Check
from tests.support.places import DOCS, PACKAGE, README, REPOSITORY


def text_of(topic: str) -> str:
    return (DOCS / f"{topic}.md").read_text(encoding="utf-8")


def section_of(text: str, heading: str) -> str:
    """What stands below a heading of the second level."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


DOCUMENTS = [README, *sorted(DOCS.glob("*.md"))]
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)


# The README


def command_after(marker: str) -> str:
    match = re.search(rf"<!-- {marker} -->\n```sh\n(.+)\n```\n", README.read_text(encoding="utf-8"))
    assert match is not None
    return match[1]


def test_both_commands_are_one_line_and_used_by_the_continuous_integration() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    assert command_after("install").endswith("pipcache list")
    assert "pytest" in command_after("test")
    assert "command_after install" in script
    assert "command_after test" in script


def test_the_readme_can_be_read_in_one_sitting() -> None:
    assert len(README.read_bytes()) <= 14_000


def test_the_readme_names_every_topic() -> None:
    linked = re.findall(r"\]\(pipcache/docs/([\w-]+)\.md\)", README.read_text(encoding="utf-8"))
    assert set(linked) == TOPICS.keys()


# The topics


def test_every_topic_is_a_document_and_every_document_a_topic() -> None:
    assert {path.stem for path in DOCS.iterdir() if path.suffix == ".md"} == TOPICS.keys()


@each_document
def test_a_document_begins_with_its_title_and_has_no_other(document: Path) -> None:
    lines = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL).splitlines()
    assert lines[0].startswith("# ")
    assert [line for line in lines if line.startswith("# ")] == lines[:1]


@each_document
def test_every_terminal_can_show_a_document(document: Path) -> None:
    assert document.read_text(encoding="utf-8").isascii()


@each_document
def test_every_link_leads_to_a_document(document: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (document.parent / target).is_file(), target


@each_document
def test_every_topic_that_a_document_names_exists(document: Path) -> None:
    for name in re.findall(r"pipcache help ([\w-]+)", document.read_text(encoding="utf-8")):
        assert name in TOPICS or name in COMMANDS


def test_no_document_holds_download_addresses() -> None:
    for path in (*DOCUMENTS, REPOSITORY / "CHANGELOG.md"):
        text = path.read_text(encoding="utf-8")
        assert urls.FILES_HOST not in text
        assert urls.INDEX_HOST not in text


# Commands and options


def command_named(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


def options_of(name: str) -> set[str]:
    return {
        option
        for parameter in command_named(name).params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


def documented_options(name: str) -> set[str]:
    """The options in the section of a command, and those of the shared table that name the command."""
    text = text_of("commands")
    options = set(
        re.findall(r"`(--?[\w-]+)", re.sub(r"\|[^|]*\|$", "", section_of(text, name), flags=re.MULTILINE))
    )
    for cell, commands in re.findall(r"^\| (.*?) \| (.*?) \|", section_of(text, SHARED), re.MULTILINE):
        is_meant = f"`{name}`" in commands if "all but" not in commands else f"`{name}`" not in commands
        if is_meant:
            options.update(re.findall(r"`(--?[\w-]+)", cell))
    return options


SHARED = "Options that several commands have"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented_and_no_other(name: str) -> None:
    assert f"\n## {name}\n" in text_of("commands")
    assert documented_options(name) == options_of(name)


def test_every_option_of_prune_is_documented_as_an_environment_variable() -> None:
    variables = {
        parameter.envvar or f"PIPCACHE_PRUNE_{(parameter.name or '').upper()}"
        for parameter in command_named("prune").params
        if isinstance(parameter, click.Option)
    }
    assert set(re.findall(r"^\| `(PIPCACHE_PRUNE_\w+)` \|", text_of("prune"), re.MULTILINE)) == variables


def variables_read() -> Iterator[str]:
    """The names of environment variables that the code asks for."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call | ast.Subscript) and "environ" in ast.unparse(node):
                strings = (str(child.value) for child in ast.walk(node) if isinstance(child, ast.Constant))
                yield from (text for text in strings if re.fullmatch(r"[A-Z][A-Z_]{3,}", text))


def test_every_environment_variable_is_documented() -> None:
    rows = re.findall(
        r"^\| (`[A-Z].*?) \|", section_of(text_of("environment"), "Environment variables"), re.MULTILINE
    )
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    used = set(variables_read())
    assert {"PIP_CONFIG_FILE", "XDG_CACHE_HOME", "PAGER", "PIPCACHE_DEBUG", "NO_COLOR"} <= used
    assert used - documented == set()


# Codes and fields


def test_every_exit_code_is_documented() -> None:
    rows = re.findall(r"^\| (\d+) \|", text_of("exit-codes"), re.MULTILINE)
    assert [int(code) for code in rows] == sorted(ExitCode)


def test_every_verdict_and_every_check_is_documented() -> None:
    text = text_of("codes")
    assert re.findall(r"^\| `([a-z]+)` \|", text, re.MULTILINE) == [
        *("verified", "intact", "damaged", "poisoned", "unreadable")
    ]
    rows = re.findall(r"^\| `(PC\d+)` \| (\S+) \| (.*) \|$", text, re.MULTILINE)
    assert rows == [
        (check.code, check.leads_to.value if check.leads_to else "-", check.sentence) for check in Check
    ]


def shapes() -> Iterator[type[object]]:
    """Every record and document that the JSON renderers declare."""
    for module in pkgutil.iter_modules(render_json.__path__):
        declared = vars(importlib.import_module(f"{render_json.__name__}.{module.name}"))
        yield from (value for value in declared.values() if is_typeddict(value))


@pytest.mark.parametrize("shape", sorted(set(shapes()), key=str))
def test_every_field_of_the_json_is_documented(shape: type) -> None:
    fields: dict[str, object] = shape.__annotations__
    for name in fields:
        assert re.search(rf"`(?:[\w.]+(?:\[\])?\.)?{name}`", text_of("json")), name


def test_every_package_is_in_the_tree_and_among_the_rules() -> None:
    text = text_of("contributing")
    packages = [path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()]
    rules = [name for row in re.findall(r"^\| (`[a-z`, ]+`) \|", text, re.MULTILINE) for name in row.split(", ")]
    assert sorted(re.findall(r"^  (\w+)/ ", text, re.MULTILINE)) == sorted([*packages, DOCS.name])
    assert sorted(rules) == sorted(f"`{name}`" for name in [*packages, "errors"])
