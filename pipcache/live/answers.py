"""What an index answers, or why there is no answer."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """Why there is no answer, for programs; the table in docs/json.md says more."""

    UNREACHABLE = "unreachable"  # no connection, no such host, a proxy that refuses
    TIMEOUT = "timeout"  # the index does not answer, or not to the end, in time
    BROKEN = "broken"  # the connection ended early, or what came is no answer
    CERTIFICATE = "certificate"  # the certificate of the index is not trusted, or ours cannot be used
    INSECURE = "insecure"  # plain http, and pip would not trust the host
    CREDENTIALS = "credentials"  # 401, 403, 407
    BUSY = "busy"  # 429, or 503 with Retry-After
    SERVER = "server"  # any other 5xx
    STATUS = "status"  # any other status
    REDIRECT = "redirect"  # to another host, or without an end
    TOO_LARGE = "too-large"
    WRONG_TYPE = "wrong-type"  # no type that an index page has
    NO_PAGE = "no-page"  # the type of an index page, and no index page
    GIVEN_UP = "given-up"  # not asked: the index failed too often before


class NotModified(NamedTuple):
    """The index says that the page in the cache is the one that it has.

    ``headers`` have lower-case names. ``received`` are the bytes of bodies that came over the network.
    """

    url: str
    headers: Mapping[str, str]
    received: int = 0


class FetchedPage(NamedTuple):
    """A page.

    Attributes:
        body: its decoded bytes.
        content_type: its ``Content-Type``.
        url: where it is; redirects on the same host lead to another URL than the one that was asked for.
        headers: of the response, with lower-case names.
        received: the bytes of bodies that came over the network.
        from_cache: the index said that the page is the one that it sent before, and that one is this.
    """

    body: bytes
    content_type: str
    url: str
    headers: Mapping[str, str]
    received: int
    from_cache: bool = False


class Gone(NamedTuple):
    """The index has no page of the project: status 404 or 410."""

    status: int
    url: str
    headers: Mapping[str, str]
    received: int = 0


class Present(NamedTuple):
    """There is a file at the URL; it was not downloaded."""

    url: str
    headers: Mapping[str, str]
    received: int = 0


class Failed(NamedTuple):
    """There is no answer. ``text`` says for people what happened."""

    fault: Fault
    text: str
    received: int = 0
    status: int | None = None


Answer = NotModified | FetchedPage | Gone | Present | Failed


class NoAnswer(Exception):  # noqa: N818 - it says what became of the question
    """There is no answer; ``failed`` says why.

    Attributes:
        failed: the reason.
        may_pass: whether to ask again may help.
        wait: seconds that the index asks to wait before it is asked again; None where it does not say.
    """

    def __init__(self, failed: Failed, *, may_pass: bool = False, wait: float | None = None) -> None:
        super().__init__(failed.text)
        self.failed = failed
        self.may_pass = may_pass
        self.wait = wait
