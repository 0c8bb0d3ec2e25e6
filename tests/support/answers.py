"""Commands about a cache of strangers' bytes, and what holds of every answer."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgpack
import pytest

from tests.support import archives, caches, truth
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MEGABYTE = 1 << 20

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files and terminals")
WORDS = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\link",
    "line\nbreak",
    "carriage\rreturn",
    "tab\tstop",
    "\u202egnp.exe",
    "\u2066isolated",
    "\x9b31m",
    "del\x7f\x08\x08",
    "nul\x00byte",
    "[/red]",
    "[bold]bold[/bold] pkg[extra]",
    "[link=https://evil.example]link[/link]",
    "\u2028separator",
    "wide 名前 🐍",
    "../../etc/passwd",
    "C:\\w\\x",
    "%s%n{0}{}",
    "'\"`$(x);|&",
    "-",
    "",
    "x" * 300,
]
"""What strangers may call a thing."""


# The commands, and what holds of every answer


class Answer(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode("utf-8")


COMMANDS = (
    ("list",),
    ("list", "--all"),
    ("list", "--all", "--sort", "size", "--reverse"),
    ("list", "--all", "--format", "json"),
    ("list", "--format", "json"),
    ("list", "--all", "--format", "paths", "-0"),
    ("info",),
    ("info", "--format", "json"),
    ("show", "*"),
    ("show", "*", "--format", "json"),
    ("verify",),
    ("verify", "--thorough", "--format", "json"),
)
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def check(command: Sequence[str], answer: Answer) -> None:
    """What holds of every answer: a defined exit code, harmless text, one JSON document."""
    assert answer.code in {0, 1, 3}
    assert answer.code != 1 or command[0] in {"show", "verify"}
    assert b"Traceback" not in answer.err
    assert STEERING.findall(answer.err.decode("utf-8")) == []
    if "-0" in command:
        assert all(os.path.lexists(path) for path in answer.out.split(b"\0")[:-1])
        return
    assert STEERING.findall(answer.text) == []
    if "json" in command:
        document = json.loads(answer.text)
        assert (document["schema"], document["command"]) == (1, command[0])
        assert answer.text.isascii()


def check_all(root: Path, ask: Callable[[Path, Sequence[str]], Answer]) -> None:
    """Ask everything about a cache, which must stay as it is."""
    before = caches.look(root)
    answers = {}
    for command in COMMANDS:
        answers[command] = ask(root, command)
        check(command, answers[command])
    listed = json.loads(answers[("list", "--all", "--format", "json")].text)["artifacts"]
    keys = sorted({record["key"] for record in listed if record["key"] is not None})
    of_http = {record["key"] for record in listed if record["store"] in truth.HTTP_STORES}
    assert of_http - {None} == http_keys(root)
    for form in ("table", "json"):
        command = ("show", *keys, "--format", form)
        shown = ask(root, command)
        check(command, shown)
        assert shown.code in {0, 3}
        assert form == "table" or all(key in shown.text for key in keys)
    assert caches.look(root) == before


def http_keys(root: Path) -> set[str]:
    """Every key a regular file of the HTTP stores stands for, by pip's layout alone."""
    keys = set()
    for store in truth.HTTP_STORES:
        for path in (root / store).glob("?/?/?/?/?/*"):
            name = path.name.removesuffix(".body") if store == "http-v2" else path.name
            fan_out = "".join(path.relative_to(root / store).parts[:5])
            if re.fullmatch("[0-9a-f]{56}", name) and name.startswith(fan_out):
                keys.add(name)
    return keys


FILE = "https://files.example/packages/"
SIMPLE = "application/vnd.pypi.simple.v1+json"


def page(project: str, *filenames: str) -> bytes:
    """A JSON page that lists files of `FILE`."""
    rows = [{"filename": name, "url": FILE + name, "hashes": {"sha256": "0" * 64}} for name in filenames]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": rows}).encode()


WHEEL = archives.build_wheel("foo", "1.0")


# Hostile words in every place that holds words


def packed(document: object) -> bytes:
    """A head of any shape."""
    data: bytes = msgpack.packb(document, use_bin_type=True, unicode_errors="surrogateescape")
    return b"cc=4," + data


def named_wheel(folder: str, tag: str, metadata: bytes) -> bytes:
    """A wheel that calls itself what one likes; zipfile writes no names beyond Unicode."""
    folder = folder.encode("utf-8", "replace").decode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        wheel = f"Wheel-Version: 1.0\nTag: {tag}\nBuild: {tag}\nGenerator: {tag}\n".encode(
            "utf-8", "surrogateescape"
        )
        for name, content in (("WHEEL", wheel), ("METADATA", metadata)):
            info = zipfile.ZipInfo("x")
            info.filename = f"{folder}.dist-info/{name}"
            archive.writestr(info, content)
    return buffer.getvalue()


