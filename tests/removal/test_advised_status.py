"""The exit status of ``remove --advisory``: 0 gone and judged, 3 something meant stays, 4 unjudged."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.lock_samples import Write
    from tests.support.program import Program

FILES = "https://files.example/"

REFUSING = """
import sys
def refuse(event, arguments):
    if event == "os.remove":
        raise PermissionError(1, "Operation not permitted")
from pipcache.cli.main import run
sys.addaudithook(refuse)
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture
def advisory(write: Write) -> str:
    return write("bad.txt", "evil==1.0\n")


def put(builder: CacheBuilder, file: tuple[str, bytes]) -> str:
    return builder.download(FILES + file[0], file[1])


def put_evil(builder: CacheBuilder) -> str:
    return put(builder, archives.build_wheel("evil", "1.0"))


def put_unjudged(builder: CacheBuilder) -> str:
    """Something nobody can name."""
    return builder.download(FILES + "blob", b"\x00\x01 nothing that pip caches")


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("consent", ["--yes", "--dry-run"])
@pytest.mark.parametrize("is_evil", [True, False], ids=["evil", "no evil"])
@pytest.mark.parametrize("unjudged", [True, False], ids=["unjudged", "judged"])
def test_what_could_not_be_judged_is_4_and_else_it_is_0(
    builder: CacheBuilder,
    program: Program,
    advisory: str,
    form: str,
    consent: str,
    is_evil: bool,  # noqa: FBT001
    unjudged: bool,  # noqa: FBT001
) -> None:
    put(builder, archives.build_wheel("foo", "1.0"))
    key = put_evil(builder) if is_evil else None
    blob = put_unjudged(builder) if unjudged else None
    for _ in range(2):  # the second run finds nothing, and ends alike
        ran = program("remove", "--advisory", advisory, consent, "--format", form)
        assert ran.code == (4 if unjudged else 0)
        if form == "json":
            paths = [entry["path"].rpartition("/")[2] for entry in ran.document["still_unjudged"]]
            assert paths == ([blob] if unjudged else [])
        assert ("Could not be judged" in ran.err) == (unjudged and form == "table")
    if key is not None:
        assert builder.head(key).exists() == (consent == "--dry-run")


@pytest.mark.parametrize("unjudged", [True, False], ids=["unjudged", "judged"])
def test_a_bad_file_that_cannot_be_removed_is_3(
    builder: CacheBuilder,
    advisory: str,
    tmp_path: Path,
    unjudged: bool,  # noqa: FBT001
) -> None:
    put_evil(builder)
    if unjudged:
        put_unjudged(builder)
    arguments = ["remove", "--advisory", advisory, "--yes", "--cache-dir", str(builder.root)]
    done = subprocess.run(
        [sys.executable, "-c", REFUSING, *arguments],
        cwd=REPOSITORY,
        env=clean_environment(tmp_path / "home"),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 3
    assert "Could not remove" in done.stderr


def test_what_was_not_meant_may_stay(builder: CacheBuilder, program: Program, advisory: str) -> None:
    filename, sdist = archives.build_sdist("evil", "1.0")
    put(builder, (filename, sdist))
    wheel = archives.build_wheel("evil", "1.0")
    builder.built({"url": FILES + filename}, *wheel)
    page = f"<html><title>Links for evil</title><a href='/{filename}'>{filename}</a></html>"
    builder.download("https://index.example/simple/evil/", page.encode())
    assert program("remove", "--advisory", advisory, "--keep-pages", "--yes").code == 0


def test_the_help_and_the_readme_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    from pipcache.cli.main import run  # noqa: PLC0415 - for this test alone

    assert run(["remove", "--help"]) == 0
    assert "\n    4    with --advisory: all that was found is removed, but" in capsys.readouterr().out
