"""The artifacts a command is about: selected, filtered, and told which selectors met nothing."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.artifacts import DISTRIBUTIONS, Artifact, Kind
from pipcache.entries import BuiltEntry, HttpEntry, entry_path
from pipcache.progress import Track
from pipcache.query import Filters

if TYPE_CHECKING:
    from pipcache.selectors import DigestLookup, Selector


class Match(NamedTuple):
    """An artifact that was chosen, and the selectors that mean it (none when there were none)."""

    artifact: Artifact
    selectors: tuple["Selector", ...]


class Selection(NamedTuple):
    """What was chosen, in the order of the catalogue.

    ``unmatched`` are selectors that matched nothing at all; ``allowed`` is all that the filters let pass.
    """

    matches: list[Match]
    unmatched: list["Selector"]
    allowed: list[Artifact]

    @property
    def chosen(self) -> list[Artifact]:
        """The artifacts that were chosen."""
        return [match.artifact for match in self.matches]


def select(
    root: str, catalogue: Sequence[Artifact], selectors: Sequence["Selector"], filters: Filters, track: Track
) -> Selection:
    """Return the artifacts any of ``selectors`` means (all of them without selectors) and ``filters`` let pass."""
    now = time.time()
    narrows = filters != Filters()
    allowed = [artifact for artifact in catalogue if not narrows or filters.allow(artifact, now)]
    if not selectors:
        return Selection([Match(artifact, ()) for artifact in allowed], [], allowed)
    algorithms = {name for selector in selectors if selector.digest is not None for name in selector.digest[0]}
    digest_of = digest_lookup(root, allowed, algorithms, track)
    met: set[int] = set()
    matches: list[Match] = []
    for artifact in allowed:
        hits = [at for at, selector in enumerate(selectors) if selector.matches(artifact, digest_of)]
        if hits:
            matches.append(Match(artifact, tuple(selectors[at] for at in hits)))
            met.update(hits)
    return Selection(matches, [selector for at, selector in enumerate(selectors) if at not in met], allowed)


def digest_lookup(
    root: str, artifacts: Sequence[Artifact], algorithms: Iterable[str], track: Track
) -> "DigestLookup":
    """Hash every body with ``algorithms``, on all cores, and return a look-up of the results."""
    known: dict[tuple[str, str], str] = {}
    wanted = tuple(algorithms)
    if wanted and artifacts:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only digest selectors need these

        from pipcache.prove import digest_by  # noqa: PLC0415

        with ThreadPoolExecutor() as pool:
            results = pool.map(lambda artifact: digest_by(root, artifact, wanted), artifacts)
            for artifact, digests in zip(artifacts, track(results, len(artifacts), "Hashing"), strict=True):
                known.update({(entry_path(artifact.entry), name): value for name, value in digests.items()})
    return lambda artifact, algorithm: known.get((entry_path(artifact.entry), algorithm))


def copies(root: str, selection: Selection, track: Track) -> list[tuple[Artifact, Artifact]]:
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
    originals = [artifact for artifact in originals if artifact.size in alike and not is_text(root, artifact)]
    digest_of = digest_lookup(root, [*originals, *nameless], ("sha256",), track)
    by_digest = {digest_of(artifact, "sha256"): artifact for artifact in originals}
    by_digest.pop(None, None)
    found = ((artifact, by_digest.get(digest_of(artifact, "sha256"))) for artifact in nameless)
    return [(copy, original) for copy, original in found if original is not None]


def is_text(root: str, artifact: Artifact) -> bool:
    """Return whether the bytes begin like text; no archive does."""
    from pipcache.contents import open_body  # noqa: PLC0415 - rare: only where sizes agree

    try:
        with open_body(root, artifact) as window:
            start = window.read(0, 512)
    except OSError:
        return True
    return b"\x00" not in start and start.decode("utf-8", "ignore").encode() == start


def passed_over(selectors: Iterable["Selector"], selection: Selection) -> list[Artifact]:
    """Return the files of the selectors' projects whose version no specifier judges: unknown, or not PEP 440."""
    from pipcache.names import normalise  # noqa: PLC0415 - only where a specifier is given

    projects = {
        selector.project
        for selector in selectors
        if selector.project and any(one.operator != "===" for one in selector.specifiers or ())
    }
    chosen = {entry_path(artifact.entry) for artifact in selection.chosen}
    return [
        artifact
        for artifact in selection.allowed
        if artifact.kind not in {Kind.PAGE, Kind.OTHER}
        and any(normalise(claim.project) in projects for claim in artifact.claims if claim.project)
        and entry_path(artifact.entry) not in chosen
        and not all(_is_pep_440(version) for version in _versions(artifact))
    ]


def _versions(artifact: Artifact) -> list[str | None]:
    return [claim.version for claim in artifact.claims if claim.version] or [None]


def _is_pep_440(version: str | None) -> bool:
    from packaging.version import Version  # noqa: PLC0415 - as above

    try:
        Version(version or "")
    except ValueError:  # InvalidVersion, or a number longer than int() takes
        return False
    return True
