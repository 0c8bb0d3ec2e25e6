"""The answers to requests: pages, files, redirects and refusals (WSGI, PEP 3333).

Nothing is passed on to another index, whatever is asked for: what is not in the cache is answered with 404.
"""

import re
from collections.abc import Callable, Iterable
from hashlib import sha256 as new_sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from pipcache.errors import PipcacheError
from pipcache.offline.simple_pages import quote_name, root_html, root_json
from pipcache.server.catalog import Catalog
from pipcache.server.front_page import front_page
from pipcache.server.project import ServedFile, WithheldFile
from pipcache.server.representation import TYPES, representation_for
from pipcache.server.requests_log import RequestsLog, agent_name
from pipcache.server.window_file import file_of
from pipcache.util.filenames import normalise
from pipcache.util.files import Window
from pipcache.util.progress import Stopped
from pipcache.util.untrusted import clean
from pipcache.util.urls import pypi_path_in

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_HOST = r"(?i)(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?"
"""What a client of this machine has for ``Host``; pages of strangers that a name leads here have their own."""

_RANGE = r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))"
"""The one range that is answered; what asks for several gets the whole, as RFC 9110 (14.2) allows."""

_PROJECT = r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]{0,198}[A-Za-z0-9]"
"""A project's name (PEP 508)."""

_METADATA = ".metadata"

_SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


