"""What lies under the URL of an index page is one, or the answer says so, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipcache.util.urls import PAGE_BASES
from tests.support.archives import build_wheel, metadata
from tests.support.caches import FILE_HEADERS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

PYPI = PAGE_BASES[0]
INDEX = "https://index.example/simple/"
SIGN_IN = b"<html><head><title>Guest network</title></head><body><form action=/login>Sign in</form></body></html>"

WRONG = {
    "a sign-in page": ("text/html", SIGN_IN),
    "a sign-in page with links": ("text/html", SIGN_IN.replace(b"Sign in", b"<a href=/login>Sign in</a>")),
    "a gateway's JSON": ("application/json", b'{"errors":[{"status":503,"message":"Upstream unavailable"}]}'),
    "a gateway's HTML": ("text/html", b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "text": ("text/plain", b"upstream connect error or disconnect/reset before headers"),
    "text called HTML": ("text/html; charset=utf-8", b"Service unavailable"),
    "nothing": ("text/html", b""),
    "metadata": ("text/plain", metadata("other", "1.0")),
    "bytes": ("application/octet-stream", b"\0\1\2" * 200),
    "JSON of an index's type": ("application/vnd.pypi.simple.v1+json", b'{"message": "not found"'),
}


def put(builder: CacheBuilder, url: str, content_type: str, body: bytes) -> str:
    return builder.download(url, body, headers=FILE_HEADERS | {"Content-Type": content_type})


def judgements(program: Program, *arguments: str) -> dict[str, tuple[str, list[str]]]:
    records = program("verify", *arguments, "--format", "json").document["judgements"]
    return {
        judgement["artifact"]["key"]: (
            judgement["verdict"],
            [finding["code"] for finding in judgement["findings"]],
        )
        for judgement in records
    }


def listed(program: Program, *arguments: str) -> list[tuple[str, str | None, str | None]]:
    artifacts: list[dict[str, Any]] = program("list", *arguments, "--format", "json").document["artifacts"]
    return [(artifact["kind"], artifact["project"], artifact["url"]) for artifact in artifacts]  # Any: JSON


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_page_is_seen_by_its_key(builder: CacheBuilder, program: Program, name: str) -> None:
    url = f"{PYPI}some-project/"
    key = put(builder, url, *WRONG[name])
    assert listed(program, "Some_Project", "--all") == [("page", "some-project", url)]
    (shown,) = program("show", "some-project", "--format", "json").document["artifacts"]
    assert (shown["verdict"], shown["url_proved"]) == ("poisoned", True)
    assert judgements(program, "some-project") == {key: ("poisoned", ["PC301"])}
    # pip takes no link from it, and names none
    assert program("audit", "some-project==1.0").code == (3 if "index's type" in name else 0)
    ran = program("remove", "some-project", "--yes", "--format", "json")
    assert [removal["artifact"]["key"] for removal in ran.document["plan"]["removals"]] == [key]
    assert not builder.head(key).exists()


@pytest.mark.parametrize("name", ["six", "idna", "typing-extensions", "setuptools"])
def test_a_project_that_nothing_else_names(builder: CacheBuilder, program: Program, name: str) -> None:
    key = put(builder, f"{PYPI}{name}/", "text/html", SIGN_IN)
    assert judgements(program) == {key: ("poisoned", ["PC301"])}
    assert listed(program, "--all") == [("page", name, f"{PYPI}{name}/")]
    assert program("remove", "--poisoned", "--yes").code == 0
    assert not builder.head(key).exists()


def test_a_project_that_only_another_entry_names(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    key = put(builder, f"{PYPI}rare-project/", "text/html", SIGN_IN)
    assert key in judgements(program)
    assert judgements(program)[key][0] == "intact"
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"rare-project==1.0 --hash=sha256:{'0' * 64}\n", "utf-8")
    assert judgements(program, "--against", str(lock))[key] == ("poisoned", ["PC301"])
    builder.download("https://files.example/x", build_wheel("rare_project", "1.0")[1])
    assert judgements(program)[key] == ("poisoned", ["PC301"])


@pytest.mark.parametrize("ending", ["Rare.Project/", "Rare.Project", "rare-project", "rare-project/"])
def test_a_name_as_it_is_typed_and_a_url_without_its_slash(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", INDEX)
    put(builder, INDEX + ending, "text/html", SIGN_IN)
    assert listed(program, "Rare.Project", "--all") == [("page", "rare-project", INDEX + ending)]
    assert "Rare.Project" not in program("remove", "Rare.Project", "--dry-run").err


def test_an_index_that_another_page_proves(builder: CacheBuilder, program: Program) -> None:
    base = "https://packages.example/api/v4/projects/5/packages/pypi/"
    wheel = build_wheel("known", "1.0")
    page = f'<html><h1>Links for known</h1><a href="{base}files/0/{wheel[0]}#sha256=00">x</a></html>'
    put(builder, f"{base}simple/known/", "text/html", page.encode())
    key = put(builder, f"{base}simple/rare-project/", "text/html", SIGN_IN)
    assert ("page", "known", f"{base}simple/known/") in listed(program, "known", "--all")
    assert judgements(program, "rare-project") == {key: ("poisoned", ["PC301"])}


EMPTY = {
    "nothing": "<!DOCTYPE html><html><head></head><body></body></html>",
    "a title": "<html><head><title>some-project</title></head><body></body></html>",
    "a heading": "<html><body><h1>Links for some-project</h1></body></html>",
    "nginx": (
        "<html><head><title>Index of /simple/some-project/</title></head><body><h1>Index of /simple/some-project/"
        '</h1><hr><pre><a href="../">../</a>\n</pre><hr></body></html>'
    ),
    "Apache": (
        "<!DOCTYPE HTML><html><head><title>Index of /simple/some-project</title></head><body><table><tr><th>"
        '<a href="?C=N;O=D">Name</a></th><th>Last modified</th><th>Size</th></tr><tr><td>'
        '<a href="/simple/">Parent Directory</a></td><td>&nbsp;</td></tr></table></body></html>'
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_page_without_files_is_healthy(builder: CacheBuilder, program: Program, name: str) -> None:
    key = put(builder, f"{PYPI}some-project/", "text/html", EMPTY[name].encode())
    assert judgements(program, "some-project") == {key: ("intact", [])}
    assert program("audit", "some-project==1.0").code == 0


def test_documents_under_other_urls_stay_what_they_are(builder: CacheBuilder, program: Program) -> None:
    put(builder, "https://forge.example/requirements.txt", "text/plain", b"six==1.17.0\n")
    put(builder, f"https://{PYPI.split('/')[2]}/pypi/six/json", "application/json", b'{"info": {"name": "six"}}')
    put(builder, "https://docs.example/six/", "text/html", b"<html><body>six has no files here</body></html>")
    assert {verdict for verdict, _ in judgements(program).values()} == {"intact"}
    assert {kind for kind, _, _ in listed(program, "--all")} == {"other"}
