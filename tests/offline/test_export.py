"""`export`: what goes into the index, what is left out or refused, what is missing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.caches import look

if TYPE_CHECKING:
    from tests.offline.conftest import Shelf
    from tests.support.caches import CacheBuilder
    from tests.support.lock_samples import Write
    from tests.support.program import Program, Ran


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "out"


def files_in(folder: Path) -> set[str]:
    return {path.name for path in (folder / "files").iterdir() if path.suffix != ".metadata"}


def page(folder: Path, project: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "simple" / project / "index.json").read_bytes())
    return document


def rows(folder: Path, project: str) -> dict[str, dict[str, Any]]:
    return {row["filename"]: row for row in page(folder, project)["files"]}


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def left_out(answer: Ran) -> dict[str, str]:
    return {left["artifact"]["filename"]: left["why"] for left in answer.document["left_out"]}


def missing(answer: Ran) -> dict[str, tuple[str, list[str]]]:
    return {lack["requirement"]: (lack["why"], lack["needed_by"]) for lack in answer.document["missing"]}


def test_the_folder_has_files_metadata_pages_and_sums(shelf: Shelf, program: Program, out: Path) -> None:
    filename, body = build_wheel("Foo.Bar", "1.0+local.1")
    shelf.file(
        "Foo.Bar", filename, body, listed={"upload-time": "2026-01-02T03:04:05.678Z", "requires-python": ">=3.8"}
    )
    assert program("export", str(out)).code == 0
    digest, side = hashlib.sha256(body).hexdigest(), metadata("Foo.Bar", "1.0+local.1")
    side_digest = hashlib.sha256(side).hexdigest()
    assert (out / "files" / filename).read_bytes() == body
    assert (out / "files" / f"{filename}.metadata").read_bytes() == side
    quoted = filename.replace("+", "%2B")
    assert page(out, "foo-bar") == {
        "meta": {"api-version": "1.1", "_generator": "pipcache"},
        "name": "foo-bar",
        "versions": ["1.0+local.1"],
        "files": [
            {
                "filename": filename,
                "url": f"../../files/{quoted}",
                "hashes": {"sha256": digest},
                "size": len(body),
                "requires-python": ">=3.8",
                "yanked": False,
                "core-metadata": {"sha256": side_digest},
                "data-dist-info-metadata": {"sha256": side_digest},
                "upload-time": "2026-01-02T03:04:05.678Z",
            }
        ],
    }
    html = (out / "simple" / "foo-bar" / "index.html").read_text("utf-8")
    assert f'href="../../files/{quoted}#sha256={digest}"' in html
    assert f'data-core-metadata="sha256={side_digest}" ' in html.replace(">", " ")
    assert "dist-info-metadata" not in html
    assert 'data-requires-python="&gt;=3.8"' in html
    assert json.loads((out / "simple" / "index.json").read_bytes())["projects"] == [{"name": "foo-bar"}]
    assert '<a href="foo-bar/">foo-bar</a>' in (out / "simple" / "index.html").read_text("utf-8")
    sums = (out / "SHA256SUMS").read_text("utf-8").splitlines()
    assert sums == [f"{digest}  files/{filename}", f"{side_digest}  files/{filename}.metadata"]
    assert "--index-url file://DIR/simple" in (out / "README.txt").read_text("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_files_are_readable_for_all_within_the_umask(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.wheel("foo", "1.0")
    before = os.umask(0o027)
    try:
        assert program("export", str(out)).code == 0
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()}
    folders = {path.stat().st_mode & 0o777 for path in (out, *out.rglob("*")) if path.is_dir()}
    assert (modes, folders) == ({0o640}, {0o750})


def test_a_second_run_writes_nothing_and_two_folders_are_equal(
    shelf: Shelf, program: Program, out: Path, tmp_path: Path
) -> None:
    for version in ("1.0", "2.0"):
        shelf.wheel("foo", version)
    shelf.sdist("bar", "1.0")
    program("export", str(out))
    first = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    again = program("export", str(out), "--format", "json")
    assert {file["how"] for file in again.document["files"]} == {"kept"}
    assert again.document["bytes_written"] == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == first
    program("export", str(tmp_path / "other"))
    assert content_of(tmp_path / "other") == content_of(out)


def test_only_what_is_verified_is_exported(shelf: Shelf, program: Program, out: Path) -> None:
    builder = shelf.builder
    shelf.wheel("good", "1.0")
    shelf.file("swapped", *build_wheel("swapped", "1.0"), digest="1" * 64)
    filename, body = build_wheel("cut", "1.0")
    shelf.file("cut", filename, body[:-40], digest=hashlib.sha256(body).hexdigest())
    shelf.file("signed", "signed-1.0-py3-none-any.whl", b"<html>sign in</html>", digest="2" * 64)
    builder.download("https://files.example/lonely-1.0-py3-none-any.whl", build_wheel("lonely", "1.0")[1])
    answer = program("export", str(out), "--format", "json")
    assert answer.code == 3
    assert files_in(out) == {"good-1.0-py3-none-any.whl"}
    assert (
        left_out(answer).items()
        >= {
            "swapped-1.0-py3-none-any.whl": "poisoned",
            "lonely-1.0-py3-none-any.whl": "intact",
        }.items()
    )
    assert len(left_out(answer)) == 4
    assert all(left["is_shortcoming"] for left in answer.document["left_out"])


def test_unverified_files_are_exported_on_demand_and_marked(shelf: Shelf, program: Program, out: Path) -> None:
    filename, body = build_wheel("lonely", "1.0")
    shelf.builder.download(f"https://files.example/{filename}", body)
    assert program("export", str(out)).code == 3
    assert program("export", str(out), "--unverified").code == 0
    assert rows(out, "lonely")[filename]["_mark"] == "unverified"
    assert 'data-mark="unverified"' in (out / "simple" / "lonely" / "index.html").read_text("utf-8")
    # a lock vouches for it from now on
    shelf.file("lonely", filename, body, url=f"https://files.example/{filename}")
    assert program("export", str(out)).code == 0
    assert "_mark" not in rows(out, "lonely")[filename]


ORIGIN = {"url": "https://files.example/packages/made/made-1.0.tar.gz"}


def test_built_wheels_are_exported_and_marked(shelf: Shelf, program: Program, out: Path, tmp_path: Path) -> None:
    filename, body = build_wheel("made", "1.0")
    shelf.builder.built(ORIGIN, filename, body)
    answer = program("export", str(out), "--format", "json")
    (file,) = answer.document["files"]
    assert (answer.code, file["mark"], file["sha256"]) == (0, "built", hashlib.sha256(body).hexdigest())
    assert rows(out, "made")[filename]["_mark"] == "built"
    assert "Marked as built here" in program("export", str(out)).out
    assert program("export", str(tmp_path / "none"), "--no-built").code == 0
    assert files_in(tmp_path / "none") == set()


def test_a_built_wheel_with_an_unknown_member_is_left_out(shelf: Shelf, program: Program, out: Path) -> None:
    filename, body = build_wheel("made", "1.0")
    changed = io.BytesIO(body)
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("made.pth", b"import os\n")
    shelf.builder.built(ORIGIN, filename, changed.getvalue())
    answer = program("export", str(out), "--format", "json")
    assert (answer.code, files_in(out)) == (3, set())


def test_a_download_stands_before_a_built_wheel_of_the_same_tags(
    shelf: Shelf, program: Program, out: Path
) -> None:
    downloaded, body = build_wheel("Made", "1.0")
    shelf.file("made", downloaded, body)
    built, other = build_wheel("made", "1.0", members={"made/more.py": b""})
    shelf.builder.built(ORIGIN, built, other)
    kept, third = build_wheel("made", "1.0", tags=["cp311-cp311-linux_x86_64"])
    shelf.builder.built({"url": ORIGIN["url"] + "?2"}, kept, third)
    answer = program("export", str(out), "--format", "json")
    assert answer.code == 0
    assert files_in(out) == {downloaded, kept}
    assert left_out(answer) == {built: "same-file"}


def test_of_wheels_built_from_the_same_source_the_newest_is_taken(
    shelf: Shelf, program: Program, out: Path
) -> None:
    builder, sha256, filename, body = shelf.builder, {"archive_info": {"hashes": {"sha256": "a" * 64}}}, "", b""
    for number, name in enumerate(("old", "new")):
        filename, body = build_wheel("made", "1.0", members={"made/more.py": name.encode()})
        key = builder.built({"url": f"http://127.0.0.1:{number}/made-1.0.tar.gz", **sha256}, filename, body)
        path = builder.folder(key) / filename
        os.utime(path, ns=(path.stat().st_atime_ns, 1_700_000_000_000_000_000 + number))
    assert program("export", str(out)).code == 0
    assert (out / "files" / filename).read_bytes() == body


def test_other_builds_under_one_name_are_none(shelf: Shelf, program: Program, out: Path) -> None:
    filename = ""
    for number in range(2):
        filename, body = build_wheel("made", "1.0", members={"made/more.py": str(number).encode()})
        origin = {"url": "https://git.example/made", "vcs_info": {"vcs": "git", "commit_id": str(number) * 40}}
        shelf.builder.built(origin, filename, body)
    answer = program("export", str(out), "--format", "json")
    assert (answer.code, files_in(out)) == (3, set())
    assert left_out(answer) == {filename: "other-bytes"}


def test_of_two_indexes_with_other_bytes_under_a_name_a_person_has_to_choose(
    shelf: Shelf, program: Program, out: Path
) -> None:
    filename, body = build_wheel("foo", "1.0")
    _, other = build_wheel("foo", "1.0", members={"foo/more.py": b"x"})
    shelf.file("foo", filename, body)
    shelf.file("foo", filename, other, url=f"https://other.example/{filename}")
    shelf.wheel("bar", "1.0")
    answer = program("export", str(out))
    assert (answer.code, files_in(out)) == (3, {"bar-1.0-py3-none-any.whl"})
    assert program("export", str(out), f"sha256:{hashlib.sha256(other).hexdigest()}").code == 0
    assert (out / "files" / filename).read_bytes() == other


def test_no_file_gets_other_bytes(shelf: Shelf, program: Program, out: Path) -> None:
    filename, _ = build_wheel("foo", "1.0")
    shelf.wheel("foo", "1.0")
    shelf.wheel("bar", "1.0")
    program("export", str(out))
    whole = content_of(out)
    for name in (filename, f"{filename}.metadata"):
        path = out / "files" / name
        path.write_bytes(path.read_bytes() + b"x")
        shelf.wheel("third", "1.0")
        answer = program("export", str(out), "--format", "json")
        assert answer.code == 3
        assert [file["path"] for file in answer.document["refused"]] == [f"files/{name}"]
        assert path.read_bytes() == whole[f"files/{name}"] + b"x"
        assert "third-1.0-py3-none-any.whl" in files_in(out)
        # pip would find out by the digest, and so the page keeps what it has said
        assert rows(out, "foo")[filename]["hashes"] == {
            "sha256": hashlib.sha256(whole[f"files/{filename}"]).hexdigest()
        }
        path.write_bytes(whole[f"files/{name}"])
    assert program("export", str(out)).code == 0


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_what_is_no_file_is_not_written_through(shelf: Shelf, program: Program, out: Path, tmp_path: Path) -> None:
    filename, _ = build_wheel("foo", "1.0")
    shelf.wheel("foo", "1.0")
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    (out / "files").mkdir(parents=True)
    (out / "README.txt").write_text("A package index that pipcache export wrote.\n", encoding="utf-8")
    (out / "files" / filename).symlink_to(tmp_path / "precious")
    assert program("export", str(out)).code == 3
    assert (tmp_path / "precious").read_text("utf-8") == "mine"
    assert (out / "files" / filename).is_symlink()


def test_an_export_grows_and_is_never_smaller(shelf: Shelf, program: Program, out: Path) -> None:
    times = {"upload-time": "2026-01-02T03:04:05Z", "yanked": "broken"}
    shelf.wheel("foo", "1.0", listed=times)
    program("export", str(out))
    program("remove", "foo", "--yes")
    shelf.wheel("foo", "2.0")
    shelf.wheel("bar", "1.0")
    assert program("export", str(out), "foo").code == 0
    assert program("export", str(out), "bar").code == 0
    assert set(rows(out, "foo")) == {"foo-1.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl"}
    assert rows(out, "foo")["foo-1.0-py3-none-any.whl"].items() >= times.items()
    assert page(out, "foo")["versions"] == ["1.0", "2.0"]
    assert [entry["name"] for entry in json.loads((out / "simple" / "index.json").read_bytes())["projects"]] == [
        "bar",
        "foo",
    ]
    assert len((out / "SHA256SUMS").read_text("utf-8").splitlines()) == 6


def test_marks_of_yanked_files_follow_the_index(shelf: Shelf, program: Program, out: Path) -> None:
    filename, body = build_wheel("foo", "1.0")
    url = shelf.file("foo", filename, body)
    program("export", str(out))
    assert rows(out, "foo")[filename]["yanked"] is False
    shelf.forget("foo")
    shelf.file("foo", filename, body, url=url, listed={"yanked": 'bad "<b>'})
    program("export", str(out))
    assert rows(out, "foo")[filename]["yanked"] == 'bad "<b>'
    assert 'data-yanked="bad &quot;&lt;b&gt;"' in (out / "simple" / "foo" / "index.html").read_text("utf-8")


def test_pages_that_were_lost_are_made_again(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.wheel("foo", "1.0")
    shelf.wheel("bar", "1.0")
    program("export", str(out))
    whole = content_of(out)
    for name in (
        "simple/foo/index.html",
        "simple/foo/index.json",
        "simple/index.html",
        "SHA256SUMS",
        "README.txt",
    ):
        (out / name).unlink()
        assert program("export", str(out), "bar").code == 0, name
        assert content_of(out) == whole, name
    (out / "simple" / "foo" / "index.json").write_bytes(b"{}")
    program("export", str(out))
    assert content_of(out) == whole


def test_a_page_names_no_file_that_is_not_there(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.wheel("foo", "1.0")
    shelf.wheel("foo", "2.0")
    program("export", str(out))
    (out / "files" / "foo-1.0-py3-none-any.whl").unlink()
    (out / "files" / "foo-2.0-py3-none-any.whl.metadata").unlink()
    shelf.wheel("bar", "1.0")
    program("export", str(out), "bar")
    assert set(rows(out, "foo")) == {"foo-2.0-py3-none-any.whl"}
    assert rows(out, "foo")["foo-2.0-py3-none-any.whl"]["core-metadata"] is False


def test_metadata_that_the_index_did_not_promise_stays_out(shelf: Shelf, program: Program, out: Path) -> None:
    filename, body = build_wheel("foo", "1.0")
    shelf.file("foo", filename, body, listed={"core-metadata": {"sha256": "0" * 64}})
    answer = program("export", str(out), "--format", "json")
    assert answer.code == 0
    assert "other metadata" in answer.document["files"][0]["note"]
    assert rows(out, "foo")[filename]["core-metadata"] is False
    assert not (out / "files" / f"{filename}.metadata").exists()


def test_the_cache_is_not_changed(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.wheel("foo", "1.0")
    shelf.builder.built(ORIGIN, *build_wheel("made", "1.0"))
    shelf.builder.legacy("https://files.example/bar-1.0.tar.gz", build_sdist("bar", "1.0")[1])
    before = look(program.cache)
    times = {path: os.lstat(path).st_atime_ns for path in program.cache.rglob("*") if path.is_file()}
    program("export", str(out))
    assert look(program.cache) == before
    assert {path: os.lstat(path).st_atime_ns for path in program.cache.rglob("*") if path.is_file()} == times


def test_both_layouts_give_the_same_export(shelf: Shelf, program: Program, out: Path, tmp_path: Path) -> None:
    filename, body = build_wheel("foo", "1.0")
    url = shelf.file("foo", filename, body)
    program("export", str(out))
    program("remove", filename, "--yes", "--keep-pages")
    shelf.builder.legacy(url, body)
    for link in ("auto", "hard"):
        answer = program("export", str(tmp_path / link), "--link", link, "--format", "json")
        assert [file["how"] for file in answer.document["files"]] == ["copy"]
        assert content_of(tmp_path / link) == content_of(out)


@pytest.mark.skipif(os.name != "posix", reason="Windows does not tell whether files are the same")
def test_hard_links_are_made_when_asked_for(shelf: Shelf, program: Program, out: Path, tmp_path: Path) -> None:
    filename, body = build_wheel("foo", "1.0")
    url = shelf.file("foo", filename, body)
    program("export", str(tmp_path / "copied"))
    answer = program("export", str(out), "--link", "hard", "--format", "json")
    assert [file["how"] for file in answer.document["files"]] == ["link"]
    (key,) = {artifact["key"] for artifact in program.artifacts("list", filename)}
    assert (out / "files" / filename).samefile(shelf.builder.body(key)), url
    assert content_of(out) == content_of(tmp_path / "copied")
    assert program("export", str(out)).code == 0


def test_a_dry_run_tells_all_and_writes_nothing(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.wheel("foo", "1.0")
    answer = program("export", str(out), "--dry-run", "--format", "json")
    assert (answer.code, answer.document["dry_run"], len(answer.document["files"])) == (0, True, 1)
    assert not out.exists()
    assert program("export", str(out), "-n").out.startswith("Would export 1 file (")
    program("export", str(out))
    shelf.wheel("bar", "1.0")
    before = content_of(out)
    hows = {
        file["filename"]: file["how"]
        for file in program("export", str(out), "-n", "--format", "json").document["files"]
    }
    assert hows == {"bar-1.0-py3-none-any.whl": "copy", "foo-1.0-py3-none-any.whl": "kept"}
    assert content_of(out) == before


def test_folders_that_are_no_export_are_refused(
    shelf: Shelf, program: Program, builder: CacheBuilder, tmp_path: Path
) -> None:
    shelf.wheel("foo", "1.0")
    other = tmp_path / "other"
    (other / "simple").mkdir(parents=True)
    (other / "files").mkdir()
    (other / "simple" / "index.html").write_text("<!DOCTYPE html>", encoding="utf-8")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    inside = [
        builder.root,
        builder.root / "new",
        builder.root / "http-v2" / "out",
        builder.root / ".." / "cache" / "a",
    ]
    before = look(tmp_path)
    for folder in (*inside, other, tmp_path, tmp_path / "file"):
        answer = program("export", str(folder), "--format", "json")
        assert (answer.code, answer.document["error"]["kind"]) == (2, "bad-output"), folder
    assert look(tmp_path) == before


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_links_do_not_lead_into_the_cache(
    shelf: Shelf, program: Program, builder: CacheBuilder, tmp_path: Path, out: Path
) -> None:
    shelf.wheel("foo", "1.0")
    (tmp_path / "link").symlink_to(builder.root)
    assert program("export", str(tmp_path / "link" / "new")).code == 2
    program("export", str(out))
    before = look(builder.root)
    for name in ("files", "simple"):
        (out / name).rename(out.parent / name)
        (out / name).symlink_to(builder.root)
        assert program("export", str(out)).code == 2
        assert look(builder.root) == before
        (out / name).unlink()
        (out.parent / name).rename(out / name)
    (out / "simple" / "foo").rename(out.parent / "foo")
    (out / "simple" / "foo").symlink_to(builder.root)
    assert program("export", str(out)).code == 3
    assert look(builder.root) == before


@pytest.mark.parametrize(
    "filename",
    [
        "foo-1.0-py3-none-any.whl/../../../evil.whl",
        "..%2F..%2Fevil-1.0-py3-none-any.whl",
        "foo-1.0-py3-none-any\n.whl",
        'foo-1.0-py3-none-"><script>alert(1)<script>.whl',
        "foo-1.0-py3-none-any.whl\0",
        ".foo-1.0.tar.gz",
        f"foo-1.0{'0' * 250}.tar.gz",
        "..-1.0.tar.gz",
        "con.tar.gz",
    ],
)
def test_hostile_names_never_leave_the_folder(shelf: Shelf, program: Program, out: Path, filename: str) -> None:
    make = build_sdist if filename.endswith(".gz") else build_wheel
    _, body = make("foo", "1.0")
    shelf.file("foo", filename, body, url=f"https://files.example/x/{filename}")
    program("export", str(out))
    written = {str(path.relative_to(out.parent)) for path in out.parent.rglob("*") if path.is_file()}
    assert all(
        name.startswith(("cache/", "out/")) and "script" not in name and "evil" not in name for name in written
    )
    assert {path.name for path in (out / "files").iterdir()} <= {
        "foo-1.0-py3-none-any.whl",
        "foo-1.0-py3-none-any.whl.metadata",
    }
    assert all(b"<script" not in path.read_bytes() for path in (out / "simple").rglob("*.html"))


def test_hostile_pages_of_an_export_are_cleaned(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.wheel("foo", "1.0")
    program("export", str(out))
    path = out / "simple" / "foo" / "index.json"
    document = json.loads(path.read_bytes())
    (row,) = document["files"]
    document["files"] += [
        {**row, "filename": "../../../etc/passwd", "url": "javascript:alert(1)"},
        {**row, "filename": "bar-1.0-py3-none-any.whl"},
        {**row, "hashes": {"sha256": "x"}},
    ]
    row.update(
        {"url": "https://evil.example/", "yanked": "<script>\ud800\x1b[0m", "upload-time": "never", "_mark": "x"}
    )
    path.write_text(json.dumps(document), encoding="utf-8")
    shelf.wheel("bar", "1.0")
    program("export", str(out), "bar")
    (row,) = page(out, "foo")["files"]
    assert row["url"] == "../../files/foo-1.0-py3-none-any.whl"
    assert "upload-time" not in row
    assert "_mark" not in row
    html = (out / "simple" / "foo" / "index.html").read_text("utf-8")
    assert "evil" not in html
    assert "<script" not in html


def test_a_name_that_differs_in_case_alone_is_refused(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.wheel("foo", "1.0")
    program("export", str(out))
    program("remove", "foo", "--yes")
    shelf.wheel("Foo", "1.0")
    answer = program("export", str(out))
    assert answer.code == 3
    assert "Refused: Foo-1.0-py3-none-any.whl: the export has foo-1.0-py3-none-any.whl" in answer.err


def test_for_a_lock_only_what_it_needs_and_what_is_missing(
    shelf: Shelf, program: Program, out: Path, write: Write
) -> None:
    shelf.wheel("app", "1.0", "dep>=1", "gone")
    shelf.wheel("app", "2.0")
    shelf.wheel("dep", "1.0")
    shelf.wheel("unneeded", "1.0")
    named = write("requirements.txt", "app==1.0\nnowhere==3\n")
    answer = program("export", str(out), "--for", named, "--format", "json")
    assert answer.code == 1
    assert files_in(out) == {"app-1.0-py3-none-any.whl", "dep-1.0-py3-none-any.whl"}
    assert missing(answer) == {
        "gone": ("not-cached", ["app 1.0"]),
        "nowhere==3": ("not-cached", [named]),
    }
    table = program("export", str(out), "--for", named)
    assert f"Missing: nowhere==3, needed by {named}: it is not in the cache" in table.err
    assert "Missing: 2 requirements." in table.out


def test_without_a_lock_what_is_missing_counts_on_demand(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.wheel("app", "1.0", "gone")
    assert program("export", str(out), "app").code == 0
    assert program("export", str(out), "app", "--complete").code == 1
    assert program("export", str(out)).code == 0


def test_files_for_every_platform_of_a_version_are_exported(
    shelf: Shelf, program: Program, out: Path, write: Write
) -> None:
    for tags in (["cp311-cp311-win_amd64"], ["cp39-cp39-macosx_11_0_arm64"]):
        shelf.wheel("app", "1.0", tags=tags)
    named = write("requirements.txt", "app==1.0\n")
    answer = program("export", str(out), "--for", named, "--python", "3.11", "--platform", "win_amd64")
    assert answer.code == 0
    assert len(files_in(out)) == 2
    assert program("export", str(out), "--for", named, "--python", "3.12", "--platform", "win_amd64").code == 1


def test_an_sdist_brings_what_builds_it(shelf: Shelf, program: Program, out: Path, write: Write) -> None:
    shelf.sdist("app", "1.0", builds_with='["setuptools>=60,<70", "helper"]')
    shelf.wheel("helper", "1.0", "deep")
    shelf.wheel("deep", "1.0")
    shelf.wheel("wheel", "0.40")
    for version in ("50.0", "65.0", "80.0"):
        shelf.wheel("setuptools", version)
    named = write("requirements.txt", "app==1.0\nsetuptools==80.0\n")
    answer = program("export", str(out), "--for", named, "--format", "json")
    # the version that the lock has does not build it, so that two are needed
    assert files_in(out) == {
        "app-1.0.tar.gz",
        "deep-1.0-py3-none-any.whl",
        "helper-1.0-py3-none-any.whl",
        "setuptools-65.0-py3-none-any.whl",
        "setuptools-80.0-py3-none-any.whl",
        "wheel-0.40-py3-none-any.whl",
    }
    assert (answer.code, set(missing(answer))) == (0, set())
    program("remove", "helper", "--yes")
    answer = program("export", str(out), "--for", named, "--format", "json")
    assert (answer.code, missing(answer)) == (1, {"helper": ("not-cached", ["app 1.0"])})
    assert answer.document["missing"][0]["detail"] == "it is not in the cache; the sdist is built with it"


def test_old_setuptools_need_wheel(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.sdist("app", "1.0", builds_with='["setuptools"]')
    shelf.wheel("setuptools", "65.0")
    answer = program("export", str(out), "app", "--format", "json")
    assert missing(answer) == {"wheel": ("not-cached", ["app 1.0"])}
    shelf.wheel("wheel", "0.40")
    answer = program("export", str(out), "app", "--format", "json")
    assert (missing(answer), "wheel-0.40-py3-none-any.whl" in files_in(out)) == ({}, True)


def test_with_a_built_wheel_nothing_is_needed_to_build(
    shelf: Shelf, program: Program, out: Path, tmp_path: Path, write: Write
) -> None:
    url = shelf.sdist("app", "1.0", builds_with='["helper"]')
    body = (shelf.builder.body(program.only("list", "app", "--kind", "sdist")["key"])).read_bytes()
    shelf.builder.built({"url": url}, *build_wheel("app", "1.0"))
    named = write("requirements.txt", "app==1.0\n")
    assert program("export", str(out), "--for", named).code == 0
    assert files_in(out) == {"app-1.0.tar.gz", "app-1.0-py3-none-any.whl"}
    # no installer takes it where a lock has digests
    hashed = write("hashed.txt", f"app==1.0 --hash=sha256:{hashlib.sha256(body).hexdigest()}\n")
    answer = program("export", str(tmp_path / "hashed"), "--for", hashed, "--format", "json")
    assert (answer.code, missing(answer)) == (1, {"helper": ("not-cached", ["app 1.0"])})
    assert files_in(tmp_path / "hashed") == {"app-1.0.tar.gz"}


def test_a_built_wheel_is_what_another_file_needs(shelf: Shelf, program: Program, out: Path) -> None:
    shelf.wheel("app", "1.0", "made")
    shelf.builder.built(ORIGIN, *build_wheel("made", "1.0"))
    answer = program("export", str(out), "app", "--complete")
    assert (answer.code, files_in(out)) == (0, {"app-1.0-py3-none-any.whl", "made-1.0-py3-none-any.whl"})
    assert program("export", str(out), "app", "--complete", "--no-built").code == 1


@pytest.mark.parametrize(("kind", "suffixes"), [("wheel", {".whl"}), ("sdist", {".gz"})])
def test_only_some_kinds_are_exported(
    shelf: Shelf, program: Program, out: Path, kind: str, suffixes: set[str]
) -> None:
    shelf.wheel("foo", "1.0")
    shelf.sdist("foo", "1.0")
    shelf.builder.built(ORIGIN, *build_wheel("made", "1.0"))
    assert program("export", str(out), "--kind", kind).code == 0
    assert {Path(name).suffix for name in files_in(out)} == suffixes
    assert len(files_in(out)) == 1


def test_a_file_without_a_proved_url_is_named_by_the_page_that_has_its_digest(
    shelf: Shelf, program: Program, out: Path
) -> None:
    filename, body = build_wheel("foo", "1.0")
    shelf.file("foo", filename, body, stored_as=f"https://mirror.example/cache/{filename}?token=1")
    assert program("export", str(out)).code == 0
    assert files_in(out) == {filename}
    assert b"token" not in b"".join(content_of(out).values())


def test_an_empty_cache_makes_an_empty_export(program: Program, out: Path) -> None:
    answer = program("export", str(out), "--format", "json")
    assert (answer.code, answer.document["files"]) == (0, [])
    assert json.loads((out / "simple" / "index.json").read_bytes())["projects"] == []
    assert (out / "SHA256SUMS").read_bytes() == b""
