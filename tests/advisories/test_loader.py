"""Files, directories and standard input are read, and other formats are refused."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.loader import read_advisories
from pipcache.advisories.model import AdvisoryError
from tests.support.advisory_samples import CTX_YAML, GHSA_OPEN, LIST, TABLE, VDR, by_name, litellm

if TYPE_CHECKING:
    from pathlib import Path

    from pipcache.advisories.model import Advisories
    from tests.support.advisory_samples import Read, Write


def test_a_directory_is_every_advisory_below_it(write: Write, tmp_path: Path) -> None:
    write("all/b/one.json", json.dumps(litellm()))
    write("all/a.yml", CTX_YAML)
    write("all/README.md", "# Not one")
    write("all/.github/workflow.yml", "on: push\n")
    write("all/.hidden.json", "{")
    write("elsewhere/other.json", "{")
    (tmp_path / "all" / "link").symlink_to(tmp_path / "elsewhere")
    advisories = read_advisories([str(tmp_path / "all")])
    assert [indicator.source for indicator in advisories.indicators] == ["a.yml", *["b/one.json"] * 3]
    assert advisories.records == 2


def test_several_files_are_one_answer(write: Write) -> None:
    advisories = read_advisories([write("a.json", json.dumps(litellm())), write("b.txt", LIST)])
    assert len({indicator.source for indicator in advisories.indicators}) == 2
    assert advisories.records == 15


def given(monkeypatch: pytest.MonkeyPatch, content: bytes) -> Advisories:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    return read_advisories(["-"])


@pytest.mark.parametrize(
    "content", [json.dumps(litellm()), CTX_YAML, "---\n" + CTX_YAML, TABLE, LIST, json.dumps(VDR)]
)
def test_standard_input_is_told_by_its_content(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    advisories = given(monkeypatch, b"\xef\xbb\xbf" + content.encode())
    assert by_name(advisories)
    assert {indicator.source for indicator in advisories.indicators} == {"standard input"}


def test_what_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write: Write) -> None:
    with pytest.raises(AdvisoryError, match=r"nowhere\.json cannot be read"):
        read_advisories([str(tmp_path / "nowhere.json")])
    with pytest.raises(AdvisoryError, match=r"standard input cannot be read: .*UTF-8"):
        given(monkeypatch, "litellm==1.82.7 # caf\xe9".encode("latin-1"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(AdvisoryError, match="holds no"):
        read_advisories([str(tmp_path / "empty")])
    monkeypatch.setattr("pipcache.util.textfile.TEXT_LIMIT", 10)
    with pytest.raises(AdvisoryError, match="larger"):
        read_advisories([write("big.json", json.dumps(litellm()))])
    with pytest.raises(AdvisoryError, match="larger"):
        given(monkeypatch, LIST.encode())
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(AdvisoryError, match="standard input cannot be read: Bad file descriptor"):
        read_advisories(["-"])


def test_ten_thousand_records_are_read_in_seconds(write: Write) -> None:
    records = [GHSA_OPEN | {"id": f"A-{number}"} for number in range(10_000)]
    advisories = read_advisories([write("a.json", json.dumps(records))])
    assert (len(advisories.indicators), advisories.records) == (10_000, 10_000)


def test_standard_input_has_the_encoding_of_its_byte_order_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    assert by_name(given(monkeypatch, "litellm==1.82.7\n".encode("utf-16"))) == [("litellm", ("1.82.7",))]


OPENVEX: dict[str, object] = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://vex.example/1",
    "statements": [{"vulnerability": {"name": "CVE-1"}, "products": ["pkg:pypi/a@1"], "status": "affected"}],
}
CSAF: dict[str, object] = {
    "document": {"csaf_version": "2.0", "category": "csaf_vex", "tracking": {"id": "SA-1"}},
    "product_tree": {"full_product_names": [{"product_id": "P", "name": "a"}]},
    "vulnerabilities": [{"cve": "CVE-1", "product_status": {"known_affected": ["P"]}}],
}


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (OPENVEX, "OpenVEX"),
        (CSAF, "CSAF"),
        ([litellm(), OPENVEX], "OpenVEX"),
        ({"spdxVersion": "SPDX-2.3", "packages": []}, "SPDX"),
    ],
)
def test_other_formats_are_refused_with_those_that_are_read(read: Read, document: object, name: str) -> None:
    says = f"record [12] is {name}, which is not read; OSV .*CycloneDX.*CSV.*list was expected"
    with pytest.raises(AdvisoryError, match=says):
        read("a.json", document)


@pytest.mark.slow
def test_a_long_list_is_read_a_record_at_a_time(write: Write) -> None:
    record = litellm()
    rows = [record | {"id": f"X-{number}", "details": f"{number} " * 500} for number in range(1500)]
    path = write("many.json", text := json.dumps(rows))
    tracemalloc.start()
    try:
        advisories = read_advisories([path])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert advisories.records == len(rows)
    # the bytes of the file and their text for a moment, and then the text and what is kept of a record
    assert peak < 2.7 * len(text)


@pytest.mark.parametrize("end", ["", ",", "]]", "] {}", "]x", ',{"id": "X", "id": "X"}]', ",NaN]"])
def test_that_a_list_is_damaged_is_said_before_what_is_wrong_with_a_record(write: Write, end: str) -> None:
    path = write("all.json", f'[{json.dumps(litellm())}, {{"id": 1, "affected": []}}{end}')
    with pytest.raises(AdvisoryError) as error:
        read_advisories([path])
    assert "the id of an OSV record was expected" not in str(error.value)
    assert path in str(error.value)


@pytest.mark.parametrize("blank", ["", " ", "\n\t\r "])
def test_a_list_may_have_blanks_anywhere(write: Write, blank: str) -> None:
    rows = [litellm(), litellm() | {"id": "X-2"}]
    text = blank.join(["", "[", json.dumps(rows[0]), ",", json.dumps(rows[1]), "]", ""])
    assert read_advisories([write("all.json", text)]).records == 2
    with pytest.raises(AdvisoryError, match="says nothing"):
        read_advisories([write("none.json", blank.join(["", "[", "]", ""]))])
