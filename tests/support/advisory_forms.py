"""Every published form of an advisory, about the same invented releases; `Files` says what each of them is."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

PAYLOAD = b"import os\n"
"""A member that every bad archive has and no good one; it is what member digests are of."""


class File(NamedTuple):
    """A file of the index: where it is and what it is."""

    project: str
    version: str
    url: str
    body: bytes

    @property
    def filename(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def direct(self) -> str:
        """What pip is given to install it from its URL."""
        return f"{self.project} @ {self.url}"

    @property
    def hashed(self) -> str:
        """A line of a lock of pip's own: the release and the one file that is allowed."""
        return f"{self.project}=={self.version} --hash=sha256:{self.sha256}\n"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def base64url(self) -> str:
        return base64url(self.body)

    @property
    def blake2b(self) -> str:
        return hashlib.blake2b(self.body, digest_size=32).hexdigest()

    @property
    def path(self) -> str:
        """The path that PyPI gives a file, which advisories quote."""
        digest = self.blake2b
        return f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{self.filename}"


def base64url(data: bytes) -> str:
    """A digest as RECORD spells it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


Files = Mapping[str, File]
"""The files that are bad or good, by what the tests call them."""

BAD = ("evil 1.0", "evil again", "source 1.1", "twin bad")


def osv(**affected: dict[str, Any]) -> list[dict[str, Any]]:  # Any: JSON
    """One record a project."""
    return [
        {
            "schema_version": "1.7.4",
            "id": f"MAL-2099-{number}",
            "modified": "2099-01-01T00:00:00Z",
            "affected": [{"package": {"ecosystem": "PyPI", "name": name}, **what}],
        }
        for number, (name, what) in enumerate(affected.items(), 1)
    ]


def osv_versions(_: Files) -> str:
    listed = {"evil": ["1.0"], "source": ["1.1"], "twin": ["0.1.2-1"]}
    return json.dumps(osv(**{name: {"versions": versions} for name, versions in listed.items()}))


def osv_range(_: Files) -> str:
    ends: dict[str, list[dict[str, str]]] = {
        "evil": [{"introduced": "1.0"}, {"fixed": "1.1"}],
        "source": [{"introduced": "1.0.1"}, {"last_affected": "1.1"}],
    }
    ranges = {name: {"ranges": [{"type": "ECOSYSTEM", "events": events}]} for name, events in ends.items()}
    return json.dumps(osv(**ranges))


def osv_yaml(_: Files) -> str:
    return """\
id: PYSEC-2099-1
details: Somebody else put
  something else in its place.
affected:
- package:
    ecosystem: PyPI
    name: evil
    purl: pkg:pypi/evil
  versions:
  - 1.0
- package:
    ecosystem: PyPI
    name: Source
  versions:
  - '1.1'
- package: {ecosystem: PyPI, name: twin}
  versions: [0.1.2-1]
modified: '2099-01-01T00:00:00Z'
"""


def osv_inspector(files: Files) -> str:
    """No version is listed, so that nothing but the paths in the references can be what matches."""
    bad = {file.project: file for file in map(files.__getitem__, BAD)}
    records = osv(**{name: {} for name in bad})
    for record, file in zip(records, bad.values(), strict=True):
        url = f"https://inspector.example/project/{file.project}/{file.version}/{file.path}/a/payload.py#line.1"
        record["references"] = [{"type": "EVIDENCE", "url": url}]
    return json.dumps(records)


def table(_: Files) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["name", "version"])
    writer.writerow(["evil", "1.0, 1.0.post7"])
    writer.writerow(["Source", "1.1"])
    writer.writerow(["twin", "0.1.2-1"])
    writer.writerow(["pkg:npm/innocent", "1.0"])
    return text.getvalue()


def table_of_files(files: Files) -> str:
    return "filename,sha256\n" + "".join(f"{file.filename},{file.sha256}\n" for file in bad_files(files))


def pinned(_: Files) -> str:
    return "# from the incident room\nEvil==1.0\nsource==1.1  # an sdist\ntwin==0.1.2-1\n"


def filenames(files: Files) -> str:
    return lines(file.filename for file in bad_files(files) if file.filename.endswith(".whl"))


def sdist_filenames(files: Files) -> str:
    return lines(file.filename for file in bad_files(files) if not file.filename.endswith(".whl"))


def file_urls(files: Files) -> str:
    return lines(file.url for file in bad_files(files))


def other_host(files: Files) -> str:
    """Not where this cache has the files from: what is left to match is the digest in their paths."""
    return lines(f"hxxps://files[.]example/{file.path}" for file in bad_files(files))


def url_of_the_copy(files: Files) -> str:
    return lines([files["evil again"].url])


def digests(files: Files) -> str:
    return lines(file.sha256 for file in bad_files(files))


def sums(files: Files) -> str:
    return lines(f"{file.sha256}  ./dist/{file.filename}" for file in bad_files(files))


def base64url_digests(files: Files) -> str:
    return lines(f"sha256={file.base64url}" for file in bad_files(files))


def blake2b_digests(files: Files) -> str:
    return lines(f"blake2b_256:{file.blake2b}" for file in bad_files(files))


def hash_lines(files: Files) -> str:
    return "--index-url https://index.example/simple/\n" + "".join(file.hashed for file in bad_files(files))


def record_row(_: Files) -> str:
    return f"evil/payload.py,sha256={base64url(PAYLOAD)},{len(PAYLOAD)}\n"


def cyclonedx(_: Files) -> str:
    purls = ("pkg:pypi/evil@1.0", "pkg:pypi/source@1.1", "pkg:pypi/twin@0.1.2-1", "pkg:npm/innocent@1.0")
    components = [
        {"type": "library", "name": purl[9:].partition("@")[0], "purl": purl, "bom-ref": f"ref-{number}"}
        for number, purl in enumerate([*purls, "pkg:pypi/innocent@1.0"])
    ]
    affects = [{"ref": f"ref-{number}"} for number in range(len(purls))]
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "components": components,
            "vulnerabilities": [{"id": "MAL-2099-1", "affects": affects}],
        }
    )


def bad_files(files: Files) -> list[File]:
    """What is bad, the copy aside: no advisory knows of that."""
    return [files[label] for label in BAD if label != "evil again"]


def lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


class Form(NamedTuple):
    """The name a file of this form has, and what stands in it."""

    filename: str
    text: Callable[[Files], str]


FORMS = {
    "OSV, versions": Form("a.json", osv_versions),
    "OSV, ranges": Form("a.json", osv_range),
    "OSV in YAML": Form("a.yaml", osv_yaml),
    "OSV, references": Form("a.json", osv_inspector),
    "CSV": Form("a.csv", table),
    "CSV, digests": Form("a.csv", table_of_files),
    "name==version": Form("a.txt", pinned),
    "file names": Form("a.txt", filenames),
    "file names of sdists": Form("a.txt", sdist_filenames),
    "file URLs": Form("a.txt", file_urls),
    "file URLs of another host": Form("a.txt", other_host),
    "the URL of a re-upload": Form("a.txt", url_of_the_copy),
    "sha256": Form("a.txt", digests),
    "sha256sum": Form("a.txt", sums),
    "sha256, base64url": Form("a.txt", base64url_digests),
    "blake2b_256": Form("a.txt", blake2b_digests),
    "--hash": Form("a.txt", hash_lines),
    "a row of RECORD": Form("a.txt", record_row),
    "CycloneDX": Form("a.json", cyclonedx),
}
