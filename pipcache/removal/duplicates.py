"""Artifacts that hold the same bytes under several keys.

Text is no copy of anything: one sign-in page may be stored in the place of many files.
"""

from collections.abc import Iterable

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind, path_of
from pipcache.inventory.body import digest_lookup, is_text
from pipcache.query.selection import Selection
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.util.progress import Track


def find_copies(cache: Cache, selection: Selection, track: Track) -> list[tuple[Artifact, Artifact]]:
    """Return artifacts without a name that hold the bytes of a chosen distribution file, each with that file.

    Only what the filters of the selection let pass is compared, and only artifacts of equal size are hashed.
    """
    chosen = {path_of(artifact) for artifact in selection.chosen}
    originals = [artifact for artifact in selection.chosen if artifact.kind in DISTRIBUTIONS and artifact.size]
    sizes = {artifact.size for artifact in originals}
    unnamed = [
        artifact
        for artifact in selection.allowed
        if artifact.size in sizes
        and (artifact.is_unnamed or artifact.kind is Kind.OTHER)
        and isinstance(artifact.entry, (HttpEntry, BuiltEntry))
        and path_of(artifact) not in chosen
    ]
    unnamed_sizes = {artifact.size for artifact in unnamed}
    originals = [
        artifact for artifact in originals if artifact.size in unnamed_sizes and not is_text(cache, artifact)
    ]
    digest_of = digest_lookup(cache, [*originals, *unnamed], ("sha256",), track)
    by_digest = {digest_of(artifact, "sha256"): artifact for artifact in originals}
    by_digest.pop(None, None)
    pairs = ((artifact, by_digest.get(digest_of(artifact, "sha256"))) for artifact in unnamed)
    return [(copy, original) for copy, original in pairs if original is not None]


def find_duplicates(cache: Cache, artifacts: Iterable[Artifact], track: Track) -> list[frozenset[str]]:
    """Return groups of downloads that have the same bytes under several keys of one store, as paths of entries.

    Metadata files and index pages are left out: those of several wheels or projects may well be equal.
    """
    by_size: dict[tuple[str, int], list[Artifact]] = {}
    for artifact in artifacts:
        is_archive = artifact.kind in {Kind.WHEEL, Kind.SDIST, Kind.OTHER}
        if isinstance(artifact.entry, HttpEntry) and is_archive and artifact.size and not artifact.is_redirect:
            by_size.setdefault((artifact.store, artifact.size), []).append(artifact)
    suspects = [
        artifact
        for group in by_size.values()
        if len(group) > 1
        for artifact in group
        if artifact.kind is not Kind.OTHER or not is_text(cache, artifact)
    ]
    digest_of = digest_lookup(cache, suspects, ("sha256",), track)
    groups: dict[tuple[str, str], set[str]] = {}
    for artifact in suspects:
        if (digest := digest_of(artifact, "sha256")) is not None:
            groups.setdefault((artifact.store, digest), set()).add(path_of(artifact))
    return [frozenset(group) for group in groups.values() if len(group) > 1]
