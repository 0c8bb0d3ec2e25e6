"""What the checks of archives call wrong, without the checks of verify."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest

from pipcache.archive.flaw import Defect, Flaw
from pipcache.archive.metadata import SdistFacts, read_tar_sdist
from pipcache.archive.zip_check import check_zip
from pipcache.util.progress import no_tick
from pipcache.verify.checks import CHECK_OF_DEFECT
from tests.support import archives, caches
from tests.support.hostile import wheel_parts, write_zip


def test_every_defect_has_a_check_of_its_own() -> None:
    assert set(CHECK_OF_DEFECT) == set(Defect) - {Defect.UNREADABLE}
    assert len(set(CHECK_OF_DEFECT.values())) == len(CHECK_OF_DEFECT)


def test_the_parsers_of_archives_work_without_the_checks() -> None:
    modules = ["flaw", "metadata", "record", "tar_check", "tar_reader", "zip_check", "zip_reader"]
    lines = [f"import pipcache.archive.{module}" for module in modules]
    code = "; ".join(["import sys", *lines, "print([name for name in sys.modules if 'pipcache.verify' in name])"])
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("end", "expected", "actual"),
    [
        ({"disk": 1}, "number of this disk 0", "1"),
        ({"here": 3}, "members on this disk 4", "3"),
        ({"disk": 1, "directory disk": 2}, "number of this disk 0, disk of the directory 0", "1, 2"),
    ],
)
def test_end_records_that_disagree_are_reported_by_the_fields_that_differ(
    end: dict[str, int | bytes], expected: str, actual: str
) -> None:
    with caches.window(write_zip(wheel_parts(), end=end)) as window:
        flaws = check_zip(window, lambda _: None, no_tick).flaws
    assert flaws == [Flaw(Defect.AMBIGUOUS, "", expected, actual)]


def test_an_sdist_in_several_streams_is_named_by_all_of_them() -> None:
    plain = gzip.decompress(archives.build_sdist("foo", "1.0")[1])
    with caches.window(gzip.compress(plain[:100]) + gzip.compress(plain[100:])) as window:
        facts = read_tar_sdist(window, deep=True)
    assert isinstance(facts, SdistFacts)
    assert facts.folder == "foo-1.0"
    assert facts.metadata is not None
