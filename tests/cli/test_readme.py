"""The README read by somebody who has nothing else: what it says to type does what it says it does.

The cache is one that a real pip filled; the lines are taken from the README and typed at a terminal as they stand.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.index import Index
from tests.support.pips import pip_program, run_pip
from tests.support.places import README, REPOSITORY
from tests.support.static_server import DOWN
from tests.support.terminal import at_terminal, environment_at
from tests.support.uv_caches import UvCache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.pips

PIP = "26.3"
TEXT = README.read_text(encoding="utf-8")
WHEELS = {"six": ["1.17.0"], "twisted": ["22.10.0", "24.3.0"], "litellm": ["1.82.7"]}
INSTALLED = ("docopt", "six", "twisted", "litellm"), ("twisted==22.10.0",)


@pytest.fixture(scope="module")
def shop() -> Iterator[Index]:
    """An index with the projects that the README speaks of."""
    with Index() as index:
        filename, body = build_sdist("docopt", "0.6.2")
        index.add_file(index.add_project("docopt"), filename, body, version="0.6.2")
        for name, versions in WHEELS.items():
            project = index.add_project(name)
            for version in versions:
                filename, body = build_wheel(name, version)
                index.add_file(project, filename, body, version=version, metadata=metadata(name, version))
        yield index


class Person:
    """Somebody with a home, a cache that pip filled, and the README."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.cache = self.home / ".cache" / "pip"
        self._index = index
        programs = folder / "programs"
        programs.mkdir()
        pip = pip_program(PIP)
        for name, script in {
            "pipcache": f'exec "{sys.executable}" -m pipcache "$@"',
            "pip": f'exec "{sys.executable}" "{pip}" "$@"',
            "python3": f'shift 2; exec "{sys.executable}" "{pip}" "$@"',  # the tour says: python3 -m pip
        }.items():
            (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (programs / name).chmod(0o755)
        self.environment = {
            **environment_at(self.home),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "NO_COLOR": "1",
            "PIP_INDEX_URL": index.simple,
            "PIP_TRUSTED_HOST": "127.0.0.1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def install(self, *requirements: str) -> subprocess.CompletedProcess[str]:
        """Let pip install, with the cache that is there."""
        shutil.rmtree(self.folder / "installed", ignore_errors=True)
        options = ["--no-deps", "--target", str(self.folder / "installed"), "--index-url", self._index.simple]
        return run_pip(PIP, ["install", *options, *requirements], cache_dir=self.cache, cwd=self.folder)

    def types(self, line: str) -> tuple[str, int]:
        """Type a line as it stands in the README, and say yes if a question is asked."""
        return at_terminal(
            ["/bin/sh", "-c", line], environment=self.environment, folder=self.folder, columns=200, typed=b"y\n"
        )

    def listed(self) -> set[str]:
        """What the cache holds: project, version and kind of each wheel and sdist."""
        text, code = self.types("pipcache list --sort name")
        assert code == 0
        return {
            " ".join(line.split()[:3]) for line in text.splitlines() if re.search(r" (wheel|sdist|built) ", line)
        }


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, shop: Index) -> Path:
    """A cache that pip filled, to be copied."""
    person = Person(tmp_path_factory.mktemp("filled"), shop)
    for requirements in INSTALLED:
        done = person.install(*requirements)
        assert done.returncode == 0, done.stderr
    return person.cache


@pytest.fixture
def person(tmp_path: Path, shop: Index, filled: Path) -> Person:
    person = Person(tmp_path, shop)
    shutil.copytree(filled, person.cache)
    return person


ALL = {
    *("docopt 0.6.2 sdist", "docopt 0.6.2 built", "six 1.17.0 wheel", "litellm 1.82.7 wheel"),
    *("twisted 22.10.0 wheel", "twisted 24.3.0 wheel"),
}


def lines_for(trouble: str) -> list[str]:
    """What to type, by the row of the README's table that begins with these words."""
    (cell,) = re.findall(rf"^\| {re.escape(trouble)}.*? \| (.*) \|$", TEXT, re.MULTILINE)
    return re.findall(r"`([^`]+)`", cell)


def test_every_row_is_tried() -> None:
    table = TEXT.partition("| you have | you type |\n| --- | --- |\n")[2].partition("\n\n")[0]
    tried = [name for name in globals() if name.startswith("test_you_have_")]
    assert len(table.splitlines()) == len(tried)


@pytest.mark.slow
def test_you_have_a_full_disk(person: Person) -> None:
    info, prune = lines_for("The disk is full")
    assert person.listed() == ALL
    text, code = person.types(info)
    assert (code, "By store" in text) == (0, True)
    for path in person.cache.rglob("*"):
        if path.is_file():
            os.utime(path, (1, 1))
    person.install("six==1.17.0")  # is used, and so is its page
    text, code = person.types(prune)
    assert (code, "[y/N]" in text) == (0, True)
    assert person.listed() == {"six 1.17.0 wheel"}


@pytest.mark.slow
def test_you_have_a_hash_mismatch_every_time(person: Person) -> None:
    verify, remove = lines_for("pip fails with a hash mismatch")
    (body,) = [path for path in person.cache.rglob("*.body") if b"six/__init__.py" in path.read_bytes()]
    data = bytearray(body.read_bytes())
    data[len(data) // 3] ^= 1
    body.write_bytes(data)
    for _ in range(2):
        done = person.install("six==1.17.0")
        assert done.returncode == 1
        assert "DO NOT MATCH THE HASHES" in done.stderr
    text, code = person.types(verify)
    assert (code, "six-1.17.0" in text) == (1, True)
    assert "Cure: pipcache remove" in text
    text, code = person.types(remove)
    assert (code, "Removed 2 files" in text) == (0, True)
    assert person.listed() == ALL - {"six 1.17.0 wheel"}
    assert person.install("six==1.17.0").returncode == 0
    assert person.types(verify)[1] == 0


@pytest.mark.parametrize(("at", "gone"), [(0, {"22.10.0", "24.3.0"}), (1, {"22.10.0"})])
def test_you_have_a_project_that_has_to_go(person: Person, at: int, gone: set[str]) -> None:
    _, code = person.types(lines_for("You want to remove a project")[at])
    assert code == 0
    assert person.listed() == ALL - {f"twisted {version} wheel" for version in gone}


@pytest.mark.slow
def test_you_have_a_bad_upload(person: Person) -> None:
    audit, remove, file, line = lines_for("A bad upload")
    text, code = person.types(audit)
    assert code == 1
    assert "found: litellm-1.82.7" in text
    assert str(person.cache) in text
    (person.folder / file).write_text(f"{line}\n", encoding="utf-8")
    # nothing may be removed from the caches that this machine really has
    assert "version 1.82.7 is listed" in person.types(f"{remove} --dry-run")[0]
    assert person.types(remove.removesuffix(" --all-caches"))[1] == 0
    assert person.listed() == ALL - {"litellm 1.82.7 wheel"}
    assert "found: litellm-1.82.7" not in person.types(audit)[0]


@pytest.mark.slow
def test_you_have_something_that_was_deleted_since(person: Person, shop: Index) -> None:
    dry, refresh = lines_for("Was something yanked")
    files = shop.project("litellm").files
    asked = len(shop.exchanges)
    text, code = person.types(dry)
    assert (code, "Nothing was sent" in text) == (0, True)
    assert "litellm" in text
    assert len(shop.exchanges) == asked
    assert person.types(refresh)[1] == 0
    deleted = files.pop()
    try:
        text, code = person.types(refresh)
    finally:
        files.append(deleted)
    assert code == 1
    assert "PC711" in text
    assert "litellm-1.82.7" in text
    assert person.listed() == ALL


def test_you_have_a_cache_of_a_job_that_grows(person: Person) -> None:
    (prune,) = lines_for("The cache of a CI job")
    (person.folder / "requirements.txt").write_text("docopt==0.6.2\ntwisted==24.3.0\n", encoding="ascii")
    assert person.types(prune)[1] == 0
    # the newest of each other project stays: the file may not name every dependency
    assert person.listed() == ALL - {"twisted 22.10.0 wheel"}


def test_you_have_an_index_that_is_down(person: Person) -> None:
    lock, install = lines_for("The index is down")
    (person.folder / "requirements.txt").write_text("twisted<24\nsix\n", encoding="ascii")
    text, code = person.types(lock)
    assert code == 0, text
    refused = "http://127.0.0.1:9"  # a proxy that takes no connection
    person.environment |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), refused)
    person.environment |= {"NO_PROXY": "", "no_proxy": "", "PIP_TARGET": str(person.folder / "installed anew")}
    text, code = person.types(f"{install} --retries 0 --timeout 2")
    assert code == 0, text
    installed = {path.name for path in (person.folder / "installed anew").glob("*.dist-info")}
    assert installed == {"twisted-22.10.0.dist-info", "six-1.17.0.dist-info"}


