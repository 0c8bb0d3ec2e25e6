"""Caches of any shape, and what any removal in one has to keep to."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from pipcache.removal.executor import carry_out
from pipcache.removal.outcome import Fate
from pipcache.store.cache import Cache
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.removal import allocated

if TYPE_CHECKING:
    from pipcache.removal.plan import Plan

FILES = "https://files.example/packages/"

# written from pip's layout, not from pipcache
KNOWN = re.compile(
    r"http-v2/(.)/(.)/(.)/(.)/(.)/(\1\2\3\4\5[0-9a-f]{51})(\.body)?([a-z0-9_]{6,8}\.tmp)?|"
    r"http/(.)/(.)/(.)/(.)/(.)/(\9\10\11\12\13[0-9a-f]{51})(\.lock|[a-z0-9_]{6,8}\.tmp)?|"
    r"wheels/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{50}/([^/]+\.whl|origin\.json|tmp[a-z0-9_]{8}/.+)|"
    r"selfcheck/[0-9a-f]{56}|selfcheck\.json"
)

WHEELS = [archives.build_wheel(name, version) for name in ("foo", "bar") for version in ("1.0", "2.0")]
SDISTS = [archives.build_sdist(name, "1.0") for name in ("foo", "bar")]
KEY = "ab" * 28
ODD = (
    *("notes.txt", "http-v2/odd", "http-v2/a/b/c/d/e/odd", f"http-v2/a/b/a/b/{KEY}", f"http/b/a/b/a/b/{KEY}"),
    *(f"http-v2/a/b/a/b/a/{KEY}abcd1234.tmp", f"http-v2/a/b/a/b/a/{KEY}.bodyabcd1234.tmp", "http-v2/x.tmp"),
    *(f"http/a/b/a/b/a/{KEY}.lock", "http/x.lock", f"http-v2/a/b/a/b/a/{KEY}.body", f"http/a/b/a/b/a/{KEY}.body"),
    *(f"wheels/ab/ab/ab/{KEY[6:]}/origin.json", f"wheels/ab/ab/ab/{KEY[6:]}/readme", "wheels/x.whl"),
    *(f"wheels/ab/ab/ab/{KEY[6:]}/tmpabcd1234/deep/x.whl", "wheels/ab/tmpabcd1234/x.whl", "wheels/ab/origin.json"),
    *("selfcheck/odd", "selfcheck.json", "origin.json", f"selfcheck/sub/{KEY}"),
)
FOLDERS = ("http-v2/f/f/f/f/f", "http-v2/not-pips", "http/e/e", "wheels/aa/bb", "empty", f"wheels/a/b/c/{KEY[6:]}")
LINKS = ("http-v2/b", "wheels/cd", "link", f"wheels/ab/ab/ab/{KEY[6:]}/x-1.0-py3-none-any.whl", "http-v2/f/f/link")
SELECTORS = ("foo", "bar==1.0", "foo>=2", "*", "nosuch", KEY, "foo-1.0-py3-none-any.whl", FILES + SDISTS[0][0])

caches_of_any_shape = st.fixed_dictionaries(
    {
        "downloads": st.sets(st.sampled_from(range(len(WHEELS)))),
        "legacy": st.sets(st.sampled_from(range(len(WHEELS)))),
        "sdists": st.sets(st.sampled_from(range(len(SDISTS)))),
        "built": st.sets(st.sampled_from(range(len(WHEELS)))),
        "odd": st.sets(st.sampled_from(ODD)),
        "folders": st.sets(st.sampled_from(FOLDERS)),
        "links": st.sets(st.sampled_from(LINKS)),
        "halves": st.booleans(),
        "young": st.sets(st.integers(0, 40)),
    }
)


def build(folder: Path, shape: dict[str, set[int]]) -> CacheBuilder:
    """A cache of this shape, and a folder beside it that links in it lead to."""
    builder = CacheBuilder(folder / "cache")
    outside = folder / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / f"{KEY}.body").write_text("a letter", encoding="ascii")
    builder.selfcheck()
    for at in sorted(shape["downloads"]):
        builder.download(FILES + WHEELS[at][0], WHEELS[at][1])
    for at in sorted(shape["legacy"]):
        builder.legacy(FILES + WHEELS[at][0], WHEELS[at][1])
    for at in sorted(shape["sdists"]):
        key = builder.download(FILES + SDISTS[at][0], SDISTS[at][1])
        if shape["halves"]:
            builder.head(key).unlink()
    for at in sorted(shape["built"]):
        # two of them in one folder
        builder.built({"url": FILES + SDISTS[at % 2][0]}, *WHEELS[at])
    for path in sorted(map(str, shape["odd"])):
        builder.stray(path)
    for path in sorted(map(str, shape["folders"])):
        (builder.root / path).mkdir(parents=True, exist_ok=True)
    for name in sorted(map(str, shape["links"])):
        place = builder.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to(outside)
    then = time.time() - 3600
    for at, place in enumerate(sorted(builder.root.rglob("*"), reverse=True)):
        if at not in shape["young"]:
            os.utime(place, (then, then), follow_symlinks=False)
    return builder


def check(folder: Path, plan: Plan, force: bool) -> None:  # noqa: FBT001 - drawn at random
    """Carry a plan out and hold what happened against it."""
    root = folder / "cache"
    before, bytes_before = caches.look(folder, contents=False), allocated(folder)
    outcome = carry_out(Cache(str(root)), plan, force=force)
    after = caches.look(folder, contents=False)
    planned = {f"cache/{file.path}" for removal in plan.removals for file in removal.files}
    gone = before.keys() - after.keys()
    files = {path for path in gone if not _is_folder(before[path].mode)}
    assert files == planned
    assert all(KNOWN.fullmatch(path.removeprefix("cache/")) for path in planned)
    # folders: below a store, and emptied, for what is left has its folder still
    for path in gone - files:
        assert re.fullmatch(r"cache/(http|http-v2|wheels|selfcheck)/.+", path)
    assert after.keys() <= before.keys()
    assert {path for path in after if _stamp(after[path]) != _stamp(before[path])} == set()
    assert {Fate.REMOVED} >= set(outcome.fates)
    assert (outcome.problems, outcome.files, outcome.gone) == ((), len(planned), 0)
    assert outcome.folders == len(gone) - len(files)
    assert outcome.freed == bytes_before - allocated(folder)


def _stamp(seen: caches.Seen) -> object:
    """What must not change of what stays; a folder's times do, and looking at a link moves its last use."""
    return seen.mode if _is_folder(seen.mode) else (seen.mode, seen.size, seen.mtime_ns, seen.content)


def _is_folder(mode: int) -> bool:
    return mode & 0o170000 == 0o040000
