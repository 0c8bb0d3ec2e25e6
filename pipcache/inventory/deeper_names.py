"""The names that METADATA and PKG-INFO give to artifacts which were identified without them."""

from pipcache.archive.metadata import WheelFacts
from pipcache.inventory.artifact import Artifact, Claim, Kind, Place
from pipcache.inventory.identify import Look, claims_of_metadata, identify, identify_response, with_own_name
from pipcache.store.body import Body
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry


def identify_deeper(cache: Cache, artifact: Artifact, known: Artifact | None = None) -> Artifact:
    """Return an artifact with the names in METADATA or PKG-INFO too; what is as it was is kept once.

    Args:
        cache: the cache that the artifact is from.
        artifact: the artifact.
        known: the same with these names, where it was identified before.
    """
    deeper = known or identify(cache, artifact.entry, deep=True, head=artifact.head)

    def shared(claim: Claim) -> Claim:
        return next((each for each in artifact.claims if each == claim), claim)

    return deeper._replace(
        claims=tuple(map(shared, deeper.claims)),
        own=None if deeper.own is None else shared(deeper.own),
        filenames=artifact.filenames if artifact.filenames == deeper.filenames else deeper.filenames,
    )


def identify_open(cache: Cache, artifact: Artifact, body: Body, look: Look) -> None:
    """Give ``look`` what ``identify`` returns when it is ``deep``, by a body that is open, and is closed then.

    Args:
        cache: the cache.
        artifact: what ``identify`` returns of a download when it is not ``deep``.
        body: its body, a file of its own.
        look: as for ``identify``.
    """
    entry, head = artifact.entry, artifact.head
    assert isinstance(entry, HttpEntry)
    deeper = _deeper_wheel(artifact, body)
    if deeper is None:
        identify_response(cache.response(entry, deep=True, head=head, body=body), entry, None, look)
        return
    with body:
        look(deeper, body)


def _deeper_wheel(artifact: Artifact, body: Body) -> Artifact | None:
    """Return a wheel with the name in its METADATA; None for others, and where its other names may change."""
    if artifact.kind is not Kind.WHEEL or artifact.problem is not None or not artifact.tags:
        return None
    own, *others = artifact.claims
    try:
        facts = body.content(deep=True)
    except OSError:
        return None  # who reads it again says why
    if own.place is not Place.DIST_INFO or not isinstance(facts, WheelFacts):
        return None
    project, _, version = facts.folder.partition("-")
    if (project, version or None, facts.tags, facts.build) != (*own[2:4], artifact.tags, artifact.build):
        return None
    claims = (own, *claims_of_metadata(facts), *others)
    return with_own_name(artifact._replace(claims=claims, own=None))
