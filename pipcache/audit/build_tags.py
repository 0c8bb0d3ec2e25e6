"""Versions such as 1.2-1, where the last part may be a wheel's build tag or the number of a post-release."""

from collections.abc import Sequence

from pipcache.audit.matcher import Matcher
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, path_of
from pipcache.inventory.proof import prove_by_bytes, prove_by_content
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.util.filenames import normalise


def name_by_build_tags(
    cache: Cache, artifacts: Sequence[Artifact], matcher: Matcher
) -> tuple[list[Artifact], dict[str, str]]:
    """Name the artifacts whose key proves that they have a version with a build tag that an advisory lists.

    A wheel with a build tag, and an sdist of an implicit post-release (PEP 440), can have been uploaded under a
    file name that only their URL has.

    Returns:
        All ``artifacts``, some with another name; and why others may have such a version, by the paths of entries.
    """
    named, reasons = [], {}
    for artifact in artifacts:
        versions = _listed_versions(artifact, matcher)
        proved = _named_by_key(cache, artifact, versions) if versions else artifact
        if versions and not proved.url_proved and not any(claim.filename for claim in artifact.claims):
            reasons[path_of(artifact)] = f"its file's name is not known, and may have the version {versions[0]}"
        named.append(proved)
    return named, reasons


def _listed_versions(artifact: Artifact, matcher: Matcher) -> list[str]:
    """Return the versions with a build tag that a download may have, of those that an advisory lists."""
    is_download = isinstance(artifact.entry, HttpEntry) and artifact.kind in {Kind.WHEEL, Kind.SDIST}
    if artifact.url_proved or not is_download:
        return []
    releases = {
        (normalise(claim.project), claim.version) for claim in artifact.claims if claim.project and claim.version
    }
    return [
        version
        for project, untagged in sorted(releases)
        for version in matcher.versions_with_build_tag(project, untagged)
    ]


def _named_by_key(cache: Cache, artifact: Artifact, versions: Sequence[str]) -> Artifact:
    """Return an artifact with the name that its key proves: by its own version, or by one of ``versions``."""
    own, digests = prove_by_bytes(cache, artifact)
    if digests is None or own.url_proved:
        return own
    for version in versions:
        if artifact.kind is Kind.WHEEL:
            guess = artifact._replace(build=version.rpartition("-")[2])
        else:
            claim = Claim(Evidence.ADVISORY, "listed", artifact.project, version)
            guess = artifact._replace(claims=(claim, *artifact.claims))
        if (proved := prove_by_content(guess, digests)).url_proved:
            return artifact.proved_by(proved.claims[0], proved.url)
    return artifact
