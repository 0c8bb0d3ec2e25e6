"""One request over the network, with bounds on everything: requests with CacheControl in front of it.

Pages are kept in the user's own cache of pipcache, so that one that has not changed since it was asked for last is
not sent again. pip's cache is not written.
"""

import contextlib
import os
import ssl
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple

import platformdirs
import requests
import requests.auth
import truststore
import urllib3
import urllib3.exceptions
from cachecontrol import CacheControlAdapter
from cachecontrol.caches.file_cache import SeparateBodyFileCache
from cachecontrol.controller import CacheController

from pipcache import __version__
from pipcache.index.page_format import PAGE_LIMIT, stated_format
from pipcache.live.answers import Failed, Fault, NoAnswer
from pipcache.live.credentials import Login
from pipcache.live.settings import NetworkSettings
from pipcache.live.trusted_hosts import TrustedHosts
from pipcache.util.budget import TooMuchInItError
from pipcache.util.compression import BrokenStream, UndecodableBody
from pipcache.util.content_coding import decoded_pieces
from pipcache.util.files import BytesWindow
from pipcache.util.progress import no_tick

USER_AGENT = f"pipcache/{__version__} (refresh; python-requests)"

CONNECTIONS = 4
"""The most connections to an index."""


def default_folder() -> str:
    """Return the folder in which pages are kept between runs."""
    return os.path.join(platformdirs.user_cache_dir("pipcache", appauthor=False), "index")


