"""URLs: PyPI's hosts and paths, normal forms, the digest and the file name in a URL."""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

INDEX_HOST = "pypi.org"

FILES_HOST = "files.pythonhosted.org"

OLD_INDEX_HOST = "pypi.python.org"

TEST_INDEX_HOST = "test.pypi.org"

TEST_FILES_HOST = "test-files.pythonhosted.org"

PAGE_BASES = (
    f"https://{INDEX_HOST}/simple/",
    f"https://{OLD_INDEX_HOST}/simple/",
    f"https://{TEST_INDEX_HOST}/simple/",
)
"""The URLs below which PyPI has its index pages: the present host, its name before 2018, the test index."""

_FILE_BASES = (
    f"https://{FILES_HOST}/packages/",
    f"https://{OLD_INDEX_HOST}/packages/",
    f"https://{TEST_FILES_HOST}/packages/",
)


INDEXES = {
    "pypi": frozenset({INDEX_HOST, FILES_HOST, OLD_INDEX_HOST}),
    "testpypi": frozenset({TEST_INDEX_HOST, TEST_FILES_HOST}),
}
"""The hosts of the public indexes, by the names that stand for them."""


class Authority(NamedTuple):
    """The host of a URL in lower case, and its port; None where it is that of the scheme."""

    host: str
    port: int | None

    @property
    def text(self) -> str:
        """As it stands in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


_PORTS = {"http": 80, "https": 443, "ssh": 22, "git": 9418, "ftp": 21, "svn": 3690}


def default_port(url: str) -> int | None:
    """Return the port of a URL's scheme; None for schemes that are not known here."""
    return _PORTS.get(url.partition("://")[0].lower().rpartition("+")[2])


def authority_of(url: str) -> Authority | None:
    """Return the host and the port of a URL; None where it has no host or cannot be parsed."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return None if not host else Authority(host, None if port == default_port(url) else port)


def plain_host(url: str) -> str:
    """Return host and port of a URL in one form; "" where it has no host or cannot be parsed."""
    authority = authority_of(url)
    return "" if authority is None else authority.text


def file_urls(blake2b_256: str, filename: str) -> list[str]:
    """Return the URLs that PyPI has for a file: that of the present host, and those of old and test hosts.

    Source: warehouse ``forklift/legacy.py``. All files have such URLs, those too that were uploaded before 2016.

    Args:
        blake2b_256: hex digest of the file's content.
        filename: name of the file, quoted as the URL is to have it.
    """
    path = f"{blake2b_256[:2]}/{blake2b_256[2:4]}/{blake2b_256[4:]}/{filename}"
    return [base + path for base in _FILE_BASES]


def is_pypi_file_host(host: str) -> bool:
    """Return whether a host serves PyPI's files."""
    return host in {FILES_HOST, OLD_INDEX_HOST, TEST_FILES_HOST}


def index_name(authority: Authority) -> str | None:
    """Return the name of the public index whose files a host serves; None for other hosts, and at other ports."""
    if authority.port is not None or not is_pypi_file_host(authority.host):
        return None
    return "TestPyPI" if authority.host == TEST_FILES_HOST else "PyPI"


def index_of_file_host(host: str) -> str | None:
    """Return the URL below which the pages are whose files a host serves; None where the host is not PyPI's.

    PyPI's old host is its own too. The test index is another index.
    """
    if host == TEST_FILES_HOST:
        return PAGE_BASES[2]
    return PAGE_BASES[0] if is_pypi_file_host(host) else None


def present_index(base: str) -> str:
    """Return the URL below which an index has its pages now, in the one form that stands for this index.

    Scheme and host are in lower case, the port of the scheme is left out, a slash is at the end. PyPI's under its
    old name is PyPI's present one.
    """
    base = base.rstrip("/") + "/"
    if has_key(base):
        scheme, _, after = normalise_url(base).partition("://")
        authority, _, path = after.partition("/")
        host, _, port = authority.rpartition(":")
        is_usual = bool(host) and port in {"", str(default_port(base))}
        base = f"{scheme}://{host if is_usual else authority}/{path}"
    return PAGE_BASES[0] if base == PAGE_BASES[1] else base


