"""Bills of materials say what is vulnerable, and damaged bills are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.model import AdvisoryError
from tests.support.advisory_samples import BOM, SDIST_BLAKE, VDR, WHEEL, all_digests, by_name, digest

if TYPE_CHECKING:
    from tests.support.advisory_samples import Read


def test_a_bill_without_vulnerabilities_says_all_its_components(read: Read) -> None:
    advisories = read("bom.json", BOM)
    assert by_name(advisories) == [("litellm", ("1.82.7",)), ("inner", ("3",)), ("good", ("2.0",))]
    assert all_digests(advisories) == {
        ("sha256", WHEEL),
        ("sha512", digest("sdist", "sha512")),
        ("blake2b_256", SDIST_BLAKE),
    }
    assert (advisories.records, advisories.foreign, len(advisories.notes)) == (5, 1, 1)


def test_a_bill_with_vulnerabilities_says_what_they_affect(read: Read) -> None:
    advisories = read("vdr.json", VDR)
    assert by_name(advisories) == [("litellm", ("1.82.7",))]
    assert ("sha256", WHEEL) in all_digests(advisories)
    assert advisories.notes == ("CVE-1: its analysis says not_affected: skipped",)


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
    advisories = read("a.json", vdr(affects=[{"ref": "a", "versions": versions}]))
    assert by_name(advisories) == [("litellm", ("1.82.8",)), ("litellm", ("3", "4"))]
    (span,) = (span for indicator in advisories.indicators for span in indicator.ranges)
    assert span.text() == "introduced 2.0, fixed 2.1"
    assert all_digests(advisories) == set()  # they are of 1.82.7, which is not affected
    assert (len(advisories.never), len(advisories.notes)) == (1, 1)


@pytest.mark.parametrize("ref", ["pkg:pypi/litellm@1.82.7", "urn:cdx:0-0/1#a", "a"])
def test_a_component_is_named_by_reference_purl_or_link(read: Read, ref: str) -> None:
    assert by_name(read("a.json", vdr(affects=[{"ref": ref}]))) == [("litellm", ("1.82.7",))]


def test_rejected_vulnerabilities_are_skipped(read: Read) -> None:
    advisories = read("a.json", vdr(rejected="2026-04-01T00:00:00Z"))
    assert (advisories.indicators, advisories.withdrawn) == ((), ("V",))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (BOM | {"vulnerabilitiez": []}, "unknown key 'vulnerabilitiez'"),
        (vdr(analysiz={"state": "not_affected"}), "unknown key 'analysiz'"),
        (vdr(analysis={"stat": "not_affected"}), "unknown key 'stat'"),
        (vdr(analysis={"state": "not affected"}), "analysis.state is"),
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
    ],
)
def test_statements_that_are_damaged_say_nothing(read: Read, document: object, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.json", document)
