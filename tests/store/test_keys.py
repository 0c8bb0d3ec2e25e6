"""Keys: the URL pip hashed becomes the same name here, and a wheel folder's name gives its maker away."""

from __future__ import annotations

import hashlib
import json

import pytest
from cachecontrol.controller import CacheController
from hypothesis import given, settings, strategies as st

from pipcache.store.keys import BuildKey, http_key, invert_key, keys_below, request_key
from pipcache.store.origin import Origin, parse_origin
from pipcache.util.urls import INDEX_HOST, normalise_url
from tests.support import truth

laws = settings(deadline=None, derandomize=True)

# URLs

PARTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("/?#:@&=%+[]. \t\n"), max_size=15)
URLS = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "Https", "git+https"]) | PARTS,
    st.sampled_from(["index.example", "INDEX.example:8443", "user:PW@Index.Example", "[::1]", "bücher.example"])
    | PARTS,
    PARTS.map(lambda text: "/" + text if text else ""),
    PARTS.map(lambda text: "?" + text if text else ""),
    PARTS.map(lambda text: "#" + text if text else ""),
)


@laws
@given(URLS | PARTS)
def test_a_url_is_normalised_and_hashed_as_cachecontrol_does(url: str) -> None:
    try:
        theirs = CacheController.cache_url(url)
    except Exception:  # noqa: BLE001 - cachecontrol raises Exception itself
        with pytest.raises(ValueError, match="absolute"):
            normalise_url(url)
        with pytest.raises(ValueError, match="absolute"):
            http_key(url)
        return
    assert normalise_url(url) == theirs
    assert http_key(url) == hashlib.sha224(theirs.encode()).hexdigest()


TAILS = st.lists(st.text("abcXYZ019._-/", max_size=12), max_size=4)


@laws
@given(URLS, TAILS)
def test_urls_that_begin_alike_have_the_keys_that_each_has(base: str, tails: list[str]) -> None:
    try:
        http_key(base)
    except ValueError:
        with pytest.raises(ValueError, match="absolute"):
            list(keys_below(base, tails))
    else:
        assert list(keys_below(base, tails)) == [http_key(base + tail) for tail in tails]


@laws
@given(st.text(st.characters() | st.characters(categories=["Cs"]), max_size=20))
def test_no_text_in_a_url_is_beyond_hashing(text: str) -> None:
    assert len(http_key(f"https://index.example/{text}")) == 56


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://INDEX.example", "https://index.example/"),
        ("https://index.example?q=A", "https://index.example/?q=A"),
        ("https://index.example/A%2fb/../c//", "https://index.example/A%2fb/../c//"),
        ("https://index.example:443/x#sha256=00", "https://index.example:443/x"),
        ("https://index.example/?", "https://index.example/"),
        ("https://index.example/a?b?c#d#e", "https://index.example/a?b?c"),
    ],
)
def test_only_scheme_host_empty_path_and_fragment_are_touched(url: str, normal: str) -> None:
    assert normalise_url(url) == normal == CacheController.cache_url(url)


@pytest.mark.parametrize("url", ["", "/simple/", "index.example/simple/", "https:", "https:///x", "//host/x", "?"])
def test_a_url_without_scheme_or_host_has_no_key(url: str) -> None:
    with pytest.raises(ValueError, match="only absolute URLs have a key"):
        http_key(url)


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        ("https://me:secret@index.example/x", "https://index.example/x"),
        ("https://index.example/a@b", "https://index.example/a@b"),
        ("https://me@/x", None),
        ("/simple/", None),
    ],
)
def test_what_pip_requests_has_no_user_and_needs_a_host(url: str, requested: str | None) -> None:
    assert request_key(url) == (None if requested is None else http_key(requested))


def test_the_key_of_an_index_page_is_the_one_pip_wrote() -> None:
    key = http_key(f"https://{INDEX_HOST}/simple/pip/")
    assert key.startswith("a19537d3cf37")
    assert key.endswith("85cb9a")


# Folders of built wheels

ARCHIVE = "https://files.example/packages/foo-1.0.tar.gz"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MD5 = "098f6bcd4621d373cade4e832627b4f6"
COMMIT = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
INTERPRETERS = (
    "cp27",
    "cp36",
    "cp37",
    "cp38",
    "cp39",
    "cp310",
    "cp311",
    "cp312",
    "cp313",
    "cp314",
    "pp310",
    "pp311",
)

