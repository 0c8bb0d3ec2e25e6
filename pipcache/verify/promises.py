"""Who promised what of the bytes."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind
from pipcache.util.hashes import DIGITS
from pipcache.util.urls import pypi_path_in
from pipcache.verify.checks import Check
from pipcache.verify.lock_index import Locks


class Weight(Enum):
    """How far a promise counts."""

    STRONG = "strong"  # kept, it makes all others over the same bytes unnecessary
    PLAIN = "plain"
    HINT = "hint"  # kept, it vouches; broken, it proves nothing
    WITNESS = "witness"  # broken, it accuses; kept, it vouches for nothing


_WEAK = frozenset({"md5", "sha1"})


class Promise(NamedTuple):
    """What somebody said the bytes are.

    ``what`` is a digest's algorithm or "size"; ``expected`` the hex digest (or its first digits: ``is_prefix``)
    or the bytes; any of ``or_else`` is right as well. ``of_decoded``: of the bytes without their content coding.
    ``of_version``: said of a project's version, of which there may be more files than were written down.
    """

    by: str
    what: str
    expected: str
    check: Check
    weight: Weight = Weight.PLAIN
    is_prefix: bool = False
    of_decoded: bool = False
    or_else: tuple[str, ...] = ()
    of_version: bool = False

    @property
    def is_outside(self) -> bool:
        """True for what stands in a file outside the cache."""
        return self.check is Check.PC206

    @property
    def is_strong(self) -> bool:
        """True for a promise that, when kept, makes all others over the same bytes unnecessary."""
        is_digest = self.what not in _WEAK and DIGITS.get(self.what) == len(self.expected)
        return self.weight is Weight.STRONG and is_digest and not self.is_prefix

    def is_kept_by(self, actual: str) -> bool:
        """Return whether the bytes are as promised."""
        if self.is_prefix:
            return actual.startswith(self.expected)
        return actual == self.expected or actual in self.or_else


def promises(artifact: Artifact, locks: Locks, witnesses: Iterable[Promise] = ()) -> list[Promise]:
    """Return every promise that can be found for an artifact, the strongest first."""
    found = [*_of_locks(artifact, locks)]
    if artifact.key is not None and artifact.store != "wheels":
        found += [*_of_url(artifact), *_of_page(artifact), *_of_headers(artifact), *witnesses]
    return sorted(dict.fromkeys(found), key=lambda promise: not promise.is_strong)


def _of_locks(artifact: Artifact, locks: Locks) -> Iterator[Promise]:
    """Yield what lock files promise; of several digests of one algorithm any is right."""
    grouped: dict[tuple[str, str, bool], list[str]] = {}
    for one in locks.of(artifact):
        for algorithm, digest in one.digests:
            of_version = one.filename is None and one.url is None
            grouped.setdefault((one.source, algorithm, of_version), []).append(digest)
    for (source, algorithm, of_version), digests in grouped.items():
        others = tuple(digests[1:])
        yield Promise(
            source, algorithm, digests[0], Check.PC206, Weight.STRONG, or_else=others, of_version=of_version
        )


def is_metadata(artifact: Artifact) -> bool:
    """Return whether the URL, or where it is not known the content, is that of a ``.metadata`` file."""
    if artifact.url is not None and artifact.url_proved:
        return artifact.url.endswith(".metadata")
    return artifact.kind is Kind.METADATA


_GITLAB_SHAPE = re.compile(r"/packages/pypi/files/([0-9a-f]{64})/[^/]+$")

_DEVPI_SHAPE = re.compile(r"/\+f/([0-9a-f]{3})/([0-9a-f]{13})/[^/]+$")

_SENTINEL = "a" * 64  # of a file that PyPI never had


def _of_url(artifact: Artifact) -> Iterator[Promise]:
    """Yield what a proved URL holds: PyPI's BLAKE2b-256, GitLab's sha256, part of devpi's.

    Proxies copy PyPI's path, and other stores may have paths of that shape: there it can only vouch.
    """
    if artifact.url is None or not artifact.url_proved or is_metadata(artifact):
        return
    path = artifact.url.partition("?")[0]
    if path.endswith((".asc", ".provenance")):
        return  # beside a distribution, under its digest
    pypi_path = pypi_path_in(path)
    if pypi_path is not None and pypi_path.is_whole and pypi_path.blake2b_256 != _SENTINEL:
        weight = Weight.STRONG if artifact.came_from == "PyPI" else Weight.HINT
        yield Promise("the key (BLAKE2b in the URL)", "blake2b_256", pypi_path.blake2b_256, Check.PC201, weight)
    elif match := _GITLAB_SHAPE.search(path):
        yield Promise("the URL", "sha256", match[1], Check.PC204, Weight.STRONG)
    elif match := _DEVPI_SHAPE.search(path):
        yield Promise("the URL (16 digits)", "sha256", match[1] + match[2], Check.PC204, is_prefix=True)


def _of_page(artifact: Artifact) -> Iterator[Promise]:
    for listed in (artifact.listed, *artifact.also_listed):
        if listed is None:
            continue
        if is_metadata(artifact):
            for algorithm, digest in listed.core_metadata or ():
                yield Promise(
                    "index page (core-metadata)", algorithm, digest, Check.PC208, Weight.STRONG, of_decoded=True
                )
            continue
        for algorithm, digest in listed.hashes:
            yield Promise("index page", algorithm, digest, Check.PC202, Weight.STRONG)
        if listed.size is not None:
            yield Promise("index page", "size", str(listed.size), Check.PC203)


def witness_of(wheel: Artifact) -> Iterator[Promise]:
    """Yield what ``origin.json`` beside a built wheel says of the sdist it was built from."""
    for algorithm, digest in wheel.source.hashes if wheel.source is not None else ():
        by = f"origin.json beside {wheel.filename or 'a wheel'}"
        yield Promise(by, algorithm, digest.lower(), Check.PC209, Weight.WITNESS)


_CHECKSUMS = {"x-checksum-sha256": "sha256", "x-checksum-sha1": "sha1", "x-checksum-md5": "md5"}

_FIELD = re.compile(r"(?i)\b(sha-256|sha-512|md5|sha)\s*=\s*:([A-Za-z0-9+/=]+):")

_NAMES = {"sha-256": "sha256", "sha-512": "sha512", "md5": "md5", "sha": "sha1"}


def _of_headers(artifact: Artifact) -> Iterator[Promise]:
    """Yield what the response's headers promise (Artifactory; RFC 9530; RFC 1864; Google's; PyPI's ETag)."""
    headers = artifact.head.headers if artifact.head is not None else {}
    is_coded = bool(headers.get("content-encoding", ""))
    for name, algorithm in _CHECKSUMS.items():
        # of the file in the repository, which a coding on the way changes
        if re.fullmatch(r"[0-9a-fA-F]{32,128}", value := headers.get(name, "")) and not is_coded:
            yield Promise(name, algorithm, value.lower(), Check.PC205)
    for name in ("repr-digest", "content-digest"):
        for match in _FIELD.finditer(headers.get(name, "")):
            if (digest := _from_base64(match[2])) is not None:
                yield Promise(name, _NAMES[match[1].lower()], digest, Check.PC205)
    for name, value in (("content-md5", headers.get("content-md5", "")), *_google(headers)):
        if (digest := _from_base64(value, 16)) is not None:
            yield Promise(name, "md5", digest, Check.PC205)
    etag = headers.get("etag", "").strip()
    if re.fullmatch(r'"[0-9a-f]{32}"', etag) and artifact.kind in DISTRIBUTIONS and not is_coded:
        # S3 and its like, of which no page comes; not for objects uploaded in parts, whose ETag has a dash
        yield Promise("etag", "md5", etag[1:-1], Check.PC207, Weight.HINT)
    elif "x-pypi-last-serial" in headers and (digest := _from_base64(etag.strip('"') + "==", 16)) is not None:
        # of the page as it was sent (webob's md5_etag over the compressed bytes)
        yield Promise("etag", "md5", digest, Check.PC207, Weight.HINT)


def _google(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for part in headers.get("x-goog-hash", "").split(","):
        name, _, value = part.strip().partition("=")
        is_stored_coded = headers.get("x-goog-stored-content-encoding", "identity").lower() != "identity"
        if name == "md5" and not headers.get("content-encoding") and not is_stored_coded:
            yield "x-goog-hash", value


def _from_base64(text: str, size: int | None = None) -> str | None:
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if raw and size in {None, len(raw)} else None
