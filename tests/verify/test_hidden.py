"""What must not hide a broken promise, and what must not accuse a healthy file."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.locks.lockfiles import read_lock
from pipcache.util import urls
from pipcache.verify.checks import Verdict
from pipcache.verify.lock_index import LockIndex
from tests.support import caches
from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.judging import codes, verified
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipcache.verify.verdict import Judgement

FILES = "https://files.example/f/"
INDEX = "https://index.example/simple/"
JSON_PAGE = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
WHEEL = build_wheel("foo", "1.0")
OTHER = build_wheel("foo", "1.0", members={"more.py": b"more"})
STRANGER = build_wheel("bar", "9.9")
SDIST = build_sdist("foo", "1.0")
SIGN_IN = b"<!DOCTYPE html><html><body><form action='/login'>Sign in</form></body></html>"


def digest(name: str, body: bytes) -> str:
    return hashlib.new(name, body, usedforsecurity=False).hexdigest()


def page(url: str, body: bytes, name: str | None = "foo", **more: object) -> bytes:
    row = {"filename": url.rpartition("/")[2], "url": url, "hashes": {"sha256": digest("sha256", body)}, **more}
    named = {} if name is None else {"name": name}
    return json.dumps({"meta": {"api-version": "1.1"}, **named, "files": [row]}).encode()


def pypi_url(filename: str, body: bytes) -> str:
    return urls.file_urls(hashlib.blake2b(body, digest_size=32).hexdigest(), filename)[0]


def of(builder: CacheBuilder, key: str, *locks: Path, thorough: bool = False) -> Judgement:
    rows = [row._replace(source=str(path)) for path in locks for row in read_lock(str(path))]
    judgements = verified(builder.root, LockIndex(rows), thorough=thorough).judgements
    (judgement,) = [candidate for candidate in judgements if candidate.artifact.key == key]
    return judgement


# Nothing hides a broken promise


@pytest.mark.parametrize(
    "body", [SIGN_IN, b'{"error": 1}', b"plain words", STRANGER[1]], ids=["HTML", "JSON", "text", "wheel"]
)
@pytest.mark.parametrize("thorough", [False, True])
def test_no_other_content_of_a_listed_url(body: bytes, builder: CacheBuilder, *, thorough: bool) -> None:
    builder.download(f"{INDEX}foo/", page(FILES + WHEEL[0], WHEEL[1]), headers=JSON_PAGE)
    headers = {**FILE_HEADERS, "Content-Type": "text/html", "Content-Length": str(len(body))}
    key = builder.download(FILES + WHEEL[0], body, headers=headers)
    judgement = of(builder, key, thorough=thorough)
    assert "PC202" in codes(judgement)
    assert judgement.verdict is Verdict.POISONED
    assert judgement.artifact.filename == WHEEL[0]


def test_no_other_content_of_a_listed_metadata_file(builder: CacheBuilder) -> None:
    core = {"sha256": digest("sha256", metadata("foo", "1.0"))}
    listing = page(FILES + WHEEL[0], WHEEL[1], **{"core-metadata": core})  # type: ignore[arg-type]  # by name
    builder.download(f"{INDEX}foo/", listing, headers=JSON_PAGE)
    key = builder.download(f"{FILES}{WHEEL[0]}.metadata", SIGN_IN)
    assert {"PC208", "PC301"} <= codes(of(builder, key))


def test_a_listed_sdist_of_any_folder_is_verified(builder: CacheBuilder) -> None:
    filename, body = build_sdist("foo", "1.0", folder="foo", pkg_info=False)
    builder.download(f"{INDEX}foo/", page(FILES + filename, body), headers=JSON_PAGE)
    assert of(builder, builder.download(FILES + filename, body)).verdict is Verdict.VERIFIED


def lock(tmp_path: Path, **row: str) -> Path:
    """A pylock.toml with one wheel."""
    fields = ", ".join(f'{key} = "{value}"' for key, value in row.items() if key != "sha256")
    path = tmp_path / "pylock.toml"
    path.write_text(
        f'lock-version = "1.0"\n[[packages]]\nname = "foo"\nversion = "1.0"\n'
        f'wheels = [{{{fields}, hashes = {{sha256 = "{row["sha256"]}"}}}}]\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("body", [STRANGER[1], SIGN_IN, OTHER[1]], ids=["another's", "a sign-in page", "altered"])
def test_a_url_in_a_lock_is_held_against_its_key(body: bytes, builder: CacheBuilder, tmp_path: Path) -> None:
    path = lock(tmp_path, url=FILES + WHEEL[0], sha256=digest("sha256", WHEEL[1]))
    key = builder.download(FILES + WHEEL[0], body)
    judgement = of(builder, key, path)
    assert "PC206" in codes(judgement)
    assert judgement.verdict is Verdict.POISONED
    assert judgement.artifact.filename == WHEEL[0]


def test_no_header_hides_a_file_from_a_lock(builder: CacheBuilder, tmp_path: Path) -> None:
    path = lock(tmp_path, name=WHEEL[0], sha256=digest("sha256", WHEEL[1]))
    headers = {**FILE_HEADERS, "Content-Disposition": 'attachment; filename="foo-1.0-1-py3-none-any.whl"'}
    assert "PC206" in codes(of(builder, builder.download(FILES + "x", OTHER[1], headers=headers), path))


def test_no_lock_hides_what_another_one_says(builder: CacheBuilder, tmp_path: Path) -> None:
    right = lock(tmp_path, url=FILES + WHEEL[0], sha256=digest("sha256", WHEEL[1]))
    wrong = tmp_path / "requirements.txt"
    wrong.write_text(f"foo==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    key = builder.download(FILES + WHEEL[0], WHEEL[1])
    assert of(builder, key, right).verdict is Verdict.VERIFIED
    outcomes = {
        comparison.promise.by: comparison.is_kept for comparison in of(builder, key, right, wrong).comparisons
    }
    assert outcomes == {str(right): True, str(wrong): False}


def field(name: str, body: bytes) -> dict[str, str]:
    return {name: f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"}


def test_a_digest_in_a_header_switches_nothing_off(builder: CacheBuilder) -> None:
    cut = WHEEL[1][:-200]
    key = builder.download(FILES + WHEEL[0], cut, headers=FILE_HEADERS | field("Repr-Digest", cut))
    judgement = of(builder, key)
    assert "PC401" in codes(judgement)
    assert judgement.verdict is Verdict.DAMAGED
    listing = page(f"{FILES}2/{WHEEL[0]}", WHEEL[1], hashes={"md5": digest("md5", WHEEL[1])})
    builder.download(f"{INDEX}foo/", listing, headers=JSON_PAGE)
    key = builder.download(f"{FILES}2/{WHEEL[0]}", OTHER[1], headers=FILE_HEADERS | field("Repr-Digest", OTHER[1]))
    assert "PC202" in codes(of(builder, key))


@pytest.mark.parametrize("status", [200, 203, 300, 301, 308])
def test_no_status_saves_a_body_that_pip_would_use(status: int, builder: CacheBuilder) -> None:
    builder.download(f"{INDEX}foo/", page(FILES + WHEEL[0], WHEEL[1]), headers=JSON_PAGE)
    key = builder.download(FILES + WHEEL[0], OTHER[1], status=status)
    assert "PC202" in codes(of(builder, key))


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("first", [0, 1])
def test_no_page_hides_what_another_one_says(first: int, builder: CacheBuilder, *, thorough: bool) -> None:
    pages = [page(FILES + WHEEL[0], WHEEL[1]), page(FILES + WHEEL[0], OTHER[1])]
    for number, listing in enumerate((pages[first], pages[1 - first])):
        builder.download(f"https://index-{number}.example/simple/foo/", listing, headers=JSON_PAGE)
    assert "PC202" in codes(of(builder, builder.download(FILES + WHEEL[0], WHEEL[1]), thorough=thorough))


def test_no_digest_of_a_wrong_length_hides_another_promise(builder: CacheBuilder) -> None:
    hashes = {"sha256": "deadbeef", "md5": digest("md5", WHEEL[1])}
    builder.download(f"{INDEX}foo/", page(FILES + WHEEL[0], WHEEL[1], hashes=hashes), headers=JSON_PAGE)
    headers = {**FILE_HEADERS, "X-Checksum-Sha256": digest("sha256", WHEEL[1])}
    assert {"PC202", "PC205"} <= codes(of(builder, builder.download(FILES + WHEEL[0], OTHER[1], headers=headers)))


@pytest.mark.parametrize("place", ["http-v2", "http-v2/0", "http-v2/0/1"])
def test_what_lies_behind_a_link_is_not_called_clean(
    place: str, builder: CacheBuilder, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    builder.legacy(FILES + WHEEL[0], WHEEL[1])
    builder.download(FILES + SDIST[0], SDIST[1])
    if place == "http-v2":
        (builder.root / place).rename(tmp_path / "aside")
    else:
        (builder.root / place).parent.mkdir(parents=True, exist_ok=True)
    (builder.root / place).symlink_to(tmp_path / "aside")
    program = Program(builder.root, capsys)
    ran = program("verify")
    assert ran.code == 3
    assert "Not followed, so not judged: 1 link." in ran.out
    assert "did not put them there" not in ran.out
    assert program("verify", "--format", "json").document["links_not_followed"] == 1


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_entry_with_a_link_in_it_is_not_judged(
    part: str, builder: CacheBuilder, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key = builder.download(FILES + WHEEL[0], WHEEL[1])
    path = builder.head(key) if part == "head" else builder.body(key)
    path.rename(tmp_path / "aside")
    caches.link(path, tmp_path / "aside")
    judgement = of(builder, key)
    assert (judgement.verdict, judgement.findings) == (Verdict.UNREADABLE, ())
    ran = Program(builder.root, capsys)("remove", "--damaged", "--poisoned", "--yes")
    assert (ran.code, ran.out) == (3, "Nothing to remove.\n")


def test_no_option_makes_a_verdict_better(builder: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> None:
    builder.download(f"{INDEX}foo/", page(FILES + WHEEL[0], WHEEL[1]), headers=JSON_PAGE)
    headers = {**FILE_HEADERS, "X-Checksum-Md5": digest("md5", OTHER[1])}
    builder.download(FILES + WHEEL[0], OTHER[1], headers=headers)
    program = Program(builder.root, capsys)
    ran = program("verify", "--ignore", "PC202", "--kind", "wheel")
    assert ran.code == 0
    assert "1 artifact (" in ran.out
    assert "1 poisoned" in ran.out
    assert "Left out because of --select or --ignore: 1 finding." in ran.out


# Nothing accuses a healthy file


def test_a_path_like_pypis_on_another_host_is_no_digest(builder: CacheBuilder) -> None:
    sharded = digest("sha256", WHEEL[1])
    for path in ("store", "packages"):
        url = f"https://cas.example/{path}/{sharded[:2]}/{sharded[2:4]}/{sharded[4:]}/{WHEEL[0]}"
        builder.download(f"https://cas.example/{path}/simple/foo/", page(url, WHEEL[1]), headers=JSON_PAGE)
        assert of(builder, builder.download(url, WHEEL[1])).verdict is Verdict.VERIFIED
    a = "a" * 64
    url = urls.file_urls(a, "aaaaaaaaa-0.0.0.tar.gz")[0]
    filename, body = build_sdist("aaaaaaaaa", "0.0.0")
    builder.download(f"{urls.PAGE_BASES[0]}aaaaaaaaa/", page(url, body, "aaaaaaaaa"), headers=JSON_PAGE)
    assert of(builder, builder.download(url, body)).findings == ()
    assert filename == "aaaaaaaaa-0.0.0.tar.gz"


def origin(url: str, body: bytes) -> dict[str, object]:
    return {"url": url, "archive_info": {"hashes": {"sha256": digest("sha256", body)}}}


@pytest.mark.parametrize("url", [FILES + SDIST[0], pypi_url(*SDIST)], ids=["elsewhere", "PyPI"])
def test_a_damaged_sdist_condemns_no_wheel_that_was_built_from_it(url: str, builder: CacheBuilder) -> None:
    wheel = builder.built(origin(url, SDIST[1]), *WHEEL)
    damaged = builder.download(url, SDIST[1][:-40] + bytes(40))
    assert of(builder, wheel).findings == ()
    assert of(builder, damaged).verdict in {Verdict.DAMAGED, Verdict.POISONED}


def test_a_lock_of_pypis_wheel_says_nothing_of_a_build_of_the_same_name(
    builder: CacheBuilder, tmp_path: Path
) -> None:
    path = tmp_path / "uv.lock"
    path.write_text(
        f'version = 1\n[[package]]\nname = "foo"\nversion = "1.0"\n'
        f'sdist = {{url = "{FILES}{SDIST[0]}", hash = "sha256:{digest("sha256", SDIST[1])}"}}\n'
        f'wheels = [{{url = "{FILES}{WHEEL[0]}", hash = "sha256:{"0" * 64}"}}]\n',
        encoding="utf-8",
    )
    key = builder.built(origin(FILES + SDIST[0], SDIST[1]), *WHEEL)
    assert of(builder, key, path).findings == ()


def test_another_file_of_a_version_in_a_lock_is_not_accused_where_anything_vouches_for_it(
    builder: CacheBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"foo==1.0 --hash=sha256:{digest('sha256', SDIST[1])}\n", encoding="utf-8")
    headers = {**FILE_HEADERS, "X-Checksum-Sha1": digest("sha1", WHEEL[1])}
    assert of(builder, builder.download(FILES + WHEEL[0], WHEEL[1], headers=headers), path).findings == ()
    builder.download(f"{INDEX}foo/", page("x", b""), headers=JSON_PAGE)
    ran = Program(builder.root, capsys)("verify", "--against", str(path))
    assert "Known to the files given with --against: 0; not known to them: 1." in ran.out


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("foo-1.0+cu118-py3-none-any.whl", "attachment; filename*=utf-8''foo-1.0%2Bcu118-py3-none-any.whl"),
        (
            "foo-1.0+cu118-py3-none-any.whl",
            "attachment; filename=\"x\"; filename*=UTF-8'en'foo-1.0%2Bcu118-py3-none-any.whl",
        ),
        ("foo-1.0-py3-none-any.whl", 'attachment; filename="foo-1.0-py3-none-any.whl"; size=1'),
    ],
)
def test_a_files_name_in_a_header_is_decoded(filename: str, disposition: str, builder: CacheBuilder) -> None:
    body = build_wheel("foo", filename.split("-")[1])[1]
    key = builder.download(FILES + "x", body, headers={**FILE_HEADERS, "Content-Disposition": disposition})
    judgement = of(builder, key)
    assert judgement.findings == ()
    assert filename in {claim.filename for claim in judgement.artifact.claims}


def test_an_archive_of_a_repository_may_be_called_anything(builder: CacheBuilder) -> None:
    filename, body = build_sdist("requests", "2.31.0", folder="psf-requests-147c851")
    headers = {
        **FILE_HEADERS,
        "Content-Disposition": "attachment; filename=psf-requests-v2.31.0-0-g147c851.tar.gz",
    }
    assert of(builder, builder.download("https://git.example/x", body, headers=headers)).findings == ()
    assert of(builder, builder.download(FILES + filename, body)).findings == ()


def test_a_page_without_a_name_is_of_the_project_that_its_files_begin_with(builder: CacheBuilder) -> None:
    url = FILES + "ctx-0.1.2-1.tar.gz"
    builder.download(FILES + "y", build_wheel("ctx", "0.1.2")[1])
    body = page(url, b"", None)
    key = builder.download(f"{urls.PAGE_BASES[0]}ctx/", body, headers=JSON_PAGE)
    assert of(builder, key).findings == ()


@pytest.mark.parametrize("text", ["<!--SERIAL 5-->", '"_last-serial": 5'])
def test_no_text_of_an_uploader_is_taken_for_a_serial(text: str, builder: CacheBuilder) -> None:
    headers = {**JSON_PAGE, "X-PyPI-Last-Serial": "8"}
    body = page(FILES + WHEEL[0], WHEEL[1], yanked=text)
    assert of(builder, builder.download(f"{urls.PAGE_BASES[0]}foo/", body, headers=headers)).findings == ()


def test_a_digest_of_the_stored_form_is_not_of_what_was_sent(builder: CacheBuilder) -> None:
    other = base64.b64encode(hashlib.md5(b"gzipped", usedforsecurity=False).digest()).decode()
    headers = {"x-goog-stored-content-encoding": "gzip", "x-goog-hash": f"md5={other}"}
    assert of(builder, builder.download(FILES + WHEEL[0], WHEEL[1], headers=FILE_HEADERS | headers)).findings == ()


@pytest.mark.parametrize(("filename", "body"), [WHEEL, SDIST])
def test_a_coding_that_a_server_names_for_an_archive_means_nothing(
    filename: str, body: bytes, builder: CacheBuilder
) -> None:
    headers = {**FILE_HEADERS, "Content-Encoding": "gzip"}
    assert of(builder, builder.download(FILES + filename, body, headers=headers)).findings == ()


# What hostile content may cost


def hostile_record(lines: int) -> bytes:
    """A wheel whose RECORD has many digests of one large member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large", bytes(20_000_000))
        archive.writestr("foo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("foo-1.0.dist-info/METADATA", metadata("foo", "1.0"))
        archive.writestr("foo-1.0.dist-info/RECORD", "".join(f"large,sha256={n:043d},\n" for n in range(lines)))
    return buffer.getvalue()


def many_members(count: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(str(number), b"")
    return buffer.getvalue()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limits of memory")
@pytest.mark.parametrize(
    ("make", "count"),
    [(hostile_record, 300_000), (many_members, 250_000)],
    ids=["digests of one member", "members"],
)
def test_hostile_archives_cost_little(make: Callable[[int], bytes], count: int, builder: CacheBuilder) -> None:
    builder.built(None, WHEEL[0], make(count))
    limit = 500 << 20
    ran = subprocess.run(
        [sys.executable, "-m", "pipcache", "verify", "--cache-dir", str(builder.root)],
        cwd=REPOSITORY,
        env=clean_environment(builder.root.parent / "home"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    # so many lines or members are not looked at, which is no damage
    assert ran.returncode == 3, ran.stderr
    assert "more than " in ran.stdout
    assert "Traceback" not in ran.stderr
