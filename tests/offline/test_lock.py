"""`lock`: what goes into it, what is left out and why, what is missing."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.archives import build_wheel
from tests.support.caches import look, make_old
from tests.support.truth import Source, url_key

if TYPE_CHECKING:
    from tests.offline.conftest import Shelf
    from tests.support.lock_samples import Write
    from tests.support.program import Program, Ran


def names(answer: Ran) -> list[str]:
    """The projects and versions of a lock in the form of requirements."""
    lines = [line for line in answer.lines if not line.startswith("#")]
    matches = [re.fullmatch(r"(\S+) @ \S+/([^/#-]+)-([^/#-]+)[^/#]*#sha256=[0-9a-f]{64}", line) for line in lines]
    assert all(matches), lines
    return [f"{match[1]} {match[3].removesuffix('.tar.gz')}" for match in matches if match is not None]


def missing(answer: Ran) -> dict[str, tuple[str, list[str]]]:
    return {lack["requirement"]: (lack["why"], lack["needed_by"]) for lack in answer.document["missing"]}


def left_out(answer: Ran) -> dict[str, str]:
    return {left["artifact"]["filename"]: left["why"] for left in answer.document["left_out"]}


def test_a_line_has_the_name_the_url_and_the_digest(shelf: Shelf, program: Program) -> None:
    filename, body = build_wheel("Foo.Bar", "1.0")
    url = shelf.file("Foo.Bar", filename, body)
    answer = program("lock")
    assert answer.code == 0
    assert answer.lines[1:] == [f"foo-bar @ {url}#sha256={hashlib.sha256(body).hexdigest()}"]
    assert answer.lines[0].startswith("# ")
    assert answer.err.startswith("Locked 1 file (")


def test_what_a_selection_needs_is_added_from_the_cache(shelf: Shelf, program: Program) -> None:
    shelf.wheel("app", "2.0", "Mid_dle>=1,<2", "gone; sys_platform == 'never'", "extra; extra == 'more'")
    for version in ("0.9", "1.1", "1.2", "2.0"):
        shelf.wheel("mid-dle", version, "deep")
    shelf.wheel("deep", "3.0")
    shelf.wheel("unrelated", "1.0")
    assert names(program("lock", "app", "--complete")) == ["app 2.0", "deep 3.0", "mid-dle 1.2"]
    assert names(program("lock", "app", "--no-deps")) == ["app 2.0"]


def test_the_version_of_what_is_added_meets_all_that_need_it(shelf: Shelf, program: Program) -> None:
    shelf.wheel("app", "1.0", "shared", "other")
    shelf.wheel("other", "1.0", "shared<2")
    for version in ("1.5", "2.0", "3.0"):
        shelf.wheel("shared", version)
    answer = program("lock", "app", "--complete")
    assert (answer.code, names(answer)) == (0, ["app 1.0", "other 1.0", "shared 1.5"])


def test_final_and_unyanked_versions_are_preferred(shelf: Shelf, program: Program) -> None:
    shelf.wheel("app", "1.0", "dep", "only-pre")
    shelf.wheel("dep", "1.0")
    shelf.wheel("dep", "1.1", listed={"yanked": "broken"})
    shelf.wheel("dep", "2.0rc1")
    shelf.wheel("only-pre", "0.1b1")
    assert names(program("lock", "app")) == ["app 1.0", "dep 1.0", "only-pre 0.1b1"]


def test_extras_that_are_asked_for_are_followed_and_written(shelf: Shelf, program: Program) -> None:
    shelf.wheel("app", "1.0", "fast; extra == 'speed'\nProvides-Extra: Speed")
    shelf.wheel("fast", "1.0")
    assert names(program("lock", "app")) == ["app 1.0"]
    answer = program("lock", "app[speed,none]")
    assert "ignored" not in answer.err
    assert [line.partition(" ")[0] for line in answer.lines[1:]] == ["app", "app[speed]", "fast"]


def test_each_set_of_extras_has_a_line_as_it_is_spelled(shelf: Shelf, program: Program, tmp_path: Path) -> None:
    shelf.wheel("app", "1.0", "foo[B.b,a_a]", "foo[a_a]", "foo[a_a,B.b]", "lib")
    shelf.wheel("lib", "1.0", "foo", "foo[a-a]")
    shelf.wheel("foo", "1.0", "x; extra == 'a-a'\nProvides-Extra: a-a")
    shelf.wheel("x", "1.0")
    lock = tmp_path / "lock.txt"
    program("lock", "app", "foo[A_A]", "-o", str(lock))
    lines = lock.read_text().splitlines()[1:]
    assert [line.partition(" ")[0] for line in lines] == [
        *("app", "foo", "foo[B.b,a_a]", "foo[a-a]", "foo[a_a]", "lib", "x")
    ]
    assert len({line.partition(" @ ")[2] for line in lines}) == 4
    assert program("lock", "--for", str(lock)).out == lock.read_text()


def test_what_is_missing_is_said_with_who_needs_it_and_why(shelf: Shelf, program: Program) -> None:
    shelf.wheel("app", "1.0", "nowhere>=2", "old>=2", "foreign", "broken")
    shelf.wheel("old", "1.0")
    shelf.wheel("foreign", "1.0", tags=["cp27-cp27m-win32"])
    filename, body = build_wheel("broken", "1.0")
    shelf.file("broken", filename, body, digest="0" * 64)
    answer = program("lock", "app", "--format", "json")
    assert answer.code == 3  # what is needed was left out, because it is not verified
    by = ["app 1.0"]
    assert missing(answer) == {
        "nowhere>=2": ("not-cached", by),
        "old>=2": ("no-version", by),
        "foreign": ("no-fit", by),
        "broken": ("left-out", by),
    }
    assert left_out(answer) == {filename: "poisoned"}
    assert "Missing: nowhere>=2, needed by app 1.0: it is not in the cache" in answer.err
    assert program("lock", "app", "--complete").code == 1


def test_what_is_not_cached_at_all_is_missing(shelf: Shelf, program: Program) -> None:
    shelf.wheel("app", "1.0")
    for selector in ("nosuch", "app==2", "nosuch*", "sha256:" + "0" * 64, "app-9-py3-none-any.whl"):
        answer = program("lock", selector, "--format", "json")
        assert (answer.code, len(answer.document["missing"]), answer.document["locked"]) == (0, 1, []), selector
        assert program("lock", selector, "--complete").code == 1


def test_only_what_is_verified_goes_in_and_all_else_is_said(shelf: Shelf, program: Program) -> None:
    builder = shelf.builder
    shelf.wheel("good", "1.0")
    shelf.file("swapped", *build_wheel("swapped", "1.0"), digest="1" * 64)
    builder.download("https://files.example/lonely-1.0-py3-none-any.whl", build_wheel("lonely", "1.0")[1])
    filename, body = build_wheel("cut", "1.0")
    shelf.file("cut", filename, body[:-40], digest=hashlib.sha256(body).hexdigest())
    builder.built({"url": "https://files.example/made-1.0.tar.gz"}, *build_wheel("made", "1.0"))
    answer = program("lock", "--format", "json")
    assert [file["project"] for file in answer.document["locked"]] == ["good"]
    assert left_out(answer) == {
        "swapped-1.0-py3-none-any.whl": "poisoned",
        "lonely-1.0-py3-none-any.whl": "intact",
        "cut-1.0-py3-none-any.whl": "damaged",
        "made-1.0-py3-none-any.whl": "built",
    }
    assert answer.code == 3
    assert program("lock", "good").code == 0
    assert program("lock", "made").code == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example/t/abcdef123456/app-1.0-py3-none-any.whl",
        "https://files.example/app-1.0-py3-none-any.whl?X-Amz-Signature=0123456789abcdef",
        "https://files.example/AbCdEf0123456789ghIJ/app-1.0-py3-none-any.whl",
    ],
)
def test_no_secret_of_a_url_comes_out(shelf: Shelf, program: Program, url: str) -> None:
    shelf.file("app", *build_wheel("app", "1.0"), url=url)
    for form in ("requirements", "pylock", "sha256sums", "json"):
        answer = program("lock", "--format", form)
        assert answer.code == 3
        for secret in ("abcdef123456", "0123456789abcdef", "AbCdEf0123456789ghIJ"):
            assert secret not in answer.out + answer.err
        if form == "json":
            assert left_out(answer) == {"app-1.0-py3-none-any.whl": "secret"}


def test_two_files_of_one_name_are_both_left_out(shelf: Shelf, program: Program) -> None:
    filename, body = build_wheel("app", "1.0")
    url = shelf.file("app", filename, body, url=f"https://one.example/{filename}")
    other = build_wheel("app", "1.0", members={"other.txt": b""})[1]
    shelf.file("app", filename, other, url=f"https://other.example/{filename}")
    answer = program("lock", "--format", "json")
    assert (answer.code, left_out(answer)) == (3, {filename: "other-bytes"})
    assert f"@ {url}#" in program("lock", url).out


def test_the_same_file_from_two_places_stands_in_it_once(shelf: Shelf, program: Program) -> None:
    filename, body = build_wheel("app", "1.0")
    for host in ("b", "a", "c"):
        shelf.file("app", filename, body, url=f"https://{host}.example/{filename}")
    answer = program("lock")
    assert (answer.code, [line.split("/")[2] for line in answer.lines[1:]]) == (0, ["a.example"])


def test_of_a_version_the_file_is_taken_that_pip_takes(shelf: Shelf, program: Program) -> None:
    for tag in ("cp312-cp312-manylinux_2_17_x86_64", "cp312-abi3-manylinux_2_17_x86_64", "cp311-cp311-win_amd64"):
        shelf.wheel("app", "1.0", tags=[tag])
    shelf.sdist("app", "1.0", builds_with="[]")

    def taken(*arguments: str) -> list[str]:
        lines = program("lock", *arguments).lines[1:]
        return [line.rpartition("/")[2].partition("#")[0] for line in lines]

    linux = ("--platform", "manylinux_2_28_x86_64")
    assert taken("--python", "3.12", *linux) == ["app-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"]
    assert taken("--python", "3.13", *linux) == ["app-1.0-cp312-abi3-manylinux_2_17_x86_64.whl"]
    assert taken("--python", "3.11", "--platform", "win_amd64") == ["app-1.0-cp311-cp311-win_amd64.whl"]
    assert taken("--python", "3.12", "--platform", "manylinux2010_x86_64") == ["app-1.0.tar.gz"]


def test_several_versions_are_refused_by_pylock_and_the_latest_is_taken_on_demand(
    shelf: Shelf, program: Program
) -> None:
    shelf.wheel("app", "1.0")
    shelf.wheel("app", "2.0")
    shelf.wheel("user", "1.0", "limited<2")
    shelf.wheel("limited", "1.0")
    shelf.wheel("limited", "2.0")
    answer = program("lock", "--format", "pylock")
    assert (answer.code, answer.out) == (2, "")
    assert "app 2.0 and 1.0; limited 2.0 and 1.0" in answer.err
    assert names(program("lock")) == ["app 1.0", "app 2.0", "limited 1.0", "limited 2.0", "user 1.0"]
    assert "see --latest" in program("lock").err
    assert names(program("lock", "--latest", "--complete")) == ["app 2.0", "limited 1.0", "user 1.0"]
    assert program("lock", "--latest", "--format", "pylock").code == 0
    shelf.wheel("foreign", "1.0", tags=["cp27-cp27m-win32"])
    for arguments in ((), ("--latest",)):  # nobody needs it
        answer = program("lock", "--complete", *arguments)
        assert answer.code == 0, answer.err
        assert "foreign-1.0-cp27-cp27m-win32.whl: it is not for Python" in answer.err
    assert program("lock", "foreign", "--complete").code == 1


def test_pylock_is_as_the_standard_has_it(shelf: Shelf, program: Program) -> None:
    moment = "2024-03-05T10:20:30.123456Z"
    url = shelf.wheel("app", "1.0", listed={"upload-time": moment})
    shelf.wheel("app", "1.0", tags=["cp27-cp27m-win32"], listed={"upload-time": '1"\nx = "'})
    shelf.sdist("app", "1.0", builds_with="[]")
    document = tomllib.loads(program("lock", "--format", "pylock").out)
    assert (document["lock-version"], document["created-by"]) == ("1.0", "pipcache")
    (package,) = document["packages"]
    assert (package["name"], package["version"]) == ("app", "1.0")
    assert package["sdist"]["name"] == "app-1.0.tar.gz"
    other, wheel = package["wheels"]
    assert (wheel["url"], wheel["upload-time"].isoformat()) == (url, "2024-03-05T10:20:30.123456+00:00")
    assert set(wheel) == {"name", "upload-time", "url", "size", "hashes"}
    assert "upload-time" not in other


@pytest.mark.parametrize("form", ["requirements", "pylock", "sha256sums", "json"])
def test_equal_caches_give_equal_locks_and_nothing_is_changed(shelf: Shelf, program: Program, form: str) -> None:
    for name in ("a", "c", "b"):
        shelf.wheel(name, "1.0", "a", "nosuch")
    make_old(program.cache)
    before = look(program.cache)
    first, second = program("lock", "--format", form), program("lock", "--format", form)
    assert first.out == second.out
    assert look(program.cache) == before


@pytest.mark.parametrize("form", ["requirements", "pylock", "sha256sums"])
def test_each_form_is_read_back_by_verify_and_by_lock(
    shelf: Shelf, program: Program, tmp_path: Path, form: str
) -> None:
    shelf.wheel("app", "1.0", "dep")
    shelf.wheel("dep", "1.0+local.1")
    shelf.sdist("src", "1.0", builds_with="[]")
    lock = tmp_path / "lock"
    assert program("lock", "--format", form, "-o", str(lock)).code == 0
    verified = program("verify", "--against", str(lock), "--format", "json").document
    assert (verified["known_to_locks"], verified["unknown_to_locks"]) == (3, 0)
    again = program("lock", "--for", str(lock), "--complete")
    assert (again.code, again.out) == (0, program("lock").out)
    changed = re.sub(r"[0-9a-f]{64}", "0" * 64, lock.read_text("utf-8"))
    lock.write_text(changed, encoding="utf-8")
    assert program("verify", "--against", str(lock)).code == 1
    assert program("lock", "--for", str(lock), "--complete").code == 1


def test_the_file_is_replaced_as_a_whole_and_only_where_it_may_be(
    shelf: Shelf, program: Program, tmp_path: Path
) -> None:
    shelf.wheel("app", "1.0")
    target = tmp_path / "locks" / "app.txt"
    target.parent.mkdir()
    target.write_text("old", encoding="utf-8")
    link = tmp_path / "link.txt"
    link.symlink_to(target)
    assert program("lock", "-o", str(link)).out == ""
    assert target.read_text("utf-8") == program("lock").out
    assert link.is_symlink()
    assert [path.name for path in target.parent.iterdir()] == ["app.txt"]
    for path in (
        program.cache / "x.txt",
        program.cache / "http-v2" / "x",
        tmp_path / "locks",
        tmp_path / "no" / "x",
    ):
        answer = program("lock", "-o", str(path), "--format", "json")
        assert answer.code == (3 if path.parent.name == "no" else 2)
    assert program("lock", "--for", str(target), "-o", str(link)).code == 2
    assert target.read_text("utf-8") == program("lock").out


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
def test_a_pipe_is_written_to_and_not_replaced(shelf: Shelf, program: Program) -> None:
    shelf.wheel("app", "1.0")
    text = program("lock").out
    read, write = os.pipe()
    try:
        answer = program("lock", "-o", f"/dev/fd/{write}")
        assert (answer.code, os.read(read, 1 << 16).decode()) == (0, text), answer.err
        assert answer.err.splitlines()[-1].endswith("install -r FILE")
    finally:
        os.close(read)
        os.close(write)
    assert program("lock", "-o", "/dev/null").code == 0
    if os.path.exists("/dev/full"):
        answer = program("lock", "-o", "/dev/full")
        assert (answer.code, answer.err.splitlines()[-1].strip()) == (3, "Nothing was changed.")


def test_what_is_said_of_installing_is_true(shelf: Shelf, program: Program, tmp_path: Path) -> None:
    def said(name: str, *arguments: str) -> str:
        return program("lock", *arguments, "-o", str(tmp_path / name)).err.splitlines()[-1]

    def command(name: str) -> str:
        return f"pip --cache-dir {shlex.quote(str(program.cache))} install -r {shlex.quote(str(tmp_path / name))}"

    shelf.wheel("app", "1.0")
    assert said("a b.txt") == f"Install from the cache, without an index: {command('a b.txt')}"
    assert (
        said("pylock.toml") == f"Install from the cache, without an index, with pip 26.3: {command('pylock.toml')}"
    )
    assert said("p.toml", "--format", "pylock").startswith("Note: ")
    assert said("pylock.toml", "--format", "requirements").startswith("Note: ")
    other = said("lock", "--python", "3.12", "--platform", "win_amd64")
    assert other == f"Install from the cache, without an index, with Python 3.12 on win_amd64: {command('lock')}"
    shelf.wheel("app", "2.0", "gone")
    lines = program("lock", "-o", str(tmp_path / "lock")).err.splitlines()
    assert [line for line in lines if line.startswith("Note: ")] == [
        "Note: pip refuses this file, for it has several versions of a project (see --latest): app 2.0, 1.0"
    ]
    assert lines[-1].startswith("Locked 2 files")
    latest = said("lock", "--latest")
    assert latest == f"Install from the cache, with an index for what is missing: {command('lock')}"


def test_an_sdist_needs_what_it_is_built_with(shelf: Shelf, program: Program) -> None:
    shelf.sdist("plain", "1.0", builds_with="[]")
    shelf.sdist("flit", "1.0", builds_with="['flit_core >=3,<4', 'tomli; python_version < \"3.0\"']")
    answer = program("lock", "--format", "json")
    assert missing(answer) == {"flit-core<4,>=3": ("build", ["flit 1.0"])}
    assert program("lock", "plain", "--complete").code == 0
    assert program("lock", "flit", "--complete").code == 1


REQUIREMENTS = """\
app >= 1 ; python_version >= "3"
nothere ; sys_platform == "never"
dep<2
-c limits.txt
"""


def test_requirements_are_locked_with_their_markers_and_limits(
    shelf: Shelf, program: Program, write: Write
) -> None:
    shelf.wheel("app", "1.0", "dep")
    shelf.wheel("app", "0.9")
    for version in ("1.0", "1.1", "1.2", "2.0"):
        shelf.wheel("dep", version)
    write("limits.txt", "dep!=1.2\n")
    answer = program("lock", "--for", write("requirements.txt", REQUIREMENTS), "--complete")
    assert (answer.code, names(answer)) == (0, ["app 1.0", "dep 1.1"])


UV_LOCK = """\
version = 1
[[package]]
name = "mine"
version = "0.1"
source = { editable = "." }
dependencies = [{ name = "app" }, { name = "winonly", marker = "sys_platform == 'win32'" }]
[[package]]
name = "app"
version = "1.0"
source = { registry = "https://index.example/simple" }
[[package]]
name = "winonly"
version = "1.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "windeep" }]
[[package]]
name = "windeep"
version = "1.0"
source = { registry = "https://index.example/simple" }
"""


def test_a_lock_of_uv_needs_what_its_markers_lead_to(shelf: Shelf, program: Program, write: Write) -> None:
    shelf.wheel("app", "1.0")
    path = write("uv.lock", UV_LOCK)
    answer = program("lock", "--for", path, "--complete", "--platform", "linux_x86_64")
    assert (answer.code, names(answer)) == (0, ["app 1.0"])
    answer = program("lock", "--for", path, "--format", "json", "--platform", "win_amd64")
    assert set(missing(answer)) == {"winonly==1.0", "windeep==1.0"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--python", "three"),
        ("--platform", "amiga"),
        ("--platform", "win32", "--platform", "linux_x86_64"),
        ("--for", "nosuch.txt"),
    ],
)
def test_what_names_nothing_is_refused(program: Program, arguments: tuple[str, ...]) -> None:
    answer = program("lock", *arguments)
    assert (answer.code, answer.out) == (2, "")


def test_the_document_has_what_is_known_of_a_file(shelf: Shelf, program: Program) -> None:
    url = shelf.wheel("app", "1.0", tags=["cp27-cp27m-win32", "cp27-cp27m-win_amd64"])
    (file,) = program("lock", "--format", "json").document["locked"]
    expected: dict[str, Any] = {
        "project": "app",
        "version": "1.0",
        "url": url,
        "taken": False,
        "upload_time": None,
    }
    assert expected.items() <= file.items()


def test_the_name_of_the_file_can_tell_the_form(shelf: Shelf, program: Program, tmp_path: Path) -> None:
    shelf.wheel("app", "1.0")
    for name in ("pylock.toml", "pylock.dev.toml"):
        assert program("lock", "-o", str(tmp_path / name)).code == 0
        assert "packages" in tomllib.loads((tmp_path / name).read_text("utf-8"))
    for name in ("p.toml", "pylock.txt"):  # pip reads what has no such name as requirements
        assert program("lock", "-o", str(tmp_path / name)).code == 0
        assert (tmp_path / name).read_text("utf-8") == program("lock").out
        assert program("verify", "--against", str(tmp_path / name), "--kind", "wheel").code == 0
    answer = program("lock", "--format", "pylock", "-o", str(tmp_path / "p.toml"))
    assert "installers take only the names pylock.toml and pylock.NAME.toml" in answer.err
    assert program("lock", "--format", "requirements", "-o", str(tmp_path / "pylock.toml")).code == 0
    assert (tmp_path / "pylock.toml").read_text("utf-8") == program("lock").out


def test_pip_asks_without_the_user_and_so_the_lock_has_none(shelf: Shelf, program: Program) -> None:
    filename, body = build_wheel("app", "1.0")
    url = f"https://files.example/{filename}"
    shelf.file("app", filename, body, url=f"https://ada:sesame@files.example/{filename}", stored_as=url)
    for form in ("requirements", "pylock", "json"):
        answer = program("lock", "--format", form)
        assert answer.code == 0
        assert f"https://files.example/{filename}" in answer.out
        assert "sesame" not in answer.out + answer.err


def test_a_wheel_that_pip_has_built_is_taken_where_the_key_is_that_of_the_lock(
    shelf: Shelf, program: Program
) -> None:
    url = shelf.sdist("src", "1.0", builds_with="['flit_core']")
    digest = hashlib.sha256(shelf.builder.body(url_key(url)).read_bytes()).hexdigest()
    here = ("--python", "3.12", "--platform", "linux_x86_64", "--complete")
    built = build_wheel("src", "1.0", requires=["needed-by-the-wheel"])

    def lacks() -> list[str]:
        return [
            lack["requirement"] for lack in program("lock", "src", "--format", "json", *here).document["missing"]
        ]

    assert lacks() == ["flit-core"]
    for source, interpreter in ((Source(url), "cp312"), (Source(url, "sha256", digest), "cp311")):
        shelf.builder.built(None, *built, source=source, interpreter=interpreter)
        assert lacks() == ["flit-core"]
    shelf.builder.built(None, *built, source=Source(url, "sha256", digest), interpreter="cp312")
    assert lacks() == ["needed-by-the-wheel"]
    assert "Missing: flit-core" in program("lock", "src", "--format", "pylock", *here).err
