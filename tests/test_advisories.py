"""Advisories of every published form say what is bad, damaged ones say nothing, and none of their traps is met."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import sys
from base64 import urlsafe_b64encode
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.loader import read_advisories
from pipcache.advisories.model import Advisories, AdvisoryError, Range
from pipcache.util.urls import FILES_HOST, INDEX_HOST, file_urls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], str]
    Read = Callable[[str, object], Advisories]


def digest(what: str, algorithm: str = "sha256") -> str:
    """A digest that looks like any other; the bytes are never needed."""
    if algorithm == "blake2b_256":
        return hashlib.blake2b(what.encode(), digest_size=32).hexdigest()
    return hashlib.new(algorithm, what.encode()).hexdigest()


def b64(hexdigest: str) -> str:
    """A digest as RECORD spells it."""
    return urlsafe_b64encode(bytes.fromhex(hexdigest)).decode().rstrip("=")


WHEEL, SDIST, MEMBER = digest("wheel"), digest("sdist"), digest("member")
BLAKE = digest("wheel", "blake2b_256")
EMPTY = hashlib.sha256().hexdigest()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file, and gives its path."""

    def written(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return written


@pytest.fixture
def read(write: Write) -> Read:
    """Reads a file of that name; what is no text is written as JSON."""

    def result(name: str, content: object) -> Advisories:
        return read_advisories(
            [write(name, content if isinstance(content, (str, bytes)) else json.dumps(content))]
        )

    return result


def by_name(advisories: Advisories) -> list[tuple[str | None, tuple[str, ...]]]:
    """Projects and versions of the indicators that go by them."""
    return [(one.project, one.versions) for one in advisories.indicators if one.versions]


def all_digests(advisories: Advisories) -> set[tuple[str, str]]:
    return {pair for one in advisories.indicators for pair in one.digests}


def all_urls(advisories: Advisories) -> set[str]:
    return {url for one in advisories.indicators for url in one.urls}


# The forms, rebuilt from what was published of each case


def hashed_path(blake: str, filename: str) -> str:
    return f"packages/{blake[:2]}/{blake[2:4]}/{blake[4:]}/{filename}"


LITELLM_WHEEL, LITELLM_SDIST = "litellm-1.82.7-py3-none-any.whl", "litellm-1.82.8.tar.gz"
SDIST_BLAKE = digest("sdist", "blake2b_256")
INSPECTOR = "https://inspector.example/project/litellm"


def litellm() -> dict[str, object]:
    """As the malicious packages have it: versions, references of the inspector, a report's digest, domains."""
    return {
        "modified": "2026-03-26T09:00:00Z",
        "published": "2026-03-24T11:00:00Z",
        "schema_version": "1.7.4",
        "id": "MAL-2026-2144",
        "aliases": ["PYSEC-2026-2"],
        "summary": "Malicious code in litellm",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "litellm"}, "versions": ["1.82.7", "1.82.8"]}],
        "references": [
            {"type": "REPORT", "url": "https://code.example/BerriAI/litellm/issues/24512"},
            {
                "type": "EVIDENCE",
                "url": f"{INSPECTOR}/1.82.7/{hashed_path(BLAKE, LITELLM_WHEEL)}/litellm/x.py#line.130",
            },
            {"type": "EVIDENCE", "url": f"{INSPECTOR}/1.82.8/{hashed_path(SDIST_BLAKE, LITELLM_SDIST)}/a/b.pth"},
        ],
        "database_specific": {
            "iocs": {
                "domains": ["models.litellm.example"],
                "urls": ["https://models.litellm.example/"],
                "ip_addresses": ["192.0.2.7"],
            },
            "malicious-packages-origins": [
                {"source": "somebody", "sha256": digest("report"), "versions": ["1.82.7"]}
            ],
        },
    }


GHSA_OPEN: dict[str, object] = {
    "id": "GHSA-5mg7-485q-xm76",
    "modified": "2026-03-25T00:00:00Z",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "litellm", "purl": "pkg:pypi/litellm"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.82.7"}]}],
        }
    ],
}

CTX_YAML = """\
id: PYSEC-2022-199
details: 'The project was taken over: a new owner put
  something else in its place.'
affected:
- package:
    name: ctx
    ecosystem: PyPI
    purl: pkg:pypi/ctx
  versions:
  - 0.1.2-1
  - 0.1.2-2
  - 1.10
  - '0.2'
references:
- type: ARTICLE
  url: https://news.example/ctx
modified: '2022-05-24T17:55:00.000000Z'
"""

TABLE = """\
artifact_type,name,affected_versions
pypi package,litellm,"1.82.7, 1.82.8"
pypi package,Telnyx,4.87.1; 4.87.2
docker image,scanner/one,"0.69.4, 0.69.5"
github action,checks/kics,All tags not starting with v except 0.35.0
domain,models.litellm.example,
"""

LIST = f"""\
# what came out of the incident room
litellm==1.82.7
ultralytics==8.3.41  # built with a poisoned cache
Legacy_Thing===0.7.10p1
yocolor
torch[cpu] >= 2.0, < 2.1
ctx-0.1.2-1-py2.py3-none-any.whl
pkg:pypi/bittensor-wallet@4.0.2?artifact_id=tar-gz

sha256:{WHEEL}
SHA256={SDIST.upper()}
{MEMBER}
litellm_init.pth,sha256=ceNa7wMJnNHy1kRnNCcwJaFjWX3pORLfMh7xGL8TUjg,34628
https://{FILES_HOST}/{hashed_path(BLAKE, LITELLM_WHEEL)}
models.litellm.example
192.0.2.7
"""

HASHED = f"""\
--index-url https://index.example/simple
litellm==1.82.7 ; python_version >= "3.9" \\
    --hash=sha256:{WHEEL} \\
    --hash=sha256:{SDIST}
    # via -r requirements.in
"""

BOM: dict[str, object] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {"component": {"type": "application", "bom-ref": "app", "name": "app", "purl": "pkg:pypi/app@1"}},
    "components": [
        {
            "type": "library",
            "bom-ref": "a",
            "name": "litellm",
            "version": "1.82.7",
            "purl": "pkg:pypi/litellm@1.82.7",
            "hashes": [{"alg": "SHA-256", "content": WHEEL}],
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": f"https://{FILES_HOST}/{hashed_path(SDIST_BLAKE, 'litellm-1.82.7.tar.gz')}",
                    "hashes": [{"alg": "SHA-512", "content": digest("sdist", "sha512")}],
                },
                {
                    "type": "website",
                    "url": "https://litellm.example",
                    "hashes": [{"alg": "MD5", "content": "0" * 32}],
                },
            ],
            "components": [{"type": "library", "bom-ref": "c", "name": "inner", "purl": "pkg:pypi/inner@3"}],
        },
        {"type": "library", "bom-ref": "b", "name": "good", "version": "2.0", "purl": "pkg:pypi/good@2.0"},
        {"type": "library", "bom-ref": "n", "name": "keyv", "purl": "pkg:npm/%40keyv/x@1.0"},
        {"type": "operating-system", "bom-ref": "o", "name": "debian"},
    ],
}
VDR: dict[str, object] = BOM | {
    "vulnerabilities": [
        {"id": "MAL-2026-2144", "affects": [{"ref": "a"}]},
        {"id": "CVE-1", "affects": [{"ref": "b"}], "analysis": {"state": "not_affected"}},
    ]
}

