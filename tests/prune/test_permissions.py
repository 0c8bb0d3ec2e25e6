"""`prune` where something may not be looked at."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.caches import CacheBuilder
from tests.support.leftovers import BODY, DAY, FILES, WHEEL, archive, place_of_wheel, populate, prune
from tests.support.program import Program
from tests.support.removal import age

CLOSED: dict[str, Callable[[CacheBuilder], Path]] = {
    "a head": lambda builder: builder.head(builder.download(f"{FILES}closed", BODY)),
    "a head without a body": lambda builder: builder.head(builder.download(f"{FILES}closed", None)),
    "a body": lambda builder: builder.body(builder.download(f"{FILES}closed", BODY)),
    "an entry of http": lambda builder: builder.head(builder.legacy(f"{FILES}closed", BODY), store="http"),
    "a folder of entries": lambda builder: builder.head(builder.download(f"{FILES}closed", BODY)).parent,
    "a wheel": lambda builder: builder.folder(builder.built(archive(FILES), *WHEEL)) / WHEEL[0],
    "an origin": lambda builder: builder.folder(builder.built(archive(FILES), *WHEEL)) / "origin.json",
    "a folder of wheels": lambda builder: builder.folder(builder.built(archive(FILES), *WHEEL)),
    "a build folder": lambda builder: Path(tempfile.mkdtemp(dir=place_of_wheel(builder, FILES, wheel=True))),
    "a note": lambda builder: builder.root / "selfcheck" / builder.selfcheck("/nowhere"),
}
UNASKED = {"a body", "a wheel"}  # whatever is in them, they stay


@pytest.mark.permissions
@pytest.mark.parametrize("name", CLOSED)
def test_what_may_not_be_looked_at_stays(name: str, builder: CacheBuilder, program: Program) -> None:
    populate(builder)
    place = CLOSED[name](builder)
    age(builder.root, 80 * DAY)
    mode = place.stat().st_mode
    place.chmod(0)
    try:
        pruned = prune(builder, program)
    finally:
        place.chmod(mode)
    assert pruned.removals == []
    assert place.exists()
    assert pruned.code == (0 if name in UNASKED else 3)


@pytest.mark.permissions
def test_the_note_of_an_environment_that_may_not_be_looked_at_stays(
    builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    home = builder.root.parent / "another"
    (home / "venv").mkdir(parents=True)
    builder.selfcheck(str(home / "venv"))
    home.chmod(0)
    try:
        assert prune(builder, program).removals == []
    finally:
        home.chmod(0o700)
