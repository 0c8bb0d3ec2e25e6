"""Names that only the URL of a file has: looked for in its key, and what stays unsure without them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pipcache.audit.matcher import Matcher
from pipcache.audit.spelled_versions import filenames_of, own_claims
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, path_of
from pipcache.inventory.proof import prove_by_bytes, prove_by_content
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.hashes import Digests
from pipcache.util.versions import affects
from pipcache.util.workers import Workers


class Proof(NamedTuple):
    """An artifact with the name that its bytes and its key prove, and the digests of the bytes.

    ``digests`` is None where the bytes cannot be read; without ``url_proved`` the artifact is as it was.
    """

    artifact: Artifact
    digests: Digests | None


def prove_sdists(cache: Cache, artifacts: Iterable[Artifact]) -> dict[str, Proof]:
    """Return sdists whose name no page proves with the name that their bytes prove, by the paths of entries.

    An sdist can have any name in its PKG-INFO and folder: pip takes the name from its build, and what is asked for
    from the URL. So only the URL says what pip takes it for.
    """
    unproved = [artifact for artifact in artifacts if _is_download_of(artifact, Kind.SDIST)]
    with Workers() as workers:
        proofs = workers.map(lambda artifact: Proof(*prove_by_bytes(cache, artifact)), unproved)
        return {path_of(artifact): proof for artifact, proof in zip(unproved, proofs, strict=True)}


def with_proofs(artifacts: Iterable[Artifact], proofs: Mapping[str, Proof]) -> list[Artifact]:
    """Return ``artifacts`` with the names of ``proofs``, where no page has proved one meanwhile."""
    return [
        artifact.proved_by(proof.artifact.claims[0], proof.artifact.url)
        if not artifact.url_proved
        and (proof := proofs.get(path_of(artifact))) is not None
        and proof.artifact.url_proved
        else artifact
        for artifact in artifacts
    ]


def name_by_filenames(
    cache: Cache, artifacts: Sequence[Artifact], matcher: Matcher
) -> tuple[list[Artifact], dict[str, str]]:
    """Name the artifacts whose key proves that they have a file name that is looked for.

    An index may give a file any tags, build tag or ending; only its URL has them. An sdist is also looked for as
    what a wheel was built from.

    Returns:
        All ``artifacts``, some with another name; and why others may have such a file name, by the paths of
        entries.
    """
    if not matcher.looks_for_filenames:
        return list(artifacts), {}
    named, reasons = [], {}
    for artifact in artifacts:
        if sources := _possible_sources(artifact, matcher):
            reasons[path_of(artifact)] = f"what it was built from is not known, and may be {sources[0]}"
        filenames = _possible_filenames(artifact, matcher)
        proved = _named_by_key(cache, artifact, filenames) if filenames else artifact
        if filenames and not proved.url_proved:
            reasons[path_of(artifact)] = f"its file's name is not known, and may be {filenames[0]}"
        named.append(proved)
    return named, reasons


def _is_download_of(artifact: Artifact, *kinds: Kind) -> bool:
    """Return whether an artifact is a download of one of ``kinds`` whose URL is not proved."""
    return isinstance(artifact.entry, HttpEntry) and artifact.kind in kinds and not artifact.url_proved


def _possible_filenames(artifact: Artifact, matcher: Matcher) -> list[str]:
    """Return the file names that are looked for and that an artifact may have: they are of its release."""
    if not _is_download_of(artifact, Kind.WHEEL, Kind.SDIST):
        return []
    known = filenames_of(artifact)
    of_release = _filenames_of_release(artifact, matcher, is_wheel=artifact.kind is Kind.WHEEL)
    return [filename for filename in of_release if filename not in known]


def _possible_sources(artifact: Artifact, matcher: Matcher) -> list[str]:
    """Return the sdists that are looked for by their names, and that a built wheel may have been built from."""
    if artifact.kind is not Kind.BUILT or artifact.source is not None:
        return []
    return _filenames_of_release(artifact, matcher, is_wheel=False)


def _filenames_of_release(artifact: Artifact, matcher: Matcher, *, is_wheel: bool) -> list[str]:
    """Return the file names that are looked for and are of the release that an artifact is of."""
    possible = {
        filename
        for claim in own_claims(artifact)
        if claim.project
        for filename in matcher.filenames_of_project(normalise(claim.project))
        if _is_of_release(filename, claim, is_wheel=is_wheel)
    }
    return sorted(possible)


def _is_of_release(filename: str, claim: Claim, *, is_wheel: bool) -> bool:
    """Return whether a file name is of the release that a claim names."""
    project = normalise(claim.project or "")
    parsed = parse_filename(filename, project)
    if parsed is None or normalise(parsed.project) != project or parsed.is_wheel != is_wheel:
        return False
    return claim.version is None or parsed.version is None or affects(parsed.version, claim.version)


def _named_by_key(cache: Cache, artifact: Artifact, filenames: Sequence[str]) -> Artifact:
    """Return an artifact with the name that its key proves: by its own names, or by one of ``filenames``."""
    own, digests = prove_by_bytes(cache, artifact)
    if digests is None or own.url_proved:
        return own
    guesses = [Claim(Evidence.ADVISORY, "listed", artifact.project, artifact.version, name) for name in filenames]
    proved = prove_by_content(artifact._replace(claims=(*guesses, *artifact.claims)), digests)
    if not proved.url_proved:
        return artifact
    return artifact.proved_by(proved.claims[0], proved.url)