OPENVEX: dict[str, object] = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://vex.example/1",
    "author": "somebody",
    "timestamp": "2026-03-25T00:00:00Z",
    "version": 1,
    "statements": [
        {
            "vulnerability": {"name": "MAL-2026-2144"},
            "products": [
                {
                    "@id": "pkg:oci/image@sha256%3A00",
                    "subcomponents": [{"@id": "pkg:pypi/LiteLLM@1.82.7", "hashes": {"sha-256": WHEEL}}],
                }
            ],
            "status": "affected",
            "action_statement": "purge it",
        },
        {"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:pypi/good@2.0"}], "status": "not_affected"},
    ],
}

CSAF: dict[str, object] = {
    "document": {"csaf_version": "2.0", "category": "csaf_vex", "tracking": {"id": "SA-1"}},
    "product_tree": {
        "branches": [
            {
                "category": "vendor",
                "name": "BerriAI",
                "branches": [
                    {
                        "category": "product_version",
                        "name": "1.82.7",
                        "product": {
                            "product_id": "P1",
                            "name": "litellm 1.82.7",
                            "product_identification_helper": {
                                "purl": "pkg:pypi/litellm",
                                "hashes": [
                                    {
                                        "filename": LITELLM_WHEEL,
                                        "file_hashes": [{"algorithm": "sha256", "value": WHEEL}],
                                    }
                                ],
                            },
                        },
                    },
                ],
            }
        ],
        "full_product_names": [
            {
                "product_id": "P2",
                "name": "good",
                "product_identification_helper": {"purl": "pkg:pypi/good@2.0"},
            },
            {"product_id": "APP", "name": "an application"},
        ],
        "relationships": [
            {
                "category": "default_component_of",
                "product_reference": "P1",
                "relates_to_product_reference": "APP",
                "full_product_name": {"product_id": "APP:P1", "name": "litellm of an application"},
            }
        ],
    },
    "vulnerabilities": [
        {"cve": "CVE-2026-1", "product_status": {"known_affected": ["APP:P1"], "known_not_affected": ["P2"]}}
    ],
}


# OSV


def test_a_record_says_versions_and_the_files_that_its_references_show(read: Read) -> None:
    found = read("MAL-2026-2144.json", litellm())
    assert by_name(found) == [("litellm", ("1.82.7", "1.82.8"))]
    assert {one.record for one in found.indicators} == {"MAL-2026-2144"}
    assert all_digests(found) == {("blake2b_256", BLAKE), ("blake2b_256", SDIST_BLAKE)}
    assert all_urls(found) == {*file_urls(BLAKE, LITELLM_WHEEL), *file_urls(SDIST_BLAKE, LITELLM_SDIST)}
    assert (found.records, found.foreign, found.withdrawn) == (1, 0, ())


def test_the_digest_of_a_report_is_never_that_of_a_file(read: Read) -> None:
    found = read("MAL-2026-2144.json", litellm())
    assert digest("report") not in repr(found)


def test_domains_and_addresses_are_told_and_never_matched(read: Read) -> None:
    assert read("a.json", litellm()).never == (
        "MAL-2026-2144: domain models.litellm.example",
        "MAL-2026-2144: URL https://models.litellm.example/",
        "MAL-2026-2144: IP 192.0.2.7",
    )


def test_an_open_range_holds_the_clean_release_too_and_says_so(read: Read) -> None:
    (one,) = read("a.json", GHSA_OPEN).indicators
    (span,) = one.ranges
    assert span.text() == "introduced 1.82.7, no end"
    assert (span.contains("1.83.0"), span.contains("1.82.6"), span.contains("1.82.7.dev1")) == (True, False, False)


def test_a_reference_to_a_good_file_is_not_an_indicator(read: Read) -> None:
    record = litellm()
    good = f"https://{FILES_HOST}/{hashed_path(digest('good', 'blake2b_256'), 'litellm-1.83.0.tar.gz')}"
    other = f"https://{FILES_HOST}/{hashed_path(digest('other', 'blake2b_256'), 'openai-1.82.7.tar.gz')}"
    record["references"] = [{"type": "FIX", "url": good}, {"type": "WEB", "url": other}]
    found = read("a.json", record)
    assert all_urls(found) == set()
    assert found.notes == ("MAL-2026-2144: litellm-1.83.0.tar.gz is referred to, and of no affected version",)


@pytest.mark.parametrize("filename", ["ctx-0.1.2-1-py2.py3-none-any.whl", "ctx-0.1.2-1.tar.gz"])
def test_the_file_of_a_release_with_a_dash_is_that_release(read: Read, filename: str) -> None:
    record = {
        "id": "PYSEC-2022-199",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "ctx"}, "versions": ["0.1.2-1"]}],
        "references": [{"type": "WEB", "url": f"https://{FILES_HOST}/{hashed_path(BLAKE, filename)}"}],
    }
    assert set(file_urls(BLAKE, filename)) <= all_urls(read("a.json", record))
    good = filename.replace("-1", "", 1)
    record["references"] = [{"type": "WEB", "url": f"https://{FILES_HOST}/{hashed_path(BLAKE, good)}"}]
    assert all_urls(read("a.json", record)) == set()


def test_yaml_is_read_as_text(read: Read) -> None:
    found = read("PYSEC-2022-199.yaml", CTX_YAML)
    assert by_name(found) == [("ctx", ("0.1.2-1", "0.1.2-2", "1.10", "0.2"))]


def test_null_in_yaml_withdraws_nothing(read: Read) -> None:
    assert by_name(read("a.yaml", CTX_YAML + "withdrawn: null\naliases: ~\n"))
    found = read("b.yaml", CTX_YAML + "withdrawn: 2022-06-01T00:00:00Z\n")
    assert (found.indicators, found.withdrawn, found.records) == ((), ("PYSEC-2022-199",), 1)


def test_records_come_alone_in_lists_in_answers_in_lines_and_in_streams(read: Read) -> None:
    other = GHSA_OPEN | {"id": ""}
    lines = f"{json.dumps(litellm())}\n{json.dumps(other)}\n"
    stream = f"{json.dumps(litellm(), indent=1)}\n{json.dumps(other, indent=1)}"
    forms: list[object] = [[litellm(), other], {"vulns": [litellm(), other]}, lines, stream]
    answers = {tuple(one._replace(source="") for one in read("a.json", form).indicators) for form in forms}
    assert len(answers) == 1
    (indicators,) = answers
    assert indicators[-1].record == "record 2"
    found = read("c.json", {"vulns": [GHSA_OPEN], "next_page_token": "more"})
    assert "another page" in found.notes[0]


def test_withdrawn_records_are_skipped_and_told(read: Read) -> None:
    found = read("a.json", [GHSA_OPEN | {"withdrawn": "2026-04-01T00:00:00Z"}, litellm()])
    assert (found.withdrawn, found.records) == (("GHSA-5mg7-485q-xm76",), 2)
    assert not any(one.ranges for one in found.indicators)


