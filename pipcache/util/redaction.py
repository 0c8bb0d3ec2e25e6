"""Secrets in strangers' text: hidden unless they are known to be harmless.

Every text that is shown goes through here, whatever the format: this module alone decides what is a secret. Each
function takes time in the length of its text, and gives back what is hidden already as it is.
"""

import re
from binascii import a2b_base64
from collections.abc import Callable, Sequence
from functools import lru_cache
from urllib.parse import unquote

from pipcache.util.hashes import DIGITS, hex_of

HIDDEN = "***"
"""What stands in the place of a secret."""


_HARMLESS_PARAMETERS = frozenset(
    {
        *("artifact_id", "arch", "branch", "channel", "egg", "ext", "extension", "file", "file_name", "filename"),
        *("format", "fmt", "lang", "limit", "name", "offset", "os", "package", "page", "path", "per_page"),
        *("platform", "project", "python", "ref", "release", "rev", "sort", "subdirectory", "tag", "type", "v"),
        *("ver", "version"),
    }
)
"""Names in queries and fragments whose values are no secrets, as far as the values are plain."""

_PLAIN_VALUE = r"[\w.~+!,()\[\]/-]{0,100}"

_TOKEN_FOLDERS = frozenset(
    {"t", "token", "tokens", "priv", "private", "auth", "apikey", "api-key", "access-token"}
)
"""Parts of paths behind which some indexes put a token (Anaconda ``/t/TOKEN/``, packagecloud ``/priv/TOKEN/``)."""

_KNOWN_FORM = (
    r"(?<![A-Za-z0-9])(?:eyJ[\w-]{8,}(?:\.[\w-]*){1,4}"  # a JSON web token (RFC 7519)
    r"|gh[opsur]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent)-[\w-]{16,}"
    r"|pypi-AgE[\w-]{16,}|(?:npm|hf)_[A-Za-z0-9]{30,}|xox[abeprs]-[\w-]{8,}|A[KS]IA[A-Z0-9]{16})"
)
"""Tokens that show by their form what they are."""

_WORD = r"""(?i:[a-z][a-z0-9+.-]{0,20}:/{1,2}[^\s/@]{1,300}@)?[^\s"<>]+"""

_QUOTES = "'`()[]{},;.!"
"""What may stand around a URL in a sentence; within it it belongs to the URL."""

_SCHEME = r"(?i)(bearer|basic|digest|token|negotiate|apikey|aws4-hmac-sha256)(\s{1,9})(?!\*\*\*)([^\s\"<>,;]+)"
"""Credentials as in ``Authorization`` (RFC 9110, 11.4)."""

_NETRC = r"(?i)(login\s{1,9}\S{1,200}\s{1,9}password\s{1,9})\S+"

_PRIVATE_NAME = (
    r"(?i)(passw(?:or)?d|passphrase|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|authorization|auth"
    r"|credentials?|jwt|session(?:[-_]?id)?|signature|sig|cookie|x-(?:amz|goog)-[a-z-]{1,40})"
)

_ASSIGNED = _PRIVATE_NAME + r"""(["']?[=:]["']?)([^\s"'<>&;,]+)"""

_SAID = _PRIVATE_NAME + r"""(["']?:\s{1,3}["']?)([^\s"'<>&;,]+)"""

_SIGN = (
    r":|=|@|\?|%|b(?:earer|asic)|digest|token|negotiate|apikey|login"
    r"|eyj|g(?:h[opsur]_|ithub_|l[a-z]{2,5}-)|pypi-age|npm_|hf_|xox[a-z]-|a[ks]ia"
)
"""What a text in lower case has that holds a secret of any of these forms.

Each alternative begins with a single character, no set: only then re skips quickly to where it may begin.
"""

_PLAIN_WORD = r"[(\[]?[A-Za-z]?[a-z'-]*[).\]:!?]*"


def redact_text(text: str) -> str:
    """Return ``text`` with the secrets in it hidden: in URLs, credentials, assignments, and known forms of tokens.

    Hosts, paths, names of files and digests stay, but for parts of paths that look like tokens. What is hidden
    already stays as it is.
    """
    return _redact_short(text) if len(text) <= _SHORT else _redact(text)


_SHORT = 100
"""Characters of a text that may well come again: names, versions, the keys of JSON."""


def _redact(text: str) -> str:
    # re skips quickly to where a letter of a known case stands; letters beyond ASCII have cases of their own
    has_sign = re.search(_SIGN, text.lower()) if text.isascii() else re.search("(?i)" + _SIGN, text)
    if has_sign is None:
        return text  # as most are
    return _until_settled(_redact_once, text)


_redact_short = lru_cache(maxsize=4096)(_redact)


