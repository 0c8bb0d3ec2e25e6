"""A built wheel without ``origin.json``, whose source only a page names."""

import hashlib
import json

from tests.support import archives, truth
from tests.support.caches import FILE_HEADERS, CacheBuilder
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
