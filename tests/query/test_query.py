"""Selectors, filters and orders: what a person has in hand meets what is meant by it, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings, strategies as st
from packaging.version import InvalidVersion, Version

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.inventory.collector import Need, read_inventory
from pipcache.query.filters import Filters, SortKey, sort
from pipcache.query.selection import select
from pipcache.query.selector import SelectorError, parse_selector
from pipcache.store.cache import Cache
from pipcache.store.entries import entry_path
from pipcache.store.layout import Store
from pipcache.util.progress import untracked
from tests.support import archives, caches, truth

if TYPE_CHECKING:
    from pathlib import Path

laws = settings(deadline=None, derandomize=True)

FILES = "https://files.example/packages/"
INDEX = "https://index.example/simple/"
FORGE = "https://forge.example/repo.git"
COMMIT = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
NOW = 1_700_000_000
DAY = 86400


class Stocked(NamedTuple):
    """A cache, and what lies under each of its names."""

    root: str
    keys: dict[str, str]  # by name
    bodies: dict[str, bytes]  # by name

    @property
    def names(self) -> dict[str, str]:
        """The names by key."""
        return {key: name for name, key in self.keys.items()}


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Stocked:
    """Wheels, sdists, metadata, a page and built wheels whose names and versions are easily confused."""
    builder = caches.CacheBuilder(tmp_path_factory.mktemp("stocked") / "cache")
    keys: dict[str, str] = {}
    bodies: dict[str, bytes] = {}
    wheels = [("foo", "1.8"), ("foo", "1.82.7"), ("foo", "1.9rc1"), ("foo", "2!1.0"), ("foo", "1.0+local.1")]
    wheels += [("Flask_SQLAlchemy", "3.0"), ("zope.event", "5.0"), ("zopelike", "1.0"), ("md5-checker", "1.0")]
    for project, version in wheels:
        filename, body = archives.build_wheel(project, version)
        keys[f"{project} {version}"] = builder.download(FILES + filename, body)
        bodies[f"{project} {version}"] = body
    sdists = [("zope.interface", "6.0"), ("odd", "1.0-1"), ("odd", "2004d"), ("fromsrc", "1.0")]
    for project, version in sdists:
        filename, body = archives.build_sdist(project, version)
        keys[f"{project} {version}"] = builder.legacy(FILES + filename, body)
        bodies[f"{project} {version}"] = body
    side = archives.metadata("foo", "1.8")
    keys["metadata"] = builder.download(f"{FILES}foo-1.8-py3-none-any.whl.metadata", side)
    page = {
        "meta": {"api-version": "1.1"},
        "name": "foo",
        "files": [
            {
                "filename": "foo-1.8-py3-none-any.whl",
                "url": f"{FILES}foo-1.8-py3-none-any.whl",
                "hashes": {"sha256": hashlib.sha256(bodies["foo 1.8"]).hexdigest()},
            }
        ],
    }
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    keys["page"] = builder.download(f"{INDEX}foo/", json.dumps(page).encode(), headers=headers)
    source = hashlib.sha256(bodies["fromsrc 1.0"]).hexdigest()
    origin = {"url": f"{FILES}fromsrc-1.0.tar.gz", "archive_info": {"hashes": {"sha256": source}}}
    keys["built"] = builder.built(origin, *archives.build_wheel("fromsrc", "1.0"))
    vcs = {"vcs": "git", "commit_id": COMMIT}
    keys["from git"] = builder.built({"url": FORGE, "vcs_info": vcs}, *archives.build_wheel("from_git", "0.7"))
    keys["from folder"] = builder.built(
        {"url": "file:///srv/repo", "vcs_info": vcs}, *archives.build_wheel("from_folder", "0.8")
    )
    keys["over ssh"] = builder.built(
        {"url": "ssh://git@forge.example/repo.git", "vcs_info": vcs}, *archives.build_wheel("over_ssh", "0.9")
    )
    named = {"x-pypi-file-project": "cut", "x-pypi-file-version": "3.0", "x-pypi-file-package-type": "bdist_wheel"}
    keys["cut"] = builder.download(f"{FILES}cut-3.0-py3-none-any.whl", b"", headers=caches.FILE_HEADERS | named)
    return Stocked(str(builder.root), keys, bodies)


def chosen(stocked: Stocked, *texts: str) -> set[str]:
    """The names of what selectors select, as `list --all` and `show` do."""
    selectors = tuple(parse_selector(text) for text in texts)
    need = Need(deep=True, everything=True, exact=True, selectors=selectors)
    catalogue = read_inventory(Cache(stocked.root), need)
    selection = select(Cache(stocked.root), catalogue, selectors, Filters(), untracked)
    return {stocked.names[artifact.key or ""] for artifact in selection.chosen}


# Selectors

FOO = {"foo 1.8", "foo 1.82.7", "foo 1.9rc1", "foo 2!1.0", "foo 1.0+local.1", "metadata", "page"}
ODD = {"odd 1.0-1", "odd 2004d"}
ZOPE = {"zope.event 5.0", "zope.interface 6.0"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # names, however they are spelled
        ("foo", FOO),
        ("FOO", FOO),
        ("  foo  ", FOO),
        ("Flask_SQLAlchemy", {"Flask_SQLAlchemy 3.0"}),
        ("flask-sqlalchemy", {"Flask_SQLAlchemy 3.0"}),
        ("flask.sqlalchemy", {"Flask_SQLAlchemy 3.0"}),
        ("zope-event", {"zope.event 5.0"}),
        ("md5-checker", {"md5-checker 1.0"}),
        ("cut", {"cut"}),
        ("nothing", set()),
        # a name with a version behind a dash is another name
        ("foo-1.8", set()),
        ("foo-1", set()),
        # requirements
        ("foo==1.8", {"foo 1.8", "metadata"}),
        ("foo == 1.8", {"foo 1.8", "metadata"}),
        ("foo==1.8.0", {"foo 1.8", "metadata"}),
        ("foo==1.8.*", {"foo 1.8", "metadata"}),
        ("foo==1.82.7", {"foo 1.82.7"}),
        ("foo===1.8", {"foo 1.8", "metadata"}),
        ("foo===1.8.0", set()),
        ("foo<1.9", {"foo 1.8", "foo 1.0+local.1", "metadata"}),
        ("foo>1.8", {"foo 1.82.7", "foo 1.9rc1", "foo 2!1.0"}),
        ("foo>=1.8,<2", {"foo 1.8", "foo 1.82.7", "foo 1.9rc1", "metadata"}),
        ("foo!=1.8", {"foo 1.82.7", "foo 1.9rc1", "foo 2!1.0", "foo 1.0+local.1"}),
        ("foo~=1.8", {"foo 1.8", "foo 1.82.7", "foo 1.9rc1", "metadata"}),
        ("foo[extra]==1.8", {"foo 1.8", "metadata"}),
        ("foo[extra]", FOO),
        ("flask-SQLAlchemy>=3", {"Flask_SQLAlchemy 3.0"}),
        ("cut==3.0", {"cut"}),
        # pre-releases count
        ("foo==1.9rc1", {"foo 1.9rc1"}),
        ("foo==1.9.RC1", {"foo 1.9rc1"}),
        ("foo>=1.9rc1,<1.9.1", {"foo 1.9rc1"}),
        ("foo>=1.9rc1,<1.9", set()),  # PEP 440: "<" never means the pre-releases of what it names
        ("foo>=1.8,<=1.9", {"foo 1.8", "foo 1.9rc1", "metadata"}),
        # local versions
        ("foo==1.0", {"foo 1.0+local.1"}),
        ("foo==1.0+local.1", {"foo 1.0+local.1"}),
        ("foo==1.0+LOCAL-1", {"foo 1.0+local.1"}),
        ("foo==1.0+other", set()),
        # epochs
        ("foo==2!1", {"foo 2!1.0"}),
        ("foo>=1!0", {"foo 2!1.0"}),
        ("foo==1.0.0", {"foo 1.0+local.1"}),
        # versions that are no PEP 440, or are it in another spelling
        ("odd", ODD),
        ("odd===2004d", {"odd 2004d"}),
        ("odd===2004D", {"odd 2004d"}),
        ("odd==1.0.post1", {"odd 1.0-1"}),
        ("odd==1.0-1", {"odd 1.0-1"}),
        ("odd===1.0-1", {"odd 1.0-1"}),
        ("odd>=0", {"odd 1.0-1"}),
        ("od?", ODD),
        # patterns are of names, never of file names
        ("zope.*", ZOPE),
        ("ZOPE-*", ZOPE),
        ("zope*", ZOPE | {"zopelike 1.0"}),
        ("*sqlalchemy", {"Flask_SQLAlchemy 3.0"}),
        ("f?o", FOO),
        ("foo*1.8*", set()),
        ("*.whl", set()),
        # file names
        ("foo-1.8-py3-none-any.whl", {"foo 1.8"}),
        ("foo-1.8-py3-none-any.whl.metadata", {"metadata"}),
        ("foo-1.82.7-py3-none-any.whl", {"foo 1.82.7"}),
        ("zope.interface-6.0.tar.gz", {"zope.interface 6.0"}),
        ("odd-2004d.tar.gz", {"odd 2004d"}),
        ("fromsrc-1.0-py3-none-any.whl", {"built"}),
        ("fromsrc-1.0.tar.gz", {"fromsrc 1.0"}),
        ("foo-1.8.zip", set()),
        # URLs
        (f"{FILES}foo-1.8-py3-none-any.whl", {"foo 1.8"}),
        (f"{FILES}foo-1.8-py3-none-any.whl#sha256=00", {"foo 1.8"}),
        ("HTTPS://FILES.example/packages/foo-1.8-py3-none-any.whl", {"foo 1.8"}),
        ("https://user:password@files.example/packages/foo-1.8-py3-none-any.whl", {"foo 1.8"}),
        (f"{FILES}FOO-1.8-py3-none-any.whl", set()),
        (f"{FILES}foo-1.8-py3-none-any.whl.metadata", {"metadata"}),
        (f"{INDEX}foo/", {"page"}),
        (f"{INDEX}foo", set()),
        (f"{FILES}fromsrc-1.0.tar.gz", {"fromsrc 1.0", "built"}),
        (f"{FILES}fromsrc-1.0.tar.gz@None", set()),
        (FORGE, {"from git"}),
        (f"git+{FORGE}", {"from git"}),
        (f"git+{FORGE}@{COMMIT}", {"from git"}),
        (f"git+{FORGE}@{COMMIT}#egg=from-git", {"from git"}),
        (f"git+{FORGE}@{'0' * 40}", set()),
        ("https://user:password@forge.example/repo.git", {"from git"}),
        ("ssh://git@forge.example/repo.git", {"over ssh"}),
        (f"git+ssh://git@forge.example/repo.git@{COMMIT}", {"over ssh"}),
        ("file:///srv/repo", {"from folder"}),
        (f"git+file:///srv/repo@{COMMIT}", {"from folder"}),
    ],
)
def test_a_selector_selects_what_is_meant(stocked: Stocked, text: str, names: set[str]) -> None:
    assert chosen(stocked, text) == names


def base64url(digest: bytes) -> str:
    """A digest as RECORD writes it."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["foo 1.8", "zope.interface 6.0"])
