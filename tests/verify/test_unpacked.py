"""What uv keeps unpacked is held against RECORD, and its digest, as uv noted it, against lock files."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.util.folders import Folder
from tests.support.archives import build_sdist, build_wheel
from tests.support.caches import chmod, link, look, make_old
from tests.support.program import Program
from tests.support.uv_caches import BASE, GENERATIONS, NEWEST, UvCache, pack, write_all

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.uv_caches import Generation

each_generation = pytest.mark.parametrize("generation", GENERATIONS.values(), ids=GENERATIONS)


@pytest.fixture
def uv(tmp_path: Path) -> UvCache:
    """A cache of the newest uv, still empty."""
    return UvCache(tmp_path / "uv")


@pytest.fixture
def run(uv: UvCache, capsys: pytest.CaptureFixture[str]) -> Program:
    """The program on that cache."""
    return Program(uv.root, capsys)


def judgements(run: Program, *arguments: str) -> dict[str, dict[str, Any]]:
    """The judgements of `verify`, by project."""
    document = run("verify", *arguments, "--format", "json").document
    return {judgement["artifact"]["project"]: judgement for judgement in document["judgements"]}


def codes(judgement: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["code"], finding["by"]) for finding in judgement["findings"]]


def not_judged(run: Program) -> dict[str, int]:
    document = run("verify", "--format", "json").document
    return {row["reason"]: row["count"] for row in document["not_judged"]}


@each_generation
def test_what_uv_wrote_is_intact_and_nothing_changes(
    generation: Generation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = UvCache(tmp_path / "uv", generation)
    cache.wheel("six", "1.17.0")
    cache.wheel("idna", "3.10", place="url/939c2be22cc811eb", is_local=True)
    cache.wheel(
        "acme-long", "1.0+local.build", place="index/0123456789abcdef", stem="1.0+local.bui-4ab470b8b5510f26"
    )
    cache.sdist("docopt", "0.6.2")
    cache.sdist("made", "1.0", place="path/0123456789abcdef", is_local=True)
    cache.seen("rich", "13.0")
    cache.environment(("six", "1.17.0"), ("litellm", "1.82.7"))
    cache.environment(("litellm", "1.82.8"), script="s")
    cache.killed("big", "1.0")
    make_old(cache.root)
    look(cache.root)
    before = look(cache.root)
    ran = Program(cache.root, capsys)("verify", "--format", "json")
    assert look(cache.root) == before
    assert ran.code == 0
    verdicts = {(row["artifact"]["project"], row["verdict"]) for row in ran.document["judgements"]}
    assert verdicts == {(name, "intact") for name in ("six", "idna", "acme-long", "docopt", "made")}
    # the wheels that were built lie there whole, and unpacked
    assert len(ran.document["judgements"]) == 7
    reasons = {row["reason"]: row["count"] for row in ran.document["not_judged"]}
    assert reasons == {"sdist": 2, "environment": 3, "unfinished": 1, "seen": 1}


def test_what_was_changed_is_missing_or_was_added_is_a_finding(uv: UvCache, run: Program) -> None:
    changed, missing, added, whole = (
        uv.archive_of(uv.wheel(name, "1.0", members={f"{name}/core.py": b"A = 1\n"}))
        for name in ("changed", "missing", "added", "whole")
    )
    (changed / "changed/core.py").write_bytes(b"A = 2\n")
    (missing / "missing/core.py").unlink()
    (added / "evil.pth").write_bytes(b"import evil\n")
    judged = judgements(run)
    assert codes(judged["changed"]) == [("PC502", "changed/core.py")]
    assert codes(judged["missing"]) == [("PC501", "missing/core.py")]
    assert codes(judged["added"]) == [("PC503", "evil.pth")]
    assert codes(judged["whole"]) == []
    assert {name: judgement["verdict"] for name, judgement in judged.items()} == {
        "changed": "poisoned",
        "missing": "poisoned",
        "added": "poisoned",
        "whole": "intact",
    }
    assert whole.is_dir()
    ran = run("verify")
    assert ran.code == 1
    assert "What pip does" not in ran.out
    assert ran.out.count("without a word, with --require-hashes and uv.lock too.") == 3
    assert f"archive-v0/{added.name}" in ran.out


def test_what_python_runs_at_each_start_comes_first(uv: UvCache, run: Program) -> None:
    for name in ("aaa", "bbb", "ccc"):
        archive = uv.archive_of(uv.wheel(name, "1.0"))
        (archive / ("evil.pth" if name == "bbb" else "more.py")).write_bytes(b"")
    ran = run("verify")
    assert ran.lines[0].startswith("poisoned: bbb-1.0")
    assert "Python runs at each start what RECORD does not know: evil.pth in bbb-1.0-py3-none-any.whl." in ran.out
    judged = judgements(run)
    assert [row["runs_at_start"] for name in judged for row in judged[name]["findings"]] == [True, False, False]


def test_a_finding_comes_with_the_commands_of_uv(uv: UvCache, run: Program) -> None:
    for name in ("six", "rich"):
        (uv.archive_of(uv.wheel(name, "1.0")) / "more.py").touch()
    option = f"--cache-dir {uv.root}"
    ran = run("verify")
    assert f"Cure: uv cache clean six {option} && uv cache prune {option}" in ran.out
    assert f"Cure of all: uv cache clean rich six {option} && uv cache prune {option}" in ran.out
    document = run("verify", "--format", "json").document
    assert document["cure"] == f"uv cache clean rich six {option} && uv cache prune {option}"


def test_a_name_that_is_no_projects_stands_in_no_command(uv: UvCache, run: Program) -> None:
    archive = uv.archive_of(path := uv.wheel("six", "1.17.0"))
    (archive / "six-1.17.0.dist-info").rename(archive / "-1.0.dist-info")
    (archive / "-1.0.dist-info/METADATA").write_bytes(b"Metadata-Version: 2.1\nName: --all\nVersion: 1.0\n")
    path.write_bytes(pack([archive.name, [], "x.whl", 0, 5]))
    path.parent.rename(path.parent.with_name("--all"))
    ran = run("verify")
    assert [row["project"] for row in run.artifacts("list")] == ["-all"]
    assert ran.code == 1
    assert f"Cure: uv cache clean --cache-dir {uv.root}\n" in ran.out


def test_a_folder_that_many_pointers_lead_to_is_read_once(
    uv: UvCache, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = uv.wheel("six", "1.17.0")
    for number in range(50):
        shutil.copy(path, path.with_name(f"{number}-py3-none-any.http"))
    opened = []
    real = Folder.open

    def count(root: str, folder: str) -> Folder:
        opened.append(folder)
        return real(root, folder)

    monkeypatch.setattr(Folder, "open", count)
    assert len(run("verify", "--format", "json").document["judgements"]) == 51
    assert len(opened) <= (os.cpu_count() or 1)


def test_a_pointer_whose_archive_is_gone_is_a_note(uv: UvCache, run: Program) -> None:
    shutil.rmtree(uv.archive_of(uv.wheel("rich", "13.0")))
    uv.wheel("six", "1.17.0")
    ran = run("verify")
    assert ran.code == 0
    assert "pointers whose files are gone, so that uv downloads them again: 1: rich-13.0" in ran.out
    assert not_judged(run) == {"gone": 1}


def test_an_archive_that_nothing_leads_to_is_a_leftover(uv: UvCache, run: Program) -> None:
    """uv may be removing it at this moment, so that files are missing."""
    path = uv.wheel("six", "1.17.0")
    archive = uv.archive_of(path)
    shutil.rmtree(path.parent)
    (archive / "six/__init__.py").unlink()
    ran = run("verify")
    assert ran.code == 0
    assert "Not judged, what nothing leads to, so that uv installs nothing of it: 1: six 1.17.0" in ran.out
    assert not_judged(run) == {"leftover": 1}


@pytest.mark.parametrize("what", ["pointer", "archive"])
def test_what_is_removed_while_it_is_judged_is_no_finding(
    uv: UvCache, run: Program, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    path = uv.wheel("six", "1.17.0")
    archive = uv.archive_of(path)
    (archive / "six/__init__.py").unlink()
    real = Folder.open
    opened = 0

    def remove(root: str, folder: str) -> Folder:
        nonlocal opened
        opened += 1
        judged = real(root, folder)
        if opened == 2:  # the second look
            path.unlink() if what == "pointer" else shutil.rmtree(archive)
        return judged

    monkeypatch.setattr(Folder, "open", remove)
    ran = run("verify")
    assert ran.code == 0
    assert "Removed by somebody else during the run: 1 artifact." in ran.out
    assert opened == 2


def test_what_an_install_leaves_unfinished_is_no_finding(uv: UvCache, run: Program) -> None:
    left = uv.killed("big", "1.0")
    shutil.rmtree(left / "big-1.0.dist-info")
    assert run("verify").code == 0
    assert not_judged(run) == {"unfinished": 1}


def test_an_environment_has_files_that_no_record_knows(uv: UvCache, run: Program) -> None:
    path = uv.environment(("six", "1.17.0"), script="s")
    site = path / "lib/python3.11/site-packages"
    write_all(
        site, {"six-1.17.0.dist-info/INSTALLER": b"uv", "six/__pycache__/x.pyc": b"", "_virtualenv.pth": b""}
    )
    assert run("verify").code == 0
    assert not_judged(run) == {"environment": 1}


@pytest.mark.parametrize("what", ["RECORD", "METADATA", "folder"])
def test_without_a_record_the_wheel_is_damaged(uv: UvCache, run: Program, what: str) -> None:
    archive = uv.archive_of(uv.wheel("six", "1.17.0"))
    info = archive / "six-1.17.0.dist-info"
    if what == "folder":
        info.rename(archive / "info")
    else:
        (info / what).unlink()
    judged = judgements(run)["six"]
    expected = {
        "RECORD": [("PC504", "six-1.17.0.dist-info/RECORD")],
        "METADATA": [("PC501", "six-1.17.0.dist-info/METADATA")],
        "folder": [("PC504", "")],
    }
    assert codes(judged) == expected[what]
    assert judged["verdict"] == ("poisoned" if what == "METADATA" else "damaged")


def test_the_whole_wheel_that_was_built_is_judged_as_an_archive(uv: UvCache, run: Program) -> None:
    (wheel,) = uv.sdist("docopt", "0.6.2").glob("*.whl")
    wheel.write_bytes(wheel.read_bytes()[:-100])
    judged = [row for row in run("verify", "--format", "json").document["judgements"] if row["findings"]]
    assert [(row["artifact"]["files"], row["verdict"]) for row in judged] == [
        ([wheel.relative_to(uv.root).as_posix()], "damaged")
    ]
    assert run("verify").code == 1


def test_names_that_disagree_are_a_finding(uv: UvCache, run: Program) -> None:
    uv.wheel("six", "1.17.0")
    path = uv.wheel("idna", "3.10")
    # the pointer of one leads to the files of the other
    path.write_bytes(path.read_bytes().replace(b"idna-3.10-py3-none-any.whl", b"rich-3.10-py3-none-any.whl"))
    judged = run("verify", "--format", "json").document["judgements"]
    (row,) = [row for row in judged if row["findings"]]
    assert {finding["code"] for finding in row["findings"]} == {"PC303"}
    assert row["verdict"] == "poisoned"


@pytest.mark.permissions
def test_what_cannot_be_read_is_not_judged(uv: UvCache, run: Program) -> None:
    archive = uv.archive_of(uv.wheel("six", "1.17.0"))
    chmod(archive / "six/__init__.py", 0)
    uv.wheel("rich", "13.0")
    ran = run("verify")
    assert ran.code == 3
    assert judgements(run)["six"]["verdict"] == "unreadable"
    assert "six/__init__.py" in judgements(run)["six"]["problem"]
    chmod(archive / "six/__init__.py", 0o644)
    chmod(archive, 0)
    assert run("verify").code == 3


# Against lock files


def uv_lock(folder: Path, name: str, version: str, digest: str) -> str:
    """A uv.lock that pins a wheel."""
    path = folder / "uv.lock"
    filename = f"{name}-{version}-py3-none-any.whl"
    path.write_text(
        f'version = 1\n\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
        'source = { registry = "https://index.example/simple" }\n'
        f'wheels = [{{ url = "{BASE}{filename}", hash = "sha256:{digest}" }}]\n',
        encoding="utf-8",
    )
    return str(path)


def digest_of(name: str, version: str) -> str:
    return sha256(build_wheel(name, version)[1]).hexdigest()


def test_a_noted_digest_that_a_lock_has_too_proves_nothing(uv: UvCache, run: Program, tmp_path: Path) -> None:
    uv.wheel("six", "1.17.0")
    lock = uv_lock(tmp_path, "six", "1.17.0", digest_of("six", "1.17.0"))
    ran = run("verify", "--against", lock)
    assert ran.code == 0
    assert "None of it is verified." in ran.out
    assert "Known to the files given with --against: 1; not known to them: 0." in ran.out
    judged = judgements(run, "--against", lock)["six"]
    assert judged["verdict"] == "intact"
    (promise,) = judged["promises"]
    assert (promise["kept"], promise["noted"], promise["actual"]) == (True, True, digest_of("six", "1.17.0"))


def test_a_noted_digest_that_a_lock_does_not_have_is_a_finding(uv: UvCache, run: Program, tmp_path: Path) -> None:
    uv.wheel("six", "1.17.0")
    lock = uv_lock(tmp_path, "six", "1.17.0", "ab" * 32)
    judged = judgements(run, "--against", lock)["six"]
    assert codes(judged) == [("PC206", lock)]
    assert judged["verdict"] == "poisoned"
    assert judged["findings"][0]["actual"] == f"sha256 {digest_of('six', '1.17.0')}, as uv noted it"
    assert run("verify", "--against", lock).code == 1
    assert run("verify").code == 0


@pytest.mark.parametrize("release", ["0.2.37", "0.9.30"])
def test_where_uv_noted_no_digest_that_is_said(
    release: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = UvCache(tmp_path / "uv", GENERATIONS[release])
    cache.wheel("six", "1.17.0")
    run = Program(cache.root, capsys)
    lock = uv_lock(tmp_path, "six", "1.17.0", "ab" * 32)
    judged = judgements(run, "--against", lock)["six"]
    (promise,) = judged["promises"]
    assert (promise["kept"], promise["why_not"]) == (
        None,
        "uv noted no digest of the archive, and does not keep it",
    )
    assert judged["verdict"] == "intact"


def test_of_a_version_with_several_digests_any_is_right(uv: UvCache, run: Program, tmp_path: Path) -> None:
    uv.wheel("six", "1.17.0")
    (tmp_path / "r.txt").write_text(
        f"six==1.17.0 --hash=sha256:{'ab' * 32} --hash=sha256:{digest_of('six', '1.17.0')}\n"
    )
    judged = judgements(run, "--against", str(tmp_path / "r.txt"))["six"]
    assert (judged["verdict"], codes(judged)) == ("intact", [])


def test_a_changed_file_is_a_finding_whatever_uv_noted(uv: UvCache, run: Program, tmp_path: Path) -> None:
    archive = uv.archive_of(uv.wheel("six", "1.17.0"))
    (archive / "six/__init__.py").write_bytes(b"")
    lock = uv_lock(tmp_path, "six", "1.17.0", digest_of("six", "1.17.0"))
    assert judgements(run, "--against", lock)["six"]["verdict"] == "poisoned"


def test_nothing_of_uvs_is_ever_verified(uv: UvCache, run: Program) -> None:
    assert NEWEST.notes_digests
    uv.wheel("six", "1.17.0", place="pypi")
    for arguments in ((), ("--thorough",)):
        assert judgements(run, *arguments)["six"]["verdict"] == "intact"
    assert run("verify", "--fail-on", "unverified").code == 1


@pytest.mark.parametrize("change", ["link", "bytes"])
def test_a_changed_file_that_runs_at_each_start_is_named_in_the_sum(
    uv: UvCache, run: Program, change: str
) -> None:
    archive = uv.archive_of(uv.wheel("six", "1.17.0", members={"mine.pth": b"import six\n"}))
    (archive / "mine.pth").unlink()
    if change == "link":
        link(archive / "mine.pth", uv.root.parent / "evil")
    else:
        (archive / "mine.pth").write_bytes(b"import os\n")
    ran = run("verify")
    assert (
        "Python runs at each start what RECORD does not know: mine.pth in six-1.17.0-py3-none-any.whl." in ran.out
    )


@pytest.mark.parametrize("is_same", [True, False])
def test_the_noted_digest_of_an_sdist_is_compared_too(
    uv: UvCache,
    run: Program,
    tmp_path: Path,
    is_same: bool,  # noqa: FBT001 - a case
) -> None:
    uv.sdist("six", "1.17.0", is_built=False)
    name, data = build_sdist("six", "1.17.0")
    digest = sha256(data).hexdigest()
    lock = tmp_path / "uv.lock"
    lock.write_text(
        'version = 1\n[[package]]\nname = "six"\nversion = "1.17.0"\n'
        'source = { registry = "https://index.example" }\n'
        f'sdist = {{ url = "{BASE}{name}", hash = "sha256:{digest if is_same else "ab" * 32}", size = 5 }}\n'
    )
    ran = run("verify", "--against", str(lock))
    assert ran.code == (0 if is_same else 1)
    not_judged = "Not judged, unpacked sdists, because nothing says what their files should be: 1."
    assert (not_judged in ran.out) is is_same
    if not is_same:
        judged = judgements(run, "--against", str(lock))["six"]
        assert codes(judged) == [("PC206", str(lock))]
        assert judged["findings"][0]["actual"] == f"sha256 {digest}, as uv noted it"
    assert run("verify").code == 0
