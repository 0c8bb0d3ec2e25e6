"""`--from` and `--built-by`: what is proved to be from a host, and what an interpreter built."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from pipcache.query.selector import parse_selector
from pipcache.query.sources import SourceError, parse_source
from pipcache.util import urls
from tests.support import archives, caches, truth

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"


@pytest.mark.parametrize(
    ("text", "matching", "others"),
    [
        (
            "files.example",
            [
                "https://files.example/a",
                "http://FILES.example:8080/a",
                "https://u:p@files.example",
                "ssh://files.example/x",
            ],
            ["https://www.files.example/a", "https://files.example.org/a", "https://example/files.example", "x"],
        ),
        (
            "https://files.example/",
            ["https://files.example/a", "http://files.example/"],
            ["https://other.example/"],
        ),
        ("HTTPS://user:secret@Files.Example/?q#f", ["https://files.example/a"], ["https://other.example/"]),
        ("files.example.", ["https://files.example/a", "https://files.example./a"], ["https://files.example../a"]),
        ("files.example", ["https://files.example./a", "https://FILES.example.:8443/a"], []),
        ("files.example.:8443/a", ["https://files.example:8443/a/b"], ["https://files.example/a/b"]),
        (
            "B\u00fccher.example",
            ["https://xn--bcher-kva.example/a", "https://b\u00fccher.example/a", "https://B\u00dcCHER.example./a"],
            ["https://bucher.example/a", "https://xn--bcher-kva.example.org/a"],
        ),
        ("xn--BCHER-kva.example", ["https://b\u00fccher.example/a", "https://bu\u0308cher.example/a"], []),
        (
            "p\u0443pi.org",  # a Cyrillic letter
            ["https://xn--ppi-dfd.org/a"],
            [f"https://{urls.INDEX_HOST}/a", f"https://{urls.FILES_HOST}/a"],
        ),
        (
            "stra\u00dfe.example",
            ["https://xn--strae-oqa.example/a", "https://STRA\u00dfE.example/a"],
            ["https://strasse.example/a"],
        ),
        ("[0:0:0:0:0:0:0:1]", ["http://[::1]/x", "http://[::1]:3141/x", "http://[0::1]/x"], ["http://[::2]/x"]),
        ("[FE80::0:1]:80/x", ["http://[fe80::1]/x/y"], ["http://[fe80::1]:81/x/y", "http://[fe80::1]/y"]),
        ("192.0.2.7:3141", ["http://192.0.2.7:3141/x"], ["http://192.0.2.70:3141/x", "http://192.0.2.7/x"]),
        ("files.example:80", ["http://files.example/a"], ["https://files.example/a"]),
        (
            "git+ssh://git@forge.example/team",
            ["git+ssh://forge.example/team/x"],
            ["git+ssh://forge.example/teams"],
        ),
        (
            "files.example:443",
            ["https://files.example/a", "https://files.example:443/a", "http://files.example:443/"],
            ["http://files.example/a", "https://files.example:8443/a"],
        ),
        (
            "localhost:8081",
            ["http://localhost:8081/simple/"],
            ["http://localhost:8082/simple/", "http://localhost/"],
        ),
        ("[::1]:8081", ["http://[::1]:8081/x"], ["http://[::1]/x", "http://[::2]:8081/x"]),
        (
            "files.example/team",
            ["https://files.example/team", "https://files.example/team/x?y", "https://files.example/te%61m/x"],
            ["https://files.example/teams/x", "https://files.example/Team/x", "https://files.example/x/team"],
        ),
        ("files.example/team/", ["https://files.example/team/x"], ["https://files.example/teams"]),
        (
            "PyPI",
            [f"https://{host}/x" for host in (urls.FILES_HOST, urls.INDEX_HOST, urls.OLD_INDEX_HOST)],
            [f"https://{urls.TEST_FILES_HOST}/x", "https://pypi/x", f"https://{urls.INDEX_HOST}.example/"],
        ),
        ("pypi/simple", [f"https://{urls.INDEX_HOST}/simple/x/"], [f"https://{urls.FILES_HOST}/packages/x"]),
        ("TestPyPI", [f"https://{urls.TEST_INDEX_HOST}/x"], [f"https://{urls.INDEX_HOST}/x"]),
        (urls.FILES_HOST, [f"https://{urls.FILES_HOST}/x"], [f"https://{urls.INDEX_HOST}/x"]),
    ],
)
def test_a_source_is_an_exact_host(text: str, matching: list[str], others: list[str]) -> None:
    source = parse_source(text)
    assert [url for url in matching if not source.includes(url)] == []
    assert [url for url in others if source.includes(url)] == []


@pytest.mark.parametrize(
    "text", ["", " ", "*.example", "a b", "host:port", "host:70000", "/path", "https://", "a:1:2", "::1"]
)
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        parse_source(text)


@pytest.mark.parametrize(
    "url", ["http://[", "https://files.example:99999/", "file:///srv/x", "git@files.example:x", "", "//"]
)
def test_a_url_without_a_host_is_from_nowhere(url: str) -> None:
    assert not parse_source("files.example").includes(url)


# The commands

PYPI_WHEEL = archives.build_wheel("from-pypi", "1.0")
MINE, LOOKALIKE = "https://index.example:8443", "https://index.example.evil.example"


def page(builder: CacheBuilder, root: str, project: str, filename: str, body: bytes) -> None:
    files = [
        {
            "filename": filename,
            "url": f"{root}/files/{filename}",
            "hashes": {"sha256": hashlib.sha256(body).hexdigest()},
        }
    ]
    document = {"meta": {"api-version": "1.1"}, "name": project, "files": files}
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download(f"{root}/simple/{project}/", json.dumps(document).encode(), headers=headers)


@pytest.fixture
def stocked(builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch) -> CacheBuilder:
    """Files of PyPI, of an index at an odd port, of a lookalike, of nobody knows where, and built ones."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{MINE}/simple {LOOKALIKE}/simple")
    filename, body = PYPI_WHEEL
    builder.download(urls.file_urls(hashlib.blake2b(body, digest_size=32).hexdigest(), filename)[0], body)
    for root, project in ((MINE, "mine"), (LOOKALIKE, "lookalike")):
        filename, body = archives.build_wheel(project, "1.0")
        builder.download(f"{root}/files/{filename}", body)
        page(builder, root, project, filename, body)
    named = {"x-pypi-file-project": "unproved", "x-pypi-file-version": "1.0"}
    builder.download(
        "https://lost.example/unproved.whl", archives.build_wheel("unproved", "1.0")[1], headers=named
    )
    origin = {"url": f"{MINE}/files/made-1.0.tar.gz"}
    builder.built(origin, *archives.build_wheel("made", "1.0"), interpreter="cp39")
    vcs = {"vcs": "git", "commit_id": COMMIT}
    git = {"url": "https://forge.example:3000/repo.git", "vcs_info": vcs}
    builder.built(git, *archives.build_wheel("from_git", "1.0"), interpreter="cp311")
    builder.built(None, *archives.build_wheel("noted", "1.0"))
    return builder


