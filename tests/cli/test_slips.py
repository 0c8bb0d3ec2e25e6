"""Slips on the command line end with 2, one sentence and the line that was meant, which is never run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from pipcache.cli.main import run
from pipcache.query.selector import SelectorError, parse_selector
from pipcache.query.slips import correct_selector
from pipcache.util.urls import INDEX_HOST
from tests.support import archives, caches

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder

SLIPS = {
    "purge": ["clear"],
    "purge --yes": ["clear --yes"],
    "clean": ["prune", "clear"],
    "ls": ["list"],
    "ls --all": ["list --all"],
    "rm numpy": ["remove numpy"],
    "size": ["info"],
    "cache list": ["list"],
    "cache remove numpy": ["remove numpy"],
    "lst": ["list"],
    "verfy numpy": ["verify numpy"],
    "Prune": ["prune"],
    "help promise": ["help promises"],
    "hlp codes": ["help codes"],
    "man codes": ["help codes"],
    "list --json": ["list --format json"],
    "list -json": ["list --format json"],
    "list --jsn": ["list --format json"],
    "audit foo --sarif": ["audit foo --format sarif"],
    "list --format=abspath": ["list --format=paths"],
    "list --format abspath": ["list --format paths"],
    "list --format=human": ["list --format=table"],
    "list --format JSON": ["list --format json"],
    "info --format human": ["info --format table"],
    "list --larger-then 5MB": ["list --larger-than 5MB"],
    "list --larger-then=5MB": ["list --larger-than=5MB"],
    "remove foo --dryrun": ["remove foo --dry-run"],
    "remove foo --dry": ["remove foo --dry-run"],
    "list --cachedir /x": ["list --cache-dir /x"],
    "--json list": ["list --format json"],
    "--format json list": ["list --format json"],
    "--dry-run clear": ["clear --dry-run"],
    "list numpy=1.0": ["list numpy==1.0"],
    "list numpy==1.x": ["list 'numpy==1.*'"],
    "show 'numpy =1.0'": ["show numpy==1.0"],
    "verify numpy==": ["verify numpy"],
    "audit numpy=1.0": ["audit numpy==1.0"],
    "remove 'numpy=>1.0' -n": ["remove 'numpy>=1.0' -n"],
    "prune --keep numpy=1.0": ["prune --keep numpy==1.0"],
    "prune --keep=numpy=1.0": ["prune --keep=numpy==1.0"],
    "pip cache list": ["list"],
    "clear numpy": ["remove numpy"],
    "clear numpy --yes": ["remove numpy --yes"],
    "info numpy": ["list numpy"],
    "dir numpy": ["list numpy"],
    "prune numpy": [],
    "list --sort nmae": ["list --sort name"],
    "list --kind weel numpy": ["list --kind wheel numpy"],
    "list --store=htp-v2": ["list --store=http-v2"],
    "list --kind WHEEL": ["list --kind wheel"],
    "verify --fail-on poison": ["verify --fail-on poisoned"],
    "list --format jsno": ["list --format json"],
    "prune --keep 1": ["prune --keep-latest 1"],
    "prune --keep=2 -n": ["prune --keep-latest 2 -n"],
    "prune --keep six --keep 1": ["prune --keep six --keep-latest 1"],
    "verify --deep": ["verify --thorough"],
    "verify --full numpy": ["verify --thorough numpy"],
    "verify --all": ["verify"],
    "verify -v": ["verify"],
    "list --verbose numpy": ["list numpy"],
    "remove --all": ["clear"],
    "remove --all --yes": ["clear --yes"],
    "remove --everything -n": ["clear -n"],
    "remove --all numpy": ["remove numpy"],
    "rm --all": ["clear"],
    "clear --all": ["clear"],
    "prune --all": ["clear"],
    "info --all": ["info"],
    "list --everything": ["list --all"],
    "-v": ["--version"],
    "-v list": ["list"],
    "autoclean": ["prune"],
    "doctor": ["verify"],
    "config": ["dir --explain"],
    "install numpy": [],
    "system prune": ["prune"],
    "list --sort date": ["list --sort age"],
    "list --sort=last-used": ["list --sort=used"],
    "list --kind tarball": ["list --kind sdist"],
    "list --sort size --desc": ["list --sort size --reverse"],
    "prune --until 24h": ["prune --unused-for 24h"],
    "lock -r a.txt": ["lock --for a.txt"],
    "prune --requirement a.txt": ["prune --keep-for a.txt"],
    "prune --requirement=a.txt": ["prune --keep-for=a.txt"],
    "verify -r a.txt": ["verify --against a.txt"],
    "verify --fix": ["verify"],
    "audit --all foo": ["audit --all-caches foo"],
    "ls --json numpy=1.0 six==1.x": ["list --format json numpy==1.0 'six==1.*'"],
}


@pytest.mark.parametrize("typed", SLIPS)
def test_the_line_that_was_meant_is_given(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shlex.split(typed)) == 2
    out, err = capsys.readouterr()
    sentence, *lines = err.splitlines()
    assert out == ""
    assert sentence.startswith("Error: ")
    assert lines == [f"  pipcache {line}" for line in SLIPS[typed]]


@pytest.mark.parametrize("typed", ["frobnicate", "list --frobnicate", "list --verion", "-l", "list -Q"])
def test_where_nothing_is_near_no_line_is_made_up(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shlex.split(typed)) == 2
    out, err = capsys.readouterr()
    assert "\n  pipcache " not in err.partition("Usage")[0]
    assert "--version" not in err
    assert "Traceback" not in out + err


def test_a_line_that_is_wrong_all_the_same_is_not_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ls", "--format", "nosuch"]) == 2
    assert capsys.readouterr().err == "Error: There is no command 'ls': it is 'list' here.\n"


def test_nothing_of_it_is_run(builder: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> None:
    filename, body = archives.build_wheel("numpy", "1.0")
    builder.download(f"https://files.example/{filename}", body)
    before = caches.look(builder.root)
    for words in (["purge", "--yes"], ["rm", "numpy", "--yes"], ["remove", "numpy=1.0", "--yes"], ["gc"]):
        assert run([*words, "--cache-dir", str(builder.root)]) == 2
    assert caches.look(builder.root) == before
    assert capsys.readouterr().out == ""


def test_no_password_is_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ls", "https://ada:hunter2@files.example/a.whl"]) == 2
    assert run(["list", "foo @ https://ada:hunter2@files.example/a.whl"]) == 2
    assert "hunter2" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["list", "numpy=1.0", "https://ada:hunter2@files.example/a.whl"],
        ["list", "numpy=1.0", "https://files.example/a.whl?token=hunter2"],
        ["list", "foo @ https://ada:hunter2@files.example/a.whl"],
        ["ls", "foo @ https://ada:hunter2@files.example/a.whl"],
        ["list", "--jsn", "https://ada:hunter2@files.example/a.whl"],
    ],
)
def test_a_line_that_holds_a_secret_is_not_offered_with_a_gap(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    sentence, line = capsys.readouterr().err.splitlines()
    assert sentence.startswith("Error: ")
    assert line == "  The corrected command line is not shown: it holds a secret. Correct yours and run it again."
    assert "***" not in sentence + line


def test_a_url_is_said_once_in_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "six @ https://files.example/x"]) == 2
    sentence, line = capsys.readouterr().err.splitlines()
    assert sentence.count("https://files.example/x") == 1
    assert line == "  pipcache list https://files.example/x"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("numpy=1.0", "numpy==1.0"),
        ("numpy = 1.0", "numpy==1.0"),
        ("numpy[a,b]=1.0", "numpy[a,b]==1.0"),
        ("numpy 1.0", "numpy==1.0"),
        ("numpy@1.0", "numpy==1.0"),
        ("numpy@latest", "numpy"),
        ("numpy:1.0", "numpy==1.0"),
        ("numpy==", "numpy"),
        ("numpy>=", "numpy"),
        ("numpy==*", "numpy"),
        ("numpy==1.x", "numpy==1.*"),
        ("numpy==1.X", "numpy==1.*"),
        ("numpy==1.2.x", "numpy==1.2.*"),
        ("numpy==1.x.x", "numpy==1.*"),
        ("numpy==1*", "numpy==1.*"),
        ("numpy=1.*", "numpy==1.*"),
        ("numpy!=1.x", "numpy!=1.*"),
        ("numpy>=1.x", "numpy>=1"),
        ("numpy>1.*", "numpy>1"),
        ("numpy~=1.*", "numpy==1.*"),
        ("numpy=>1.0", "numpy>=1.0"),
        ("numpy=<1.0", "numpy<=1.0"),
        ("numpy=~1.0", "numpy~=1.0"),
        ("numpy~1.0", "numpy~=1.0"),
        ("numpy<>1.0", "numpy!=1.0"),
        ("numpy^1.2", "numpy>=1.2,<2"),
        ("numpy>=1.x,<2.x", "numpy>=1,<2"),
        ("numpy>=1.0,", None),
        ("numpy; python_version < '3'", "numpy"),
        ("numpy==1.0 ; extra == 'x'", "numpy==1.0"),
        ("numpy @ https://files.example/numpy-1.0.tar.gz", "https://files.example/numpy-1.0.tar.gz"),
        (
            "numpy@https://files.example/numpy-1.0-py3-none-any.whl",
            "https://files.example/numpy-1.0-py3-none-any.whl",
        ),
        ("numpy[a] @ https://files.example/n ; os_name == 'x'", "https://files.example/n"),
        ("pkg:pypi/numpy@1.26.4", "numpy==1.26.4"),
        ("pkg:pypi/zope.event", "zope.event"),
        ("pkg:pypi/torch@2.1%2Bcu118?arch=x", "torch==2.1+cu118"),
        ("numpy (1.26.4)", "numpy==1.26.4"),
        ("numpy>1.0 <2.0", "numpy>1.0,<2.0"),
        ("numpy==1.0 # a comment", "numpy==1.0"),
        ('"numpy"', "numpy"),
        ("`numpy==1.0`", "numpy==1.0"),
        ("numpy; x == 'https://files.example/n'", "numpy"),
        ("./dist/numpy-1.0.tar.gz", "numpy-1.0.tar.gz"),
        ("==1.0", None),
        (">", None),
        ("", None),
        ("sha256:12345", None),
        ("numpy==1.0 six==2", None),
    ],
)
def test_a_selector_is_corrected(text: str, meant: str | None) -> None:
    try:
        parse_selector(text)
    except SelectorError:
        assert correct_selector(text) == meant
    else:
        assert meant is None


def test_a_version_behind_an_at_is_not_called_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "numpy@1.0"]) == 2
    sentence = "Error: 'numpy@1.0' is no selector; write 'numpy==1.0'."
    assert capsys.readouterr().err == f"{sentence}\n  pipcache list numpy==1.0\n"


@pytest.mark.parametrize("command", ["audit", "show", "remove"])
@pytest.mark.parametrize("number", ["CVE-2024-1234", "GHSA-9hjg-9r4m-mvj7", "PYSEC-2023-74", "mal-2026-2144"])
def test_the_number_of_an_advisory_is_not_the_name_of_a_project(
    command: str, number: str, builder: CacheBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    filename, body = archives.build_wheel("numpy", "1.0")
    builder.download(f"https://files.example/{filename}", body)
    assert run([command, number, "--cache-dir", str(builder.root)]) == 2  # 0 would be a false "clean"
    out, err = capsys.readouterr()
    assert out == ""
    assert "is the number of an advisory" in err
    assert "audit --advisory FILE" in err


@pytest.mark.parametrize("name", ["mal", "cve-bin-tool", "cve-2024", "osv", "ghsa-client"])
def test_a_project_with_such_a_name_can_be_named(name: str) -> None:
    assert parse_selector(name).project == name


@pytest.mark.parametrize("command", ["audit", "list", "remove"])
def test_the_url_of_a_project_on_pypi_stands_for_the_project(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = f"https://{INDEX_HOST}/project/six/"
    assert run([command, page]) == 2
    assert run([command, f"{page}1.17.0/"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("  ")] == [
        f"  pipcache {command} six",
        f"  pipcache {command} six==1.17.0",
    ]


def test_the_url_of_a_cached_page_is_a_selector() -> None:
    assert parse_selector(f"https://{INDEX_HOST}/simple/six/").key


def test_show_without_a_selector_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show"]) == 2
    assert "give a SELECTOR, such as the name of a project" in capsys.readouterr().err
