"""What the cache and lock files promise of an artifact's bytes."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Evidence, Kind
from pipcache.store.layout import Store
from pipcache.util.filenames import normal_filename
from pipcache.util.hashes import DIGITS, is_forgeable
from pipcache.util.urls import pypi_path_in
from pipcache.verify.checks import Check

if TYPE_CHECKING:
    from pipcache.verify.lock_index import LockIndex


class Influence(Enum):
    """Which result of a comparison with a promise counts for the verdict."""

    DECISIVE = "decisive"  # both, and a kept one makes every other promise of the same bytes unnecessary
    NORMAL = "normal"  # both
    WHEN_KEPT = "when kept"  # a broken one proves nothing
    WHEN_BROKEN = "when broken"  # a kept one proves nothing


SIZE = "size"
"""The measure of a promise of a number of bytes."""


class Promise(NamedTuple):
    """What somebody said the bytes of an artifact are.

    Attributes:
        by: who said it, for people; the path of a lock file.
        measure: the digest's algorithm (a name in ``hashes.DIGITS``), or ``SIZE``.
        expected: the digest in lower-case hex, or the size in bytes.
        check: the check that reports a broken one.
        influence: which result counts for the verdict.
        is_prefix: whether ``expected`` is only the beginning of the digest.
        covers_decoded: whether it is about the bytes without their content coding.
        alternatives: other values that are right too.
        covers_version: whether it names a version only, which may have more files than were written down.
        covers_name: whether it is about a file of the same name, which may be another index's.
    """

    by: str
    measure: str
    expected: str
    check: Check
    influence: Influence = Influence.NORMAL
    is_prefix: bool = False
    covers_decoded: bool = False
    alternatives: tuple[str, ...] = ()
    covers_version: bool = False
    covers_name: bool = False

    @property
    def is_size(self) -> bool:
        """Whether it is about the number of bytes."""
        return self.measure == SIZE

    @property
    def is_outside(self) -> bool:
        """Whether it stands in a file outside the cache."""
        return self.check is Check.PC206

    @property
    def is_decisive(self) -> bool:
        """Whether it makes every other promise of the same bytes unnecessary when it is kept."""
        return self.influence is Influence.DECISIVE and self.is_strong and not self.is_prefix

    @property
    def is_strong(self) -> bool:
        """Whether it is a whole digest that nobody can forge."""
        return not is_forgeable(self.measure) and DIGITS.get(self.measure) == len(self.expected)

    @property
    def is_of_name(self) -> bool:
        """Whether the bytes may be another file's of the same name or version, which the promise is not about."""
        return self.covers_version or self.covers_name

    def is_kept_by(self, actual: str) -> bool:
        """Return whether the bytes are as promised, when ``actual`` is their digest or size."""
        if self.is_prefix:
            return actual.startswith(self.expected)
        return actual == self.expected or actual in self.alternatives


def find_promises(
    artifact: Artifact, locks: "LockIndex", of_built_wheels: Iterable[Promise] = ()
) -> list[Promise]:
    """Return every promise that is known of an artifact, the decisive ones first.

    Args:
        artifact: the artifact, with the names and listings of cached pages.
        locks: the pins of lock files.
        of_built_wheels: what ``origin.json`` of wheels built from the artifact says.
    """
    known = [*_of_locks(artifact, locks)]
    if artifact.key is not None and artifact.store is not Store.WHEELS:
        known += [*_of_url(artifact), *_of_pages(artifact), *_of_named_rows(artifact)]
        known += [*_of_headers(artifact), *of_built_wheels]
    return sorted(dict.fromkeys(known), key=lambda promise: not promise.is_decisive)


def _of_locks(artifact: Artifact, locks: "LockIndex") -> Iterator[Promise]:
    """Yield what lock files promise; of several digests of one algorithm any is right."""
    grouped: dict[tuple[str, str, bool], list[str]] = {}
    for pin in locks.pins_of(artifact):
        covers_version = pin.filename is None and pin.url is None
        for algorithm, digest in pin.digests:
            grouped.setdefault((pin.source, algorithm, covers_version), []).append(digest)
    for (source, algorithm, covers_version), digests in grouped.items():
        yield Promise(
            source,
            algorithm,
            digests[0],
            Check.PC206,
            Influence.DECISIVE,
            alternatives=tuple(digests[1:]),
            covers_version=covers_version,
        )


def is_metadata_file(artifact: Artifact) -> bool:
    """Return whether an artifact is a ``.metadata`` file (PEP 658), by its URL, or by its content without one."""
    if artifact.url is not None and artifact.url_proved:
        return artifact.url.endswith(".metadata")
    return artifact.kind is Kind.METADATA


_GITLAB_SHAPE = re.compile(r"/packages/pypi/files/([0-9a-f]{64})/[^/]+$")

_DEVPI_SHAPE = re.compile(r"/\+f/([0-9a-f]{3})/([0-9a-f]{13})/[^/]+$")

