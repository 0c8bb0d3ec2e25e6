"""Digests and file URLs as advisories write them."""

import re
from functools import cache
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from pipcache.advisories.model import AdvisoryError
from pipcache.util.filenames import SDIST_SUFFIXES, normalise, parse_filename
from pipcache.util.hashes import (
    ALGORITHM,
    BY_LENGTH,
    DIGITS,
    algorithm_of,
    expected_of,
    hex_of,
    is_bare_base64,
    is_strange,
    new_digest,
    split_tagged,
)
from pipcache.util.untrusted import told
from pipcache.util.urls import file_urls, has_key, without_user

Digest = tuple[tuple[str, str], ...]
"""One digest: (algorithm, hex) for each algorithm that it can be of."""

_FOREIGN_DIGEST = re.compile(r"(?i)(ssdeep|tlsh|imphash|authentihash|vhash|blake3)\b[:=]?")


def digest_of(algorithm: str, value: str, where: str) -> Digest:
    """Return a digest by an algorithm (hashlib's name): hex, or base64 of any kind, as RECORD and SRI have it.

    Raises:
        AdvisoryError: it has another length, or other characters.
    """
    if (digits := hex_of(algorithm, value)) is not None:
        return ((algorithm, digits),)
    raise AdvisoryError(
        f"{where}: {told(value.strip())} is no {algorithm}; {expected_of(algorithm)} were expected"
    )


def read_digest(text: str, where: str) -> Digest | None:
    """Return the digest that a text is: ``alg:value``, ``alg=value``, ``alg-value`` or hex; None where it is none.

    Bare hex can be of every algorithm that has its length.

    Raises:
        AdvisoryError: it means to be one, and has another length, or base64 without its algorithm.
    """
    text = text.strip()
    if (tagged := split_tagged(text)) is not None:
        return digest_of(*tagged, where)
    if re.fullmatch("[0-9a-fA-F]{16,}", text) and (re.search("[0-9]", text) or len(text) in BY_LENGTH):
        if len(text) not in BY_LENGTH:
            expected = ", ".join(map(str, BY_LENGTH))
            raise AdvisoryError(f"{where}: {told(text)} has {len(text)} hex digits; {expected} were expected")
        return tuple((name, text.lower()) for name in BY_LENGTH[len(text)])
    if is_strange(text) and not is_foreign_digest(text):
        known = ", ".join(DIGITS)
        raise AdvisoryError(f"{where}: {told(text)} looks like a digest; one of {known} was expected")
    if is_bare_base64(text):
        raise AdvisoryError(
            f"{where}: {told(text)} looks like base64 of a digest; algorithm= was expected before it"
        )
    return None


def is_foreign_digest(text: str) -> bool:
    """True for a digest of a kind that nothing here computes (ssdeep, tlsh, blake3...)."""
    return _FOREIGN_DIGEST.match(text.strip()) is not None


def is_of_nothing(digest: Digest) -> bool:
    """True for the digest of no bytes at all: every empty file has it, good ones too."""
    return any(_empty(name) == value for name, value in digest)


@cache
def _empty(name: str) -> str | None:
    state = new_digest(name)
    return state.hexdigest() if state is not None else None


class FileUrl(NamedTuple):
    """One file by its URLs; ``digest`` where they hold the BLAKE2b-256 of its content."""

    filename: str
    urls: tuple[str, ...]
    digest: Digest


_HASHED = re.compile(r"(?i)/packages/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{60})/([^/?#\s]+)(/?)")

_FRAGMENT = re.compile(rf"(?i)[#&]({ALGORITHM})=([\w+/-]+=*)")


def read_file_url(text: str, where: str) -> FileUrl | None:
    """Return the file that a URL is of; None where it names none.

    A path as PyPI has it (two, two and sixty hex digits, then the name) counts on any host, for mirrors copy it,
    and the inspector goes on behind it with the path of a member. Of other URLs the last part of the path has to
    be the name of a distribution; a digest in their fragment counts.

    Raises:
        AdvisoryError: the digest in its fragment has a wrong length.
    """
    text = without_user(refang(text.strip()))
    if not re.match(r"(?i)https?://[^/\s]", text) or re.search(r"[\x00-\x20\x7f]", text) or not has_key(text):
        return None
    url, _, fragment = text.partition("#")
    if (hashed := _HASHED.search(url)) is not None and hashed.start() < (url + "?").index("?"):
        blake2b = (hashed[1] + hashed[2] + hashed[3]).lower()
        written = re.sub(r"(?i)\.(metadata|asc|provenance)$", "", hashed[4])
        spelled = dict.fromkeys((written, unquote(written), quote(unquote(written), errors="surrogatepass")))
        urls = [one for name in spelled for one in file_urls(blake2b, name)]
        as_written = [url] if not hashed[5] and written == hashed[4] else []
        return FileUrl(unquote(written), tuple(dict.fromkeys([*urls, *as_written])), (("blake2b_256", blake2b),))
    try:
        filename = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return None
    if not is_distribution(filename):
        return None
    found = _FRAGMENT.search("#" + fragment)
    name = algorithm_of(found[1]) if found is not None else None
    return FileUrl(filename, (url,), digest_of(name, found[2], where) if found is not None and name else ())


def is_distribution(filename: str) -> bool:
    """True for the name of a wheel or sdist, by its ending."""
    return "/" not in filename and filename.lower().endswith((".whl", *SDIST_SUFFIXES))


def refang(text: str) -> str:
    """Return a URL or host that was written so that nobody clicks on it as it is (``hxxp``, ``[.]``)."""
    text = text.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("[://]", "://")
    return re.sub(r"(?i)^hxxp(?=s?:)", "http", text)


def file_versions(filename: str, project: str) -> tuple[str, ...] | None:
    """Return the versions that a project's file can be of; None for a file of another project.

    A wheel's build tag may be meant as a part of the version (``1.0-1`` is 1.0.post1).
    """
    parsed = parse_filename(filename, project)
    if parsed is None or normalise(parsed.project) != project or parsed.version is None:
        return None
    return (parsed.version, *([f"{parsed.version}-{parsed.build}"] if parsed.build else []))