def listed(program: Program, *arguments: str) -> set[str]:
    return {record["project"] for record in program.artifacts("list", *arguments)}


CASES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "PyPI": (("--from", "PyPI"), {"from-pypi"}),
    "host of PyPI": (("--from", f"https://{urls.FILES_HOST}/packages/"), {"from-pypi"}),
    "own": (("--from", "index.example"), {"mine", "made"}),
    "own, by port": (("--from", "index.example:8443"), {"mine", "made"}),
    "own, by another port": (("--from", "index.example:443"), set()),
    "lookalike": (("--from", "index.example.evil.example"), {"lookalike"}),
    "forge": (("--from", "forge.example"), {"from-git"}),
    "two": (("--from", "PyPI", "--from", "forge.example:3000/repo.git"), {"from-pypi", "from-git"}),
    "unproved": (("--from", "lost.example"), set()),
    "path": (("--from", "index.example/simple"), set()),
    "cp39": (("--built-by", "cp39"), {"made"}),
    "cp39 and cp311": (("--built-by", "CP39", "--built-by", "cp311"), {"made", "from-git"}),
    "both": (("--from", "index.example", "--built-by", "cp311"), set()),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("stocked")
def test_list_has_what_is_from_there(name: str, program: Program) -> None:
    arguments, projects = CASES[name]
    assert listed(program, *arguments) == projects


@pytest.mark.usefixtures("stocked")
def test_pages_have_a_source_too(program: Program) -> None:
    pages = {
        record["project"]
        for record in program.artifacts("list", "--kind", "page", "--from", "index.example/simple")
    }
    assert pages == {"mine"}


