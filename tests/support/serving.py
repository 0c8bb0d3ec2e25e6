"""An HTTP server on the loopback interface, in a thread of its own, for the length of a `with`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer
    from types import TracebackType

S = TypeVar("S", bound="ThreadingHTTPServer")


class Serving(Generic[S]):
    """Starts and stops a server."""

    def __init__(self, server: S) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
