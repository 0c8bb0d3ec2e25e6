"""Real pips and `lock`: what a pip has downloaded it installs again from a lock, without any index."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.index import Index
from tests.support.pips import fill_cache, needs_tls, run_pip
from tests.support.program import Program
from tests.support.slow import NEWEST_PIP, slow_except
from tests.support.static_server import DOWN

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.index import Certificate

    Fill = Callable[[str, Certificate | None], Path]
    """Gives the folder with the cache that a pip has filled."""

# on both sides of the layout (23.3), of http from trusted hosts (21.3), of pylock (26)
PIPS = ("20.3.4", "21.3.1", "22.3.1", "23.2.1", "23.3.2", "25.3", "26.3")
WITHOUT_DIGEST = {"22.3.1"}
"""These make keys of built wheels without the digest that a JSON page has, and do not find them with a lock."""
READS_PYLOCK = ("26.3",)


class Shop(NamedTuple):
    """A pip, and the cache that it has filled from an index that is down by now."""

    version: str
    cache: Path
    folder: Path
    certificate: Certificate | None

    def install(self, lock: Path, into: str) -> subprocess.CompletedProcess[str]:
        """Install from a lock, with every connection refused."""
        return run_pip(
            self.version,
            ["install", "--retries", "0", "--timeout", "2", "--target", into, "--no-compile", "-r", str(lock)],
            cache_dir=self.cache,
            cwd=self.folder,
            env=DOWN,
            certificate=self.certificate,
        )

    def installed(self, into: str) -> set[str]:
        return {path.name.removesuffix(".dist-info") for path in (self.folder / into).glob("*.dist-info")}


@pytest.fixture(scope="module")
def fill(tmp_path_factory: pytest.TempPathFactory) -> Fill:
    """Fills a cache once for each pip."""
    folders: dict[str, Path] = {}

    def filled(version: str, certificate: Certificate | None) -> Path:
        if version not in folders:
            folders[version] = tmp_path_factory.mktemp("filled")
            _fill(version, folders[version], certificate)
        return folders[version]

    return filled


@pytest.fixture(params=slow_except({NEWEST_PIP}, PIPS))
def shop(request: pytest.FixtureRequest, fill: Fill, tmp_path: Path) -> Shop:
    version = request.param
    certificate = request.getfixturevalue("certificate") if needs_tls(version) else None
    shutil.copytree(fill(version, certificate), tmp_path, dirs_exist_ok=True)
    return Shop(version, tmp_path / "cache", tmp_path, certificate)


def _fill(version: str, folder: Path, certificate: Certificate | None) -> None:
    with Index(certificate=certificate) as index:
        app = index.add_project("Front_End")
        # pip before 23.3 looks for each set of extras, and for the plain name, among the links that have the same
        requires = ("Middle.Ware>=1", "back[fast]<3", "back[fast,more_so]", 'unneeded; python_version < "3"')
        _add(index, app, "Front_End", "2.0", requires)
        middle = index.add_project("Middle.Ware")
        _add(index, middle, "Middle.Ware", "1.0+local.1", ("source", "back"))
        back = index.add_project("back")
        _add(index, back, "back", "2.5", EXTRAS)
        _add(index, index.add_project("extra-part"), "extra-part", "0.1", ())
        _add(index, index.add_project("more-part"), "more-part", "0.2", ())
        # pip needs an index to build it again, and takes the wheel that it has built
        _add(index, index.add_project("helper"), "helper", "1.0", ())
        builds_with = b"[]" if version in WITHOUT_DIGEST else b'["helper"]'
        pyproject = PYPROJECT.replace(b"BUILDS_WITH", builds_with)
        filename, body = build_sdist("source", "0.3", members={"pyproject.toml": pyproject})
        index.add_file(index.add_project("source"), filename, body, version="0.3")
        for_isolated_builds = {} if certificate is None else {"PIP_CERT": str(certificate.cert)}
        fill_cache(version, index, folder, "Front_End", env=for_isolated_builds)


def _add(index: Index, project: object, name: str, version: str, requires: tuple[str, ...]) -> None:
    filename, body = build_wheel(name, version, requires=requires)
    side = metadata(name, version, requires=requires)
    index.add_file(project, filename, body, version=version, metadata=side)  # type: ignore[arg-type]


PYPROJECT = b"""\
[build-system]
requires = BUILDS_WITH
build-backend = "inplace"
backend-path = ["."]

