"""A package index on the loopback interface, with the headers and URL shapes that decide what pip caches."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import enum
import gzip
import hashlib
import html
import json
import ssl
import sys
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import quote, unquote

from tests.support.archives import SdistFormat, build_sdist, build_wheel, metadata, normalise
from tests.support.serving import Serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    Misbehaviour = Callable[["_Handler"], bool]
    """Answers a request in some way of its own; False where the index is to answer as it does."""

Kind = Literal["wheel", "sdist", "metadata", "page", "other"]

JSON_PAGE = "application/vnd.pypi.simple.v1+json"
FILE_POLICY = "max-age=365000000, immutable, public"
PAGE_POLICY = "max-age=600, public"
LAST_MODIFIED = "Tue, 05 Mar 2024 10:20:30 GMT"
UPLOAD_TIME = "2024-03-05T10:20:30.123456Z"


class Certificate(NamedTuple):
    """A certificate for this machine that is its own authority, and its private key."""

    cert: Path
    key: Path


class Delivery(enum.Enum):
    """How a body travels: whole with its length, or not."""

    WHOLE = enum.auto()
    CHUNKED = enum.auto()
    CUT = enum.auto()  # half of it, no Content-Length, then a clean end: no client can tell
    SHORT = enum.auto()  # half of it under the Content-Length of the whole
    SPLICED = enum.auto()  # as SHORT, and whoever asks for the rest gets bytes from three before it
    HELD = enum.auto()  # half of it under the Content-Length of the whole, and the rest once `release` is set


@dataclass(frozen=True, slots=True)
class Identity:
    """What a URL of the index is, hence what its cache entry is; None where nothing can be said."""

    kind: Kind
    project: str | None = None
    version: str | None = None
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing at one path: its identity and the answer to a GET."""

    identity: Identity
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = HTTPStatus.OK


@dataclass(frozen=True, slots=True)
class File:
    """A file a project page lists."""

    filename: str
    path: str
    body: bytes
    version: str
    metadata: bytes | None
    requires_python: str | None
    yanked: str | None


@dataclass(slots=True)
class Project:
    """A project page: the files it lists and the form it takes."""

    name: str
    path: str
    html: bool = False  # answered to every Accept, as indexes without JSON do
    relative: bool = False
    base_href: bool = False
    gzip: bool = True
    files: list[File] = field(default_factory=list)
    serial: int = 26356948
    algorithm: str = "sha256"  # of the digests that it lists
    status: str | None = None  # PEP 792
    reason: str | None = None
    provenance: dict[str, str | None] = field(default_factory=dict)  # of files, by name (PEP 740)


class Exchange(NamedTuple):
    """A request the index answered."""

    method: str
    path: str  # as the client sent it, so that its URL is the one the client cached
    status: int
    headers: Mapping[str, str] = {}  # of the request, with lower-case names
    sent: int = 0  # bytes of the body


