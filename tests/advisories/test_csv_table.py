"""Tables have columns with exact names; rows are releases and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.model import AdvisoryError
from pipcache.util.urls import FILES_HOST, file_urls
from tests.support.advisory_samples import (
    BLAKE,
    LITELLM_SDIST,
    LITELLM_WHEEL,
    MEMBER,
    TABLE,
    WHEEL,
    all_digests,
    all_urls,
    by_name,
    digest,
    hashed_path,
)

if TYPE_CHECKING:
    from tests.support.advisory_samples import Read


def test_a_table_says_versions_and_counts_other_ecosystems(read: Read) -> None:
    advisories = read("iocs.csv", TABLE)
    assert by_name(advisories) == [("litellm", ("1.82.7", "1.82.8")), ("telnyx", ("4.87.1", "4.87.2"))]
    assert (advisories.records, advisories.foreign, advisories.never) == (3, 1, ())
    assert [indicator.record for indicator in advisories.indicators] == ["line 2", "line 3"]


@pytest.mark.parametrize(
    "text",
    [
        "Package,Version\nlitellm,1.82.7|1.82.8\n",
        "project,VERSION\nlitellm,= 1.82.7 || = 1.82.8\n",
        "name , version\nlitellm,1.82.7 1.82.8\n",
        "version\tproject\n1.82.7,1.82.8\tLiteLLM\n",
        '\ufeff"name","versions"\r\nlitellm,"1.82.7, 1.82.8"\r\n\r\n',
        "version,name\n1.82.7,litellm\n==1.82.8,litellm\n",
        "name,version,sha256,url,filename\nlitellm,==1.82.7;==1.82.8,,,\n",
        "name,version,filename\nlitellm,1.82.7;1.82.8,litellm-1.82.7.tar.gz\n",
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_headers_are_exact_and_stand_in_any_order(read: Read, name: str, text: str) -> None:
    advisories = read(name, text)
    versions = [version for indicator in advisories.indicators for version in indicator.versions]
    assert {indicator.project for indicator in advisories.indicators} == {"litellm"}
    assert versions == ["1.82.7", "1.82.8"]


@pytest.mark.parametrize(
    "header",
    [
        *("ecosystem,name,version", "name,version,context", "name,affected_versions", "package_name,version"),
        *("url,upload time", "type,indicator", "name,version,sha-256", "name,version,", "file name,sha256"),
    ],
)
def test_an_unknown_header_is_refused_with_the_accepted_ones(read: Read, header: str) -> None:
    unknown = next(cell for cell in header.split(",") if cell not in {"name", "version", "url", "sha256"})
    with pytest.raises(AdvisoryError) as caught:
        read("a.csv", f"{header}\n{','.join('x' for _ in header.split(','))}\n")
    assert f"line 1 has the unknown header {unknown!r}" in str(caught.value)
    assert "name, package, project, version, versions, filename, url, hash, md5, sha1," in str(caught.value)
    assert {"sha256", "blake2b_256"} <= set(str(caught.value).split(", "))


def test_a_table_can_hold_urls_and_digests(read: Read) -> None:
    url = f"https://{FILES_HOST}/{hashed_path(BLAKE, 'ctx-0.2.tar.gz')}"
    rows = f"{url},{WHEEL},\nhttps://news.example/,,md5:{digest('m', 'md5')}\n"
    advisories = read("ctx.csv", "url,sha256,md5\n" + rows)
    assert set(file_urls(BLAKE, "ctx-0.2.tar.gz")) <= all_urls(advisories)
    assert all_digests(advisories) == {("blake2b_256", BLAKE), ("sha256", WHEEL), ("md5", digest("m", "md5"))}
    assert advisories.never == ("line 3: URL https://news.example/",)


def test_a_column_of_hashes_takes_digests_of_any_algorithm(read: Read) -> None:
    advisories = read("a.csv", f"name,hash\nlitellm,{MEMBER}\nlitellm,sha256:{WHEEL}\n")
    assert {("sha256", MEMBER), ("blake2b_256", MEMBER), ("sha256", WHEEL)} <= all_digests(advisories)
    assert not any(indicator.versions or indicator.every_version for indicator in advisories.indicators)


def test_a_file_name_says_which_file_a_digest_is_of(read: Read) -> None:
    rows = f"{LITELLM_WHEEL},{WHEEL}\nlitellm/proxy.py,{MEMBER}\n{LITELLM_SDIST},\n"
    wheel, member, sdist = read("a.csv", "filename,sha256\n" + rows).indicators
    assert (wheel.filename, wheel.member, wheel.digests) == (LITELLM_WHEEL, None, (("sha256", WHEEL),))
    assert (member.filename, member.member) == (None, "litellm/proxy.py")
    assert (sdist.filename, sdist.digests, sdist.project) == (LITELLM_SDIST, (), None)


def test_a_package_url_can_be_the_name_in_a_table(read: Read) -> None:
    advisories = read("a.csv", "name,version\npkg:pypi/a,1\npkg:pypi/b@2,\npkg:npm/c,3\n")
    assert (by_name(advisories), advisories.foreign) == ([("a", ("1",)), ("b", ("2",))], 1)
    assert not any(indicator.every_version for indicator in advisories.indicators)


@pytest.mark.parametrize("cell", ["*", "all", "All versions"])
def test_every_version_has_to_be_said(read: Read, cell: str) -> None:
    (indicator,) = read("a.csv", f"name,version\nyocolor,{cell}\n").indicators
    assert indicator.every_version


def test_specifiers_in_a_table_stay_specifiers(read: Read) -> None:
    (indicator,) = read("a.csv", 'name,versions\nlitellm,">=1.82.7,<1.83"\n').indicators
    assert (set(indicator.specifiers.split(",")), indicator.versions) == ({">=1.82.7", "<1.83"}, ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,version\nlitellm,\n", "line 2 names no version"),
        ("name,version,url\nlitellm,,\n", "names no version"),
        ("name,version\npkg:pypi/litellm,\n", "names no version"),
        ("name,version\n,1.82.7\n", "line 2 has a version and no name"),
        ("name,version\nlitellm,1.82.7,x\n", "line 2 has 3 cells"),
        ("name,version\nlitellm\n", "line 2 has 1 cells"),
        ("name\nlitellm\n", "line 1 has no column for the version"),
        ("version,sha256\n1,\n", "line 1 has no column for the name"),
        ("name,version,versions\na,1,1\n", "two columns for the version"),
        ("name,package,version\na,a,1\n", "two columns for the name"),
        ("filename,url\nnotes.txt,\n", "no wheel or sdist"),
        ("name,filename,url\na,b-1.0.tar.gz,\n", "no file of a"),
        ("name,version\nlitellm,0.2.0 to 0.2.6\n", "'to' is no version"),
        ("name,version\nlitellm,>=x\n", "no set of specifiers"),
        ("name,version\n@scope/a,1.0\n", "line 2: '@scope/a' is no name"),
        ("name,version,lang\nkeyv,6.0.0,npm\n", "unknown header 'lang'"),
        ('name,version\nlitellm,"1.82.7\n', "no CSV"),
        ('name,version\nlitellm,"1.82.7\nother"\n', "no version|are no versions"),
        (f"name,sha256\nlitellm,{WHEEL[:-1]}\n", "64 hex digits"),
        ("name,hash\nlitellm,nothing\n", "no digest"),
        (f"name,sha256\nlitellm,md5:{digest('m', 'md5')}\n", "64 hex digits"),
        ("name,version\n", "says nothing"),
    ],
)
def test_a_table_that_is_damaged_says_nothing(read: Read, text: str, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.csv", text)


@pytest.mark.parametrize("name", ["malware.bin", "foo-1.0.tar.lzma.asc"])
def test_a_digest_beside_any_other_name_is_of_a_member_or_of_a_file(read: Read, name: str) -> None:
    advisories = read("iocs.csv", f"filename,sha256\n{name},{'ab' * 32}\n")
    assert {indicator.member for indicator in advisories.indicators} == {name, None}
    assert {indicator.digests for indicator in advisories.indicators} == {(("sha256", "ab" * 32),)}


def test_a_file_may_be_named_with_its_folder(read: Read) -> None:
    (indicator,) = read("iocs.csv", f"filename,sha256\ndist/foo-1.0.tar.gz,{'ab' * 32}\n").indicators
    assert (indicator.filename, indicator.member) == ("foo-1.0.tar.gz", None)
