"""Real pips against an index that fails: what they store of it is found, named and cured."""

from __future__ import annotations

import json
import random
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pipcache.cli.main import run
from tests.support import truth
from tests.support.archives import build_sdist, build_wheel
from tests.support.index import Delivery, Index
from tests.support.pips import needs_tls, run_pip
from tests.support.slow import slow_but

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.index import Certificate

VERSIONS = ("20.3.4", "26.3", "23.2.1", "23.3.2", "25.3")
VERSIONS = ("20.3.4", "23.2.1", "23.3.2", "25.3", "26.3")
SIGN_IN = b"<!DOCTYPE html><html><body><form action='/login'>Please sign in</form></body></html>"


class Failure(NamedTuple):
    """A way to fail: what is done to the index, what verify may call it, and whether it is done to the page."""

    spoil: Callable[[Index, str, bytes], None]
    codes: frozenset[str]
    verdict: str
    is_page: bool = False


def flipped(body: bytes) -> bytes:
    """The body with one bit turned, in the bytes of a member."""
    place = body.index(b"PK\x01\x02") // 2
    return body[:place] + bytes([body[place] ^ 4]) + body[place + 1 :]


OTHER = build_wheel("another", "9.9")[1]
FAILURES = {
    "cut": Failure(
        lambda index, url, _: index.deliver(url, Delivery.CUT), frozenset({"PC201", "PC202", "PC401"}), "damaged"
    ),
    "sign-in": Failure(
        lambda index, url, _: index.replace(url, SIGN_IN, content_type="text/html", keep_etag=True),
        frozenset({"PC201", "PC202", "PC301"}),
        "poisoned",
    ),
    "flipped": Failure(
        lambda index, url, body: index.replace(url, flipped(body), keep_etag=True),
        frozenset({"PC201", "PC202", "PC207", "PC402"}),
        "damaged",
    ),
    "another": Failure(
        lambda index, url, _: index.replace(url, OTHER), frozenset({"PC201", "PC202", "PC303"}), "poisoned"
    ),
    "spliced": Failure(
        lambda index, url, _: index.deliver(url, Delivery.SPLICED),
        frozenset({"PC201", "PC202", "PC401", "PC402"}),
        "damaged",
    ),
    "half-page": Failure(
        lambda index, url, _: index.deliver(url, Delivery.CUT),
        frozenset({"PC105", "PC107"}),
        "damaged",
        is_page=True,
    ),
    "half-plain-page": Failure(
        lambda index, url, _: index.deliver(url, Delivery.CUT), frozenset({"PC107"}), "damaged", is_page=True
    ),
}


class Shop:
    """A pip, an index that can fail in every way, and a cache."""

    def __init__(self, version: str, folder: Path, certificate: Certificate | None, index: Index) -> None:
        self.version = version
        self.cache = folder / "cache"
        self.index = index
        self.urls: dict[str, str] = {}
        self.bodies: dict[str, bytes] = {}
        self._certificate = certificate
        self._folder = folder
        self._runs = 0
        noise = random.Random(4).randbytes(30_000)
        for name in (*FAILURES, "fine"):
            project = index.add_project(name, gzip=name != "half-plain-page")
            for number in ("1.0", "0.9"):
                filename, body = build_wheel(
                    name, number, members={f"{name}.bin": noise, f"{name}.txt": b"x" * 99}
                )
                self.urls[name] = index.add_file(project, filename, body, version=number)
                self.bodies[name] = body
            # the page has some files, and what is asked for is the first
            self.urls[name] = f"{index.root}{project.files[0].path}"
            self.bodies[name] = project.files[0].body
        source = index.add_project("source")
        filename, body = build_sdist("source", "1.0")
        index.add_file(source, filename, body, version="1.0")

    def pip(self, *wanted: str) -> bool:
        """Whether this pip installs what is wanted."""
        self._runs += 1
        options = ["--no-deps", "--retries", "0", "--timeout", "5", "--target", f"out-{self._runs}"]
        done = run_pip(
            self.version,
            ["install", *options, "--index-url", self.index.simple, *wanted],
            cache_dir=self.cache,
            cwd=self._folder,
            certificate=self._certificate,
        )
        return done.returncode == 0

    def spoiled_url(self, name: str) -> str:
        """The URL whose answer fails."""
        return f"{self.index.simple}{name}/" if FAILURES[name].is_page else self.urls[name]

    def is_stored(self, name: str) -> bool:
        """Whether what failed lies in the cache."""
        key = truth.url_key(self.spoiled_url(name))
        return any(self.cache.joinpath(store, *key[:5], key).exists() for store in ("http", "http-v2"))