class Reply(NamedTuple):
    """What came back; ``body`` is empty but for status 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received: int
    from_cache: bool


class _Folder(SeparateBodyFileCache):
    """The cache of pages; where it cannot be written, pages are used and not kept."""

    def set(self, key: str, value: bytes, expires: Any = None) -> None:  # Any: CacheControl's signature
        try:
            super().set(key, value, expires)
        except OSError:
            return

    def set_body(self, key: str, body: bytes) -> None:
        try:
            super().set_body(key, body)
        except OSError:
            return


_PRIVATE = ("authorization", "cookie", "proxy-authorization")


class _Controller(CacheController):
    """Keeps no response that has a secret, or would be kept with one: CacheControl keeps what ``Vary`` names."""

    def cache_response(self, request: Any, response_or_ref: Any, *args: Any, **options: Any) -> None:
        response = response_or_ref() if callable(response_or_ref) else response_or_ref
        headers = {} if response is None else response.headers
        varies = str(headers.get("vary", "")).lower()
        # one that ends with its connection may be cut (RFC 9112, 8), and would be taken for whole ever after
        has_end = "content-length" in headers or getattr(response, "chunked", False)
        if not has_end or "set-cookie" in headers or any(name in varies for name in _PRIVATE):
            return
        with contextlib.suppress(AssertionError, ValueError, TypeError, OverflowError):  # a Date that is none
            super().cache_response(request, response_or_ref, *args, **options)


class _Adapter(CacheControlAdapter):
    """Opens the connections, with the system's certificates unless others are configured."""

    def __init__(self, folder: str, context: ssl.SSLContext | None, *, is_for_proxy: bool = True) -> None:
        self._context = context
        self._is_for_proxy = is_for_proxy
        super().__init__(
            cache=_Folder(folder),
            controller_class=_Controller,
            pool_connections=1,
            pool_maxsize=CONNECTIONS,
            pool_block=True,
            max_retries=0,
        )

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # Any: requests' signature
        if self._context is not None:
            options["ssl_context"] = self._context
        super().init_poolmanager(*arguments, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # Any: as above
        if self._context is not None:
            options["ssl_context"] = self._context
            if self._is_for_proxy:  # else urllib3 lets a proxy have the certificates that are configured
                options["proxy_ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **options)


class _UncheckedAdapter(_Adapter):
    """Checks no certificate."""

    def send(self, *arguments: Any, **options: Any) -> Any:  # Any: requests' signature
        return super().send(*arguments, **options | {"verify": False})


class _Session(requests.Session):
    """Follows no redirect, and does not read the bodies of redirects, which may have no end."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: there is no redirect to follow."""


class _Given(requests.auth.AuthBase):
    """Sends the login that is given, or none; requests itself would look for one, for any host."""

    def __init__(self, login: Login | None) -> None:
        self._login = login

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._login is not None:
            user, password = (text.encode("utf-8") for text in self._login)
            request = requests.auth.HTTPBasicAuth(user, password)(request)
        return request


class Transport:
    """Requests to one index, from several threads."""

    def __init__(self, settings: NetworkSettings, folder: str) -> None:
        """Make it; no connection is opened.

        Args:
            settings: pip's settings for the network.
            folder: where pages are kept between runs.
        """
        self._settings = settings
        self._session = _Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # a proxy that is configured is used for everything, and then no variable counts (index_command.py)
        self._session.trust_env = settings.proxy is None and not settings.no_proxy_env
        if settings.proxy is not None:
            self._session.proxies = {"http": settings.proxy, "https": settings.proxy}
        if settings.client_cert is not None:
            self._session.cert = settings.client_cert
        self._trusted = TrustedHosts(settings.trusted_hosts)
        # configured certificates are trusted beside those of the system
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if settings.has_system_certs else None
        adapter = _Adapter(folder, context, is_for_proxy=not self._has_own_certs())
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)
        if self._trusted.unchecked:
            unchecked = _UncheckedAdapter(folder, None)
            for prefix in self._trusted.unchecked:
                self._session.mount(prefix, unchecked)
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def _has_own_certs(self) -> bool:
        """Return whether certificates are configured, or named by a variable that requests reads."""
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        return bool(self._settings.cert or (self._session.trust_env and bundle))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def checks_certificate(self, url: str) -> bool:
        """Return whether the certificate of the server has to be trusted."""
        prepared = requests.Request("GET", url).prepare().url
        return not isinstance(self._session.get_adapter(prepared or url), _UncheckedAdapter)

    def get(
        self, url: str, headers: Mapping[str, str | None], login: Login | None, *, has_body: bool = True
    ) -> Reply:
        """Ask for a URL once, and follow no redirect. A header whose value is None is not sent.

        Args:
            url: the URL.
            headers: those of the request.
            login: user and password to send.
            has_body: whether to ask for a page, and not only for the head of whatever is there.

        Raises:
            NoAnswer: there is none.
        """
        if not self._trusted.allow(url):
            raise NoAnswer(Failed(Fault.INSECURE, f"{host_of(url)} is asked only with trusted-host, as by pip"))
        try:
            response = self._session.request(
                "GET" if has_body else "HEAD",
                url,
                headers={"User-Agent": USER_AGENT, **headers},
                auth=_Given(login),
                timeout=(self._settings.timeout, self._settings.timeout),
                verify=self._settings.cert or True,
                allow_redirects=False,
                stream=True,
            )
            with response:
                return self._read(response, has_body=has_body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise no_answer(error, host_of(url)) from error

    def _read(self, response: requests.Response, *, has_body: bool) -> Reply:
        """Read a response.

        Raises:
            NoAnswer: it is no page, or too large.
        """
        names = {name.lower(): value for name, value in response.headers.items()}
        from_cache = bool(getattr(response, "from_cache", False))
        if response.status_code != requests.codes["ok"] or not has_body:
            return Reply(response.status_code, names, b"", 0, from_cache)
        if stated_format(names.get("content-type", "")) is None:
            kind = names.get("content-type", "")[:_LONGEST_TYPE] or "no Content-Type"
            raise NoAnswer(Failed(Fault.WRONG_TYPE, f"it answers with {kind}, which is no index page"))
        coded = bytearray()
        for piece in response.raw.stream(_PIECE, decode_content=False):
            coded += piece
            if len(coded) > PAGE_LIMIT:
                raise _too_large(len(coded))
        received = 0 if from_cache else len(coded)
        return Reply(response.status_code, names, _decoded(bytes(coded), names, received), received, from_cache)


_PIECE = 1 << 16

_LONGEST_TYPE = 100
"""Characters of a ``Content-Type`` that are shown."""


def _too_large(received: int) -> NoAnswer:
    return NoAnswer(Failed(Fault.TOO_LARGE, f"the page has more than {PAGE_LIMIT >> 20} MiB", received))


def _decoded(coded: bytes, headers: Mapping[str, str], received: int) -> bytes:
    """Return the decoded bytes of a page, of which none may be missing.

    Raises:
        NoAnswer: they do not decode to their end, or to too much.
    """
    decoded = bytearray()
    try:
        for piece in decoded_pieces(BytesWindow(coded), headers.get("content-encoding"), no_tick):
            decoded += piece
            if len(decoded) > PAGE_LIMIT:
                raise _too_large(received)
    except TooMuchInItError:
        raise _too_large(received) from None
    except (BrokenStream, UndecodableBody) as error:
        raise NoAnswer(Failed(Fault.BROKEN, f"the page does not decode: {error}", received)) from None
    return bytes(decoded)


def host_of(url: str) -> str:
    """Return host and port of a URL, as they are written."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def no_answer(error: Exception, host: str) -> NoAnswer:
    """Return what an error of the libraries means; its text has no secret."""
    causes = [*_causes(error)]
    reason = _reason(causes)
    if any(isinstance(cause, (ssl.SSLError, urllib3.exceptions.SSLError)) for cause in causes):
        return NoAnswer(Failed(Fault.CERTIFICATE, f"{host} has no certificate that is trusted: {reason}"))
    if any(isinstance(cause, _UNUSABLE) for cause in causes):
        # its text has the URL, with the password of a proxy
        return NoAnswer(Failed(Fault.UNREACHABLE, f"the proxy that is set for {host} cannot be used: {reason}"))
    if any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in causes):
        return NoAnswer(Failed(Fault.UNREACHABLE, f"the proxy does not lead to {host}: {reason}"), may_pass=True)
    # an error of urllib3 that says so is one of its timeouts too
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):
        return NoAnswer(Failed(Fault.UNREACHABLE, f"{host} cannot be reached: {reason}"), may_pass=True)
    if any(isinstance(cause, (urllib3.exceptions.TimeoutError, TimeoutError)) for cause in causes):
        return NoAnswer(Failed(Fault.TIMEOUT, f"{host} does not answer in time"), may_pass=True)
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        # certificates that are configured and are not there
        return NoAnswer(Failed(Fault.CERTIFICATE, f"the configured certificates cannot be used: {reason}"))
    if isinstance(error, ValueError) and not isinstance(error, requests.RequestException):
        return NoAnswer(Failed(Fault.BROKEN, f"{host} gives no answer that can be read: {reason}"))
    return NoAnswer(Failed(Fault.BROKEN, f"the answer of {host} breaks off: {reason}"), may_pass=True)


_UNUSABLE = (
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.ProxySchemeUnknown,
    urllib3.exceptions.ProxySchemeUnsupported,
    urllib3.exceptions.LocationParseError,
)
"""What the libraries raise for the URL of a proxy. That of the page is one of http or https, which was parsed."""


def _causes(error: BaseException) -> "list[BaseException]":
    """Return an error and those that it was made of."""
    causes: list[BaseException] = []
    queue: list[object] = [error]
    while queue and len(causes) < _MOST_CAUSES:
        cause = queue.pop(0)
        if isinstance(cause, BaseException) and not any(cause is known for known in causes):
            causes.append(cause)
            queue += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
    return causes


_MOST_CAUSES = 20


def _reason(causes: "list[BaseException]") -> str:
    """Return what the system said, or else the kind of the error: the libraries' texts may hold URLs."""
    for cause in reversed(causes):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
    for cause in causes:
        if isinstance(cause, OSError) and isinstance(cause.strerror, str) and cause.strerror:
            return cause.strerror
    return type(causes[-1]).__name__
