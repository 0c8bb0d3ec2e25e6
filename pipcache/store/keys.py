"""Keys, the names that pip gives to entries: of URLs in the HTTP stores, and of built wheels' folders."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from pipcache.store.origin import Origin
from pipcache.util.hashes import DIGITS
from pipcache.util.urls import normalise_url, without_user

if TYPE_CHECKING:
    from hashlib import _Hash


def http_key(url: str) -> str:
    """Return the key of ``url`` in an HTTP store: 56 hex digits (pip ``network/cache.py``).

    Raises:
        ValueError: the URL is not absolute.
    """
    return _sha224(normalise_url(url).encode("utf-8", "surrogatepass")).hexdigest()


def _sha224(data: bytes) -> "_Hash":
    import hashlib  # a plain list hashes nothing

    return hashlib.sha224(data)


def keys_below(base: str, tails: Iterable[str]) -> Iterator[str]:
    """Yield the keys of URLs that begin alike: of ``base`` with each of ``tails``, in their order.

    Args:
        base: an absolute URL whose end is in its path.
        tails: ends of URLs, without ``?`` and ``#``.

    Raises:
        ValueError: ``base`` is not absolute.
    """
    start = normalise_url(base)
    if normalise_url(f"{base}x") != f"{start}x":
        yield from (http_key(base + tail) for tail in tails)
        return
    hashed = _sha224(start.encode("utf-8", "surrogatepass"))
    for tail in tails:
        full = hashed.copy()
        full.update(tail.encode("utf-8", "surrogatepass"))
        yield full.hexdigest()


def request_key(url: str) -> str | None:
    """Return the key of what pip requests for ``url``, which is ``url`` without user information.

    None where the URL is not absolute and so has no key.
    """
    try:
        return http_key(without_user(url))
    except ValueError:
        return None


_VERSIONS = ("27", *(f"3{minor}" for minor in range(21)))

_INTERPRETERS = ("cp", "pp", "graalpy", "ip", "jy")


class BuildKey(NamedTuple):
    """What the key of a built wheel's folder was made of, beside the URL (pip ``cache.py``).

    ``interpreter`` is its name and version (``cp311``), None in keys of pip before 20.0. ``algorithm`` is that of
    the source's digest in the key; None where the key has no digest.
    """

    interpreter: str | None
    algorithm: str | None

    @property
    def is_legacy(self) -> bool:
        """Whether pip 7.0-19.3 wrote the key; no pip since 21.0 looks at such a key."""
        return self.interpreter is None


def _url_spellings(origin: Origin) -> list[str]:
    """Return the forms of a source's URL that may be in the key (pip ``Link.url_without_fragment``)."""
    url = origin.url.partition("#")[0]
    if origin.commit is not None:
        url = f"{origin.vcs or 'git'}+{url}@{origin.commit}"
    spellings = [url]
    # several Python releases write git+file:///p as git+file:/p
    if "+file:///" in url:
        spellings.append(url.replace("+file:///", "+file:/", 1))
    with contextlib.suppress(ValueError):
        spellings.append(urlunsplit(urlsplit(url)))
    return list(dict.fromkeys(spellings))


def _digest_choices(origin: Origin) -> list[tuple[str, str] | None]:
    """Return the digests that may be in the key, likeliest first; None stands for a key without one."""
    # an index may give any number, and pip takes the first or a known one
    pairs = dict.fromkeys([*origin.hashes[:_FIRST], *(pair for pair in origin.hashes if pair[0] in DIGITS)])
    strongest_first = sorted(pairs, key=lambda pair: (pair[0] != "sha256", pair[0]))
    return [*strongest_first, None]


_FIRST = 8


def _current_keys(origin: Origin, hint: str | None) -> Iterator[tuple[str, BuildKey]]:
    """Yield the keys of pip >= 20.0 (``cache.py``, ``_get_cache_path_parts``)."""
    import json  # only where something was built

    interpreters = [(name, version) for name in _INTERPRETERS for version in reversed(_VERSIONS)]
    interpreters.sort(key=lambda pair: pair[0] + pair[1] != hint)
    for digest in _digest_choices(origin):
        for url in _url_spellings(origin):
            parts = {"url": url, "interpreter_name": "\x00", "interpreter_version": "\x01"}
            if digest is not None:
                parts[digest[0]] = digest[1]
            if origin.subdirectory:
                parts["subdirectory"] = origin.subdirectory
            template = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
            for name, version in interpreters:
                text = template.replace("\\u0000", name, 1).replace("\\u0001", version, 1)
                key = _sha224(text.encode("ascii")).hexdigest()
                yield key, BuildKey(name + version, digest[0] if digest else None)


def _legacy_keys(origin: Origin) -> Iterator[tuple[str, BuildKey]]:
    """Yield the keys of pip 7.0-19.3: the URL, and the digest as its fragment."""
    for url in _url_spellings(origin):
        for digest in _digest_choices(origin):
            text = url if digest is None else f"{url}#{digest[0]}={digest[1]}"
            yield (
                _sha224(text.encode("utf-8", "surrogatepass")).hexdigest(),
                BuildKey(None, digest[0] if digest else None),
            )


def invert_key(key: str, origins: Iterable[Origin], hint: str | None = None) -> tuple[Origin, BuildKey] | None:
    """Return which of some sources the key of a wheel's folder was made from, and how.

    Args:
        key: the key: the names of the folder's four levels, joined.
        origins: the sources to try.
        hint: the interpreter to try first, as in a wheel's tag (``cp311``).

    Returns:
        The source and the parts of the key; None when the key is of none of the sources.
    """
    for origin in origins:
        for candidates in (_current_keys(origin, hint), _legacy_keys(origin)):
            for candidate, build_key in candidates:
                if candidate == key:
                    return origin, build_key
    return None
