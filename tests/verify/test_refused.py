"""What pip checks before it installs is checked too: the tables that real pips were held to (``tests/pips``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import refused_sdists, refused_wheels
from tests.support.archives import build_sdist
from tests.support.hostile import INFO, STEM, WHEEL_NAME
from tests.support.judged_archives import judged_built, judged_download
from tests.support.judging import FILES, codes, listed, verified
from tests.support.refused_sdists import file, tar, zipped
from tests.support.slow import slow_but_every

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

OF_PIP = {"PC407", "PC505", "PC506", "PC507"}
"""The checks of what pip refuses."""

IS_ANOTHER = {"PC301", "PC303", "PC401", "PC402", "PC504"}
"""The checks that accuse some of it of more."""


@pytest.mark.parametrize("what", refused_wheels.FINE)
def test_a_wheel_that_every_pip_installs_has_no_such_finding(what: str, tmp_path: Path) -> None:
    data = refused_wheels.FINE[what]()
    assert not judged_download(tmp_path / "got", WHEEL_NAME, data).codes & OF_PIP
    assert not judged_built(tmp_path / "built", data).codes & OF_PIP


@pytest.mark.parametrize("what", refused_wheels.REFUSED_BY_EVERY)
def test_a_wheel_that_no_pip_installs_is_not_intact(what: str, tmp_path: Path) -> None:
    data = refused_wheels.REFUSED_BY_EVERY[what]()
    judgement = judged_download(tmp_path / "got", WHEEL_NAME, data)
    assert judgement.verdict in {"damaged", "poisoned", "unreadable"}
    assert judgement.codes & (OF_PIP | IS_ANOTHER)
    # a built wheel has no other name than its own
    assert judged_built(tmp_path / "built", data).codes


@pytest.mark.parametrize("what", refused_wheels.REFUSED_BY_SOME)
def test_what_only_some_pips_refuse_is_told_without_a_verdict(what: str, tmp_path: Path) -> None:
    judgement = judged_download(tmp_path, WHEEL_NAME, refused_wheels.REFUSED_BY_SOME[what]())
    if not judgement.codes & (IS_ANOTHER | {"PC407"}):
        assert (judgement.verdict, judgement.codes) == ("intact", {"PC507"})


@pytest.mark.parametrize("what", refused_wheels.LEAVING_ON_WINDOWS)
def test_a_wheel_that_leaves_its_folder_on_windows_is_poisoned(what: str, tmp_path: Path) -> None:
    judgement = judged_download(tmp_path, WHEEL_NAME, refused_wheels.LEAVING_ON_WINDOWS[what]())
    assert judgement.verdict == "poisoned"
    assert "PC407" in judgement.codes


@pytest.mark.parametrize("what", refused_wheels.OF_FILE_SYSTEMS)
def test_a_name_that_file_systems_do_not_hold_is_told_without_a_verdict(what: str, tmp_path: Path) -> None:
    judgement = judged_download(tmp_path, WHEEL_NAME, refused_wheels.OF_FILE_SYSTEMS[what]())
    assert (judgement.verdict, judgement.codes) == ("intact", {"PC507"})


@pytest.mark.parametrize("what", refused_sdists.FINE)
def test_an_sdist_that_every_pip_unpacks_has_no_finding(what: str, tmp_path: Path) -> None:
    assert judged_download(tmp_path, *refused_sdists.FINE[what]()).codes == set()


@pytest.mark.parametrize("what", refused_sdists.REFUSED_BY_EVERY | refused_sdists.LEAVING_ON_WINDOWS)
def test_an_sdist_that_no_pip_unpacks_is_poisoned(what: str, tmp_path: Path) -> None:
    make = (refused_sdists.REFUSED_BY_EVERY | refused_sdists.LEAVING_ON_WINDOWS)[what]
    assert judged_download(tmp_path, *make()).verdict == "poisoned"


@pytest.mark.parametrize("what", refused_sdists.REFUSED_BY_SOME)
def test_an_sdist_that_some_pips_do_not_unpack_is_told(what: str, tmp_path: Path) -> None:
    judgement = judged_download(tmp_path, *refused_sdists.REFUSED_BY_SOME[what]())
    assert judgement.codes in ({"PC407"}, {"PC507"})
    assert judgement.verdict == ("poisoned" if "PC407" in judgement.codes else "intact")


@pytest.mark.parametrize(
    ("filename", "data"),
    [
        (WHEEL_NAME, refused_wheels.REFUSED_BY_EVERY["two dist-info"]()),
        (WHEEL_NAME, refused_wheels.REFUSED_BY_EVERY[".."]()),
        (WHEEL_NAME, refused_wheels.REFUSED_BY_SOME["Requires-Dist legacy"]()),
        (WHEEL_NAME, refused_wheels.of_method(9)),
        refused_sdists.REFUSED_BY_EVERY["a file above"](),
    ],
    ids=["every pip", "climbing", "some pips", "unreadable", "sdist"],
)
def test_where_a_strong_promise_is_kept_it_is_told_by_thorough_alone(
    filename: str, data: bytes, builder: CacheBuilder, program: Program
) -> None:
    key = listed(builder, filename, data)
    assert program("verify").code == 0
    run = program("verify", "--thorough", "--format", "json")
    assert run.code == 1
    (judgement,) = [candidate for candidate in run.document["judgements"] if candidate["artifact"]["key"] == key]
    assert judgement["verdict"] == "verified"
    assert {finding["code"] for finding in judgement["findings"]} & OF_PIP


@pytest.mark.parametrize("what", slow_but_every(3, refused_wheels.REFUSED_BY_EVERY))
def test_a_wheel_that_was_published_so_stays_verified(what: str, builder: CacheBuilder) -> None:
    assert_told_and_verified(builder, WHEEL_NAME, refused_wheels.REFUSED_BY_EVERY[what]())


@pytest.mark.parametrize("what", refused_sdists.REFUSED_BY_EVERY)
def test_an_sdist_that_was_published_so_stays_verified(what: str, builder: CacheBuilder) -> None:
    assert_told_and_verified(builder, *refused_sdists.REFUSED_BY_EVERY[what]())


def assert_told_and_verified(builder: CacheBuilder, filename: str, data: bytes) -> None:
    """Assert that a file whose listed digest is kept has a finding, and that none changes its verdict."""
    key = listed(builder, filename, data)
    for thorough in (False, True):
        judgements = verified(builder.root, thorough=thorough).judgements
        (judgement,) = [candidate for candidate in judgements if candidate.artifact.key == key]
        assert judgement.verdict.value == "verified"
        assert bool(codes(judgement)) == thorough


NOTHING_TO_BUILD = {
    "tar": tar(top=f"{STEM}/deeper/"),
    "behind ./": tar(top=f"./{STEM}/"),
    "several folders": tar(file("other/x")),
    "zip": zipped(top=f"{STEM}/deeper/"),
}


@pytest.mark.parametrize("what", NOTHING_TO_BUILD)
def test_an_sdist_of_an_index_has_to_hold_what_pip_builds(what: str, builder: CacheBuilder) -> None:
    filename, data = NOTHING_TO_BUILD[what]
    key = listed(builder, filename, data)
    (judgement,) = [
        candidate
        for candidate in verified(builder.root, thorough=True).judgements
        if candidate.artifact.key == key
    ]
    assert "PC506" in codes(judgement)


@pytest.mark.parametrize("what", NOTHING_TO_BUILD)
def test_an_archive_by_direct_url_may_be_built_from_a_subdirectory(what: str, builder: CacheBuilder) -> None:
    filename, data = NOTHING_TO_BUILD[what]
    builder.download(f"https://forge.example/{filename}", data)
    (judgement,) = verified(builder.root, thorough=True).judgements
    assert codes(judgement) == set()


@pytest.mark.parametrize("fmt", ["tar.gz", "zip", "tar.bz2"])
def test_an_honest_sdist_of_an_index_has_no_finding(fmt: str, builder: CacheBuilder) -> None:
    listed(builder, *build_sdist("foo", "1.0", fmt=fmt))  # type: ignore[arg-type]
    assert all(not judgement.findings for judgement in verified(builder.root, thorough=True).judgements)


def test_every_pip_that_refuses_is_named(builder: CacheBuilder, program: Program) -> None:
    builder.download(FILES + WHEEL_NAME, refused_wheels.REFUSED_BY_SOME["Requires-Dist legacy"]())
    text = program("verify").out
    assert "which pip since 24.1 cannot read" in text
    assert f"{INFO}/METADATA" in text


def test_side_metadata_that_pips_refuse_is_found(builder: CacheBuilder) -> None:
    head = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"
    keys = {
        builder.download(f"{FILES}{number}/{WHEEL_NAME}.metadata", head + more): expected
        for number, (more, expected) in enumerate(
            [
                (b"", set()),
                (b"Requires-Dist: bar (>=1.*)\n", {"PC507"}),
                (b"Requires-Dist: ???\n", {"PC506"}),
                (b"Summary: \xff\n", {"PC505"}),
            ]
        )
    }
    codes_by_key = {judgement.artifact.key: codes(judgement) for judgement in verified(builder.root).judgements}
    assert codes_by_key == keys
