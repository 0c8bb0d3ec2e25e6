"""`prune --keep-for`: what lock and requirements files name stays, by URL, digest, version or specifier."""

from __future__ import annotations

import hashlib
import io
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path

BASE = "https://files.example/packages"
COMMIT, OTHER_COMMIT = "a" * 40, "b" * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


FOO_1, FOO_2 = archives.build_wheel("foo", "1.0"), archives.build_wheel("foo", "2.0")
FOO_2_CP = archives.build_wheel("foo", "2.0", tags=["cp311-cp311-linux_x86_64"])
SRC_1, SRC_2 = archives.build_sdist("src", "1.0"), archives.build_sdist("src", "2.0")
BACKEND = archives.build_wheel("setuptools", "80.0")
OLD_BACKEND = archives.build_wheel("setuptools", "70.0")
BUILT_1, BUILT_2 = archives.build_wheel("src", "1.0"), archives.build_wheel("src", "2.0")
GIT_A, GIT_B = archives.build_wheel("vcs-one", "0.1"), archives.build_wheel("vcs-one", "0.1", build="1")


def page(name: str, *files: tuple[str, bytes]) -> bytes:
    """An index page that lists these files with their digests."""
    rows = [
        {"filename": filename, "url": f"{BASE}/{filename}", "hashes": {"sha256": sha256(data)}}
        for filename, data in files
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows}).encode()


def origin(filename: str, data: bytes) -> dict[str, object]:
    digest = sha256(data)
    return {
        "url": f"{BASE}/{filename}",
        "archive_info": {"hash": f"sha256={digest}", "hashes": {"sha256": digest}},
    }


def vcs(commit: str) -> dict[str, object]:
    return {"url": "https://git.example/vcs-one", "vcs_info": {"vcs": "git", "commit_id": commit}}


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    builder = CacheBuilder(tmp_path / "cache")
    for filename, data in (FOO_1, FOO_2, FOO_2_CP, SRC_1, SRC_2, BACKEND, OLD_BACKEND):
        builder.download(f"{BASE}/{filename}", data)
    builder.download(f"{BASE}/{FOO_2[0]}.metadata", archives.metadata("foo", "2.0"))
    builder.built(origin(*SRC_1), *BUILT_1)
    builder.built(origin(*SRC_2), *BUILT_2)
    builder.built(vcs(COMMIT), *GIT_A)
    builder.built(vcs(OTHER_COMMIT), *GIT_B)
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    for name, files in (("foo", (FOO_1, FOO_2, FOO_2_CP)), ("src", (SRC_1, SRC_2)), ("setuptools", (BACKEND,))):
        builder.download(f"https://index.example/simple/{name}/", page(name, *files), headers=headers)
    return Program(builder.root, capsys)


def kept(program: Program) -> set[str]:
    """What is left, in short: file names, `built` before those that were built, `page` before pages' projects."""
    names = set()
    for record in program.artifacts("list", "--all"):
        named = record["filename"] if record["kind"] != "metadata" else None  # only a page tells it
        name = named or f"{record['project']} {record['version'] or ''}".strip()
        names.add(f"{record['kind']} {name}" if record["kind"] in {"built", "page", "metadata"} else name)
    return names


METADATA = "metadata foo 2.0"
FOO_1_ALL, PAGES = {FOO_1[0], "page foo"}, {"page foo", "page src"}
FOO_2_ALL = {FOO_2[0], FOO_2_CP[0], METADATA, "page foo"}
SRC_2_ALL = {SRC_2[0], f"built {BUILT_2[0]}", "page src"}
SRC_1_ALL = {SRC_1[0], f"built {BUILT_1[0]}", "page src"}

