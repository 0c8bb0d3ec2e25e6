"""Names such as 1.2-1, which may end with a build tag or with a post-release."""

from collections.abc import Sequence

from pipcache.audit.matcher import Book
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, path_of
from pipcache.inventory.proof import prove_by_bytes, prove_by_content
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.util.filenames import normalise


def name_twins(cache: Cache, artifacts: Sequence[Artifact], book: Book) -> tuple[list[Artifact], dict[str, str]]:
    """Return ``artifacts`` with the names that prove to be listed twins, and why others may be one: path -> why.

    A wheel with a build tag and an sdist of an implicit post release (PEP 440) can have been uploaded under a
    name that only their URL has.
    """
    found, unsure = [], {}
    for one in artifacts:
        twins = _twins(one, book)
        proved = _proved(cache, one, twins) if twins else one
        if twins and not proved.url_proved and not any(claim.filename for claim in one.claims):
            unsure[path_of(one)] = f"its file's name is not known, and may have the version {twins[0]}"
        found.append(proved)
    return found, unsure


def _twins(artifact: Artifact, book: Book) -> list[str]:
    """Return the listed versions that the name of a download may have beside what its bytes say."""
    is_download = isinstance(artifact.entry, HttpEntry) and artifact.kind in {Kind.WHEEL, Kind.SDIST}
    if artifact.url_proved or not is_download:
        return []
    releases = {(normalise(one.project), one.version) for one in artifact.claims if one.project and one.version}
    return [twin for project, version in sorted(releases) for twin in book.twins(project, version)]


def _proved(cache: Cache, artifact: Artifact, twins: Sequence[str]) -> Artifact:
    """Return the artifact with the name that its key proves: its own, or that of a twin."""
    own, digests = prove_by_bytes(cache, artifact)
    if digests is None or own.url_proved:
        return own
    for twin in twins:
        if artifact.kind is Kind.WHEEL:
            guess = artifact._replace(build=twin.rpartition("-")[2])
        else:
            claim = Claim(Evidence.ADVISORY, "listed", artifact.project, twin)
            guess = artifact._replace(claims=(claim, *artifact.claims))
        if (proved := prove_by_content(guess, digests)).url_proved:
            return artifact._replace(claims=(proved.claims[0], *artifact.claims), url=proved.url, url_proved=True)
    return artifact
