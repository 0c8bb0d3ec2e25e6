"""PyPI's hosts and URL shapes, digests in a URL, URLs without user information."""

import re
from typing import NamedTuple
from urllib.parse import unquote

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
"""Where PyPI's index pages have lived: the present host, its name before 2018, the test index."""

_FILE_BASES = (
    f"https://{FILES_HOST}/packages/",
    f"https://{OLD_INDEX_HOST}/packages/",
    f"https://{TEST_FILES_HOST}/packages/",
)


def file_urls(blake2b_256: str, filename: str) -> list[str]:
    """Return the URLs PyPI serves a file under, given the hex BLAKE2b-256 of its content.

    Source: warehouse ``forklift/legacy.py``; the scheme holds since 2016 and for files uploaded before.
    """
    path = f"{blake2b_256[:2]}/{blake2b_256[2:4]}/{blake2b_256[4:]}/{filename}"
    return [base + path for base in _FILE_BASES]


def is_pypi_file_host(host: str) -> bool:
    """Return whether a host serves PyPI's files."""
    return host in {FILES_HOST, OLD_INDEX_HOST, TEST_FILES_HOST}


# RFC 3986, appendix B, as cachecontrol/controller.py takes URLs apart
_URI = re.compile(r"(([^:/?#]+):)?(//([^/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))?", re.DOTALL)


def normalise_url(url: str) -> str:
    """Return ``url`` as cachecontrol normalises it before it makes the key (``CacheController._urlnorm``).

    Scheme and authority are lower-cased, an empty path becomes ``/``, the fragment is dropped.

    Raises:
        ValueError: the URL is not absolute.
    """
    match = _URI.match(url)
    assert match is not None  # every part is optional
    scheme, authority, path, query = match[2], match[4], match[5], match[7]
    if not scheme or not authority:
        raise ValueError("only absolute URLs have a key")
    path = path or "/"
    return f"{scheme.lower()}://{authority.lower()}{path}{'?' + query if query else ''}"


def has_key(url: str) -> bool:
    """Return whether an HTTP store can have a key for a URL: it has to be absolute."""
    try:
        return bool(normalise_url(url))
    except ValueError:
        return False


def without_user(url: str) -> str:
    """Return ``url`` without user information, as pip requests it and therefore keys it."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def filename_in(url: str) -> str:
    """Return the name of the file that a URL leads to."""
    return unquote(re.split("[?#]", url, maxsplit=1)[0].rpartition("/")[2])


class PyPIPath(NamedTuple):
    """A path of PyPI's shape in a URL, on whatever host: mirrors and proxies copy it.

    Attributes:
        blake2b_256: hex digest of the file's content, in lower case.
        filename: the name of the file as it is written, quoted or not.
        is_whole: the name of the file ends the path of the URL.
    """

    blake2b_256: str
    filename: str
    is_whole: bool


_PYPI_PATH = re.compile(r"(?i)/packages/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{60})/([^/]*)(/?)")


def pypi_path_in(url: str) -> PyPIPath | None:
    """Return the path of PyPI's shape (see ``file_urls``) that the path of a URL has; None if it has none."""
    match = _PYPI_PATH.search(re.split("[?#]", url, maxsplit=1)[0])
    if match is None:
        return None
    return PyPIPath("".join(match.group(1, 2, 3)).lower(), match[4], bool(match[4]) and not match[5])


def digests_in_path(url: str) -> list[tuple[str, str]]:
    """Return the BLAKE2b-256 that a URL's path of PyPI's shape holds: (algorithm, hex), or nothing."""
    path = pypi_path_in(url)
    return [] if path is None else [("blake2b_256", path.blake2b_256)]