PYLOCK = f"""
lock-version = "1.0"
created-by = "pip"
[[packages]]
name = "foo"
version = "2.0"
wheels = [{{name = "{FOO_2[0]}", url = "{BASE}/{FOO_2[0]}", hashes = {{sha256 = "{sha256(FOO_2[1])}"}}}}]
[[packages]]
name = "src"
version = "2.0"
sdist = {{name = "{SRC_2[0]}", url = "{BASE}/{SRC_2[0]}", hashes = {{sha256 = "{sha256(SRC_2[1])}"}}}}
[[packages]]
name = "vcs-one"
vcs = {{type = "git", url = "https://git.example/vcs-one", commit-id = "{COMMIT}"}}
"""
UV = f"""
version = 1
[[package]]
name = "foo"
version = "2.0"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ url = "{BASE}/{FOO_2[0]}", hash = "sha256:{sha256(FOO_2[1])}" }}]
[[package]]
name = "src"
version = "2.0"
source = {{ registry = "https://index.example/simple" }}
sdist = {{ url = "https://mirror.example/{SRC_2[0]}", hash = "sha256:{sha256(SRC_2[1])}" }}
[[package]]
name = "vcs-one"
version = "0.1"
source = {{ git = "https://git.example/vcs-one?rev=main#{COMMIT}" }}
"""
POETRY = f"""
[[package]]
name = "foo"
version = "2.0"
files = [{{file = "{FOO_2[0]}", hash = "sha256:{sha256(FOO_2[1])}"}}]
[[package]]
name = "src"
version = "2.0"
files = [{{file = "{SRC_2[0]}", hash = "sha256:{sha256(SRC_2[1])}"}}]
[[package]]
name = "vcs-one"
version = "0.1"
files = []
[package.source]
type = "git"
url = "https://git.example/vcs-one"
reference = "main"
resolved_reference = "{COMMIT}"
"""
PDM = f"""
[[package]]
name = "foo"
version = "2.0"
files = [{{file = "{FOO_2[0]}", hash = "sha256:{sha256(FOO_2[1])}"}}]
[[package]]
name = "src"
version = "2.0"
files = [{{url = "{BASE}/{SRC_2[0]}", hash = "sha256:{sha256(SRC_2[1])}"}}]
[[package]]
name = "vcs-one"
version = "0.1"
git = "https://git.example/vcs-one"
ref = "main"
revision = "{COMMIT}"
"""
PIPFILE = json.dumps(
    {
        "_meta": {"hash": {"sha256": "0" * 64}},
        "default": {
            "foo": {"version": "==2.0", "hashes": [f"sha256:{sha256(FOO_2[1])}"]},
            "src": {"version": "==2.0", "hashes": [f"sha256:{sha256(SRC_2[1])}"]},
            "vcs-one": {"git": "https://git.example/vcs-one", "ref": COMMIT},
        },
        "develop": {},
    }
)
HASHED = (
    f"foo==2.0 --hash=sha256:{sha256(FOO_2[1])}\nsrc==2.0 --hash=sha256:{sha256(SRC_2[1])}\n"
    f"vcs-one @ git+https://git.example/vcs-one@{COMMIT}\n"
)
BY_DIGEST = {FOO_2[0], METADATA, *SRC_2_ALL, f"built {GIT_A[0]}", *PAGES}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pylock.toml", PYLOCK),
        ("uv.lock", UV),
        ("poetry.lock", POETRY),
        ("pdm.lock", PDM),
        ("Pipfile.lock", PIPFILE),
        ("requirements.txt", HASHED),
    ],
)
@pytest.mark.parametrize("pages", [True, False], ids=["with pages", "without pages"])
def test_a_lock_keeps_its_files_by_url_digest_and_commit(
    program: Program,
    tmp_path: Path,
    name: str,
    text: str,
    pages: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    if not pages:
        program("remove", "--kind", "page", "*", "--yes")
    (tmp_path / name).write_text(text, encoding="utf-8")
    ran = program("prune", "--keep-for", str(tmp_path / name))
    assert ran.code == 0, ran.err
    assert kept(program) == (BY_DIGEST if pages else BY_DIGEST - PAGES)
    assert program("prune", "--keep-for", str(tmp_path / name)).out.startswith(
        f"Kept {len(kept(program))} entries, removed 0:"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo==1.0\n", FOO_1_ALL),
        ("foo==1\n", FOO_1_ALL),
        ("Foo[extra]==2.0 ; python_version < '3'\n", FOO_2_ALL),
        ("foo\n", FOO_1_ALL | FOO_2_ALL),
        ("foo>=1.5\n", FOO_2_ALL),
        ("foo==2.*\n", FOO_2_ALL),
        ("src<2\n", SRC_1_ALL),
        ("src~=2.0\nfoo!=2\n", SRC_2_ALL | FOO_1_ALL),
        (f"foo @ {BASE}/{FOO_1[0]}\n", FOO_1_ALL),
        (f"src @ {BASE}/{SRC_1[0]}#sha256={sha256(SRC_1[1])}\n", SRC_1_ALL),
        ("-c constraints.txt\nfoo\n", FOO_2_ALL),
        ("-r nested.txt\n", SRC_1_ALL),
        ("-c constraints.txt\n", FOO_2_ALL),
        (".\n./folder\n-e .\nfoo==1.0\n--no-binary :all:\n", FOO_1_ALL),
        ("vcs-one @ git+https://git.example/vcs-one@main\n", {f"built {GIT_A[0]}", f"built {GIT_B[0]}"}),
    ],
)
def test_without_a_digest_version_or_specifier_decide(
    program: Program, tmp_path: Path, text: str, expected: set[str]
) -> None:
    (tmp_path / "constraints.txt").write_text("foo==2.0\n", encoding="ascii")
    (tmp_path / "nested.txt").write_text("src==1.0\n", encoding="ascii")
    (tmp_path / "requirements.txt").write_text(text, encoding="ascii")
    ran = program("prune", "--keep-for", str(tmp_path / "requirements.txt"))
    assert ran.code == 0, ran.err
    assert kept(program) == expected


