"""Entries that hold the same bytes under other keys."""

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind
from pipcache.inventory.body import digest_lookup, is_text
from pipcache.query.selection import Selection
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry, entry_path
from pipcache.util.progress import Track


def copies(cache: Cache, selection: Selection, track: Track) -> list[tuple[Artifact, Artifact]]:
    """Return what no name tells and what holds the bytes of a chosen file under another key, each with that file.

    Text makes no copies: one sign-in page may stand in the place of many files.
    """
    chosen = {entry_path(artifact.entry) for artifact in selection.chosen}
    originals = [artifact for artifact in selection.chosen if artifact.kind in DISTRIBUTIONS and artifact.size]
    sizes = {artifact.size for artifact in originals}
    nameless = [
        artifact
        for artifact in selection.allowed
        if artifact.size in sizes
        and (artifact.is_unnamed or artifact.kind is Kind.OTHER)
        and isinstance(artifact.entry, (HttpEntry, BuiltEntry))
        and entry_path(artifact.entry) not in chosen
    ]
    alike = {artifact.size for artifact in nameless}
    originals = [artifact for artifact in originals if artifact.size in alike and not is_text(cache, artifact)]
    digest_of = digest_lookup(cache, [*originals, *nameless], ("sha256",), track)
    by_digest = {digest_of(artifact, "sha256"): artifact for artifact in originals}
    by_digest.pop(None, None)
    found = ((artifact, by_digest.get(digest_of(artifact, "sha256"))) for artifact in nameless)
    return [(copy, original) for copy, original in found if original is not None]
