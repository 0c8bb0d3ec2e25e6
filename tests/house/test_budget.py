"""What a run may cost: counted, not timed."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pipcache.util import urls
from tests.support import archives, caches
from tests.support.caches import CacheBuilder

COUNTING = """
import json, sys
opened, modules = [], None
def watch(event, arguments):
    if event in ("open", "os.scandir", "os.listdir") and isinstance(arguments[0], str) and ROOT in arguments[0]:
        opened.append((event, arguments[0]))
ROOT = sys.argv[1]
sys.addaudithook(watch)
from pipcache.cli.main import run
code = run(["--cache-dir", ROOT, *sys.argv[2:]])
sys.stdout.flush()
read = int(open("/proc/self/io").read().split()[1])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
counted = {"code": code, "peak": peak, "opened": opened, "modules": sorted(sys.modules), "read": read}
print(json.dumps(counted), file=sys.stderr)
"""


def count(cache: CacheBuilder, *arguments: str) -> dict[str, list[str]]:
    """What a run of the program opened, imported and read."""
    command = [sys.executable, "-c", COUNTING, str(cache.root), *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    counted: dict[str, list[str]] = json.loads(answer.stderr.splitlines()[-1])
    return counted


@pytest.fixture
def cache(tmp_path: Path) -> CacheBuilder:
    builder = CacheBuilder(tmp_path / "cache")
    for number in range(20):
        filename, body = archives.build_wheel(f"foo{number}", "1.0")
        builder.download(f"https://files.example/{filename}", body)
        builder.legacy(f"https://old.example/{filename}", body)
    filename, sdist = archives.build_sdist("bar", "1.0")
    builder.download(f"https://files.example/{filename}", sdist)
    return builder


def test_a_list_opens_each_file_once_and_each_folder_once(cache: CacheBuilder) -> None:
    opened = Counter(map(tuple, count(cache, "list")["opened"]))
    files = {place: times for (event, place), times in opened.items() if event == "open"}
    assert len(files) == 20 * 3 + 2
    assert set(files.values()) == {1}
    # the stores themselves are looked at once more, to know them for stores, and so is the way to the first file
    folders = Counter(place for (event, place), times in opened.items() if event != "open" for _ in range(times))
    deep = {place: times for place, times in folders.items() if place.count("/") > str(cache.root).count("/") + 1}
    assert set(deep.values()) <= {1, 2}
    assert sum(times - 1 for times in deep.values()) <= 5


def test_a_list_imports_nothing_of_the_network_and_a_piped_one_no_rich(cache: CacheBuilder) -> None:
    modules = {name.partition(".")[0] for name in count(cache, "list")["modules"]}
    assert not modules & {
        "requests",
        "urllib3",
        "cachecontrol",
        "http",
        "ssl",
        "socket",
        "rich",
        "zipfile",
        "pickle",
    }


def test_the_version_is_told_without_the_command_line_parser() -> None:
    code = (
        "import sys; sys.argv = ['pipcache', '--version']; import pipcache.__main__ as program; "
        "program.main(); print(sorted(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'click'" not in answer.stdout
    assert "pipcache.cli" not in answer.stdout


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the system does not count what is read")
@pytest.mark.parametrize("store", ["http", "http-v2"])
def test_a_body_of_a_gigabyte_is_listed_and_hardly_read(tmp_path: Path, store: str) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    filename, body = archives.build_wheel("foo", "1.0")
    url = f"https://files.example/{filename}"
    size = 1 << 30
    rest = b""
    if store == "http-v2":
        key = builder.download(url, body)
        place, start = builder.body(key), 0
    else:
        # a bin of a gigabyte: the marker and four bytes of length, then the content
        data = caches.serialize(b"\xc1" * 70_000, headers=caches.FILE_HEADERS)
        at = data.index(b"\xc6\x00\x01\x11\x70" if b"\xc6\x00\x01\x11\x70" in data else b"\xc6")
        rest = data[at + 5 + 70_000 :]
        key = builder.raw(url, data[:at] + b"\xc6" + size.to_bytes(4, "big"), store="http")
        place, start = builder.head(key, store="http"), at + 5
    with open(place, "r+b") as file:
        # zeros, then the wheel: zipfile and pip allow bytes before an archive
        file.seek(start)
        file.write(b"PK\x03\x04")
        file.truncate(start + size)
        file.seek(start + size - len(body))
        file.write(body)
        file.write(rest)
    counted = count(builder, "list")
    assert int(str(counted["read"])) < 30 << 20
    assert int(str(counted["peak"])) < 150 * 1024
    command = [sys.executable, "-m", "pipcache", "list", "--cache-dir", str(builder.root)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[1].split()[:3] == ["foo", "1.0", "wheel"]


LARGE = 64 << 20


@pytest.fixture(scope="module")
def large() -> tuple[str, bytes]:
    """A large wheel: its file name and its bytes."""
    return archives.build_wheel("foo", "1.0", members={"foo/noise.bin": os.urandom(LARGE)})


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the system does not count what is read")
@pytest.mark.parametrize(("vouched_by", "readings"), [("the key", 1), ("a page", 1), ("headers", 2)])
def test_a_body_is_read_once_for_all_its_digests_and_once_more_for_flaws(
    tmp_path: Path, large: tuple[str, bytes], vouched_by: str, readings: int
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    filename, body = large
    digests = {name: hashlib.new(name, body).hexdigest() for name in ("sha256", "sha1", "md5")}
    headers = {f"X-Checksum-{name}": digest for name, digest in digests.items()}
    url = f"https://files.example/{filename}"
    if vouched_by == "the key":
        url = urls.file_urls(hashlib.blake2b(body, digest_size=32).hexdigest(), filename)[0]
    elif vouched_by == "a page":
        row = {"filename": filename, "url": url, "hashes": {"sha256": digests["sha256"]}}
        listing = {"meta": {"api-version": "1.0"}, "name": "foo", "files": [row]}
        builder.download("https://index.example/simple/foo/", json.dumps(listing).encode())
    builder.download(url, body, headers=caches.FILE_HEADERS | headers)
    counted = count(builder, "verify")
    assert readings * LARGE < int(str(counted["read"])) < readings * LARGE + (30 << 20)
    assert int(str(counted["peak"])) < 120 * 1024


@pytest.mark.skipif(not hasattr(os, "O_NOATIME"), reason="reading always moves the last use here")
@pytest.mark.parametrize(
    "arguments", [["list"], ["list", "--all", "--format", "json"], ["show", "*"], ["info"], ["verify"]]
)
def test_looking_does_not_move_the_last_use(cache: CacheBuilder, arguments: list[str]) -> None:
    caches.make_old(cache.root)
    before = {path: path.stat().st_atime_ns for path in cache.root.rglob("*") if path.is_file()}
    count(cache, *arguments)
    assert {path: path.stat().st_atime_ns for path in before} == before


def paged_cache(root: Path) -> tuple[CacheBuilder, set[str]]:
    """A cache with pages of both formats in both layouts, of a known and of an unknown index; the pages' files."""
    builder = CacheBuilder(root)
    files: set[str] = set()
    for number, base in enumerate((urls.PAGE_BASES[0], "https://private.example/simple/")):
        for form in ("json", "html", "plain html"):
            project = f"{form.replace(' ', '-')}-{number}"
            filename, body = archives.build_wheel(project, "1.0")
            digest = hashlib.sha256(body).hexdigest()
            url = f"https://files.example/{filename}"
            builder.download(url, body)
            builder.legacy(url, body)
            if form == "json":
                row = {"filename": filename, "url": url, "hashes": {"sha256": digest}}
                page = json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": [row]}).encode()
            else:
                title = f"<title>Links for {project}</title>" if form == "html" else ""
                page = (
                    f'<!DOCTYPE html><html>{title}<a href="{url}#sha256={digest}">{filename}</a></html>'.encode()
                )
            headers = {
                **caches.FILE_HEADERS,
                "Content-Type": "text/html" if "html" in form else "application/vnd.pypi.simple.v1+json",
            }
            files.add(str(builder.body(builder.download(f"{base}{project}/", page, headers=headers))))
            files.add(str(builder.head(builder.legacy(f"{base}{project}/", page, headers=headers), store="http")))
    return builder, files


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (["list", "--all"], 2),  # for names, and for rows
        (["list", "--all", "--format", "json"], 2),
        (["verify"], 4),  # its bytes are judged too, and then it is read for what it says of files by now
        (["audit", "absent==1.0"], 2),
        (["audit", "json-1==1.0"], 3),  # a page that is a hit is hashed for its proof
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_page_is_opened_once_for_names_and_once_for_rows(
    tmp_path: Path, arguments: list[str], most: int
) -> None:
    builder, pages = paged_cache(tmp_path / "cache")
    opened = Counter(place for event, place in map(tuple, count(builder, *arguments)["opened"]) if event == "open")
    assert pages <= opened.keys()
    assert {place: times for place, times in opened.items() if place in pages and times > most} == {}
