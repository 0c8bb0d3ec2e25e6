"""The stored response of an HTTP entry: its head and its body."""

from typing import NamedTuple

from pipcache.store.body import Body
from pipcache.store.cachecontrol import HEAD_LIMIT, Frame, Head, MalformedResponse, decode_head, read_inline
from pipcache.store.content import Content, OpaqueBody, PageBody
from pipcache.store.directory import Directory
from pipcache.store.entries import HttpEntry
from pipcache.store.layout import Store
from pipcache.util.files import File

PAGE_TYPES = ("application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html")


class Response(NamedTuple):
    """A stored response: its head and what its body is, each None when it is missing or cannot be decoded.

    ``body`` can be read until the response is closed; ``size`` is the size of the body in bytes. ``problem`` says
    why something could not be read, ``unreadable`` whether the operating system refused it. ``frame`` is who wrote
    the head; None where there is no head, or not all of it could be read.
    """

    head: Head | None
    content: Content | None  # None: there is no body
    size: int
    problem: str | None = None
    notes: tuple[str, ...] = ()
    unreadable: bool = False
    frame: Frame | None = None
    body: Body | None = None

    def close(self) -> None:
        """Close the files that were opened."""
        if self.body is not None:
            self.body.close()


def explain_read_error(error: OSError) -> str:
    """Return why a file could not be read, as text to show."""
    if isinstance(error, FileNotFoundError):
        return "vanished while it was looked at"
    return f"cannot be read: {error.strerror or error}"


def read_response(
    directory: Directory, entry: HttpEntry, *, deep: bool, known: Head | None = None, body: Body | None = None
) -> Response:
    """Read the head of an entry and what its body is; the caller closes the response.

    Args:
        directory: the cache directory.
        entry: an entry of an HTTP store.
        deep: as in ``Body.content``. Without it, a body that is an index page by its head is not opened.
        known: the head where it was read before; that of an entry of ``http-v2`` is not read again.
        body: the body of an entry of ``http-v2`` where it is open.
    """
    if entry.store is Store.HTTP and entry.head is not None:
        return _read_joint(directory, entry.head, deep=deep)
    return _read_split(directory, entry, deep=deep, known=known, body=body)


def read_head(directory: Directory, entry: HttpEntry) -> Response:
    """Read the head of ``entry`` and nothing of its body; ``size`` is the size of the body all the same."""
    if entry.store is Store.HTTP and entry.head is not None:
        response = _read_joint(directory, entry.head, deep=None)
        response.close()
        return response
    return _read_head(directory, entry.head)._replace(size=0 if entry.body is None else entry.body.size)


def _read_split(
    directory: Directory, entry: HttpEntry, *, deep: bool, known: Head | None, body: Body | None
) -> Response:
    """Read an entry of ``http-v2``: head and body are two files."""
    if known is None:
        response = _read_head(directory, entry.head)
    else:
        response = Response(known, None, 0, frame=Frame.CURRENT)
    head, file = response.head, entry.body
    if file is None:
        return response
    body = body or Body(lambda: directory.open(file), file.size, head and head.encoding)
    if head is not None and not deep and is_page_by_head(head):
        return response._replace(content=PageBody(), size=file.size, body=body)
    try:
        content = body.content(deep=deep)
    except OSError as error:
        body.close()
        return response._replace(
            content=OpaqueBody(None),
            size=file.size,
            body=body,
            problem=response.problem or explain_read_error(error),
            unreadable=response.unreadable or not isinstance(error, FileNotFoundError),
        )
    _, _, _, problem, notes, unreadable, frame, _ = response
    return Response(head, content, file.size, problem, notes, unreadable, frame, body)


def _read_head(directory: Directory, file: File | None) -> Response:
    if file is None:
        return Response(None, None, 0, notes=("a body without a head: pip never reads it",))
    try:
        if file.size > HEAD_LIMIT:
            return Response(None, None, 0, f"the head has {file.size} bytes, far more than pip writes")
        return Response(decode_head(directory.read(file, HEAD_LIMIT)), None, 0, frame=Frame.CURRENT)
    except MalformedResponse as error:
        return Response(None, None, 0, error.reason, frame=error.frame)
    except OSError as error:
        return Response(
            None, None, 0, explain_read_error(error), unreadable=not isinstance(error, FileNotFoundError)
        )


def is_page_by_head(head: Head) -> bool:
    """Return whether the headers of PyPI or of the simple API (PEP 691) say that the body is an index page."""
    headers = head.headers
    content_type = headers.get("content-type", "").lower()
    return not head.is_redirect and (
        content_type.startswith(PAGE_TYPES)
        or ("x-pypi-last-serial" in headers and content_type.startswith("text/html"))
    )


def _read_joint(directory: Directory, file: File, *, deep: bool | None) -> Response:
    """Read an entry of ``http``: the body is inside the head's file. With ``deep`` None, read its head alone."""
    window = None
    try:
        window = directory.open(file)
        head = read_inline(window)
        response = Response(head, None, 0, frame=Frame.CURRENT)
        assert head.body is not None
        part = window.part(*head.body)
        body = Body(lambda: part, part.length, head.encoding, window)
        content = None if deep is None else body.content(deep=deep)
        return response._replace(content=content, size=part.length, body=body)
    except (MalformedResponse, OSError) as error:
        if window is not None:
            window.close()
        if isinstance(error, MalformedResponse):
            return Response(None, OpaqueBody(None), file.size, error.reason, frame=error.frame)
        unreadable = not isinstance(error, FileNotFoundError)
        return Response(None, OpaqueBody(None), file.size, explain_read_error(error), unreadable=unreadable)
