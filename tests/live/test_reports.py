"""`refresh` as Markdown and as SARIF."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pipcache import __version__
from pipcache.render.markdown import escaped
from pipcache.util.identity import this_run
from tests.support.archives import build_wheel
from tests.support.shop import add_pages, refresh

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program
    from tests.support.shop import Shop

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.slow
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


@pytest.mark.slow
def test_every_form_says_who_asked_and_when_unless_nobody_is_to_know(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_pages(shop, builder)
    who = this_run()
    ticket = program("refresh", "--format", "markdown")
    assert f"- host: {escaped(f'{who.host} ({who.platform}), as {who.user}')}" in ticket.out
    assert f"- tool: pipcache {__version__}" in ticket.lines
    assert any(line.startswith("- time: 20") for line in ticket.lines)
    arguments = ["refresh", "--format", "sarif"]
    (run,) = program(*arguments).document["runs"]
    (invocation,) = run["invocations"]
    assert (invocation["machine"], invocation["account"], invocation["exitCode"]) == (who.host, who.user, 0)
    assert invocation["startTimeUtc"] <= invocation["endTimeUtc"]
    assert invocation["arguments"][-2:] == arguments[-2:]
    for option in ([], ["--dry-run"], ["--drop", "--yes"]):
        record = refresh(program, *option).document["run"]
        assert (record["host"], record["user"], record["version"]) == (who.host, who.user, __version__)
        assert record["started"] <= record["finished"]
    for form in ("markdown", "sarif", "json"):
        nameless = [program("refresh", "--no-identity", "--format", form) for _ in range(2)]
        assert nameless[0].out == nameless[1].out
        # a short name may be a part of an ETag, which is in base64
        assert not re.search(rf"(?<![\w+/=]){re.escape(who.host)}(?![\w+/=])", nameless[0].out)
    record = refresh(program, "--no-identity").document["run"]
    assert {name for name, value in record.items() if value is not None} == {"tool", "version"}


@pytest.mark.parametrize(("setting", "code"), [({}, 0), ({"PIP_NO_INDEX": "1"}, 2)])
def test_a_run_without_an_answer_says_who_ran_it_too(
    shop: Shop,
    program: Program,
    builder: CacheBuilder,
    monkeypatch: pytest.MonkeyPatch,
    setting: dict[str, str],
    code: int,
) -> None:
    add_pages(shop, builder)
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    ran = refresh(program)
    assert (ran.code, ran.document["run"]["host"]) == (code, this_run().host)
    assert "answer" not in ran.document
    dashboard = program("refresh", "--format", "sarif")
    (run,) = dashboard.document["runs"]
    assert (dashboard.code, run["invocations"][0]["exitCode"], run["properties"]) == (code, code, {})


@pytest.mark.parametrize("code", [1, 3])
def test_the_exit_code_is_in_the_log(shop: Shop, program: Program, builder: CacheBuilder, code: int) -> None:
    add_pages(shop, builder)
    if code == 1:
        shop.change("foo", "2.0", file=None)
        shop.projects["foo"].serial += 1
    else:
        builder.download("https://elsewhere.example/x-1.0.tar.gz", b"x")
        builder.download("https://elsewhere.example/foo-9.0-py3-none-any.whl", build_wheel("foo", "9.0")[1])
    dashboard = program("refresh", "--complete", "--format", "sarif")
    (invocation,) = dashboard.document["runs"][0]["invocations"]
    assert (dashboard.code, invocation["exitCode"]) == (code, code)
    assert invocation["executionSuccessful"] == (code == 1)


@pytest.mark.parametrize("option", ["--drop", "--drop-withdrawn", "--dry-run"])
@pytest.mark.parametrize("form", ["markdown", "sarif"])
def test_a_plan_has_no_such_form(program: Program, option: str, form: str) -> None:
    assert program("refresh", option, "--yes", "--format", form).code == 2
