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
    """A stored response: its head and what its body is, each None when missing or undecodable.

    ``body`` gives its bytes until the response is closed. ``size`` is the body's in bytes, ``problem`` why
    something could not be read, ``unreadable`` whether the operating system was the reason. ``frame`` is None
    where no head could be read as a whole.
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


def reason(error: OSError) -> str:
    """Return why a file could not be read, for people."""
    if isinstance(error, FileNotFoundError):
        return "vanished while it was looked at"
    return f"cannot be read: {error.strerror or error}"


def read_response(directory: Directory, entry: HttpEntry, *, deep: bool) -> Response:
    """Read what ``entry`` stores; the caller closes the response. ``deep`` as in ``Body.content``.

    Without ``deep`` the body of an index page is not opened where the head says what it is.
    """
    if entry.store is Store.HTTP and entry.head is not None:
        return _read_joint(directory, entry.head, deep=deep)
    return _read_split(directory, entry, deep=deep)


def read_head(directory: Directory, entry: HttpEntry) -> Response:
    """Read the head of ``entry`` and nothing of its body, whose ``size`` is stated all the same."""
    if entry.store is Store.HTTP and entry.head is not None:
        response = _read_joint(directory, entry.head, deep=None)
        response.close()
        return response
    return _read_head(directory, entry.head)._replace(size=0 if entry.body is None else entry.body.size)


def _read_split(directory: Directory, entry: HttpEntry, *, deep: bool) -> Response:
    """Read an entry of ``http-v2``: head and body are two files."""
    start = _read_head(directory, entry.head)
    head, file = start.head, entry.body
    if file is None:
        return start
    body = Body(lambda: directory.open(file), file.size, head and head.headers.get("content-encoding"))
    start = start._replace(size=file.size, body=body)
    if head is not None and not deep and is_page_by_head(head):
        return start._replace(content=PageBody())
    try:
        return start._replace(content=body.content(deep=deep))
    except OSError as error:
        body.close()
        return start._replace(
            content=OpaqueBody(None),
            problem=start.problem or reason(error),
            unreadable=start.unreadable or not isinstance(error, FileNotFoundError),
        )


def _read_head(directory: Directory, file: File | None) -> Response:
    if file is None:
        return Response(None, None, 0, None, ("a body without a head: pip never reads it",))
    try:
        if file.size > HEAD_LIMIT:
            return Response(None, None, 0, f"the head has {file.size} bytes, far more than pip writes")
        return Response(decode_head(directory.read(file, HEAD_LIMIT)), None, 0, frame=Frame.CURRENT)
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


def _read_joint(directory: Directory, file: File, *, deep: bool | None) -> Response:
    """Read an entry of ``http``: the body is inside the head's file. With ``deep`` None its head alone."""
    window = None
    try:
        window = directory.open(file)
        head = read_inline(window)
        start = Response(head, None, 0, frame=Frame.CURRENT)
        if head.body is None:
            window.close()
            return start
        part = window.part(*head.body)
        body = Body(lambda: part, part.length, head.headers.get("content-encoding"), window)
        content = None if deep is None else body.content(deep=deep)
        return start._replace(content=content, size=part.length, body=body)
    except (MalformedResponse, OSError) as error:
        if window is not None:
            window.close()
        if isinstance(error, MalformedResponse):
            return Response(None, OpaqueBody(None), file.size, error.reason, frame=error.frame)
        unreadable = not isinstance(error, FileNotFoundError)
        return Response(None, OpaqueBody(None), file.size, reason(error), (), unreadable)