def test_other_ecosystems_are_counted(read: Read) -> None:
    record = litellm()
    record["affected"] = [
        {"package": {"ecosystem": "npm", "name": "@litellm/x"}, "versions": ["1"]},
        {"package": {"ecosystem": "PyPI:private", "name": "LiteLLM.Proxy"}, "versions": ["2", "2"]},
    ]
    found = read("a.json", record)
    assert (by_name(found), found.foreign) == ([("litellm-proxy", ("2",))], 1)


def test_a_purl_that_names_the_kind_of_file_narrows_the_record(read: Read) -> None:
    package = {
        "ecosystem": "PyPI",
        "name": "bittensor-wallet",
        "purl": "pkg:pypi/bittensor-wallet?artifact_id=tar-gz",
    }
    record = {"id": "A-1", "affected": [{"package": package, "versions": ["4.0.2"]}]}
    (one,) = read("a.json", record).indicators
    assert (one.kinds, one.versions) == (frozenset({"sdist"}), ("4.0.2",))
    package["purl"] = "pkg:pypi/bittensor-wallet?file_name=bittensor_wallet-4.0.2.tar.gz"
    (one,) = read("a.json", record).indicators
    assert one.filename == "bittensor_wallet-4.0.2.tar.gz"


def test_what_a_cache_cannot_be_held_against_is_told(read: Read) -> None:
    package = {"ecosystem": "PyPI", "name": "a"}
    ranges = [
        {"type": "GIT", "repo": "https://code.example/a.git", "events": [{"introduced": "0"}]},
        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0-final-x"}]},
    ]
    affected = [{"package": package, "ranges": ranges}, {"package": package}, {"ranges": ranges[:1]}]
    found = read("a.json", {"id": "A-1", "affected": affected})
    assert found.indicators == ()
    assert found.never == (
        "A-1: a, GIT range of https://code.example/a.git",
        "A-1: a, introduced 0, fixed 1.0-final-x: '1.0-final-x' is not PEP 440",
        "A-1: a names no version that can be compared",
        "A-1: affected[2] names no package",
    )


def test_the_files_that_sources_of_malicious_packages_add_are_digests(read: Read) -> None:
    record = litellm()
    blake = digest("x", "blake2b_256")
    indicators = {
        "domains": ["api.example"],
        "evidence_files": [
            {"path": "litellm/proxy.py", "sha256": MEMBER, "tlsh": "9ee0"},
            {"path": "litellm/__init__.py", "sha256": EMPTY},
        ],
        "package_integrity": [
            {"filename": LITELLM_WHEEL, "hashes": {"sha256": WHEEL, "md5": "wrong", "blake2b_256": blake}}
        ],
    }
    record["affected"] = [
        {
            "package": {"ecosystem": "PyPI", "name": "litellm"},
            "versions": ["1.82.7"],
            "database_specific": {"indicators": indicators, "cwes": [{"cweId": "CWE-506"}]},
        }
    ]
    record["database_specific"] = {
        "iocs": {
            "files": [
                {"path": "run.sh", "source": "downloaded", "digests": {"sha256": digest("run")}},
                {"path": "a.pth", "source": "package-archive", "digests": {"sha256": digest("pth")}},
            ]
        }
    }
    found = read("a.json", record)
    members = {one.member: one.digests for one in found.indicators if one.member}
    assert members == {
        "litellm/proxy.py": (("sha256", MEMBER),),
        "a.pth": (("sha256", digest("pth")),),
    }
    files = [one for one in found.indicators if one.filename == LITELLM_WHEEL and one.digests and not one.member]
    assert ("sha256", WHEEL) in {one.digests[0] for one in files}
    assert set(file_urls(blake, LITELLM_WHEEL)) <= all_urls(found)
    told = "\n".join(found.never)
    assert "domain api.example" in told
    assert "run.sh, downloaded at run time" in told
    assert "'wrong' is no md5" in told
    assert "litellm/__init__.py is empty" in told
    assert EMPTY not in repr(found.indicators)


def test_keys_of_a_newer_schema_are_told_and_those_of_this_one_refused(read: Read) -> None:
    assert read("a.json", GHSA_OPEN | {"schema_version": "1.8.0", "weather": 1}).notes == (
        "GHSA-5mg7-485q-xm76: the record has keys of a newer schema: 'weather'",
    )
    with pytest.raises(AdvisoryError, match="unknown key 'weather'"):
        read("a.json", GHSA_OPEN | {"schema_version": "1.7.9", "weather": 1})


def test_each_case_is_read_as_it_was_published(read: Read) -> None:
    num2words = {
        "id": "GHSA-jxr6-qrxx-2ph2",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "num2words"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0.5.15"}, {"last_affected": "0.5.16"}]},
                ],
            }
        ],
    }
    (one,) = read("num2words.json", num2words).indicators
    inside = [version for version in ("0.5.14", "0.5.15", "0.5.16", "0.5.17") if one.ranges[0].contains(version)]
    assert inside == ["0.5.15", "0.5.16"]
    aiocpa = {
        "id": "MAL-2024-11518",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "aiocpa"}, "versions": ["0.1.13", "0.1.14"]}],
        "references": [
            {
                "type": "WEB",
                "url": "https://inspector.example/project/aiocpa/0.1.13/"
                + hashed_path(BLAKE, "aiocpa-0.1.13-py3-none-any.whl")
                + "/cryptopay/utils/sync.py#line.62",
            }
        ],
    }
    assert all_digests(read("aiocpa.json", aiocpa)) == {("blake2b_256", BLAKE)}
    ultralytics = f"https://{FILES_HOST}/{hashed_path(BLAKE, 'ultralytics-8.3.41-py3-none-any.whl')}\n"
    (one,) = read("ultralytics.txt", ultralytics).indicators
    assert one.project == "ultralytics"
    assert set(one.urls) == set(file_urls(BLAKE, "ultralytics-8.3.41-py3-none-any.whl"))
    (one,) = read("torchtriton.txt", f"{MEMBER}  triton/runtime/triton\n").indicators
    assert (one.digests[0], one.member) == (("sha256", MEMBER), "triton/runtime/triton")


def affected(**changes: object) -> dict[str, object]:
    return {
        "id": "A-1",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": ["1"]} | changes],
    }


