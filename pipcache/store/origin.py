"""``origin.json`` (PEP 610), which names the source of a built wheel."""

from typing import NamedTuple

from pipcache.util.untrusted import decode_json

ORIGIN_LIMIT = 1 << 20
"""Bytes of an ``origin.json`` that are read; real ones have about two hundred."""


class Origin(NamedTuple):
    """The source of a built wheel, as ``origin.json`` has it (PEP 610): URL and digests are the source's.

    ``hashes`` are (algorithm, hex digest) pairs; ``vcs`` and ``commit`` are set where the source is a repository,
    ``is_directory`` where it is a local folder.
    """

    url: str
    hashes: tuple[tuple[str, str], ...] = ()
    vcs: str | None = None
    commit: str | None = None
    requested_revision: str | None = None
    subdirectory: str | None = None
    is_directory: bool = False


def parse_origin(data: bytes) -> Origin | None:
    """Return the source that an ``origin.json`` names; None when it is no PEP 610 object: pip ignores it."""
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


# those of PEP 503, the only ones that pip uses; each further one would cost a look-up of hundreds of keys
_ALGORITHMS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})


def _hashes(archive: dict[object, object]) -> tuple[tuple[str, str], ...]:
    pairs: dict[str, str] = {}
    hashes = archive.get("hashes")
    if isinstance(hashes, dict):
        pairs |= {
            name: digest
            for name, digest in hashes.items()
            if isinstance(name, str) and isinstance(digest, str) and name in _ALGORITHMS
        }
    single = archive.get("hash")  # the only form of pip 22.2-22.3
    if isinstance(single, str) and "=" in single:
        name, _, digest = single.partition("=")
        pairs.setdefault(name, digest)
    return tuple(pairs.items())
