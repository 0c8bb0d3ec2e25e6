"""The bytes of entries and artifacts: opened, and with their content coding undone."""

import os

from pipcache.artifacts import Artifact
from pipcache.bodies import UndecodableBody, decode_body
from pipcache.entries import BuiltEntry, HttpEntry, StrayEntry
from pipcache.files import File, Window, open_quietly
from pipcache.stores import Store


def read_file(root: str, file: File, limit: int) -> bytes:
    """Return the first ``limit`` bytes of a file of the cache.

    Raises:
        OSError: it cannot be opened or read, or is no regular file any more.
    """
    descriptor = open_quietly(f"{root}/{file.path}")
    try:
        return os.read(descriptor, min(limit, file.stat.st_size))
    finally:
        os.close(descriptor)


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
