"""``serve``: the cache as a package index for this machine, until a person ends it."""

import signal
import sys
from typing import TYPE_CHECKING, NamedTuple

from pipcache.commands.index_server import new_server
from pipcache.errors import ExitCode
from pipcache.location.locate import CacheDirectory
from pipcache.offline.supply import Terms
from pipcache.render.console import is_terminal, print_answer, say
from pipcache.render.json.serve import serve_document
from pipcache.render.json.writer import dump
from pipcache.render.progress_bar import meter
from pipcache.render.text.serve import how_to_use, not_served_lines
from pipcache.util.progress import Stopped
from pipcache.util.units import counted
from pipcache.util.untrusted import clean

if TYPE_CHECKING:
    from pipcache.server.index_server import IndexServer


class ServeRequest(NamedTuple):
    """What ``serve`` was asked for.

    Attributes:
        port: the port; 0 for any that is free.
        terms: which files may be given away.
        judges_first: judge every project before the first request is answered.
        shows_requests: tell each request.
        form: ``table`` or ``json``.
    """

    port: int
    terms: Terms
    judges_first: bool = False
    shows_requests: bool = False
    form: str = "table"


def run(directory: CacheDirectory, request: ServeRequest) -> ExitCode:
    """Serve a cache until the run is interrupted, and say then what was asked for in vain.

    Raises:
        MissingExtra: the server's libraries are not installed.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
        PortTaken: the port is not free.
        KeyboardInterrupt: it was interrupted before it was ready.
    """
    server = new_server(directory.path, request.terms, [request.port], on_access=_access(request))
    try:
        names = server.catalog.names()
        if request.judges_first:
            with meter("Verifying") as bar:
                server.catalog.judge_all(bar)
        if request.form == "json":
            print_answer(dump(serve_document(directory, server.url, server.index_url, server.port, len(names))))
        else:
            print_answer("\n".join(how_to_use(server.url, server.index_url)))
        sys.stdout.flush()
        say(
            f"Serving {counted(len(names), 'project')} of {clean(directory.path)} to this machine; Ctrl-C ends it."
        )
        _run(server)
    except Stopped:
        raise KeyboardInterrupt from None
    finally:
        server.stop()
    for line in not_served_lines(server.log, directory.option):
        say(clean(line))
    return ExitCode.OK


def _run(server: "IndexServer") -> None:
    """Answer requests until a person ends it, or a job or a service manager by SIGTERM."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.run()
    except KeyboardInterrupt:
        if is_terminal(sys.stderr):
            say("")  # the terminal has written ^C
    finally:
        signal.signal(signal.SIGTERM, previous)


def _access(request: ServeRequest) -> "Access":
    return Access(is_shown=request.shows_requests)


class Access:
    """Tells requests to people, where they want it."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown

    def __call__(self, line: str) -> None:
        """Take a line of a request that was answered."""
        if self._is_shown:
            say(clean(line))
