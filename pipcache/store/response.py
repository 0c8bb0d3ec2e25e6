"""The stored response of an HTTP entry: its head and its body."""

import os
from typing import NamedTuple

from pipcache.store.cachecontrol import HEAD_LIMIT, Frame, Head, MalformedResponse, decode_head, read_inline
from pipcache.store.content import Content, OpaqueBody, PageBody, inspect
from pipcache.store.entries import HttpEntry
from pipcache.store.layout import Store
from pipcache.util.files import File, Window, open_quietly

PAGE_TYPES = ("application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html")


class Response(NamedTuple):
    """A stored response: its head and what its body is, each None when missing or undecodable.

    ``size`` is the body's in bytes, ``problem`` why something could not be read, ``unreadable`` whether the
    operating system was the reason. ``frame`` is None where no head could be read as a whole.
    """

    head: Head | None
    content: Content | None  # None: there is no body
    size: int
    problem: str | None = None
    notes: tuple[str, ...] = ()
    unreadable: bool = False
    frame: Frame | None = None


def reason(error: OSError) -> str:
    """Return why a file could not be read, for people."""
    if isinstance(error, FileNotFoundError):
        return "vanished while it was looked at"
    return f"cannot be read: {error.strerror or error}"


def read_response(root: str, entry: HttpEntry, *, deep: bool) -> Response:
    """Read what ``entry`` below ``root`` stores; ``deep`` as in ``identify``."""
    if entry.store is Store.HTTP and entry.head is not None:
        return _read_joint(root, entry.head, deep=deep, only_head=False)
    return _read_split(root, entry, deep=deep)


def read_head(root: str, entry: HttpEntry) -> Response:
    """Read the head of ``entry`` below ``root`` and nothing of its body, whose ``size`` is told all the same."""
    if entry.store is Store.HTTP and entry.head is not None:
        return _read_joint(root, entry.head, deep=False, only_head=True)
    return _read_head(root, entry.head)._replace(size=0 if entry.body is None else entry.body.size)


def _read_split(root: str, entry: HttpEntry, *, deep: bool) -> Response:
    """Read an entry of ``http-v2``: head and body are two files."""
    start = _read_head(root, entry.head)
    head, body = start.head, entry.body
    if body is None:
        return start
    if head is not None and not deep and is_page_by_head(head):
        return start._replace(content=PageBody(), size=body.size)
    try:
        with Window.open(root, body) as window:
            content = inspect(window, head and head.headers.get("content-encoding"), deep=deep)
            return start._replace(content=content, size=window.length)
    except OSError as error:
        return start._replace(
            content=OpaqueBody(None),
            size=body.size,
            problem=start.problem or reason(error),
            unreadable=start.unreadable or not isinstance(error, FileNotFoundError),
        )


def _read_head(root: str, file: File | None) -> Response:
    if file is None:
        return Response(None, None, 0, None, ("a body without a head: pip never reads it",))
    try:
        if file.size > HEAD_LIMIT:
            return Response(None, None, 0, f"the head has {file.size} bytes, far more than pip writes")
        return Response(decode_head(read_file(root, file, HEAD_LIMIT)), None, 0, frame=Frame.CURRENT)
    except MalformedResponse as error:
        return Response(None, None, 0, error.reason, frame=error.frame)
    except OSError as error:
        return Response(None, None, 0, reason(error), (), not isinstance(error, FileNotFoundError))


def is_page_by_head(head: Head) -> bool:
    """True for what PyPI or a server of the simple API says is an index page; its body need not be opened."""
    headers = head.headers
    content_type = headers.get("content-type", "")
    return not head.is_redirect and (
        content_type.startswith(PAGE_TYPES)
        or ("x-pypi-last-serial" in headers and content_type.startswith("text/html"))
    )


def _read_joint(root: str, file: File, *, deep: bool, only_head: bool) -> Response:
    """Read an entry of ``http``: the body is inside the head's file."""
    try:
        with Window.open(root, file) as window:
            head = read_inline(window)
            start = Response(head, None, 0, frame=Frame.CURRENT)
            if head.body is None:
                return start
            body = window.part(*head.body)
            content = None
            if not only_head:
                content = inspect(body, head.headers.get("content-encoding"), deep=deep)
            return start._replace(content=content, size=body.length)
    except MalformedResponse as error:
        return Response(None, OpaqueBody(None), file.size, error.reason, frame=error.frame)
    except OSError as error:
        unreadable = not isinstance(error, FileNotFoundError)
        return Response(None, OpaqueBody(None), file.size, reason(error), (), unreadable)


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
