"""Samples of advisories in every format that is read, and what tests ask of the indicators in them."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable

from pipcache.advisories.model import Advisories
from pipcache.util.urls import FILES_HOST

Write = Callable[[str, str | bytes], str]
"""Writes a file of that name and content, and returns its path."""

Read = Callable[[str, object], Advisories]
"""Reads a file of that name; content that is no text is written as JSON."""


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


def by_name(advisories: Advisories) -> list[tuple[str | None, tuple[str, ...]]]:
    """Projects and versions of the indicators that go by them."""
    return [(indicator.project, indicator.versions) for indicator in advisories.indicators if indicator.versions]


def all_digests(advisories: Advisories) -> set[tuple[str, str]]:
    return {pair for indicator in advisories.indicators for pair in indicator.digests}


def all_urls(advisories: Advisories) -> set[str]:
    return {url for indicator in advisories.indicators for url in indicator.urls}


# The formats, rebuilt from what was published of each case


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
name,version
litellm,"1.82.7, 1.82.8"
Telnyx,4.87.1; 4.87.2
pkg:npm/scanner,"0.69.4, 0.69.5"
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


def affected(**changes: object) -> dict[str, object]:
    return {
        "id": "A-1",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": ["1"]} | changes],
    }
