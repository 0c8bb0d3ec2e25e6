"""What pipcache says of caches that real releases of uv have filled, cleaned and left."""

from __future__ import annotations

import shutil
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.util.filenames import normalise
from tests.support.archives import build_sdist, source_tree
from tests.support.caches import look, make_old
from tests.support.program import Program
from tests.support.real_uvs import NEWEST, RELEASES, RealUv, full_cache
from tests.support.uv_caches import write_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.real_uvs import FullCache

BAD = "litellm==1.82.7"


@pytest.fixture
def program(full: FullCache, capsys: pytest.CaptureFixture[str]) -> Program:
    """The program on the cache that the tests share."""
    return Program(full.root, capsys)


def relations(program: Program, *arguments: str) -> set[tuple[str, str, str]]:
    """The hits of an audit: relation, kind and version."""
    document = program("audit", *arguments, "--format", "json").document
    return {
        (hit["relation"], hit["artifact"]["kind"], hit["artifact"]["version"])
        for cache in document["caches"]
        for hit in cache["hits"]
    }


def test_every_distribution_is_listed_by_its_name(full: FullCache, program: Program) -> None:
    listed = program.artifacts("list")
    assert all(artifact["project"] and artifact["version"] for artifact in listed)
    assert {artifact["tool"] for artifact in listed} == {"uv"}
    wheels = {artifact["filename"] for artifact in listed if artifact["kind"] == "wheel"}
    assert wheels == full.filled.wheels.keys()
    built = {(artifact["project"], artifact["version"]) for artifact in listed if artifact["kind"] == "built"}
    assert built == full.filled.built
    sdists = {artifact["url"].rpartition("/")[2] for artifact in listed if artifact["kind"] == "sdist"}
    assert sdists == full.filled.sdists.keys()
    kept = [(artifact["project"], artifact["version"]) for artifact in listed if artifact["kind"] == "environment"]
    assert sorted(kept) == sorted(pair for pairs in full.filled.environments.values() for pair in pairs)
    installed = full.uv("pip", "list", "--python", str(full.uv.folder / "venv"), "--format", "freeze")
    names = {normalise(line.partition("==")[0]) for line in installed.splitlines() if "==" in line}
    assert names <= {artifact["project"] for artifact in listed}
    assert {artifact["project"] for artifact in program.artifacts("list", "--all")} >= {"rich"}


def test_the_digest_that_uv_noted_is_shown_as_such(full: FullCache, program: Program) -> None:
    (record,) = [row for row in program.artifacts("show", "six") if row["kind"] == "wheel"]
    (filename,) = [name for name in full.filled.wheels if name.startswith("six")]
    digest = sha256(full.filled.wheels[filename]).hexdigest()
    assert record["noted_digests"] == ({} if full.uv.release == "0.9.30" else {"sha256": digest})
    assert record["verdict"] == "intact"
    assert record["url"] == full.uv.wares.urls[filename]
    out = program("show", "six").out
    assert ("uv noted no digest" in out) == (full.uv.release == "0.9.30")


def test_an_audit_finds_wheels_environments_and_digests(full: FullCache, program: Program) -> None:
    assert program("audit", BAD).code == 1
    assert relations(program, BAD) == {("match", "wheel", "1.82.7"), ("installed", "environment", "1.82.7")}
    (filename,) = [name for name in full.filled.wheels if name.startswith("litellm-1.82.7")]
    digest = sha256(full.filled.wheels[filename]).hexdigest()
    by_digest = program("audit", f"sha256:{digest}")
    assert by_digest.code == (3 if full.uv.release == "0.9.30" else 1)
    seen = program("audit", "rich==13.0")
    assert seen.code == 0
    assert "Seen by uv" in seen.out
    assert program("audit", "absent==1.0").code == 0


def test_nothing_that_uv_wrote_is_a_finding(full: FullCache, program: Program) -> None:
    ran = program("verify", "--format", "json")
    assert ran.code == 0
    judgements = ran.document["judgements"]
    assert {judgement["verdict"] for judgement in judgements} == {"intact"}
    # what was built lies there whole, and unpacked
    assert len(judgements) == len(full.filled.wheels) + 2 * len(full.filled.built)


