"""What real releases of uv write into their cache is what the readers expect."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

import msgpack
import pytest

from pipcache.archive.unpacked_check import check_unpacked
from pipcache.installers.uv_pointer import Metadata, is_archive_id, read_link, read_metadata, read_pointer
from pipcache.util.folders import Folder
from pipcache.util.progress import no_tick
from tests.support.real_uvs import NEWEST
from tests.support.uv_caches import GENERATIONS, NEWEST as NEWEST_GENERATION, UvCache

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.real_uvs import FullCache


def test_every_wheel_is_unpacked_where_its_pointer_says(full: FullCache) -> None:
    pointers = {path: pointer for path, pointer in full.pointers().items() if "revision" not in path.name}
    named = {pointer.filename: pointer for pointer in pointers.values() if pointer is not None}
    assert named.keys() == full.filled.wheels.keys()
    for path, pointer in pointers.items():
        assert pointer is not None
        assert pointer.archive_version == 0
        assert (full.root / "archive-v0" / pointer.archive_id / "").is_dir()
        link = read_link(os.readlink(path.with_name(path.name.rpartition(".")[0])))
        assert link is not None
        assert link.archive_id == pointer.archive_id
        assert pointer.filename is not None
        body = full.filled.wheels[pointer.filename]
        noted = (("sha256", sha256(body).hexdigest()),)
        is_local = path.suffix == ".rev"
        assert pointer.noted_digests == (() if is_local or full.uv.release == "0.9.30" else noted)
        assert pointer.size == (None if is_local or full.uv.release == "0.9.30" else len(body))
        assert pointer.url == (None if is_local else full.uv.wares.urls[pointer.filename])
    local = {"pathwheel-3.0-py3-none-any.whl", "findme-4.0-py3-none-any.whl"}
    assert {pointer.filename for path, pointer in pointers.items() if pointer and path.suffix == ".rev"} == local


def test_every_sdist_is_unpacked_beside_its_pointer(full: FullCache) -> None:
    pointers = {path: pointer for path, pointer in full.pointers().items() if "revision" in path.name}
    urls = {url for name, url in full.uv.wares.urls.items() if name.endswith(".tar.gz")}
    assert {pointer.url for pointer in pointers.values() if pointer} == {*urls, None}
    for path, pointer in pointers.items():
        assert pointer is not None
        folder = path.parent / pointer.archive_id
        metadata = read_metadata((folder / "metadata.msgpack").read_bytes())
        assert metadata is not None
        assert (metadata.name, metadata.version) in full.filled.built
        (wheel,) = folder.glob("*.whl")
        link = read_link(os.readlink(wheel.with_suffix("")))
        assert link is not None
        assert (full.root / "archive-v0" / link.archive_id).is_dir()
        if pointer.url is not None:
            assert (folder / "src/PKG-INFO").is_file()
            body = full.filled.sdists[pointer.url.rpartition("/")[2]]
            noted = () if full.uv.release == "0.9.30" else (("sha256", sha256(body).hexdigest()),)
            assert pointer.noted_digests == noted


def test_metadata_without_a_pointer_is_of_what_was_not_downloaded(full: FullCache) -> None:
    alone = {
        read_metadata(path.read_bytes())
        for path in full.root.glob("wheels-v*/**/*.msgpack")
        if not any(
            path.with_name(path.name.removesuffix("msgpack") + ending).exists() for ending in ("http", "rev")
        )
    }
    assert alone == {Metadata(*seen) for seen in full.filled.seen}


def environments(root: Path) -> dict[Path, set[tuple[str, str]]]:
    """The distributions of each environment in a cache, as METADATA has them."""
    versions = {}
    for config in root.glob("*/**/pyvenv.cfg"):
        texts = [
            path.read_text() for path in config.parent.glob("lib/python3*/site-packages/*.dist-info/METADATA")
        ]
        versions[config.parent] = {
            (text.partition("Name: ")[2].split()[0], text.partition("\nVersion: ")[2].split()[0]) for text in texts
        }
    return versions


def test_environments_are_archives_that_a_link_leads_to_or_folders_of_scripts(full: FullCache) -> None:
    there = environments(full.root)
    assert sorted(map(sorted, there.values())) == sorted(map(sorted, full.filled.environments.values()))
    for home in there:
        if home.parent.name.startswith("archive-v"):
            links = [
                read_link(os.readlink(path)) for path in full.root.glob("environments-v*/*/*") if path.is_symlink()
            ]
            assert home.name in {link.archive_id for link in links if link}
        else:
            assert home.parent.name.startswith("environments-v")
            assert home.name.startswith("s-")


def test_no_archive_that_uv_unpacked_has_a_flaw(full: FullCache) -> None:
    homes = environments(full.root).keys()
    archives = [path for path in full.root.glob("archive-v*/*") if path not in homes]
    assert len(archives) == len(full.filled.wheels) + len(full.filled.built)
    for archive in archives:
        assert is_archive_id(archive.name)
        with Folder.open(str(archive.parent), archive.name) as folder:
            assert list(check_unpacked(folder, no_tick)) == []


@pytest.mark.parametrize("mode", ["hardlink", "symlink", "copy", "clone"])
def test_installing_and_running_change_no_archive(full: FullCache, mode: str) -> None:
    options = ("--link-mode", mode, "--compile-bytecode")
    full.uv.install(*options, "six", "litellm==1.82.7", "runme", venv=f"venv-{mode}")
    full.uv.run_python(f"venv-{mode}", "import six, litellm, runme")
    test_no_archive_that_uv_unpacked_has_a_flaw(full)


def test_what_a_killed_install_leaves_is_a_folder_in_the_root(full: FullCache) -> None:
    before = set(full.root.glob(".tmp*"))
    full.uv.kill_an_install()
    (left,) = set(full.root.glob(".tmp*")) - before
    assert list(left.rglob("big/m*"))


def test_uv_installs_a_changed_archive_without_a_word(full: FullCache) -> None:
    """What `verify` is for: not even `--require-hashes` looks at the files."""
    digest = sha256(full.uv.wares.files["rich-13.0-py3-none-any.whl"]).hexdigest()
    (full.uv.folder / "hashed.txt").write_text(f"rich==13.0 --hash=sha256:{digest}\n")
    options = ("--require-hashes", "-r", str(full.uv.folder / "hashed.txt"))
    full.uv.install(*options, venv="first")
    (module,) = full.root.glob("archive-v0/*/rich/__init__.py")
    module.unlink()  # environments share the file
    module.write_text("changed = True\n")
    module.parent.parent.joinpath("evil.pth").write_text("import sys; sys.evil = True\n")
    full.uv.install(*options, venv="second")
    assert full.uv.run_python("second", "import sys, rich; print(rich.changed, sys.evil)") == "True True\n"


def shape(value: object) -> object:
    """The form of a value: types instead of texts and numbers."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value).__name__


