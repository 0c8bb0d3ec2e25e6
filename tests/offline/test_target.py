"""The Python and the platform that a lock is for."""

from __future__ import annotations

import sys

import pytest
from packaging import tags

from pipcache.offline.target import Target, TargetError
from pipcache.util.filenames import parse_filename


def rank(target: Target, filename: str) -> int | None:
    name = parse_filename(filename)
    assert name is not None
    return target.rank(name)


def test_without_a_word_it_is_this_interpreter() -> None:
    target = Target.of()
    best = next(iter(tags.sys_tags()))
    assert rank(target, f"a-1-{best}.whl") == 0
    assert target.python.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert target.holds_text(f"sys_platform == '{sys.platform}'")


@pytest.mark.parametrize(
    ("python", "platform", "fitting", "other"),
    [
        (
            "3.12",
            "manylinux_2_28_x86_64",
            "cp312-cp312-manylinux_2_28_x86_64",
            "cp312-cp312-manylinux_2_34_x86_64",
        ),
        ("3.12", "manylinux2014_x86_64", "cp312-cp312-manylinux1_x86_64", "cp312-cp312-manylinux_2_18_x86_64"),
        ("3.12", "linux_aarch64", "cp39-abi3-manylinux_2_34_aarch64", "cp312-cp312-manylinux_2_17_x86_64"),
        ("3.12", "musllinux_1_2_x86_64", "cp312-cp312-musllinux_1_1_x86_64", "cp312-cp312-manylinux2014_x86_64"),
        ("3.13", "win_amd64", "cp313-cp313-win_amd64", "cp313-cp313t-win_amd64"),
        ("3.13", "macosx_14_0_arm64", "cp313-cp313-macosx_11_0_universal2", "cp313-cp313-macosx_11_0_x86_64"),
        ("3.7", "win32", "cp37-cp37m-win32", "cp38-cp38-win32"),
        ("2.7", "win32", "py2.py3-none-any", "py3-none-any"),
    ],
)
def test_a_wheel_fits_by_its_tags(python: str, platform: str, fitting: str, other: str) -> None:
    target = Target.of(python, [platform])
    assert rank(target, f"a-1-{fitting}.whl") is not None
    assert rank(target, f"a-1-{other}.whl") is None
    assert rank(target, "a-1.tar.gz") is not None


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("python_version < '3.9'", False),
        ("python_full_version >= '3.12.4' and implementation_name == 'cpython'", True),
        ("sys_platform == 'win32' and os_name == 'nt' and platform_machine == 'AMD64'", True),
        ("platform_system == 'Linux'", False),
        ("platform_release >= '5'", False),
        ("extra == 'x'", True),
        ("this is no marker", True),
        ("python_version ~= 'x'", True),
        ("(" * 5000, True),
    ],
)
def test_markers_hold_for_the_target(marker: str, holds: bool) -> None:  # noqa: FBT001
    assert Target.of("3.12.4", ["win_amd64"]).holds_text(marker) is holds


def test_requires_python_is_that_of_the_target() -> None:
    target = Target.of("3.12")
    assert target.allows(">=3.8")
    assert target.allows(None)
    assert target.allows("what is this")
    assert not target.allows(">=3.13")
    assert not target.allows("<3.12")


@pytest.mark.parametrize("python", ["", "3", "4.1", "3.x", "3.12.1.1", "pypy3.10", "3.12rc1"])
def test_a_version_that_is_none_is_refused(python: str) -> None:
    with pytest.raises(TargetError, match="no version of CPython"):
        Target.of(python)


@pytest.mark.parametrize("platforms", [["any"], ["linux"], ["win"], ["macosx_11_arm64"], [""], ["linux_x86_64 "]])
def test_a_platform_that_is_none_is_refused(platforms: list[str]) -> None:
    with pytest.raises(TargetError, match="no platform tag"):
        Target.of(None, platforms)


def test_platforms_of_two_systems_are_refused() -> None:
    with pytest.raises(TargetError, match="different systems"):
        Target.of(None, ["win_amd64", "linux_x86_64"])