def test_what_was_done_to_the_files_is_found(
    full: FullCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(full.root, tmp_path / "copy", symlinks=True)
    archives = {path.parent.name: path.parent.parent for path in tmp_path.glob("copy/archive-v0/*/*/__init__.py")}
    module = archives["six"] / "six/__init__.py"
    module.write_bytes(module.read_bytes() + b"#")
    (archives["click"] / "click/__init__.py").unlink()
    (archives["byurl"] / "evil.pth").write_bytes(b"import evil\n")
    shutil.rmtree(archives["findme"])
    document = Program(tmp_path / "copy", capsys)("verify", "--format", "json").document
    findings = {
        row["artifact"]["project"]: [(finding["code"], finding["by"]) for finding in row["findings"]]
        for row in document["judgements"]
        if row["findings"]
    }
    assert findings == {
        "six": [("PC502", "six/__init__.py")],
        "click": [("PC501", "click/__init__.py")],
        "byurl": [("PC503", "evil.pth")],
    }
    (gone,) = [row for row in document["not_judged"] if row["reason"] == "gone"]
    assert [path.split("/")[-2] for path in gone["artifacts"]] == ["findme"]


@pytest.mark.parametrize(
    "command", [("remove", "six", "--yes"), ("clear", "--yes"), ("prune", "--older-than", "1s")]
)
def test_a_command_that_removes_names_those_of_uv(
    full: FullCache, program: Program, command: tuple[str, ...]
) -> None:
    make_old(full.root)
    look(full.root)
    before = look(full.root)
    ran = program(*command)
    assert ran.code == 3
    assert "uv cache " in ran.err
    assert f"--cache-dir {full.root}" in ran.err
    assert look(full.root) == before


def test_reading_changes_nothing_and_moves_no_access_time(full: FullCache, program: Program) -> None:
    make_old(full.root)
    look(full.root)
    before = look(full.root)
    for command in (("list", "--all"), ("show", "*"), ("info",), ("verify",), ("audit", BAD)):
        program(*command)
    assert look(full.root) == before


# What uv itself removes, and what it leaves


@pytest.fixture(params=RELEASES)
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FullCache]:
    """A cache that a release has filled, for a single test."""
    with full_cache(request.param, tmp_path) as cache:
        yield cache


