"""`verify`: each promise broken, what is told, how the run ends, and what it must never do."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.inventory.artifact import Kind
from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from pipcache.util import urls
from pipcache.util.content_coding import decoded_pieces
from pipcache.util.progress import no_tick
from pipcache.verify.checks import Check, Verdict, checks_named
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verdict import Finding, conclude
from pipcache.verify.verifier import VerifyOptions
from tests.support import caches, truth
from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.judging import Silent, codes, verified, verify
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipcache.verify.verdict import Judgement

FILES = "https://files.example/f/"
WHEEL = build_wheel("foo", "1.0")
OTHER = build_wheel("foo", "1.0", members={"more.py": b"more"})
SDIST = build_sdist("foo", "1.0")
SIGN_IN = b"<!DOCTYPE html><html><body><form action='/login'>Sign in</form></body></html>"


def digest(name: str, body: bytes) -> str:
    if name == "blake2b_256":
        return hashlib.blake2b(body, digest_size=32).hexdigest()
    return hashlib.new(name, body, usedforsecurity=False).hexdigest()


def page(url: str, body: bytes, **more: object) -> bytes:
    row = {"filename": url.rpartition("/")[2], "url": url, "hashes": {"sha256": digest("sha256", body)}, **more}
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "foo", "files": [row]}).encode()


def pypi_url(filename: str, body: bytes) -> str:
    return urls.file_urls(digest("blake2b_256", body), filename)[0]


def of(builder: CacheBuilder, key: str, **options: Any) -> Judgement:  # Any: handed on by name
    """The judgement of one key."""
    (judgement,) = [
        candidate for candidate in verified(builder.root, **options).judgements if candidate.artifact.key == key
    ]
    return judgement


# Each promise, broken


def by_key(builder: CacheBuilder) -> str:
    url = pypi_url(*WHEEL)
    builder.download(f"{urls.PAGE_BASES[0]}foo/", page(url, OTHER[1]))
    return builder.download(url, OTHER[1])


def by_page(builder: CacheBuilder) -> str:
    builder.download("https://index.example/simple/foo/", page(FILES + WHEEL[0], WHEEL[1]))
    return builder.download(FILES + WHEEL[0], OTHER[1])


def by_page_size(builder: CacheBuilder) -> str:
    listing = page(FILES + WHEEL[0], WHEEL[1], hashes={}, size=len(WHEEL[1]))
    builder.download("https://index.example/simple/foo/", listing)
    return builder.download(FILES + WHEEL[0], OTHER[1])


def by_core_metadata(builder: CacheBuilder) -> str:
    core = {"sha256": digest("sha256", metadata("foo", "1.0"))}
    listing = page(FILES + WHEEL[0], WHEEL[1], **{"core-metadata": core})
    builder.download("https://index.example/simple/foo/", listing)
    return builder.download(f"{FILES}{WHEEL[0]}.metadata", metadata("foo", "1.0", requires=["evil"]))


def by_gitlab(builder: CacheBuilder) -> str:
    url = f"https://gitlab.example/api/v4/projects/7/packages/pypi/files/{digest('sha256', WHEEL[1])}/{WHEEL[0]}"
    builder.download("https://gitlab.example/simple/foo/", page(url, WHEEL[1], hashes={}))
    return builder.download(url, OTHER[1])


def by_devpi(builder: CacheBuilder) -> str:
    own = digest("sha256", WHEEL[1])
    url = f"https://devpi.example/root/pypi/+f/{own[:3]}/{own[3:16]}/{WHEEL[0]}"
    builder.download("https://devpi.example/root/pypi/+simple/foo/", page(url, WHEEL[1], hashes={}))
    return builder.download(url, OTHER[1])


def by_header(**headers: str) -> Callable[[CacheBuilder], str]:
    return lambda builder: builder.download(FILES + WHEEL[0], OTHER[1], headers={**FILE_HEADERS, **headers})


def checksum(name: str) -> Callable[[CacheBuilder], str]:
    return by_header(**{f"X-Checksum-{name.capitalize()}": digest(name, WHEEL[1])})


def b64(name: str) -> str:
    return base64.b64encode(bytes.fromhex(digest(name, WHEEL[1]))).decode()


def by_key_and_etag(builder: CacheBuilder) -> str:
    headers = {"x-pypi-file-project": "foo", "x-pypi-file-version": "1.0", "ETag": f'"{digest("md5", WHEEL[1])}"'}
    return builder.download(pypi_url(*WHEEL), OTHER[1], headers={**FILE_HEADERS, **headers})


def no_body(builder: CacheBuilder) -> str:
    return builder.download(FILES + WHEEL[0], None)


def no_head(builder: CacheBuilder) -> str:
    key = builder.download(FILES + WHEEL[0], WHEEL[1])
    builder.head(key).unlink()
    return key


def no_response(builder: CacheBuilder) -> str:
    return builder.raw(FILES + WHEEL[0], b"cc=4,\x81", WHEEL[1])


def bad_coding(builder: CacheBuilder) -> str:
    headers = {**FILE_HEADERS, "Content-Encoding": "gzip"}
    return builder.download(f"{FILES}{WHEEL[0]}.metadata", b"\x1f\x8b\x08 not gzip at all", headers=headers)


def another_generation(builder: CacheBuilder) -> str:
    body = page(FILES + WHEEL[0], WHEEL[1], meta=1).replace(b'"api-version"', b'"_last-serial": 7, "api-version"')
    headers = {**FILE_HEADERS, "X-PyPI-Last-Serial": "8", "Content-Type": "application/vnd.pypi.simple.v1+json"}
    return builder.download(f"{urls.PAGE_BASES[0]}foo/", body, headers=headers)


def half_a_page(builder: CacheBuilder) -> str:
    whole = page(FILES + WHEEL[0], WHEEL[1])
    headers = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
    return builder.download(f"{urls.PAGE_BASES[0]}foo/", whole[: len(whole) // 2], headers=headers)


def sign_in_for_a_wheel(builder: CacheBuilder) -> str:
    headers = {
        "x-pypi-file-project": "foo",
        "x-pypi-file-version": "1.0",
        "x-pypi-file-package-type": "bdist_wheel",
    }
    return builder.download(FILES + WHEEL[0], SIGN_IN, headers={**FILE_HEADERS, **headers})


def sign_in_for_a_page(builder: CacheBuilder) -> str:
    builder.download(FILES + WHEEL[0], WHEEL[1])
    return builder.download(f"{urls.PAGE_BASES[0]}foo/", SIGN_IN)


def another_projects_page(builder: CacheBuilder) -> str:
    builder.download(FILES + WHEEL[0], WHEEL[1])
    url = f"{FILES}bar-1.0.tar.gz"
    return builder.download(f"{urls.PAGE_BASES[0]}foo/", page(url, b"").replace(b'"foo"', b'"bar"'))


def another_name(builder: CacheBuilder) -> str:
    headers = {**FILE_HEADERS, "x-pypi-file-project": "bar", "x-pypi-file-version": "1.0"}
    return builder.download(FILES + WHEEL[0], WHEEL[1], headers=headers)


def origin(body: bytes, url: str = FILES + SDIST[0]) -> dict[str, object]:
    return {"url": url, "archive_info": {"hashes": {"sha256": digest("sha256", body)}}}


def misplaced(builder: CacheBuilder) -> str:
    """As if a wheel had been put in the folder of another project's, with its own origin.json."""
    url = pypi_url(*SDIST)
    victim = truth.Source(pypi_url("victim-1.0.tar.gz", b"victim"), "sha256", digest("sha256", b"victim"))
    return builder.built(origin(SDIST[1], url), *WHEEL, source=victim)