class Index(Serving["_Server"]):
    """A running index; `with Index() as index:` starts and stops it."""

    def __init__(self, *, certificate: Certificate | None = None) -> None:
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.cert, certificate.key)
        self.certificate = certificate
        self.down_files = False  # True: every file answers 404, pages and redirects do not
        self.down = False  # True: everything answers 503
        self.holding = threading.Event()  # set when half of a held body was sent
        self.release = threading.Event()  # whoever holds sets it
        self.exchanges: list[Exchange] = []
        self.connections = 0  # how many were opened
        self.misbehaviour: dict[str, Misbehaviour] = {}  # by the path of a URL
        self.errors: list[BaseException] = []  # of the server itself; raised at the end
        self._resources: dict[str, Resource] = {}
        self._projects: dict[str, Project] = {}
        self._deliveries: dict[str, Delivery] = {}
        super().__init__(_Server(self, context))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if error is None and self.errors:
            raise ExceptionGroup("the index failed to answer", [Exception(repr(e)) for e in self.errors])

    @property
    def root(self) -> str:
        """The URL of the server, without a slash at its end."""
        port = self._server.server_address[1]
        # A name, as pip 24.3 fails over https if the host is an address
        return f"http://127.0.0.1:{port}" if self.certificate is None else f"https://localhost:{port}"

    @property
    def simple(self) -> str:
        """What pip is given as --index-url."""
        return f"{self.root}/simple/"

    @property
    def requests(self) -> list[str]:
        """What was asked for: "GET /path", in order."""
        return [f"{exchange.method} {exchange.path}" for exchange in self.exchanges]

    # What there is

    def add_project(
        self,
        name: str,
        *,
        path: str | None = None,
        html: bool = False,
        relative: bool = False,
        base_href: bool = False,
        gzip: bool = True,
    ) -> Project:
        """Add an empty project page, at /simple/<normalised name>/ unless a path is given."""
        path = f"/simple/{normalise(name)}/" if path is None else path
        project = Project(name, path, html=html, relative=relative, base_href=base_href, gzip=gzip)
        self._projects[path] = project
        return project

    def project(self, name: str) -> Project:
        """The project at its usual path."""
        return self._projects[f"/simple/{normalise(name)}/"]

    def add_file(
        self,
        project: Project,
        filename: str,
        body: bytes,
        *,
        version: str,
        metadata: bytes | None = None,
        requires_python: str | None = None,
        yanked: str | None = None,
        pypi_headers: bool = True,
        listed_path: str | None = None,
    ) -> str:
        """Serve a file under a URL as PyPI shapes them, list it on its page, and give its URL.

        `metadata` is served beside it. `listed_path` makes the page name another path, for a redirect.
        """
        digest = hashlib.blake2b(body, digest_size=32).hexdigest()
        path = f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{filename}"
        wheel = filename.endswith(".whl")
        identity = Identity("wheel" if wheel else "sdist", normalise(project.name), version, filename)
        headers = {"Last-Modified": LAST_MODIFIED}
        if pypi_headers:
            headers |= {
                "x-pypi-file-project": normalise(project.name),
                "x-pypi-file-version": version,
                "x-pypi-file-package-type": "bdist_wheel" if wheel else "sdist",
                "x-pypi-file-python-version": filename[:-4].split("-")[-3] if wheel else "source",
            }
        self._resources[path] = Resource(identity, body, headers)
        if metadata is not None:
            # PyPI labels the side file as it labels the wheel
            side = dataclasses.replace(identity, kind="metadata", filename=f"{filename}.metadata")
            side_headers = {**headers, "Vary": "Accept-Encoding"}
            self._resources[f"{path}.metadata"] = Resource(side, metadata, side_headers)
        listed = path if listed_path is None else listed_path
        project.files.append(File(filename, listed, body, version, metadata, requires_python, yanked))
        return self.root + path

    def add_raw(
        self, path: str, body: bytes, identity: Identity, headers: Mapping[str, str] = {}, *, status: int = 200
    ) -> str:
        """Serve a body at any path, cached like a file, and give its URL."""
        self._resources[path] = Resource(identity, body, headers, status)
        return self.root + path

    def add_redirect(self, path: str, to: str, *, status: int = 301, etag: bool = True) -> str:
        """Send a path elsewhere, and give its URL; a permanent redirect is cached with and without ETag."""
        headers = {"Location": self.root + to}
        if etag:
            headers["ETag"] = f'"{hashlib.md5(path.encode()).hexdigest()}"'
        self._resources[path] = Resource(Identity("other"), b"moved\n", headers, status)
        return self.root + path

    # What goes wrong

    def deliver(self, url: str, delivery: Delivery) -> None:
        """From now on, send the body of this URL in this way."""
        self._deliveries[self._path(url)] = delivery

    def replace(
        self,
        url: str,
        body: bytes,
        *,
        content_type: str = "application/octet-stream",
        keep_etag: bool = False,
        keep_headers: bool = True,
    ) -> None:
        """From now on, answer this URL with another body, whole, and with an ETag of its own or the file's."""
        old = self._resources.get(self._path(url), Resource(self.identity(url), b""))
        headers = {**(old.headers if keep_headers else {}), "Content-Type": content_type}
        headers.pop("ETag", None)
        if keep_etag:
            headers["ETag"] = f'"{hashlib.md5(old.body).hexdigest()}"'
        self._resources[self._path(url)] = dataclasses.replace(old, body=body, headers=headers)

    # What was asked for

    def identity(self, url: str) -> Identity:
        """What this URL of the index is, whatever body it was answered with."""
        path = self._path(url)
        if path in self._projects:
            return Identity("page", normalise(self._projects[path].name))
        return self._resources[path].identity

    def body(self, url: str) -> bytes | None:
        """The body of a file as it is served; None for a page or a redirect, whose body is not one thing."""
        resource = self._resources.get(self._path(url))
        return resource.body if resource is not None and resource.identity.kind != "other" else None

    def cacheable(self) -> dict[str, Identity]:
        """Each URL pip was answered under and may have cached, with what it is."""
        statuses = (HTTPStatus.OK, HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT)
        paths = {exchange.path for exchange in self.exchanges if exchange.status in statuses}
        return {self.root + path: self.identity(path) for path in sorted(paths)}

    def redirected(self) -> set[str]:
        """The URLs that were answered with a redirect."""
        return {self.root + e.path for e in self.exchanges if 300 < e.status < 400 and e.status != 304}

    def answer(self, path: str, asked: Mapping[str, str]) -> tuple[int, dict[str, str], bytes, Delivery]:
        """Status, headers, body and delivery for a GET; header names of `asked` are in lower case."""
        if self.down:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"Content-Type": "text/plain"}, b"down\n", Delivery.WHOLE
        place = self._path(path)
        resource = self._resources.get(place)
        if resource is None and place in self._projects:
            resource = self._page(self._projects[place], asked)
        is_file = resource is not None and resource.identity.kind in {"wheel", "sdist", "metadata"}
        if resource is None or (is_file and self.down_files):
            return HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}, b"not here\n", Delivery.WHOLE
        headers = {
            "Content-Type": "application/octet-stream",
            "Cache-Control": FILE_POLICY,
            **resource.headers,
        }
        if resource.status < HTTPStatus.MOVED_PERMANENTLY:
            headers.setdefault("ETag", f'"{hashlib.md5(resource.body).hexdigest()}"')
            # PyPI's file host never answers 304; its pages do
            if not is_file and asked.get("if-none-match") == headers["ETag"]:
                return HTTPStatus.NOT_MODIFIED, headers, b"", Delivery.WHOLE
        return resource.status, headers, resource.body, self._deliveries.get(place, Delivery.WHOLE)

    @staticmethod
    def _path(url: str) -> str:
        path = "/" + url.split("://", 1)[1].partition("/")[2] if "://" in url else url
        return unquote(path.partition("?")[0])

    def _page(self, project: Project, asked: Mapping[str, str]) -> Resource:
        as_json = JSON_PAGE in asked.get("accept", "") and not project.html
        text = self._json(project) if as_json else self._html(project)
        body = text.encode()
        headers = {
            "Content-Type": JSON_PAGE if as_json else "text/html; charset=utf-8",
            "Cache-Control": PAGE_POLICY,
            "Vary": "Accept, Accept-Encoding",
            "X-PyPI-Last-Serial": str(project.serial),
        }
        if project.gzip and "gzip" in asked.get("accept-encoding", ""):
            body = gzip.compress(body, mtime=0)
            headers["Content-Encoding"] = "gzip"
        # as PyPI's: of the bytes as they are sent, and without padding
        digest = base64.b64encode(hashlib.md5(body).digest()).decode().rstrip("=")
        headers["ETag"] = f'"{digest}"'
        return Resource(Identity("page", normalise(project.name)), body, headers)

    def _json(self, project: Project) -> str:
        files: list[dict[str, Any]] = []
        for file in project.files:
            entry: dict[str, Any] = {
                "filename": file.filename,
                "url": self.root + file.path,
                "hashes": {project.algorithm: _digest(project, file)},
                "requires-python": file.requires_python,
                "size": len(file.body),
                "upload-time": UPLOAD_TIME,
                "yanked": False if file.yanked is None else file.yanked,
            }
            if file.filename in project.provenance:
                entry["provenance"] = project.provenance[file.filename]
            # Both names PyPI uses; "dist-info-metadata", the third, makes pip 22.3 to 23.1 fail
            for name in ("core-metadata", "data-dist-info-metadata"):
                entry[name] = False
                if file.metadata is not None:
                    entry[name] = {"sha256": hashlib.sha256(file.metadata).hexdigest()}
            files.append(entry)
        versions = list(dict.fromkeys(file.version for file in project.files))
        page: dict[str, Any] = {"meta": {"api-version": "1.1"}, "name": project.name}
        page |= {"versions": versions, "files": files}
        if project.status is not None:
            page["project-status"] = {"status": project.status} | (
                {} if project.reason is None else {"reason": project.reason}
            )
        return json.dumps(page)

    def _html(self, project: Project) -> str:
        name = html.escape(project.name)
        lines = ["<!DOCTYPE html>", "<html><head>", '<meta name="pypi:repository-version" content="1.1">']
        for key, value in (("status", project.status), ("status-reason", project.reason)):
            if value is not None:
                lines.append(f'<meta name="pypi:project-{key}" content="{html.escape(value)}">')
        if project.base_href:
            lines.append(f'<base href="{self.root}/packages/">')
        lines.append(f"<title>Links for {name}</title></head><body><h1>Links for {name}</h1>")
        for file in project.files:
            attributes = {"href": self._href(project, file)}
            if file.requires_python is not None:
                attributes["data-requires-python"] = file.requires_python
            if file.yanked is not None:
                attributes["data-yanked"] = file.yanked
            if file.metadata is not None:
                digest = f"sha256={hashlib.sha256(file.metadata).hexdigest()}"
                attributes |= {"data-dist-info-metadata": digest, "data-core-metadata": digest}
            if (provenance := project.provenance.get(file.filename)) is not None:
                attributes["data-provenance"] = provenance
            pairs = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
            lines.append(f"<a {pairs}>{html.escape(file.filename)}</a><br />")
        return "\n".join([*lines, "</body></html>"])

    def _href(self, project: Project, file: File) -> str:
        path = quote(file.path, safe="/+!")
        if project.base_href:
            path = path.removeprefix("/packages/")
        elif project.relative:
            path = "../" * (project.path.count("/") - 1) + path.removeprefix("/")
        else:
            path = self.root + path
        return f"{path}#{project.algorithm}={_digest(project, file)}"


