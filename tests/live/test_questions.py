"""Whom a refresh asks about what: an index only about what the cache proves to have come from it."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.collector import Need, read_inventory
from pipcache.inventory.proof import prove_by_bytes
from pipcache.live.questions import Inquiry, Question, Reason, questions_about, questions_by_hand
from pipcache.store.cache import Cache
from pipcache.util.urls import FILES_HOST, OLD_INDEX_HOST, PAGE_BASES, TEST_FILES_HOST
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.index import JSON_PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

PYPI, _, TEST_PYPI = PAGE_BASES
PRIVATE = "https://index.example/simple/"
MIRROR = "https://mirror.example/simple/"


def file_url(data: bytes, filename: str, root: str = f"https://{FILES_HOST}") -> str:
    """The URL that PyPI, or a mirror with its paths, has for a file."""
    digest = hashlib.blake2b(data, digest_size=32).hexdigest()
    return f"{root}/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{filename}"


def add_page(
    builder: CacheBuilder, base: str, name: str, *urls: str, slash: str = "/", legacy: bool = False
) -> None:
    rows = [{"filename": url.rpartition("/")[2], "url": url, "hashes": {}} for url in urls]
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows}).encode()
    headers = caches.FILE_HEADERS | {"Content-Type": JSON_PAGE, "ETag": '"x"'}
    write = builder.legacy if legacy else builder.download
    write(f"{base}{name}{slash}", body, headers=headers)


def inventory(builder: CacheBuilder, *index_urls: str) -> list[Artifact]:
    cache = Cache(str(builder.root))
    artifacts = read_inventory(cache, Need(everything=True), lambda: index_urls)
    downloads = {Kind.WHEEL, Kind.SDIST}
    return [
        prove_by_bytes(cache, artifact)[0] if artifact.kind in downloads else artifact for artifact in artifacts
    ]


def ask(builder: CacheBuilder, *index_urls: str) -> Inquiry:
    artifacts = inventory(builder, *index_urls)
    return questions_about(artifacts, artifacts)


def summary(questions: Sequence[Question]) -> list[tuple[str, bool, list[str | None]]]:
    return [
        (question.url, question.page is not None, [file.filename for file in question.files])
        for question in questions
    ]


WHEEL, DATA = archives.build_wheel("foo", "1.0")


def test_a_page_is_asked_for_at_the_index_that_its_key_proves(builder: CacheBuilder) -> None:
    add_page(builder, PYPI, "foo")
    add_page(builder, PRIVATE, "secret")
    inquiry = ask(builder, PRIVATE)
    assert summary(inquiry.questions) == [
        (f"{PRIVATE}secret/", True, []),
        (f"{PYPI}foo/", True, []),
    ]
    assert [question.index for question in inquiry.questions] == [PRIVATE, PYPI]
    assert inquiry.not_asked == []


def test_a_file_of_the_file_host_is_asked_for_at_its_index_without_a_page(builder: CacheBuilder) -> None:
    builder.download(file_url(DATA, WHEEL), DATA)
    (question,) = ask(builder).questions
    assert (question.url, question.page, question.index_name) == (f"{PYPI}foo/", None, "PyPI")
    assert [file.filename for file in question.files] == [WHEEL]


@pytest.mark.parametrize(
    ("host", "index", "name"),
    [(OLD_INDEX_HOST, PYPI, "PyPI"), (TEST_FILES_HOST, TEST_PYPI, "TestPyPI")],
)
def test_the_old_host_is_of_the_same_index_and_the_test_index_is_another(
    builder: CacheBuilder, host: str, index: str, name: str
) -> None:
    builder.download(file_url(DATA, WHEEL, f"https://{host}"), DATA)
    (question,) = ask(builder).questions
    assert (question.index, question.index_name, question.url) == (index, name, f"{index}foo/")


def test_a_page_of_the_old_host_is_asked_for_at_the_present_one(builder: CacheBuilder) -> None:
    add_page(builder, PAGE_BASES[1], "foo", legacy=True)
    assert summary(ask(builder).questions) == [(f"{PYPI}foo/", True, [])]


def test_page_and_files_of_a_project_make_one_question(builder: CacheBuilder) -> None:
    url = file_url(DATA, WHEEL)
    add_page(builder, PYPI, "foo", url)
    builder.download(url, DATA)
    assert summary(ask(builder).questions) == [(f"{PYPI}foo/", True, [WHEEL])]


def test_a_private_name_reaches_no_index_that_only_settings_name(builder: CacheBuilder) -> None:
    # the wheel came from a URL that nothing in the cache explains, and both indexes are configured
    builder.download(f"https://elsewhere.example/{WHEEL}", DATA)
    inquiry = ask(builder, PYPI, PRIVATE)
    assert inquiry.questions == []
    ((project, reason, artifacts),) = inquiry.not_asked
    assert (project, reason) == ("foo", Reason.UNPROVED_FILE)
    assert [artifact.filename for artifact in artifacts] == [WHEEL]


def test_a_page_whose_url_is_not_proved_is_asked_for_nowhere(builder: CacheBuilder) -> None:
    add_page(builder, "https://unknown.example/deep/index/", "secret")
    inquiry = ask(builder)
    assert inquiry.questions == []
    assert [(lack.project, lack.reason) for lack in inquiry.not_asked] == [("secret", Reason.UNPROVED_PAGE)]


def test_a_mirror_is_asked_about_its_own_files_and_the_index_about_its_own(builder: CacheBuilder) -> None:
    other, data = archives.build_wheel("foo", "2.0")
    mirrored, own = file_url(data, other, "https://mirror.example"), file_url(DATA, WHEEL)
    add_page(builder, MIRROR, "foo", mirrored)
    builder.download(mirrored, data)
    builder.download(own, DATA)
    assert summary(ask(builder, MIRROR).questions) == [
        (f"{MIRROR}foo/", True, [other]),
        (f"{PYPI}foo/", False, [WHEEL]),
    ]


def test_a_mirrored_file_alone_tells_neither_the_mirror_nor_the_index(builder: CacheBuilder) -> None:
    # a page of another project proves the URL, and the mirror's page of this one is not here
    mirrored = file_url(DATA, WHEEL, "https://mirror.example")
    add_page(builder, MIRROR, "other", mirrored)
    builder.download(mirrored, DATA)
    inquiry = ask(builder, MIRROR)
    assert [question.project for question in inquiry.questions] == ["other"]
    assert [(lack.project, lack.reason) for lack in inquiry.not_asked] == [("foo", Reason.NO_PAGE)]


def test_files_on_another_host_belong_to_the_page_that_lists_them(builder: CacheBuilder) -> None:
    url = f"https://cdn.example/x/{WHEEL}"
    add_page(builder, PRIVATE, "foo", url)
    builder.download(url, DATA)
    assert summary(ask(builder, PRIVATE).questions) == [(f"{PRIVATE}foo/", True, [WHEEL])]


def test_another_port_is_another_index(builder: CacheBuilder) -> None:
    urls = [file_url(DATA, WHEEL, f"http://127.0.0.1:{port}") for port in (8001, 8002)]
    for port, url in zip((8001, 8002), urls, strict=True):
        add_page(builder, f"http://127.0.0.1:{port}/simple/", "foo", url)
        builder.download(url, DATA)
    questions = ask(builder, "http://127.0.0.1:8001/simple", "http://127.0.0.1:8002/simple").questions
    assert [(question.index, [file.url for file in question.files]) for question in questions] == [
        ("http://127.0.0.1:8001/simple/", [urls[0]]),
        ("http://127.0.0.1:8002/simple/", [urls[1]]),
    ]


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("https://index.example:443", "https://index.example"),
        ("https://index.example", "https://index.example:443"),
        ("HTTPS://Index.Example:443", "https://index.example"),
        ("http://index.example:80", "http://index.example"),
        ("https://[fd00::1]:443", "https://[fd00::1]"),
    ],
)
def test_the_port_of_the_scheme_makes_no_other_index(builder: CacheBuilder, written: str, other: str) -> None:
    url = file_url(DATA, WHEEL, other)
    add_page(builder, f"{written}/simple/", "foo", url)
    builder.download(url, DATA)
    (question,) = ask(builder, f"{written}/simple").questions
    assert [file.filename for file in question.files] == [WHEEL]
    assert question.page is not None
    assert question.index == f"{other.replace(':443', '')}/simple/"
    assert question.url == question.page.url  # as pip asked
    artifacts = inventory(builder, f"{written}/simple")
    (by_hand,) = questions_by_hand(f"{other}/simple", artifacts, artifacts).questions
    assert (by_hand.page, by_hand.is_by_hand) == (question.page, False)


def test_two_pages_of_one_index_under_two_spellings_of_its_port_are_one_project(builder: CacheBuilder) -> None:
    for port in ("", ":443"):
        add_page(builder, f"https://index.example{port}/simple/", "foo")
    inquiry = ask(builder, "https://index.example/simple", "https://index.example:443/simple")
    assert inquiry.projects == 1
    assert sorted(question.url for question in inquiry.questions) == [
        "https://index.example/simple/foo/",
        "https://index.example:443/simple/foo/",
    ]


@pytest.mark.parametrize("port", [":80", ""])
def test_an_index_that_a_person_names_is_asked_at_the_port_that_is_typed(builder: CacheBuilder, port: str) -> None:
    # trusted-host index.example:80 allows the URL with the port and not the one without
    builder.download(f"https://elsewhere.example/{WHEEL}", DATA)
    artifacts = inventory(builder)
    (question,) = questions_by_hand(f"http://index.example{port}/simple", artifacts, artifacts).questions
    assert (question.index, question.url) == (
        "http://index.example/simple/",
        f"http://index.example{port}/simple/foo/",
    )


@pytest.mark.parametrize("port", ["8443", "80", "4430", "44"])
def test_any_other_port_is_another_index(builder: CacheBuilder, port: str) -> None:
    for base in ("https://index.example/simple/", f"https://index.example:{port}/simple/"):
        add_page(builder, base, "foo")
    inquiry = ask(builder, "https://index.example/simple", f"https://index.example:{port}/simple")
    assert inquiry.projects == 2


def test_a_built_wheel_is_asked_about_by_its_sdist(builder: CacheBuilder) -> None:
    filename, data = archives.build_sdist("foo", "1.0")
    url = file_url(data, filename)
    builder.built({"url": url, "archive_info": {}}, WHEEL, DATA)
    assert summary(ask(builder).questions) == [(f"{PYPI}foo/", False, [WHEEL])]


def test_a_note_that_the_key_does_not_confirm_tells_no_index(builder: CacheBuilder) -> None:
    filename, data = archives.build_sdist("foo", "1.0")
    key = builder.built({"url": "https://private.example/foo-1.0.tar.gz"}, WHEEL, DATA)
    note = json.dumps({"url": file_url(data, filename)})
    (builder.folder(key) / "origin.json").write_text(note, encoding="utf-8")
    inquiry = ask(builder)
    assert inquiry.questions == []
    assert [lack.reason for lack in inquiry.not_asked] == [Reason.NO_SOURCE]


@pytest.mark.parametrize(
    "origin",
    [
        {"url": "https://git.example/foo.git", "vcs_info": {"vcs": "git", "commit_id": "0" * 40}},
        {"url": "file:///home/ada/foo-1.0.tar.gz"},
    ],
    ids=["git", "file"],
)
def test_what_was_built_from_no_index_is_asked_about_nowhere(
    builder: CacheBuilder, origin: dict[str, object]
) -> None:
    builder.built(origin, WHEEL, DATA)
    inquiry = ask(builder, PYPI)
    assert inquiry.questions == []
    assert [lack.reason for lack in inquiry.not_asked] == [Reason.REPOSITORY]


def test_the_proved_file_name_says_the_project_and_nothing_that_is_in_the_file(builder: CacheBuilder) -> None:
    # the bytes name a project of one's own; the URL, which the index has seen, names another
    data = archives.build_wheel("internal-secret", "1.0")[1]
    builder.download(file_url(data, WHEEL), data)
    artifacts = inventory(builder)
    (artifact,) = artifacts
    if artifact.url_proved:
        assert [question.project for question in questions_about(artifacts, artifacts).questions] == ["foo"]
    named = artifact._replace(url=file_url(data, WHEEL), url_proved=True)
    (question,) = questions_about([named], [named]).questions
    assert question.url == f"{PYPI}foo/"


@pytest.mark.parametrize("name", ["..", "a b", "x%2f..", "", "foo?x", "foo/bar", "\u202egnp", "-", "a/../b"])
def test_a_hostile_name_makes_no_url(builder: CacheBuilder, name: str) -> None:
    builder.download(file_url(DATA, WHEEL), DATA)
    (artifact,) = inventory(builder)
    sdist = artifact._replace(url=f"https://{FILES_HOST}/packages/{name}-1.0.tar.gz", kind=Kind.SDIST)
    for question in questions_about([sdist], [sdist]).questions:
        assert question.url.removeprefix(PYPI).replace("-", "").rstrip("/").isalnum()
        assert question.url.isascii()


def test_two_stored_pages_of_one_url_are_two_questions_and_the_newer_has_the_files(builder: CacheBuilder) -> None:
    url = file_url(DATA, WHEEL)
    add_page(builder, PYPI, "foo", url)
    add_page(builder, PYPI, "foo", url, legacy=True)
    builder.download(url, DATA)
    for path in builder.root.glob("http/**/*"):
        if path.is_file():
            os.utime(path, ns=(1, 1))
    questions = ask(builder).questions
    assert [question.page.store.value for question in questions if question.page] == ["http-v2", "http"]
    assert [len(question.files) for question in questions] == [1, 0]


def test_only_what_was_chosen_is_asked_about_with_its_page_beside_it(builder: CacheBuilder) -> None:
    url = file_url(DATA, WHEEL)
    add_page(builder, PYPI, "foo", url)
    add_page(builder, PYPI, "bar")
    builder.download(url, DATA)
    artifacts = inventory(builder)
    chosen = [artifact for artifact in artifacts if artifact.kind is Kind.WHEEL]
    assert summary(questions_about(chosen, artifacts).questions) == [(f"{PYPI}foo/", True, [WHEEL])]


def test_a_person_who_names_both_is_obeyed_and_the_url_shows_no_password(builder: CacheBuilder) -> None:
    builder.download(f"https://elsewhere.example/{WHEEL}", DATA)
    artifacts = inventory(builder)
    inquiry = questions_by_hand("https://ada:secret@index.example/simple", artifacts, artifacts)
    (question,) = inquiry.questions
    assert (question.index, question.url, question.is_by_hand) == (PRIVATE, f"{PRIVATE}foo/", True)
    assert [file.filename for file in question.files] == [WHEEL]


def test_a_page_of_the_index_that_a_person_names_is_compared(builder: CacheBuilder) -> None:
    add_page(builder, PRIVATE, "foo")
    artifacts = inventory(builder, PRIVATE)
    (question,) = questions_by_hand(PRIVATE, artifacts, artifacts).questions
    assert question.page is not None
    assert not question.is_by_hand
