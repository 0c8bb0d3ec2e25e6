"""Indexes whose pages have no SHA-256 digests: their files are hashed as the page has it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_wheel
from tests.support.saved_locks import WHEEL
from tests.support.shop import put_page, refresh

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.index import Index, Project
    from tests.support.program import Program, Ran

pytestmark = pytest.mark.usefixtures("home")

IN_FRAGMENTS = ["md5", "sha1", "sha224", "sha384", "sha512"]
"""What pip reads from the fragment of a URL."""


def stock(index: Index, builder: CacheBuilder, algorithm: str, *, html: bool = False) -> Project:
    """Let an index list a wheel by such digests, and put it and the page into the cache."""
    project = index.add_project("foo", html=html)
    project.algorithm = algorithm
    url = index.add_file(project, *build_wheel("foo", "1.0"), version="1.0")
    put_page(index, builder, project.path)
    builder.download(url, build_wheel("foo", "1.0")[1])
    return project


def replace(project: Project) -> None:
    """Let the index list other bytes under the name of the wheel."""
    (file,) = project.files
    fields = {name: getattr(file, name) for name in file.__slots__} | {"body": file.body + b" "}
    project.files[:] = [type(file)(**fields)]
    project.serial += 1


def of_file(ran: Ran) -> tuple[bool, str, list[str]]:
    (file,) = ran.document["files"]
    return file["confirmed"], file["verdict"], [finding["code"] for finding in file["findings"]]


@pytest.mark.parametrize(
    ("algorithm", "html"),
    [
        *((name, True) for name in IN_FRAGMENTS),
        *((name, False) for name in (*IN_FRAGMENTS, "blake2b", "sha3_256")),
    ],
)
def test_a_replaced_file_is_noticed_by_any_digest(
    live_index: Index,
    builder: CacheBuilder,
    program: Program,
    algorithm: str,
    html: bool,  # noqa: FBT001
) -> None:
    project = stock(live_index, builder, algorithm, html=html)
    is_certain = algorithm not in {"md5", "sha1"}  # for which other bytes of the same digest can be made
    assert of_file(refresh(program)) == (is_certain, "verified", [])
    replace(project)
    assert of_file(refresh(program)) == (False, "verified", ["PC713"])


@pytest.mark.parametrize("algorithm", ["sha384", "md5"])
def test_an_intact_file_is_verified_by_a_digest_that_nobody_can_forge(
    live_index: Index, builder: CacheBuilder, program: Program, algorithm: str
) -> None:
    project = live_index.add_project("foo")
    project.algorithm = algorithm
    filename, body = build_wheel("foo", "1.0")
    live_index.add_file(project, filename, body, version="1.0")
    builder.download(f"https://elsewhere.example/{filename}", body)
    ran = refresh(program, "foo", "--index-url", live_index.simple)
    is_certain = algorithm == "sha384"
    assert of_file(ran) == (is_certain, "verified" if is_certain else "intact", [])


@pytest.mark.parametrize("before", ["md5", "sha512"])
def test_an_index_that_has_other_digests_than_before_poisons_nothing(
    live_index: Index, builder: CacheBuilder, program: Program, before: str
) -> None:
    project = stock(live_index, builder, before)
    replace(project)
    project.algorithm = "sha256"
    # the page in the cache promised these bytes, whatever the index lists by now
    assert of_file(refresh(program)) == (False, "verified", ["PC713"])


def test_an_algorithm_that_nobody_knows_compares_nothing(
    live_index: Index, builder: CacheBuilder, program: Program
) -> None:
    stock(live_index, builder, "sha999")
    ran = refresh(program)
    assert ran.code == 0
    assert of_file(ran)[2] == []


def test_a_wheel_that_was_built_here_is_known_by_the_digest_of_the_lock(
    live_index: Index, builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    stock(live_index, builder, "sha256")
    body = build_wheel("foo", "1.0")[1] + b" "
    info = {"hash": f"sha256={'1' * 64}", "hashes": {"sha256": "1" * 64}}
    builder.built({"url": f"{live_index.root}/files/foo-1.0.tar.gz", "archive_info": info}, WHEEL, body)
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "foo"\nversion = "1.0"\n'
        f'[[packages.wheels]]\nname = "{WHEEL}"\nurl = "{live_index.root}/packages/{WHEEL}"\n'
        f'hashes = {{sha512 = "{hashlib.sha512(body).hexdigest()}"}}\n',
        "utf-8",
    )
    assert refresh(program, "--against", str(lock)).document["pins"] == []
