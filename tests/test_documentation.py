"""The README tells what the program does: its commands, its exit codes, each field of its JSON."""

import re
from pathlib import Path

import pytest

from pipcache.app import Commands
from pipcache.checks import Check
from pipcache.cli import cli
from pipcache.errors import ExitCode
from pipcache.render import document, hits, judgements, pruning, records, removals

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def command_after(marker: str) -> str:
    match = re.search(rf"<!-- {marker} -->\n```sh\n(.+)\n```\n", README)
    assert match is not None
    return match[1]


def test_both_commands_are_one_line_and_used_by_the_continuous_integration() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert command_after("install").endswith("pipcache list")
    assert "pytest" in command_after("test")
    assert "command_after install" in script
    assert "command_after test" in script


def test_every_command_is_in_the_readme() -> None:
    assert isinstance(cli, Commands)
    for name in cli.loaders:
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


@pytest.mark.parametrize(
    "shape",
    [
        records.ArtifactRecord,
        records.ShownRecord,
        records.CacheRecord,
        records.EvidenceRecord,
        records.PromiseRecord,
        records.FindingRecord,
        judgements.VerifyDocument,
        judgements.JudgementRecord,
        judgements.VerdictTotal,
        document.ListDocument,
        document.InfoDocument,
        document.TotalRecord,
        document.DirDocument,
        document.ConsideredRecord,
        removals.RemovalDocument,
        removals.PlanRecord,
        removals.RemovalRecord,
        removals.LeftRecord,
        removals.OutcomeRecord,
        removals.FailureRecord,
        pruning.PruneDocument,
        pruning.PolicyRecord,
        hits.AuditDocument,
        hits.PartRecord,
        hits.HitRecord,
        hits.ClauseRecord,
        hits.UnjudgedRecord,
        hits.PurgeDocument,
    ],
    ids=lambda shape: shape.__name__,
)
def test_every_field_of_the_json_is_in_the_readme(shape: type) -> None:
    section = README.partition("## JSON")[2]
    fields: dict[str, object] = shape.__annotations__
    for name in fields:
        assert re.search(rf"`(?:\w+\.)?{name}`", section), name


def test_no_document_holds_download_addresses_or_paths_of_a_machine() -> None:
    from pipcache import hosts  # noqa: PLC0415 - their names stand in that module alone

    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md"):
        text = path.read_text(encoding="utf-8")
        assert hosts.FILES_HOST not in text
        assert hosts.INDEX_HOST not in text