def test_a_digest_selects_the_bytes_it_is_of_however_it_is_written(stocked: Stocked, name: str) -> None:
    body = stocked.bodies[name]
    sha256, md5 = hashlib.sha256(body), hashlib.md5(body)
    blake2b = hashlib.blake2b(body, digest_size=32)
    texts = [
        sha256.hexdigest(),
        sha256.hexdigest().upper(),
        f"sha256:{sha256.hexdigest()}",
        f"SHA256={sha256.hexdigest()}",
        f"sha256-{sha256.hexdigest()}",
        f"sha256:{base64url(sha256.digest())}",
        f"sha256={base64url(sha256.digest())}=",
        blake2b.hexdigest(),
        f"blake2b_256:{blake2b.hexdigest()}",
        f"blake2b-256:{blake2b.hexdigest()}",  # as show prints it
        md5.hexdigest(),
        f"md5:{md5.hexdigest()}",
        f"md5={base64url(md5.digest())}",
        f"sha512:{hashlib.sha512(body).hexdigest()}",
        hashlib.sha1(body).hexdigest(),
        f"sha256-{base64.b64encode(sha256.digest()).decode()}",  # as SRI has it
        f"sha512-{base64url(hashlib.sha512(body).digest())}",
        f"sha-256:{sha256.hexdigest()}",
        f"sha3-256:{hashlib.sha3_256(body).hexdigest()}",
        f"blake2s={hashlib.blake2s(body).hexdigest()}",
        f"sha512={base64.urlsafe_b64encode(hashlib.sha512(body).digest()).decode()}",  # padded with two signs
        f"sha384-{base64.b64encode(hashlib.sha384(body).digest()).decode()}",
        f"md5-{base64url(md5.digest())}",
        f"sha224:{hashlib.sha224(body).hexdigest()}",
    ]
    for text in texts:
        assert chosen(stocked, text) == {name}, text