def events(*rows: object) -> dict[str, object]:
    return affected(ranges=[{"type": "ECOSYSTEM", "events": list(rows)}])


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (affected(version=["2"]), "unknown key 'version'"),
        (affected(versions="1"), "a list was expected"),
        (affected(versions=[1]), "text was expected"),
        (affected(versions=[""]), "text was expected"),
        (affected(package={"ecosystem": "PyPI", "name": ""}), "no name of a project"),
        (affected(package={"ecosystem": "PyPI", "name": "a b"}), "no name of a project"),
        (affected(package={"ecosystem": "pypi", "name": "a"}), "PyPI was expected"),
        (affected(package={"name": "a"}), "no ecosystem"),
        (affected(package={"ecosystem": "PyPI", "name": "a", "purl": "pkg:pypi/b"}), "should agree"),
        (affected(package={"ecosystem": "PyPI", "name": "a", "purl": "pkg:npm/a"}), "should agree"),
        (affected(package={"ecosystem": "PyPI", "name": "a", "url": "x"}), "unknown key 'url'"),
        (affected(ranges=[{"type": "PEP440", "events": [{"introduced": "0"}]}]), "ECOSYSTEM, SEMVER or GIT"),
        (affected(ranges=[{"type": "ECOSYSTEM", "events": [{"introduced": "0"}], "x": 1}]), "unknown key 'x'"),
        (affected(ranges=[{"type": "ECOSYSTEM"}]), "no event says introduced"),
        (events({"fixed": "1"}), "no event says introduced"),
        (events({"introduced": "2"}, {"fixed": "1"}), "does not begin with introduced"),
        (events({"introduced": "1", "fixed": "2"}), "'introduced', 'fixed'"),
        (events({"introduced": "1"}, {}), "nothing"),
        (events({"introduced": "1"}, {"fixd": "2"}), "'fixd'"),
        (events({"introduced": 0}), "a version was expected"),
        (events({"introduced": "0"}, {"fixed": ""}), "a version was expected"),
        ({"id": "A-1", "withdrawn": True, "affected": []}, "text was expected"),
        ({"id": "A-1", "withdrawn": "no", "affected": []}, "a date was expected"),
        ({"affected": []}, "its id is"),
        ({"id": 1, "affected": []}, "its id is"),
        ({"id": "A-1", "schema_version": "new"}, "schema_version"),
        ({"name": "litellm", "affected_versions": ["1"]}, "OSV, CycloneDX"),
        ({}, "has nothing"),
        ([1], "an OSV record was expected"),
        ([], "says nothing"),
        ({"vulns": {}}, "a list of OSV records"),
        ('{"id": "a", "affected": [], "affected": []}', "'affected' stands twice"),
        ('{"id": "a", "affected": [', "line 1: no JSON"),
        ('{"id": "a",\n"affected": [}', "line 2: no JSON"),
        ('{"id": NaN}', "NaN"),
        ('{"id": ' + "1" * 5000 + "}", "a real number"),
        ("[" * 100_000, "nested too deeply"),
        ('{"id": "a"} [1]', "objects were expected"),
        (b"\xff\xfe{\0}", "UTF-8"),
        (b"\xff\xfe{\0}\0", "has nothing"),
        (b"", "says nothing"),
        (b"\0\0\0", "says nothing|no JSON"),
    ],
)
def test_a_record_that_is_damaged_says_nothing(read: Read, document: object, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.json", document)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id: &a x\naffected: [*a]\n", "line 1: an anchor"),
        ("id: x\naffected: [*a]\n", "line 2: an anchor or alias"),
        ("id: !!python/object:os.system x\n", "line 1: the tag"),
        ("id: x\nid: y\n", "line 2: the key 'id' stands twice"),
        ("? [a]\n: b\n", "line 1: a key"),
        ("id: x\n\taffected: []\n", "line 2: no YAML"),
        ("id: x\naffected: \0\n", "no YAML"),
        ("[" * 300 + "]" * 300 + "\n", "nested too deeply"),
        ("- 1\n", "an OSV record was expected"),
        ("just words\n", "an OSV record was expected"),
        ("---\n...\n", "says nothing"),
        (CTX_YAML[:-1], "ends within a line"),
    ],
)
def test_yaml_that_is_damaged_says_nothing(read: Read, text: str, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.yaml", text)


def test_yaml_that_has_lost_its_end_does_not_open_a_range(read: Read) -> None:
    spans = "  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n"
    head = "id: A-1\naffected:\n- package: {name: a, ecosystem: PyPI}\n"
    end = "    - fixed: '2.0'\nmodified: 2026-01-01T00:00:00Z\n"
    (one,) = read("a.yaml", head + spans + end).indicators
    assert one.ranges == (Range((("introduced", "0"), ("fixed", "2.0"))),)
    with pytest.raises(AdvisoryError, match="may be cut off"):
        read("a.yaml", head + spans)


# Ranges


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([("introduced", "0")], ["0.dev0", "0a1", "1.0", "2!0", "1.0+local"], ["", "old", "1.0-x-y"]),
        ([("introduced", "0"), ("fixed", "2.0")], ["1.9", "2.0rc1", "2.0.dev1"], ["2.0", "2", "2.0.post1", "1!0"]),
        (
            [("introduced", "0.5.15"), ("last_affected", "0.5.16")],
            ["0.5.15", "0.5.16"],
            ["0.5.14", "0.5.16.post1"],
        ),
        (
            [("introduced", "1"), ("fixed", "1.2"), ("introduced", "3"), ("fixed", "3.2")],
            ["1.0", "3.1.9"],
            ["0.9", "1.2", "2.9", "3.2"],
        ),
        ([("fixed", "2"), ("introduced", "0")], ["1"], ["2", "3"]),
        ([("introduced", "1"), ("last_affected", "1")], ["1.0"], ["1.0.1", "0.9"]),
        ([("introduced", "1"), ("limit", "3")], ["1", "2.9"], ["3", "4"]),
        ([("introduced", "1"), ("limit", "2"), ("limit", "*")], ["1", "4"], ["0.9"]),
        ([("introduced", "1.2-1")], ["1.2.post1", "1.3"], ["1.2"]),
        ([("introduced", "1" * 5)], ["1" * 5], ["1" * 4, "1." + "9" * 5000]),
    ],
)
def test_ranges_hold_what_the_schema_says(
    events: list[tuple[str, str]], inside: list[str], outside: list[str]
) -> None:
    span = Range(tuple(events))
    assert [version for version in inside if not span.contains(version)] == []
    assert [version for version in outside if span.contains(version)] == []


def test_ranges_are_told_in_words() -> None:
    assert Range((("introduced", "0.5.15"), ("last_affected", "0.5.16"))).text() == (
        "introduced 0.5.15, last affected 0.5.16"
    )
    assert Range((("introduced", "0"), ("fixed", "2.0"))).text() == "introduced 0, fixed 2.0"


# Tables


def test_a_table_says_versions_counts_others_and_tells_domains(read: Read) -> None:
    found = read("iocs.csv", TABLE)
    assert by_name(found) == [("litellm", ("1.82.7", "1.82.8")), ("telnyx", ("4.87.1", "4.87.2"))]
    assert (found.records, found.foreign, found.never) == (5, 2, ("line 6: domain models.litellm.example",))
    assert [one.record for one in found.indicators] == ["line 2", "line 3"]


