"""Wheels whose RECORD does not say what is in them."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.support import hostile
from tests.support.hostile import INFO, WHEEL_NAME, Part, wheel, write_zip
from tests.support.judged_archives import PAYLOAD, Judged, changed, flaws, judged_built, judged_download

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

CHOSEN = "foo/data.txt"
TRUE = hostile.content_of({CHOSEN: b"data"})
RECORD = f"{INFO}/RECORD"


def of_record(
    content: Mapping[str, bytes], record: bytes | None, *, more: Mapping[str, bytes] | None = None
) -> bytes:
    """A wheel of this content with any RECORD, or none; `more` stands beside it."""
    members = {**content, **({} if record is None else {RECORD: record}), **(more or {})}
    return write_zip(
        [Part(path.encode(), data, flags=0 if path.isascii() else 0x800) for path, data in members.items()]
    )


LISTED = hostile.record_of(TRUE)
DATA = hostile.digest(b"data").encode()
TAMPERED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "a member added": (lambda: of_record({**TRUE, "foo/evil.py": PAYLOAD}, LISTED), "PC503", "foo/evil.py"),
    "a .pth added": (lambda: of_record({**TRUE, "evil.pth": b"import os\n"}, LISTED), "PC503", "evil.pth"),
    "a member changed": (lambda: of_record({**TRUE, CHOSEN: b"evil"}, LISTED), "PC502", CHOSEN),
    "a member grown": (lambda: of_record({**TRUE, CHOSEN: b"data\n"}, LISTED), "PC502", CHOSEN),
    "METADATA changed": (
        lambda: of_record({**TRUE, f"{INFO}/METADATA": TRUE[f"{INFO}/METADATA"] + b"evil\n"}, LISTED),
        "PC502",
        f"{INFO}/METADATA",
    ),
    "a member removed": (
        lambda: of_record({path: data for path, data in TRUE.items() if path != CHOSEN}, LISTED),
        "PC501",
        CHOSEN,
    ),
    "a line without digest": (lambda: of_record(TRUE, LISTED.replace(DATA, b"")), "PC508", CHOSEN),
    "a digest nobody knows": (lambda: of_record(TRUE, LISTED.replace(DATA, b"rot13=qngn")), "PC508", CHOSEN),
    "a digest without its name": (lambda: of_record(TRUE, LISTED.replace(DATA, b"data")), "PC508", CHOSEN),
    "a digest that is too short": (lambda: of_record(TRUE, LISTED.replace(DATA, DATA[:-4])), "PC502", CHOSEN),
    "a digest that is too long": (lambda: of_record(TRUE, LISTED.replace(DATA, DATA + b"AA")), "PC502", CHOSEN),
    "a digest that is no base64": (lambda: of_record(TRUE, LISTED.replace(DATA, b"sha256=!?*")), "PC502", CHOSEN),
    "a digest of another algorithm": (
        lambda: of_record(TRUE, LISTED.replace(DATA, DATA.replace(b"sha256", b"sha512"))),
        "PC502",
        CHOSEN,
    ),
    "a digest that is empty": (lambda: of_record(TRUE, LISTED.replace(DATA, b"sha256=")), "PC508", CHOSEN),
    "a digest of nothing but padding": (
        lambda: of_record(TRUE, LISTED.replace(DATA, b"sha256===")),
        "PC508",
        CHOSEN,
    ),
    "an algorithm without a digest": (lambda: of_record(TRUE, LISTED.replace(DATA, b"sha256")), "PC508", CHOSEN),
    "a digest whose algorithm has no name": (
        lambda: of_record(TRUE, LISTED.replace(DATA, b"=abc")),
        "PC508",
        CHOSEN,
    ),
    "a backslash for a member that is gone": (
        lambda: of_record(TRUE, LISTED + b"foo\\gone.txt,,\n"),
        "PC501",
        "foo/gone.txt",
    ),
    "a wrong digest behind a backslash": (
        lambda: of_record(TRUE, LISTED + row("foo\\data.txt", b"evil")),
        "PC502",
        CHOSEN,
    ),
    "a wrong digest in hex": (
        lambda: of_record(TRUE, LISTED.replace(DATA, b"sha256=" + b"a6" * 32)),
        "PC502",
        CHOSEN,
    ),
    "a wrong sha384": (lambda: of_record(TRUE, with_digest("sha384", b"evil")), "PC502", CHOSEN),
    "a wrong sha512": (lambda: of_record(TRUE, with_digest("sha512", b"evil")), "PC502", CHOSEN),
    "two digests, the latter wrong": (lambda: of_record(TRUE, LISTED + row(CHOSEN, b"evil")), "PC502", CHOSEN),
    "two digests, the former wrong": (lambda: of_record(TRUE, row(CHOSEN, b"evil") + LISTED), "PC502", CHOSEN),
}


def with_digest(algorithm: str, of: bytes) -> bytes:
    """A RECORD with another digest of foo/data.txt."""
    return LISTED.replace(hostile.digest(b"data").encode(), hostile.digest(of, algorithm).encode())


def row(path: str, of: bytes) -> bytes:
    """A line of RECORD."""
    return f"{path},{hostile.digest(of)},{len(of)}\n".encode()


@pytest.mark.parametrize("what", TAMPERED)
def test_what_record_does_not_say_is_found(what: str, tmp_path: Path) -> None:
    make, code, where = TAMPERED[what]
    expected = Judged("poisoned", frozenset({(code, where)}))
    assert judged_built(tmp_path / "built", make()) == expected
    assert judged_download(tmp_path / "download", WHEEL_NAME, make()) == expected


def test_what_python_runs_at_each_start_is_the_first_that_record_does_not_know() -> None:
    findings = flaws(of_record({**TRUE, "a.py": b"", "evil.pth": b"import evil\n", "foo/evil.pth": b""}, LISTED))
    assert [(finding.by, finding.runs_at_start) for finding in findings] == [
        ("evil.pth", True),
        ("a.py", False),
        ("foo/evil.pth", False),
    ]
    assert findings[0].actual == "none, and Python runs it at each start"


NO_RECORD: dict[str, bytes | None] = {
    "none": None,
    "not UTF-8": LISTED + b"\xff\xfe",
    "in UTF-16": LISTED.decode().encode("utf-16"),
    "a field without end": LISTED + b'"' + b"x" * 200_000,
}


@pytest.mark.parametrize("what", NO_RECORD)
def test_a_wheel_without_record_is_found(what: str, tmp_path: Path) -> None:
    judgement = judged_built(tmp_path, of_record(TRUE, NO_RECORD[what]))
    assert judgement == Judged("damaged", frozenset({("PC504", RECORD)}))


@pytest.mark.slow
def test_a_record_of_too_many_lines_is_unreadable(tmp_path: Path) -> None:
    record = LISTED + b"".join(b"foo/%d,,\n" % number for number in range(200_001))
    judgement = judged_built(tmp_path, of_record(TRUE, record))
    assert judgement == Judged("unreadable", frozenset())


def test_a_record_that_is_cut_where_reading_ends_is_unreadable(tmp_path: Path) -> None:
    padding = b"x" * 100_000
    record = b"".join(b"foo/%d-%s,,\n" % (number, padding) for number in range(170)) + LISTED
    assert judged_built(tmp_path, of_record(TRUE, record)) == Judged("unreadable", frozenset())


@pytest.mark.parametrize("record", [b"", b"\0" * 100, b"hello", b"<html></html>", b",,,\n", b'"\n"\n'])
def test_a_record_that_lists_nothing_vouches_for_nothing(record: bytes) -> None:
    pairs = {(flaw.check.code, flaw.by) for flaw in flaws(of_record(TRUE, record))}
    assert pairs >= {("PC503", path) for path in TRUE}


CODED = b"0"  # its digest has all characters that differ in the two alphabets
SPELLINGS = tuple(
    encode(hashlib.sha256(CODED).digest()).rstrip(b"=") for encode in (base64.urlsafe_b64encode, base64.b64encode)
)
ODD_PATHS = {
    "foo/a,b.txt": b"comma",
    'foo/a"b.txt': b"quote",
    'foo/",".txt': b"both",
    "foo/ü.txt": b"umlaut",
    "foo/line\u2028separator.txt": b"a line to str, not to CSV",
    "foo/form\x0cfeed.txt": b"the same",
    "foo/new\nline.txt": b"a line to CSV too",
    " foo /x ": b"blanks",
}
CONSISTENT: dict[str, Callable[[], bytes]] = {
    # nothing outside vouches for such a wheel, and nothing inside speaks against it
    "rewritten for the change": lambda: wheel({"foo/data.txt": b"evil", "evil.pth": PAYLOAD}),
    "with odd paths": lambda: wheel(ODD_PATHS),
    "signed": lambda: of_record(TRUE, LISTED, more={f"{RECORD}.jws": b"{}", f"{RECORD}.p7s": b"\x30"}),
    "that lists its signatures": lambda: of_record(
        TRUE, LISTED + f"{RECORD}.jws,,\n".encode(), more={f"{RECORD}.jws": b"{}"}
    ),
    "with lines of Windows": lambda: of_record(TRUE, LISTED.replace(b"\n", b"\r\n")),
    "without its last newline": lambda: of_record(TRUE, LISTED.rstrip()),
    "with backslashes": lambda: of_record(TRUE, LISTED.replace(b"/", b"\\")),
    "with some backslashes": lambda: of_record(TRUE, LISTED.replace(b"foo/data", b"foo\\data")),
    "with backslashes behind a dot": lambda: of_record(TRUE, LISTED.replace(b"foo/data", b".\\foo\\data")),
    "with a backslash that is a member's": lambda: wheel({"foo\\data.txt": b"another"}),
    "that lists folders": lambda: of_record(TRUE, LISTED + b"foo/,,\n", more={"foo/": b""}),
    "without itself": lambda: of_record(TRUE, LISTED.replace(f"{RECORD},,\n".encode(), b"")),
    "with padded digests": lambda: of_record(TRUE, LISTED.replace(b",4\n", b"=,4\n")),
    "with sha384": lambda: of_record(TRUE, with_digest("sha384", b"data")),
    "with sha512": lambda: of_record(TRUE, with_digest("sha512", b"data")),
    "with a digest in hex, as gmsh 4.15.2 has it": lambda: of_record(
        TRUE, LISTED.replace(DATA, f"sha256={hashlib.sha256(b'data').hexdigest()}".encode())
    ),
    "with SHA256": lambda: of_record(TRUE, LISTED.replace(b"sha256=", b"SHA256=")),
    "with sizes nobody writes": lambda: of_record(TRUE, LISTED.replace(b",4\n", ",²\n".encode())),
    "with a line twice": lambda: of_record(TRUE, LISTED + row("foo/data.txt", b"data")),
    "with a digest in plain base64": lambda: of_record(
        {**TRUE, CHOSEN: CODED},
        hostile.record_of({**TRUE, CHOSEN: CODED}).replace(SPELLINGS[0], SPELLINGS[1]),
    ),
    "with more columns": lambda: of_record(TRUE, LISTED.replace(b",4\n", b",4,more\n")),
}


@pytest.mark.parametrize("what", CONSISTENT)
def test_a_wheel_and_its_record_that_agree_are_intact(what: str, tmp_path: Path) -> None:
    assert judged_built(tmp_path, CONSISTENT[what]()) == Judged("intact", frozenset())


@pytest.mark.parametrize("path", [RECORD, "foo/data.txt"])
def test_bytes_that_broke_are_damaged_whatever_record_says_of_them(path: str, tmp_path: Path) -> None:
    data = of_record(TRUE, LISTED)
    place = data.index(path.encode()) + len(path)
    judgement = judged_built(tmp_path, changed(data, place, bytes([data[place] ^ 0x10])))
    assert judgement == Judged("damaged", frozenset({("PC402", path)}))