def test_the_digest_of_a_source_selects_what_was_built_from_it_too(stocked: Stocked) -> None:
    digest = hashlib.sha256(stocked.bodies["fromsrc 1.0"]).hexdigest()
    assert chosen(stocked, f"sha256:{digest}") == {"fromsrc 1.0", "built"}


def test_a_digest_of_nothing_here_selects_nothing(stocked: Stocked) -> None:
    assert chosen(stocked, "sha256:" + "0" * 64) == set()
    # the right digits under another algorithm's name are another digest
    digits = hashlib.sha256(stocked.bodies["foo 1.8"]).hexdigest()
    assert chosen(stocked, f"blake2b_256:{digits}") == set()


def test_each_key_selects_its_entry(stocked: Stocked) -> None:
    for name, key in stocked.keys.items():
        assert chosen(stocked, key) == {name}
        assert chosen(stocked, key.upper()) == {name}


def test_several_selectors_select_all_that_any_of_them_does(stocked: Stocked) -> None:
    expected = {"foo 1.8", "metadata", "cut", *ZOPE}
    assert chosen(stocked, "foo==1.8", "zope.*", "cut", "nothing") == expected


def test_the_selectors_that_meet_nothing_are_told(stocked: Stocked) -> None:
    selectors = [parse_selector(text) for text in ("foo==9", "foo", "nothing", "0" * 56)]
    catalogue = read_inventory(Cache(stocked.root), Need(selectors=tuple(selectors)))
    selection = select(Cache(stocked.root), catalogue, selectors, Filters(), untracked)
    assert [selector.text for selector in selection.unmatched] == ["foo==9", "nothing", "0" * 56]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("foo[extra]", "extras are ignored: extra"),
        ("foo[b,a]>=1", "extras are ignored: a, b"),
        ("foo", None),
        ("foo>=1", None),
    ],
)
def test_what_of_a_requirement_is_ignored_is_said(text: str, note: str | None) -> None:
    assert parse_selector(text).note == note


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["empty"]),
        ("   ", ["empty"]),
        ("foo; python_version < '3.9'", ["marker", "python_version", "leave it out"]),
        ("foo>=1; extra == 'x'", ["marker", "extra"]),
        ("foo @ https://files.example/foo-1.zip", ["a URL is a selector by itself", "'foo'"]),
        ("foo@https://files.example/foo-1.0-py3-none-any.whl", ["a URL is a selector by itself", "'foo'"]),
        ("foo[a] @ https://files.example/foo", ["a URL is a selector by itself", "'foo'"]),
        ("foo; x=='https://files.example/foo'", ["is not a requirement", "marker"]),
        ("foo>=1; sys_platform=='https://files.example/foo'", ["marker", "leave it out"]),
        ("wheels/foo-1.8-py3-none-any.whl", ["path", "name the file alone"]),
        ("..\\foo-1.8.tar.gz", ["path", "name the file alone"]),
        ("foo bar", ["'foo bar'"]),
        ("foo>=", ["'foo>='"]),
        ("foo==1.8==2", ["'foo==1.8==2'"]),
        ("foo=1.8", ["'foo=1.8'"]),
        ("==1.8", ["'==1.8'"]),
        ("-foo", ["'-foo'"]),
        ("foo/*", ["'/'", "name pattern"]),
        ("f[o*", ["'f[o*'"]),
        ("zöpe.*", ["'ö'", "name pattern"]),
        ("zöpe", ["'zöpe'"]),
        (base64url(hashlib.sha256().digest()), ["looks like base64 of a digest", "sha256="]),
        (f"shake_128-{'0' * 64}", ["looks like a digest"]),
        (f"whirlpool:{'0' * 128}", ["looks like a digest"]),
        (f"sha256-{'0' * 63}", ["sha256", "64 hex digits"]),
        ("sha256:abc", ["'abc'", "sha256", "64 hex digits", "base64url"]),
        ("sha256:" + "g" * 64, ["'" + "g" * 64 + "'", "sha256"]),
        ("md5:" + "0" * 31, ["md5", "32 hex digits"]),
        ("sha256:" + "0" * 65, ["sha256", "64 hex digits"]),
        ("://files.example/x", ["is not a URL"]),
        ("https://", ["is not a URL"]),
        ("https:///x", ["is not a URL"]),
        ("https://[bad/x", ["is not a URL"]),
    ],
)
def test_a_bad_selector_is_refused_with_the_part_that_is_wrong(text: str, parts: list[str]) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_selector(text)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize("text", ["md5-simple", "sha256-tools", "blake2b-py", "md5==1.0", "sha1>=2", "sha3"])
def test_projects_may_be_called_after_algorithms(text: str) -> None:
    assert parse_selector(text).project == text.partition("=")[0].partition(">")[0]