_PLACEHOLDER = "a" * 64  # of a file that PyPI never had


def _of_url(artifact: Artifact) -> Iterator[Promise]:
    """Yield the digest in a proved URL: PyPI's BLAKE2b-256, GitLab's SHA-256, the beginning of devpi's SHA-256.

    Proxies copy PyPI's path, and other servers may have paths of that shape. From those a broken promise proves
    nothing.
    """
    if artifact.url is None or not artifact.url_proved or is_metadata_file(artifact):
        return
    path = artifact.url.partition("?")[0]
    if path.endswith((".asc", ".provenance")):
        return  # these lie beside a distribution, and their URL holds its digest
    pypi_path = pypi_path_in(path)
    if pypi_path is not None and pypi_path.is_whole and pypi_path.blake2b_256 != _PLACEHOLDER:
        influence = Influence.DECISIVE if artifact.is_from_pypi else Influence.WHEN_KEPT
        yield Promise("the key (BLAKE2b in the URL)", "blake2b_256", pypi_path.blake2b_256, Check.PC201, influence)
    elif match := _GITLAB_SHAPE.search(path):
        yield Promise("the URL", "sha256", match[1], Check.PC204, Influence.DECISIVE)
    elif match := _DEVPI_SHAPE.search(path):
        yield Promise("the URL (16 digits)", "sha256", match[1] + match[2], Check.PC204, is_prefix=True)


def _of_pages(artifact: Artifact) -> Iterator[Promise]:
    """Yield the digests and sizes that cached index pages list (PEP 503, 658, 691, 700)."""
    for listed in (artifact.listed, *artifact.also_listed):
        if listed is None:
            continue
        if is_metadata_file(artifact):
            for algorithm, digest in listed.core_metadata or ():
                yield Promise(
                    "index page (core-metadata)",
                    algorithm,
                    digest,
                    Check.PC208,
                    Influence.DECISIVE,
                    covers_decoded=True,
                )
            continue
        for algorithm, digest in listed.hashes:
            yield Promise("index page", algorithm, digest, Check.PC202, Influence.DECISIVE)
        if listed.size is not None:
            yield Promise("index page", SIZE, str(listed.size), Check.PC203)


def _of_named_rows(artifact: Artifact) -> Iterator[Promise]:
    """Yield the digests that pages list for files of the artifact's release, under other URLs or unknown ones.

    pip stores no redirect to a signed URL, and a relative URL needs the URL of its page. Any equal digest proves
    the bytes. Digests that differ count only where a listed file has the artifact's own name, and even then it
    may be the file of another index.
    """
    if not artifact.named_rows:
        return
    if is_metadata_file(artifact):
        announced = _by_algorithm((row.page, row.file.core_metadata or ()) for row in artifact.named_rows)
        for algorithm, digests in announced.items():
            if not is_forgeable(algorithm):
                by = f"{next(iter(digests.values()))} (core-metadata)"
                yield _of_any(by, algorithm, digests, Check.PC208, Influence.WHEN_KEPT, covers_decoded=True)
        return
    own_names = set() if artifact.url_proved else own_filenames(artifact)
    own = _by_algorithm(
        (row.page, row.file.hashes)
        for row in artifact.named_rows
        if normal_filename(row.file.filename) in own_names
    )
    listed = _by_algorithm((row.page, row.file.hashes) for row in artifact.named_rows)
    for algorithm, digests in listed.items():
        is_own = algorithm in own
        if not is_forgeable(algorithm):
            influence = Influence.DECISIVE if is_own else Influence.WHEN_KEPT
        elif is_own:
            influence = Influence.WHEN_BROKEN
        else:
            continue
        in_order = own.get(algorithm, {}) | digests
        yield _of_any(next(iter(in_order.values())), algorithm, in_order, Check.PC210, influence)


