"""A cache as a running index server: what is served, what was asked for, and the socket."""

from collections.abc import Callable, Iterable
from threading import Thread

from pipcache.inventory.collector import IndexUrls
from pipcache.offline.supply import Terms
from pipcache.server.app import IndexApp
from pipcache.server.catalog import Catalog
from pipcache.server.listener import Listener
from pipcache.server.requests_log import RequestsLog


class IndexServer:
    """A server of one cache. It is bound when it is made, and answers while ``run`` runs, or after ``start``.

    Attributes:
        catalog: what is served.
        log: what was asked for in vain.
    """

    def __init__(
        self,
        root: str,
        terms: Terms,
        ports: Iterable[int],
        *,
        index_urls: IndexUrls,
        on_access: Callable[[str], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        """Read the cache and bind a port.

        Args:
            root: the cache directory.
            terms: which files may be given away.
            ports: the ports to try, in order; 0 stands for any that is free.
            index_urls: gives the URLs of the indexes that pip is configured to use.
            on_access: called with a line for each request that was answered.
            on_error: called with what nobody expected.

        Raises:
            CacheNotFound: the directory is a file, or cannot be read.
            NotAPipCache: it holds something, and none of pip's stores.
            PortTaken: no port is free.
        """
        self.catalog = Catalog(root, terms, index_urls)
        self.log = RequestsLog()
        self._app = IndexApp(self.catalog, self.log, on_access=on_access, on_error=on_error)
        self.catalog.look()
        self._listener = Listener(ports)
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """The URL of the server, without a slash at its end."""
        return self._listener.url

    @property
    def index_url(self) -> str:
        """The URL of the index, as installers take it."""
        return f"{self.url}/simple/"

    @property
    def port(self) -> int:
        """The port."""
        return self._listener.port

    def run(self) -> None:
        """Answer requests until what interrupts this thread is raised, or ``stop`` is called."""
        self._listener.run(self._app)

    def start(self) -> None:
        """Answer requests in a thread."""
        self._thread = Thread(target=self.run, name="pipcache-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer nothing any more, and give the port back."""
        self.catalog.stop()
        self._listener.stop()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._listener.close()
