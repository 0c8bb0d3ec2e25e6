"""The server that ``serve`` and ``offline`` share, loaded where its libraries are installed."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pipcache.errors import ErrorKind, PipcacheError
from pipcache.location.locate import configured_indexes
from pipcache.offline.supply import Terms
from pipcache.render.console import say
from pipcache.util.untrusted import clean

if TYPE_CHECKING:
    from pipcache.server.index_server import IndexServer

LIBRARIES = frozenset({"markupsafe", "waitress", "werkzeug"})


class MissingExtra(PipcacheError):  # noqa: N818 - it says what is missing
    """A library is missing that few people need, and that is not installed with pipcache itself."""

    kind = ErrorKind.MISSING_EXTRA


def new_server(
    root: str, terms: Terms, ports: Iterable[int], *, on_access: Callable[[str], object]
) -> "IndexServer":
    """Return a server of a cache, which is bound to a port and does not answer yet.

    Args:
        root: the cache directory.
        terms: which files may be given away.
        ports: the ports to try, in order.
        on_access: called with a line for each request that was answered.

    Raises:
        MissingExtra: the server's libraries are not installed.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
        PortTaken: no port is free.
    """
    try:
        from pipcache.server.index_server import IndexServer
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in LIBRARIES:
            raise
        raise MissingExtra(
            f"The server needs {library}, which is not installed.",
            hint="Install what it needs: pip install 'pipcache[serve]'",
        ) from None
    return IndexServer(
        root, terms, ports, index_urls=configured_indexes, on_access=on_access, on_error=_say_unexpected
    )


def _say_unexpected(error: Exception) -> None:
    trace, where = error.__traceback__, ""
    while trace is not None:
        where = f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    say(clean(f"A request failed: {type(error).__name__}{where}. Please report it."))