def _digest(project: Project, file: File) -> str:
    """The digest that a page lists for a file; a SHA-256 under the name of an algorithm that nobody knows."""
    known = project.algorithm in hashlib.algorithms_available
    return hashlib.new(project.algorithm if known else "sha256", file.body).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client may keep its connection open for longer than the test lasts

    def __init__(self, index: Index, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.index = index
        self._context = context

    def get_request(self) -> tuple[socket.socket, Any]:
        self.index.connections += 1
        return super().get_request()

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
        if self._context is None:
            super().finish_request(request, client_address)
            return
        assert not isinstance(request, tuple)
        # In the connection's own thread: a slow handshake must not hold up accept()
        with self._context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)
            # Without a closing alert a body that ends with its connection is an error for the client
            with contextlib.suppress(OSError):
                secure.unwrap()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):  # a client may go at any time
            self.index.errors.append(error)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        asked = {name.lower(): value for name, value in self.headers.items()}
        misbehave = self.server.index.misbehaviour.get(self.path)
        if misbehave is not None:
            exchange = Exchange("GET", self.path, 0, asked)
            self.server.index.exchanges.append(exchange)  # before the client has an answer
            if misbehave(self):
                self.close_connection = True
                return
            self.server.index.exchanges.remove(exchange)
        status, headers, body, delivery = self.server.index.answer(self.path, asked)
        if delivery is Delivery.SPLICED and "range" in asked:
            start = int(asked["range"].removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            status, body, delivery = HTTPStatus.PARTIAL_CONTENT, body[start - 3 : -3], Delivery.WHOLE
        self.server.index.exchanges.append(Exchange("GET", self.path, int(status), asked, len(body)))
        self.send_response(status)  # with Date and Server
        for name, value in headers.items():
            self.send_header(name, value)
        if delivery is Delivery.CHUNKED:
            self.send_header("Transfer-Encoding", "chunked")
        elif delivery is not Delivery.CUT and status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        if delivery in {Delivery.CUT, Delivery.SHORT, Delivery.SPLICED}:
            self.send_header("Connection", "close")
            body = body[: len(body) // 2]
        self.end_headers()
        if delivery is Delivery.CHUNKED:
            middle = len(body) // 2
            parts = [part for part in (body[:middle], body[middle:]) if part]
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        if delivery is Delivery.HELD:
            self.wfile.write(body[: len(body) // 2])
            self.server.index.holding.set()
            self.server.index.release.wait(60)
            body = body[len(body) // 2 :]
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        asked = {name.lower(): value for name, value in self.headers.items()}
        status, headers, body, _ = self.server.index.answer(self.path, asked)
        self.server.index.exchanges.append(Exchange("HEAD", self.path, int(status), asked))
        misbehave = self.server.index.misbehaviour.get(self.path)
        if misbehave is not None and misbehave(self):
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


def add_standard_projects(index: Index) -> None:
    """Fill an index with one project for each way pip can meet a distribution."""
    # A name that is not normalised, two versions, .metadata side files, a compressed page
    project = index.add_project("Some_Pkg.Name")
    for version in ("1.0", "1.1"):
        filename, body = build_wheel("Some_Pkg.Name", version)
        side = metadata("Some_Pkg.Name", version)
        index.add_file(project, filename, body, version=version, metadata=side, requires_python=">=3")

    # A build tag and compressed tags; a page that is not compressed; one file withdrawn
    project = index.add_project("tagged", gzip=False)
    for version, yanked in (("2.0", None), ("2.1", "broken")):
        filename, body = build_wheel("tagged", version, tags=["py2.py3-none-any"], build="7")
        index.add_file(project, filename, body, version=version, yanked=yanked)

    # A local version: pip asks for "%2B" where the page says "+", and its key is of what it asks for
    project = index.add_project("local")
    filename, body = build_wheel("local", "0.9+cpu.1")
    side = metadata("local", "0.9+cpu.1")
    index.add_file(project, filename, body, version="0.9+cpu.1", metadata=side, pypi_headers=False)

    # Sources, which pip builds
    _add_sdist(index, index.add_project("source-gz"), "0.3", "tar.gz")
    _add_sdist(index, index.add_project("Source.Zip"), "0.4", "zip")

    # HTML, with URLs relative to the page, or to a base, and none of PyPI's headers
    project = index.add_project("plain-html", html=True, relative=True)
    filename, body = build_wheel("plain-html", "1.2")
    side = metadata("plain-html", "1.2")
    index.add_file(project, filename, body, version="1.2", metadata=side, pypi_headers=False)
    project = index.add_project("based-html", html=True, base_href=True, gzip=False)
    _add_sdist(index, project, "0.5", "tar.bz2", pypi_headers=False)

    # A page and a file that moved for good, with and without ETag
    project = index.add_project("moved", path="/moved/simple/moved/")
    index.add_redirect("/simple/moved/", project.path)
    filename, body = build_wheel("moved", "3.0")
    old = f"/moved/files/{filename}"
    url = index.add_file(project, filename, body, version="3.0", listed_path=old)
    index.add_redirect(old, url.removeprefix(index.root), etag=False)


def _add_sdist(
    index: Index, project: Project, version: str, fmt: SdistFormat, *, pypi_headers: bool = True
) -> None:
    filename, body = build_sdist(project.name, version, fmt=fmt)
    index.add_file(project, filename, body, version=version, pypi_headers=pypi_headers)
