"""What is said of a selector that matches nothing: what the cache has of its project, or the nearest names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import archives

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

FILES = "https://files.example/packages"


@pytest.fixture(autouse=True)
def cache(builder: CacheBuilder) -> CacheBuilder:
    for name, version in (("numpy", "1.26.4"), ("numpy", "2.0.0"), ("numpydoc", "1.0"), ("six", "1.17.0")):
        filename, data = archives.build_wheel(name, version)
        builder.download(f"{FILES}/{filename}", data)
    return builder


COMMANDS = [
    ["list"],
    ["show"],
    ["verify"],
    ["remove", "--dry-run"],
    ["prune", "--dry-run", "--keep"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("numpi", "Nothing matches 'numpi'. The nearest names in the cache: numpy."),
        ("Nunpy", "Nothing matches 'Nunpy'. The nearest names in the cache: numpy."),
        ("nump", "Nothing matches 'nump'. The nearest names in the cache: numpy, numpydoc."),
        ("numpy==3", "Nothing matches 'numpy==3'. Of numpy the cache has 1.26.4, 2.0.0."),
        ("numpy-3.0", "Nothing matches 'numpy-3.0'. For a version write numpy==3.0."),
        ("zope.interface", "Nothing matches 'zope.interface'."),
        ("zope*", "Nothing matches 'zope*'."),
    ],
)
def test_a_selector_without_a_match_comes_with_advice(
    program: Program, command: list[str], selector: str, said: str
) -> None:
    assert said in program(*command, selector).err.splitlines()
