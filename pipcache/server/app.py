"""The answers to requests: pages, files, redirects and refusals (WSGI, PEP 3333).

Nothing is passed on to another index, whatever is asked for: what is not in the cache is answered with 404.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256 as new_sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from pipcache.errors import PipcacheError
from pipcache.offline.simple_pages import quote_name, root_html, root_json
from pipcache.server.catalog import Catalog
from pipcache.server.conditions import Outcome, outcome_for, part_for
from pipcache.server.front_page import front_page
from pipcache.server.project import FileState, ServedFile, WithheldFile
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

_TARGET = "REQUEST_URI"
"""Where waitress puts the target of a request as it was sent."""

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
        if not all(re.fullmatch(_HOST, host) for host in _hosts(request)):
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
            self._log.note_withheld(withheld, agent)
        return _negotiated(request, lambda: project.html, lambda: project.json)

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
            return _stream(request, window, served.row.sha256, served.state)
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
        self._log.note_withheld(withheld, _agent(request))
        return _text(403, f"{withheld.filename} is withheld: {withheld.detail}.{advice}")


_TRIES = 3

_LONGEST = 2000
"""Characters of a path."""


def _agent(request: Request) -> str:
    return agent_name(request.headers.get("User-Agent", ""))


def _hosts(request: Request) -> Iterator[str]:
    """Yield what a client takes this server for: in ``Host``, and in a target that is a URL (RFC 9112, 3.2.2)."""
    yield request.headers.get("Host", "")
    scheme, separator, rest = request.environ.get(_TARGET, "").partition("://")
    if separator and scheme.isalpha():
        yield re.split("[/?#]", rest, maxsplit=1)[0]


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
        tag = new_sha256(form.content_type.encode() + data).hexdigest()
        response = _unless_known(request, tag) or Response(data, content_type=form.content_type)
        if response.status_code != Outcome.FAILED.value:
            response.set_etag(tag)
            response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept"
    return response


def _unless_known(request: Request, tag: str) -> Response | None:
    """Return the answer without a body that the conditions of a request ask for; None where it is sent."""
    match outcome_for(request, tag):
        case Outcome.NOT_MODIFIED:
            return Response(status=304)
        case Outcome.FAILED:
            return _text(412, "It is not what If-Match names.")
        case Outcome.SEND:
            return None


def _bytes(request: Request, data: bytes, sha256: str) -> Response:
    """Answer with bytes that are at hand, or with the part of them that is asked for."""
    answer = _without_bytes(request, len(data), sha256)
    if answer is not None:
        return answer
    part = part_for(request, sha256, len(data))
    return _immutable(data if part is None else data[part.start : part.stop], part, len(data), sha256)


def _stream(request: Request, window: Window, sha256: str, state: FileState) -> Response:
    """Answer with the bytes of an open file, or with the part that is asked for, and close the file then."""
    length = window.length
    answer = _without_bytes(request, length, sha256)
    if answer is not None:
        window.close()
        return answer
    part = part_for(request, sha256, length)
    wanted = window if part is None else window.owned_part(part.start, len(part))
    try:
        stream = file_of(wanted, state)
    except OSError:
        wanted.close()
        raise
    response = _immutable(wrap_file(request.environ, stream, _BLOCK), part, length, sha256)
    response.call_on_close(stream.close)
    return response


_BLOCK = 1 << 16


def _without_bytes(request: Request, length: int, sha256: str) -> Response | None:
    """Return the answer to a request that gets none of the bytes of a file; None where it gets some."""
    known = _unless_known(request, sha256)
    if known is not None:
        return known if known.status_code == Outcome.FAILED.value else _tagged(known, sha256)
    if request.method == "HEAD":
        return _immutable(b"", None, length, sha256)
    if part_for(request, sha256, length) == range(0):
        return _text(416, f"The file has {length} bytes.", {"Content-Range": f"bytes */{length}"})
    return None


def _immutable(body: bytes | Iterable[bytes], part: range | None, length: int, sha256: str) -> Response:
    """Return an answer with bytes that are those of a digest for ever.

    Args:
        body: the bytes.
        part: which these are of all; None for all.
        length: the number of all.
        sha256: hex digest of all.
    """
    response = Response(
        body, content_type="application/octet-stream", direct_passthrough=not isinstance(body, bytes)
    )
    response.headers["Content-Length"] = str(length if part is None else len(part))
    response.headers["Accept-Ranges"] = "bytes"
    if part is not None:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{length}"
    return _tagged(response, sha256)


def _tagged(response: Response, sha256: str) -> Response:
    response.set_etag(sha256)
    response.headers["Cache-Control"] = "public, max-age=365000000, immutable"
    return response