def payload_of(path: Path) -> object:
    """The value that a file begins with."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(path.read_bytes())
    value: object = unpacker.unpack()
    return value


def test_the_fixtures_have_the_form_of_what_uv_writes(full: FullCache, tmp_path: Path) -> None:
    generation = NEWEST_GENERATION if full.uv.release == NEWEST else GENERATIONS[full.uv.release]
    fixture = UvCache(tmp_path, generation)
    written = fixture.wheel("six", "1.17.0", place="index/0123456789abcdef")
    local = fixture.wheel("idna", "3.10", place="url/939c2be22cc811eb", is_local=True)
    made = {
        written: "wheels-v*/index/*/six/*.http",
        local: "wheels-v*/url/*/pathwheel/*.rev",
        fixture.sdist("docopt", "0.6.2").parent / "revision.http": "sdists-v*/index/*/docopt/*/revision.http",
        fixture.seen("rich", "13.0"): "wheels-v*/index/*/rich/*.msgpack",
    }
    other = (
        {path.name for path in fixture.root.iterdir()} - {path.name for path in full.root.iterdir()} - {".lock"}
    )
    for path, pattern in made.items():
        (real,) = full.root.glob(pattern)
        most = 2 if path.suffix == ".msgpack" else None  # the name and the version; what is required may differ
        if beginning(shape(payload_of(path)), most) != beginning(shape(payload_of(real)), most):
            other.add(real.name)
    if other and full.uv.release == NEWEST:
        pytest.skip(f"the newest uv writes these in another form than is known here: {sorted(other)}")
    assert not other
    (real,) = full.root.glob(made[written])
    assert written.name == real.name
    assert len(fixture.archive_of(written).name) == len(payload_id(real))


def beginning(value: object, most: int | None) -> object:
    """The first items of a list, or what is no list."""
    return value[:most] if isinstance(value, list) else value


def payload_id(path: Path) -> str:
    """The name of the archive that a pointer leads to."""
    pointer = read_pointer(path.read_bytes())
    assert pointer is not None
    return pointer.archive_id