@pytest.mark.parametrize(
    "text",
    [
        "Package Name,Malicious Versions\nlitellm,1.82.7|1.82.8\n",
        "Package,Version\nlitellm,= 1.82.7 || = 1.82.8\n",
        "ecosystem,package,version\nPyPI,litellm,1.82.7 1.82.8\nnpm,keyv,6.0.0\n",
        "version\tproject\tcontext\n1.82.7,1.82.8\tLiteLLM\tsaid so\n",
        '\ufeffregistry,name,affected-versions\r\npython,litellm,"1.82.7, 1.82.8"\r\n\r\n',
        "type,indicator,context\npypi package,litellm@1.82.7,x\npypi package,litellm==1.82.8,x\n",
        "type,indicator,version\npypi package,litellm,1.82.7\npypi package,LiteLLM,1.82.8\n",
        "id,package_name,package_versions,vendors\nC-1,litellm,==1.82.7;==1.82.8,one\n",
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_tables_have_been_published_in_many_forms(read: Read, name: str, text: str) -> None:
    found = read(name, text)
    versions = [version for one in found.indicators for version in one.versions]
    assert ({one.project for one in found.indicators}, versions) == ({"litellm"}, ["1.82.7", "1.82.8"])


def test_a_table_can_hold_urls_and_digests(read: Read) -> None:
    url = f"https://{FILES_HOST}/{hashed_path(BLAKE, 'ctx-0.2.tar.gz')}"
    rows = f"{url},2022-05-21,{WHEEL},\nhttps://news.example/,x,,md5:{digest('m', 'md5')}\n"
    found = read("ctx.csv", "url,upload time,sha256,md5\n" + rows)
    assert set(file_urls(BLAKE, "ctx-0.2.tar.gz")) <= all_urls(found)
    assert all_digests(found) == {("blake2b_256", BLAKE), ("sha256", WHEEL), ("md5", digest("m", "md5"))}
    assert found.never == ("line 3: URL https://news.example/",)
    assert found.notes == (f"{found.indicators[0].source}: columns that are not read: 'upload time'",)


def test_typed_rows_are_what_their_type_says(read: Read) -> None:
    url = "https://files.example/litellm-1.82.7-py3-none-any.whl"
    rows = f"sha256,{WHEEL},a\nurl,{url},b\nurl,hxxp://c2[.]example/x,c\nipv4,192.0.2.7,d\nuser-agent,x/1 (y),e\n"
    found = read("a.csv", "type,indicator,context\n" + rows + f"hash,{MEMBER},f\nnpm package,keyv@6.0.0,g\n")
    assert ("sha256", WHEEL) in all_digests(found)
    assert ("blake2b_256", MEMBER) in all_digests(found)
    assert all_urls(found) == {url}
    assert (len(found.never), found.foreign) == (3, 1)


def test_a_package_url_can_be_the_name_in_a_table(read: Read) -> None:
    found = read("a.csv", "name,version\npkg:pypi/a,1\npkg:pypi/b@2,\npkg:npm/c,3\n")
    assert (by_name(found), found.foreign) == ([("a", ("1",)), ("b", ("2",))], 1)
    assert not any(one.every_version for one in found.indicators)


@pytest.mark.parametrize("cell", ["*", "all", "All versions"])
def test_every_version_has_to_be_said(read: Read, cell: str) -> None:
    (one,) = read("a.csv", f"name,version\nyocolor,{cell}\n").indicators
    assert one.every_version


def test_specifiers_in_a_table_stay_specifiers(read: Read) -> None:
    (one,) = read("a.csv", 'name,versions\nlitellm,">=1.82.7,<1.83"\n').indicators
    assert (set(one.specifiers.split(",")), one.versions) == ({">=1.82.7", "<1.83"}, ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,version\nlitellm,\n", "line 2 names no version"),
        ("type,indicator\npypi package,litellm\n", "names no version"),
        ("type,indicator,versionz\npypi package,litellm,1\n", "names no version"),
        ("type,indicator,version\npypi package,litellm,\n", "names no version"),
        ("name,version\npkg:pypi/litellm,\n", "names no version"),
        ("name,version\n,1.82.7\n", "line 2 has a version and no name"),
        ("name,version\nlitellm,1.82.7,x\n", "line 2 has 3 cells"),
        ("name,version\nlitellm\n", "line 2 has 1 cells"),
        ("name,notes\nlitellm,x\n", "line 1 has no column for versions"),
        ("name,bad_versions\nlitellm,1.82.7\n", "line 1 has no column for versions"),
        ("version,notes\n1,x\n", "line 1 has no column for names"),
        ("name,version,versions\na,1,1\n", "two columns for the versions"),
        ("name,version\nlitellm,0.2.0 to 0.2.6\n", "'to' is no version"),
        ("name,version\nlitellm,>=x\n", "no set of specifiers"),
        ("name,version\n@scope/a,1.0\n", "line 2: '@scope/a' is no name"),
        ("name,version,lang\nkeyv,6.0.0,npm\n", "says|has 'npm' in the column 'lang'"),
        ("ecosystem,name,version\n,litellm,1\n", "which ecosystem"),
        ('name,version\nlitellm,"1.82.7\n', "no CSV"),
        ('name,version\nlitellm,"1.82.7\nother"\n', "no version|are no versions"),
        (f"name,sha256\nlitellm,{WHEEL[:-1]}\n", "64 hex digits"),
        ("name,hash\nlitellm,nothing\n", "no digest"),
        ("name,version\n", "says nothing"),
    ],
)
def test_a_table_that_is_damaged_says_nothing(read: Read, text: str, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.csv", text)


# Lists


def test_a_plain_list_says_one_thing_a_line(read: Read) -> None:
    found = read("bad.txt", LIST)
    rows = {one.record: one for one in found.indicators}
    assert by_name(found) == [
        ("litellm", ("1.82.7",)),
        ("ultralytics", ("8.3.41",)),
        ("legacy-thing", ("0.7.10p1",)),
        ("bittensor-wallet", ("4.0.2",)),
    ]
    assert (rows["line 5"].project, rows["line 5"].every_version) == ("yocolor", True)
    assert (rows["line 6"].project, set(rows["line 6"].specifiers.split(","))) == ("torch", {">=2.0", "<2.1"})
    assert (rows["line 7"].filename, rows["line 7"].versions) == ("ctx-0.1.2-1-py2.py3-none-any.whl", ())
    assert rows["line 8"].kinds == {"sdist"}
    assert rows["line 10"].digests == (("sha256", WHEEL),)
    assert rows["line 11"].digests == (("sha256", SDIST),)
    assert {name for name, _ in rows["line 12"].digests} >= {"sha256", "blake2b_256", "sha3_256"}
    assert set(rows["line 14"].urls) == set(file_urls(BLAKE, LITELLM_WHEEL))
    assert [text.partition(" (")[0] for text in found.never] == [
        "line 15: domain models.litellm.example",
        "line 16: IP 192.0.2.7",
    ]
    assert (found.records, rows["line 2"].source.endswith("bad.txt")) == (14, True)


def test_a_row_of_record_is_the_digest_of_a_member_in_hex(read: Read) -> None:
    found = read("a.txt", "litellm_init.pth,sha256=ceNa7wMJnNHy1kRnNCcwJaFjWX3pORLfMh7xGL8TUjg,34628\n")
    (one,) = found.indicators
    assert one.digests == (("sha256", "71e35aef03099cd1f2d6446734273025a163597de93912df321ef118bf135238"),)
    assert one.member == "litellm_init.pth"


@pytest.mark.parametrize(
    "algorithm", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "blake2b"]
)
@pytest.mark.parametrize("form", ["{0}:{1}", "{0}={1}", "{0}-{1}", "{0}={2}", "{0}:{2}=", "{1}", "{1}  *name.bin"])
def test_digests_are_read_in_every_spelling(read: Read, algorithm: str, form: str) -> None:
    value = digest("x", algorithm)
    padding = "=" * (-len(b64(value)) % 4)
    text = form.format(algorithm, value, b64(value)).removesuffix("=") + (padding if form.endswith("}=") else "")
    (one,) = read("a.txt", text + "\n").indicators
    assert (algorithm, value) in one.digests
    assert {found for _, found in one.digests} == {value}


@pytest.mark.parametrize("filename", [LITELLM_WHEEL, LITELLM_SDIST])
@pytest.mark.parametrize(
    "behind", ["", "/litellm/a.py#line.3", "#sha256=" + WHEEL, ".metadata", "?x=1", "/a/b.whl#line.1"]
)
@pytest.mark.parametrize(
    "host", [FILES_HOST, "inspector.example/project/litellm/1", "mirror.example/api/pypi/x", "u:p@mirror.example"]
)
def test_a_path_of_pypi_is_one_file_on_any_host(read: Read, host: str, behind: str, filename: str) -> None:
    (one,) = read("a.txt", f"https://{host}/{hashed_path(BLAKE, filename)}{behind}\n").indicators
    assert set(file_urls(BLAKE, filename)) <= set(one.urls)
    assert (one.digests, one.filename) == ((("blake2b_256", BLAKE),), filename)
    assert not any("#" in url or "@" in url for url in one.urls)


def test_a_quoted_file_name_has_the_key_of_both_spellings(read: Read) -> None:
    (one,) = read(
        "a.txt", f"https://{FILES_HOST}/{hashed_path(BLAKE, 'a-1.0%2Bcpu-py3-none-any.whl')}\n"
    ).indicators
    for spelled in ("a-1.0+cpu-py3-none-any.whl", "a-1.0%2Bcpu-py3-none-any.whl"):
        assert set(file_urls(BLAKE, spelled)) <= set(one.urls)


def test_lines_of_pip_are_digests_and_no_versions(read: Read) -> None:
    found = read("lock.txt", HASHED)
    assert [(one.project, one.digests) for one in found.indicators] == [
        ("litellm", (("sha256", WHEEL),)),
        ("litellm", (("sha256", SDIST),)),
    ]
    assert not any(one.versions or one.every_version or one.specifiers for one in found.indicators)


@pytest.mark.parametrize(
    ("line", "project"),
    [("zope.interface", "zope-interface"), ("discord.py", "discord-py"), ("ruamel.yaml", None)],
)
def test_a_project_with_dots_is_no_domain(read: Read, line: str, project: str | None) -> None:
    (one,) = read("a.txt", line + "\n").indicators
    assert (one.project, one.every_version) == (project or "ruamel-yaml", True)


@pytest.mark.parametrize(
    "line",
    [
        *("evil.example.com", "evil[.]example", "evil.example:8080", "192.0.2.7", "192.0.2.7:443", "2001:db8::1"),
        *(
            "https://evil.example/",
            "hxxps://evil[.]example/payload",
            f"https://{INDEX_HOST}/project/litellm/1.82.7/",
        ),
        *("somebody@evil.example", "/tmp/ultralytics_runner", "C:\\Windows\\x.exe", "ssdeep:3:abc:def"),
        f"sha256:{EMPTY}",
        hashlib.md5().hexdigest(),
    ],
)
def test_what_is_in_no_cache_never_matches(read: Read, line: str) -> None:
    found = read("a.txt", line + "\n")
    assert (found.indicators, len(found.never)) == ((), 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("litellm==1.82.7\nThe package was compromised.\n", "line 2"),
        ("litellm 1.82.7\n", "name==version"),
        ("litellm=1.82.7\n", "line 1"),
        ("litellm==\n", "line 1"),
        ("1.82.7\n", "a version without a project"),
        ("==1.82.7\n", "line 1"),
        ("a==1,==2\n", "two versions at once"),
        (f"{WHEEL[:-1]}\n", "63 hex digits"),
        (f"sha256:{WHEEL[:-1]}\n", "64 hex digits"),
        (f"sha256:{b64(WHEEL)[:-1]}\n", "64 hex digits"),
        (f"{b64(digest('mixed'))}\n", "algorithm="),
        (f"a.pth,sha999={b64(WHEEL)},1\n", "no algorithm"),
        (f"    --hash=sha256:{WHEEL}\n", "names nothing bad"),
        (f"litellm==1.82.7 -hash=sha256:{WHEEL}\n", "--hash"),
        (f"litellm==1.82.7 --hash=sha256:{WHEEL[:-1]}\n", "64 hex digits"),
        ("litellm==1.82.7 --hash=sha256\n", "no digest"),
        ("-r other.txt\n", "names nothing bad"),
        ("-e .\n", "names nothing bad"),
        ("pkg:pypi/litellm@\n", "cut off"),
        ("pkg:pypi/\n", "no package URL|no name"),
        ("pkg:litellm\n", "no package URL"),
        ("a @ https://files.example/b-1.0.tar.gz\n", "no file of a"),
        ("a @ git+https://code.example/a.git\n", "no URL of a wheel"),
        ("litellm==1.82.7\nlitellm", "may be cut off"),
        ("litellm>=1.82.7", "may be cut off"),
        ("# only a comment\n", "says nothing"),
        ("\n\n", "says nothing"),
        ("<html><body>sign in</body></html>\n", "XML or HTML"),
        ("\0\1\2\n", "line 1"),
        ("a" * 5000 + "\n", "5000 characters"),
        ("litellm==" + "1" * 300 + "x!\n", "line 1"),
    ],
)
def test_a_list_that_is_none_says_nothing(read: Read, text: str, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.txt", text)


@pytest.mark.parametrize(
    ("line", "project", "digests"),
    [
        (f"a @ https://files.example/a-1.0.tar.gz#sha256={SDIST}", "a", [("sha256", SDIST)]),
        ("a@https://files.example/a-1.0.tar.gz ; python_version > '3'", "a", []),
        (f"a[x] @ https://files.example/a-1.0.tar.gz --hash=sha256:{SDIST}", "a", [("sha256", SDIST)]),
        (f"https://files.example/a-1.0-py3-none-any.whl --hash sha256:{SDIST}", "a", [("sha256", SDIST)]),
        ("https://files.example/a-1.0-py3-none-any.whl", "a", []),
        (f"a==1 --hash=sha256:{SDIST} --config-settings=x=y", "a", [("sha256", SDIST)]),
        (f"SHA256 (dist/a-1.0.tar.gz) = {SDIST}", None, [("sha256", SDIST)]),
    ],
)
def test_files_are_named_as_pip_and_others_do(
    read: Read, line: str, project: str | None, digests: list[tuple[str, str]]
) -> None:
    (one,) = read("a.txt", line + "\n").indicators
    assert (one.project, list(one.digests[:1])) == (project, digests)
    assert one.digests or one.urls
    assert (one.versions, one.every_version, one.specifiers) == ((), False, "")


def test_scoped_names_are_of_another_ecosystem(read: Read) -> None:
    found = read("a.txt", "@scope/name@1.0\na==1\n")
    assert (by_name(found), found.foreign, found.records) == ([("a", ("1",))], 1, 2)


def test_package_urls_are_decoded(read: Read) -> None:
    text = "pkg:pypi/Foo%5FBar@1.0%2Bcpu\nPKG:PyPI/foo?artifact_id=whl\npkg:npm/%40a/b@1\n"
    found = read("a.txt", text + "pkg:pypi/x@1?artifact_id=new\n")
    first, second, third = found.indicators
    assert (first.project, first.versions) == ("foo-bar", ("1.0+cpu",))
    assert (second.project, second.every_version, set(second.kinds)) == ("foo", True, {"wheel"})
    assert (third.versions, third.kinds, found.foreign, len(found.notes)) == (("1",), frozenset(), 1, 1)


# Bills of materials and statements


def test_a_bill_without_vulnerabilities_says_all_its_components(read: Read) -> None:
    found = read("bom.json", BOM)
    assert by_name(found) == [("litellm", ("1.82.7",)), ("inner", ("3",)), ("good", ("2.0",))]
    assert all_digests(found) == {
        ("sha256", WHEEL),
        ("sha512", digest("sdist", "sha512")),
        ("blake2b_256", SDIST_BLAKE),
    }
    assert (found.records, found.foreign, len(found.notes)) == (5, 1, 1)


def test_a_bill_with_vulnerabilities_says_what_they_affect(read: Read) -> None:
    found = read("vdr.json", VDR)
    assert by_name(found) == [("litellm", ("1.82.7",))]
    assert ("sha256", WHEEL) in all_digests(found)
    assert found.notes == ("CVE-1: its analysis says not_affected: skipped",)


def test_a_bill_whose_scan_found_nothing_condemns_nothing(read: Read) -> None:
    document = BOM | {"vulnerabilities": []}
    with pytest.raises(AdvisoryError, match="says nothing"):
        read("a.json", document)


def vdr(**vulnerability: object) -> dict[str, object]:
    return BOM | {"vulnerabilities": [{"id": "V", "affects": [{"ref": "a"}]} | vulnerability]}


def test_versions_of_a_vulnerability_take_the_place_of_the_component_s(read: Read) -> None:
    versions = [
        {"version": "1.82.8", "status": "affected"},
        {"version": "1.82.7", "status": "unaffected"},
        {"range": "vers:pypi/>=2.0|<2.1"},
        {"range": "vers:pypi/3|4"},
        {"range": "vers:npm/1"},
    ]
    found = read("a.json", vdr(affects=[{"ref": "a", "versions": versions}]))
    assert by_name(found) == [("litellm", ("1.82.8",)), ("litellm", ("3", "4"))]
    assert [one.specifiers for one in found.indicators if one.specifiers] == [">=2.0,<2.1"]
    assert all_digests(found) == set()  # they are of 1.82.7, which is not affected
    assert (len(found.never), len(found.notes)) == (1, 1)


@pytest.mark.parametrize("ref", ["pkg:pypi/litellm@1.82.7", "urn:cdx:0-0/1#a", "a"])
def test_a_component_is_named_by_reference_purl_or_link(read: Read, ref: str) -> None:
    assert by_name(read("a.json", vdr(affects=[{"ref": ref}]))) == [("litellm", ("1.82.7",))]


def test_rejected_vulnerabilities_are_skipped(read: Read) -> None:
    found = read("a.json", vdr(rejected="2026-04-01T00:00:00Z"))
    assert (found.indicators, found.withdrawn) == ((), ("V",))


def test_openvex_says_the_subcomponents_that_are_affected(read: Read) -> None:
    found = read("vex.json", OPENVEX)
    assert by_name(found) == [("litellm", ("1.82.7",))]
    assert all_digests(found) == {("sha256", WHEEL)}
    assert found.notes == ("CVE-1: a statement says not_affected: skipped",)
    assert {one.record for one in found.indicators} == {"MAL-2026-2144"}


def test_csaf_says_the_products_that_are_affected(read: Read) -> None:
    found = read("csaf.json", CSAF)
    assert by_name(found) == [("litellm", ("1.82.7",))]
    assert all_digests(found) == {("sha256", WHEEL)}
    assert found.notes == ("CVE-2026-1: 1 products are known not affected: skipped",)


def statement(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {"vulnerability": "V", "products": ["pkg:pypi/a@1"], "status": "affected"}
    return OPENVEX | {"statements": [row | changes]}


def csaf(**status: object) -> dict[str, object]:
    return CSAF | {"vulnerabilities": [{"cve": "C", "product_status": status}]}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (BOM | {"vulnerabilitiez": []}, "unknown key 'vulnerabilitiez'"),
        (vdr(analysiz={"state": "not_affected"}), "unknown key 'analysiz'"),
        (vdr(analysis={"stat": "not_affected"}), "unknown key 'stat'"),
        (vdr(analysis={"state": "not affected"}), "its state is"),
        (vdr(affects=[{"ref": "zzz"}]), "no component here"),
        (vdr(affects=[{}]), "no ref"),
        (vdr(affects=[{"ref": "a", "version": []}]), "unknown key 'version'"),
        (vdr(affects=[{"ref": "a", "versions": [{"version": "1", "status": "bad"}]}]), "is 'bad'"),
        (vdr(affects=[{"ref": "a", "versions": [{}]}]), "was expected"),
        (vdr(affects=[{"ref": "a", "versions": [{"range": ">=1"}]}]), "no range"),
        ({"bomFormat": "CycloneDX", "specVersion": "1.6"}, "neither components"),
        ({"bomFormat": "SPDX"}, "CycloneDX was expected"),
        (BOM | {"components": [{"bom-ref": "a", "purl": "pkg:pypi/"}]}, "no package URL|no name"),
        (BOM | {"components": [{"bom-ref": "x"}, {"bom-ref": "x"}], "vulnerabilities": [{}]}, "stands twice"),
        (BOM | {"components": [{"purl": "pkg:pypi/a@1", "hashes": [{"alg": "MD5", "content": "0"}]}]}, "32 hex"),
        (BOM | {"components": {}}, "a list was expected"),
        (statement(status="effected"), "its status is"),
        (statement(statuz="affected"), "unknown key 'statuz'"),
        (statement(products=[{"@id": "pkg:oci/a", "subcomponentz": []}]), "unknown key"),
        (statement(products=[1]), "an object was expected"),
        (OPENVEX | {"statements": []}, "no statements"),
        (csaf(known_affected=["nobody"]), "not in the product tree"),
        (csaf(known_bad=["P1"]), "status 'known_bad'"),
        (csaf(known_affected=["P1"], known_not_affected=["P1"]), "affected and not affected"),
        (CSAF | {"vulnerabilities": []}, "no vulnerabilities"),
        (CSAF | {"document": {"csaf_version": "3.0"}}, "csaf_version"),
    ],
)
def test_statements_that_are_damaged_say_nothing(read: Read, document: object, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.json", document)


# Files


def test_a_directory_is_every_advisory_below_it(write: Write, tmp_path: Path) -> None:
    write("all/b/one.json", json.dumps(litellm()))
    write("all/a.yml", CTX_YAML)
    write("all/README.md", "# Not one")
    write("all/.github/workflow.yml", "on: push\n")
    write("all/.hidden.json", "{")
    write("elsewhere/other.json", "{")
    (tmp_path / "all" / "link").symlink_to(tmp_path / "elsewhere")
    found = read_advisories([str(tmp_path / "all")])
    assert [os.path.relpath(one.source, tmp_path) for one in found.indicators] == [
        os.path.join("all", "a.yml"),
        *[os.path.join("all", "b", "one.json")] * 3,
    ]
    assert found.records == 2


def test_several_files_are_one_answer(write: Write) -> None:
    found = read_advisories([write("a.json", json.dumps(litellm())), write("b.txt", LIST)])
    assert len({one.source for one in found.indicators}) == 2
    assert found.records == 15


def given(monkeypatch: pytest.MonkeyPatch, content: bytes) -> Advisories:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    return read_advisories(["-"])


@pytest.mark.parametrize(
    "content", [json.dumps(litellm()), CTX_YAML, "---\n" + CTX_YAML, TABLE, LIST, json.dumps(VDR)]
)
def test_standard_input_is_told_by_its_content(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    found = given(monkeypatch, b"\xef\xbb\xbf" + content.encode())
    assert by_name(found)
    assert {one.source for one in found.indicators} == {"standard input"}


def test_what_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write: Write) -> None:
    with pytest.raises(AdvisoryError, match=r"nowhere\.json cannot be read"):
        read_advisories([str(tmp_path / "nowhere.json")])
    with pytest.raises(AdvisoryError, match="UTF-8"):
        given(monkeypatch, "litellm==1.82.7".encode("utf-16"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(AdvisoryError, match="holds no"):
        read_advisories([str(tmp_path / "empty")])
    monkeypatch.setattr("pipcache.util.textfile.LOCK_LIMIT", 10)
    with pytest.raises(AdvisoryError, match="larger"):
        read_advisories([write("big.json", json.dumps(litellm()))])
    monkeypatch.setattr("pipcache.advisories.loader.LOCK_LIMIT", 10)
    with pytest.raises(AdvisoryError, match="larger"):
        given(monkeypatch, LIST.encode())
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(AdvisoryError, match="standard input"):
        read_advisories(["-"])


# Damage of every kind

FORMS = {
    "osv.json": json.dumps(litellm(), indent=1),
    "range.json": json.dumps(
        {
            "id": "A-1",
            "modified": "2026-01-01T00:00:00Z",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": "good"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5"}]}],
                },
                {"package": {"ecosystem": "npm", "name": "good"}, "versions": ["2.0"]},
            ],
        }
    ),
    "withdrawn.json": json.dumps(affected() | {"withdrawn": "2026-01-01T00:00:00Z"}),
    "lines.jsonl": f"{json.dumps(litellm())}\n{json.dumps(GHSA_OPEN)}\n",
    "pysec.yaml": CTX_YAML,
    "table.csv": TABLE,
    "typed.csv": f"type,indicator\nsha256,{WHEEL}\nnpm package,good@2.0\npypi package,litellm@1.82.7\n",
    "urls.csv": f"url,sha256\nhttps://{FILES_HOST}/{hashed_path(BLAKE, LITELLM_WHEEL)},{WHEEL}\n",
    "list.txt": LIST,
    "hashed.txt": HASHED,
    "bom.json": json.dumps(BOM),
    "vdr.json": json.dumps(VDR),
    "openvex.json": json.dumps(OPENVEX),
    "csaf.json": json.dumps(CSAF, indent=1),
}
STRUCTURE = b"{}[]\",:'\n\\-#=&*!|<>@?/ \t\0\xff0a"


