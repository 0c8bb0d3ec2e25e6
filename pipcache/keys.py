"""The names pip gives to what it stores: keys of URLs (HTTP cache) and of origins (wheel cache)."""

import re

# RFC 3986, appendix B, as cachecontrol/controller.py takes URLs apart
_URI = re.compile(r"(([^:/?#]+):)?(//([^/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))?", re.DOTALL)


def normalise_url(url: str) -> str:
    """Return ``url`` as cachecontrol normalises it before it makes the key (``CacheController._urlnorm``).

    Scheme and authority are lower-cased, an empty path becomes ``/``, the fragment is dropped.

    Raises:
        ValueError: the URL is not absolute.
    """
    match = _URI.match(url)
    assert match is not None  # every part is optional
    scheme, authority, path, query = match[2], match[4], match[5], match[7]
    if not scheme or not authority:
        raise ValueError("only absolute URLs have a key")
    path = path or "/"
    return f"{scheme.lower()}://{authority.lower()}{path}{'?' + query if query else ''}"


def http_key(url: str) -> str:
    """Return the key of ``url`` in an HTTP store: 56 hex digits (pip ``network/cache.py``).

    Raises:
        ValueError: the URL is not absolute.
    """
    from hashlib import sha224  # noqa: PLC0415 - brings OpenSSL, which a plain list does not need

    return sha224(normalise_url(url).encode("utf-8", "surrogatepass")).hexdigest()


def has_key(url: str) -> bool:
    """True for a URL that an HTTP store can have a key for: an absolute one."""
    try:
        return bool(normalise_url(url))
    except ValueError:
        return False


def without_user(url: str) -> str:
    """Return ``url`` without user information, as pip requests it and therefore keys it."""
    scheme, found, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{found}{authority.rpartition('@')[2]}{slash}{path}"


def request_key(url: str) -> str | None:
    """Return the key of what pip requests for ``url``, which is without user information; None if it has none."""
    plain = without_user(url)
    return http_key(plain) if has_key(plain) else None
