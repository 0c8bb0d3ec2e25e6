"""Laws of policies, alone and together, on caches of any shape: what is kept stays, bounds hold, twice is once."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from pipcache.commands.prune import gather_facts
from pipcache.location.locate import locate
from pipcache.prune.plan import plan_pruning
from pipcache.prune.policies import Decision, decide
from pipcache.prune.request import Policies, PruneRequest
from pipcache.query.selector import parse_selector
from pipcache.removal.plan import Plan, Reason
from pipcache.store.cache import Cache
from pipcache.store.entries import Leftover, StrayEntry, entry_files, entry_path
from pipcache.util.progress import untracked
from tests.support.caches import CacheBuilder
from tests.support.strategies import FILES, KNOWN, SDISTS, WHEELS, build, check

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from pipcache.prune.facts import GatheredFacts

laws = settings(deadline=None, max_examples=120, derandomize=True)
quick = settings(laws, max_examples=25)

HOUR, DAY = 3600.0, 86400.0
DIGEST = "sha256:" + "0" * 64
LOCKS = (
    "foo==1.0\n",
    "bar>=1\nfoo==2.0\n",
    f"foo==1.0 --hash={DIGEST}\n",
    f"foo @ {FILES}{WHEELS[0][0]}\n",
    "nosuch==1\n",
)
KEPT = ("foo", "bar==1.0", "foo>=2", WHEELS[0][0], FILES + SDISTS[0][0])
TWICE = f"https://signed.example/{WHEELS[0][0]}?signature="


@st.composite
def requests(draw: DrawFn, *, alone: bool) -> dict[str, object]:
    """What to ask of prune: one policy, or any of them together."""
    ages = st.sampled_from((0.0, HOUR / 2, 2 * HOUR, 40 * DAY))
    choices: dict[str, SearchStrategy[object]] = {
        "old_layouts": st.booleans(),
        "unused_for": ages,
        "older_than": ages,
        "max_size": st.integers(0, 120_000),
        "keep_latest": st.integers(1, 2),
        "ci": st.just(value=True),
        "duplicates": st.just(value=True),
        "keep_for": st.lists(st.sampled_from(LOCKS), min_size=1, max_size=2),
        "verdicts": st.lists(st.sampled_from((Reason.DAMAGED, Reason.POISONED)), min_size=1, unique=True),
    }
    names = [draw(st.sampled_from(sorted(choices)))] if alone else draw(st.sets(st.sampled_from(sorted(choices))))
    asked = {name: draw(choices[name]) for name in sorted(names)}
    if "max_size" in asked:
        asked["by_age_only"] = draw(st.booleans())
    if draw(st.booleans()):
        asked["keep"] = draw(st.lists(st.sampled_from(KEPT), min_size=1, max_size=2))
    return asked


shapes = st.fixed_dictionaries(
    {
        **{name: st.sets(st.integers(0, 3)) for name in ("downloads", "legacy", "built", "copies")},
        "sdists": st.sets(st.integers(0, 1)),
        "odd": st.sets(st.integers(0, 18)),
        "folders": st.sets(st.integers(0, 5)),
        "links": st.sets(st.integers(0, 4)),
        "halves": st.booleans(),
        "young": st.sets(st.integers(0, 40)),
        "ages": st.lists(st.sampled_from((HOUR, 2 * DAY, 50 * DAY, 100 * DAY)), min_size=1, max_size=4),
    }
)


def request_of(folder: Path, asked: dict[str, object]) -> PruneRequest:
    """The request that these words mean, with its lock files written."""
    words = {name: value for name, value in asked.items() if name in Policies._fields}
    paths = []
    locks = asked.get("keep_for", [])
    assert isinstance(locks, list)
    for number, text in enumerate(locks):
        path = folder / f"lock-{number}.txt"
        path.write_text(text, encoding="ascii")
        paths.append(str(path))
    kept, verdicts = asked.get("keep", []), asked.get("verdicts", [])
    assert isinstance(kept, list)
    assert isinstance(verdicts, list)
    return PruneRequest(Policies(**words), tuple(map(parse_selector, kept)), tuple(paths), tuple(verdicts))  # type: ignore[arg-type]  # the words are drawn by name


def cache_of(folder: Path, shape: dict[str, set[int]]) -> CacheBuilder:
    """A cache of this shape, its files of several ages."""
    from tests.support.strategies import FOLDERS, LINKS, ODD  # noqa: PLC0415 - beside the numbers that choose them

    chosen: dict[str, object] = {
        **shape,
        "odd": {ODD[at] for at in shape["odd"] if at < len(ODD)},
        "folders": {FOLDERS[at] for at in shape["folders"]},
        "links": {LINKS[at] for at in shape["links"]},
    }
    builder = build(folder, chosen)  # type: ignore[arg-type]  # as it is drawn there
    for at in sorted(shape["copies"]):
        builder.download(f"{TWICE}{at}", WHEELS[0][1])
    ages = list(shape["ages"])
    young = {place for place in builder.root.rglob("*") if time.time() - place.lstat().st_mtime < HOUR / 2}
    for number, place in enumerate(sorted(builder.root.rglob("*"), reverse=True)):
        then = time.time() - ages[number % len(ages)]
        if place not in young or place.name.endswith(".body"):
            os.utime(place, (then, then), follow_symlinks=False)
    return builder


def decided(root: Path, request: PruneRequest) -> tuple[GatheredFacts, Decision, Plan]:
    """What prune would do."""
    gathered = gather_facts(locate(str(root), {}), request, untracked)
    facts = gathered.facts
    decision = decide(request.policies, facts)
    plan = plan_pruning(decision.taken, facts.artifacts, facts.folder_contents, gathered.empty_folders)
    return gathered, decision, plan


def hold(shape: dict[str, set[int]], asked: dict[str, object]) -> None:
    """Prune a cache, and hold everything that a policy promises against it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = cache_of(folder, shape).root
        request = request_of(folder, asked)
        gathered, decision, plan = decided(root, request)
        facts = gathered.facts
        taken = {entry_path(artifact.entry): reason for artifact, reason, _ in decision.taken}

        assert not facts.kept & taken.keys()
        needed = facts.needed or frozenset()
        unprotected = {Reason.DEAD_WEIGHT, Reason.OLD_LAYOUT, Reason.DAMAGED, Reason.POISONED, Reason.CI}
        assert {taken[path] for path in needed & taken.keys()} <= unprotected
        planned = {file.path for removal in plan.removals for file in removal.files}
        assert all(KNOWN.fullmatch(path.replace(os.sep, "/")) for path in planned)
        asked_for = {Reason(word.replace("_", "-")) for word in asked if word not in {*SPECIAL, "by_age_only"}}
        asked_for |= {Reason.DEAD_WEIGHT, Reason.OLD_LAYOUT, *request.verdicts}
        assert set(taken.values()) <= asked_for

        check(folder, plan, force=False)
        if request.policies.max_size is not None and decision.too_large is None:
            assert pips_bytes(root) <= request.policies.max_size
        _, again, second = decided(root, request)
        assert again.taken == []
        assert second.removals == ()
        assert (again.too_large is None) == (decision.too_large is None)