def test_you_have_a_machine_without_a_network(person: Person, tmp_path: Path) -> None:
    (export,) = lines_for("A machine without a network")
    (person.folder / "requirements.txt").write_text("twisted<24\nsix\n", encoding="ascii")
    text, code = person.types(export)
    assert code == 0, text
    carried = tmp_path / "another machine"
    (person.folder / "wheelhouse").rename(carried)
    shutil.rmtree(person.cache)
    options = ["--retries", "0", "--target", "t", "--index-url", (carried / "simple").as_uri()]
    done = run_pip(PIP, ["install", *options, "twisted", "six"], cache_dir=person.cache, cwd=tmp_path, env=DOWN)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "t").glob("*.dist-info")} == {
        "twisted-22.10.0.dist-info",
        "six-1.17.0.dist-info",
    }


def test_you_have_a_cache_of_uvs(person: Person) -> None:
    listing, audit = lines_for("Is it in uv's cache")
    uv = UvCache(person.cache.with_name("uv"))
    uv.wheel("litellm", "1.82.7")
    text, code = person.types(listing)
    assert (code, "litellm" in text) == (0, True)
    text, code = person.types(audit)
    assert code == 1
    assert "found: litellm-1.82.7" in text
    assert f"uv cache clean litellm --cache-dir {uv.root}" in text


