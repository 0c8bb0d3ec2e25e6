"""Digests and file URLs as advisories write them."""

import re
from functools import cache
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from pipcache.advisories.model import AdvisoryError, Indicator
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
from pipcache.util.untrusted import quoted
from pipcache.util.urls import file_urls, has_key, pypi_path_in, without_user

Digest = tuple[tuple[str, str], ...]
"""One digest: (algorithm, hex) for each algorithm that it can be of."""

_FOREIGN_DIGEST = re.compile(r"(?i)(ssdeep|tlsh|imphash|authentihash|vhash|blake3)\b[:=]?")


def digest_of(algorithm: str, value: str, where: str) -> Digest:
    """Return the digest that a text is: hex, or base64 of any kind, as RECORD and SRI have it.

    Args:
        algorithm: hashlib's name, or ``blake2b_256``.
        value: the text.
        where: the place of the text, for the error message.

    Raises:
        AdvisoryError: the text has a wrong length, or other characters.
    """
    if (digits := hex_of(algorithm, value)) is not None:
        return ((algorithm, digits),)
    raise AdvisoryError(
        f"{where}: {quoted(value.strip())} is no {algorithm}; {expected_of(algorithm)} were expected"
    )


def read_digest(text: str, where: str) -> Digest | None:
    """Return the digest that a text is: ``alg:value``, ``alg=value``, ``alg-value`` or hex; None for other texts.

    Bare hex can be of every algorithm that has its length.

    Raises:
        AdvisoryError: the text looks like a digest, and has a wrong length, or is base64 without its algorithm.
    """
    text = text.strip()
    if (tagged := split_tagged(text)) is not None:
        return digest_of(*tagged, where)
    if re.fullmatch("[0-9a-fA-F]{16,}", text) and (re.search("[0-9]", text) or len(text) in BY_LENGTH):
        if len(text) not in BY_LENGTH:
            expected = ", ".join(map(str, BY_LENGTH))
            raise AdvisoryError(f"{where}: {quoted(text)} has {len(text)} hex digits; {expected} were expected")
        return tuple((name, text.lower()) for name in BY_LENGTH[len(text)])
    if is_strange(text) and not is_foreign_digest(text):
        known = ", ".join(DIGITS)
        raise AdvisoryError(f"{where}: {quoted(text)} looks like a digest; one of {known} was expected")
    if is_bare_base64(text):
        raise AdvisoryError(
            f"{where}: {quoted(text)} looks like base64 of a digest; algorithm= was expected before it"
        )
    return None


def is_foreign_digest(text: str) -> bool:
    """Return whether a text is a digest of a kind that pipcache does not compute (ssdeep, tlsh, blake3...)."""
    return _FOREIGN_DIGEST.match(text.strip()) is not None


def is_of_empty_file(digest: Digest) -> bool:
    """Return whether a digest is that of no bytes: every empty file has it, good files too."""
    return any(_digest_of_nothing(name) == value for name, value in digest)


@cache
def _digest_of_nothing(name: str) -> str | None:
    state = new_digest(name)
    return state.hexdigest() if state is not None else None


class FileUrl(NamedTuple):
    """A file by its URLs; ``digest`` is empty unless the URL holds one."""

    filename: str
    urls: tuple[str, ...]
    digest: Digest


_FRAGMENT = re.compile(rf"(?i)[#&]({ALGORITHM})=([\w+/-]+=*)")


def read_file_url(text: str, where: str) -> FileUrl | None:
    """Return the file that a URL leads to; None if it leads to no wheel or sdist.

    A path of PyPI's shape counts on any host, also with more behind it: mirrors copy it, and PyPI's inspector
    appends the path of a member. The path of any other URL has to end with the name of a distribution; a digest in
    its fragment counts.

    Raises:
        AdvisoryError: the digest in its fragment has a wrong length.
    """
    if text.isascii() and not _SIGN.search(text.lower()):
        return None  # as most references of a dump
    text = without_user(refang(text.strip()))
    if not re.match(r"(?i)https?://[^/\s]", text) or re.search(r"[\x00-\x20\x7f]", text) or not has_key(text):
        return None
    url, _, fragment = text.partition("#")
    if (path := pypi_path_in(url)) is not None and path.filename:
        written = re.sub(r"(?i)\.(metadata|asc|provenance)$", "", path.filename)
        spellings = (written, unquote(written), quote(unquote(written), errors="surrogatepass"))
        urls = [pypi_url for name in spellings for pypi_url in file_urls(path.blake2b_256, name)]
        urls += [url] if path.is_whole and written == path.filename else []
        return FileUrl(unquote(written), tuple(dict.fromkeys(urls)), (("blake2b_256", path.blake2b_256),))
    try:
        filename = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return None
    if not is_distribution(filename):
        return None
    match = _FRAGMENT.search("#" + fragment)
    algorithm = algorithm_of(match[1]) if match is not None else None
    return FileUrl(filename, (url,), digest_of(algorithm, match[2], where) if match and algorithm else ())


_SIGN = re.compile("|".join(map(re.escape, ("/packages/", ".whl", *SDIST_SUFFIXES, "%", "[", "("))))
"""What a URL of a wheel or sdist has, or else a spelling that has to be undone before that can be seen."""


def is_distribution(filename: str) -> bool:
    """Return whether a file name ends as those of wheels and sdists do."""
    return "/" not in filename and filename.lower().endswith((".whl", *SDIST_SUFFIXES))


def about_file(indicator: Indicator, name: str) -> Indicator:
    """Return an indicator about a file: a wheel or sdist, or else an archive's member; "" if unknown."""
    if is_distribution(name):
        return indicator._replace(filename=name, member=None)
    return indicator._replace(filename=None, member=name or None)


def refang(text: str) -> str:
    """Return a URL or host as it is meant, if it was written so that nobody clicks on it (``hxxp``, ``[.]``)."""
    text = text.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("[://]", "://")
    return re.sub(r"(?i)^hxxp(?=s?:)", "http", text)


def file_versions(filename: str, project: str) -> tuple[str, ...] | None:
    """Return the versions that a project's file can have; None for a file of another project.

    A wheel's build tag may be meant as a part of the version (``1.0-1`` is 1.0.post1).

    Args:
        filename: the name of a wheel or sdist.
        project: normalised (PEP 503).
    """
    parsed = parse_filename(filename, project)
    if parsed is None or normalise(parsed.project) != project or parsed.version is None:
        return None
    return (parsed.version, *([f"{parsed.version}-{parsed.build}"] if parsed.build else []))
