"""OSV records say versions, ranges and files, and damaged records are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.model import AdvisoryError
from pipcache.util.urls import FILES_HOST, file_urls
from tests.support.advisory_samples import (
    BLAKE,
    EMPTY,
    GHSA_OPEN,
    LITELLM_SDIST,
    LITELLM_WHEEL,
    MEMBER,
    SDIST_BLAKE,
    WHEEL,
    affected,
    all_digests,
    all_urls,
    by_name,
    digest,
    hashed_path,
    litellm,
)

if TYPE_CHECKING:
    from tests.support.advisory_samples import Read


def test_a_record_says_versions_and_the_files_that_its_references_show(read: Read) -> None:
    advisories = read("MAL-2026-2144.json", litellm())
    assert by_name(advisories) == [("litellm", ("1.82.7", "1.82.8"))]
    assert {indicator.record for indicator in advisories.indicators} == {"MAL-2026-2144"}
    assert all_digests(advisories) == {("blake2b_256", BLAKE), ("blake2b_256", SDIST_BLAKE)}
    assert all_urls(advisories) == {*file_urls(BLAKE, LITELLM_WHEEL), *file_urls(SDIST_BLAKE, LITELLM_SDIST)}
    assert (advisories.records, advisories.foreign, advisories.withdrawn) == (1, 0, ())


def test_each_version_stands_once_in_the_order_of_its_record(read: Read) -> None:
    rows = [["2.0", "1.0", "2.0"], ["1.0", "2.0", "1.0"], ["1.0", "3.0", "1.0"]]
    document = [affected(versions=row) | {"id": f"MAL-{number}"} for number, row in enumerate(rows)]
    assert [indicator.versions for indicator in read("a.json", document).indicators] == [
        ("2.0", "1.0"),
        ("1.0", "2.0"),
        ("1.0", "3.0"),
    ]


@pytest.mark.parametrize("wrong", [1, 1.0, None, ["1.0"], {"1.0": 1}, "", " ", True])
def test_versions_that_are_known_hide_no_wrong_one_behind_them(read: Read, wrong: object) -> None:
    rows: list[list[object]] = [["1", "1.0", "True"], ["1", "1.0", wrong]]
    document = [affected(versions=row) | {"id": f"MAL-{number}"} for number, row in enumerate(rows)]
    with pytest.raises(AdvisoryError, match=r"MAL-1.*affected.0..versions holds .*text was expected"):
        read("a.json", document)


def test_the_digest_of_a_report_is_never_that_of_a_file(read: Read) -> None:
    advisories = read("MAL-2026-2144.json", litellm())
    assert digest("report") not in repr(advisories)


def test_domains_and_addresses_are_told_and_never_matched(read: Read) -> None:
    assert read("a.json", litellm()).never == (
        "MAL-2026-2144: domain models.litellm.example",
        "MAL-2026-2144: URL https://models.litellm.example/",
        "MAL-2026-2144: IP 192.0.2.7",
    )


def test_an_open_range_holds_the_clean_release_too_and_says_so(read: Read) -> None:
    (indicator,) = read("a.json", GHSA_OPEN).indicators
    (span,) = indicator.ranges
    assert span.text() == "introduced 1.82.7, no end"
    assert (span.contains("1.83.0"), span.contains("1.82.6"), span.contains("1.82.7.dev1")) == (True, False, False)


def test_a_reference_to_a_good_file_is_not_an_indicator(read: Read) -> None:
    record = litellm()
    good = f"https://{FILES_HOST}/{hashed_path(digest('good', 'blake2b_256'), 'litellm-1.83.0.tar.gz')}"
    other = f"https://{FILES_HOST}/{hashed_path(digest('other', 'blake2b_256'), 'openai-1.82.7.tar.gz')}"
    record["references"] = [{"type": "FIX", "url": good}, {"type": "WEB", "url": other}]
    advisories = read("a.json", record)
    assert all_urls(advisories) == set()
    assert advisories.notes == ("MAL-2026-2144: litellm-1.83.0.tar.gz is referred to, and of no affected version",)


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


def test_records_come_alone_in_lists_in_answers_in_lines_and_in_streams(read: Read) -> None:
    other = GHSA_OPEN | {"id": ""}
    lines = f"{json.dumps(litellm())}\n{json.dumps(other)}\n"
    stream = f"{json.dumps(litellm(), indent=1)}\n{json.dumps(other, indent=1)}"
    forms: list[object] = [[litellm(), other], {"vulns": [litellm(), other]}, lines, stream]
    answers = {
        tuple(indicator._replace(source="") for indicator in read("a.json", form).indicators) for form in forms
    }
    assert len(answers) == 1
    (indicators,) = answers
    assert indicators[-1].record == "record 2"
    advisories = read("c.json", {"vulns": [GHSA_OPEN], "next_page_token": "more"})
    assert "another page" in advisories.notes[0]


def test_withdrawn_records_are_skipped_and_told(read: Read) -> None:
    advisories = read("a.json", [GHSA_OPEN | {"withdrawn": "2026-04-01T00:00:00Z"}, litellm()])
    assert (advisories.withdrawn, advisories.records) == (("GHSA-5mg7-485q-xm76",), 2)
    assert not any(indicator.ranges for indicator in advisories.indicators)


def test_other_ecosystems_are_counted(read: Read) -> None:
    record = litellm()
    record["affected"] = [
        {"package": {"ecosystem": "npm", "name": "@litellm/x"}, "versions": ["1"]},
        {"package": {"ecosystem": "PyPI:private", "name": "LiteLLM.Proxy"}, "versions": ["2", "2"]},
    ]
    advisories = read("a.json", record)
    assert (by_name(advisories), advisories.foreign) == ([("litellm-proxy", ("2",))], 1)


def test_what_a_cache_cannot_be_held_against_is_told(read: Read) -> None:
    package = {"ecosystem": "PyPI", "name": "a"}
    ranges = [
        {"type": "GIT", "repo": "https://code.example/a.git", "events": [{"introduced": "0"}]},
        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0-final-x"}]},
    ]
    affected = [{"package": package, "ranges": ranges}, {"package": package}, {"ranges": ranges[:1]}]
    advisories = read("a.json", {"id": "A-1", "affected": affected})
    assert advisories.indicators == ()
    assert advisories.never == (
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
    advisories = read("a.json", record)
    members = {indicator.member: indicator.digests for indicator in advisories.indicators if indicator.member}
    assert members == {
        "litellm/proxy.py": (("sha256", MEMBER),),
        "a.pth": (("sha256", digest("pth")),),
    }
    files = [
        indicator
        for indicator in advisories.indicators
        if indicator.filename == LITELLM_WHEEL and indicator.digests and not indicator.member
    ]
    assert ("sha256", WHEEL) in {indicator.digests[0] for indicator in files}
    assert set(file_urls(blake, LITELLM_WHEEL)) <= all_urls(advisories)
    ignored = "\n".join(advisories.never)
    assert "domain api.example" in ignored
    assert "run.sh, downloaded at run time" in ignored
    assert "'wrong' is no md5" in ignored
    assert "litellm/__init__.py is empty" in ignored
    assert EMPTY not in repr(advisories.indicators)


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
    (indicator,) = read("num2words.json", num2words).indicators
    inside = [
        version for version in ("0.5.14", "0.5.15", "0.5.16", "0.5.17") if indicator.ranges[0].contains(version)
    ]
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
    (indicator,) = read("ultralytics.txt", ultralytics).indicators
    assert indicator.project == "ultralytics"
    assert set(indicator.urls) == set(file_urls(BLAKE, "ultralytics-8.3.41-py3-none-any.whl"))
    (indicator,) = read("torchtriton.txt", f"{MEMBER}  triton/runtime/triton\n").indicators
    assert (indicator.digests[0], indicator.member) == (("sha256", MEMBER), "triton/runtime/triton")


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
        ({"affected": []}, ": id is"),
        ({"id": 1, "affected": []}, ": id is"),
        ({"id": "A-1", "schema_version": "new"}, "schema_version"),
        ({"name": "litellm", "affected_versions": ["1"]}, "OSV .*CycloneDX"),
        ({}, "is empty"),
        ([1], "an OSV record was expected"),
        ([], "says nothing"),
        ({"vulns": {}}, "a list of OSV records"),
    ],
)
def test_a_record_that_is_damaged_says_nothing(read: Read, document: object, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.json", document)


WRONG = {"id": "B", "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": 5}]}
WRONG_YAML = "id: B\naffected:\n- package: {name: a, ecosystem: PyPI}\n  versions: 5\n"


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("a.json", json.dumps([litellm(), WRONG], indent=1), 2),
        ("a.json", json.dumps(WRONG, indent=1), 1),
        ("a.jsonl", json.dumps(litellm()) + "\n" + json.dumps(WRONG) + "\n", 2),
        ("a.yaml", WRONG_YAML, 1),
    ],
)
def test_an_error_names_the_record_and_the_key(read: Read, name: str, text: str, number: int) -> None:
    with pytest.raises(AdvisoryError) as caught:
        read(name, text)
    assert f"{name}, record {number} (B): affected[0].versions is " in str(caught.value)
