"""An artifact's bytes: opened, decoded, hashed on all cores."""

from collections.abc import Callable, Iterable, Sequence

from pipcache.inventory.artifact import Artifact
from pipcache.store.entries import BuiltEntry, HttpEntry, StrayEntry, entry_path
from pipcache.store.layout import Store
from pipcache.util.compression import UndecodableBody, decode_body
from pipcache.util.files import File, Window
from pipcache.util.hashes import Digests, hash_window
from pipcache.util.progress import Track, no_tick


def open_body(root: str, artifact: Artifact) -> Window:
    """Open the bytes an artifact is: the body of an HTTP entry, the wheel of a built one. The caller closes it.

    Raises:
        OSError: it cannot be opened, or there is none.
    """
    match artifact.entry:
        case HttpEntry(store=Store.HTTP, head=File() as file):
            window = Window.open(root, file)
            if artifact.head is None or artifact.head.body is None:
                return window
            window.start, window.length = artifact.head.body
            return window
        case HttpEntry(body=File() as file) | BuiltEntry(wheel=file) | StrayEntry(file=file):
            return Window.open(root, file)
        case _:
            raise FileNotFoundError("there is no body")


def encoding_of(artifact: Artifact) -> str | None:
    """Return the ``Content-Encoding`` an artifact's bytes are stored with; None without one."""
    return None if artifact.head is None else artifact.head.headers.get("content-encoding")


def decoded(root: str, artifact: Artifact, limit: int) -> bytes | None:
    """Return the first ``limit`` decoded bytes of an artifact; None when it cannot be read or decoded."""
    try:
        with open_body(root, artifact) as window:
            return decode_body(window, encoding_of(artifact), limit)
    except (OSError, UndecodableBody):
        return None


def digest_by(root: str, artifact: Artifact, algorithms: Iterable[str]) -> dict[str, str]:
    """Return hex digests of an artifact's bytes, read once, by the names of their algorithms.

    Any name of hashlib will do, and ``blake2b_256``. What cannot be had is left out: an algorithm the system
    does not allow (FIPS and md5), and everything when the bytes cannot be read.
    """
    try:
        with open_body(root, artifact) as window:
            return hash_window(window, algorithms, no_tick)
    except OSError:
        return {}


def digest_artifact(root: str, artifact: Artifact) -> Digests | None:
    """Return the digests of an artifact's bytes; None when they cannot be read or there are none."""
    found = digest_by(root, artifact, ("blake2b_256", "sha256", "md5"))
    return Digests(found["blake2b_256"], found["sha256"], found.get("md5")) if found else None


def digest_lookup(
    root: str, artifacts: Sequence[Artifact], algorithms: Iterable[str], track: Track
) -> "DigestLookup":
    """Hash every body with ``algorithms``, on all cores, and return a look-up of the results."""
    known: dict[tuple[str, str], str] = {}
    wanted = tuple(algorithms)
    if wanted and artifacts:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only digest selectors need these

        with ThreadPoolExecutor() as pool:
            results = pool.map(lambda artifact: digest_by(root, artifact, wanted), artifacts)
            for artifact, digests in zip(artifacts, track(results, len(artifacts), "Hashing"), strict=True):
                known.update({(entry_path(artifact.entry), name): value for name, value in digests.items()})
    return lambda artifact, algorithm: known.get((entry_path(artifact.entry), algorithm))


def is_text(root: str, artifact: Artifact) -> bool:
    """Return whether the bytes begin like text; no archive does."""
    try:
        with open_body(root, artifact) as window:
            start = window.read(0, 512)
    except OSError:
        return True
    return b"\x00" not in start and start.decode("utf-8", "ignore").encode() == start


Algorithm = str

DigestLookup = Callable[[Artifact, Algorithm], str | None]
"""Gives the hex digest of an artifact's bytes; None when they cannot be read."""
