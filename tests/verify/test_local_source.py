"""Wheels that were built from an archive on this disk, which may have changed since."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.store.origin import Origin
from pipcache.util.progress import no_tick
from pipcache.verify import local_source
from pipcache.verify.local_source import local_path, look_at_archive
from tests.support import archives, truth

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

NAME, SDIST = archives.build_sdist("foo", "1.0")
OTHER = archives.build_sdist("foo", "1.0", members={"more": b"x"})[1]
SHA256 = hashlib.sha256(SDIST).hexdigest()

posix = pytest.mark.skipif(sys.platform == "win32", reason="files that Windows does not have")


def origin_of(url: str, **archive: object) -> dict[str, object]:
    """What pip writes of an archive at a URL; its digest unless something else is said."""
    return {"url": url, "archive_info": archive or {"hash": f"sha256={SHA256}", "hashes": {"sha256": SHA256}}}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive outside of the cache."""
    path = tmp_path / "dist" / NAME
    path.parent.mkdir()
    path.write_bytes(SDIST)
    return path


class Verifier:
    """`verify` of a cache with a single wheel, that was built from a URL."""

    def __init__(self, builder: CacheBuilder, program: Program) -> None:
        self._builder, self._program = builder, program

    def build(self, url: str, **archive: object) -> None:
        """Put a wheel built from this URL into the cache."""
        wheel = archives.build_wheel("foo", "1.0")
        self._builder.built(origin_of(url, **archive), *wheel, source=truth.Source(url))

    def __call__(self, command: str = "verify") -> tuple[list[str], str, dict[str, Any]]:
        """The codes of what is found, the verdict, and all that is said of the wheel."""
        run = self._program(command, "foo", "--format", "json")
        if command == "verify":
            (judgement,) = run.document["judgements"]
            assert run.code == (1 if judgement["findings"] else 0)
            return [finding["code"] for finding in judgement["findings"]], judgement["verdict"], judgement
        (shown,) = run.document["artifacts"]
        return [finding["code"] for finding in shown["findings"]], shown["verdict"], shown


def notes_of(judgement: dict[str, Any]) -> str:
    """All notes about the wheel."""
    return " ".join(judgement["artifact"]["notes"])


@pytest.fixture
def verifier(builder: CacheBuilder, program: Program) -> Verifier:
    return Verifier(builder, program)


def test_an_archive_that_is_as_it_was_is_no_finding(archive: Path, verifier: Verifier) -> None:
    verifier.build(archive.as_uri())
    codes, verdict, judgement = verifier()
    assert (codes, verdict) == ([], "intact")
    assert "the archive that it was built from" not in notes_of(judgement)


def test_an_archive_that_changed_is_a_finding_without_a_verdict(archive: Path, verifier: Verifier) -> None:
    verifier.build(archive.as_uri())
    archive.write_bytes(OTHER)
    codes, verdict, judgement = verifier()
    assert (codes, verdict) == (["PC604"], "intact")
    assert SHA256 in judgement["findings"][0]["expected"]
    # what the file has by now is nobody's business
    assert hashlib.sha256(OTHER).hexdigest() not in str(judgement)


def test_the_single_digest_of_older_pips_counts_too(archive: Path, verifier: Verifier) -> None:
    verifier.build(archive.as_uri(), hash=f"sha256={SHA256}")
    archive.write_bytes(OTHER)
    assert verifier()[0] == ["PC604"]


def test_an_archive_that_is_gone_is_a_note(archive: Path, verifier: Verifier) -> None:
    verifier.build(archive.as_uri())
    archive.unlink()
    codes, _, judgement = verifier()
    assert codes == []
    assert "is gone" in notes_of(judgement)
    archive.parent.rmdir()
    assert "is gone" in notes_of(verifier()[2])


def test_only_verify_looks_at_it(archive: Path, verifier: Verifier) -> None:
    verifier.build(archive.as_uri())
    archive.write_bytes(OTHER)
    codes, verdict, _ = verifier("show")
    assert (codes, verdict) == ([], "intact")


def test_without_digests_nothing_is_compared(archive: Path, verifier: Verifier) -> None:
    verifier.build(archive.as_uri(), other="x")
    archive.write_bytes(OTHER)
    codes, _, judgement = verifier()
    assert codes == []
    assert "no digest" in notes_of(judgement)


