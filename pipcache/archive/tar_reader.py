"""The members at the start of a tar."""

import re
from collections.abc import Iterator

BLOCK = 512

WITHOUT_CONTENT = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})  # links, devices, folders, pipes


def is_tar(block: bytes) -> bool:
    """Return whether ``block`` begins with a tar header whose checksum is right (POSIX.1-2001 ustar)."""
    if len(block) < BLOCK:
        return False
    try:
        stated = int(block[148:156].strip(b" \x00") or b"0", 8)
    except ValueError:
        return False
    return stated == sum(block[:148]) + 32 * 8 + sum(block[156:512]) and stated > 256


_FOLDER = b"5"

_IGNORED = frozenset({b"g", b"K"})  # a pax header for all members behind it; the next member's long link


def tar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of the members in the first bytes of a tar; the last content may be cut.

    The names of folders end with a slash.
    """
    position = 0
    override: str | None = None
    while is_tar(block := data[position : position + 512]):
        try:
            size = int(block[124:136].strip(b" \x00") or b"0", 8)
        except ValueError:
            return
        if size < 0:
            return
        kind = block[156:157]
        if kind in WITHOUT_CONTENT:
            size = 0
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