def _until_settled(redact: Callable[[str], str], text: str) -> str:
    """Return the text redacted until nothing is left to hide: what is hidden shows what stands beside it."""
    for _ in range(_MOST_PASSES):
        before, text = text, redact(text)
        if text == before:
            break
    return text


_MOST_PASSES = 8


def _redact_once(text: str) -> str:
    if "@" in text or "?" in text or "://" in text or "%" in text:
        text = re.sub(_WORD, lambda match: _redact_word(match[0]), text)
    text = re.sub(_SCHEME, _redact_credentials, text)
    text = re.sub(_NETRC, rf"\1{HIDDEN}", text)
    text = re.sub(_ASSIGNED, rf"\1\2{HIDDEN}", text)
    text = re.sub(
        _SAID, lambda match: match[0] if _is_plain_word(match[3]) else match[1] + match[2] + HIDDEN, text
    )
    return re.sub(_KNOWN_FORM, HIDDEN, text)


def _redact_credentials(match: re.Match[str]) -> str:
    value = match[3]
    is_short = len(value) < 12 and match[1].lower() != "bearer" and not _is_base64_pair(value)
    return match[0] if is_short or _is_plain_word(value) else f"{match[1]}{match[2]}{HIDDEN}"


def _is_plain_word(text: str) -> bool:
    return re.fullmatch(_PLAIN_WORD, text) is not None


def _is_base64_pair(text: str) -> bool:
    """Return whether a text is base64 of a user and a password (RFC 7617)."""
    try:
        return b":" in a2b_base64(text + "=" * (-len(text) % 4))
    except ValueError:
        return False


def _redact_word(word: str) -> str:
    """Return a word of a sentence without the secrets of the URL that it may be."""
    inner = word.strip(_QUOTES)
    if not inner:
        return word
    is_url = "://" in inner or inner.startswith("//")
    if not is_url and not {"@", "?", "%"} & set(inner):
        return word
    before, _, after = word.partition(inner)
    return before + _redact_parts(inner, is_url=is_url) + after