@laws
@given(st.text(max_size=30) | st.text("foo=<>~!*?[];@ -._/:sha256#+", max_size=15))
def test_any_text_is_a_selector_or_is_refused(text: str) -> None:
    try:
        selector = parse_selector(text)
    except SelectorError as error:
        assert str(error)  # noqa: PT017 - either answer is right, but no other error
        return
    meanings = (selector.project, selector.pattern, selector.filename, selector.digest, selector.url)
    assert sum(meaning is not None for meaning in meanings) + (selector.key is not None and not selector.url) == 1


# Filters


@pytest.fixture
def five(tmp_path: Path) -> list[Artifact]:
    """Artifacts of several kinds in several stores, one to five days old."""
    builder = caches.CacheBuilder(tmp_path / "cache")
    filename, body = archives.build_wheel("foo", "1.0", members={"big": random.Random(1).randbytes(50_000)})
    sdist_name, sdist = archives.build_sdist("foo", "1.0")
    builder.download(FILES + filename, body)
    builder.legacy(FILES + sdist_name, sdist)
    builder.download(f"{FILES}{filename}.metadata", archives.metadata("foo", "1.0"))
    builder.built({"url": FILES + sdist_name}, filename, body)
    builder.selfcheck()
    artifacts = read_inventory(Cache(str(builder.root)), Need())
    assert len(artifacts) == 5
    for days, artifact in enumerate(sorted(artifacts, key=lambda artifact: artifact.kind), 1):
        for file in artifact.files:
            os.utime(builder.root / file.path, (NOW, NOW - days * DAY))
    return read_inventory(Cache(str(builder.root)), Need())