def damaged(data: bytes, chance: random.Random) -> bytes:
    """One to three bytes gone, added or changed, a part gone or twice, or the end cut off."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data = data[:at] + data[at + 1 :]
            case 1:
                data = data[:at] + bytes([chance.choice(STRUCTURE)]) + data[at:]
            case 2:
                data = data[:at] + bytes([chance.choice(STRUCTURE)]) + data[at + 1 :]
            case 3:
                data = (
                    data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
                    if data[at:]
                    else data
                )
            case 4:
                data = data[:at] if chance.random() < 0.5 else data[:at] + data[at + chance.randrange(40) :]
            case _:
                data = data[: at + chance.randrange(60)] + data[at:]
    return data


def outcome(path: str) -> tuple[Advisories | None, str]:
    """What was read, or what was said of it."""
    try:
        return read_advisories([path]), ""
    except AdvisoryError as error:
        return None, str(error)


def condemns(found: Advisories, project: str, version: str) -> bool:
    return any(
        one.project == project
        and not (one.digests or one.urls or one.filename)
        and (one.every_version or version in one.versions or any(span.contains(version) for span in one.ranges))
        for one in found.indicators
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_file_is_refused_or_read_and_nothing_else(
    form: str, write: Write, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(f"{request.node.name}")
    whole = FORMS[form].encode()
    for _ in range(250):
        path = write(form, damaged(whole, chance))
        found, error = outcome(path)
        if found is None:
            assert path in error
            continue
        assert found.records > 0
        for one in found.indicators:
            assert one.project or one.digests or one.urls or one.filename
            repr([span.text() for span in one.ranges])
            for span in one.ranges:
                span.contains("1.0")


@pytest.mark.parametrize("form", [form for form in FORMS if form != "bom.json"])
def test_a_file_that_is_cut_off_or_lost_a_mark_condemns_no_good_release(form: str, write: Write) -> None:
    whole = FORMS[form].encode()
    good = [(project, "2.0") for project in ("good", "a", "app", "keyv", "ctx", "torchvision")]
    marks = [at for at, byte in enumerate(whole) if byte in b"{}[]\",:'\n\\-#=<>"]
    versions = [whole[:at] for at in range(1, len(whole), 1 + len(whole) // 400)]
    versions += [whole[:at] + whole[at + 1 :] for at in marks]
    for data in versions:
        found, _ = outcome(write(form, data))
        assert found is None or not [pair for pair in good if condemns(found, *pair)], data


def test_ten_thousand_records_are_read_in_seconds(write: Write) -> None:
    records = [GHSA_OPEN | {"id": f"A-{number}"} for number in range(10_000)]
    found = read_advisories([write("a.json", json.dumps(records))])
    assert (len(found.indicators), found.records) == (10_000, 10_000)


def test_a_row_of_a_table_that_is_about_no_package_is_told(write: Write) -> None:
    text = "type,value\nother,prose that means nothing\nfilename,evil.bin\nnpm,left-pad\nnpm package,left-pad\n"
    found = read_advisories([write("iocs.csv", text + f"sha256,{'ab' * 32}\n")])
    assert (found.foreign, len(found.indicators)) == (2, 1)
    assert [one.partition(": ")[2] for one in found.never] == [
        "other prose that means nothing",
        "filename evil.bin",
    ]


WRONG = {"id": "B", "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": 5}]}
WRONG_YAML = "id: B\naffected:\n- package: {name: a, ecosystem: PyPI}\n  versions: 5\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps([litellm(), WRONG], indent=1)),
        ("a.json", json.dumps(WRONG, indent=1)),
        ("a.jsonl", json.dumps(litellm()) + "\n" + json.dumps(WRONG) + "\n"),
        ("a.yaml", WRONG_YAML),
    ],
)
def test_what_is_refused_of_a_record_is_told_with_its_line(write: Write, name: str, text: str) -> None:
    with pytest.raises(AdvisoryError) as caught:
        read_advisories([write(name, text)])
    bare = text.replace('"', "")
    line = 1 + bare.count("\n", 0, bare.index("versions: 5"))
    assert f"{name}, line {line}, record" in str(caught.value)
