"""The members at the start of a tar."""

import re
from collections.abc import Iterator

BLOCK = 512

WITHOUT_CONTENT = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})  # links, devices, folders, pipes


def read_number(field: bytes) -> int | None:
    """Return a number in a tar header as tarfile reads it (``nti``); None where it reads none.

    The digits are octal and end at the first NUL; GNU tar writes large numbers in base 256.
    """
    if field[:1] in {b"\x80", b"\xff"}:
        return int.from_bytes(field[1:], "big") - (256 ** (len(field) - 1) if field[0] == 0xFF else 0)
    try:
        return int(field.partition(b"\x00")[0].decode("ascii").strip() or "0", 8)
    except ValueError:
        return None


_NUMBERS = ((100, 108), (108, 116), (116, 124), (124, 136), (136, 148), (329, 337), (337, 345))
"""Where mode, owner, group, size, time and device numbers stand, which tarfile reads of each header."""


def has_numbers(block: bytes) -> bool:
    """Return whether tarfile can read the numbers of a header; where it cannot, the archive ends for it there."""
    numbers = [read_number(block[start:end]) for start, end in _NUMBERS]
    return None not in numbers and (numbers[3] or 0) >= 0


def size_in_header(block: bytes) -> int:
    """Return the bytes of a member's content by its header; 0 where it has none."""
    return 0 if block[156:157] in WITHOUT_CONTENT else max(0, read_number(block[124:136]) or 0)


def is_tar(block: bytes) -> bool:
    """Return whether ``block`` begins with a tar header whose checksum is right (POSIX.1-2001 ustar).

    Old writers summed the bytes as signed numbers, and tarfile takes that too.
    """
    if len(block) < BLOCK:
        return False
    stated = read_number(block[148:156])
    if stated is None or stated <= 256:
        return False
    others = block[:148] + block[156:BLOCK]
    total = sum(others) + 32 * 8
    return stated == total or stated == total - 256 * sum(byte >= 0x80 for byte in others)


_FOLDER = b"5"

_IGNORED = frozenset({b"g", b"K"})  # a pax header for all members behind it; the next member's long link


def tar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of the members in the first bytes of a tar; the last content may be cut.

    The names of folders end with a slash.
    """
    position = 0
    override: str | None = None
    while is_tar(block := data[position : position + 512]):
        if not has_numbers(block):
            return
        kind, size = block[156:157], size_in_header(block)
        content = data[position + 512 : position + 512 + size]
        if kind == b"L":
            override = content.rstrip(b"\x00").decode("utf-8", "surrogateescape")
        elif kind == b"x":
            override = _pax_path(content) or override
        elif kind not in _IGNORED:
            name = block[:100].partition(b"\x00")[0]
            prefix = block[345:500].partition(b"\x00")[0] if block[257:263] == b"ustar\x00" else b""
            path = (prefix + b"/" if prefix else b"") + name
            member = override or path.decode("utf-8", "surrogateescape")
            yield member + "/" if kind == _FOLDER and not member.endswith("/") else member, content
            override = None
        position += 512 + (size + 511) // 512 * 512


def _pax_path(content: bytes) -> str | None:
    match = re.search(rb"(?:^|\n)\d+ path=([^\n]*)\n", content)
    return match[1].decode("utf-8", "surrogateescape") if match else None
