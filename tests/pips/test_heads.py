"""Heads with a turned bit, as real pips of all eras read them, and as `verify` judges them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.pips import PIP_VERSIONS
from tests.support.real_readers import Sample, read_heads, readers, write_head

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

BODY = archives.build_wheel("foo", "1.0")[1]
FILE = {
    "Date": "Tue, 05 Mar 2024 10:20:30 GMT",
    "ETag": '"a296c6e2J-M"',
    "Cache-Control": "max-age=365000000",
    "Content-Type": "application/zip",
    "Content-Length": str(len(BODY)),
}
PAGE = gzip.compress(b'{"meta": {"api-version": "1.0"}, "name": "foo", "versions": [], "files": []}')
SIMPLE = {
    "Date": "Tue, 05 Mar 2024 10:20:30 GMT",
    "ETag": '"J7M-x"',
    "Content-Type": "application/vnd.pypi.simple.v1+json",
    "Content-Encoding": "gzip",
    "Content-Length": str(len(PAGE)),
    "Vary": "Accept",
}
IDENTITY = {"Accept-Encoding": "identity", "Accept": "*/*"}
ACCEPTED = {"Accept-Encoding": "gzip, deflate", "Accept": "application/vnd.pypi.simple.v1+json"}
OLD_FILE = {
    "Date": "Tue, 05 Mar 2024 10:20:30 GMT",
    "Expires": "Tue, 05 Mar 2030 10:20:30 GMT",
    "Content-Length": str(len(BODY)),
    "Vary": "Accept-Encoding",
}
REDIRECT = {"Location": "https://files.example/foo.whl", "ETag": '"1"'}

SAMPLES = {
    "a wheel": Sample("25.3", FILE, IDENTITY, BODY),
    "a wheel in http": Sample("20.3.4", FILE, IDENTITY, BODY),
    "a page": Sample("26.3", SIMPLE, ACCEPTED, PAGE, is_page=True),
    "a file that expires": Sample("23.3.2", OLD_FILE, IDENTITY, BODY),
    "a redirect": Sample("24.3.1", REDIRECT, IDENTITY, b"", 301),
    "a page in http": Sample("22.3.1", SIMPLE, ACCEPTED, PAGE, is_page=True),
    "a file that expires in http": Sample("23.2.1", OLD_FILE, IDENTITY, BODY),
}

FAILS = ("miss", "dies")


@pytest.mark.slow
@pytest.mark.pips
@pytest.mark.parametrize("name", SAMPLES)
def test_every_turned_bit_of_a_head_is_judged_as_pips_read_it(
    builder: CacheBuilder, program: Program, tmp_path: Path, name: str
) -> None:
    sample = SAMPLES[name]
    whole = write_head(sample, tmp_path / "home")
    skipped = (
        range(whole.index(sample.body), whole.index(sample.body) + len(sample.body)) if not sample.is_split else ()
    )
    heads = [whole]
    for bit in range(len(whole) * 8):
        if bit // 8 not in skipped:
            turned = bytearray(whole)
            turned[bit // 8] ^= 1 << bit % 8
            heads.append(bytes(turned))
    by_key = {}
    for number, head in enumerate(heads):
        url = f"https://files.example/{number}"
        if sample.is_split:
            by_key[builder.raw(url, head, sample.body)] = number
        else:
            by_key[builder.raw(url, head, store="http")] = number
    judged = program("verify", "--format", "json").document["judgements"]
    codes = {
        by_key[judgement["artifact"]["key"]]: {finding["code"] for finding in judgement["findings"]}
        for judgement in judged
    }
    outcomes = {
        version: read_heads(version, sample, heads, tmp_path / "home") for version in readers(PIP_VERSIONS, sample)
    }
    wrong = []
    for number, head in enumerate(heads):
        by_version = {version: each[number] for version, each in outcomes.items()}
        failing = [what for what in by_version.values() if what.startswith(FAILS)]
        reported = codes.get(number, set())
        if len(failing) == len(by_version):
            is_right = "PC104" in reported
        else:
            is_right = bool(reported) if failing else reported.isdisjoint({"PC104", "PC109"})
        if not is_right:
            wrong.append((head, by_version, reported))
    assert wrong == []
