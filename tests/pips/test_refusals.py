"""Real pips install wheels and unpack sdists of every odd shape: what they refuse is told, and nothing else is."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support import refused_sdists, refused_wheels
from tests.support.hostile import WHEEL_NAME
from tests.support.installing import installed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSIONS = ("20.3.4", "23.2.1", "26.3")

WHEELS = {
    "fine": refused_wheels.FINE,
    "every": refused_wheels.REFUSED_BY_EVERY,
    "some": refused_wheels.REFUSED_BY_SOME,
    "windows": refused_wheels.LEAVING_ON_WINDOWS,
    "file systems": refused_wheels.OF_FILE_SYSTEMS,
}
SDISTS = {
    "fine": refused_sdists.FINE,
    "every": refused_sdists.REFUSED_BY_EVERY,
    "some": refused_sdists.REFUSED_BY_SOME,
    "windows": refused_sdists.LEAVING_ON_WINDOWS,
}


def sorted_by_pips(taken: Mapping[str, Mapping[str, bool]], group: str, names: Mapping[str, object]) -> list[str]:
    """What is in the wrong group: each archive must be taken by the pips that its group says, and by no others."""
    wrong = []
    for name in names:
        by = {version: of[f"{group} {name}"] for version, of in taken.items()}
        is_right = {
            "fine": all(by.values()),
            "windows": all(by.values()),
            "every": not any(by.values()),
            "file systems": not any(by.values()),
            "some": any(by.values()) and not all(by.values()),
        }[group]
        if not is_right:
            wrong.append(f"{group} {name}: {by}")
    return wrong


@pytest.mark.slow
def test_pips_install_and_refuse_the_wheels_that_the_table_says(tmp_path: Path) -> None:
    wheels = {
        f"{group} {name}": (WHEEL_NAME, make()) for group, table in WHEELS.items() for name, make in table.items()
    }
    taken = {version: installed(version, wheels, tmp_path / version) for version in VERSIONS}
    assert [name for group, table in WHEELS.items() for name in sorted_by_pips(taken, group, table)] == []


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="pips unpack otherwise without PEP 706's filter")
def test_pips_unpack_and_refuse_the_sdists_that_the_table_says(tmp_path: Path) -> None:
    sdists = {f"{group} {name}": make() for group, table in SDISTS.items() for name, make in table.items()}
    options = ("--no-build-isolation", "--no-deps")
    taken = {
        version: installed(version, sdists, tmp_path / version, *options, command="download")
        for version in VERSIONS
    }
    assert [name for group, table in SDISTS.items() for name in sorted_by_pips(taken, group, table)] == []