SPECIAL = {"keep", "verdicts", "old_layouts"}


def pips_bytes(root: Path) -> int:
    """Bytes of all that pip made and that is still there, by a walk of its own."""
    paths = set()
    for entry in Cache(str(root)).scan():
        if isinstance(entry, StrayEntry) and entry.why == Leftover.BUILD_FOLDER:
            paths |= {path for path in (root / entry.file.path).rglob("*") if path.is_file()}
        elif not isinstance(entry, StrayEntry) or isinstance(entry.why, Leftover):
            paths |= {root / file.path for file in entry_files(entry)}
    return sum(path.lstat().st_blocks * 512 for path in paths)


@quick
@given(shapes, requests(alone=True))
def test_each_policy_keeps_its_word_in_a_few(shape: dict[str, set[int]], asked: dict[str, object]) -> None:
    hold(shape, asked)


@pytest.mark.slow
@quick
@given(shapes, requests(alone=False))
def test_policies_together_keep_theirs_in_a_few(shape: dict[str, set[int]], asked: dict[str, object]) -> None:
    hold(shape, asked)


@pytest.mark.slow
@laws
@given(shapes, requests(alone=True))
def test_each_policy_keeps_its_word(shape: dict[str, set[int]], asked: dict[str, object]) -> None:
    hold(shape, asked)


@pytest.mark.slow
@laws
@given(shapes, requests(alone=False))
def test_policies_together_keep_theirs(shape: dict[str, set[int]], asked: dict[str, object]) -> None:
    hold(shape, asked)
