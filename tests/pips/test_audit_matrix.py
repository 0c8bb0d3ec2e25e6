"""Real pips on both sides: each form of an advisory means what was planted, and what it means is gone for pip.

An index serves bad releases beside good ones, pips fill their caches from it, and then the index takes the bad
ones down: only the cache still has them, as after a true incident.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest

from tests.support.advisory_forms import BAD, FORMS, PAYLOAD, File
from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.index import Identity, Index
from tests.support.machines import PipMachine
from tests.support.program import Program, Ran
from tests.support.slow import NEWEST_PIP, slow_except
from tests.support.truth import (
    Source,
    built_entries,
    http_entries,
    this_interpreter,
    url_key,
    wheel_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


VERSIONS = ("23.2.1", "25.3", "26.3")
NEWEST = "26.3"  # pip takes pylock.toml since 26.1, and trusts cached pages since 26.2


@dataclass
class Shop:
    """A pip, the index it filled its cache from, and that cache, of which each part of a test gets a copy."""

    version: str
    index: Index
    filled: Path
    files: dict[str, File] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        """What lies under each key that pip can have made, by pip's own layout alone."""
        page_keys = {url_key(f"{self.index.simple}{name}/"): f"{name} page" for name in PROJECTS}
        page_keys |= {url_key(f"{self.index.root}{MIRROR}{name}/"): f"{name} mirrored" for name in PROJECTS}
        for label, file in self.files.items():
            page_keys[url_key(file.url)] = label
            page_keys[url_key(f"{file.url}.metadata")] = f"{label} metadata"
            for source, how in ((Source(file.url, "sha256", file.sha256), ""), (Source(file.url), " directly")):
                page_keys[wheel_key(source, interpreter=this_interpreter())] = f"{label} built{how}"
        return page_keys

    def there(self, cache: Path) -> Counter[str]:
        """What a cache holds."""
        labels = self.labels
        keys = [*http_entries(cache), *(entry.key for entry in built_entries(cache))]
        return Counter(labels.get(key, f"unknown {key}") for key in keys)


MIRROR = "/mirror/simple/"
PROJECTS = ("evil", "source", "twin", "innocent")
# Beside the bad ones of the same projects, and one of a project that has none
GOOD = ("evil 0.9", "evil 1.1", "source 1.0", "twin good", "innocent 1.0")

EVIL = {"evil 1.0": "match", "evil again": "match", "evil 1.0 metadata": "match", "evil page": "page"} | {
    "evil mirrored": "page"
}
SOURCE = {
    "source 1.1": "match",
    "source 1.1 built": "match",
    "source 1.1 built directly": "match",
    "source page": "page",
    "source mirrored": "page",
}
TWIN = {"twin bad": "match", "twin bad metadata": "match", "twin page": "page"}
ALL = EVIL | SOURCE | TWIN
# Of a file, not of a release: what only goes by a name or an origin then is what was made from it
BY_FILE = ALL | {
    "evil 1.0 metadata": "metadata",
    "source 1.1 built": "built-from",
    "source 1.1 built directly": "built-from",
    "twin bad metadata": "metadata",
}


def fill(shop: Shop, folder: Path) -> None:
    """Serve what there is, and install all of it: by name, from a mirror, directly."""
    index, files = shop.index, shop.files
    pages = {name: index.add_project(name) for name in PROJECTS}

    def serve(label: str, version: str, file: tuple[str, bytes], *, side: bool = False) -> None:
        name = label.partition(" ")[0]
        beside = metadata(name, version) if side else None
        url = index.add_file(pages[name], *file, version=version, metadata=beside)
        files[label] = File(name, version, url, file[1])

    mirror = {name: index.add_project(name, path=f"{MIRROR}{name}/") for name in PROJECTS}
    for version in ("0.9", "1.0", "1.1"):
        members = {"evil/payload.py": PAYLOAD} if version == "1.0" else {}
        serve(f"evil {version}", version, build_wheel("evil", version, members=members), side=True)
    for version in ("1.0", "1.1"):
        members = {"payload.py": PAYLOAD} if version == "1.1" else {}
        serve(f"source {version}", version, build_sdist("source", version, members=members))
    serve("twin good", "0.1.2", build_wheel("twin", "0.1.2"), side=True)
    twin = build_wheel("twin", "0.1.2", build="1", members={"twin/payload.py": PAYLOAD})
    serve("twin bad", "0.1.2", twin, side=True)
    serve("innocent 1.0", "1.0", build_wheel("innocent", "1.0"), side=True)
    # A mirror that never had the bad twin: pip would take that wherever it is listed
    for name, page in mirror.items():
        page.files += [file for file in pages[name].files if file.filename != files["twin bad"].filename]
    again = files["evil 1.0"]
    identity = Identity("wheel", "evil", "1.0", again.filename)
    url = index.add_raw(f"/again/{again.filename}", again.body, identity)
    files["evil again"] = again._replace(url=url)

    machine = Machine(shop, shop.filled, folder)
    machine.must("evil==0.9", "source==1.0", "twin==0.1.2", "innocent==1.0")  # the twin with the build tag
    machine.must("evil==1.0", "source==1.1", "twin==0.1.2", "--index-url", f"{index.root}{MIRROR}")
    machine.must("evil==1.1", files["source 1.0"].direct)
    machine.must(files["evil again"].direct, files["source 1.1"].direct)


