"""What a listed version means."""

from __future__ import annotations

import pytest

from pipcache.util.versions import affects, contains

SAME = [
    ("1.0", "1.0"),
    ("1.0", "1.0.0"),
    ("1.0.0", "1"),
    ("v1.0", "1.0"),
    ("1.0", "V1.0"),
    ("1.0", "01.0"),
    ("1.0", "1.0+cu118"),
    ("1.0", "1.0.0+cu118.local"),
    ("1.0", "1.0_cu118"),  # the same in the name of a file
    ("1.0+cu118", "1.0+CU118"),
    ("1.0+cu-118", "1.0+cu.118"),
    ("1.0_cu118", "1.0+cu118"),
    ("1.0rc1", "1.0.RC.1"),
    ("1.0a1", "1.0-alpha1"),
    ("1.0c1", "1.0rc1"),
    ("1.0.post1", "1.0-1"),
    ("1.0.post1", "1.0_1"),
    ("1.0.post1", "1.0.rev1"),
    ("1.0.post0", "1.0.post"),
    ("1.0.dev0", "1.0.DEV"),
    ("1!1.0", "1!1"),
    ("0!1.0", "1.0"),
    ("2004d", "2004D"),
    (" 1.0 ", "1.0"),
    ("0.7.10p1", "0.7.10p1"),
]
OTHERS = [
    ("1.0+cu118", "1.0"),
    ("1.0+cu118", "1.0+cpu"),
    ("1.0", "1.0rc1"),
    ("1.0rc1", "1.0"),
    ("1.0", "1.0.post1"),
    ("1.0", "1.0.dev1"),
    ("1.0", "1!1.0"),
    ("1!1.0", "1.0"),
    ("1.0", "1.0.1"),
    ("1.8", "1.82.7"),
    ("2004d", "2004e"),
    ("1.0", "1.0-x-y"),
]


@pytest.mark.parametrize(("listed", "version"), SAME)
def test_a_listed_version_means_its_spellings_and_its_local_versions(listed: str, version: str) -> None:
    assert affects(listed, version)


@pytest.mark.parametrize(("listed", "version"), OTHERS)
def test_a_listed_version_means_no_other(listed: str, version: str) -> None:
    assert not affects(listed, version)


@pytest.mark.parametrize(
    ("listed", "version"), [pair for pair in SAME + OTHERS if pair[0][1:4] in {"", ".0", "!1."}]
)
def test_a_listed_version_means_what_its_specifier_does(listed: str, version: str) -> None:
    assert affects(listed, version) == contains(f"=={listed}", version)


def test_the_name_of_a_file_meets_specifiers_as_its_version_does() -> None:
    assert contains("<=1.0", "1.0_cu118")
    assert contains("===1.0_cu118", "1.0_cu118")
    assert not contains(">1.0", "1.0_cu118")