def named_sdist(folder: str, metadata: bytes) -> bytes:
    """An sdist that calls itself what one likes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT, errors="surrogateescape") as archive:
        for name, content in ((f"{folder}/PKG-INFO", metadata), (f"{folder}/setup.py", b"")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def about(name: str, version: str) -> bytes:
    """METADATA that says what one likes."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", f"Summary: {name}"]
    return "\n".join([*lines, f"Requires-Python: {name}", ""]).encode("utf-8", "surrogateescape")


def add_words(builder: CacheBuilder, word: str, number: int) -> None:
    """Entries that bear a word wherever a word can be."""
    url = f"{FILE}{number}/"
    raw = word.encode("utf-8", "surrogateescape")
    names = [
        *("x-pypi-file-project", "x-pypi-file-version", "x-pypi-file-package-type", "Content-Type", "Location"),
        *("ETag", "Date", "Content-Encoding", "Content-Disposition", "X-Artifactory-Filename", "Cache-Control"),
    ]
    for at, header in enumerate(names):
        headers = {"X-Pypi-File-Project": "foo", header: word, f"x-pypi-{word}": word}
        fields = {"body": b"", "headers": headers, "status": 200, "reason": word}
        builder.raw(f"{url}header/{at}", packed({"response": fields, "vary": {word: word}}), WHEEL[1])
        builder.raw(f"{url}cut/{at}", packed({"response": fields, "vary": {word: word}}), b"")
    disposition = {"Content-Disposition": f'attachment; filename="foo-1.0{word}.tar.gz"'}
    fields = {"body": b"", "headers": disposition, "status": 200, "reason": "OK"}
    builder.raw(f"{url}disposition", packed({"response": fields}), archives.build_sdist("foo", "1.0")[1])
    fields = {"body": b"", "headers": {"Location": word}, "status": 301, "reason": "OK"}
    builder.raw(f"{url}redirect", packed({"response": fields, "vary": {}}))
    metadata = about(word, word)
    builder.download(f"{url}wheel", named_wheel(f"{word}-{word}", word, metadata))
    builder.download(f"{url}version", named_wheel(f"foo-{word}", "py3-none-any", about("foo", word)))
    builder.legacy(f"{url}sdist", named_sdist(f"foo-{word}".replace("/", ""), metadata))
    builder.download(f"{url}metadata", metadata)
    rows: list[object] = [dict.fromkeys(("filename", "url", "upload-time", "yanked", "requires-python"), word)]
    rows.append({"filename": f"foo-1{word}.zip", "url": f"{url}metadata", "yanked": word, "hashes": {word: word}})
    document = json.dumps({"meta": {}, "name": word, "files": rows}).encode()
    builder.download(f"{url}json", document, headers=caches.FILE_HEADERS | {"Content-Type": SIMPLE})
    html = b"<title>Links for %b</title><base href='%b'><a href='%bfoo-1.zip' data-yanked='%b'>x</a>" % (
        (raw,) * 4
    )
    builder.download(f"{url}html", html, headers=caches.FILE_HEADERS | {"Content-Type": "text/html"})
    vcs = {"vcs": word, "commit_id": word, "requested_revision": word}
    for at, origin in enumerate(
        (
            {"url": word},
            {"url": f"https://forge.example/{word}", "vcs_info": vcs, "subdirectory": word},
            {"url": f"{url}sdist", "archive_info": {"hash": f"{word}={word}", "hashes": {word: word}}},
        )
    ):
        note = json.dumps(origin).encode()
        builder.built(note, *WHEEL, source=truth.Source(f"{url}{at}"))
    if raw and b"\0" not in raw and b"/" not in raw and len(raw) < 200:
        on_disk = os.fsdecode(raw)
        builder.built(None, f"foo-1.0-{on_disk}-none-any.whl", WHEEL[1], source=truth.Source(f"{url}name"))
        builder.built(None, f"{on_disk}.whl", WHEEL[1], source=truth.Source(f"{url}name"))
        for place in ("", "http-v2/a/b/c/d/e/", "http/", "wheels/aa/bb/cc/", "selfcheck/"):
            builder.stray(f"{place}{on_disk}")
    builder.selfcheck(word)


# As programs of their own


class Measured(NamedTuple):
    """How a program ended, what it printed, and the most memory it had."""

    answer: Answer
    megabytes: int


MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
sys.stderr.write(chr(10) + str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


def start(root: Path, command: Sequence[str], home: Path, *, stdout: int = subprocess.PIPE) -> Measured:
    """Run the program; the time limit is for what would never end."""
    env = clean_environment(home) | {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    program = [sys.executable, "-m", "pipcache", command[0], "--cache-dir", str(root), *command[1:]]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *program],
        env=env | {"TERM": "xterm-256color", "COLUMNS": "200"},
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    err, _, kilobytes = done.stderr.rpartition(b"\n")
    return Measured(Answer(done.returncode, done.stdout or b"", err), int(kilobytes) // 1024)
