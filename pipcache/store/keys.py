"""The names that pip gives: keys of URLs, and of built wheels."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipcache.store.origin import Origin
from pipcache.util.urls import has_key, normalise_url, without_user


def http_key(url: str) -> str:
    """Return the key of ``url`` in an HTTP store: 56 hex digits (pip ``network/cache.py``).

    Raises:
        ValueError: the URL is not absolute.
    """
    from hashlib import sha224  # noqa: PLC0415 - brings OpenSSL, which a plain list does not need

    return sha224(normalise_url(url).encode("utf-8", "surrogatepass")).hexdigest()


def request_key(url: str) -> str | None:
    """Return the key of what pip requests for ``url``, which is without user information; None if it has none."""
    plain = without_user(url)
    return http_key(plain) if has_key(plain) else None


_VERSIONS = ("27", *(f"3{minor}" for minor in range(21)))

_INTERPRETERS = ("cp", "pp", "graalpy", "ip", "jy")


class BuildKey(NamedTuple):
    """What a wheel folder's key was made of. ``interpreter`` is None in keys of pip before 20.0."""

    interpreter: str | None
    algorithm: str | None  # the digest that is part of the key, None without one

    @property
    def is_legacy(self) -> bool:
        """True for keys that no pip since 21.0 looks at (pip 7.0-19.3 wrote them)."""
        return self.interpreter is None


def _url_spellings(origin: Origin) -> list[str]:
    """Return the URL as it can stand in the key: pip's ``Link.url_without_fragment``, with VCS and commit."""
    url = origin.url.partition("#")[0]
    if origin.commit is not None:
        url = f"{origin.vcs or 'git'}+{url}@{origin.commit}"
    spellings = [url]
    # urlunsplit makes git+file:///p of pip's link into git+file:/p (several Python releases)
    if "+file:///" in url:
        spellings.append(url.replace("+file:///", "+file:/", 1))
    from urllib.parse import urlsplit, urlunsplit  # noqa: PLC0415 - only where something was built

    with contextlib.suppress(ValueError):
        spellings.append(urlunsplit(urlsplit(url)))
    return list(dict.fromkeys(spellings))


def _digest_choices(origin: Origin) -> list[tuple[str, str] | None]:
    strongest_first = sorted(origin.hashes, key=lambda pair: (pair[0] != "sha256", pair[0]))
    return [*strongest_first, None]


def _current_keys(origin: Origin, hint: str | None) -> Iterator[tuple[str, BuildKey]]:
    """Yield the keys of pip >= 20.0 (``cache.py``, ``_get_cache_path_parts``)."""
    import json  # noqa: PLC0415 - only where something was built
    from hashlib import sha224  # noqa: PLC0415 - as above

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
                key = sha224(text.encode("ascii")).hexdigest()
                yield key, BuildKey(name + version, digest[0] if digest else None)


def _legacy_keys(origin: Origin) -> Iterator[tuple[str, BuildKey]]:
    """Yield the keys of pip 7.0-19.3: the URL, and the digest as its fragment."""
    from hashlib import sha224  # noqa: PLC0415 - only where something was built

    for url in _url_spellings(origin):
        for digest in _digest_choices(origin):
            text = url if digest is None else f"{url}#{digest[0]}={digest[1]}"
            yield (
                sha224(text.encode("utf-8", "surrogatepass")).hexdigest(),
                BuildKey(None, digest[0] if digest else None),
            )


def invert_key(key: str, origins: Iterable[Origin], hint: str | None = None) -> tuple[Origin, BuildKey] | None:
    """Return which of ``origins`` a wheel folder's key was made from, and how; None when none fits.

    ``hint`` is the interpreter to try first, as in a wheel's tag (``cp311``).
    """
    for origin in origins:
        for candidates in (_current_keys(origin, hint), _legacy_keys(origin)):
            for candidate, how in candidates:
                if candidate == key:
                    return origin, how
    return None
