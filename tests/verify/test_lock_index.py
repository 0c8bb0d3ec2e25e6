"""Pins say of artifacts which bytes are right."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.inventory.collector import Need, read_inventory
from pipcache.locks.lockfiles import read_lock
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.store.layout import Store
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.promises import find_promises
from tests.support import archives, truth
from tests.support.caches import CacheBuilder
from tests.support.lock_samples import (
    BASE,
    BY_HAND,
    OTHER,
    PDM_40,
    PIP_COMPILE,
    PYLOCK_UV,
    SDIST,
    UV,
    WHEEL,
    WRITTEN,
    package,
)
from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lock_samples import Write


def artifact(
    filename: str | None, version: str = "1.0", *, project: str = "Foo.Bar", kind: Kind = Kind.WHEEL
) -> Artifact:
    """An artifact of which the content tells project and version, and a page the file name."""
    claims = [Claim(Evidence.CONTENT, ".dist-info", project, version)]
    if filename is not None:
        claims.insert(0, Claim(Evidence.PAGE, "page", project, version, filename))
    return Artifact(HttpEntry(Store.HTTP_V2, "0" * 56, None, None), kind, 1, tuple(claims))


def promised(path: str, cached: Artifact) -> list[tuple[str, str, tuple[str, ...], bool]]:
    """What the file promises: algorithm, digest, what is right as well, and if it is said of a whole version."""
    locks = LockIndex(read_lock(path))
    digests = [
        (each.measure, each.expected, each.alternatives, each.covers_version)
        for each in find_promises(cached, locks)
    ]
    assert bool(locks.pins_of(cached)) == bool(digests)
    return digests


NAMED_WHEEL = [("sha256", WHEEL, (), False)]


@pytest.mark.parametrize(
    "case", ["poetry.lock 1", "poetry.lock 2", "pdm.lock 4.5", "uv.lock", "uv.lock of the first"]
)
@pytest.mark.parametrize("spelling", ["foo_bar", "Foo.Bar", "Foo_Bar", "FOO__bar"])
def test_a_file_is_known_however_its_project_is_spelled(write: Write, case: str, spelling: str) -> None:
    tags = "py2.py3" if case == "poetry.lock 1" else "py3"
    cached = artifact(f"{spelling}-1.0-{tags}-none-any.whl", project=spelling)
    name, text, _ = WRITTEN[case]
    assert promised(write(name, text), cached) == NAMED_WHEEL


def test_an_sdist_is_known_with_dashes_in_its_name(write: Write) -> None:
    cached = artifact("foo-bar-1.0.tar.gz", kind=Kind.SDIST)
    assert promised(write("uv.lock", UV), cached) == [("sha256", SDIST, (), False)]


@pytest.mark.parametrize(
    "filename",
    [
        *(
            "foo_bar-1.0-1-py3-none-any.whl",
            "foo_bar-1.0+local-py3-none-any.whl",
            "foo_bar-1.0-cp311-none-any.whl",
        ),
        *("foo_bar-1.0.1-py3-none-any.whl", "foo-1.0-py3-none-any.whl", "other-1.0-py3-none-any.whl"),
    ],
)
def test_another_file_is_unknown(write: Write, filename: str) -> None:
    assert promised(write("uv.lock", UV), artifact(filename)) == []


@pytest.mark.parametrize("kind", [Kind.PAGE, Kind.METADATA, Kind.OTHER])
def test_a_lock_file_says_nothing_of_what_is_no_distribution(write: Write, kind: Kind) -> None:
    assert promised(write("uv.lock", UV), artifact("foo_bar-1.0-py3-none-any.whl", kind=kind)) == []


def test_a_local_version_is_known_by_its_encoded_url(write: Write) -> None:
    path = write("pylock.toml", PYLOCK_UV)
    assert promised(path, artifact("foo_bar-1.0+cu118-py3-none-any.whl", "1.0+cu118")) == NAMED_WHEEL
    assert promised(path, artifact("foo_bar-1.0-py3-none-any.whl")) == []


def test_a_build_tag_is_part_of_the_name(write: Write) -> None:
    path = write("requirements.txt", BY_HAND)
    tags = "cp311-cp311-linux_x86_64"
    assert promised(path, artifact(f"direct_one-3.0-2-{tags}.whl", "3.0", project="direct-cached")) == NAMED_WHEEL
    assert promised(path, artifact(f"direct_one-3.0-{tags}.whl", "3.0", project="direct-cached")) == []


def test_two_digests_of_one_file_in_one_lock_are_both_right(write: Write) -> None:
    cached = artifact("foo_bar-1.0-py2.py3-none-any.whl")
    assert promised(write("pdm.lock", PDM_40), cached) == [("sha256", WHEEL, (OTHER,), False)]


@pytest.mark.parametrize("case", ["pip-compile", "poetry export", "Pipfile.lock"])
def test_a_lock_without_file_names_promises_for_the_version(write: Write, case: str) -> None:
    path = write(*WRITTEN[case][:2])
    assert promised(path, artifact(None)) == [("sha256", WHEEL, (SDIST,), True)]
    assert promised(path, artifact("FOO.bar-1.0.zip", kind=Kind.SDIST)) == [("sha256", WHEEL, (SDIST,), True)]
    assert promised(path, artifact(None, "1.0.1")) == []
    assert promised(path, artifact(None, project="foo")) == []


def test_what_pip_built_is_known_by_its_file_name_alone(write: Write) -> None:
    cached = artifact("foo_bar-1.0-py3-none-any.whl", kind=Kind.BUILT)
    assert promised(write("requirements.txt", PIP_COMPILE), cached) == []
    # of a wheel that comes from elsewhere, or that has an sdist beside it, the build is another file
    assert promised(write("uv.lock", UV), cached) == []
    row = f'{{name = "{cached.filename}", path = "w/{cached.filename}", hashes = {{sha256 = "{WHEEL}"}}}}'
    local = f'lock-version = "1.0"\n[[packages]]\nname = "foo.bar"\nversion = "1.0"\nwheels = [{row}]\n'
    assert promised(write("pylock.toml", local), cached) == NAMED_WHEEL
    sdist = f'sdist = {{path = "foo_bar-1.0.tar.gz", hashes = {{sha256 = "{SDIST}"}}}}\n'
    assert promised(write("pylock.both.toml", local + sdist), cached) == []
    for scheme in ("https", "HTTPS", "Http"):
        remote = local.replace('path = "w', f'url = "{scheme}://index.example')
        assert promised(write("pylock.remote.toml", remote), cached) == []


@pytest.mark.parametrize(("locked", "cached"), [("1.0", "1.0.0"), ("1.0.0", "1.0"), ("1.0RC1", "1.0rc1")])
def test_versions_are_compared_by_what_they_mean(write: Write, locked: str, cached: str) -> None:
    path = write("requirements.txt", f"foo.bar=={locked} --hash=sha256:{WHEEL}")
    assert promised(path, artifact(None, cached)) == [("sha256", WHEEL, (), True)]


def test_a_file_of_no_telling_name_is_known_by_its_url(write: Write) -> None:
    entry = HttpEntry(Store.HTTP_V2, truth.url_key(f"{BASE}/0badcafe.zip"), None, None)
    cached = artifact("foo_bar-1.0.zip", kind=Kind.SDIST)._replace(entry=entry)
    path = write("requirements.txt", f"foo.bar @ {BASE}/0badcafe.zip#sha256={SDIST}")
    assert promised(path, cached) == [("sha256", SDIST, (), False)]


# In a cache


@pytest.fixture
def cache(tmp_path: Path) -> CacheBuilder:
    return CacheBuilder(tmp_path / "cache")


def test_what_a_cache_holds_is_found_in_locks_of_both_kinds(cache: CacheBuilder, write: Write) -> None:
    filename, body = archives.build_wheel("Foo.Bar", "1.0+local.1", build="7")
    cache.download(f"{BASE}/{filename}", body)
    (cached,) = read_inventory(Cache(str(cache.root)), Need(deep=True))
    expected = hashlib.sha256(body).hexdigest()
    by_version = f"foo_bar==1.0+local.1 --hash=sha256:{OTHER} --hash=sha256:{expected}\n"
    by_name = package(f"files = [{{file = 'foo_bar{filename[7:]}', hash = 'sha256:{expected}'}}]")
    assert promised(write("requirements.txt", by_version), cached) == [("sha256", OTHER, (expected,), True)]
    assert promised(write("poetry.lock", by_name), cached) == [("sha256", expected, (), False)]


@pytest.mark.parametrize(("is_right", "code"), [(True, 0), (False, 1)])
def test_verify_holds_what_is_cached_against_a_lock(
    cache: CacheBuilder,
    write: Write,
    capsys: pytest.CaptureFixture[str],
    is_right: bool,  # noqa: FBT001 - pytest gives it by name
    code: int,
) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    cache.download(f"{BASE}/{filename}", body)
    expected = hashlib.sha256(body).hexdigest() if is_right else OTHER
    write("base.txt", f"foo==1.0 --hash=sha256:{expected}\n")
    ran = Program(cache.root, capsys)(
        "verify", "--against", write("requirements.txt", "-r base.txt"), "--format=json"
    )
    assert ran.code == code
    assert ran.document["known_to_locks"] == 1


def test_verify_says_what_is_wrong_with_a_lock(
    cache: CacheBuilder, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    cache.download(f"{BASE}/{filename}", body)
    path = write("requirements.txt", "foo==1.0\n-r missing.txt\n")
    ran = Program(cache.root, capsys)("verify", "--against", path)
    assert ran.code == 2
    assert f"{path}, line 2: " in ran.err