def _as_link(path: Path) -> None:
    other = path.with_name("other")
    path.rename(other)
    path.symlink_to(other)


def _as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _as_link_to_a_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@posix
@pytest.mark.parametrize("change", [_as_link, _as_pipe, _as_folder, _as_link_to_a_device])
def test_what_is_no_regular_file_is_not_opened(
    change: Callable[[Path], None], archive: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier.build(archive.as_uri())
    archive.write_bytes(OTHER)
    change(archive)
    opened: list[str] = []

    def open_and_note(path: str) -> int:
        opened.append(path)
        raise AssertionError

    monkeypatch.setattr(local_source, "open_quietly", open_and_note)
    codes, _, judgement = verifier()
    assert (codes, opened) == ([], [])
    assert "not a regular file" in notes_of(judgement)


@posix
@pytest.mark.parametrize("url", ["file:///dev/zero", "file:///dev/null", "file:///proc/self/fd/0"])
def test_devices_are_not_opened(url: str, verifier: Verifier) -> None:
    verifier.build(url)
    assert verifier()[0] == []


@posix
def test_a_file_of_somebody_else_is_not_opened(archive: Path) -> None:
    source = Origin(archive.as_uri(), (("sha256", "0" * 64),))
    owner = archive.stat().st_uid
    assert look_at_archive(source, owner, {}, no_tick).findings
    looked = look_at_archive(source, owner + 1, {}, no_tick)
    assert not looked.findings
    assert looked.note == "the archive that it was built from was not compared: it belongs to somebody else"


def test_a_large_file_is_not_compared(archive: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier.build(archive.as_uri())
    archive.write_bytes(OTHER)
    monkeypatch.setattr(local_source, "MOST_BYTES", len(OTHER) - 1)
    codes, _, judgement = verifier()
    assert codes == []
    assert "larger than" in notes_of(judgement)


def test_an_archive_is_read_once_for_all_wheels(archive: Path) -> None:
    read: list[int] = []

    def tick(size: int = 0) -> None:
        read.append(size)

    source = Origin(archive.as_uri(), (("sha256", "0" * 64),))
    known: local_source.KnownDigests = {}
    for _ in range(3):
        assert look_at_archive(source, archive.stat().st_uid, known, tick).findings
    assert sum(read) == len(SDIST)


@posix
@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///a/b.tar.gz", "/a/b.tar.gz"),
        ("FILE:///a/b.tar.gz", "/a/b.tar.gz"),
        ("file:/a/b.tar.gz", "/a/b.tar.gz"),
        ("file://localhost/a/b.tar.gz", "/a/b.tar.gz"),
        ("file:///a%20b/%C3%BC.zip", "/a b/ü.zip"),
        ("file:///a/b.tar.gz?query#fragment", "/a/b.tar.gz"),
        ("file://host/a/b.tar.gz", None),
        ("file://host@localhost/a", None),
        ("file:////host/share/b.zip", None),
        ("file:///%2Fhost/b.zip", None),
        ("file:///%5Chost/b.zip", None),
        ("file:a/b.tar.gz", None),
        ("file:", None),
        ("file:///a%00b", None),
        ("file://[/a", None),
    ],
)
def test_the_path_in_a_url_is_on_this_host_and_absolute(url: str, path: str | None) -> None:
    assert local_path(url) == path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///C:/a/b.zip", "C:/a/b.zip"),
        ("file:///C%3A/a/b.zip", "C:/a/b.zip"),
        ("file:///C:a.zip", None),
        ("file:///a/b.zip", None),
        ("file://host/share/b.zip", None),
        ("file:////host/share/b.zip", None),
        ("file:///%5C%5C.%5Cpipe/x", None),
    ],
)
def test_the_path_in_a_url_under_windows(url: str, path: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert local_path(url) == path


@pytest.mark.parametrize(
    "url",
    ["file:///nowhere/foo-1.0.tar.gz", "file://host/foo-1.0.tar.gz", "file:///%ff%00", "file:///" + "x" * 9000],
)
def test_no_url_breaks_the_run(url: str, verifier: Verifier) -> None:
    verifier.build(url)
    codes, verdict, _ = verifier()
    assert (codes, verdict) == ([], "intact")