def misplaced_by_a_page(builder: CacheBuilder) -> str:
    """A page lists the source that makes the key, and it is not the one of origin.json."""
    victim = f"https://files.example/other/{SDIST[0]}"
    builder.download("https://index.example/simple/foo/", page(victim, SDIST[1]))
    source = truth.Source(victim, "sha256", digest("sha256", SDIST[1]))
    return builder.built(origin(SDIST[1]), *WHEEL, source=source)


def told_by_a_wheel(builder: CacheBuilder) -> str:
    builder.built(origin(SDIST[1]), *WHEEL)
    return builder.download(FILES + SDIST[0], build_sdist("foo", "1.0", members={"evil.py": b"evil"})[1])


def another_source(builder: CacheBuilder) -> str:
    builder.download(pypi_url(*SDIST), SDIST[1])
    return builder.built(origin(b"another", pypi_url(*SDIST)), *WHEEL)


def from_a_folder(builder: CacheBuilder) -> str:
    return builder.built({"url": "file:///home/ada/foo-1.0", "dir_info": {}}, *WHEEL)


def with_credentials(builder: CacheBuilder) -> str:
    headers = {**FILE_HEADERS, "Vary": "Authorization"}
    sent = {"Authorization": "Basic c2VjcmV0"}
    return builder.download(FILES + WHEEL[0], WHEEL[1], headers=headers, request_headers=sent)


