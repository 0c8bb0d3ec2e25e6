"""`refresh` as Markdown and as SARIF."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.shop import add_pages

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program
    from tests.support.shop import Shop

pytestmark = pytest.mark.usefixtures("home")


def test_what_was_found_is_in_a_ticket_and_on_a_dashboard(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_pages(shop, builder)
    for file in shop.projects["foo"].files:
        builder.download(shop.index.root + file.path, file.body)
    quiet = program("refresh", "--format", "markdown")
    assert quiet.code == 0
    assert "Nothing was found." in quiet.out
    assert program("refresh", "--format", "sarif").document["runs"][0]["results"] == []
    shop.change("foo", "1.0", yanked="bad | <b>[x](http://evil.example)")
    shop.change("foo", "2.0", file=None)
    shop.projects["foo"].serial += 1
    ticket = program("refresh", "--format", "markdown")
    assert ticket.code == 1
    assert sorted(line[2:7] for line in ticket.lines if line.startswith("| PC")) == ["PC702", "PC711", "PC712"]
    assert "bad \\| \\<b\\>\\[x\\](http" in ticket.out
    dashboard = program("refresh", "--format", "sarif")
    assert dashboard.code == 1
    (run,) = dashboard.document["runs"]
    rules = {result["ruleId"] for result in run["results"]}
    assert rules == {"PC702", "PC711", "PC712"}
    assert all(result["locations"] for result in run["results"])
    assert rules <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["invocations"][0]["executionSuccessful"] is True


def test_what_was_not_answered_is_there_too(shop: Shop, program: Program, builder: CacheBuilder) -> None:
    add_pages(shop, builder)
    shop.index.down = True
    ticket = program("refresh", "--format", "markdown")
    assert ticket.code == 3
    assert "No answer about foo" in ticket.out
    (run,) = program("refresh", "--format", "sarif").document["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 3


@pytest.mark.parametrize("option", ["--drop", "--drop-withdrawn", "--dry-run"])
@pytest.mark.parametrize("form", ["markdown", "sarif"])
def test_a_plan_has_no_such_form(program: Program, option: str, form: str) -> None:
    assert program("refresh", option, "--yes", "--format", form).code == 2
