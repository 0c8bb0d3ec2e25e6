"""Names and URLs that ``origin.json`` (PEP 610) gives to the downloads that wheels were built from."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, Place, path_of
from pipcache.inventory.built_from import source_key, wheels_by_bytes
from pipcache.inventory.redirects import Redirects
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.store.origin import Origin
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.progress import Track, untracked
from pipcache.util.urls import filename_in, is_index_path, without_user


class _Source(NamedTuple):
    """A download that a wheel was built from: the URL that pip requested, and the name it has from the wheel."""

    url: str
    claim: Claim


_PROVED = frozenset({Evidence.KEY, Evidence.PAGE, Evidence.LOCK, Evidence.ADVISORY})


class OriginNames:
    """The names of downloads, by the URLs in the ``origin.json`` files of a cache.

    The key of a download proves the URL. Its project and version are those of the wheel; what the download says of
    itself is kept beside them.
    """

    def __init__(self, artifacts: Iterable[Artifact]) -> None:
        """Take the built wheels among ``artifacts``, and the ``origin.json`` files whose wheel is gone."""
        artifacts = list(artifacts)
        redirects = Redirects(artifacts)
        self._sources: dict[str, list[_Source]] = {}
        # of several wheels from one URL the latest shows best what is there now
        for artifact in sorted(artifacts, key=lambda artifact: -(artifact.made_ns or 0)):
            origin = artifact.source
            if origin is None or not _is_archive(origin) or (key := source_key(artifact)) is None:
                continue
            source = _source(artifact, origin)
            for url, there in redirects.followed(source.url, key):
                self._sources.setdefault(there, []).append(source._replace(url=url))

    @property
    def is_useful(self) -> bool:
        """Whether any download can get a name."""
        return bool(self._sources)

    def name(self, artifact: Artifact) -> Artifact:
        """Return a download with the URL, the kind and the names that ``origin.json`` gives it, where one does."""
        sources = self._sources.get(artifact.key or "") if isinstance(artifact.entry, HttpEntry) else None
        if not sources or artifact.kind in {Kind.PAGE, Kind.METADATA}:
            return artifact
        if artifact.url is None:
            artifact = artifact._replace(url=sources[0].url, url_proved=True)
        if artifact.is_redirect or artifact.kind is Kind.WHEEL:
            return artifact
        claims = tuple(
            dict.fromkeys(source.claim for source in sources if source.claim.project or source.claim.filename)
        )
        if len({normalise(claim.project) for claim in claims if claim.project}) > 1:
            # an archive of several projects is none of theirs
            return artifact._replace(kind=Kind.SDIST, claims=(*artifact.claims, *claims))
        proved = sum(claim.evidence in _PROVED for claim in artifact.claims)
        own = next((claim for claim in claims if claim.version), artifact.own)
        return artifact._replace(
            kind=Kind.SDIST,
            claims=(*artifact.claims[:proved], *claims, *artifact.claims[proved:]),
            own=own,
        )


def name_by_origins(artifacts: list[Artifact]) -> list[Artifact]:
    """Return the artifacts of a cache with the names that the ``origin.json`` files among them give."""
    names = OriginNames(artifacts)
    return [names.name(artifact) for artifact in artifacts] if names.is_useful else artifacts


def name_by_noted_digests(cache: Cache, artifacts: Sequence[Artifact], track: Track = untracked) -> list[Artifact]:
    """Return artifacts with the names of the wheels that were built from the bytes of downloads among them.

    Only downloads that nothing names, or nothing but their top folder, are hashed. What proves no URL may be text
    or any file, so the kinds stay as they are.
    """
    nameless = [
        artifact
        for artifact in artifacts
        if artifact.kind in {Kind.SDIST, Kind.OTHER, Kind.UNKNOWN}
        and isinstance(artifact.entry, HttpEntry)
        and artifact.is_guessed
    ]
    wheels = wheels_by_bytes(cache, artifacts, nameless, track) if nameless else {}

    def named(artifact: Artifact) -> Artifact:
        claims = [
            Claim(
                Evidence.ORIGIN,
                f"origin.json beside {wheel.filename}, by its sha256",
                wheel.project,
                wheel.version,
            )
            for wheel in wheels.get(path_of(artifact), ())
        ]
        return artifact._replace(claims=(*claims, *artifact.claims)) if claims else artifact

    return [named(artifact) for artifact in artifacts] if wheels else list(artifacts)


def _is_archive(origin: Origin) -> bool:
    """Return whether a source is a download: neither a repository nor a folder."""
    return origin.vcs is None and origin.commit is None and not origin.is_directory


def _source(artifact: Artifact, origin: Origin) -> _Source:
    """Return the source of a built wheel, or of an ``origin.json`` whose wheel is gone.

    The latter has only the file name in the URL, and a release where that is a name on PyPI.
    """
    url = without_user(origin.url.partition("#")[0])
    filename = filename_in(url)
    parsed = parse_filename(filename)
    is_built = isinstance(artifact.entry, BuiltEntry)
    is_named = is_built or is_index_path(url)
    claim = Claim(
        Evidence.ORIGIN,
        f"origin.json beside {artifact.filename or 'a wheel'}" if is_built else "origin.json",
        artifact.project if is_named else None,
        artifact.version if is_named else None,
        filename if parsed is not None and not parsed.is_wheel else None,
        Place.SUBDIRECTORY if origin.subdirectory else None,
    )
    return _Source(url, claim)