BROKEN: dict[str, tuple[Callable[[CacheBuilder], str], str, Verdict]] = {
    "the key": (by_key, "PC201", Verdict.POISONED),
    "a page": (by_page, "PC202", Verdict.POISONED),
    "a page's size": (by_page_size, "PC203", Verdict.DAMAGED),
    "a page's digest of METADATA": (by_core_metadata, "PC208", Verdict.POISONED),
    "the URL": (by_gitlab, "PC204", Verdict.POISONED),
    "a prefix in the URL": (by_devpi, "PC204", Verdict.POISONED),
    "X-Checksum-Sha256": (
        by_header(**{"X-Checksum-Sha256": digest("sha256", WHEEL[1])}),
        "PC205",
        Verdict.POISONED,
    ),
    "X-Checksum-Sha1": (by_header(**{"X-Checksum-Sha1": digest("sha1", WHEEL[1])}), "PC205", Verdict.POISONED),
    "X-Checksum-Md5": (by_header(**{"X-Checksum-Md5": digest("md5", WHEEL[1])}), "PC205", Verdict.POISONED),
    "Repr-Digest": (by_header(**{"Repr-Digest": f"sha-256=:{b64('sha256')}:"}), "PC205", Verdict.POISONED),
    "Content-Digest": (by_header(**{"Content-Digest": f"sha-512=:{b64('sha512')}:"}), "PC205", Verdict.POISONED),
    "Content-MD5": (by_header(**{"Content-MD5": b64("md5")}), "PC205", Verdict.POISONED),
    "x-goog-hash": (by_header(**{"x-goog-hash": f"md5={b64('md5')}"}), "PC205", Verdict.POISONED),
    "key and ETag": (by_key_and_etag, "PC207", Verdict.INTACT),
    "Content-Length": (by_header(**{"Content-Length": "3"}), "PC101", Verdict.DAMAGED),
    "a body": (no_body, "PC102", Verdict.DAMAGED),
    "a head": (no_head, "PC103", Verdict.DAMAGED),
    "a response": (no_response, "PC104", Verdict.DAMAGED),
    "its coding": (bad_coding, "PC105", Verdict.DAMAGED),
    "no credentials": (with_credentials, "PC106", Verdict.INTACT),
    "a whole page": (half_a_page, "PC107", Verdict.DAMAGED),
    "one generation": (another_generation, "PC108", Verdict.DAMAGED),
    "a wheel": (sign_in_for_a_wheel, "PC301", Verdict.POISONED),
    "a page of any kind": (sign_in_for_a_page, "PC301", Verdict.POISONED),
    "a page of this project": (another_projects_page, "PC302", Verdict.POISONED),
    "one name": (another_name, "PC303", Verdict.POISONED),
    "its folder": (misplaced, "PC601", Verdict.POISONED),
    "its folder, by a page": (misplaced_by_a_page, "PC601", Verdict.POISONED),
    "a digest told by a wheel built from it": (told_by_a_wheel, "PC209", Verdict.POISONED),
    "its source": (another_source, "PC602", Verdict.POISONED),
    "an archive": (from_a_folder, "PC603", Verdict.INTACT),
}


