"""Audits of uv's cache: what is here, what only was seen, what cannot be judged, and how uv removes it."""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.cli.main import run
from pipcache.location import machine
from tests.support.archives import build_wheel
from tests.support.caches import CacheBuilder, look
from tests.support.uv_caches import GENERATIONS, UvCache, pack, unzip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVIL = b"print('evil')\n"


class Audited:
    """Audits of one cache of uv's."""

    def __init__(self, cache: UvCache, capsys: pytest.CaptureFixture[str]) -> None:
        self.cache = cache
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """The exit code, and what the answer has of the cache."""
        self._capsys.readouterr()
        code = run(["audit", *arguments, "--cache-dir", str(self.cache.root), "--format", "json"])
        document: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        (part,) = document["caches"]
        return int(code), part

    def text(self, command: str, *arguments: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        code = run([command, *arguments, "--cache-dir", str(self.cache.root)])
        captured = self._capsys.readouterr()
        return int(code), captured.out, captured.err


@pytest.fixture
def uv(tmp_path: Path) -> UvCache:
    return UvCache(tmp_path / "uv")


@pytest.fixture
def audit(uv: UvCache, capsys: pytest.CaptureFixture[str]) -> Audited:
    return Audited(uv, capsys)


def make(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def build_member() -> bytes:
    """The module of every wheel that is built here."""
    (member,) = (data for name, data in unzip(build_wheel("litellm", "1.82.7")[1]).items() if name.endswith(".py"))
    return member


def relations(part: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((hit["relation"], hit["artifact"]["kind"]) for hit in part["hits"])


def test_everything_that_is_here_is_found_with_its_environments(uv: UvCache, audit: Audited) -> None:
    uv.wheel("litellm", "1.82.7")
    uv.wheel("click", "8.0")
    uv.environment(("litellm", "1.82.7"), ("click", "8.0"))
    uv.environment(("litellm", "1.82.7"), script="s")
    uv.killed("litellm", "1.82.7")
    uv.sdist("litellm", "1.82.7")
    code, part = audit("litellm==1.82.7")
    assert (code, part["unjudged"]) == (1, [])
    assert relations(part) == [
        *[("installed", "environment")] * 2,
        *[("match", "built")] * 2,
        ("match", "sdist"),
        *[("match", "wheel")] * 2,
    ]
    assert part["native_commands"] == [
        f"uv cache clean litellm --cache-dir {uv.root}",
        f"uv cache prune --cache-dir {uv.root}",
    ]
    assert audit("litellm==1.82.6") == (0, {**audit("litellm==1.82.6")[1], "hits": [], "unjudged": []})


def test_other_generations_are_looked_at(uv: UvCache, audit: Audited) -> None:
    for generation in GENERATIONS.values():
        UvCache(uv.root, generation).wheel("litellm", generation.release)
    code, part = audit("litellm")
    assert (code, len(part["hits"])) == (1, len(GENERATIONS))


def test_an_environment_alone_is_reason_enough(uv: UvCache, audit: Audited) -> None:
    uv.environment(("litellm", "1.82.7"))
    code, part = audit("litellm==1.82.7")
    assert (code, relations(part)) == (1, [("installed", "environment")])


def test_what_was_only_seen_is_told_apart_and_is_no_reason(uv: UvCache, audit: Audited, tmp_path: Path) -> None:
    uv.wheel("six", "1.17.0")
    uv.seen("litellm", "1.82.7")
    (uv.root / "simple-v28/pypi").mkdir(parents=True)
    (uv.root / "simple-v28/pypi/litellm.rkyv").write_bytes(b"rkyv")
    gone = uv.archive_of(uv.wheel("litellm", "1.82.7", tag="py2-none-any"))
    gone.rename(tmp_path / "gone")
    code, part = audit("litellm==1.82.7")
    assert (code, part["hits"], part["unjudged"]) == (0, [], [])
    assert sorted((hit["relation"], hit["artifact"]["kind"]) for hit in part["seen"]) == [
        ("metadata", "metadata"),
        ("metadata", "unknown"),
        ("page", "page"),
    ]
    assert part["native_commands"] == []
    code, text, _ = audit.text("audit", "litellm==1.82.7")
    assert "Seen by uv and not kept, so nothing of it is here (3 notes):" in text
    assert "nothing found" in text


def test_a_noted_digest_is_compared_and_called_noted(uv: UvCache, audit: Audited) -> None:
    uv.wheel("litellm", "1.82.7")
    digest = sha256(build_wheel("litellm", "1.82.7", tags=["py3-none-any"])[1]).hexdigest()
    code, part = audit(f"sha256:{digest}")
    (hit,) = part["hits"]
    assert (code, hit["clauses"][0]["clause"], hit["digests"]) == (1, "sha256 that uv noted", None)
    assert hit["artifact"]["noted_digests"] == {"sha256": digest}
    assert audit("sha256:" + "0" * 64)[0] == 0


def test_the_url_that_uv_noted_is_compared(uv: UvCache, audit: Audited) -> None:
    uv.wheel("litellm", "1.82.7")
    code, part = audit("https://files.example/packages/litellm-1.82.7-py3-none-any.whl")
    assert (code, relations(part)) == (1, [("match", "wheel")])


def test_digests_that_old_releases_did_not_note_leave_it_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uv = UvCache(tmp_path / "old", GENERATIONS["0.9.30"])
    uv.wheel("six", "1.17.0")
    audit = Audited(uv, capsys)
    code, part = audit("sha256:" + "0" * 64)
    assert (code, [each["why"] for each in part["unjudged"]]) == (
        3,
        ["uv noted no sha256 of its file, and does not keep the file"],
    )
    assert audit("litellm==1.82.7")[0] == 0
    assert audit("six==1.17.0")[0] == 1


def test_an_environment_has_the_digest_of_the_wheel_that_it_was_made_from(uv: UvCache, audit: Audited) -> None:
    uv.wheel("six", "1.17.0")
    uv.environment(("six", "1.17.0"))
    digest = sha256(build_wheel("six", "1.17.0", tags=["py3-none-any"])[1]).hexdigest()
    code, part = audit(f"sha256:{digest}")
    assert (code, relations(part)) == (1, [("installed", "environment"), ("match", "wheel")])
    assert audit("sha256:" + "0" * 64)[0] == 0
    uv.environment(("click", "8.0"))
    assert audit("sha256:" + "0" * 64)[0] == 3


def test_members_are_compared_by_record_and_with_deep_by_their_bytes(uv: UvCache, audit: Audited) -> None:
    path = uv.wheel("acme", "1.0", members={"acme/evil.py": EVIL})
    uv.environment(("other", "1.0"), script="s")
    code, part = audit(f"sha256:{sha256(EVIL).hexdigest()}")
    assert (code, relations(part)) == (1, [("match", "wheel")])
    assert "the member acme/evil.py" in part["hits"][0]["clauses"][0]["clause"]
    added = b"not in RECORD"
    (uv.archive_of(path) / "added.pth").write_bytes(added)
    wanted = f"sha256:{sha256(added).hexdigest()}"
    assert audit(wanted)[1]["hits"] == []
    code, part = audit(wanted, "--deep")
    assert (code, relations(part)) == (1, [("match", "wheel")])


def test_sources_are_hashed_with_deep(uv: UvCache, audit: Audited) -> None:
    revision = uv.sdist("acme", "1.0", is_built=False)
    (revision / "src/evil.py").write_bytes(EVIL)
    wanted = f"sha256:{sha256(EVIL).hexdigest()}"
    code, part = audit(wanted, "--deep")
    assert (code, relations(part)) == (1, [("match", "sdist")])


def test_a_wheel_that_was_built_from_a_match_is_found(uv: UvCache, audit: Audited) -> None:
    uv.sdist("acme", "1.0")
    code, part = audit("https://files.example/packages/acme-1.0.tar.gz")
    assert code == 1
    assert relations(part) == [*[("built-from", "built")] * 2, ("match", "sdist")]


def test_a_wheel_of_an_unknown_source_leaves_digests_open(uv: UvCache, audit: Audited) -> None:
    uv.sdist("acme", "1.0", place="path/0123456789abcdef", is_local=True)
    code, part = audit("sha256:" + "0" * 64)
    reasons = {each["artifact"]["kind"]: each["why"] for each in part["unjudged"]}
    assert (code, reasons) == (
        3,
        {
            "built": "uv noted no sha256 of what it was built from",
            "sdist": "uv noted no sha256 of its file, and does not keep the file",
        },
    )
    assert audit("nosuch==1.0")[0] == 0
    (uv.root / "sdists-v11/path").rename(uv.root / "sdists-v11/editable")
    assert {each["artifact"]["kind"] for each in audit("sha256:" + "0" * 64)[1]["unjudged"]} == {"sdist"}


def test_leftovers_without_a_name_leave_it_open(uv: UvCache, audit: Audited) -> None:
    (uv.root / ".tmpAbCdEf/torch").mkdir(parents=True)
    (uv.root / ".tmpAbCdEf/torch/__init__.py").write_bytes(b"")
    (uv.root / ".tmpEmpty1").mkdir()
    code, part = audit("litellm==1.82.7")
    assert (code, [(each["path"], each["why"]) for each in part["unjudged"]]) == (
        3,
        [(".tmpAbCdEf", "its project is not known")],
    )
    # a package in it has the name of the project, often
    code, part = audit("torch")
    assert (code, relations(part)) == (1, [("match", "wheel")])
    assert audit("torch==2.0")[0] == 3


def test_a_temporary_file_leaves_it_open(uv: UvCache, audit: Audited) -> None:
    (uv.root / "wheels-v8").mkdir()
    for path in (uv.root / ".tmpAbCdEf", uv.root / "wheels-v8/.tmpGhIjKl"):
        path.write_bytes(b"PK")
    code, part = audit("litellm==1.82.7")
    assert code == 3
    assert {each["why"] for each in part["unjudged"]} == {"a temporary file of a download, not read"}


def test_a_newer_layout_is_said_and_noted(uv: UvCache, audit: Audited) -> None:
    uv.wheel("litellm", "1.82.7")
    (uv.root / "wheels-v8").rename(uv.root / "wheels-v77")
    code, part = audit("litellm==1.82.7")
    assert code == 1
    assert "in wheels-v77, which was read as the last known layout" in part["hits"][0]["artifact"]["notes"]
    for command in ("audit", "show", "list", "info"):
        words = () if command == "info" else ("litellm",)
        assert "wheels-v77 has a newer layout" in audit.text(command, *words)[2]


@pytest.mark.skipif(not hasattr(os, "link"), reason="there are no hard links here")
def test_hard_links_tell_of_other_places(uv: UvCache, audit: Audited, tmp_path: Path) -> None:
    archive = uv.archive_of(uv.wheel("litellm", "1.82.7"))
    os.link(archive / "litellm-1.82.7.dist-info/METADATA", tmp_path / "METADATA")
    _, part = audit("litellm==1.82.7")
    (note,) = part["hits"][0]["artifact"]["notes"]
    assert note.startswith("installed once from here on this file system, by hard links (archive-v0/")


def test_an_unknown_bucket_leaves_it_open(uv: UvCache, audit: Audited) -> None:
    (uv.root / "parcels-v1").mkdir()
    code, part = audit("litellm")
    assert (code, [each["path"] for each in part["unjudged"]]) == (3, ["parcels-v1"])
    (uv.root / "parcels-v1").rename(uv.root / "interpreter-v9")
    assert audit("litellm")[0] == 0


def test_pips_and_uvs_in_one_directory_are_told_apart(uv: UvCache, audit: Audited) -> None:
    uv.wheel("litellm", "1.82.7")
    CacheBuilder(uv.root).download("https://index.example/simple/twisted/", b"page")
    code, part = audit("litellm==1.82.7")
    (unjudged, *_) = part["unjudged"]
    assert (code, unjudged["why"]) == (
        3,
        "holds files of uv's, which are not read with pip's (--tool uv reads them)",
    )
    assert audit("litellm==1.82.7", "--tool", "uv")[0] == 1
    assert audit("nosuch", "--tool", "uv")[0] == 0


@pytest.mark.parametrize("command", [("list",), ("show", "twisted"), ("info",), ("verify",)], ids=" ".join)
def test_a_directory_of_pips_and_uvs_is_said_to_be_read_in_part(
    uv: UvCache, audit: Audited, command: tuple[str, ...]
) -> None:
    CacheBuilder(uv.root).download("https://index.example/simple/twisted/", b"page")
    (uv.root / "mine").mkdir()
    uv.wheel("litellm", "1.82.7")
    said = "uv keeps its cache in this directory too; it was not read (--tool uv does): archive-v0, wheels-v8."
    assert said in audit.text(*command)[2]
    assert "Note:" not in audit.text(*command, "--tool", "uv")[2]


@pytest.mark.parametrize("form", ["table", "markdown", "sarif", "line"])
def test_every_form_has_the_commands_and_what_was_seen(uv: UvCache, audit: Audited, form: str) -> None:
    uv.wheel("litellm", "1.82.7")
    uv.seen("litellm", "1.82.6")
    code, text, _ = audit.text("audit", "litellm", "--format", form)
    text = text.replace("\\", "")
    assert code == 1
    if form != "line":
        assert f"uv cache clean litellm --cache-dir {uv.root}" in text
        assert f"uv cache prune --cache-dir {uv.root}" in text
    if form in {"table", "markdown"}:
        assert "Seen by uv and not kept" in text


def test_a_pointer_does_not_hide_an_environment(uv: UvCache, audit: Audited) -> None:
    """uv runs what an environment's link leads to, whatever else leads there."""
    environment = uv.environment(("litellm", "1.82.7"))
    pointer = uv.wheel("six", "1.17.0")
    archive_id = os.readlink(environment).rpartition("/")[2]
    pointer.write_bytes(pack([archive_id, [], "six-1.17.0-py3-none-any.whl", 0, 5]))
    code, part = audit("litellm==1.82.7")
    assert (code, relations(part)) == (1, [("installed", "environment")])


def test_a_built_wheel_of_holes_is_not_hashed(uv: UvCache, audit: Audited) -> None:
    (wheel,) = uv.sdist("litellm", "1.82.7").glob("*.whl")
    os.truncate(wheel, 1 << 40)
    code, part = audit(f"sha256:{'0' * 64}", "--deep")
    path = wheel.relative_to(uv.root).as_posix()
    assert (code, [entry["why"] for entry in part["unjudged"] if entry["path"] == path]) == (
        3,
        ["its bytes could not be read"],
    )
    assert audit("litellm==1.82.7")[0] == 1


# How it is removed


@pytest.mark.parametrize("arguments", [(), ("--yes",), ("--dry-run",), ("--tool", "uv")], ids=" ".join)
@pytest.mark.parametrize("command", [("remove", "litellm==1.82.7"), ("clear",), ("prune",)], ids=" ".join)
def test_what_removes_leaves_it_to_uv(
    uv: UvCache, audit: Audited, command: tuple[str, ...], arguments: tuple[str, ...]
) -> None:
    uv.wheel("litellm", "1.82.7")
    before = look(uv.root)
    code, _, said = audit.text(*command, *arguments)
    assert (code, look(uv.root) == before) == (3, True)
    lines = [line.strip() for line in said.splitlines()]
    place = f"--cache-dir {uv.root}"
    expected = {
        "remove": [
            f"uv cache clean litellm {place}",
            f"uv cache prune {place}",
            f"pipcache audit litellm==1.82.7 --tool uv {place}",
        ],
        # the directory itself may be gone then
        "clear": [f"uv cache clean {place}", f"UV_CACHE_DIR={uv.root} pipcache info --tool uv"],
        "prune": [f"uv cache prune {place}", f"pipcache info --tool uv {place}"],
    }[command[0]]
    assert lines[-len(expected) :] == expected


def test_the_commands_name_what_a_selector_matches(uv: UvCache, audit: Audited) -> None:
    uv.wheel("litellm", "1.82.7")
    uv.wheel("litellm-proxy", "1.0")
    uv.wheel("six", "1.17.0")
    _, _, said = audit.text("remove", "litellm*", "--yes")
    assert f"uv cache clean litellm litellm-proxy --cache-dir {uv.root}" in said


def test_the_commands_name_what_advisories_and_files_of_selectors_mean(
    uv: UvCache, audit: Audited, tmp_path: Path
) -> None:
    uv.environment(("litellm", "1.82.7"))
    uv.wheel("six", "1.17.0")
    bad = tmp_path / "bad.txt"
    bad.write_text("litellm==1.82.7\n", encoding="utf-8")
    said = ""
    for words in (["--advisory", str(bad)], ["-r", str(bad)]):
        for more in (["--yes"], ["--tool", "uv"]):
            code, _, said = audit.text("remove", *words, *more)
            assert (code, f"uv cache clean litellm --cache-dir {uv.root}" in said) == (3, True)
    assert "pipcache audit litellm==1.82.7 --tool uv" in said
    code, _, said = audit.text("remove", "--damaged", "--yes")
    assert (code, f"pipcache verify --tool uv --cache-dir {uv.root}" in said) == (3, True)


def _in_builds(uv: UvCache) -> None:
    uv.killed("litellm", "1.82.7").rename(make(uv.root / "builds-v0") / ".tmpAbCdEf")


def _in_downloads(uv: UvCache) -> None:
    uv.killed("litellm", "1.82.7").rename(make(uv.root / uv.generation.sdists) / ".tmpAbCdEf")


def _built_in_vain(uv: UvCache) -> None:
    uv.sdist("litellm", "1.82.7", place="url/0123456789abcdef", is_built=False).joinpath(
        "metadata.msgpack"
    ).unlink()


def _editable(uv: UvCache) -> None:
    uv.sdist("litellm", "1.82.7", place="editable/0123456789abcdef", is_local=True)


def _without_a_name(uv: UvCache) -> None:
    path = uv.wheel("litellm", "1.82.7")
    path.parent.rename(path.parent.with_name("--all"))
    path = path.parent.with_name("--all") / path.name
    archive = uv.archive_of(path)
    (archive / "litellm-1.82.7.dist-info").rename(archive / "-1.0.dist-info")
    (archive / "-1.0.dist-info/METADATA").unlink()
    path.write_bytes(pack([archive.name, [], "x.whl", 0, 5]))


@pytest.mark.parametrize("fill", [_in_builds, _in_downloads, _built_in_vain, _editable, _without_a_name])
def test_what_uv_removes_with_all_else_only_is_removed_so(
    uv: UvCache, audit: Audited, fill: Callable[[UvCache], None]
) -> None:
    """``uv cache clean PROJECT`` and ``uv cache prune`` leave these: ``tests/tools`` tries it."""
    uv.wheel("litellm", "1.82.8")
    fill(uv)
    member = "" if fill is not _without_a_name else "sha256:" + sha256(build_member()).hexdigest()
    asked = member or "litellm==1.82.7"
    code, part = audit(asked)
    assert (code, part["native_commands"]) == (1, [f"uv cache clean --cache-dir {uv.root}"])
    _, said, _ = audit.text("audit", asked)
    assert "uv removes some of this only with everything else; run this, then this audit again:" in said
    _, _, said = audit.text("remove", asked)
    assert said.splitlines()[-1].strip() == f"UV_CACHE_DIR={uv.root} pipcache audit {asked} --tool uv"
    if not member:
        assert audit("litellm==1.82.8")[1]["native_commands"][0] == f"uv cache clean litellm --cache-dir {uv.root}"


def test_all_names_of_a_file_are_cleaned(uv: UvCache, audit: Audited) -> None:
    """uv goes by the name of the folder, whatever the file in it is called."""
    path = uv.wheel("litellm", "1.82.7")
    path.parent.rename(path.parent.with_name("six"))
    _, part = audit("litellm==1.82.7")
    assert part["native_commands"][0] == f"uv cache clean litellm six --cache-dir {uv.root}"


@pytest.mark.parametrize("command", [("remove", "six"), ("clear",), ("prune",)], ids=" ".join)
def test_of_an_empty_cache_nothing_has_to_be_removed(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    for _ in range(2):
        assert run([*command, "--tool", "uv", "--yes"]) == 0
        assert "uv cache" not in capsys.readouterr().err
        (tmp_path / "uv").mkdir(exist_ok=True)


def test_the_commands_are_in_json_too(uv: UvCache, capsys: pytest.CaptureFixture[str]) -> None:
    uv.wheel("six", "1.17.0")
    capsys.readouterr()
    code = run(["clear", "--yes", "--cache-dir", str(uv.root), "--format", "json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (code, error["kind"]) == (3, "other-installer")
    assert error["commands"][0] == f"uv cache clean --cache-dir {uv.root}"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no owners here")
def test_another_users_cache_is_cleaned_as_that_user(
    uv: UvCache, audit: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwd = pytest.importorskip("pwd")
    uv.wheel("six", "1.17.0")
    name = pwd.getpwuid(uv.root.stat().st_uid).pw_name
    monkeypatch.setattr("os.geteuid", lambda: 12_345)
    assert audit("six")[1]["native_commands"][0].startswith(f"sudo -u {name} uv cache clean six ")


# All caches


@pytest.mark.skipif(sys.platform != "linux", reason="the places are those of Linux")
def test_all_caches_are_pips_and_uvs_and_a_tool_narrows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("UV_CACHE_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "PIP_CACHE_DIR", "CONDA_EXE"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(machine, "machine_homes", lambda: [("ada", str(home))])
    uv = UvCache(home / ".cache/uv")
    uv.wheel("litellm", "1.82.7")
    CacheBuilder(home / ".cache/pip").download("https://index.example/simple/twisted/", b"page")

    def audited(*arguments: str) -> tuple[int, list[tuple[str, int]]]:
        capsys.readouterr()
        code = run(["audit", "litellm", *arguments, "--format", "json"])
        caches = json.loads(capsys.readouterr().out)["caches"]
        here = [part for part in caches if part["cache"]["path"].startswith(str(tmp_path))]
        return int(code), [(part["cache"]["tool"], len(part["hits"])) for part in here]

    assert audited("--all-caches") == (1, [("pip", 0), ("uv", 1)])
    assert audited("--all-caches", "--tool", "uv") == (1, [("uv", 1)])
    assert audited("--all-caches", "--tool", "pip") == (0, [("pip", 0)])
    assert audited("--tool", "uv") == (1, [("uv", 1)])
    assert audited() == (0, [("pip", 0)])


@pytest.mark.skipif(not hasattr(os, "O_NOATIME"), reason="the system keeps no access time here")
@pytest.mark.parametrize(
    "command", [("list",), ("show", "six"), ("info",), ("verify",), ("audit", "six")], ids=" ".join
)
def test_listing_folders_moves_no_access_time(uv: UvCache, audit: Audited, command: tuple[str, ...]) -> None:
    uv.wheel("six", "1.17.0")
    uv.sdist("docopt", "0.6.2")
    uv.environment(("click", "8.0"), script="run")
    folders = [path for path in uv.root.rglob("*") if path.is_dir() and not path.is_symlink()]
    for folder in folders:
        os.utime(folder, (1_000_000_000, 1_100_000_000))
    assert audit.text(*command)[0] in {0, 1}
    assert {folder for folder in folders if folder.stat().st_atime != 1_000_000_000} == set()