def redact_arguments(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command line without the secrets in them.

    The value of an option whose name is that of a secret is hidden, also where it is an argument of its own.
    """
    shown: list[str] = []
    is_secret = False
    for argument in arguments:
        name, equals, value = argument.partition("=") if argument.startswith("-") else ("", "", argument)
        if is_secret and not argument.startswith("--"):
            shown.append(HIDDEN)
        elif name and not equals:
            shown.append(redact_text(argument))
        elif name and re.search(_PRIVATE_NAME, name):
            shown.append(f"{name}={HIDDEN}")
        else:
            shown.append(f"{name}{equals}{redact_text(redact_url(value) if '://' in value else value)}")
        is_secret = bool(name) and not equals and re.search(_PRIVATE_NAME, name) is not None
    return shown


def redact_url(url: str) -> str:
    """Return a URL, absolute or relative, without its secrets.

    User information, the values of queries and fragments, and parts of the path that look like tokens are hidden.
    Digests in fragments stay, and so do plain values under names that are known to be harmless.
    """
    return _until_settled(lambda text: re.sub(_KNOWN_FORM, HIDDEN, _redact_parts(text, is_url=True)), url)


def _redact_parts(url: str, *, is_url: bool) -> str:
    if not is_url and "=" not in url.partition("?")[2]:
        return _redact_path(url, is_url=False)  # it has no query
    rest, hash_, fragment = url.partition("#")
    # who wrote a password with # or ? into a URL meant all before the @
    if hash_ and "@" in fragment and _has_open_password(rest):
        rest, hash_, fragment = url, "", ""
    path, mark, query = rest.partition("?")
    if mark and "@" in query and _has_open_password(path):
        path, mark, query = rest, "", ""
    query = _redact_pairs(query) if mark else ""
    fragment = _redact_pairs(fragment) if hash_ else ""
    return _redact_path(path, is_url=is_url) + mark + query + hash_ + fragment


def _has_open_password(text: str) -> bool:
    """Return whether the host part of a URL has a password behind a colon, and no @ behind it."""
    authority = text.partition("://")[2].partition("/")[0]
    if "@" in authority or authority.startswith("["):
        return False
    _, colon, port = authority.partition(":")
    return bool(colon) and not (port.isdecimal() and len(port) < 6) and port != ""


def _redact_path(path: str, *, is_url: bool) -> str:
    parts = path.split("/")
    shown: list[str] = []
    last = before = ""
    for index, part in enumerate(parts):
        # behind two slashes, or one that was lost, stands a host, and user information before it
        is_authority = index > 0 and (
            _ends_like_scheme(last) or (index > 1 and not last and (not before or _ends_like_scheme(before)))
        )
        shown.append(_redact_part(part, last.lower(), is_authority=is_authority, is_url=is_url))
        before, last = last, part
    # a password may hold a slash: who wrote no @ behind its colon meant the next one
    for index, part in enumerate(shown):
        if part == HIDDEN and _has_open_password(f"://{parts[index]}"):
            at = next((later for later in range(index + 1, len(parts)) if "@" in parts[later]), None)
            if at is not None:
                return "/".join((*shown[:index], f"{HIDDEN}@{parts[at].rpartition('@')[2]}", *shown[at + 1 :]))
            break
    return "/".join(shown)


def _ends_like_scheme(part: str) -> bool:
    return part.endswith(":") and len(part) > 2  # and no drive


def _redact_part(part: str, folder: str, *, is_authority: bool, is_url: bool) -> str:
    """Return a part of a path, between two slashes, without its secret.

    Args:
        part: the part.
        folder: the part before it, in lower case.
        is_authority: it stands where a host stands.
        is_url: it is certain that the path is a URL's.
    """
    is_drive = part[1:3] == ":\\"
    signs = [*re.finditer(_AT, part)]
    if signs and not is_drive:
        user = part[: signs[-1].start()]
        if is_authority or ":" in unquote(unquote(user)):
            return HIDDEN + part[signs[-1].start() :]
    if is_authority:
        return HIDDEN if _has_open_password(f"://{part}") else part
    if is_url and part and (_is_random(part) or (folder in _TOKEN_FOLDERS and not _is_word_or_file(part))):
        return HIDDEN
    return part


_AT = r"(?i)@|%(?:25){0,4}40"
"""An at sign, also quoted, and quoted again."""


def _is_random(part: str) -> bool:
    """Return whether a part of a path looks like a token: letters of both cases and digits, and nothing else."""
    return (
        len(part) >= 16
        and part.isascii()
        and part.isalnum()
        and part != part.lower()
        and part != part.upper()
        and any(map(str.isdigit, part))
    )


def _is_word_or_file(part: str) -> bool:
    return (
        re.fullmatch(r"[a-z-]{1,30}|[\w.+!~-]{1,300}\.(?:whl|zip|gz|tgz|bz2|xz|metadata|html|json)", part)
        is not None
    )


def _redact_pairs(query: str) -> str:
    """Return a query or a fragment with the values hidden that are not known to be harmless."""
    return "".join(map(_redact_pair, re.split("([&;])", query)))


def _redact_pair(pair: str) -> str:
    if pair in {"", "&", ";"}:
        return pair
    name, equals, value = pair.partition("=")
    if not equals:
        return HIDDEN
    if not value:
        return pair if re.fullmatch(_PLAIN_NAME, name) else f"{HIDDEN}="
    spelled = unquote(name).strip().lower()
    is_digest = spelled in DIGITS and hex_of(spelled, value) is not None
    is_plain = re.fullmatch(_PLAIN_VALUE, value) is not None and not _is_random(value)
    if is_digest or (spelled in _HARMLESS_PARAMETERS and is_plain):
        return pair
    return f"{name if re.fullmatch(_PLAIN_NAME, name) else HIDDEN}={HIDDEN}"


_PLAIN_NAME = r"[\w.~\[\]-]{1,60}"

_SHOWN_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "accept-ranges", "age", "allow", "alt-svc"),
        *("cache-control", "connection", "content-digest", "content-disposition", "content-encoding"),
        *("content-language", "content-length", "content-location", "content-md5", "content-range"),
        *("content-security-policy", "content-type", "date", "digest", "etag", "expires", "last-modified", "link"),
        *("location", "permissions-policy", "pragma", "referrer-policy", "repr-digest", "retry-after", "server"),
        *("strict-transport-security", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary"),
        *("via", "want-digest", "want-repr-digest", "warning", "x-artifactory-filename", "x-cache"),
        *("x-cache-hits", "x-content-type-options", "x-frame-options", "x-goog-hash"),
        *("x-goog-stored-content-encoding", "x-goog-stored-content-length", "x-permitted-cross-domain-policies"),
        *("x-robots-tag", "x-served-by", "x-timer", "x-xss-protection"),
    }
)
"""Headers whose values are no secrets, but for the URLs and credentials in them."""

_SHOWN_PREFIXES = ("x-pypi-", "x-checksum-", "access-control-")

_URL_HEADERS = frozenset({"location", "content-location"})


def redact_header(name: str, value: str) -> str:
    """Return a header's value as it may be shown; that of a header that is not known to be harmless is hidden."""
    lowered = name.lower()
    if lowered not in _SHOWN_HEADERS and not lowered.startswith(_SHOWN_PREFIXES):
        return HIDDEN
    if re.match(_AUTHORIZATION, value):
        return HIDDEN
    if lowered in _URL_HEADERS:
        return redact_url(value)  # may be relative, and is one all the same
    return redact_text(value)


_AUTHORIZATION = r"(?i)\s{0,99}(?:bearer|basic|digest|token|negotiate|apikey|aws4-hmac-sha256)\s"
