"""The names of the folders and files in uv's cache directory."""

import re

_BUCKET = re.compile(r"([a-z]+(?:-[a-z]+)*)-v([0-9]{1,4})")

NEWEST = {
    "wheels": 8,
    "sdists": 11,
    "built-wheels": 3,
    "archive": 0,
    "environments": 2,
    "simple": 28,
    "flat-index": 28,
    "builds": 0,
    "git": 2,
}
"""The newest layout of each bucket that is known here (uv 0.13.9); a higher number may be another layout."""

WITHOUT_DISTRIBUTIONS = frozenset(
    {"interpreter", "python", "binaries", "osv", "workspace", "certificates", "credentials"}
)
"""Buckets that hold no distribution that uv installs from."""

_OF_PIP = frozenset({"http-v2"})
"""Stores of pip, which may have been given the same directory, and that are called like buckets."""

MARKERS = frozenset({"CACHEDIR.TAG", ".gitignore", ".git", ".lock", ".DS_Store"})

INFO_ENDINGS = (".dist-info", ".egg-info")
"""How the folder of a distribution's metadata is called at its end."""


def bucket_in(name: str) -> tuple[str, int] | None:
    """Return what a bucket is called, without its number, and the number; None where a name is no bucket's."""
    match = None if name in _OF_PIP else _BUCKET.fullmatch(name)
    return None if match is None else (match[1], int(match[2]))