[project]
name = "source"
version = "0.3"
"""
EXTRAS = (
    "extra-part; extra == 'fast'\nProvides-Extra: fast",
    "more-part; extra == 'more_so'\nProvides-Extra: more_so",
)
ALL = {"more_part-0.2", "Front_End-2.0", "Middle.Ware-1.0+local.1", "back-2.5", "extra_part-0.1", "source-0.3"}


def test_pip_installs_from_its_cache_with_a_lock_and_no_index(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(shop.cache, capsys)
    assert shop.installed("first") == ALL
    answer = program("lock", "front-end", "--complete", "-o", str(shop.folder / "locked.txt"))
    assert answer.code == 0, answer.err
    # it is the lock that makes it work: by name pip finds nothing
    (shop.folder / "names.txt").write_text("Front_End\n", encoding="utf-8")
    assert shop.install(shop.folder / "names.txt", "by-name").returncode != 0
    done = shop.install(shop.folder / "locked.txt", "from-lock")
    assert done.returncode == 0, done.stderr
    assert shop.installed("from-lock") == ALL


@pytest.mark.slow
def test_the_lock_of_the_whole_cache_installs_too_and_is_read_back(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(shop.cache, capsys)
    first, second = program("lock"), program("lock")
    assert (first.code, first.out) == (0, second.out)
    lock = shop.folder / "all.txt"
    lock.write_text(first.out, encoding="utf-8")
    assert shop.install(lock, "from-lock").returncode == 0
    # no pip caches what an isolated build gets from an index that is trusted on the command line alone
    assert shop.installed("from-lock") - {"helper-1.0"} == ALL
    for form, name in (("requirements", "r.txt"), ("pylock", "pylock.toml"), ("sha256sums", "SHA256SUMS")):
        path = shop.folder / name
        path.write_text(program("lock", "--format", form).out, encoding="utf-8")
        verified = program("verify", "--against", str(path), "--format", "json").document
        by_lock = [
            judgement["artifact"]["filename"]
            for judgement in verified["judgements"]
            if any(promise["by"] == str(path) and promise["kept"] for promise in judgement["promises"])
        ]
        assert len({name for name in by_lock if not name.startswith("helper")}) == len(ALL), form


def test_a_flipped_byte_keeps_a_file_out_of_the_lock(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    program = Program(shop.cache, capsys)
    (entry,) = [row for row in program.artifacts("list", "back") if row["kind"] == "wheel"]
    place = shop.cache / entry["files"][-1]
    data = bytearray(place.read_bytes())
    data[data.index(b"PK\x03\x04") + 60] ^= 1
    place.write_bytes(data)
    answer = program("lock", "Front_End", "--format", "json")
    assert answer.code == 3
    assert "back" not in {file["project"] for file in answer.document["locked"]}
    assert [left["artifact"]["filename"] for left in answer.document["left_out"] if left["is_shortcoming"]] == [
        entry["filename"]
    ]
    missing = [(lack["requirement"], lack["why"], lack["needed_by"]) for lack in answer.document["missing"]]
    assert sorted(missing) == [
        ("back", "left-out", ["front-end 2.0", "middle-ware 1.0+local.1"]),
        ("back<3", "left-out", ["front-end 2.0"]),
    ]
    assert program("lock", "Front_End", "--complete").code == 1


@pytest.mark.parametrize("shop", READS_PYLOCK, indirect=True)
def test_pip_installs_from_pylock(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    program = Program(shop.cache, capsys)
    lock = shop.folder / "pylock.toml"
    answer = program("lock", "back[fast]", "--complete", "-o", str(lock))
    assert (answer.code, answer.out) == (0, "")
    done = shop.install(lock, "from-lock")
    assert done.returncode == 0, done.stderr
    assert shop.installed("from-lock") == {"back-2.5", "extra_part-0.1"}
    assert lock.read_text("utf-8").count("upload-time") == 2


@pytest.mark.slow
@pytest.mark.parametrize("shop", READS_PYLOCK, indirect=True)
def test_with_pylock_pip_takes_no_wheel_that_it_has_built(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    program = Program(shop.cache, capsys)
    lock = shop.folder / "pylock.toml"
    assert program("lock", "source", "--complete").code == 0
    answer = program("lock", "source", "--complete", "-o", str(lock))
    assert answer.code == 1
    assert "Missing: helper, needed by source 0.3" in answer.err
    assert shop.install(lock, "from-lock").returncode != 0


@pytest.mark.slow
def test_an_sdist_of_which_no_wheel_was_built_needs_an_index(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(shop.cache, capsys)
    lock = shop.folder / "locked.txt"
    assert program("remove", "source", "--kind", "built", "--yes").code == 0
    if shop.version in WITHOUT_DIGEST:
        pytest.skip("its sdist needs nothing to be built")
    answer = program("lock", "front-end", "--format", "json")
    assert [(lack["requirement"], lack["why"]) for lack in answer.document["missing"]] == [("helper", "build")]
    assert program("lock", "front-end", "--complete", "-o", str(lock)).code == 1
    done = shop.install(lock, "from-lock")
    assert done.returncode != 0
    assert "helper" in done.stderr + done.stdout