@pytest.mark.parametrize(
    ("filters", "kinds"),
    [
        (Filters(), "built metadata other sdist wheel"),
        (Filters(kinds=frozenset({Kind.WHEEL})), "wheel"),
        (Filters(kinds=frozenset({Kind.WHEEL, Kind.SDIST})), "sdist wheel"),
        (Filters(kinds=frozenset({Kind.PAGE})), ""),
        (Filters(stores=frozenset({Store.HTTP_V2})), "metadata wheel"),
        (Filters(stores=frozenset({Store.HTTP, Store.WHEELS})), "built sdist"),
        (Filters(stores=frozenset({Store.SELFCHECK})), "other"),
        (Filters(older_than=3.5 * DAY), "sdist wheel"),
        (Filters(newer_than=3.5 * DAY), "built metadata other"),
        (Filters(older_than=1.5 * DAY, newer_than=3.5 * DAY), "metadata other"),
        (Filters(older_than=3 * DAY), "sdist wheel"),  # not what is exactly as old
        (Filters(newer_than=3 * DAY), "built metadata"),
        (Filters(larger_than=40_000), "built wheel"),
        (Filters(larger_than=40_000, stores=frozenset({Store.WHEELS})), "built"),
        (Filters(larger_than=10**9), ""),
        (Filters(frozenset({Kind.WHEEL}), frozenset({Store.HTTP_V2}), 4 * DAY, 6 * DAY, 1), "wheel"),
        (Filters(frozenset({Kind.WHEEL}), frozenset({Store.HTTP_V2}), 4 * DAY, 5 * DAY, 1), ""),
    ],
)
def test_filters_combine(five: list[Artifact], filters: Filters, kinds: str) -> None:
    allowed = sorted(artifact.kind.value for artifact in five if filters.allow(artifact, NOW))
    assert allowed == kinds.split()


