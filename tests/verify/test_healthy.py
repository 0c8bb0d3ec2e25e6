"""No false alarm: every healthy oddity that real caches hold, each without a finding."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import json
import zipfile
import zlib
from typing import TYPE_CHECKING

import msgpack
import pytest

from pipcache.inventory.artifact import Kind
from pipcache.util import urls
from pipcache.verify.checks import Verdict
from tests.support import caches, truth
from tests.support.archives import Unseekable, build_sdist, build_wheel, metadata
from tests.support.caches import FILE_HEADERS, CacheBuilder, serialize
from tests.support.judging import verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipcache.verify.verdict import Judgement

FILES = "https://files.example/f/"
JSON_PAGE = "application/vnd.pypi.simple.v1+json"
WHEEL = build_wheel("foo", "1.0")
SDIST = build_sdist("foo", "1.0")
SHA256 = hashlib.sha256(WHEEL[1]).hexdigest()


def pypi_url(filename: str, body: bytes) -> str:
    digest = hashlib.blake2b(body, digest_size=32).hexdigest()
    return urls.file_urls(digest, filename)[0]


def etag(value: str) -> dict[str, str]:
    return {**FILE_HEADERS, "ETag": value}


def stored(vary: object, *, keys: type = str) -> bytes:
    """A head whose `vary` is this, its keys text or bytes as Python 2 had them."""
    document: dict[str, object] = msgpack.unpackb(serialize(b"", headers=FILE_HEADERS).removeprefix(b"cc=4,"))
    document["vary"] = vary
    if keys is bytes and isinstance(vary, dict):
        document["vary"] = {key.encode(): value for key, value in vary.items()}
    packed: bytes = msgpack.packb(document, use_bin_type=True)
    return b"cc=4," + packed


def page(rows: list[dict[str, object]], **more: object) -> bytes:
    return json.dumps({"meta": {"api-version": "1.1"}, "files": rows, **more}).encode()


def listed(url: str, body: bytes, **more: object) -> dict[str, object]:
    row = {"filename": url.rpartition("/")[2], "url": url, "hashes": {"sha256": hashlib.sha256(body).hexdigest()}}
    return {**row, "size": len(body), **more}


def rewritten(body: bytes, *, streamed: bool = False, comment: bytes = b"") -> bytes:
    """A wheel's members in another ZIP: streamed ones have data descriptors."""
    stream = Unseekable()
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(stream if streamed else buffer, "w") as new:
        for row in old.infolist():
            new.writestr(row.filename, old.read(row), zipfile.ZIP_DEFLATED if row.file_size % 2 else None)
        new.comment = comment
    return bytes(stream.data) if streamed else buffer.getvalue()


# Each fills a cache with one thing that is as it should be


def downloaded(**options: object) -> Callable[[CacheBuilder], object]:
    return lambda builder: builder.download(FILES + WHEEL[0], WHEEL[1], **options)  # type: ignore[arg-type]  # by name