@pytest.mark.parametrize("promise", BROKEN)
def test_a_broken_promise_is_found_and_removed_by_its_verdict(
    promise: str, builder: CacheBuilder, program: Program
) -> None:
    break_it, code, verdict = BROKEN[promise]
    key = break_it(builder)
    judgement = of(builder, key)
    assert code in codes(judgement), judgement.findings
    assert judgement.verdict is verdict
    ran = program("verify")
    assert ran.code == 1
    assert f"{code} {Check[code].sentence}" in ran.out
    # a folder of built wheels may hold healthy ones too
    is_built = judgement.artifact.kind is Kind.BUILT and verdict is not Verdict.INTACT
    what = f"--{verdict.value} {judgement.artifact.filename}" if is_built else key
    assert f"Cure: pipcache remove {what} --cache-dir {builder.root}" in ran.out
    removals = program("remove", "--damaged", "--poisoned", "--yes", "--format", "json").document["plan"][
        "removals"
    ]
    going = {removal["artifact"]["key"]: removal["reason"] for removal in removals}
    if verdict is Verdict.INTACT:
        assert key not in going  # it is not damaged by being told
        removed = program("remove", key, "--yes")
        assert removed.code == 0
    else:
        assert going[key] == verdict.value
    assert program("verify").code == 0


def test_credentials_are_told_of_and_not_told(builder: CacheBuilder, program: Program) -> None:
    with_credentials(builder)
    for form in ("table", "json"):
        assert "c2VjcmV0" not in program("verify", "--format", form).out


def test_a_prefix_is_told_as_a_prefix(builder: CacheBuilder) -> None:
    key = by_devpi(builder)
    (finding,) = [candidate for candidate in of(builder, key).findings if candidate.check is Check.PC204]
    assert finding.expected == f"sha256 {digest('sha256', WHEEL[1])[:16]}..."
    assert [
        comparison.promise.is_prefix
        for comparison in of(builder, key).comparisons
        if comparison.promise.by.startswith("the URL")
    ] == [True]


@pytest.mark.slow
@pytest.mark.parametrize(("coding", "module"), [("gzip", "gzip"), ("br", "brotli")])
def test_a_coded_page_is_decoded_to_its_end_and_no_large_piece_at_a_time(
    coding: str, module: str, builder: CacheBuilder
) -> None:
    compress: Callable[[bytes], bytes] = pytest.importorskip(module).compress
    whole = compress(page(FILES + WHEEL[0], WHEEL[1], yanked="x" * 20_000_000))
    headers = {**FILE_HEADERS, "Content-Encoding": coding, "Content-Type": "application/vnd.pypi.simple.v1+json"}
    healthy = builder.download("https://index.example/simple/foo/", whole, headers=headers)
    cut = builder.download("https://index.example/simple/bar/", whole[:-9], headers=headers)
    codes_by_key = {judgement.artifact.key: codes(judgement) for judgement in verified(builder.root).judgements}
    assert codes_by_key == {healthy: set(), cut: {"PC105"}}
    with caches.window(whole) as window:
        sizes = [len(piece) for piece in decoded_pieces(window, coding, no_tick)]
    assert sum(sizes) > 20_000_000
    assert max(sizes) <= 1 << 20


# Built wheels, and lock files