archive = Origin(ARCHIVE, (("sha256", SHA256),))


def folder_key(**parts: str) -> str:
    """The name pip 20.0 and newer give a folder, from exactly these parts."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha224(text.encode("ascii")).hexdigest()


def old_folder_key(text: str) -> str:
    """The name pip before 20.0 gave a folder."""
    return hashlib.sha224(text.encode()).hexdigest()


@pytest.mark.parametrize("hinted", [False, True])
@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_a_folder_tells_which_interpreter_built_into_it(interpreter: str, *, hinted: bool) -> None:
    key = truth.wheel_key(truth.Source(ARCHIVE, "sha256", SHA256), interpreter=interpreter)
    inverse = invert_key(key, [archive], hint=interpreter if hinted else None)
    assert inverse == (archive, BuildKey(interpreter, "sha256"))


def test_the_interpreter_of_this_test_is_found() -> None:
    interpreter = truth.this_interpreter()
    key = truth.wheel_key(truth.Source(ARCHIVE), interpreter=interpreter)
    assert invert_key(key, [archive]) == (archive, BuildKey(interpreter, None))


def test_a_wrong_hint_does_not_mislead() -> None:
    key = truth.wheel_key(truth.Source(ARCHIVE, "sha256", SHA256), interpreter="cp312")
    for hint in ("cp311", "py3", "", "none", "\x00"):
        inverse = invert_key(key, [archive], hint=hint)
        assert inverse is not None
        assert inverse[1].interpreter == "cp312"


@pytest.mark.parametrize("interpreter", ["graalpy312", "ip27", "jy27"])
def test_rare_interpreters_are_found_too(interpreter: str) -> None:
    name = interpreter.rstrip("0123456789")
    key = folder_key(url=ARCHIVE, interpreter_name=name, interpreter_version=interpreter[len(name) :])
    assert invert_key(key, [archive]) == (archive, BuildKey(interpreter, None))


def test_a_folder_made_without_the_digest_is_found_by_an_origin_that_has_it() -> None:
    key = folder_key(url=ARCHIVE, interpreter_name="cp", interpreter_version="311")
    assert invert_key(key, [archive]) == (archive, BuildKey("cp311", None))


def test_a_folder_made_with_one_of_several_digests_is_found() -> None:
    origin = Origin(ARCHIVE, (("md5", MD5), ("sha256", SHA256)))
    for algorithm, digest in origin.hashes:
        key = folder_key(url=ARCHIVE, interpreter_name="cp", interpreter_version="39", **{algorithm: digest})
        assert invert_key(key, [origin]) == (origin, BuildKey("cp39", algorithm))


def test_a_subdirectory_is_part_of_the_key() -> None:
    origin = Origin(ARCHIVE, (("sha256", SHA256),), subdirectory="sub/folder")
    key = folder_key(
        url=ARCHIVE,
        sha256=SHA256,
        subdirectory="sub/folder",
        interpreter_name="cp",
        interpreter_version="313",
    )
    assert invert_key(key, [origin]) == (origin, BuildKey("cp313", "sha256"))
    assert invert_key(key, [archive]) is None


@pytest.mark.parametrize(
    ("vcs", "url", "in_key"),
    [
        ("git", "https://forge.example/repo.git", f"git+https://forge.example/repo.git@{COMMIT}"),
        ("hg", "https://forge.example/repo", f"hg+https://forge.example/repo@{COMMIT}"),
        ("git", "ssh://git@forge.example/repo.git", f"git+ssh://git@forge.example/repo.git@{COMMIT}"),
        ("git", "file:///srv/repo", f"git+file:///srv/repo@{COMMIT}"),
        ("git", "file:///srv/repo", f"git+file:/srv/repo@{COMMIT}"),  # as urlunsplit of older Pythons leaves it
    ],
)
def test_a_repository_at_a_commit_is_found(vcs: str, url: str, in_key: str) -> None:
    origin = Origin(url, vcs=vcs, commit=COMMIT, requested_revision="main")
    key = folder_key(url=in_key, interpreter_name="cp", interpreter_version="311")
    assert invert_key(key, [origin]) == (origin, BuildKey("cp311", None))


@pytest.mark.parametrize("algorithm", ["sha256", None])
def test_a_folder_of_pip_before_20_says_so(algorithm: str | None) -> None:
    key = old_folder_key(ARCHIVE if algorithm is None else f"{ARCHIVE}#sha256={SHA256}")
    inverse = invert_key(key, [archive])
    assert inverse == (archive, BuildKey(None, algorithm))
    assert inverse[1].is_legacy


def test_a_current_folder_is_not_called_old() -> None:
    assert not BuildKey("cp311", None).is_legacy


def test_the_origin_that_fits_is_found_among_others() -> None:
    others = [Origin(f"https://files.example/other-{number}.tar.gz") for number in range(3)]
    key = truth.wheel_key(truth.Source(ARCHIVE, "sha256", SHA256), interpreter="cp310")
    assert invert_key(key, [*others, archive]) == (archive, BuildKey("cp310", "sha256"))
    assert invert_key(key, others) is None
    assert invert_key(key, []) is None


@pytest.mark.slow
@laws
@given(
    st.sampled_from(INTERPRETERS),
    st.text(st.characters(exclude_characters="#"), max_size=20),
    st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
    st.none() | st.text(min_size=1, max_size=10),
)
def test_any_source_is_found_again_by_what_its_origin_says(
    interpreter: str, path: str, digest: str | None, subdirectory: str | None
) -> None:
    url = f"https://files.example/{path}"
    parts = {"url": url, "interpreter_name": interpreter[:2], "interpreter_version": interpreter[2:]}
    document: dict[str, object] = {"url": url, "archive_info": {}}
    if digest is not None:
        parts["sha256"] = digest
        document["archive_info"] = {"hash": f"sha256={digest}", "hashes": {"sha256": digest}}
    if subdirectory is not None:
        parts["subdirectory"] = subdirectory
        document["subdirectory"] = subdirectory
    origin = parse_origin(json.dumps(document).encode())
    assert origin is not None
    inverse = invert_key(folder_key(**parts), [origin])
    assert inverse == (origin, BuildKey(interpreter, None if digest is None else "sha256"))


# origin.json


def test_an_origin_of_pip_22_2_has_its_single_hash() -> None:
    data = json.dumps({"archive_info": {"hash": f"sha256={SHA256}"}, "url": ARCHIVE}).encode()
    assert parse_origin(data) == archive


def test_an_origin_says_repository_commit_and_folder() -> None:
    vcs = {"vcs": "git", "requested_revision": "main", "commit_id": COMMIT}
    data = json.dumps({"url": "https://forge.example/r", "vcs_info": vcs, "subdirectory": "sub"}).encode()
    assert parse_origin(data) == Origin(
        "https://forge.example/r", (), "git", COMMIT, "main", "sub", is_directory=False
    )
    local = parse_origin(b'{"url": "file:///srv/foo-1", "dir_info": {}}')
    assert local is not None
    assert local.is_directory


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@laws
@given(
    st.fixed_dictionaries(
        {"url": st.just(ARCHIVE)},
        optional={
            "archive_info": st.fixed_dictionaries({}, optional={"hash": JSON, "hashes": JSON}) | JSON,
            "vcs_info": st.fixed_dictionaries({}, optional={"vcs": JSON, "commit_id": JSON}) | JSON,
            "dir_info": JSON,
            "subdirectory": JSON,
        },
    )
)
def test_an_origin_of_any_shape_is_read_as_far_as_it_goes(document: dict[str, object]) -> None:
    origin = parse_origin(json.dumps(document).encode())
    assert origin is not None
    assert origin.url == ARCHIVE
    assert {type(text) for pair in origin.hashes for text in pair} <= {str}
    assert invert_key("0" * 56, [origin]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b'"https://files.example/"',
        b'{"url": 1}',
        b'{"url": null}',
        b'{"url": "https://files.example/"',
        b"\xff\xfe\xff",
        b"[" * 200_000,
        b'{"url": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_pip_would_ignore_is_no_origin(data: bytes) -> None:
    assert parse_origin(data) is None


def test_an_origin_with_more_digests_than_there_are_algorithms_costs_no_more_than_one_without() -> None:
    """A megabyte of made-up algorithms would otherwise be ten million keys to try."""
    hashes = {f"made-up-{number}": "00" for number in range(20_000)} | {"sha256": SHA256}
    origin = parse_origin(json.dumps({"url": ARCHIVE, "archive_info": {"hashes": hashes}}).encode())
    assert origin is not None
    assert dict(origin.hashes)["sha256"] == SHA256
    assert len(origin.hashes) < 20
