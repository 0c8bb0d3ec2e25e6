"""Every distribution file of a real cache damaged, and what `verify` makes of each; run by hand.

    python -m tests.benchmarks.damage CACHE

CACHE is copied and never touched. For each kind of damage every downloaded distribution of a copy gets it; the
copy is verified once with its index pages and once without any, and a table tells how many were found, with which
verdicts.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgpack

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind
from pipcache.inventory.body import open_body
from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from pipcache.store.entries import entry_path
from pipcache.store.layout import Store
from tests.support.judging import codes, verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Place(NamedTuple):
    """Where the bytes of a distribution lie: a file, and the part of it that is the body."""

    path: Path
    start: int
    length: int


def flip(place: Place, _: Sequence[Place], dice: random.Random) -> None:
    """Turn one bit of the body."""
    at = place.start + dice.randrange(place.length)
    with place.path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << dice.randrange(8)]))


def cut(place: Place, _: Sequence[Place], dice: random.Random) -> None:
    """Let the file end somewhere within the body."""
    os.truncate(place.path, place.start + dice.randrange(place.length))


def swap(place: Place, all_places: Sequence[Place], _: random.Random) -> None:
    """Put the next file's body in the place of this one's, under the head it has."""
    body = _ORIGINALS[all_places[(all_places.index(place) + 1) % len(all_places)].path]
    if place.start == 0:
        place.path.write_bytes(body)
        return
    stored = msgpack.unpackb(place.path.read_bytes().removeprefix(b"cc=4,"))
    stored["response"]["body"] = body
    place.path.write_bytes(b"cc=4," + msgpack.packb(stored))


_ORIGINALS: dict[Path, bytes] = {}
DAMAGES: dict[str, Callable[[Place, Sequence[Place], random.Random], None]] = {
    "untouched": lambda *_: None,
    "one bit flipped": flip,
    "cut": cut,
    "another's body": swap,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--seed", type=int, default=4)
    options = parser.parse_args()
    print(f"{'damage':<18}{'pages':<8}{'files':>6}{'found':>7}   verdicts")
    for name, damage in DAMAGES.items():
        for pages in ("with", "without"):
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder) / "cache"
                shutil.copytree(options.cache, root, symlinks=True)
                places = damaged(root, damage, random.Random(options.seed))
                if pages == "without":
                    remove_pages(root)
                report(name, pages, root, places)


def damaged(
    root: Path, damage: Callable[[Place, Sequence[Place], random.Random], None], dice: random.Random
) -> set[str]:
    """Damage every downloaded distribution below `root` and return the paths of their entries."""
    places_by_path = {
        entry_path(artifact.entry): place_of(root, artifact)
        for artifact in read_inventory(Cache(str(root)), Need())
        if artifact.kind in DISTRIBUTIONS and artifact.kind is not Kind.BUILT and artifact.size
    }
    places = list(places_by_path.values())
    _ORIGINALS.clear()
    if damage is swap:
        for place in places:
            data = place.path.read_bytes()
            _ORIGINALS[place.path] = data[place.start : place.start + place.length]
    for place in places:
        damage(place, places, dice)
    return set(places_by_path)


def place_of(root: Path, artifact: Artifact) -> Place:
    """Where an artifact's bytes lie."""
    with open_body(Cache(str(root)), artifact) as body:
        file = artifact.files[-1 if artifact.store is Store.HTTP_V2 else 0]
        return Place(root / file.path, body.window.start, body.window.length)


def remove_pages(root: Path) -> None:
    """Remove every index page."""
    for artifact in read_inventory(Cache(str(root)), Need()):
        if artifact.kind is Kind.PAGE:
            for file in artifact.files:
                (root / file.path).unlink()


def report(name: str, pages: str, root: Path, places: set[str]) -> None:
    """Verify and print one line, and the files that were not found by name."""
    judgements = verified(root).judgements
    mine = [judgement for judgement in judgements if entry_path(judgement.artifact.entry) in places]
    hits = [judgement for judgement in mine if judgement.findings]
    verdicts = Counter(judgement.verdict.value for judgement in mine)
    others = [
        judgement
        for judgement in judgements
        if judgement.findings and entry_path(judgement.artifact.entry) not in places
    ]
    summary = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    print(f"{name:<18}{pages:<8}{len(mine):>6}{len(hits):>7}   {summary}")
    missed: Iterable[str] = [str(judgement.artifact.filename) for judgement in mine if judgement not in hits]
    if name != "untouched":
        for filename in missed:
            print(f"    not found: {filename}")
    for judgement in others:
        print(f"    found besides: {entry_path(judgement.artifact.entry)} {sorted(codes(judgement))}")


if __name__ == "__main__":
    main()