def test_several_files_keep_what_any_of_them_names(program: Program, tmp_path: Path) -> None:
    first, other = tmp_path / "one.txt", tmp_path / "other.txt"
    first.write_text("foo==1.0\n", encoding="ascii")
    other.write_text("foo==2.0\nsrc==1.0\n", encoding="ascii")
    program("prune", "--keep-for", str(first), "--keep-for", str(other))
    assert kept(program) == FOO_1_ALL | FOO_2_ALL | SRC_1_ALL


def test_what_no_file_pins_is_listed_before_it_goes(program: Program, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("src==1.0\n", encoding="ascii")
    ran = program("prune", "--keep-for", str(tmp_path / "requirements.txt"))
    assert "setuptools 70.0\n" in ran.err
    assert "setuptools 80.0\n" in ran.err
    assert "--keep-latest 1" in ran.err
    assert "src 2.0" not in ran.err  # a version of a project that is named
    assert len(ran.lines) == 1


def test_the_latest_of_what_no_file_pins_can_be_protected(program: Program, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("src==1.0\n", encoding="ascii")
    document = program(
        *("prune", "--keep-for", str(tmp_path / "requirements.txt"), "--keep-latest", "1", "--format", "json")
    ).document
    # of foo there are two sets of tags, each with its newest; an older setuptools and an older src go
    assert kept(program) == {
        *SRC_1_ALL,
        *FOO_2_ALL,
        BACKEND[0],
        "page setuptools",
        f"built {GIT_A[0]}",
        f"built {GIT_B[0]}",
    }
    assert {(record["project"], record["version"]) for record in document["unpinned"]} == {
        ("foo", "1.0"),
        ("setuptools", "70.0"),
    }


def test_another_file_of_a_locked_version_is_not_what_the_lock_names(program: Program, tmp_path: Path) -> None:
    wrong = archives.build_wheel("foo", "2.0", members={"foo/bad.py": b"evil"})
    (program.cache / "x").mkdir()
    CacheBuilder(program.cache).download("https://mirror.example/foo-2.0-py3-none-any.whl", wrong[1])
    (program.cache / "x").rmdir()
    (tmp_path / "requirements.txt").write_text(HASHED, encoding="ascii")
    program("prune", "--keep-for", str(tmp_path / "requirements.txt"))
    assert kept(program) == BY_DIGEST
    assert not program.artifacts("list", f"sha256:{sha256(wrong[1])}")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("requirements.txt", "# nothing\n", "names no project"),
        ("requirements.txt", "foo==\n", "line 1"),
        ("requirements.txt", "-r nosuch.txt\n", "nosuch.txt cannot be read"),
        ("pyproject.toml", "[project]\nname = 'foo'\n", "names no project"),
        ("uv.lock", "version = [", "is not TOML"),
        ("Pipfile.lock", "{", "is not JSON"),
    ],
)
def test_a_file_that_names_nothing_removes_nothing(
    program: Program, tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    before = caches.look(program.cache)
    ran = program("prune", "--keep-for", str(tmp_path / name))
    assert ran.code == 2
    assert said in ran.err
    assert "Nothing was removed." in ran.err
    assert caches.look(program.cache) == before


def test_what_is_named_is_safe_from_age_and_size(program: Program, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("foo==2.0\nsrc==1.0\n", encoding="ascii")
    for path in program.cache.rglob("*"):
        os.utime(path, (0, 0))
    ran = program(
        *("prune", "--keep-for", str(tmp_path / "requirements.txt"), "--unused-for", "1d", "--max-size", "0")
    )
    assert kept(program) == FOO_2_ALL | SRC_1_ALL
    assert "over 0 B: " in ran.out
    assert "kept by --keep-for." in ran.out


def test_what_an_index_gives_again_goes_although_it_is_named(program: Program, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("foo==2.0\nsrc==1.0\n", encoding="ascii")
    program("prune", "--ci", "--keep-for", str(tmp_path / "requirements.txt"))
    assert kept(program) == SRC_1_ALL - {"page src"}


# What a fresh pair of eyes found


def prune_for(program: Program, folder: Path, text: str, *options: str) -> None:
    (folder / "requirements.txt").write_text(text, encoding="utf-8")
    ran = program("prune", "--keep-for", str(folder / "requirements.txt"), *options)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("text", ["torch==2.1.0\n", "torch<=2.1\n", "-c c.txt\ntorch\n", "torch==2.1.0+cu118\n"])
def test_a_pin_means_its_local_versions(program: Program, tmp_path: Path, text: str) -> None:
    filename, data = archives.build_wheel("torch", "2.1.0+cu118")
    CacheBuilder(program.cache).download(f"{BASE}/{filename}", data)
    (tmp_path / "c.txt").write_text("torch==2.1.0\n", encoding="ascii")
    prune_for(program, tmp_path, text)
    assert [record["version"] for record in program.artifacts("list")] == ["2.1.0+cu118"]
    prune_for(program, tmp_path, "torch==2.1.0+cpu\n")
    assert program.artifacts("list") == []


def test_what_has_no_name_is_known_by_its_url_or_commit(program: Program, tmp_path: Path) -> None:
    builder = CacheBuilder(program.cache)
    builder.built({"url": "https://code.example/x/archive/1.2.zip"}, *archives.build_wheel("inner", "1.2"))
    builder.built({"url": "file:///v/local-1.0.tar.gz"}, *archives.build_wheel("local", "1.0"))
    text = f"git+https://git.example/vcs-one@{COMMIT.upper()}\nhttps://code.example/x/archive/1.2.zip\n"
    prune_for(program, tmp_path, f"{text}./v/local-1.0.tar.gz\n")
    assert {record["project"] for record in program.artifacts("list")} == {"vcs-one", "inner", "local"}
    assert len(program.artifacts("list", "vcs-one")) == 1


def test_a_commit_decides_whatever_the_version_is_called(program: Program, tmp_path: Path) -> None:
    (tmp_path / "pdm.lock").write_text(PDM.replace('version = "0.1"', 'version = "0.2.dev1"'), encoding="ascii")
    program("prune", "--keep-for", str(tmp_path / "pdm.lock"))
    assert [record["filename"] for record in program.artifacts("list", "vcs-one")] == [GIT_A[0]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Pipfile.lock", '{"_meta": {}, "default": null, "develop": {"foo": {"version": "==1.0"}}}'),
        ("Pipfile.lock", '{"_meta": {}, "default": {"foo": "==1.0", "src": {"version": "==1.0"}}}'),
        ("report.json", '{"install": {"foo": {"version": "1.0"}}}'),
        ("Cargo.lock", '[[package]]\nname = "foo"\nversion = "1.0"\nchecksum = "x"\n'),
        ("uv.lock", '[[packag]]\nname = "foo"\n[[package]]\nname = "src"\nversion = "1.0"\n'),
        ("requirements.txt", "foo==1.0\n-bar==1.0\n"),
        ("requirements.txt", "foo==1.0\n--requirements other.txt\n"),
    ],
)
def test_a_file_that_is_broken_or_another_tool_s_removes_nothing(
    program: Program, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    before = caches.look(program.cache)
    assert program("prune", "--keep-for", str(tmp_path / name)).code == 2
    assert caches.look(program.cache) == before


def test_variables_marks_and_empty_files_are_taken_as_pip_takes_them(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOO_VERSION", "1.0")
    (tmp_path / "utf-16.txt").write_bytes("foo==${FOO_VERSION}\n".encode("utf-16"))
    (tmp_path / "empty.txt").write_text("# nothing but this project\n-e .\n", encoding="ascii")
    program("prune", "--keep-for", str(tmp_path / "empty.txt"), "--keep-for", str(tmp_path / "utf-16.txt"))
    assert kept(program) == FOO_1_ALL


def test_requirements_can_come_from_standard_input(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"foo==1.0\n")))
    assert program("prune", "--keep-for", "-").code == 0
    assert kept(program) == FOO_1_ALL


def test_thousands_of_rows_and_versions_are_compared_once_each(program: Program, tmp_path: Path) -> None:
    text = "".join(f"foo==1.{number} --hash=sha256:{number:064x}\n" for number in range(3000))
    prune_for(program, tmp_path, text + "src==1.0\n")
    assert kept(program) == SRC_1_ALL | {"page foo"}
