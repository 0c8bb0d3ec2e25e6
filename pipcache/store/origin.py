"""``origin.json`` (PEP 610), which names the source of a built wheel."""

from typing import NamedTuple

from pipcache.util.untrusted import decode_json

ORIGIN_LIMIT = 1 << 20
"""Bytes of an ``origin.json`` that are read; real ones have about two hundred."""


class Origin(NamedTuple):
    """What ``origin.json`` says (PEP 610): the source's URL and digests, not the wheel's.

    ``hashes`` are (algorithm, hex digest); ``commit`` is set for a VCS source, ``is_directory`` for a local one.
    """

    url: str
    hashes: tuple[tuple[str, str], ...] = ()
    vcs: str | None = None
    commit: str | None = None
    requested_revision: str | None = None
    subdirectory: str | None = None
    is_directory: bool = False


def parse_origin(data: bytes) -> Origin | None:
    """Return what ``origin.json`` says; None when it is not a PEP 610 object (pip ignores such a file)."""
    document = decode_json(data)
    if not isinstance(document, dict) or not isinstance(url := document.get("url"), str):
        return None
    vcs_info = document.get("vcs_info")
    vcs: dict[object, object] = vcs_info if isinstance(vcs_info, dict) else {}
    archive = document.get("archive_info")
    return Origin(
        url=url,
        hashes=_hashes(archive) if isinstance(archive, dict) else (),
        vcs=_text(vcs.get("vcs")),
        commit=_text(vcs.get("commit_id")),
        requested_revision=_text(vcs.get("requested_revision")),
        subdirectory=_text(document.get("subdirectory")),
        is_directory=isinstance(document.get("dir_info"), dict),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


# PEP 503's, which are all that pip knows; a file with thousands of made-up ones would cost thousands of keys
_ALGORITHMS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})


def _hashes(archive: dict[object, object]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    hashes = archive.get("hashes")
    if isinstance(hashes, dict):
        found |= {
            name: digest
            for name, digest in hashes.items()
            if isinstance(name, str) and isinstance(digest, str) and name in _ALGORITHMS
        }
    single = archive.get("hash")  # all that pip 22.2-22.3 wrote
    if isinstance(single, str) and "=" in single:
        name, _, digest = single.partition("=")
        found.setdefault(name, digest)
    return tuple(found.items())
