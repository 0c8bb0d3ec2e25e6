"""The members at the start of a tar."""

import re
from collections.abc import Iterator


def is_tar(block: bytes) -> bool:
    """True when ``block`` begins with a tar header whose checksum is right (POSIX.1-2001 ustar)."""
    if len(block) < 512:
        return False
    try:
        stated = int(block[148:156].strip(b" \x00") or b"0", 8)
    except ValueError:
        return False
    return stated == sum(block[:148]) + 32 * 8 + sum(block[156:512]) and stated > 256


_WITHOUT_CONTENT = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})  # links, devices, folders, pipes

_ABOUT_OTHERS = frozenset({b"g", b"K"})  # pax headers for all that follows; a long link of the next member


def tar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, as much of its content as is there) of the members in the first bytes of a tar."""
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
        if kind in _WITHOUT_CONTENT:
            size = 0
        content = data[position + 512 : position + 512 + size]
        if kind == b"L":
            override = content.rstrip(b"\x00").decode("utf-8", "surrogateescape")
        elif kind == b"x":
            override = _pax_path(content) or override
        elif kind not in _ABOUT_OTHERS:
            name = block[:100].partition(b"\x00")[0]
            prefix = block[345:500].partition(b"\x00")[0] if block[257:263] == b"ustar\x00" else b""
            whole = (prefix + b"/" if prefix else b"") + name
            yield override or whole.decode("utf-8", "surrogateescape"), content
            override = None
        position += 512 + (size + 511) // 512 * 512


def _pax_path(content: bytes) -> str | None:
    match = re.search(rb"(?:^|\n)\d+ path=([^\n]*)\n", content)
    return match[1].decode("utf-8", "surrogateescape") if match else None