@pytest.fixture(params=slow_but(2, VERSIONS))
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    version = request.param
    certificate = request.getfixturevalue("certificate") if needs_tls(version) else None
    with Index(certificate=certificate) as index:
        yield Shop(version, tmp_path, certificate, index)


class Verifier:
    """`verify` and `remove` of a cache, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, command: str, cache: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the JSON answer."""
        self._capsys.readouterr()
        code = run([command, "--cache-dir", str(cache), *arguments, "--format", "json"])
        return code, json.loads(self._capsys.readouterr().out)

    def faulty(self, cache: Path) -> dict[str, dict[str, Any]]:
        """What verify has something to say of, by key."""
        _, document = self("verify", cache)
        return {
            judgement["artifact"]["key"]: judgement
            for judgement in document["judgements"]
            if judgement["findings"]
        }


def without_pages(shop: Shop) -> Path:
    """A copy of the cache without any index page."""
    copy = shop.cache.with_name("no-pages")
    shutil.copytree(shop.cache, copy)
    for name in (*FAILURES, "fine", "source"):
        key = truth.url_key(f"{shop.index.simple}{name}/")
        for file in copy.rglob(f"{key}*"):
            file.unlink()
    return copy


@pytest.mark.slow
def test_what_failed_is_found_named_and_cured(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    verifier = Verifier(capsys)
    assert shop.pip("fine", "source")
    assert verifier("verify", shop.cache)[0] == 0
    for name, failure in FAILURES.items():
        failure.spoil(shop.index, shop.spoiled_url(name), shop.bodies[name])
        assert not shop.pip(name), name
    stored = {truth.url_key(shop.spoiled_url(name)): name for name in FAILURES if shop.is_stored(name)}
    # pip resumes downloads since 25.1, and caches what it put together since 25.2
    never = set() if shop.version in {"25.3", "26.3"} else {"spliced"}
    assert set(stored.values()) == FAILURES.keys() - never
    for name, failure in FAILURES.items():
        shop.index.deliver(shop.spoiled_url(name), Delivery.WHOLE)
        if not failure.is_page:
            shop.index.replace(shop.urls[name], shop.bodies[name])

    faults = verifier.faulty(shop.cache)
    assert {stored.get(key, key) for key in faults} == set(stored.values())
    for key, name in stored.items():
        codes = {finding["code"] for finding in faults[key]["findings"]}
        assert codes & FAILURES[name].codes, (name, codes)
        assert faults[key]["verdict"] == FAILURES[name].verdict, (name, codes)
        assert faults[key]["artifact"]["project"] == name
        if not FAILURES[name].is_page:
            assert faults[key]["artifact"]["filename"] == shop.urls[name].rpartition("/")[2]

    alone = verifier.faulty(without_pages(shop))
    assert set(alone) == {key for key, name in stored.items() if not FAILURES[name].is_page}
    assert all(name in str(alone[key]["artifact"]) for key, name in stored.items() if key in alone)

    code, document = verifier("remove", shop.cache, "--damaged", "--poisoned", "--yes")
    assert code == 0
    assert {removal["artifact"]["key"] for removal in document["plan"]["removals"]} == set(stored)
    assert document["outcome"]["files_removed"] == document["plan"]["file_count"]
    assert shop.pip(*FAILURES, "fine", "source")
    code, document = verifier("verify", shop.cache)
    assert code == 0