_PROJECT_PAGE = re.compile(
    rf"(?i)https?://(?:{'|'.join(map(re.escape, (INDEX_HOST, OLD_INDEX_HOST, TEST_INDEX_HOST)))})"
    r"/(?:project|pypi|p|simple)/([^/?#\s]+)(?:/(?!json)([^/?#\s]+))?(?:/json)?/?(?:[?#]\S*)?"
)


def project_page(url: str) -> tuple[str, str | None] | None:
    """Return the project, and the version if there is one, in the URL of a page of PyPI; None for others."""
    match = _PROJECT_PAGE.fullmatch(url)
    return None if match is None else (unquote(match[1]), unquote(match[2]) if match[2] else None)


# RFC 3986, appendix B, as in cachecontrol/controller.py
_URI = re.compile(r"(([^:/?#]+):)?(//([^/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))?", re.DOTALL)


def normalise_url(url: str) -> str:
    """Return ``url`` as cachecontrol normalises it to make the key (``CacheController._urlnorm``).

    Scheme and authority are in lower case, an empty path is ``/``, there is no fragment.

    Raises:
        ValueError: the URL is not absolute.
    """
    if url.startswith(_FILE_BASES) and "?" not in url and "#" not in url:
        return url
    match = _URI.match(url)
    assert match is not None  # every part is optional
    scheme, authority, path, query = match[2], match[4], match[5], match[7]
    if not scheme or not authority:
        raise ValueError("only absolute URLs have a key")
    path = path or "/"
    return f"{scheme.lower()}://{authority.lower()}{path}{'?' + query if query else ''}"


def is_http(url: str) -> bool:
    """Return whether a URL is one of http or https."""
    return url[:8].lower().startswith(("http://", "https://"))


def has_key(url: str) -> bool:
    """Return whether a URL is absolute and so has a key in the HTTP stores."""
    try:
        return bool(normalise_url(url))
    except ValueError:
        return False


def without_user(url: str) -> str:
    """Return ``url`` without user information: pip requests this URL, and makes the key of it."""
    scheme, separator, after_scheme = url.partition("://")
    authority, slash, path = after_scheme.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def filename_in(url: str) -> str:
    """Return the last part of a URL's path, unquoted: the name of a file."""
    return unquote(re.split("[?#]", url, maxsplit=1)[0].rpartition("/")[2])


class PyPIPath(NamedTuple):
    """A path as PyPI's file URLs have it (see ``file_urls``); mirrors and proxies use it too.

    Attributes:
        blake2b_256: hex digest of the file's content, in lower case.
        filename: the name of the file as the URL has it, quoted or not.
        is_whole: the path of the URL ends with the name of the file.
    """

    blake2b_256: str
    filename: str
    is_whole: bool


_PYPI_PATH = re.compile(r"(?i)/packages/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{60})/([^/]*)(/?)")


def pypi_path_in(url: str) -> PyPIPath | None:
    """Return the path of PyPI's form in a URL, on any host; None where it has none."""
    match = _PYPI_PATH.search(re.split("[?#]", url, maxsplit=1)[0])
    if match is None:
        return None
    return PyPIPath("".join(match.group(1, 2, 3)).lower(), match[4], bool(match[4]) and not match[5])


def is_index_path(url: str) -> bool:
    """Return whether the path of a URL is PyPI's, so that an index gives the file its name."""
    path = pypi_path_in(url)
    return path is not None and path.is_whole


def digests_in_path(url: str) -> list[tuple[str, str]]:
    """Return the digest in a path of PyPI's form as (algorithm, hex digest); empty where there is none."""
    path = pypi_path_in(url)
    return [] if path is None else [("blake2b_256", path.blake2b_256)]