def rebuilt(change: Mapping[str, bytes | None], *, record: bool = False) -> bytes:
    """The wheel with members changed, added or (None) removed; with `record` RECORD is rewritten to match."""
    with zipfile.ZipFile(io.BytesIO(WHEEL[1])) as archive:
        members: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    members |= change
    kept = {name: data for name, data in members.items() if data is not None}
    if record:
        own = "foo-1.0.dist-info/RECORD"
        rows = [
            f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
            for name, data in kept.items()
            if name != own
        ]
        kept[own] = ("".join(rows) + f"{own},,\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, data)
    return buffer.getvalue()


EVIL: dict[str, dict[str, bytes | None]] = {
    "added": {"evil.pth": b"import os"},
    "changed": {"foo/__init__.py": b"import os"},
    "removed": {"foo/__init__.py": None},
}


@pytest.mark.parametrize(("change", "code"), [("added", "PC503"), ("changed", "PC502"), ("removed", "PC501")])
def test_a_built_wheel_that_was_tampered_with_is_poisoned(
    change: str, code: str, builder: CacheBuilder, program: Program
) -> None:
    key = builder.built(origin(SDIST[1]), WHEEL[0], rebuilt(EVIL[change]))
    judgement = of(builder, key)
    assert (codes(judgement), judgement.verdict) == ({code}, Verdict.POISONED)
    assert program("remove", "--poisoned", "--yes").code == 0
    assert not builder.folder(key).joinpath(WHEEL[0]).exists()


def test_one_whose_record_was_rewritten_is_intact_and_found_by_a_lock(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    builder.built(origin(SDIST[1]), WHEEL[0], rebuilt(EVIL["added"], record=True))
    ran = program("verify")
    assert ran.code == 0
    assert "None of it is verified." in ran.out
    assert "Only intact, because no digest from elsewhere proves them: 1 built wheel." in ran.out
    assert program("verify", "--fail-on", "unverified").code == 1
    lock = tmp_path / "pylock.toml"
    row = f'{{name = "{WHEEL[0]}", path = "w/{WHEEL[0]}", hashes = {{sha256 = "{digest("sha256", WHEEL[1])}"}}}}'
    lock.write_text(
        f'lock-version = "1.0"\n[[packages]]\nname = "foo"\nversion = "1.0"\nwheels = [{row}]\n', encoding="utf-8"
    )
    ran = program("verify", "--against", str(lock), "--format", "json")
    (judgement,) = ran.document["judgements"]
    assert (ran.code, judgement["verdict"]) == (1, "poisoned")
    assert [finding["code"] for finding in judgement["findings"]] == ["PC206"]
    assert ran.document["known_to_locks"] == 1
    assert program("remove", "--poisoned", "--yes").out == "Nothing to remove.\n"
    assert program("remove", "--poisoned", "--against", str(lock), "--yes").code == 0
    assert program("verify").out.startswith("Nothing was verified: there is nothing to verify.")


def test_files_that_a_lock_does_not_know_are_counted_and_not_accused(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    builder.download(pypi_url(*WHEEL), WHEEL[1])
    builder.download(pypi_url(*SDIST), SDIST[1])  # of a version it knows, by a digest it does not know
    builder.download(FILES + "bar", build_wheel("bar", "1.0")[1])
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"foo==1.0 --hash=sha256:{digest('sha256', WHEEL[1])}\n", encoding="utf-8")
    ran = program("verify", "--against", str(lock))
    assert ran.code == 0, ran.out
    assert "Known to the files given with --against: 1; not known to them: 2." in ran.out
    lock.write_text(f"foo==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    assert program("verify", "--against", str(lock)).code == 0  # both are vouched for by their keys
    builder.download(FILES + OTHER[0], OTHER[1])
    assert program("verify", "--against", str(lock)).code == 1  # nothing vouches for this one


def test_a_lock_that_is_none_ends_the_run_before_anything_is_read(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    builder.download(FILES + WHEEL[0], WHEEL[1])
    lock = tmp_path / "uv.lock"
    lock.write_text("[[package]\n", encoding="utf-8")
    ran = program("verify", "--against", str(lock))
    assert (ran.code, ran.out) == (2, "")
    assert str(lock) in ran.err
    assert program("verify", "--against", str(tmp_path / "missing")).code == 2


# How far it looks


def test_a_strong_promise_makes_the_weak_ones_unnecessary_unless_thorough(builder: CacheBuilder) -> None:
    url = pypi_url(*WHEEL)
    headers = {**FILE_HEADERS, "x-pypi-file-project": "foo", "X-Checksum-Md5": digest("md5", WHEEL[1])}
    key = builder.download(url, WHEEL[1], headers=headers)
    builder.download(f"{urls.PAGE_BASES[0]}foo/", page(url, WHEEL[1]))
    as_needed = {comparison.promise.by: comparison.is_kept for comparison in of(builder, key).comparisons}
    assert as_needed == {"the key (BLAKE2b in the URL)": True, "x-checksum-md5": None}
    thorough = {
        comparison.promise.by: comparison.is_kept for comparison in of(builder, key, thorough=True).comparisons
    }
    assert thorough == {"the key (BLAKE2b in the URL)": True, "index page": True, "x-checksum-md5": True}


def test_what_was_published_like_that_stays_verified_and_is_told_when_thorough(builder: CacheBuilder) -> None:
    body = rebuilt(EVIL["added"])
    key = builder.download(pypi_url(WHEEL[0], body), body)
    assert of(builder, key).findings == ()
    judgement = of(builder, key, thorough=True)
    assert (codes(judgement), judgement.verdict) == ({"PC503"}, Verdict.VERIFIED)


def test_where_md5_is_not_allowed_its_promises_are_not_compared(
    builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = by_header(**{"X-Checksum-Md5": digest("md5", WHEEL[1])})(builder)
    real = hashlib.new

    def new(name: str, *arguments: Any, **options: Any) -> Any:  # as hashlib's
        if name == "md5":
            raise ValueError("[digital envelope routines] unsupported")
        return real(name, *arguments, **options)

    monkeypatch.setattr(hashlib, "new", new)
    judgement = of(builder, key)
    assert (judgement.findings, judgement.verdict) == ((), Verdict.INTACT)
    assert [(comparison.is_kept, comparison.why_not) for comparison in judgement.comparisons] == [
        (None, "not allowed or not known here")
    ]


@pytest.mark.parametrize("algorithm", ["shake_128", "md5\0", "sha256", "nobodys", "sha1"])
def test_a_promise_that_no_digest_can_keep_accuses_nobody(algorithm: str, builder: CacheBuilder) -> None:
    listing = page(FILES + WHEEL[0], WHEEL[1], hashes={algorithm: "abcdef0123"})
    builder.download("https://index.example/simple/foo/", listing)
    assert of(builder, builder.download(FILES + WHEEL[0], WHEEL[1])).findings == ()


class Rewriter(Silent):
    """Does something when half of the bytes are judged, as a pip at work would."""

    def __init__(self, what: Callable[[], object]) -> None:
        super().__init__()
        self._what = what

    def advance(self, size: int) -> None:
        super().advance(size)
        if self._what is not None:
            what, self._what = self._what, lambda: None
            what()


def test_what_changes_meanwhile_is_judged_anew(builder: CacheBuilder) -> None:
    url = pypi_url(*WHEEL)
    key = builder.download(url, OTHER[1])
    builder.download(f"{urls.PAGE_BASES[0]}foo/", page(url, WHEEL[1]))
    gone = builder.download(FILES + OTHER[0], OTHER[1][:99])

    def rewrite() -> None:
        caches.replace(builder.body(key), WHEEL[1])
        builder.head(gone).unlink()
        builder.body(gone).unlink()

    root = str(builder.root)
    catalogue = read_inventory(Cache(root), Need())
    answer = verify(
        Cache(root), catalogue, catalogue, VerifyOptions(LockIndex()), index_urls=tuple, meter=Rewriter(rewrite)
    )
    judgements = {judgement.artifact.key: judgement for judgement in answer.judgements}
    assert judgements[key].verdict is Verdict.VERIFIED
    assert gone not in judgements
    assert answer.gone == 1


def test_a_body_that_comes_late_is_seen_at_the_second_look(builder: CacheBuilder) -> None:
    key = builder.download(FILES + WHEEL[0], None)
    builder.download(FILES + "other", SIGN_IN * 99)
    root = str(builder.root)
    catalogue = read_inventory(Cache(root), Need())
    meter = Rewriter(lambda: caches.replace(builder.body(key), WHEEL[1]))
    answer = verify(Cache(root), catalogue, catalogue, VerifyOptions(LockIndex()), index_urls=tuple, meter=meter)
    assert {judgement.artifact.key: judgement.findings for judgement in answer.judgements}[key] == ()


@pytest.mark.parametrize("threads", [1, 2, 9])
def test_the_answer_is_the_same_whatever_the_number_of_threads(builder: CacheBuilder, threads: int) -> None:
    for number in range(20):
        body = build_wheel(f"p{number}", "1.0", members={"x.bin": os.urandom(5000)})[1]
        builder.download(f"{FILES}{number}", body if number % 3 else body[:-number])
    assert verified(builder.root, threads=threads).judgements == verified(builder.root, threads=3).judgements


def test_the_meter_comes_to_the_sum_of_all_sizes(builder: CacheBuilder) -> None:
    for number in range(9):
        body = build_wheel(f"p{number}", "1.0", members={"x.bin": os.urandom(99_000)})
        builder.download(pypi_url(*body) if number % 2 else f"{FILES}{number}", body[1])
    by_page(builder)
    root, meter = str(builder.root), Silent()
    catalogue = read_inventory(Cache(root), Need())
    sizes = sum(artifact.size for artifact in catalogue)
    answer = verify(Cache(root), catalogue, catalogue, VerifyOptions(LockIndex()), index_urls=tuple, meter=meter)
    again = sum(judgement.artifact.size for judgement in answer.judgements if judgement.findings)
    assert meter.total == sizes + again


# What is told


def test_the_verdicts_add_up_and_the_worst_comes_first(builder: CacheBuilder, program: Program) -> None:
    by_page(builder)
    bad_coding(builder)
    builder.download(pypi_url(*SDIST), SDIST[1])
    builder.raw(FILES + "old", b"cc=1,pickle", store="http")
    builder.stray("notes.txt")
    ran = program("verify", "--format", "json")
    document = ran.document
    verdicts = [judgement["verdict"] for judgement in document["judgements"]]
    assert verdicts == sorted(verdicts, key=[verdict.value for verdict in Verdict].index)
    assert {row["verdict"]: row["count"] for row in document["verdicts"]} == {
        verdict.value: verdicts.count(verdict.value) for verdict in Verdict
    }
    assert sum(row["count"] for row in document["verdicts"]) == len(program.artifacts("list", "--all")) - 1
    assert document["passed_over"] == 1
    text = program("verify").out
    assert text.index("poisoned: ") < text.index("damaged: ") < text.index("unreadable: ")
    assert "Neither a download nor a built wheel, so not judged: 1 entry." in text


def test_exit_codes(builder: CacheBuilder, program: Program) -> None:
    builder.download(pypi_url(*SDIST), SDIST[1])
    assert program("verify", "--fail-on", "unverified").code == 0
    builder.raw(FILES + "old", b"cc=1,pickle", store="http")
    assert program("verify").code == 3
    key = no_body(builder)
    assert program("verify").code == 1  # findings go before what could not be read
    assert program("verify", "--fail-on", "poisoned").code == 3
    assert program("verify", "--ignore", "PC102", "--store", "http-v2").code == 0
    assert program("verify", "--select", "PC2,pc3").code == 3
    assert program("verify", key).code == 1
    assert program("verify", "--select", "nonsense").code == 2
    assert program("verify", "nosuch").code == 0


def test_an_empty_answer_is_told_as_empty(builder: CacheBuilder, program: Program) -> None:
    builder.selfcheck()
    ran = program("verify", "nosuch")
    assert ran.code == 0
    assert ran.out == "Nothing was verified: there is nothing to verify.\n"
    assert "Nothing matches 'nosuch'." in ran.err


def test_the_catalogue_of_checks_is_explained(program: Program) -> None:
    lines = program("verify", "--explain").lines
    assert [line[:5] for line in lines[::2]] == [check.code for check in Check]
    assert all(check.sentence in lines[2 * at] for at, check in enumerate(Check))
    assert len(program("verify", "--explain", "PC602").lines) == 2
    assert program("verify", "--explain", "what").code == 2


def test_every_code_is_stable_and_every_sentence_one(program: Program) -> None:
    del program
    assert all(check.code.startswith("PC") and len(check.code) == 5 for check in Check)
    assert all(check.sentence.endswith(".") and not check.effect.endswith(".") for check in Check)
    assert checks_named("PC") == frozenset(Check)
    assert checks_named("") == frozenset()
    assert {check.code for check in checks_named("pc10")} == {f"PC10{digit}" for digit in range(1, 10)}


@pytest.mark.parametrize("check", Check)
def test_a_finding_leads_to_the_verdict_of_its_check(check: Check, builder: CacheBuilder) -> None:
    builder.download(FILES + WHEEL[0], WHEEL[1])
    (artifact,) = read_inventory(Cache(str(builder.root)), Need())
    judgement = conclude(artifact, [Finding(check, "", "this", "that")], [])
    assert judgement.verdict is (check.leads_to or Verdict.INTACT)


def test_a_digest_that_differs_in_what_is_not_whole_is_damage(builder: CacheBuilder) -> None:
    builder.download("https://index.example/simple/foo/", page(FILES + WHEEL[0], WHEEL[1]))
    key = builder.download(FILES + WHEEL[0], WHEEL[1][:-30])
    judgement = of(builder, key)
    assert {"PC202", "PC401"} <= codes(judgement)
    assert judgement.verdict is Verdict.DAMAGED


def test_show_tells_the_verdict(builder: CacheBuilder, program: Program) -> None:
    by_page(builder)
    (shown,) = program.artifacts("show", "foo", "--kind", "wheel")
    assert shown["verdict"] == "poisoned"
    assert "PC202" in {finding["code"] for finding in shown["findings"]}
    text = program("show", "foo", "--kind", "wheel").out
    assert "verdict     poisoned" in text
    assert "finding     PC202 An index page promised another digest." in text


def test_nothing_is_written_and_no_last_use_moved(builder: CacheBuilder, program: Program) -> None:
    for break_it, _, _ in BROKEN.values():
        break_it(builder)
    caches.make_old(builder.root)
    before = caches.look(builder.root)
    program("verify", "--thorough")
    assert caches.look(builder.root) == before


def opened_by(process: int) -> set[Path]:
    """The files a process has open."""
    paths = set()
    for link in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            paths.add(link.readlink())
    return paths


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not say what a process has open")
def test_an_interruption_ends_it_and_says_how_far_it_came(builder: CacheBuilder) -> None:
    builder.download(pypi_url(*WHEEL), WHEEL[1])
    headers = {**FILE_HEADERS, "X-Checksum-Md5": "ab" * 16}
    key = builder.download(FILES + "large", b"\x00", headers=headers)
    caches.grow(builder.body(key), 64 << 30)  # a hole: a minute of hashing
    # a test run in the background passes on that interruptions are ignored
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"{heed}; from pipcache.__main__ import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", start, "verify", "--thorough", "--cache-dir", str(builder.root)],
        cwd=REPOSITORY,
        env=clean_environment(builder.root.parent / "home"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        try:
            while child.poll() is None and builder.body(key) not in opened_by(child.pid):
                time.sleep(0.05)
            time.sleep(0.5)  # the small one is done, the large one never will be
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
    assert child.returncode == 130, err
    # which of them was begun first is the threads' affair
    done = re.search(r"Interrupted: ([01]) of 2 artifacts were judged\.", err)
    assert done is not None
    assert out.startswith("1 artifact" if done[1] == "1" else "Nothing was verified")
    assert "Traceback" not in err
