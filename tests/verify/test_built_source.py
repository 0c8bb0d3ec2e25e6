"""A built wheel without ``origin.json``, whose source only a page names."""

import hashlib
import json
import time
from collections.abc import Iterable

import pytest

from pipcache.inventory.artifact import Artifact
from pipcache.verify.context import Context
from tests.support import archives, truth
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.judging import codes, verified
from tests.support.program import Program

BASE = "https://files.example"


def test_list_show_and_verify_give_it_the_same_source(builder: CacheBuilder, program: Program) -> None:
    filename, sdist = archives.build_sdist("foo", "1.0")
    digest = hashlib.sha256(sdist).hexdigest()
    url = f"{BASE}/{filename}"
    row = {"filename": filename, "url": url, "hashes": {"sha256": digest}}
    page = json.dumps({"meta": {"api-version": "1.0"}, "name": "foo", "files": [row]}).encode()
    headers = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.legacy("https://index.example/simple/foo/", page, headers=headers)
    name, wheel = archives.build_wheel("foo", "1.0")
    builder.built(None, name, wheel, source=truth.Source(url, "sha256", digest))
    # what nothing names lets every page be read before the wheel is judged
    builder.download(f"{BASE}/unknown", b"\x00\x01\x02")
    listed = program.artifacts("list", "--all")
    shown = program.artifacts("show", "foo")
    judged = [record["artifact"] for record in program("verify", "--format", "json").document["judgements"]]
    for records in (listed, shown, judged):
        (built,) = [record for record in records if record["kind"] == "built"]
        assert (built["url"], built["built_by"]) == (url, "cp311")


def build_from_another(builder: CacheBuilder) -> str:
    """Add an sdist that a page lists, and a wheel built from other bytes under its URL; give the wheel's key."""
    filename, sdist = archives.build_sdist("foo", "1.0")
    url = f"{BASE}/{filename}"
    row = {"filename": filename, "url": url, "hashes": {"sha256": hashlib.sha256(sdist).hexdigest()}}
    page = json.dumps({"meta": {"api-version": "1.0"}, "name": "foo", "files": [row]}).encode()
    headers = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download("https://index.example/simple/foo/", page, headers=headers)
    builder.download(url, sdist)
    origin = {"url": url, "archive_info": {"hashes": {"sha256": hashlib.sha256(b"another").hexdigest()}}}
    return builder.built(origin, *archives.build_wheel("foo", "1.0"))


def test_a_wheel_is_judged_when_its_source_has_its_names(
    builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = build_from_another(builder)
    name = Context.name

    def name_slowly(context: Context, artifacts: Iterable[Artifact]) -> list[Artifact]:
        time.sleep(0.3)
        return name(context, artifacts)

    monkeypatch.setattr(Context, "name", name_slowly)
    codes_by_key = {judgement.artifact.key: codes(judgement) for judgement in verified(builder.root).judgements}
    assert codes_by_key[key] == {"PC602"}


@pytest.mark.parametrize("arguments", [(), ("--kind", "built"), ("foo",)], ids=str)
def test_a_source_that_only_a_page_vouches_for_accuses_in_every_selection(
    builder: CacheBuilder, program: Program, arguments: tuple[str, ...]
) -> None:
    key = build_from_another(builder)
    ran = program("verify", *arguments, "--format", "json")
    codes_by_key = {
        record["artifact"]["key"]: [finding["code"] for finding in record["findings"]]
        for record in ran.document["judgements"]
    }
    assert (ran.code, codes_by_key[key]) == (1, ["PC602"])