@pytest.mark.usefixtures("stocked")
def test_from_shows_the_port_that_is_not_the_schemes(program: Program) -> None:
    rows = {line.split()[0]: line for line in program("list", "*").lines}
    assert "index.example:8443" in rows["mine"]
    assert "index.example.evil.example " in rows["lookalike"]
    assert "git forge.example:3000 @0123456789ab" in rows["from-git"]


@pytest.mark.usefixtures("stocked")
def test_show_and_verify_take_it(program: Program) -> None:
    assert {record["project"] for record in program.artifacts("show", "*", "--from", "forge.example")} == {
        "from-git"
    }
    document = program("verify", "--from", "index.example.evil.example", "--format", "json").document
    judged = {record["artifact"]["project"] for record in document["judgements"]}
    assert judged == {"lookalike"}


def test_remove_takes_what_is_from_there_and_nothing_else(stocked: CacheBuilder, program: Program) -> None:
    before = caches.look(stocked.root)
    assert program("remove", "--from", "index.example.evil.example", "--dry-run").code == 0
    assert caches.look(stocked.root) == before
    assert program("remove", "--from", "index.example.evil.example", "--yes").code == 0
    assert listed(program) == {"from-pypi", "mine", "unproved", "made", "from-git", "noted"}
    assert listed(program, "--kind", "page") == {"mine"}


def test_prune_takes_only_what_is_from_there(stocked: CacheBuilder, program: Program) -> None:
    for path in stocked.root.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    assert program("prune", "--unused-for", "30d", "--from", "index.example", "--yes").code == 0
    assert listed(program) == {"from-pypi", "lookalike", "unproved", "from-git", "noted"}
    assert program("prune", "--max-size", "0", "--built-by", "cp311", "--yes").code == 0
    assert "from-git" not in listed(program)
    assert "from-pypi" in listed(program)


def test_an_interpreter_counts_only_if_the_key_proves_it(builder: CacheBuilder, program: Program) -> None:
    elsewhere = truth.Source("https://elsewhere.example/x.tar.gz")
    builder.built({"url": "https://files.example/x.tar.gz"}, *archives.build_wheel("x", "1.0"), source=elsewhere)
    assert listed(program) == {"x"}
    assert listed(program, "--built-by", "cp311") == set()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "*.example"), "a host is meant exactly"),
        (("--from", "a b"), "is no host"),
        (("--built-by", "3.9"), "--built-by cp39"),
        (("--built-by", "python3.11"), "--built-by cp311"),
        (("--built-by", "snake"), "is no interpreter"),
    ],
)
def test_a_slip_is_an_error_of_the_command_line(arguments: tuple[str, ...], said: str, program: Program) -> None:
    ran = program("list", *arguments)
    assert ran.code == 2
    assert said in ran.err


# Commits


@pytest.mark.parametrize("text", [COMMIT, COMMIT.upper(), COMMIT[:12], COMMIT[:7]])
@pytest.mark.usefixtures("stocked")
def test_a_commit_selects_what_was_built_from_it(text: str, program: Program) -> None:
    assert listed(program, text) == {"from-git"}


@pytest.mark.parametrize("text", [COMMIT, COMMIT[:9]])
@pytest.mark.usefixtures("stocked")
def test_an_audit_finds_what_was_built_from_a_commit(text: str, program: Program) -> None:
    ran = program("audit", text, "--format", "json")
    assert ran.code == 1
    (hit,) = ran.document["caches"][0]["hits"]
    assert hit["artifact"]["project"] == "from-git"
    assert hit["clauses"][0]["clause"] == f"the commit {text} means it"
    assert program("audit", OTHER[: len(text)]).code != 1


@pytest.mark.parametrize("text", [OTHER, OTHER[:12], COMMIT[:6], COMMIT[1:]])
@pytest.mark.usefixtures("stocked")
def test_another_commit_selects_nothing(text: str, program: Program) -> None:
    assert listed(program, text) == set()


@pytest.mark.parametrize("text", ["facades", "defaced", "1234567", "abc1234"])
def test_a_project_may_be_called_like_a_commit(text: str, builder: CacheBuilder, program: Program) -> None:
    builder.download(f"https://files.example/{text}-1.0-py3-none-any.whl", archives.build_wheel(text, "1.0")[1])
    assert listed(program, text) == {text}


def test_a_word_is_no_commit() -> None:
    assert parse_selector("defaced").commit is None
    assert parse_selector("abc1234").commit == "abc1234"
