"""uv's cache as artifacts: every generation, names, what only was seen, what is hostile, and nothing written."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.cli.main import run
from pipcache.installers.guarded_directory import GuardedDirectory
from pipcache.installers.uv_cache import UvCache as Reader
from pipcache.inventory.identify import identify
from pipcache.store.entries import Foreign, InstalledEntry, NoteEntry, StrayEntry, UnpackedEntry
from tests.support.caches import look
from tests.support.uv_caches import GENERATIONS, NEWEST, Generation, UvCache, cuts, pack, pointer, with_policy

if TYPE_CHECKING:
    from pathlib import Path

    from pipcache.inventory.artifact import Artifact
    from pipcache.util.files import File

each_generation = pytest.mark.parametrize("generation", GENERATIONS.values(), ids=GENERATIONS)


def artifacts_of(cache: UvCache) -> list[Artifact]:
    reader = Reader(str(cache.root))
    return [identify(reader, entry, deep=True) for entry in reader.scan()]


def names(cache: UvCache) -> list[tuple[str, str | None, str | None]]:
    """Kind, project and version of every artifact, sorted."""
    artifacts = artifacts_of(cache)
    return sorted(((each.kind.value, each.project, each.version) for each in artifacts), key=str)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run([*arguments, "--format", "json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, document


@each_generation
def test_everything_is_named_in_every_generation(tmp_path: Path, generation: Generation) -> None:
    cache = UvCache(tmp_path / "uv", generation)
    cache.wheel("six", "1.17.0", tag="py2.py3-none-any")
    cache.wheel("acme", "1.0", place="index/0123456789abcdef")
    cache.wheel("local", "2.0", place="url/0123456789abcdef", is_local=True)
    cache.wheel("long", "1.0+local.build", stem="1.0+local-4ab470b8b5510f26")
    cache.sdist("docopt", "0.6.2")
    cache.sdist("src", "0.1", is_built=False)
    cache.sdist("paths", "3.0", place="path/0123456789abcdef", is_local=True)
    cache.seen("botocore", "1.0")
    cache.environment(("litellm", "1.82.7"), ("click", "8.0"))
    cache.environment(("iniconfig", "2.0"), script="s")
    cache.killed("torch", "2.0")
    cache.archive({"left-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: left\nVersion: 1.0\n"})
    assert names(cache) == sorted(
        [
            *(("wheel", "six", "1.17.0"), ("wheel", "acme", "1.0"), ("wheel", "local", "2.0")),
            *(("wheel", "long", "1.0+local.build"), ("wheel", "torch", "2.0"), ("wheel", "left", "1.0")),
            *(("sdist", "docopt", "0.6.2"), ("sdist", "src", "0.1"), ("sdist", "paths", "3.0")),
            *(("built", "docopt", "0.6.2"), ("built", "paths", "3.0")) * 2,
            *(("environment", "litellm", "1.82.7"), ("environment", "click", "8.0")),
            *(("environment", "iniconfig", "2.0"), ("metadata", "botocore", "1.0")),
        ],
        key=str,
    )
    assert not any(artifact.is_unnamed or artifact.problem for artifact in artifacts_of(cache))


def test_generations_lie_side_by_side(tmp_path: Path) -> None:
    for generation in GENERATIONS.values():
        UvCache(tmp_path / "uv", generation).wheel("six", generation.release)
    assert names(UvCache(tmp_path / "uv")) == sorted(("wheel", "six", release) for release in GENERATIONS)


def test_a_newer_number_is_said_and_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = UvCache(tmp_path / "uv")
    cache.wheel("six", "1.17.0")
    os.rename(cache.root / "wheels-v8", cache.root / "wheels-v99")
    assert run(["list", "--cache-dir", str(cache.root)]) == 0
    captured = capsys.readouterr()
    assert "six      1.17.0" in captured.out
    assert "wheels-v99 has a newer layout than is known here" in captured.err


def test_the_pointer_leads_to_the_archive_and_not_the_link(tmp_path: Path) -> None:
    cache = UvCache(tmp_path / "uv", GENERATIONS["0.9.30"])
    path = cache.wheel("six", "1.17.0")
    archive = cache.archive_of(path)
    path.with_suffix("").unlink()
    path.with_suffix("").symlink_to("/nowhere/archive-v0/aaaaaaaaaaaaaaaaaaaaa")  # a copied cache: links dangle
    (artifact,) = artifacts_of(cache)
    assert isinstance(artifact.entry, UnpackedEntry)
    assert [file.path for file in artifact.files] == [
        "wheels-v5/pypi/six/1.17.0-py3-none-any.http",
        f"archive-v0/{archive.name}",
    ]


def test_a_pointer_whose_archive_is_gone_is_no_wheel_that_is_here(tmp_path: Path) -> None:
    cache = UvCache(tmp_path / "uv")
    path = cache.wheel("six", "1.17.0")
    os.rename(cache.archive_of(path), tmp_path / "gone")
    (artifact,) = artifacts_of(cache)
    assert (artifact.kind, artifact.was_here, artifact.project) == ("unknown", True, "six")


def test_names_that_disagree_are_all_kept_the_pointers_first(tmp_path: Path) -> None:
    cache = UvCache(tmp_path / "uv")
    path = cache.wheel("six", "1.17.0")
    archive = cache.archive_of(path)
    os.rename(archive / "six-1.17.0.dist-info", archive / "evil-6.6.dist-info")
    (artifact,) = artifacts_of(cache)
    assert (artifact.project, artifact.version) == ("six", "1.17.0")
    assert ("evil", "6.6") in {(claim.project, claim.version) for claim in artifact.claims}


def test_noted_digests_are_shown_and_are_no_digests_of_what_is_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = UvCache(tmp_path / "uv")
    cache.wheel("six", "1.17.0")
    _, document = listed(capsys, "show", "six", "--cache-dir", str(cache.root))
    (record,) = document["artifacts"]
    noted = record["noted_digests"]["sha256"]
    assert (record["tool"], record["digests"], record["key"]) == ("uv", None, None)
    assert record["verdict"] != "verified"
    for selector in (f"sha256:{noted}", record["url"], record["filename"]):
        code, answer = listed(capsys, "list", selector, "--cache-dir", str(cache.root))
        assert (code, [each["project"] for each in answer["artifacts"]]) == (0, ["six"]), selector


def test_old_releases_noted_no_digest_and_that_is_said(tmp_path: Path) -> None:
    cache = UvCache(tmp_path / "uv", GENERATIONS["0.9.30"])
    cache.wheel("six", "1.17.0")
    cache.wheel("idna", "3.10", asked_digest=True)
    by_name = {artifact.project: artifact for artifact in artifacts_of(cache)}
    assert (by_name["six"].noted_digests, by_name["six"].notes) == ((), ("uv noted no digest of the file",))
    assert [name for name, _ in by_name["idna"].noted_digests] == ["sha256"]


# What is hostile


def test_no_link_is_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outside = UvCache(tmp_path / "outside")
    outside.wheel("secret", "1.0")
    outside.environment(("secret", "2.0"), script="s")
    cache = UvCache(tmp_path / "uv")
    path = cache.wheel("six", "1.17.0")
    archive = cache.archive_of(path)
    os.rename(archive, tmp_path / "moved")
    archive.symlink_to(tmp_path / "moved")
    (cache.root / "wheels-v7").symlink_to(outside.root / "wheels-v8")
    (cache.root / "wheels-v8/pypi/secret").symlink_to(outside.root / "wheels-v8/pypi/secret")
    (cache.root / "environments-v2").mkdir()
    (cache.root / "environments-v2/s-0123456789abcdef").symlink_to(outside.root / "environments-v2")
    artifacts = artifacts_of(cache)
    assert {artifact.project for artifact in artifacts} == {"six", None}
    links = [each for each in artifacts if isinstance(each.entry, StrayEntry) and each.entry.why is Foreign.LINK]
    assert len(links) == 4
    code, document = listed(capsys, "audit", "nosuch", "--cache-dir", str(cache.root))
    assert code == 3
    assert {each["why"] for each in document["caches"][0]["unjudged"]} == {"a link, not followed"}


@pytest.mark.parametrize("archive_id", ["../../../../etc", "..", "", "/etc/passwd-aaaaaaa", "a" * 22, "a/" * 8, 7])
def test_an_id_that_is_none_leads_nowhere(tmp_path: Path, archive_id: object) -> None:
    cache = UvCache(tmp_path / "uv")
    path = cache.wheel("six", "1.17.0")
    path.write_bytes(
        with_policy(NEWEST, pack([archive_id, [], "six-1.17.0-py3-none-any.whl", 0, 5]), "https://x.y")
    )
    artifacts = artifacts_of(cache)
    # the archive is still here, and named by its content
    assert sorted((each.kind.value, each.project, each.version) for each in artifacts)[1] == (
        "wheel",
        "six",
        "1.17.0",
    )
    assert isinstance(artifacts[0].entry, NoteEntry) or isinstance(artifacts[1].entry, NoteEntry)


def test_a_pointer_that_is_cut_anywhere_ends_no_run(tmp_path: Path) -> None:
    cache = UvCache(tmp_path / "uv")
    path = cache.wheel("six", "1.17.0")
    for data in cuts(path.read_bytes()):
        path.write_bytes(data)
        assert ("wheel", "six", "1.17.0") in names(cache)


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="folders cannot be opened relative to others here")
def test_a_folder_that_becomes_a_link_under_the_reader_is_not_entered(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "secret-1.0.dist-info").mkdir(parents=True)
    (outside / "secret-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: secret\nVersion: 1.0\n")
    cache = UvCache(tmp_path / "uv")
    path = cache.wheel("six", "1.17.0")
    reader = Reader(str(cache.root))
    entries = reader.scan()
    archive = cache.archive_of(path)
    os.rename(archive, tmp_path / "moved")
    archive.symlink_to(outside)
    (artifact,) = [identify(reader, entry, deep=True) for entry in entries]
    assert {claim.project for claim in artifact.claims} == {"six"}
    assert f"archive-v0/{archive.name}" in reader.refused


def test_deep_msgpack_and_long_names_end_no_run(tmp_path: Path) -> None:
    cache = UvCache(tmp_path / "uv")
    path = cache.wheel("six", "1.17.0")
    for data in (
        b"\x91" * 10_000,
        b"\xdd\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\x81" * 10_000,
        b"\xc1" * 9,
    ):
        path.write_bytes(data)
        assert ("wheel", "six", "1.17.0") in names(cache)
    value = pointer(NEWEST, "Q" * 16, filename="x" * 255)
    path.write_bytes(with_policy(NEWEST, pack(value), "https://x.y/z"))
    assert names(cache)


def test_folders_in_one_another_have_an_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = UvCache(tmp_path / "uv")
    folder = cache.sdist("acme", "1.0", is_built=False) / "src"
    folder.joinpath(*["d"] * 300).mkdir(parents=True)
    code, document = listed(capsys, "audit", "sha256:" + "0" * 64, "--deep", "--cache-dir", str(cache.root))
    (unjudged,) = document["caches"][0]["unjudged"]
    assert (code, unjudged["why"]) == (3, "it has more folders in one another than are read")
    assert listed(capsys, "info", "--cache-dir", str(cache.root))[0] == 0


# What is left alone


@pytest.mark.skipif(sys.platform != "linux", reason="O_NOATIME is Linux's")
def test_reading_writes_nothing_and_leaves_access_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = UvCache(tmp_path / "uv")
    cache.wheel("six", "1.17.0")
    cache.sdist("docopt", "0.6.2")
    cache.environment(("litellm", "1.82.7"))
    paths = [path for path in (cache.root, *cache.root.rglob("*")) if not path.is_symlink()]
    before = {path: seen._replace(atime_ns=None) for path, seen in look(cache.root).items()}
    for path in paths:
        os.utime(path, (1_000_000_000, 1_600_000_000))  # read before it was written: relatime would note a reading
    commands = (("list", "--all"), ("show", "*"), ("info",), ("audit", "six", "--deep"), ("remove", "six", "-y"))
    for command in commands:
        run([*command, "--cache-dir", str(cache.root)])
    capsys.readouterr()
    # whose cache it is, is seen by listing the directory and its buckets
    kept = [path for path in paths if path.is_file() or len(path.relative_to(cache.root).parts) > 1]
    assert {path.stat().st_atime for path in kept} == {1_000_000_000}
    after = look(cache.root)
    assert after.keys() == before.keys()
    assert {path: seen.content for path, seen in after.items()} == {p: seen.content for p, seen in before.items()}


def test_a_folder_that_is_no_cache_of_uvs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/a.txt").write_text("x")
    code, document = listed(capsys, "list", "--tool", "uv", "--cache-dir", str(tmp_path / "letters"))
    assert (code, document["error"]["kind"]) == (3, "not-a-pip-cache")
    (tmp_path / "empty").mkdir()
    code, document = listed(capsys, "list", "--tool", "uv", "--cache-dir", str(tmp_path / "empty"))
    assert (code, document["artifacts"], document["cache"]["tool"]) == (0, [], "uv")


def test_list_opens_no_file_of_an_archive_but_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = UvCache(tmp_path / "uv")
    cache.wheel("six", "1.17.0")
    cache.environment(("click", "8.0"))
    reader = Reader(str(cache.root))
    opened: list[str] = []
    keep = GuardedDirectory._open

    def note(self: GuardedDirectory, file: File) -> int:
        opened.append(file.path)
        return keep(self, file)

    monkeypatch.setattr(GuardedDirectory, "_open", note)
    assert [identify(reader, entry).project for entry in reader.scan()] == ["six", "click"]
    assert {os.path.basename(path) for path in opened if "archive-v0" in path} == {"RECORD"}


def test_an_installed_distribution_is_in_its_environment(tmp_path: Path) -> None:
    cache = UvCache(tmp_path / "uv")
    cache.environment(("litellm", "1.82.7"), script="s")
    (artifact,) = artifacts_of(cache)
    assert isinstance(artifact.entry, InstalledEntry)
    assert artifact.entry.site_packages.endswith("site-packages")
    assert "environments-v2/s-" in artifact.notes[0]
