"""The command `refresh`, on caches that real pips filled from an index on this machine."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.archives import build_wheel
from tests.support.caches import look
from tests.support.index import JSON_PAGE
from tests.support.places import REPOSITORY
from tests.support.program import Program
from tests.support.shop import PIPS, Shop, add_pages, older, refresh
from tests.support.truth import url_key
from tests.support.watching import watched

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.index import _Handler

SECRET = "s3cretpass"

pytestmark = pytest.mark.usefixtures("home")


def codes(document: dict[str, Any]) -> list[str]:
    records = [*document["pages"], *document["files"]]
    return sorted(finding["code"] for record in records for finding in record["findings"])


@pytest.mark.slow
@pytest.mark.pips
@pytest.mark.parametrize("pip", PIPS)
def test_what_pip_has_just_filled_is_current_and_costs_no_body(
    shop: Shop, builder: CacheBuilder, home: Path, program: Program, pip: str
) -> None:
    shop.fill(builder.root, home, pip)
    before = look(builder.root)
    for _ in range(2):
        shop.index.exchanges.clear()
        shop.index.connections = 0
        ran = refresh(program)
        assert ran.code == 0, ran
        document = ran.document
        assert {asked["status"] for asked in document["asked"]} == {"not-modified"}
        assert [asked["bytes"] for asked in document["asked"]] == [0, 0, 0]
        assert all(page["current"] for page in document["pages"])
        assert codes(document) == []
        assert document["not_asked"] == []
        assert min(file["filename"] for file in document["files"]) == "bar-2.0-py3-none-any.whl"
        assert [exchange.status for exchange in shop.index.exchanges] == [304, 304, 304]
        assert shop.index.connections <= 4
    assert look(builder.root) == before


@pytest.mark.pips
def test_what_has_changed_is_told_and_nothing_else(filled: Shop, program: Program) -> None:
    filled.change("foo", "1.0", yanked="broken by mistake")
    filled.change("foo", "2.0", file=None)
    ran = refresh(program)
    assert ran.code == 1
    assert "PC711" in codes(ran.document)
    assert "PC712" in codes(ran.document)
    by_name = {file["filename"]: file for file in ran.document["files"]}
    yanked = by_name["foo-1.0-py3-none-any.whl"]
    assert (yanked["yanked"], yanked["withdrawn"]) == ("broken by mistake", False)
    gone = by_name["foo-2.0-py3-none-any.whl"]
    assert (gone["listed"], gone["withdrawn"], gone["verdict"]) == (False, True, yanked["verdict"])
    assert by_name["bar-2.0-py3-none-any.whl"]["findings"] == []
    text = program("refresh")
    assert text.code == 1
    assert "PC712 The file was yanked." in text.out
    assert "broken by mistake" in text.out
    assert f"Cure: pipcache remove --cache-dir {program.cache} {gone['key']}" in text.out


@pytest.mark.slow
@pytest.mark.pips
def test_other_bytes_under_a_name_are_told_and_a_project_that_went(filled: Shop, program: Program) -> None:
    other = build_wheel("foo", "2.0", tags=["py3-none-any"])[1] + b" "
    filled.change("foo", "2.0", body=other)
    del filled.index._projects["/simple/bar/"]
    ran = refresh(program)
    assert ran.code == 1
    assert {"PC705", "PC711", "PC713"} <= set(codes(ran.document))


def test_an_altered_page_is_seen_though_the_index_says_that_it_is_unchanged(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_pages(shop, builder)
    (page,) = [path for path in builder.root.rglob("*.body") if b"src-1.0" in path.read_bytes()]
    page.write_bytes(page.read_bytes().replace(b"src-1.0", b"src-9.0"))
    ran = refresh(program)
    assert ran.code == 1
    assert codes(ran.document) == ["PC701"]
    (asked,) = [asked for asked in ran.document["asked"] if asked["project"] == "src"]
    # what the index sends in full lacks a file that the cache lists, and is asked for once more
    assert (asked["requests"], asked["status"]) == (3, "page")
    assert [exchange.status for exchange in shop.index.exchanges[:4]] == [304, 304, 304, 200]
    assert len(shop.index.exchanges) == 5


@pytest.mark.slow
@pytest.mark.pips
def test_a_dry_run_says_whom_it_would_ask_and_opens_no_connection(
    filled: Shop, program: Program, builder: CacheBuilder
) -> None:
    ran = program("refresh", "--dry-run")
    assert ran.code == 0
    assert f"{filled.index.simple}foo/" in ran.out
    assert ran.out.splitlines()[-1].endswith("Nothing was sent: this is a dry run.")
    document = refresh(program, "--dry-run").document
    assert (document["dry_run"], document["asked"]) == (True, [])
    assert [question["project"] for question in document["questions"]] == ["bar", "foo", "src"]
    assert filled.index.connections == 0
    before = look(builder.root)
    for event in watched(builder, "refresh", "--dry-run"):
        assert not event.name.startswith("socket."), event
        assert event.name not in WRITING, event
        if event.name == "open":
            assert not int(event.arguments[-1]) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC), event
    assert look(builder.root) == before


WRITING = frozenset(
    {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.utime", "os.chmod"}
)


@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")
@pytest.mark.parametrize("arguments", [["--dry-run"], ["--dry-run", "--format", "json", "--drop"], ["--help"]])
def test_the_system_sees_a_dry_run_write_nothing_and_open_no_connection(
    shop: Shop, builder: CacheBuilder, home: Path, arguments: list[str]
) -> None:
    add_pages(shop, builder)
    log = home / "calls"
    calls = (
        "network,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat"
    )
    command = [
        *(
            "strace",
            "-f",
            "-o",
            str(log),
            "-e",
            f"trace={calls},open,openat,truncate,ftruncate,utimensat,fchmodat",
        ),
        *(sys.executable, "-m", "pipcache", "refresh", "--cache-dir", str(builder.root), *arguments),
    ]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    if "PTRACE" in done.stderr:
        pytest.skip("strace may trace nothing here")
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()
    assert any("openat(" in line and "O_RDONLY" in line for line in lines)
    for line in lines:
        call = line.split(None, 1)[1].partition("(")[0]
        # the C library asks a service of this machine for names of users
        if call in {"socket", "connect"} and "AF_UNIX" in line:
            continue
        is_reading = call in {"open", "openat"} and not re.search("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", line)
        assert is_reading or "/dev/null" in line or call.startswith(("+++", "---")), line
    assert shop.index.connections == 0


@pytest.mark.parametrize(("minutes", "is_fresh"), [(1, True), (20, False)])
def test_how_long_pip_asks_for_no_better_page_is_said(
    shop: Shop,
    program: Program,
    builder: CacheBuilder,
    minutes: int,
    is_fresh: bool,  # noqa: FBT001
) -> None:
    given_out = time.time() - minutes * 60
    _, headers, body, _ = shop.index.answer("/simple/foo/", {"accept": JSON_PAGE})
    dated = headers | {"Date": formatdate(given_out, usegmt=True), "Cache-Control": "max-age=600, public"}
    builder.download(f"{shop.index.simple}foo/", body, headers=dated)
    assert "without asking" not in program("refresh").out
    shop.change("foo", "1.0", yanked="bad")
    shop.projects["foo"].serial += 1
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(given_out) + 600))
    assert (f"pip since 26.2 uses it without asking until {until}." in program("refresh").out) == is_fresh


def test_with_selectors_only_these_are_asked_about(shop: Shop, program: Program, builder: CacheBuilder) -> None:
    add_pages(shop, builder)
    assert refresh(program, "foo").code == 0
    assert [exchange.path for exchange in shop.index.exchanges] == ["/simple/foo/"]


def test_the_filters_by_what_the_cached_pages_say_narrow_it(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    shop.change("foo", "1.0", yanked="broken")
    add_pages(shop, builder)
    for name in ("foo", "bar"):
        for file in shop.projects[name].files:
            builder.download(shop.index.root + file.path, file.body)
    ran = refresh(program, "--yanked")
    assert [file["filename"] for file in ran.document["files"]] == ["foo-1.0-py3-none-any.whl"]
    assert [exchange.path for exchange in shop.index.exchanges] == ["/simple/foo/"]
    assert ran.code == 1
    shop.index.exchanges.clear()
    ran = refresh(program, "--withdrawn")
    assert (ran.code, ran.document["files"], shop.index.exchanges) == (0, [], [])


@pytest.mark.slow
def test_a_wheel_stays_intact_when_its_sdist_is_replaced(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    (sdist,) = shop.projects["src"].files
    url = shop.index.root + sdist.path
    info = {"hash": f"sha256={'1' * 64}", "hashes": {"sha256": "1" * 64}}
    filename, body = build_wheel("src", "1.0")
    builder.built({"url": url, "archive_info": info}, filename, body)
    add_pages(shop, builder)
    ran = refresh(program)
    (file,) = ran.document["files"]
    assert [finding["code"] for finding in file["findings"]] == ["PC713"]
    assert "of src-1.0.tar.gz, which it was built from" in file["findings"][0]["actual"]
    assert file["verdict"] == "intact"
    assert "poisoned" not in program("refresh").out


def test_what_cannot_be_asked_is_told_and_ends_with_three(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_pages(shop, builder)
    shop.index.down = True
    table, document = program("refresh"), refresh(program)
    for ran in (table, document):
        assert ran.code == 3
        assert "No answer about foo" in ran.err
        assert "Traceback" not in ran.out + ran.err
    assert {asked["fault"] for asked in document.document["asked"]} == {"server"}


def test_a_page_that_cannot_be_read_is_asked_for_in_full_and_told(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_pages(shop, builder)
    page = builder.body(url_key(f"{shop.index.simple}foo/"))
    page.write_bytes(page.read_bytes()[:-60])
    ran = refresh(program)
    assert ran.code == 3
    assert "Note: foo: not compared" in ran.err
    assert [exchange.status for exchange in shop.index.exchanges] == [304, 304, 304, 200]
    (record,) = [record for record in ran.document["pages"] if record["project"] == "foo"]
    assert (record["compared"], record["current"]) == (False, False)


def test_no_index_is_asked_where_pip_is_told_to_ask_none(
    shop: Shop, program: Program, builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pages(shop, builder)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for arguments in ([], ["--dry-run"], ["foo", "--index-url", shop.index.simple]):
        ran = refresh(program, *arguments)
        assert ran.code == 2
        assert ran.document["error"]["kind"] == "no-index"
        assert "PIP_NO_INDEX" in ran.document["error"]["message"]
    assert shop.index.connections == 0


def test_what_came_from_elsewhere_is_not_asked_about(shop: Shop, program: Program, builder: CacheBuilder) -> None:
    filename, body = build_wheel("foo", "1.0")
    builder.download(f"https://private.example/{filename}", body)
    ran = refresh(program)
    assert ran.code == 0
    assert [lack["why"] for lack in ran.document["not_asked"]] == ["unproved-file"]
    assert refresh(program, "--complete").code == 3
    assert shop.index.connections == 0
    ran = refresh(program, "foo", "--index-url", shop.index.simple)
    assert [question["by_hand"] for question in ran.document["questions"]] == [True]
    assert [exchange.path for exchange in shop.index.exchanges] == ["/simple/foo/"]


@pytest.mark.parametrize("selectors", [[], ["*"], ["foo", "b*"], ["sha256:" + "0" * 64]])
def test_an_index_by_hand_needs_names_by_hand(program: Program, shop: Shop, selectors: list[str]) -> None:
    ran = program("refresh", *selectors, "--index-url", shop.index.simple)
    assert ran.code == 2
    assert "--index-url needs selectors that name projects" in ran.err


@pytest.mark.parametrize("url", ["", "pypi", "file:///srv/simple", "https://", "https://a.example:x/", "ftp://a/"])
def test_what_is_no_index_is_a_wrong_command_line(program: Program, url: str) -> None:
    assert program("refresh", "foo", "--index-url", url).code == 2


@pytest.mark.slow
def test_no_secret_is_shown_or_kept(
    shop: Shop, program: Program, builder: CacheBuilder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pages(shop, builder)
    shop.change("foo", "1.0", yanked="why")
    with_login = shop.index.simple.replace("://", f"://ada:{SECRET}@")
    monkeypatch.setenv("PIP_INDEX_URL", with_login)

    def refuse(handler: _Handler) -> bool:
        handler.wfile.write(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
        return True

    shop.index.misbehaviour["/simple/bar/"] = refuse
    texts = []
    for arguments in ([], ["--format", "json"], ["--dry-run"], ["foo", "--index-url", with_login]):
        ran = program("refresh", *arguments)
        texts.append(ran.out + ran.err)
    assert all(exchange.headers["authorization"].startswith("Basic ") for exchange in shop.index.exchanges)
    kept = b"".join(path.read_bytes() for path in (home / "own").rglob("*") if path.is_file())
    assert kept
    for secret in (SECRET, "YWRhOn"):  # plain, and as it is sent
        assert secret not in "".join(texts)
        assert secret.encode() not in kept


def test_many_pages_are_asked_for_after_a_question(
    shop: Shop, program: Program, builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pages(shop, builder)
    monkeypatch.setattr("pipcache.commands.refresh.MOST_PAGES", 2)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    ran = program("refresh")
    assert ran.code == 2
    assert "Ask for 3 pages? [y/N]" in ran.err
    assert shop.index.connections == 0
    assert program("refresh", "--yes").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interruption_ends_it_within_a_second(shop: Shop, builder: CacheBuilder, home: Path) -> None:
    add_pages(shop, builder)
    asked, end = threading.Event(), threading.Event()

    def hang(_handler: _Handler) -> bool:
        asked.set()
        return end.wait(30)

    for name in shop.projects:
        shop.index.misbehaviour[f"/simple/{name}/"] = hang
    command = [sys.executable, "-m", "pipcache", "refresh", "--cache-dir", str(builder.root)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "PIP_TIMEOUT": "60"}
    with subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert asked.wait(60)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            _, err = process.communicate(timeout=30)
            assert time.monotonic() - began < 5  # on a busy machine; it is far less than a second
        finally:
            end.set()
            process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Interrupted" in err


@pytest.mark.parametrize(("times", "finding_codes", "code"), [(1, [], 0), (2, ["PC703"], 1)])
def test_an_older_page_is_asked_for_once_more_and_takes_no_file_away(
    shop: Shop,
    program: Program,
    builder: CacheBuilder,
    times: int,
    finding_codes: list[str],
    code: int,
) -> None:
    add_pages(shop, builder)
    last = shop.projects["foo"].files[1]
    builder.download(shop.index.root + last.path, last.body)
    policies = older(shop, times)
    ran = refresh(program, "foo")
    assert (codes(ran.document), ran.code) == (finding_codes, code)
    assert policies == ["max-age=0", "no-cache"]
    (asked,) = ran.document["asked"]
    assert asked["requests"] == 2
    (file,) = ran.document["files"]
    assert (file["filename"], file["listed"]) == ("foo-2.0-py3-none-any.whl", True)


ANSWERS = {
    "reset": b"",
    "no HTTP": b"\xff\x00\r\n\r\n",
    "slower": b"HTTP/1.1 429 Slower\r\nRetry-After: 9999\r\nContent-Length: 0\r\n\r\n",
    "wrong type": b"HTTP/1.1 200 OK\r\nContent-Type: \x1b[31mimage/png\r\nContent-Length: 0\r\n\r\n",
    "sign-in": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<form></form>",
    "elsewhere": b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/\x1b]0;x\r\nContent-Length: 0\r\n\r\n",
    "endless": b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_fault_of_the_network_is_told_in_every_form(
    shop: Shop, program: Program, builder: CacheBuilder, answer: str
) -> None:
    add_pages(shop, builder)

    def misbehave(handler: _Handler) -> bool:
        handler.wfile.write(ANSWERS[answer])
        return True

    shop.index.misbehaviour["/simple/foo/"] = misbehave
    table, document = program("refresh", "foo"), refresh(program, "foo")
    for ran in (table, document):
        assert ran.code == 3
        assert "No answer about foo: " in ran.err
        assert "Traceback" not in ran.err + ran.out
        assert "\x1b" not in ran.err + ran.out
    (asked,) = document.document["asked"]
    assert asked["fault"]
    assert asked["detail"]


def test_an_index_in_capitals_is_the_same_index(
    shop: Shop, program: Program, builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pages(shop, builder)
    capitals = shop.index.simple.replace("http://", "HTTP://")
    monkeypatch.setenv("PIP_INDEX_URL", capitals)
    for arguments in ([], ["foo", "bar", "src", "--index-url", capitals]):
        shop.index.exchanges.clear()
        ran = refresh(program, *arguments)
        assert ran.code == 0, ran
        assert {question["index"] for question in ran.document["questions"]} == {shop.index.simple}
        assert [question["by_hand"] for question in ran.document["questions"]] == [False] * 3
        assert [exchange.status for exchange in shop.index.exchanges] == [304] * 3
