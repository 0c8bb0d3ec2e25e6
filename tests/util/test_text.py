"""Text of strangers: nothing of it steers a terminal, and no secret leaves."""

from __future__ import annotations

import string
import unicodedata
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import assume, given, settings, strategies as st

from pipcache.util.redaction import HIDDEN, redact_header, redact_text, redact_url
from pipcache.util.untrusted import clean, escape

laws = settings(deadline=None, derandomize=True)

SECRET = "s3cr3t"
ANY_TEXT = st.text(st.characters() | st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]))


def steers(character: str) -> bool:
    """Whether a terminal may do anything with a character but print it."""
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        or character in "\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
    )


# Escaping


@laws
@given(ANY_TEXT)
def test_cleaned_text_holds_nothing_that_steers_a_terminal(text: str) -> None:
    assert not any(map(steers, clean(text)))


@pytest.mark.slow
def test_no_single_character_gets_through_that_steers_a_terminal() -> None:
    every = [chr(code) for code in range(0x110000)]
    assert [character for character in every if any(map(steers, clean(character)))] == []


@laws
@given(ANY_TEXT)
def test_cleaned_text_can_be_written_in_utf_8_and_is_clean_already(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned


@laws
@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" ")))
def test_letters_of_any_script_stay_as_they_are(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        ("a\x7f\x9bb", "a\\x7f\\x9bb"),
        ("abc\u202ecba", "abc\\u202ecba"),
        ("\u2028\ufeff", "\\u2028\\ufeff"),
        ("caf\udce9.whl", "caf\\xe9.whl"),  # a byte of a file name that is no UTF-8
        ("\ud83d", "\\ud83d"),
        ("\U000e0041", "\\U000e0041"),
        ("[/red] pkg[extra]", "[/red] pkg[extra]"),
        ("naïve 名前 🐍", "naïve 名前 🐍"),
        ("", ""),
    ],
)
def test_what_steers_is_shown_as_the_escape_a_programmer_knows(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


# URLs

HOSTS = st.sampled_from(["index.example", "index.example:8443", "[::1]:80", "10.0.0.1"])
UNRESERVED = st.text(string.ascii_letters + string.digits + "-._~", max_size=10)
USER_INFO = st.text(string.ascii_letters + string.digits + "-._~!$&'()*+,;=:%@", max_size=12)
PATHS = st.text(string.ascii_letters + string.digits + "-._~/%+@:,", max_size=20).map("/{}".format)
SCHEMES = st.sampled_from(["https", "http", "HTTPS", "git+https", "git+ssh", "svn+http"])


@laws
@given(SCHEMES, USER_INFO, HOSTS, PATHS)
def test_no_url_shows_its_user_or_password(scheme: str, user: str, host: str, path: str) -> None:
    marked = f"{user}{SECRET}"
    shown = redact_url(f"{scheme}://{marked}@{host}{path}")
    assert SECRET not in shown
    parts = urlsplit(shown)
    assert (parts.scheme, parts.netloc, parts.path) == (scheme.lower(), f"{HIDDEN}@{host}", path)


@laws
@given(SCHEMES, HOSTS, PATHS, st.dictionaries(st.sampled_from(["page", "v", "python"]), UNRESERVED))
def test_a_url_without_secrets_is_shown_as_it_is(scheme: str, host: str, path: str, query: dict[str, str]) -> None:
    assume("@" not in path)
    text = "&".join(f"{name}={value}" for name, value in query.items())
    url = f"{scheme.lower()}://{host}{path}{'?' + text if text else ''}"
    assert redact_url(url) == url


SIGNED = (
    *("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "x-goog-signature", "X-Goog-Credential"),
    *("sig", "se", "Signature", "Key-Pair-Id", "Policy", "AWSAccessKeyId", "GoogleAccessId"),
    *("token", "access_token", "private_token", "job-token", "api_key", "apikey", "password", "secret"),
)


@laws
@given(
    st.sampled_from(SIGNED),
    st.lists(st.tuples(st.sampled_from(["name", "page", "version"]), UNRESERVED)),
    st.integers(0, 3),
    st.sampled_from(["?", "#"]),
)
def test_no_signed_value_of_a_url_is_shown(
    name: str, others: list[tuple[str, str]], place: int, mark: str
) -> None:
    pairs = [*others]
    pairs.insert(place, (name, SECRET))
    query = "&".join(f"{key}={value}" for key, value in pairs)
    shown = redact_url(f"https://index.example/f.whl{mark}{query}")
    assert SECRET not in shown
    kept = parse_qsl(shown.partition(mark)[2], keep_blank_values=True)
    assert kept == [(key, HIDDEN if key == name else value) for key, value in pairs]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"//user:{SECRET}@index.example/x", "//***@index.example/x"),
        (f"/relative/path?token={SECRET}", "/relative/path?token=***"),
        (f"https://index.example/?token={SECRET}&token={SECRET}", "https://index.example/?token=***&token=***"),
        (f"https://index.example/?{SECRET}", "https://index.example/?***"),
        (f"https://user:{SECRET}@[bad/x", "https://***@[bad/x"),
        ("https://index.example/@scope/x", "https://index.example/@scope/x"),
        ("git@forge.example:org/repo.git", "git@forge.example:org/repo.git"),
        ("", ""),
    ],
)
def test_urls_of_odd_shapes_are_cleared_too(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@pytest.mark.parametrize("separator", [" ", "\n", '"', "<", ">", "\t"])
def test_every_url_inside_a_text_is_cleared(separator: str) -> None:
    first, other = f"https://user:{SECRET}@one.example/", f"http://two.example/?sig={SECRET}"
    shown = redact_text(f"see {first}{separator}{other}{separator}for more")
    expected = f"see https://***@one.example/{separator}http://two.example/?sig=***{separator}for more"
    assert shown == expected


@laws
@given(ANY_TEXT)
def test_any_text_can_be_cleared(text: str) -> None:
    redact_text(text)
    redact_url(text)
    redact_header("location", text)


SPEECH = st.lists(
    st.sampled_from(
        [
            *("https://", "user:", "pw@", "@", "/", "?", "#", "&", "=", ":", "token", "jwt=", "Bearer ", "Basic "),
            *(
                " ",
                "'",
                "sha256=",
                "a" * 64,
                "AbCdEfGh12345678",
                "host.example",
                "%40",
                "%3A",
                "***",
                "\n",
                "login a",
            ),
            *("password ", ";", "version=1", "eyJhbGciOi.", "x-amz-b", "C:\\", "[", "git+ssh://git@"),
        ]
    ),
    max_size=12,
).map("".join)


@pytest.mark.slow
@settings(laws, max_examples=2_000)
@given(SPEECH | ANY_TEXT)
def test_what_is_hidden_already_stays_as_it_is(text: str) -> None:
    for redact in (clean, redact_text, redact_url):
        assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Very basic event publishing system",
        "Basic OAuth2 client",
        "pypi-attestation-models-for-tests",
        "disk-usage-analyzer-and-cleaner",
        "session: a library of sessions",
        "pkg:pypi/foo@1.0?artifact_id=wheel",
        "https://index.example/f.whl#sha256=" + "a" * 64,
        "git+https://forge.example/x.git@v1#egg=foo&subdirectory=bar",
        "https://files.example/packages/a2/55/" + "8f" * 30 + "/docopt-0.6.2.tar.gz",
        "image@sha256:" + "a" * 64,
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://index.example/t/{SECRET}/simple/", "https://index.example/t/***/simple/"),
        (f"https://index.example/priv/{SECRET}/simple/", "https://index.example/priv/***/simple/"),
        ("https://index.example/AbCdEfGh12345678/pypi/simple", "https://index.example/***/pypi/simple"),
        (f"https://user:a#{SECRET}@index.example/x", "https://***@index.example/x"),
        (f"https://user:a/{SECRET}@index.example/x", "https://***@index.example/x"),
        (f"https://index.example/p/https%3A%2F%2Fu%3A{SECRET}%40h", "https://index.example/p/***%40h"),
        (f"https://index.example/x?jwt={SECRET}&version=2", "https://index.example/x?jwt=***&version=2"),
    ],
)
def test_a_url_is_shown_without_its_tokens(url: str, shown: str) -> None:
    assert redact_url(url) == shown
    assert redact_text(f"see '{url}'.") == f"see '{shown}'."


