"""The fields of a stored response, read exactly as strictly as pips read them.

pip unpacks a head with its own msgpack and gives the fields to urllib3's ``HTTPResponse``: see pip
``_vendor/cachecontrol/serialize.py`` (``prepare_response``), ``_vendor/urllib3/response.py`` and
``_vendor/requests/structures.py``, in pip 20.3 to 26.3. What each of them refuses is refused here.
"""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from pipcache.store.headers import Headers, pack_headers


class UnusableFields(ValueError):  # noqa: N818 - it is about the fields
    """Every pip that reads the store fails on the fields, or downloads anew; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fields(NamedTuple):
    """The fields of a stored response that matter here; ``store/cachecontrol.Head`` says what each is."""

    status: int
    reason: str
    headers: Headers
    vary: Mapping[str, str | None]
    doubts: tuple[str, ...]


_WRITTEN = frozenset({"body", "headers", "status", "version", "reason", "strict", "decode_content"})
"""The fields that CacheControl writes; ``strict`` was written by pip before 23.3."""

_OF_URLLIB3 = frozenset(
    {
        *("pool", "connection", "msg", "retries", "enforce_content_length"),
        *("request_method", "request_url", "auto_close"),
    }
)
"""Further arguments of ``HTTPResponse``. No pip writes them, and what they do depends on the version."""

_OF_URLLIB3_2 = frozenset({"version_string", "sock_shutdown"})
"""Arguments of ``HTTPResponse`` since urllib3 2, which pip has since 26.1."""


def read_fields(document: object, *, is_joint: bool) -> Fields:
    """Return the fields of a stored response.

    Args:
        document: what msgpack unpacked.
        is_joint: the response is from ``http``, which pip before 23.3 reads; else it is from ``http-v2``.

    Raises:
        UnusableFields: no pip that reads the store can use the response.
    """
    if not isinstance(document, dict):
        raise UnusableFields("the stored response is not a map")
    response, vary = document.get("response"), document.get("vary", {})
    if not isinstance(response, dict):
        raise UnusableFields("the stored response has no 'response'")
    doubts: tuple[str, ...] = ()
    if not response.keys() <= _WRITTEN:
        odd = ((name, value) for name, value in response.items() if name not in _WRITTEN)
        doubts = tuple(_why_odd(name, value, is_joint=is_joint) for name, value in odd)
    if "body" not in response:
        raise UnusableFields("the stored response has no 'body'")
    headers = _read_headers(response)
    if not isinstance(vary, dict):
        raise UnusableFields("the stored response has no map of request headers")
    if not all(value is None or type(value) is str for value in vary.values()):
        raise UnusableFields("the stored response varies on what is no text")
    return Fields(
        _read_status(response.get("status", 0)),
        _text(response.get("reason")),
        headers,
        (_shared_vary if _NAMES.issuperset(map(type, vary)) else _read_vary)(tuple(vary.items())),
        doubts,
    )


def _why_odd(name: object, value: object, *, is_joint: bool) -> str:
    """Return why some pips fail on a field that no pip writes.

    Raises:
        UnusableFields: every pip fails on it: ``HTTPResponse`` has no such argument.
    """
    known = _OF_URLLIB3 if is_joint else _OF_URLLIB3 | _OF_URLLIB3_2
    # requests looks for cookies in an original response
    if (name == "original_response" and not value) or name in known:
        return f"it has a field {str(name)[:40]!r}, which no pip writes"
    raise UnusableFields(f"the stored response has a field {str(name)[:40]!r}, which pip does not know")


def _read_headers(response: dict[Any, Any]) -> Headers:  # Any: msgpack is untyped
    """Return the headers by lower-case name; the last of several counts, as in pip's ``CaseInsensitiveDict``."""
    if "headers" not in response:
        raise UnusableFields("the stored response has no headers")
    headers = response["headers"]
    if type(headers) is not dict:
        headers = _pairs(() if headers is None else headers)
    values = tuple(headers.values())
    if not (_TEXT.issuperset(map(type, values)) and _NAMES.issuperset(map(type, headers))):
        raise UnusableFields("the stored response has a header that is no text")
    names = _lowered(tuple(headers))
    if len(set(names)) < len(names):
        last = dict(zip(names, values, strict=True))
        names, values = tuple(last), tuple(last.values())
    packed = pack_headers(names, values)
    coding = packed.get("transfer-encoding", "")
    if "chunked" not in coding.lower() or coding == "chunked":
        _check_length(packed.get("content-length"))
    return packed


@lru_cache(maxsize=1024)
def _lowered(names: tuple[str | bytes, ...]) -> tuple[str, ...]:
    """Return the names of headers in lower case. Most responses of a server have the same."""
    return tuple(_name(name).lower() for name in names)


def _read_vary(items: tuple[tuple[str | bytes, str | None], ...]) -> Mapping[str, str | None]:
    """Return the headers of the request; bytes are names that pip 10.0 on Python 2 wrote."""
    return MappingProxyType({_name(name): value for name, value in items})


_shared_vary = lru_cache(maxsize=1024)(_read_vary)
"""The same, made once for all responses with equal ones."""

_TEXT = frozenset({str})

_NAMES = frozenset({str, bytes})


def _pairs(headers: Iterable[Any]) -> dict[Any, Any]:  # Any: whatever msgpack gives
    """Return headers that are given in pairs, which ``CaseInsensitiveDict`` takes too."""
    try:
        return {name: value for name, value in headers}  # noqa: C416 - each has to be a pair
    except (TypeError, ValueError):
        raise UnusableFields("the stored response has headers that are no map") from None


def _check_length(stated: str | None) -> None:
    """Refuse a ``Content-Length`` that states several lengths, as urllib3 does (RFC 9110, 8.6)."""
    if len(_lengths(stated)) > 1:
        raise UnusableFields("the stored response has several lengths in Content-Length")


def _lengths(stated: str | None) -> set[int]:
    """Return the lengths in a ``Content-Length``, read as urllib3 reads them; none where it is no number."""
    if stated is not None and len(stated) < _USUAL_LENGTH and stated.isascii() and stated.isdigit():
        return {int(stated)}
    try:
        return set() if stated is None else {int(part) for part in stated.split(",")}
    except ValueError:
        return set()


_USUAL_LENGTH = 20  # digits


def stated_length(stated: str | None) -> int | None:
    """Return the bytes that a ``Content-Length`` states; None where it states none."""
    length = min(_lengths(stated), default=-1)
    return length if length >= 0 else None


def _read_status(status: object) -> int:
    """Return the status code: pip converts it, and compares it with numbers."""
    if not isinstance(status, (int, float)) or not math.isfinite(status):
        raise UnusableFields("the stored response has a status that is no number")
    return int(status)


def _name(name: str | bytes) -> str:
    """Return a name as text; pips on Python 2 wrote some as bytes."""
    return name if type(name) is str else bytes(name).decode("utf-8", "surrogateescape")  # type: ignore[arg-type]


def _text(value: object) -> str:
    """Return the reason, which pip shows and never reads; ``""`` for none."""
    if type(value) is str:
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    try:
        return "" if value is None else str(value)[:200]
    except RecursionError:
        return f"({type(value).__name__})"