def test_a_file_as_large_as_the_limit_is_not_larger(five: list[Artifact]) -> None:
    for artifact in five:
        assert not Filters(larger_than=artifact.size).allow(artifact, NOW)
        assert Filters(larger_than=artifact.size - 1).allow(artifact, NOW)


def test_the_age_of_a_download_is_that_of_its_body(tmp_path: Path) -> None:
    """pip writes the head anew whenever the server says that nothing has changed."""
    builder = caches.CacheBuilder(tmp_path / "cache")
    key = builder.download(f"{FILES}foo-1.0.tar.gz", archives.build_sdist("foo", "1.0")[1])
    os.utime(builder.head(key), (NOW, NOW))
    os.utime(builder.body(key), (NOW, NOW - 9 * DAY))
    (artifact,) = read_inventory(Cache(str(builder.root)), Need())
    assert Filters(older_than=8 * DAY).allow(artifact, NOW)
    assert not Filters(newer_than=8 * DAY).allow(artifact, NOW)


# Orders


@pytest.mark.parametrize("by", SortKey)
def test_the_order_does_not_depend_on_where_the_walk_begins(stocked: Stocked, by: SortKey) -> None:
    artifacts = read_inventory(Cache(stocked.root), Need(deep=True, everything=True))
    for artifact in artifacts:
        for file in artifact.files:  # nothing but names is left to tell them apart
            os.utime(os.path.join(stocked.root, file.path), (NOW, NOW))
    artifacts = read_inventory(Cache(stocked.root), Need(deep=True, everything=True))
    expected = sort(artifacts, by)
    assert len(expected) == len(artifacts)
    for seed in range(20):
        shuffled = random.Random(seed).sample(artifacts, len(artifacts))
        assert sort(shuffled, by) == expected
        assert sort(shuffled, by, reverse=True) == expected[::-1]


VERSIONS = (
    "1.0",
    "1.0.0",
    "1",
    "1.00",
    "1.0+local",
    "1.0rc1",
    "1!0",
    "0.9.10",
    "0.9.9",
    "1.10",
    "2004d",
    "",
    "dev",
)


def of(artifact: Artifact, version: str | None, project: str | None = "foo", *, size: int = 1) -> Artifact:
    """The same artifact under another name."""
    return artifact._replace(claims=(Claim(Evidence.CONTENT, "test", project, version),), size=size)


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> list[Artifact]:
    """A dozen artifacts that differ in nothing but their keys."""
    builder = caches.CacheBuilder(tmp_path_factory.mktemp("some") / "cache")
    for number in range(len(VERSIONS)):
        builder.download(f"{FILES}{number}", b"same bytes")
    return read_inventory(Cache(str(builder.root)), Need())