def _by_algorithm(listed: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> dict[str, dict[str, str]]:
    """Return the pages that list digests, by algorithm and digest."""
    digests: dict[str, dict[str, str]] = {}
    for page, hashes in listed:
        for algorithm, digest in hashes:
            digests.setdefault(algorithm, {}).setdefault(digest, page)
    return digests


def _of_any(
    by: str,
    algorithm: str,
    digests: Iterable[str],
    check: Check,
    influence: Influence,
    *,
    covers_decoded: bool = False,
) -> Promise:
    """Return the promise that the bytes have any of ``digests``."""
    expected, *alternatives = digests
    return Promise(
        by,
        algorithm,
        expected,
        check,
        influence,
        covers_decoded=covers_decoded,
        alternatives=tuple(alternatives),
        covers_name=True,
    )


def own_filenames(artifact: Artifact) -> set[str]:
    """Return the file names that an artifact may have had on an index, as ``normal_filename`` gives them.

    An archive that a forge makes of a tag has the name of an sdist, and no PKG-INFO.
    """
    has_metadata = any(claim.evidence is Evidence.CONTENT and claim.place is None for claim in artifact.claims)
    if artifact.kind is Kind.SDIST and not has_metadata:
        return set()
    claimed = {claim.filename for claim in artifact.claims if claim.filename}
    return set(map(normal_filename, claimed | {*artifact.filenames}))


def promises_of_built_wheel(wheel: Artifact) -> Iterator[Promise]:
    """Yield what ``origin.json`` beside a built wheel says of the download it was built from (PEP 610)."""
    for algorithm, digest in wheel.source.hashes if wheel.source is not None else ():
        by = f"origin.json beside {wheel.filename or 'a wheel'}"
        yield Promise(by, algorithm, digest.lower(), Check.PC209, Influence.WHEN_BROKEN)


def one_for_all(promises: Iterable[Promise]) -> list[Promise]:
    """Return what wheels that were built from one URL say of the download, which may have changed between them.

    It has to be as one of the wheels says.
    """
    by_algorithm: dict[str, list[Promise]] = {}
    for promise in promises:
        by_algorithm.setdefault(promise.measure, []).append(promise)
    return [
        same[0]._replace(alternatives=tuple(dict.fromkeys(promise.expected for promise in same[1:])))
        for same in by_algorithm.values()
    ]


_CHECKSUM_HEADERS = {"x-checksum-sha256": "sha256", "x-checksum-sha1": "sha1", "x-checksum-md5": "md5"}

_DIGEST_FIELD = re.compile(r"(?i)\b(sha-256|sha-512|md5|sha)\s*=\s*:([A-Za-z0-9+/=]+):")

_ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512", "md5": "md5", "sha": "sha1"}


def _of_headers(artifact: Artifact) -> Iterator[Promise]:
    """Yield what the headers of the response promise.

    They are Artifactory's ``X-Checksum-*``, ``Repr-Digest`` and ``Content-Digest`` (RFC 9530), ``Content-MD5``
    (RFC 1864), Google's ``x-goog-hash``, and ``ETag`` where PyPI and S3 put an MD5 digest into it.
    """
    if artifact.head is None:
        return
    headers = artifact.head.headers
    is_coded = artifact.encoding is not None
    if not _DIGEST_HEADERS.isdisjoint(headers):
        yield from _of_digest_headers(headers, is_coded=is_coded)
    etag = headers.get("etag", "").strip()
    if artifact.kind in DISTRIBUTIONS and not is_coded and _MD5_ETAG.fullmatch(etag) is not None:
        # an object store's; the ETag of an object that was uploaded in parts has a dash, and is no digest of it
        yield Promise("etag", "md5", etag[1:-1], Check.PC207, Influence.WHEN_KEPT)
    elif "x-pypi-last-serial" in headers and (digest := _hex_of_base64(etag.strip('"') + "==", 16)) is not None:
        # PyPI's, of the page as it was sent (webob's md5_etag over the compressed bytes)
        yield Promise("etag", "md5", digest, Check.PC207, Influence.WHEN_KEPT)


_MD5_ETAG = re.compile(r'"[0-9a-f]{32}"')

_DIGEST_HEADERS = frozenset({*_CHECKSUM_HEADERS, "repr-digest", "content-digest", "content-md5", "x-goog-hash"})


def _of_digest_headers(headers: Mapping[str, str], *, is_coded: bool) -> Iterator[Promise]:
    """Yield what the headers promise that are there for digests."""
    for name, algorithm in _CHECKSUM_HEADERS.items():
        # the digest is of the file in the repository; a content coding changes the bytes
        value = headers.get(name)
        if value and re.fullmatch(r"[0-9a-fA-F]{32,128}", value) and not is_coded:
            yield Promise(name, algorithm, value.lower(), Check.PC205)
    for name in ("repr-digest", "content-digest"):
        for match in _DIGEST_FIELD.finditer(headers.get(name) or ""):
            if (digest := _hex_of_base64(match[2])) is not None:
                yield Promise(name, _ALGORITHMS[match[1].lower()], digest, Check.PC205)
    of_google = () if is_coded else _google_digests(headers)
    for name, value in (("content-md5", headers.get("content-md5", "")), *of_google):
        if (digest := _hex_of_base64(value, 16)) is not None:
            yield Promise(name, "md5", digest, Check.PC205)


def _google_digests(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (header, MD5 digest in base64) of Google Cloud Storage, where no coding changed the bytes."""
    for part in headers.get("x-goog-hash", "").split(","):
        name, _, value = part.strip().partition("=")
        is_stored_coded = headers.get("x-goog-stored-content-encoding", "identity").lower() != "identity"
        if name == "md5" and not is_stored_coded:
            yield "x-goog-hash", value


def _hex_of_base64(text: str, size: int | None = None) -> str | None:
    """Return the bytes of a base64 text in hex; None where it is none, or not of ``size`` bytes."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if raw and size in {None, len(raw)} else None