def pages_and_file(builder: CacheBuilder) -> None:
    side = metadata("foo", "1.0")
    core = {"sha256": hashlib.sha256(side).hexdigest()}
    row = listed(FILES + WHEEL[0], WHEEL[1], **{"core-metadata": core, "yanked": "bad"})
    builder.download("https://index.example/simple/foo/", page([row], name="foo"))
    builder.download(FILES + WHEEL[0], WHEEL[1])
    coded = {**FILE_HEADERS, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    builder.download(f"{FILES}{WHEEL[0]}.metadata", gzip.compress(side), headers=coded)


def metadata_under_pypis_digest(builder: CacheBuilder) -> None:
    url = pypi_url(*WHEEL)
    headers = {**FILE_HEADERS, "x-pypi-file-project": "foo", "x-pypi-file-version": "1.0"}
    headers["x-pypi-file-package-type"] = "bdist_wheel"
    builder.download(url, WHEEL[1], headers=headers)
    builder.download(f"{url}.metadata", metadata("foo", "1.0"), headers=headers)
    builder.download(f"{url}.asc", b"-----BEGIN PGP SIGNATURE-----\n")
    row = listed(url, WHEEL[1], **{"core-metadata": True})
    builder.download(f"{urls.PAGE_BASES[0]}foo/", page([row], name="foo"))


def redirects(builder: CacheBuilder) -> None:
    headers = {**FILE_HEADERS, "Location": "https://elsewhere.example/x", "ETag": '"x"', "Content-Length": "6"}
    builder.download("https://index.example/one", None, headers=headers, status=301)
    builder.download("https://index.example/two", b"", headers=headers, status=308)
    builder.legacy("https://index.example/three", b"", headers=headers, status=301)


def resumed(builder: CacheBuilder) -> None:
    """As pip 25.2 and newer write what they put together themselves."""
    headers = {"Date": caches.DATE, "ETag": '"x-2"', "content-length": str(len(WHEEL[1]))}
    response = {
        "body": b"",
        "headers": headers,
        "status": 200,
        "version": 0,
        "reason": "None",
        "decode_content": True,
    }
    head = b"cc=4," + msgpack.packb({"response": response, "vary": {}}, use_bin_type=True)
    builder.raw(FILES + WHEEL[0], head, WHEEL[1])


def proxied(builder: CacheBuilder) -> None:
    """As Artifactory serves what it copied: PyPI's path on another host, and three digests."""
    path = pypi_url(*WHEEL).partition("/packages/")[2]
    url = f"https://proxy.example/artifactory/api/pypi/pypi/packages/packages/{path}"
    headers = {
        **FILE_HEADERS,
        "X-Checksum-Sha1": hashlib.sha1(WHEEL[1]).hexdigest(),
        "X-Checksum-Sha256": SHA256,
        "X-Checksum-Md5": hashlib.md5(WHEEL[1]).hexdigest().upper(),
        "X-Artifactory-Filename": WHEEL[0],
        "ETag": hashlib.sha1(WHEEL[1]).hexdigest(),
    }
    builder.download(url, WHEEL[1], headers=headers)
    builder.download("https://proxy.example/artifactory/api/pypi/pypi/simple/foo/", page([listed(url, WHEEL[1])]))


def in_the_url(builder: CacheBuilder) -> None:
    """As GitLab and devpi name files: the sha256 in the path, or its first 16 digits."""
    for url in (
        f"https://gitlab.example/api/v4/projects/7/packages/pypi/files/{SHA256}/{WHEEL[0]}",
        f"https://devpi.example/root/pypi/+f/{SHA256[:3]}/{SHA256[3:16]}/{WHEEL[0]}",
    ):
        builder.download(url, WHEEL[1])
        builder.download(f"https://{url.split('/')[2]}/simple/foo/", page([listed(url, WHEEL[1])], name="foo"))


def signed_twins(builder: CacheBuilder) -> None:
    for signature in ("a", "b"):
        builder.download(f"https://bucket.example/x/{WHEEL[0]}?X-Amz-Signature={signature}", WHEEL[1])


def old_stores(builder: CacheBuilder) -> None:
    builder.legacy(FILES + WHEEL[0], WHEEL[1])
    builder.legacy("https://index.example/simple/foo/", page([listed(FILES + WHEEL[0], WHEEL[1])], name="foo"))


def odd_names(builder: CacheBuilder) -> None:
    for name, version, more in (
        ("Foo.Bar", "1.0", {}),
        ("Foo_Bar", "1.0.0+local.1", {}),
        ("foo", "2004d", {}),
        ("foo", "1!2.0.post1.dev3", {"build": "7"}),
        ("Baz", "1.0RC1", {"tags": ["py2.py3-none-any"]}),
    ):
        filename, body = build_wheel(name, version, **more)
        builder.download(FILES + filename, body)
    for fmt in ("zip", "tar.gz", "tar.bz2"):
        filename, body = build_sdist("Foo.Bar", "1.0", fmt=fmt, folder="foo_bar-1.0")
        builder.download(FILES + filename, body)


def odd_folders(builder: CacheBuilder) -> None:
    for folder in ("foo", "foo-main", "Foo-1.0.0", "something-else-2.0", "1.0"):
        filename, body = build_sdist("foo", "1.0", folder=folder)
        builder.download(f"{FILES}{folder}/{filename}", body)


def html_pages(builder: CacheBuilder) -> None:
    anchors = f'<a href="{FILES}{WHEEL[0]}#sha256={SHA256}">{WHEEL[0]}</a>'
    texts = {
        "whole": f"<!DOCTYPE html><html><head><title>Links for foo</title></head><body>{anchors}</body></html>",
        "open": f"<!DOCTYPE html><html><title>Links for foo</title><body>{anchors}",  # end tags may be left out
        "bare": anchors,
        "sloppy": f"<html><title>Links for foo</title>{anchors.replace('</a>', '<br>')}</html>",
        "empty": "<!DOCTYPE html><html><body><h1>Links for foo</h1></body></html>",
        "serial": f"<html><title>Links for foo</title>{anchors}</html>\n<!--SERIAL 77-->",
    }
    for name, text in texts.items():
        data = text.encode()
        headers = {**FILE_HEADERS, "Content-Type": "text/html", "X-PyPI-Last-Serial": "77"}
        length = {"Content-Length": str(len(data))}
        builder.download(f"https://index.example/{name}/", data, headers=headers | length)
        coded = gzip.compress(data)
        headers |= {"Content-Encoding": "gzip", "Content-Length": str(len(coded))}
        builder.download(f"https://index.example/{name}/gzip", coded, headers=headers)


def json_pages(builder: CacheBuilder) -> None:
    headers = {**FILE_HEADERS, "Content-Type": JSON_PAGE, "X-PyPI-Last-Serial": "77"}
    braces = listed(FILES + WHEEL[0], WHEEL[1], yanked="a { in a reason")
    for name, data in (
        ("empty", page([], name="foo", meta={"api-version": "1.0", "_last-serial": 77})),
        ("braces", page([braces], name="foo")),
        ("nameless", page([listed(FILES + WHEEL[0], WHEEL[1])])),
        ("large", page([listed(f"{FILES}{number}/{WHEEL[0]}", WHEEL[1]) for number in range(2000)], name="foo")),
    ):
        builder.download(f"https://index.example/{name}/", data, headers=headers)
        raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        for coding, coded in (
            ("gzip", gzip.compress(data)),
            ("deflate", zlib.compress(data)),
            ("deflate", raw.compress(data) + raw.flush()),
            ("nobodys", data),  # urllib3 passes over a coding that it does not know
        ):
            url = f"https://index.example/{name}/{coding}-{len(coded)}"
            builder.download(url, coded, headers={**headers, "Content-Encoding": coding})


def built(builder: CacheBuilder) -> None:
    url, digest = FILES + SDIST[0], hashlib.sha256(SDIST[1]).hexdigest()
    archive = {"hash": f"sha256={digest}", "hashes": {"sha256": digest}}
    builder.download(url, SDIST[1])
    builder.built({"url": url, "archive_info": archive}, *WHEEL)
    builder.built({"url": url, "archive_info": archive}, *WHEEL, source=truth.Source(url), interpreter="cp39")
    builder.built(
        {"url": url, "archive_info": {"hash": f"sha256={digest}"}},
        *WHEEL,
        source=truth.Source(url, "sha256", digest),
    )
    builder.built(None, *WHEEL)
    builder.built(b"not json", *build_wheel("bar", "1.0"), source=truth.Source("https://files.example/other"))
    other = build_wheel("foo", "1.0", tags=["cp39-abi3-any"])
    builder.built({"url": url, "archive_info": archive}, *other, interpreter="cp39")
    commit = "ab" * 20
    vcs = {"vcs": "git", "commit_id": commit, "requested_revision": "main"}
    builder.built({"url": "https://git.example/foo.git", "vcs_info": vcs}, *WHEEL)


def built_with_credentials(builder: CacheBuilder) -> None:
    """pip keeps them in the key and leaves them out of origin.json."""
    secret = truth.Source(f"https://user:secret@files.example/f/{SDIST[0]}")
    builder.built({"url": FILES + SDIST[0], "archive_info": {}}, *WHEEL, source=secret)
    source = truth.Source(f"git+https://user:secret@git.example/foo.git@{'ab' * 20}")
    origin = {"url": "https://git.example/foo.git", "vcs_info": {"vcs": "git", "commit_id": "ab" * 20}}
    builder.built(origin, *WHEEL, source=source)


def google(builder: CacheBuilder) -> None:
    md5 = base64.b64encode(hashlib.md5(WHEEL[1]).digest()).decode()
    for number, headers in enumerate(
        ({"x-goog-hash": f"crc32c=n03x6A==,md5={md5}"}, {"x-goog-hash": f"md5={md5}"}, {"Content-MD5": md5})
    ):
        builder.download(f"{FILES}{number}/{WHEEL[0]}", WHEEL[1], headers={**FILE_HEADERS, **headers})


def digests_in_fields(builder: CacheBuilder) -> None:
    sha256 = base64.b64encode(hashlib.sha256(WHEEL[1]).digest()).decode()
    for number, name in enumerate(("Repr-Digest", "Content-Digest")):
        headers = {**FILE_HEADERS, name: f"sha-256=:{sha256}:, unknown=:AAAA:"}
        builder.download(f"{FILES}{number}/{WHEEL[0]}", WHEEL[1], headers=headers)


def strays(builder: CacheBuilder) -> None:
    key = builder.download(FILES + WHEEL[0], WHEEL[1])
    for name in (f"{key}abcdefgh.tmp", f"{key}.body12345678.tmp", f"{key}.lock"):
        builder.body(key).with_name(name).write_bytes(b"half")
    builder.stray("http-v2/notes.txt")
    builder.selfcheck("/nowhere")


def other_documents(builder: CacheBuilder) -> None:
    builder.download("https://index.example/pypi/pip/json", b'{"info": {"name": "pip", "version": "9.0"}}')
    builder.download("https://files.example/requirements.txt", b"foo==1.0\n")
    builder.download("https://git.example/foo/archive/main.zip", rewritten(WHEEL[1])[:0] + branch_archive())


def branch_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("foo-main/README", "read me")
    return buffer.getvalue()


ODDITIES: dict[str, Callable[[CacheBuilder], object]] = {
    "no more than a date": downloaded(headers={"Date": caches.DATE}),
    "another value of what varies": downloaded(
        headers={**FILE_HEADERS, "Vary": "Accept-Encoding"}, request_headers={"Accept-Encoding": "gzip, zstd"}
    ),
    "vary with nothing sent": lambda builder: builder.raw(FILES + WHEEL[0], stored({"Accept": None}), WHEEL[1]),
    "vary keys of Python 2": lambda builder: builder.raw(
        FILES + WHEEL[0], stored({"Accept": "text/html"}, keys=bytes), WHEEL[1]
    ),
    "chunked, without a length": downloaded(headers={**FILE_HEADERS, "Transfer-Encoding": "chunked"}),
    "an ETag of a file in parts": downloaded(headers=etag('"40d570a6b0f1aa3c1de02d4bf7b8e3ae-2"')),
    "an ETag of another server's copy": downloaded(headers=etag(f'"{"ab" * 16}"')),
    "an ETag that is no digest": downloaded(headers=etag('W/"1234"')),
    "page, file and metadata": pages_and_file,
    "metadata under the file's digest": metadata_under_pypis_digest,
    "redirects": redirects,
    "a resumed download": resumed,
    "a proxy": proxied,
    "digests in URLs": in_the_url,
    "signed URLs": signed_twins,
    "old stores": old_stores,
    "odd names": odd_names,
    "sdists with odd folders": odd_folders,
    "pages in HTML": html_pages,
    "pages in JSON": json_pages,
    "built wheels": built,
    "built from a URL with a password": built_with_credentials,
    "Google's digests": google,
    "digests in fields": digests_in_fields,
    "strays": strays,
    "other documents": other_documents,
    "data descriptors": lambda builder: builder.download(FILES + WHEEL[0], rewritten(WHEEL[1], streamed=True)),
    "a ZIP with a comment": lambda builder: builder.download(
        FILES + WHEEL[0], rewritten(WHEEL[1], comment=b"built by nobody")
    ),
    "stored members": lambda builder: builder.download(FILES + WHEEL[0], rewritten(WHEEL[1])),
    "an old bzip2 sdist": lambda builder: builder.download(
        f"{FILES}foo-1.0.tar.bz2", bz2.compress(gzip.decompress(SDIST[1]))
    ),
}


@pytest.mark.parametrize("thorough", [False, True], ids=["as needed", "thorough"])
@pytest.mark.parametrize("oddity", ODDITIES)
def test_a_healthy_oddity_is_no_finding(oddity: str, builder: CacheBuilder, *, thorough: bool) -> None:
    ODDITIES[oddity](builder)
    judgements = verified(builder.root, thorough=thorough).judgements
    assert judgements
    assert {label(judgement): list(judgement.findings) for judgement in judgements if judgement.findings} == {}
    assert {judgement.verdict for judgement in judgements} <= {Verdict.VERIFIED, Verdict.INTACT}


def label(judgement: Judgement) -> str:
    return f"{judgement.artifact.kind} {judgement.artifact.filename} {judgement.artifact.url}"


VOUCHED = {
    "page, file and metadata": {Kind.WHEEL, Kind.METADATA},
    "metadata under the file's digest": {Kind.WHEEL},
    "a proxy": {Kind.WHEEL},
    "digests in URLs": {Kind.WHEEL},
    "Google's digests": {Kind.WHEEL},
    "digests in fields": {Kind.WHEEL},
}


@pytest.mark.parametrize("oddity", VOUCHED)
def test_what_something_outside_vouches_for_is_verified(oddity: str, builder: CacheBuilder) -> None:
    ODDITIES[oddity](builder)
    judgements = verified(builder.root).judgements
    kinds = {judgement.artifact.kind for judgement in judgements if judgement.verdict is Verdict.VERIFIED}
    assert VOUCHED[oddity] <= kinds
    assert all(
        judgement.verdict is Verdict.VERIFIED for judgement in judgements if judgement.artifact.kind is Kind.WHEEL
    )


@pytest.mark.parametrize("start", [b"cc=0,", b"cc=1,", b"cc=3,\x81", b"cc=9,"])
def test_what_only_old_or_unknown_pips_read_is_unreadable_and_no_finding(
    start: bytes, builder: CacheBuilder
) -> None:
    builder.raw(FILES + WHEEL[0], start + b"whatever", store="http")
    (judgement,) = verified(builder.root).judgements
    assert (judgement.verdict, judgement.findings) == (Verdict.UNREADABLE, ())
