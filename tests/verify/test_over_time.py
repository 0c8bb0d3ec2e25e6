"""A file replaced under its name, the old one pruned: only a saved lock, or a saved list of digests, notices."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from pipcache.index.page_format import PageFormat
from pipcache.index.page_state import PageState
from pipcache.index.rows import PageFile
from pipcache.locks.model import Pin
from pipcache.verify.checks import Check
from pipcache.verify.lock_index import LockIndex, read_lock_index
from pipcache.verify.page_against_locks import replaced_since
from tests.support.archives import build_wheel
from tests.support.caches import FILE_HEADERS
from tests.support.index_pages import JSON_TYPE, json_page

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

INDEX = "https://index.example/simple/foo/"
NAME, FIRST = build_wheel("foo", "1.0")
_, SECOND = build_wheel("foo", "1.0", requires=["bar"])
NEXT_NAME, NEXT = build_wheel("foo", "2.0")


def row(data: bytes, name: str = NAME) -> PageFile:
    return PageFile(name, f"https://index.example/files/{name}", (("sha256", hashlib.sha256(data).hexdigest()),))


def publish(builder: CacheBuilder, *files: PageFile) -> PageState:
    """The index has these files now, and pip has its page."""
    builder.download(INDEX, json_page("foo", files), headers={**FILE_HEADERS, "Content-Type": JSON_TYPE})
    return PageState(INDEX, PageFormat.JSON, files)


@pytest.mark.parametrize("form", ["pylock", "sha256sums", "requirements"])
def test_only_the_saved_lock_notices_what_was_replaced_after_the_old_file_was_pruned(
    builder: CacheBuilder, program: Program, tmp_path: Path, form: str
) -> None:
    saved = tmp_path / {"pylock": "pylock.toml", "sha256sums": "SHA256SUMS", "requirements": "urls.txt"}[form]
    publish(builder, row(FIRST))
    builder.download(row(FIRST).url, FIRST)
    assert program("lock", "foo", "--format", form, "-o", str(saved)).code == 0
    assert program("verify", "--against", str(saved)).code == 0
    assert program("remove", "foo", "--yes").code == 0

    page = publish(builder, row(SECOND), row(NEXT, NEXT_NAME))
    builder.download(row(SECOND).url, SECOND)
    assert program("verify").code == 0
    ran = program("verify", "--against", str(saved), "--format", "json")
    assert ran.code == 1
    (poisoned,) = [entry for entry in ran.document["judgements"] if entry["verdict"] == "poisoned"]
    assert [finding["code"] for finding in poisoned["findings"]] == ["PC206"]
    # the index's page shows it too, whether the cache has the new file or not
    ((filename, finding),) = replaced_since("foo", page, read_lock_index([str(saved)]))
    assert (filename, finding.check, finding.by) == (NAME, Check.PC713, str(saved))
    assert finding.expected == f"sha256 {hashlib.sha256(FIRST).hexdigest()}"
    assert finding.actual == f"sha256 {hashlib.sha256(SECOND).hexdigest()}"
    assert (
        replaced_since("foo", PageState(INDEX, PageFormat.JSON, (row(FIRST),)), read_lock_index([str(saved)]))
        == []
    )


def pin(*, filename: str | None = NAME, data: bytes = FIRST, algorithm: str = "sha256") -> Pin:
    digest = hashlib.new(algorithm, data).hexdigest()
    return Pin("lock", "foo", "1.0", filename, None, None, ((algorithm, digest),))


@pytest.mark.parametrize(
    ("what", "listed", "count"),
    [
        (pin(), row(SECOND), 1),
        (pin(filename=None), row(SECOND), 1),
        (pin(filename="Foo-1.0-py3-none-any.whl"), row(SECOND), 1),
        (pin(), row(FIRST), 0),
        (pin(filename=None), row(FIRST), 0),
        (pin(), row(NEXT, NEXT_NAME), 0),  # no longer listed, or of another index
        (pin(algorithm="sha512"), row(SECOND), 0),  # cannot be compared
        (pin()._replace(digests=()), row(SECOND), 0),
        (pin()._replace(is_local=True), row(SECOND), 0),
        (pin()._replace(project="bar"), row(SECOND), 0),
    ],
)
def test_a_page_conflicts_with_a_pin_only_where_both_have_a_digest_of_the_file(
    what: Pin, listed: PageFile, count: int
) -> None:
    page = PageState(INDEX, PageFormat.JSON, (listed,))
    assert len(replaced_since("foo", page, LockIndex([what, what]))) == count


def test_one_file_of_a_version_that_is_as_pinned_is_enough() -> None:
    other = row(SECOND, "foo-1.0-cp311-none-any.whl")
    page = PageState(INDEX, PageFormat.JSON, (other, row(FIRST)))
    assert replaced_since("foo", page, LockIndex([pin(filename=None)])) == []
