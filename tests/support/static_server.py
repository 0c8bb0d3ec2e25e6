"""A folder served over http on the loopback interface, as a person would serve an export."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.index import JSON_PAGE
from tests.support.serving import Serving

REFUSED = "http://127.0.0.1:9"
"""A proxy that takes no connection: whoever asks for anything is refused."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
DOWN = {**dict.fromkeys(PROXIES, REFUSED), "no_proxy": "", "NO_PROXY": ""}
"""The environment of a machine without a network."""
LOOPBACK = {**DOWN, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
"""The same, where this machine can still be asked."""


class _Handler(SimpleHTTPRequestHandler):
    """Serves pages in the form that is asked for, as the nginx of the README.txt does, or HTML to all."""

    server: _Server

    def translate_path(self, path: str) -> str:
        """Give the page in JSON to those who ask for it."""
        place = super().translate_path(path)
        self.server.asked.append(path)
        if self.server.negotiates and path.endswith("/") and JSON_PAGE in self.headers.get("Accept", ""):
            return str(Path(place, "index.json"))
        return place

    def guess_type(self, path: object) -> str:
        """Pages in JSON have a type of their own."""
        return JSON_PAGE if str(path).endswith("index.json") else super().guess_type(str(path))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Path, *, negotiates: bool) -> None:
        self.asked: list[str] = []
        self.negotiates = negotiates
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))


class StaticServer(Serving[_Server]):
    """A server of a folder; `with StaticServer(folder) as server:` starts and stops it."""

    def __init__(self, folder: Path, *, negotiates: bool = False) -> None:
        self.folder = folder
        super().__init__(_Server(folder, negotiates=negotiates))

    @property
    def root(self) -> str:
        """The URL of the folder, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return self._server.asked