# Headers


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "set-cookie2"),
        *("X-Amz-Security-Token", "Private-Token", "JOB-TOKEN", "X-API-Key", "X-Auth-Token", "X-Proxy-Auth"),
        *("X-Session-Id", "X-Secret", "X-JFrog-Art-Api"),
    ],
)
def test_a_header_that_holds_secrets_is_hidden_whole(name: str) -> None:
    assert redact_header(name, f"Basic {SECRET}") == HIDDEN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("content-type", "text/html; charset=utf-8"),
        ("etag", '"d41d8cd98f00b204e9800998ecf8427e"'),
        ("date", "Tue, 05 Mar 2024 10:20:30 GMT"),
        ("cache-control", "max-age=365000000, immutable, public"),
        ("x-pypi-file-project", "flask"),
        ("content-disposition", 'attachment; filename="flask-3.0-py3-none-any.whl"'),
        ("vary", "Accept, Authorization"),
    ],
)
def test_other_headers_are_shown_as_they_are(name: str, value: str) -> None:
    assert redact_header(name, value) == value


@pytest.mark.parametrize(
    "value",
    [
        f"https://user:{SECRET}@index.example/f.whl",
        f"https://index.example/f.whl?X-Amz-Expires=60&X-Amz-Signature={SECRET}",
        f"/files/f.whl?X-Amz-Signature={SECRET}",  # RFC 9110 allows a relative Location
        f"f.whl?token={SECRET}",
        f"//user:{SECRET}@index.example/f.whl",
    ],
)
@pytest.mark.parametrize("name", ["location", "Content-Location"])
def test_where_a_response_points_to_is_shown_without_its_signature(name: str, value: str) -> None:
    assert SECRET not in redact_header(name, value)


@pytest.mark.parametrize(
    "letter", ["s", "S", "\u017f"], ids=["small", "capital", "long"]
)  # one letter, as re reads it
def test_a_secret_is_hidden_however_its_sign_is_spelled(letter: str) -> None:
    for sign in ("ba{}ic dXNlcjpwYXNzd29yZA==", "BA{}IC dXNlcjpwYXNzd29yZA=="):
        assert redact_text(sign.format(letter)) == f"{sign.format(letter).split()[0]} ***"
    for token in ("gh{}_0123456789abcdefghijABCDEFGHIJ", "A{}IA0123456789ABCDEF"):
        spelled = token.format("s" if token.startswith("g") else "S")
        assert redact_text(f"é {spelled}") == "é ***"
        assert redact_text(spelled) == "***"