@laws
@given(st.permutations(VERSIONS), st.permutations(range(len(VERSIONS))))
def test_versions_stand_in_the_order_of_pep_440_and_others_before_them(
    some: list[Artifact], versions: list[str], order: list[int]
) -> None:
    artifacts = [of(some[place], version or None) for place, version in zip(order, versions, strict=True)]
    in_order = [artifact.version or "" for artifact in sort(artifacts, SortKey.NAME)]
    assert sorted(in_order) == sorted(VERSIONS)
    odd = sum(not _is_pep_440(version) for version in VERSIONS)
    assert in_order[:odd] == sorted(in_order[:odd])
    assert all(Version(first) <= Version(other) for first, other in itertools.pairwise(in_order[odd:]))


def _is_pep_440(version: str) -> bool:
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


@pytest.mark.slow
@laws
@given(st.lists(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,4}", fullmatch=True), min_size=2, max_size=10))
def test_plain_releases_stand_in_the_order_of_pep_440(some: list[Artifact], versions: list[str]) -> None:
    artifacts = [of(name, version) for name, version in zip(some, versions, strict=False)]
    order = [Version(artifact.version or "") for artifact in sort(artifacts, SortKey.NAME)]
    assert order == sorted(order)


@pytest.mark.parametrize("count", [2, 3])
def test_versions_longer_than_int_takes_are_sorted_and_selected(some: list[Artifact], count: int) -> None:
    long = "9" * 5000
    artifacts = [of(some[0], long), of(some[1], "1.0"), of(some[2], "1.0rc1")][:count]
    assert sort(artifacts, SortKey.NAME)[0].version == long
    selectors = [parse_selector("foo>=1.0")]
    assert [selectors[0].matches(artifact, lambda *_: None) for artifact in artifacts[:2]] == [False, True]
    assert parse_selector(f"foo==={long}").matches(artifacts[0], lambda *_: None)


def test_each_order_puts_first_what_it_says(some: list[Artifact], tmp_path: Path) -> None:
    names = [of(some[0], "2", "b"), of(some[1], "10", "a"), of(some[2], "9", "a"), of(some[3], "1", None)]
    order = [(artifact.project, artifact.version) for artifact in sort(names, SortKey.NAME)]
    assert order == [("a", "9"), ("a", "10"), ("b", "2"), (None, "1")]
    sizes = [of(name, "1", size=size) for name, size in zip(some, (5, 500, 50), strict=False)]
    assert [artifact.size for artifact in sort(sizes, SortKey.SIZE)] == [500, 50, 5]
    builder = caches.CacheBuilder(tmp_path / "cache")
    for number in (1, 2, 3):
        key = builder.download(f"{FILES}{number}", b"x")
        for path in (builder.head(key), builder.body(key)):
            os.utime(path, (NOW + 10 * number, NOW - 10 * number))
    artifacts = read_inventory(Cache(str(builder.root)), Need())
    by_age = [truth.url_key(f"{FILES}{number}") for number in (3, 2, 1)]
    assert [artifact.key for artifact in sort(artifacts, SortKey.AGE)] == by_age
    assert [artifact.key for artifact in sort(artifacts, SortKey.USED)] == by_age[::-1]


def test_entries_without_any_time_or_name_have_a_place_too(tmp_path: Path) -> None:
    builder = caches.CacheBuilder(tmp_path / "cache")
    builder.download(FILES, b"x")
    for name in ("b", "a", "http-v2/a/c", "wheels/00/x"):
        builder.stray(name)
    artifacts = read_inventory(Cache(str(builder.root)), Need())
    for by in SortKey:
        places = [entry_path(artifact.entry) for artifact in sort(artifacts, by)]
        assert places == [entry_path(artifact.entry) for artifact in sort(artifacts[::-1], by)]
        assert len(places) == 5
