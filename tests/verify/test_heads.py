"""Heads that pip cannot use, lengths that do not agree, and credentials beside them."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest

from pipcache.util.urls import file_urls
from tests.support import archives
from tests.support.caches import DATE, FILE_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

NAME, WHEEL = archives.build_wheel("foo", "1.0")
URL = file_urls(hashlib.blake2b(WHEEL, digest_size=32).hexdigest(), NAME)[0]
PAGE = b"<html><title>Links for foo</title><body>" + b"<br>" * 200 + b"</body></html>"
PAGE_HEADERS = {**FILE_HEADERS, "Content-Type": "text/html", "X-PyPI-Last-Serial": "7", "Content-Encoding": "gzip"}


def judged(program: Program) -> tuple[str, set[str]]:
    """The verdict of the only entry, and the codes of its findings."""
    (judgement,) = program("verify", "--format", "json").document["judgements"]
    return judgement["verdict"], {finding["code"] for finding in judgement["findings"]}


UNUSABLE: dict[str, dict[str, str]] = {
    "no date": {**FILE_HEADERS, "Date": "yesterday"},
    "a year that there is not": {**FILE_HEADERS, "Date": "Tue, 05 Mar 20240 10:20:30 GMT"},
    "an end that there is not": {"Date": DATE, "Expires": "Tue, 05 Mar 20240 10:20:30 GMT"},
    "an ETag that cannot be sent": {"Date": DATE, "ETag": '"a\nb"'},
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_certified_file_whose_head_no_pip_can_use_is_damaged(
    builder: CacheBuilder, program: Program, what: str
) -> None:
    builder.download(URL, WHEEL, headers=UNUSABLE[what])
    assert judged(program) == ("damaged", {"PC104"})


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (201, ("verified", set())),
        (204, ("verified", {"PC109"})),
        (304, ("verified", {"PC109"})),
        (404, ("damaged", {"PC104"})),
        (500, ("damaged", {"PC104"})),
    ],
)
def test_a_status_counts_as_pip_takes_it(
    builder: CacheBuilder, program: Program, status: int, expected: tuple[str, set[str]]
) -> None:
    builder.download(URL, WHEEL, status=status)
    assert judged(program) == expected


def test_a_part_that_pip_takes_for_the_whole_is_damaged(builder: CacheBuilder, program: Program) -> None:
    headers = {**FILE_HEADERS, "Content-Range": f"bytes 0-{len(WHEEL) - 1}/{len(WHEEL) + 5}"}
    builder.download("https://files.example/x", WHEEL, status=206, headers=headers)
    verdict, codes = judged(program)
    assert (verdict, "PC101" in codes) == ("damaged", True)


@pytest.mark.parametrize("difference", [-3, 0, 3])
@pytest.mark.parametrize(("is_chunked", "is_cut"), [(False, False), (True, False), (False, True)])
def test_the_length_of_a_coded_body_is_compared(
    builder: CacheBuilder, program: Program, difference: int, *, is_chunked: bool, is_cut: bool
) -> None:
    whole = gzip.compress(PAGE)
    data = whole[:-5] if is_cut else whole
    headers: Mapping[str, str] = {**PAGE_HEADERS, "Content-Length": str(len(whole) + difference)}
    if is_chunked:
        headers = {**headers, "Transfer-Encoding": "chunked"}
    builder.download("https://index.example/simple/foo/", data, headers=headers)
    if is_cut:
        assert judged(program) == ("damaged", {"PC101", "PC105"})
    else:
        wrong = bool(difference) and not is_chunked
        assert judged(program) == (("damaged", {"PC108"}) if wrong else ("intact", set()))


def test_a_poisoned_file_beside_credentials_stays_poisoned(builder: CacheBuilder, program: Program) -> None:
    _, other = archives.build_wheel("foo", "1.0", members={"foo/evil.py": b"import os"})
    headers = {**FILE_HEADERS, "Vary": "Authorization"}
    builder.download(URL, other, headers=headers, request_headers={"Authorization": "Basic c2VjcmV0"})
    row = f'<title>Links for foo</title><a href="{URL}#sha256={hashlib.sha256(WHEEL).hexdigest()}">{NAME}</a>'
    builder.download(
        "https://index.example/simple/foo/", row.encode(), headers={**FILE_HEADERS, "Content-Type": "text/html"}
    )
    judgements = program("verify", "foo", "--kind", "wheel", "--format", "json").document["judgements"]
    assert [judgement["verdict"] for judgement in judgements] == ["poisoned"]
    assert {"PC106", "PC201"} == {finding["code"] for finding in judgements[0]["findings"]}


def test_a_redirect_to_a_url_without_a_host_is_said(builder: CacheBuilder, program: Program) -> None:
    for location in ("http:", "http:///foo", "http:/foo"):
        key = builder.download("https://files.example/x", None, status=301, headers={"Location": location})
        assert codes_of(program, key) == {"PC109"}, location
    for location in ("/foo", "https:///foo"):  # pip asks for nearly everything by https
        key = builder.download("https://files.example/x", None, status=301, headers={"Location": location})
        assert codes_of(program, key) == set(), location


def test_the_date_of_a_redirect_that_old_pips_do_not_know_is_said(builder: CacheBuilder, program: Program) -> None:
    headers = {"Location": "https://files.example/foo", "Date": "yesterday"}
    old = builder.legacy("https://files.example/x", b"", status=308, headers=headers)
    assert codes_of(program, old) == {"PC109"}
    new = builder.download("https://files.example/y", None, status=308, headers=headers)
    assert codes_of(program, new) == set()


def codes_of(program: Program, key: str) -> set[str]:
    (judgement,) = program("verify", key, "--format", "json").document["judgements"]
    return {finding["code"] for finding in judgement["findings"]}
