"""The socket that the server listens on, at the loopback address, and the loop that answers."""

import errno
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from waitress import create_server, wasyncore
from waitress.utilities import logger, queue_logger

from pipcache.errors import ErrorKind, PipcacheError

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ADDRESS = "127.0.0.1"

_THREADS = 8

_IN_MEMORY = 1 << 28
"""More bytes than wait to be sent at any time, so that nothing is put into temporary files."""

_MOST_HEADERS = 32 << 10

_MOST_BODY = 64 << 10
"""Bytes of a request's body, which no request that is answered has."""


class PortTaken(PipcacheError):  # noqa: N818 - it says what is the matter
    """No port that the server may have is free."""

    kind = ErrorKind.PORT_TAKEN


class Listener:
    """A bound socket; connections are answered while ``run`` runs."""

    def __init__(self, ports: Iterable[int]) -> None:
        """Bind the first free port of some; 0 stands for any.

        Raises:
            PortTaken: none of them is free.
        """
        self._socket = _bound(list(ports))
        self._stopping = Event()
        self._wake: Callable[[], object] | None = None
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """The URL of the server, without a slash at its end."""
        return f"http://{ADDRESS}:{self.port}"

    def run(self, application: "WSGIApplication") -> None:
        """Answer requests until ``stop`` is called, or what interrupts the thread is raised."""
        logger.disabled = queue_logger.disabled = True  # what there is to say is said by pipcache
        connections: dict[int, object] = {}
        server = create_server(
            application,
            map=connections,
            sockets=[self._socket],
            threads=_THREADS,
            connection_limit=_most_connections(),
            ident="pipcache",
            max_request_header_size=_MOST_HEADERS,
            max_request_body_size=_MOST_BODY,
            inbuf_overflow=_IN_MEMORY,
            outbuf_overflow=_IN_MEMORY,
            clear_untrusted_proxy_headers=True,
        )
        self._wake = server.pull_trigger
        try:
            while not self._stopping.is_set():
                wasyncore.loop(timeout=_PAUSE, map=connections, count=1, use_poll=True)
        finally:
            self._wake = None
            server.task_dispatcher.shutdown(timeout=1)
            wasyncore.close_all(connections, ignore_all=True)

    def stop(self) -> None:
        """Let ``run`` end soon; any thread may call it."""
        self._stopping.set()
        if (wake := self._wake) is not None:
            with suppress(OSError):  # it has ended already
                wake()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


_PAUSE = 0.25
"""Seconds after which the loop looks whether it is to end."""


def _most_connections() -> int:
    """Return how many connections are open at a time, each with a file: uv alone keeps 50, and several may run."""
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(_FEWEST_CONNECTIONS, min(_MOST_CONNECTIONS, files // 2 - _FEWEST_CONNECTIONS))


_MOST_CONNECTIONS = 1000

_FEWEST_CONNECTIONS = 100


def _bound(ports: list[int]) -> socket.socket:
    taken: list[int] = []
    for port in ports:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if sys.platform == "win32":
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((ADDRESS, port))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE and len(ports) == 1:
                why = error.strerror or str(error)
                raise PortTaken(f"Port {port} of {ADDRESS} cannot be used: {why}.", hint=_HINT) from None
            taken.append(port)
        else:
            return listening
    if len(taken) == 1:
        raise PortTaken(f"Port {taken[0]} of {ADDRESS} is taken by another program.", hint=_HINT)
    raise PortTaken(
        f"The ports {taken[0]} to {taken[-1]} of {ADDRESS} are all taken by other programs.",
        hint="End one of these programs, and run it again.",
    )


_HINT = "Name another port with --port; 0 takes any that is free."

_BACKLOG = 128
