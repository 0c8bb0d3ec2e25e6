"""Digest algorithms, their spellings, and one pass over bytes for all of them."""

import re
from binascii import a2b_base64
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from pipcache.util.files import Window
from pipcache.util.progress import Tick

DIGITS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 128}

DIGITS |= {"blake2b_256": 64, "blake2s": 64, "sha3_224": 56, "sha3_256": 64, "sha3_384": 96, "sha3_512": 128}

DIGITS |= {"sha512_224": 56, "sha512_256": 64, "ripemd160": 40, "sm3": 64}  # where the system's OpenSSL has them
"""The number of hex digits of each known algorithm."""

BY_LENGTH = {
    32: ("md5",),
    40: ("sha1",),
    56: ("sha224", "sha3_224"),
    64: ("sha256", "blake2b_256", "sha3_256", "blake2s"),
    96: ("sha384", "sha3_384"),
    128: ("sha512", "blake2b", "sha3_512"),
}
"""The algorithms whose digests have so many hex digits, likeliest first.

A digest without the name of its algorithm may be of any of them, for every command alike.
"""

ALGORITHM = (
    r"(?:sha-?512[/_-](?:224|256)|ripemd-?160|sm3|md5|sha-?(?:1|224|256|384|512)"
    r"|sha3[-_]?(?:224|256|384|512)|blake2(?:b[-_]?256|_256|b|s))"
)
"""A regular expression, for any case, of the names of algorithms as people spell them."""

# there are projects called md5-something: after a dash only what looks like a digest counts
_DIGEST_SHAPE = r"[0-9a-f]{32,}$|[\w+/-]{20,}={1,2}$|(?-i:(?=\S*[A-Z])(?=\S*[a-z])(?=\S*[0-9]))[\w+/-]{22,}$"

_TAGGED = rf"(?i)({ALGORITHM})(?::|=(?!=)|-(?={_DIGEST_SHAPE}))\s*(.*)"

_UNKNOWN_ALGORITHM = r"(?i)[a-z][\w./-]{0,20}(?::|=(?!=)|-)[0-9a-f]{32,}"

_BARE_BASE64 = r"(?a)(?=\S*[0-9])(?=\S*[A-Z])(?=\S*[a-z])([\w-]{43}|[\w-]{86})=?=?"


_FORGEABLE = frozenset({"md5", "sha1"})


def is_forgeable(algorithm: str) -> bool:
    """Return whether other bytes with the same digest can be made."""
    return algorithm in _FORGEABLE


def algorithm_of(name: str) -> str | None:
    """Return the name in ``DIGITS`` of an algorithm as people spell it; None for unknown algorithms."""
    spelled = name.strip().lower().replace("-", "_").replace("/", "_").replace("ripemd_", "ripemd")
    spelled = re.sub(r"^sha_(?=\d)", "sha", spelled)
    spelled = re.sub(r"^sha3_?(?=\d{3}$)", "sha3_", spelled)
    spelled = {"blake2_256": "blake2b_256", "blake2b256": "blake2b_256"}.get(spelled, spelled)
    return spelled if spelled in DIGITS else None


def split_tagged(text: str) -> tuple[str, str] | None:
    """Return the algorithm and the value of ``alg:value``, ``alg=value`` or ``alg-value``; None for other text."""
    tagged = re.fullmatch(_TAGGED, text)
    algorithm = None if tagged is None else algorithm_of(tagged[1])
    return None if tagged is None or algorithm is None else (algorithm, tagged[2])


def hex_of(algorithm: str, value: str) -> str | None:
    """Return a digest in hex; None where ``value`` is no digest of this algorithm.

    Args:
        algorithm: a name in ``DIGITS``.
        value: the digest in hex, or in base64 of any alphabet, padded or not.
    """
    count, value = DIGITS[algorithm], value.strip()
    if len(value) == count and re.fullmatch("[0-9a-fA-F]+", value):
        return value.lower()
    bare = value.rstrip("=").replace("-", "+").replace("_", "/")
    if re.fullmatch(r"[A-Za-z0-9+/]+", bare) and len(bare) == -(-count * 4 // 6):
        return a2b_base64(bare + "=" * (-len(bare) % 4)).hex()
    return None


def expected_of(algorithm: str) -> str:
    """Return how a digest of an algorithm is written, for people."""
    return f"{DIGITS[algorithm]} hex digits, or base64url as RECORD has it"


def is_bare_base64(text: str) -> bool:
    """Return whether a text looks like a SHA-256 or SHA-512 digest in base64url, without its algorithm's name."""
    return re.fullmatch(_BARE_BASE64, text) is not None


def is_strange(text: str) -> bool:
    """Return whether a text looks like a digest of an unknown algorithm, and so is no project's name."""
    return re.fullmatch(_UNKNOWN_ALGORITHM, text) is not None and split_tagged(text) is None


Digest = tuple[str, str]
"""An algorithm, and a digest in hex."""


class Digests(NamedTuple):
    """Hex digests of an artifact's stored bytes; ``md5`` is None where it is not allowed (FIPS), or not needed."""

    blake2b_256: str
    sha256: str
    md5: str | None = None

    def by_name(self) -> dict[str, str | None]:
        """Return the digests by the names of their algorithms."""
        return {"sha256": self.sha256, "blake2b_256": self.blake2b_256, "md5": self.md5}


class State(Protocol):
    """A digest that is being computed."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""

    def hexdigest(self) -> str:
        """Return the digest of the bytes so far, in hex."""


def new_digest(name: str) -> State | None:
    """Return a new digest of a name in ``DIGITS``; None where the algorithm is unknown or not allowed (FIPS)."""
    import hashlib  # a plain list hashes nothing

    if name == "blake2b_256":
        return hashlib.blake2b(digest_size=32)
    if name not in DIGITS:
        return None
    try:
        return hashlib.new(name, usedforsecurity=False)
    except ValueError:
        return None


def hash_window(window: Window, algorithms: Iterable[str], tick: Tick) -> dict[str, str]:
    """Return hex digests of the bytes in ``window``, which is read once.

    Args:
        window: the bytes.
        algorithms: names in ``DIGITS``; those that are unknown or not allowed are left out.
        tick: called with the bytes of each piece; what it raises goes through.

    Returns:
        The digests by the names of their algorithms.

    Raises:
        OSError: the window cannot be read.
    """
    states = {name: state for name in algorithms if (state := new_digest(name)) is not None}
    for data in window.chunks():
        tick(len(data))
        for state in states.values():
            state.update(data)
    return {name: state.hexdigest() for name, state in states.items()}