class Machine(PipMachine[Shop]):
    """One copy of the cache, and a pip that works on it."""

    options = ("--no-compile",)

    def must(self, *wanted: str) -> None:
        done = self.pip(*wanted)
        assert done.returncode == 0, done.stdout + done.stderr

    def lock(self, *labels: str) -> tuple[str, str]:
        """Files by their digests, as pip's own kind of lock pins them."""
        path = self.folder / f"{labels[0].replace(' ', '-')}.txt"
        path.write_text("".join(self.shop.files[label].hashed for label in labels), encoding="ascii")
        return "-r", path.name

    def pylock(self, *labels: str) -> tuple[str, str]:
        """Files by their URLs and digests, as a lock file of the standard pins them."""
        lines = ['lock-version = "1.0"', 'created-by = "a test"']
        for file in map(self.shop.files.__getitem__, labels):
            is_wheel = file.filename.endswith(".whl")
            lines += ["[[packages]]", f'name = "{file.project}"', f'version = "{file.version}"']
            lines += ["[[packages.wheels]]" if is_wheel else "[packages.sdist]", f'name = "{file.filename}"']
            lines += [f'url = "{file.url}"', f'hashes = {{sha256 = "{file.sha256}"}}']
        path = self.folder / f"pylock.{labels[0].replace(' ', '-').replace('.', '-')}.toml"
        path.write_text("\n".join(lines) + "\n", encoding="ascii")
        return "-r", path.name


@pytest.fixture(scope="module", params=slow_except({NEWEST_PIP}, VERSIONS))
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with Index() as index:
        shop = Shop(request.param, index, folder / "filled")
        fill(shop, folder)
        yield shop


def test_the_cache_holds_every_shape_that_was_planted(shop: Shop) -> None:
    """If pip had kept less than that, to find no more would prove nothing."""
    expected = set(ALL) | set(GOOD) | {f"{label} metadata" for label in GOOD if not label.startswith("source")}
    expected |= {"source 1.0 built", "source 1.0 built directly", "innocent page", "twin mirrored"}
    assert shop.there(shop.filled) == Counter(expected)
    store = "http" if shop.version == "23.2.1" else "http-v2"
    assert {entry.store for entry in http_entries(shop.filled).values()} == {store}


# The forms of advisories


MEANS = {
    "OSV, versions": ALL,
    "OSV, ranges": EVIL | SOURCE,  # none can tell a build tag
    "OSV in YAML": ALL,
    "OSV, references": BY_FILE,
    "CSV": ALL,
    "CSV, digests": BY_FILE,
    "name==version": ALL,
    "file names": {label: BY_FILE[label] for label in {**EVIL, **TWIN}},
    "file names of sdists": {label: BY_FILE[label] for label in SOURCE},
    # other URLs of the same bytes too: their digest is in the path
    "file URLs": BY_FILE,
    "file URLs of another host": BY_FILE,
    # this URL has no digest in its path, so the other one is the copy
    "the URL of a re-upload": EVIL | {"evil 1.0": "copy", "evil 1.0 metadata": "metadata"},
    "sha256": BY_FILE,
    "sha256sum": BY_FILE,
    "sha256, base64url": BY_FILE,
    "blake2b_256": BY_FILE,
    "--hash": BY_FILE,
    # an sdist has no RECORD, and what was built from it has no such member
    "a row of RECORD": {label: BY_FILE[label] for label in {**EVIL, **TWIN}},
    "CycloneDX": ALL,
}
"""What each form means of what was planted, and by which relation."""


def write(shop: Shop, form: str, folder: Path) -> tuple[str, ...]:
    """The options that name an advisory of this form."""
    path = folder / FORMS[form].filename
    path.write_text(FORMS[form].text(shop.files), encoding="utf-8", newline="")
    return "--advisory", str(path)


def matched(shop: Shop, ran: Ran) -> list[tuple[str, str]]:
    """What was found, with its relation."""
    labels = shop.labels
    (part,) = ran.document["caches"]
    return sorted((labels.get(hit["artifact"]["key"], "unknown"), hit["relation"]) for hit in part["hits"])