class IndexApp:
    """The application; threads of a server call it."""

    def __init__(
        self,
        catalog: Catalog,
        log: RequestsLog,
        *,
        on_access: Callable[[str], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        """Make an application.

        Args:
            catalog: what is served.
            log: takes what is asked for in vain.
            on_access: called with a line for each request that was answered.
            on_error: called with what nobody expected.
        """
        self._catalog = catalog
        self._log = log
        self._on_access = on_access
        self._on_error = on_error

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        request = Request(environ)
        try:
            response = self._answer(request)
        except Stopped:
            response = _text(503, "The server is being stopped.")
        except PipcacheError as error:
            response = _text(503, clean(error.message))
        except OSError as error:
            response = _text(503, f"The cache could not be read: {error.strerror or error}.")
        except Exception as error:  # noqa: BLE001 - a request that fails must not end the server
            self._on_error(error)
            response = _text(500, "Something unexpected happened; the server's standard error says more.")
        response.headers.extend(_SAFETY)
        agent = agent_name(request.headers.get("User-Agent", ""))
        self._on_access(f"{request.method} {quote(request.path[:_LONGEST])} {response.status_code} {agent}")
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if re.fullmatch(_HOST, request.headers.get("Host", "")) is None:
            return _text(400, "This server answers only to 127.0.0.1, localhost and [::1].")
        if request.method not in {"GET", "HEAD"}:
            return _text(405, "Only GET and HEAD are answered here.", {"Allow": "GET, HEAD"})
        if len(request.path) > _LONGEST:
            return _text(414, "No path here is that long.")
        match request.path.split("/")[1:]:
            case [""]:
                return _page(front_page(self._catalog.overview(), request.host))
            case ["simple"]:
                return _redirect(301, "/simple/")
            case ["simple", ""]:
                return self._root(request)
            case ["simple", name] | ["simple", name, ""] if re.fullmatch(_PROJECT, name):
                if request.path != f"/simple/{normalise(name)}/":
                    return _redirect(301, f"/simple/{quote_name(normalise(name))}/")
                return self._project(request, name)
            case ["files", sha256, filename] if filename:
                return self._file(request, filename, sha256)
            case ["packages", _, _, _, filename] if filename:
                return self._at_pypi(request, filename)
            case _:
                return _text(404, "There is nothing here. The index is at /simple/.")

    def _root(self, request: Request) -> Response:
        names = [name for name in self._catalog.names() if re.fullmatch(_PROJECT, name)]
        return _negotiated(request, lambda: root_html(names), lambda: root_json(names))

    def _project(self, request: Request, name: str) -> Response:
        project = self._catalog.project(name)
        agent = _agent(request)
        if project is None:
            self._log.note_missing(name, agent, is_file=False)
            return _text(404, f"{name} is not in this cache.")
        for withheld in project.withheld.values():
            self._note_withheld(withheld, agent)
        return _negotiated(request, lambda: project.html, lambda: project.json)

    def _note_withheld(self, withheld: WithheldFile, agent: str) -> None:
        self._log.note_withheld(withheld.filename, withheld.project, withheld.why.value, withheld.detail, agent)

    def _file(self, request: Request, filename: str, sha256: str) -> Response:
        """Answer with a file by its digest and its name, or with its METADATA (PEP 658)."""
        name, wants_metadata = _named(filename)
        wanted = sha256.lower()
        for _ in range(_TRIES):
            served = self._catalog.find(name, lambda served: served.row.sha256 == wanted)
            if not isinstance(served, ServedFile):
                return self._not_served(request, filename, served)
            window = served.open(self._catalog.cache)
            if window is None:
                self._catalog.forget(served)
                continue
            if wants_metadata:
                with window:
                    data = served.metadata(window)
                if data is None:
                    return _text(404, f"{clean(name)} is served without metadata.")
                return _bytes(request, data, served.row.metadata_sha256 or "")
            return _stream(request, window, served.row.sha256)
        return _text(503, f"{clean(name)} is changing all the time.", {"Retry-After": "1"})

    def _at_pypi(self, request: Request, filename: str) -> Response:
        """Send the URLs that PyPI has, and had before 2016, to the file of their name.

        Where the URL has a digest, the file must have it. The rest of the path decides nothing, as at PyPI.
        """
        name, wants_metadata = _named(filename)
        path = pypi_path_in(request.path)
        wanted = None if path is None else path.blake2b_256
        served = self._catalog.find(name, lambda served: wanted is None or served.blake2b_256 == wanted)
        if not isinstance(served, ServedFile):
            return self._not_served(request, filename, served)
        return _redirect(302, f"{served.path}{_METADATA if wants_metadata else ''}")

    def _not_served(self, request: Request, filename: str, withheld: WithheldFile | None) -> Response:
        if withheld is None:
            if re.fullmatch(r"[A-Za-z0-9._+!-]{1,255}", filename):
                self._log.note_missing(filename, _agent(request), is_file=True)
            return _text(404, f"{clean(filename)} is not in this cache.")
        advice = "" if withheld.why.value != "intact" else " The option --unverified serves it all the same."
        self._note_withheld(withheld, _agent(request))
        return _text(403, f"{withheld.filename} is withheld: {withheld.detail}.{advice}")


_TRIES = 3

_PRECONDITION_FAILED = 412

_LONGEST = 2000
"""Characters of a path."""


def _agent(request: Request) -> str:
    return agent_name(request.headers.get("User-Agent", ""))


def _named(filename: str) -> tuple[str, bool]:
    """Return the name of the file that is asked for, and whether its METADATA is."""
    return filename.removesuffix(_METADATA), filename.endswith(_METADATA)


def _text(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    response = Response(f"{text}\n", status, headers, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(html: bytes) -> Response:
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def _redirect(status: int, location: str) -> Response:
    return _text(status, location, {"Location": location})


def _negotiated(request: Request, html: Callable[[], bytes], json: Callable[[], bytes]) -> Response:
    """Answer with a page of the index in the form that the client likes best."""
    form = representation_for(request.accept_mimetypes)
    if form is None:
        response = _text(406, f"This page can be had as {', '.join(TYPES)}.")
    else:
        data = json() if form.is_json else html()
        response = Response(data, content_type=form.content_type)
        response.set_etag(new_sha256(form.content_type.encode() + data).hexdigest())
        response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request.environ)
    response.headers["Vary"] = "Accept"
    return response


def _bytes(request: Request, data: bytes, sha256: str) -> Response:
    response = Response(data, content_type="application/octet-stream")
    return _immutable(request, response, sha256, len(data))


def _stream(request: Request, window: Window, sha256: str) -> Response:
    """Answer with the bytes of an open file, or with the range of them that is asked for."""
    stream = file_of(window)
    body = wrap_file(request.environ, stream, _BLOCK)
    response = Response(body, content_type="application/octet-stream", direct_passthrough=True)
    response.headers["Content-Length"] = str(window.length)
    response.call_on_close(stream.close)
    try:
        return _immutable(request, response, sha256, window.length)
    except BaseException:
        stream.close()
        raise


_BLOCK = 1 << 16


def _immutable(request: Request, response: Response, sha256: str, length: int) -> Response:
    """Return a response whose bytes are those of a digest for ever, as the client's conditions ask for it."""
    response.set_etag(sha256)
    response.headers["Cache-Control"] = "public, max-age=365000000, immutable"
    response.headers["Accept-Ranges"] = "bytes"
    conditions = dict(request.environ)
    conditions.pop("HTTP_RANGE", None)
    asked = _one_range(request.headers.get("Range", ""), length)
    if request.method == "GET" and asked is not None:
        conditions["HTTP_RANGE"] = asked
    try:
        response.make_conditional(conditions, accept_ranges=True, complete_length=length)
    except RequestedRangeNotSatisfiable:
        response.close()
        return _text(416, f"The file has {length} bytes.", {"Content-Range": f"bytes */{length}"})
    if response.status_code == _PRECONDITION_FAILED:
        response.close()
        return _text(412, "The file is not the one that If-Match names.")
    return response


def _one_range(header: str, length: int) -> str | None:
    """Return a ``Range`` that asks for one range that makes sense; None for every other."""
    match = re.fullmatch(_RANGE, header)
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        return "bytes=0-" if int(suffix) > length else header  # RFC 9110, 14.1.2: the whole is meant
    return None if last and int(first) > int(last) else header
