"""Two pips of different eras fill one cache: their pages are one index's, of which the younger one knows more."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.cli.main import run
from tests.support.archives import build_wheel
from tests.support.index import Index
from tests.support.pips import run_pip

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import Certificate


def answer(capsys: pytest.CaptureFixture[str], cache: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run([arguments[0], "--cache-dir", str(cache), *arguments[1:], "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def codes(document: dict[str, Any]) -> dict[str, set[str]]:
    """The codes of the findings of each file and page that has some."""
    findings: dict[str, set[str]] = {}
    for judgement in document["judgements"]:
        artifact = judgement["artifact"]
        name = f"{artifact['kind']} {artifact['project']} {artifact['version']}"
        findings.setdefault(name, set()).update(finding["code"] for finding in judgement["findings"])
    return {name: those for name, those in findings.items() if those}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("older", "newer"),
    [("20.3.4", "26.3"), ("23.2.1", "23.3.2"), ("21.3.1", "25.3")],
)
def test_what_the_index_changed_between_two_pips_is_found_and_nothing_else(
    older: str, newer: str, tmp_path: Path, certificate: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"

    def pip(version: str, *wanted: str) -> None:
        options = ["--no-deps", "--target", str(tmp_path / "out"), "--upgrade", "--index-url", index.simple]
        ran = run_pip(
            version, ["install", *options, *wanted], cache_dir=cache, cwd=tmp_path, certificate=certificate
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    with Index(certificate=certificate) as index:
        projects = {name: index.add_project(name) for name in ("deleted", "yanked", "fine")}
        for project in projects.values():
            for version in ("1.0", "2.0"):
                index.add_file(project, *build_wheel(project.name, version), version=version)
        pip(older, "deleted==1.0", "yanked==1.0", "fine==1.0")
        time.sleep(1.1)  # a Date has whole seconds
        pip(newer, "fine==1.0")
        code, document = answer(capsys, cache, "verify")
        assert (code, codes(document)) == (0, {})

        deleted, yanked = projects["deleted"].files, projects["yanked"].files
        deleted[:] = [file for file in deleted if file.version != "1.0"]
        yanked[:] = [
            dataclasses.replace(file, yanked="it breaks") if file.version == "1.0" else file for file in yanked
        ]
        pip(newer, "deleted", "yanked", "fine")
    code, document = answer(capsys, cache, "verify")
    assert codes(document) == {"wheel deleted 1.0": {"PC711"}, "wheel yanked 1.0": {"PC712"}}
    assert code == 0
    assert answer(capsys, cache, "verify", "--select", "PC7")[0] == 1
    for option, name in [("--withdrawn", "deleted"), ("--yanked", "yanked")]:
        _, listed = answer(capsys, cache, "list", option)
        assert [(record["project"], record["version"]) for record in listed["artifacts"]] == [(name, "1.0")]