def test_you_have_a_directory_to_find(person: Person) -> None:
    (explain,) = lines_for("Which directory")
    text, code = person.types(explain)
    assert (code, f"-> platform default: {person.cache}" in text) == (0, True)
    assert "PIP_CACHE_DIR" in text


# The comparison with pip cache


def pip_cache(person: Person, *words: str) -> str:
    """What `pip cache` prints; it ends with 0 whatever it finds."""
    done = run_pip(PIP, ["cache", *words], cache_dir=person.cache, cwd=person.folder)
    assert done.returncode == 0
    return done.stdout + done.stderr


@pytest.mark.slow
def test_pip_shows_and_removes_built_wheels_alone(person: Person) -> None:
    listed = pip_cache(person, "list")
    assert "docopt-0.6.2" in listed
    assert not any(name in listed for name in WHEELS)
    for pattern in ("six", "docopt==0.6.2", "docopt>=0.1"):
        answer = pip_cache(person, "remove", pattern)
        assert "No matching packages" in answer
        assert "Files removed: 0" in answer
    assert person.listed() == ALL
    assert person.types("pipcache remove 'docopt>=0.1' six")[1] == 0
    assert person.listed() == {entry for entry in ALL if not entry.startswith(("docopt", "six"))}


def test_pip_has_no_plan_and_no_json(person: Person) -> None:
    for words in (["list", "--format", "json"], ["purge", "--dry-run"], ["remove", "docopt", "--dry-run"]):
        done = run_pip(PIP, ["cache", *words], cache_dir=person.cache, cwd=person.folder)
        assert done.returncode == 2
    assert person.listed() == ALL


@pytest.mark.parametrize("line", ["pip cache purge", "pipcache clear"])
def test_pip_removes_what_it_did_not_make(person: Person, line: str) -> None:
    own = [person.cache / store / "my notes.txt" for store in ("http-v2", "wheels")]
    for path in own:
        path.write_text("mine", encoding="utf-8")
    if line == "pip cache purge":
        pip_cache(person, "purge")  # and asks nothing: nobody is there to answer
    else:
        text, code = person.types(line)
        assert (code, "[y/N]" in text) == (0, True)
    assert [path.exists() for path in own] == [line == "pipcache clear"] * 2
    assert person.listed() == set()


@pytest.mark.parametrize("command", ["remove", "purge", "pipcache clear", "pipcache remove '*'"])
def test_pip_follows_a_link_in_the_place_of_wheels(person: Person, command: str) -> None:
    letter = person.folder / "documents" / "letters" / "to ada.txt"
    letter.parent.mkdir(parents=True)
    letter.write_text("Dear Ada", encoding="utf-8")
    shutil.rmtree(person.cache / "wheels")
    (person.cache / "wheels").symlink_to(person.folder / "documents")
    if command.startswith("pipcache"):
        text, _ = person.types(command)
        assert "link" in text
        assert letter.exists()
    else:
        pip_cache(person, command, *(["nosuch"] if command == "remove" else []))
        assert not letter.parent.exists()


# The tour


def test_the_tour_can_be_pasted(person: Person) -> None:
    match = re.search(r"<!-- tour -->\n```sh\n(.*?)```\n", TEXT, re.DOTALL)
    assert match is not None
    lines = match[1].splitlines()
    script = "".join(f'{line}\necho "status $?"\n' for line in lines)
    before = {path: path.stat().st_mtime_ns for path in person.cache.rglob("*")}
    # a temporary folder of its own, to see that nothing is left elsewhere
    (person.folder / "temporary").mkdir()
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=person.folder,
        env={**person.environment, "TMPDIR": str(person.folder / "temporary")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stderr.count("Error") == 0
    *answers, rest = re.split(r"^status (\d)\n", done.stdout, flags=re.MULTILINE)
    status = dict(zip(lines, map(int, answers[1::2]), strict=True))
    answer: dict[str, str] = dict(zip(lines, answers[::2], strict=True))
    assert rest == ""
    assert {line for line, code in status.items() if code} == {line for line in lines if " audit " in line}

    def of(words: str) -> str:
        (line,) = [line for line in lines if line.startswith(f"pipcache {words}")]
        return answer[line]

    assert re.search(r"^docopt +0\.6\.2 +built", of("list"), re.MULTILINE)
    assert re.search(r"^docopt +0\.6\.2 +sdist", of("list"), re.MULTILINE)
    assert "source is   cached" in of("show")
    assert "0 damaged" not in of("verify")
    assert re.search(r"^six +1\.17\.0 +wheel", of("remove 'six<2' --dry-run"), re.MULTILINE)
    assert "Removed 6 files" in of("remove 'six<2' --yes")
    assert "dry run" in of("prune")
    assert of("audit").count("found: docopt-0.6.2") == 2
    assert "Removed " in of("clear")
    assert {path: path.stat().st_mtime_ns for path in person.cache.rglob("*")} == before