@pytest.mark.parametrize(
    "form",
    MEANS,
)
def test_a_form_means_what_was_planted_and_nothing_else(
    shop: Shop, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, advisory = Program(shop.filled, capsys), write(shop, form, tmp_path)
    plan = program("remove", *advisory, "--dry-run", "--format", "json").document["plan"]
    planned = Counter(shop.labels.get(removal["artifact"]["key"], "unknown") for removal in plan["removals"])
    ran = program("audit", *advisory, "--format", "json")
    assert matched(shop, ran) == sorted(MEANS[form].items()), ran.err
    assert planned == Counter(list(MEANS[form]))
    # a record without versions, and a member that only its bytes in an sdist could show, leave something open
    assert (ran.code, ran.document["complete"]) == (1, form not in {"OSV, references", "a row of RECORD"})


def test_a_member_of_an_sdist_needs_its_bytes(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    advisory = write(shop, "a row of RECORD", tmp_path)
    ran = Program(shop.filled, capsys)("audit", *advisory, "--deep", "--format", "json")
    assert matched(shop, ran) == sorted(BY_FILE.items())


def test_no_form_was_left_out() -> None:
    assert list(MEANS) == list(FORMS)


# What is gone for pip

PURGED = ("OSV, versions", "file URLs", "sha256", "--hash")
# All of these take the same from a cache, which each test proves; so a pip need not be tried with each
TRIED = {("23.2.1", "file URLs"), ("25.3", "--hash"), ("26.3", "OSV, versions")}


@pytest.mark.slow
@pytest.mark.parametrize("form", PURGED)
def test_what_a_form_means_is_gone_for_pip_and_all_else_is_there(
    shop: Shop, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = machine_of(shop, tmp_path / "purged")
    program = Program(machine.cache, capsys)
    is_tried = (shop.version, form) in TRIED
    if is_tried:
        _bad_ones_install(machine_of(shop, tmp_path / "before"))
    advisory = write(shop, form, tmp_path)
    ran = program("remove", *advisory, "--yes")
    assert (ran.code, "A second look finds nothing." in ran.lines) == (0, True), ran.err
    assert shop.there(machine.cache) == shop.there(shop.filled) - Counter(list(ALL))
    ran = program("audit", *advisory, "--format", "json")
    assert (ran.code, ran.document["clean"], ran.document["complete"]) == (0, True, True)
    if is_tried:
        _bad_ones_do_not(machine)
        # pages that list them were fetched again, and nothing else
        ran = program("audit", *advisory, "--format", "json")
        assert {relation for _, relation in matched(shop, ran)} == {"page"}


LOCKED = ("evil 1.0", "source 1.1", "twin bad")
NAMES = ("evil==1.0", "source==1.1", "twin==0.1.2")  # of twins pip takes the one with the build tag


def machine_of(shop: Shop, folder: Path) -> Machine:
    """A fresh copy of the filled cache."""
    shutil.copytree(shop.filled, folder / "cache", symlinks=True)
    return Machine(shop, folder / "cache", folder)


def _bad_ones_install(machine: Machine) -> None:
    """The cache alone is enough for all of them, or that they do not install later proves nothing."""
    files = machine.shop.files
    with taken_down(machine.shop.index, "down_files"):
        machine.must(*NAMES)
        machine.must(*machine.lock(*LOCKED))
    with taken_down(machine.shop.index, "down"):
        machine.must(*(files[label].direct for label in LOCKED))
        machine.must(files["evil again"].direct)
        if machine.shop.version == NEWEST:
            machine.must(*NAMES)
            machine.must(*machine.pylock(*LOCKED))


def _bad_ones_do_not(machine: Machine) -> None:
    """Not by name, by URL or by a lock, with their URLs gone and with no index at all; the good ones do."""
    files, is_newest = machine.shop.files, machine.shop.version == NEWEST
    mirror = ("--index-url", f"{machine.shop.index.root}{MIRROR}")
    with taken_down(machine.shop.index, "down_files"):
        for name in NAMES:
            assert not machine.can(name), name
        for label in BAD:
            assert not machine.can(files[label].direct), label
        for label in LOCKED:
            assert not machine.can(*machine.lock(label)), label
        machine.must("evil==0.9", "source==1.0", "innocent==1.0")
        machine.must("evil==1.1", "twin==0.1.2", *mirror)
        machine.must(*machine.lock("evil 1.1", "source 1.0", "twin good"))
    with taken_down(machine.shop.index, "down"):
        for label in BAD:
            assert not machine.can(files[label].direct), label
        machine.must(*(files[label].direct for label in GOOD if label != "evil 1.1"))
        machine.must(files["evil 1.1"].direct)
        if is_newest:
            for name in NAMES:
                assert not machine.can(name), name
            for label in LOCKED:
                assert not machine.can(*machine.pylock(label)), label
            machine.must("innocent==1.0")
            machine.must("twin==0.1.2", *mirror)
            machine.must(*machine.pylock("evil 1.1", "source 1.0", "twin good"))


@contextlib.contextmanager
def taken_down(index: Index, how: Literal["down", "down_files"]) -> Iterator[None]:
    """An index of which nothing, or none of its files, answers."""
    setattr(index, how, True)
    try:
        yield
    finally:
        setattr(index, how, False)
