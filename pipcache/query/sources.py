"""Where a file came from, as a person writes it: a host, its port and path, or the name of a public index."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.proof import prove_by_bytes, prove_metadata
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.util.progress import Track
from pipcache.util.urls import INDEXES, authority_of, default_port
from pipcache.util.workers import Workers


class SourceError(ValueError):
    """A text is no source; the message says what is wrong."""


class Source(NamedTuple):
    """Where files came from.

    Attributes:
        text: as it was written, without scheme and user.
        hosts: the hosts, exact, in the form of ``canonical_host``.
        port: the port; None for every port.
        path: the beginning of the path, of whole parts, without slashes around it; empty for every path.
    """

    text: str
    hosts: frozenset[str]
    port: int | None
    path: str

    def includes(self, url: str) -> bool:
        """Return whether a URL is of this source."""
        authority = authority_of(url)
        if authority is None or canonical_host(authority.host) not in self.hosts:
            return False
        port = authority.port or default_port(url)
        path = unquote(_path_of(url))
        return (self.port is None or port == self.port) and (
            not self.path or path == self.path or path.startswith(f"{self.path}/")
        )


def _path_of(url: str) -> str:
    """Return the path of a URL, without slashes around it."""
    behind_scheme = re.split("[?#]", url.partition("://")[2], maxsplit=1)[0]
    return behind_scheme.partition("/")[2].strip("/")


@lru_cache(maxsize=1024)
def canonical_host(host: str) -> str:
    """Return the one form of a host's spellings: lower case, in ASCII, without the dot of the root.

    Names with other letters have the form that is asked for in DNS (RFC 5890), as pip's requests do; addresses of
    IPv6 are as RFC 5952 writes them.

    Args:
        host: a name or an address, without brackets.
    """
    host = host.lower().removesuffix(".")
    if ":" in host:
        import ipaddress  # rare

        try:
            return ipaddress.ip_address(host).compressed
        except ValueError:
            return host
    if not host.isascii():
        import idna  # rare

        try:
            return idna.encode(host, uts46=True).decode("ascii")
        except UnicodeError:
            return host
    return host


_HOST = r"(?:[\w-]+(?:\.[\w-]+)*\.?|\[[0-9A-Fa-f:.]+\])"


def parse_source(text: str) -> Source:
    """Return the source that ``HOST[:PORT][/PATH]`` is; a URL is understood, its scheme is ignored.

    Raises:
        SourceError: it is none.
    """
    written = text.strip()
    bare = re.sub(r"^[A-Za-z][\w+.-]*://", "", written)
    bare = re.split("[?#]", bare, maxsplit=1)[0]
    authority, _, path = bare.partition("/")
    authority = authority.rpartition("@")[2]
    if "*" in authority:
        raise SourceError(f"a host is meant exactly, without * ({authority!r}); the option can be repeated")
    match = re.fullmatch(rf"({_HOST})(?::([0-9]{{1,5}}))?", authority)
    if match is None or int(match[2] or 0) > 0xFFFF:
        raise SourceError(f"{authority or text!r} is no host; HOST, HOST:PORT, HOST/PATH or PyPI was expected")
    host = canonical_host(match[1].strip("[]"))
    hosts = INDEXES.get(host, frozenset({host}))
    shown = f"{authority}/{path}" if path else authority
    return Source(shown, hosts, int(match[2]) if match[2] else None, unquote(path).strip("/"))


def proved_url(artifact: Artifact) -> str | None:
    """Return the URL that an artifact is proved to be from; of a built wheel the source's, by ``origin.json``.

    In uv's cache it is the URL that uv noted, of downloads and of what it built from: there is no other.
    """
    if artifact.source is not None:
        return artifact.source.url
    return artifact.url if artifact.url_proved or artifact.store.is_uvs else None


def is_from(artifact: Artifact, sources: Iterable[Source]) -> bool:
    """Return whether an artifact is proved to be from one of ``sources``."""
    url = proved_url(artifact)
    return url is not None and any(source.includes(url) for source in sources)


def with_proved_urls(
    cache: Cache, artifacts: list[Artifact], sources: Iterable[Source], track: Track
) -> list[Artifact]:
    """Return ``artifacts`` with the URLs that their bytes prove, which are URLs of PyPI's.

    Bodies are hashed where a source is PyPI, and no index page has proved the URL.
    """
    by_bytes = frozenset().union(*INDEXES.values())
    if not any(source.hosts & by_bytes for source in sources):
        return artifacts
    unproved = [
        artifact
        for artifact in artifacts
        if isinstance(artifact.entry, HttpEntry)
        and artifact.kind in {Kind.WHEEL, Kind.SDIST}
        and not artifact.url_proved
    ]
    with Workers() as workers:
        proofs = workers.map(lambda artifact: prove_by_bytes(cache, artifact)[0], unproved)
        proved = {artifact.key: artifact for artifact in track(proofs, len(unproved), "Proving")}
    named = [
        proved.get(artifact.key, artifact) if isinstance(artifact.entry, HttpEntry) else artifact
        for artifact in artifacts
    ]
    return prove_metadata(named, proved.values())