def test_after_clean_environments_are_left_and_after_prune_nothing(
    own: FullCache, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(own.root, capsys)
    own.uv("cache", "clean", "litellm")
    assert program("audit", BAD).code == 1
    assert relations(program, BAD) == {("installed", "environment", "1.82.7")}
    own.uv("cache", "prune")
    assert program("audit", BAD).code == 0


def test_the_commands_of_the_refusal_and_of_the_cure_remove_it(
    own: FullCache, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(own.root, capsys)
    (own.root / "archive-v0").mkdir(exist_ok=True)
    for module in own.root.glob("archive-v0/*/six/__init__.py"):
        module.write_bytes(b"")
    cure = program("verify", "--format", "json").document["cure"]
    assert cure is not None
    for command in cure.split(" && "):
        words = command.split()
        assert words[-2:] == ["--cache-dir", str(own.root)]
        own.uv(*words[1:-2])
    assert program("verify").code == 0
    assert program.artifacts("list", "six") == []


def test_what_uv_leaves_by_its_project_goes_with_everything(
    own: FullCache, capsys: pytest.CaptureFixture[str]
) -> None:
    """An editable project, and an sdist from a folder that could not be built."""
    program = Program(own.root, capsys)
    _, broken = build_sdist("unbuilt", "1.0", members={"inplace.py": b"raise SystemExit(1)\n"})
    (own.uv.folder / "unbuilt-1.0.tar.gz").write_bytes(broken)
    own.uv.install(str(own.uv.folder / "unbuilt-1.0.tar.gz"), code=1)
    own.uv("cache", "clean", "editable", "unbuilt")
    own.uv("cache", "prune")
    assert program("audit", "editable", "unbuilt").code == 1
    commands = program("audit", "editable", "unbuilt", "--format", "json").document["caches"][0]["native_commands"]
    assert commands == [f"uv cache clean --cache-dir {own.root}"]
    own.uv("cache", "clean")
    own.root.mkdir(exist_ok=True)
    assert program("audit", "editable", "unbuilt").code == 0


def test_a_checkout_is_found_after_uv_cleaned_its_project(
    own: FullCache, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """uv builds from it again without the network, and nothing but an empty cache is without it."""
    repository = tmp_path / "repository"
    write_all(repository, source_tree("ofgit", "7.0"))
    for words in (["init", "-q"], ["add", "."], [*_AUTHOR, "commit", "-qm", "first"]):
        subprocess.run([_git(), *words], cwd=repository, check=True, timeout=60)
    commit = subprocess.check_output([_git(), "rev-parse", "HEAD"], cwd=repository, text=True, timeout=60).strip()
    url = f"git+{repository.as_uri()}"
    own.uv.install(f"ofgit @ {url}@{commit}")
    program = Program(own.root, capsys)
    assert relations(program, commit) == {("match", "built", "7.0"), ("match", "sdist", "7.0")}
    assert program("audit", url).code == 3
    own.uv("cache", "clean", "ofgit")
    own.uv("cache", "prune")
    assert relations(program, "ofgit") == {("match", "sdist", "7.0")}
    (part,) = program("audit", "ofgit", "--format", "json").document["caches"]
    assert part["native_commands"] == [f"uv cache clean --cache-dir {own.root}"]
    own.uv("cache", "clean")
    own.root.mkdir(exist_ok=True)
    assert program("audit", "ofgit").code == 0


_AUTHOR = ["-c", "user.name=a", "-c", "user.email=a@example.com"]


def _git() -> str:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    return git


def test_what_another_release_cleans_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with full_cache("0.9.30", tmp_path) as old:
        newest = RealUv(NEWEST, tmp_path / "newest", old.uv.wares, cache=old.root)
        assert "No cache entries found" in newest("cache", "clean", "litellm")
        program = Program(old.root, capsys)
        assert program("audit", BAD).code == 1
        newest("cache", "prune")
        assert program("audit", BAD).code == 0


def test_a_moved_cache_is_read_as_before(
    own: FullCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Old links are absolute, so they lead nowhere then: nothing here goes by where they lead."""
    listed = Program(own.root, capsys).artifacts("list")
    own.root.rename(tmp_path / "moved")
    moved = Program(tmp_path / "moved", capsys).artifacts("list")
    assert [(row["project"], row["version"], row["kind"]) for row in moved] == [
        (row["project"], row["version"], row["kind"]) for row in listed
    ]
    assert Program(tmp_path / "moved", capsys)("verify").code == 0


def test_what_a_killed_install_has_unpacked_is_found(own: FullCache, capsys: pytest.CaptureFixture[str]) -> None:
    own.uv.kill_an_install()
    program = Program(own.root, capsys)
    assert program("verify").code == 0
    (reason,) = [
        row
        for row in program("verify", "--format", "json").document["not_judged"]
        if row["reason"] == "unfinished"
    ]
    assert reason["count"] == 1
    # the whole of an unpacked wheel may lie there too: killed before it was renamed
    left = next(iter(own.root.glob(".tmp*")))
    (archive,) = [
        path.parent.parent
        for path in own.root.glob("archive-v0/*/litellm/__init__.py")
        if "1.82.7" in str(list(path.parent.parent.glob("*.dist-info")))
    ]
    shutil.rmtree(left)
    archive.rename(left)
    shutil.rmtree(own.root / "wheels-v8", ignore_errors=True)
    hits: dict[str, Any] = program("audit", BAD, "--format", "json").document
    files = [path for cache in hits["caches"] for hit in cache["hits"] for path in hit["artifact"]["files"]]
    assert left.name in files


def test_a_lock_of_uv_is_compared_with_what_uv_noted(own: FullCache, capsys: pytest.CaptureFixture[str]) -> None:
    project = own.uv.folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "user"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["rich"]\n'
    )
    options = ("--python", sys.executable, "--default-index", own.uv.wares.index.simple)
    own.uv("sync", *options, cwd=project)
    lock = project / "uv.lock"
    program = Program(own.root, capsys)
    (row,) = program("verify", "rich", "--against", str(lock), "--format", "json").document["judgements"]
    # every release notes the digest of what a lock has led to
    digest = sha256(own.uv.wares.files["rich-13.0-py3-none-any.whl"]).hexdigest()
    assert row["artifact"]["noted_digests"] == {"sha256": digest}
    assert [(promise["kept"], promise["noted"]) for promise in row["promises"]] == [(True, True)]
    assert row["verdict"] == "intact"
    other = lock.read_text().replace(digest, "ab" * 32)
    assert other != lock.read_text()
    lock.write_text(other)
    ran = program("verify", "rich", "--against", str(lock))
    assert ran.code == 1
    assert "as uv noted it" in ran.out
    # what uv does about it: it wants the file of the lock, and does not take what it has
    shutil.rmtree(project / ".venv")
    said = own.uv("sync", "--locked", *options, cwd=project, code=None)
    assert "hash" in said.lower()
