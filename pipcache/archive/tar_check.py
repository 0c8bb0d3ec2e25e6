"""Whether a compressed tar is whole, to its last checksum."""

import re
from collections.abc import Callable

from pipcache.archive.flaw import Defect, Digester, Flaw
from pipcache.archive.tar_reader import BLOCK, WITHOUT_CONTENT, has_numbers, is_tar, size_in_header
from pipcache.archive.unpacked_paths import TarMember, tar_sdist_flaws
from pipcache.archive.zip_reader import MOST_MEMBERS, is_zip
from pipcache.util.budget import Budget, TooMuchInItError
from pipcache.util.compression import (
    LZMA_HEADER,
    BrokenStream,
    CutStream,
    TrailingBytes,
    archive_format,
    decompress,
)
from pipcache.util.files import Window
from pipcache.util.progress import Tick


def check_tar(
    window: Window,
    tick: Tick,
    observe: Callable[[str], Digester | None] | None = None,
    *,
    of_index: bool = False,
    budget: Budget | None = None,
) -> list[Flaw]:
    """Check whether a tar, plain or compressed, is whole.

    Args:
        window: the bytes of the file.
        tick: called before each piece; what it raises goes through.
        observe: returns what takes a member's bytes, by the name in the member's header; None for nothing.
        of_index: it is an sdist of an index, from whose top folder pip builds.
        budget: counts the work that is done for the whole entry; more than it has is a flaw. None for a budget of
            these bytes alone.

    Raises:
        OSError: the window cannot be read.
    """
    budget = budget or Budget(window.length)
    walk = _TarWalk(observe, budget)
    # pip before 26.1 takes for a ZIP what has a ZIP's end, whatever its name
    flaws = [Flaw(Defect.AMBIGUOUS, "", "one archive", "a ZIP in the same file")] if is_zip(window) else []
    form = archive_format(window.read(0, LZMA_HEADER))
    try:
        # readers pass over zeros between compressed streams
        for piece in decompress(window, form, tick, padding=b"\x00", budget=budget):
            walk.feed(piece)
    except TooMuchInItError as error:
        return [
            *flaws,
            *walk.flaws_so_far(),
            Flaw(Defect.UNREADABLE, "", "an archive that can be read here", error.reason),
        ]
    except TrailingBytes as error:
        flaws.append(Flaw(Defect.SLACK, "", "the end", f"{error.count} bytes behind the compressed ones"))
    except CutStream:
        return [*flaws, Flaw(Defect.TRUNCATED, "", "a whole archive", "its compressed bytes end too early")]
    except BrokenStream as error:
        return [*flaws, Flaw(Defect.CHECKSUM, "", "a whole archive", str(error))]
    flaws += walk.flaws(is_plain=form is None)
    return [*flaws, *walk.path_flaws(of_index=of_index)]


_PAX_LIMIT = 1 << 20  # bytes of pax records, or of a long name, that are kept

_MOST_OF_NAMES = 32 << 20  # characters of all names together

_OCTAL_LIMIT = 8**11  # the size field has eleven octal digits

_PAX_RECORD = re.compile(rb"([0-9]{1,9}) ([^=]*)=")


class _TarWalk:
    """Checks a tar block by block as its bytes arrive, and keeps only the current header of it."""

    def __init__(self, observe: Callable[[str], Digester | None] | None, budget: Budget) -> None:
        self._observe = observe
        self._budget = budget
        self._digester: Digester | None = None
        self._content_left = 0  # bytes of the member's content that are still to come, without padding
        self._header = b""  # the part of the current header that has arrived
        self._to_skip = 0  # bytes before the next header
        self._members = 0
        self._places: list[TarMember] = []
        self._names_length = 0
        self._zero_blocks = 0
        self._pax_records: bytes | None = None  # the content of a header of others; None outside of one
        self._header_kind = b""  # the type of the last header of others
        self._pax_names: dict[bytes, str] = {}  # the name and the link that such headers give the next member
        self._pax_size: int | None = None  # the size that the pax records give the next member
        self._is_sparse_map = False
        self._flaw: Flaw | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the tar."""
        position = 0
        while position < len(data) and self._flaw is None:
            if self._to_skip and not self._is_sparse_map:
                step = min(self._to_skip, len(data) - position)
                if self._pax_records is not None and len(self._pax_records) < _PAX_LIMIT:
                    self._pax_records += data[position : position + step]
                if self._digester is not None and self._content_left:
                    self._digester.update(data[position : position + min(step, self._content_left)])
                    self._content_left = max(0, self._content_left - step)
                self._to_skip -= step
                position += step
                continue
            need = BLOCK - len(self._header)
            self._header += data[position : position + need]
            position += need
            if len(self._header) == BLOCK:
                self._read_header(self._header)
                self._header = b""

    def _read_header(self, block: bytes) -> None:
        self._budget.step()
        if self._is_sparse_map:
            self._is_sparse_map = block[504] != 0  # GNU tar's sparse maps: between header and content
            return
        if block == bytes(BLOCK):
            self._zero_blocks += 1
        elif self._zero_blocks:
            # readers stop at the zero blocks, scanners may go on
            self._flaw = Flaw(Defect.SLACK, "", "the end after the zero blocks", "more")
        elif not is_tar(block):
            self._flaw = Flaw(Defect.TRUNCATED, "", f"a header after {self._members} members", "something else")
        elif not has_numbers(block):
            actual = "one with a field that is no number, at which pip stops reading"
            self._flaw = Flaw(Defect.TRUNCATED, "", f"a header after {self._members} members", actual)
        else:
            self._members += 1
            size = self._content_size(block)
            self._to_skip = (size + BLOCK - 1) // BLOCK * BLOCK
            if self._observe is not None:
                is_file = block[156:157] not in WITHOUT_CONTENT | _HEADERS_OF_OTHERS
                self._digester, self._content_left = self._observe(_name(block)) if is_file else None, size
            self._is_sparse_map = block[156:157] == b"S" and block[482] != 0

    def _content_size(self, block: bytes) -> int:
        """Return the bytes of a member's content: its pax records count before its header, as for tarfile."""
        if self._pax_records is not None:
            self._read_header_of_others(self._pax_records)
        kind, size = block[156:157], size_in_header(block)
        self._pax_records = b"" if kind in _HEADERS_OF_OTHERS else None
        self._header_kind = kind
        if kind not in _HEADERS_OF_OTHERS:
            self._keep_place(block)
        if kind in _HEADERS_OF_OTHERS or self._pax_size is None:
            return size
        pax_size, self._pax_size = self._pax_size, None
        if pax_size == size or kind in WITHOUT_CONTENT:
            return size
        if pax_size < _OCTAL_LIMIT:
            member = f"member {self._members} of {size} bytes"
            self._flaw = Flaw(Defect.AMBIGUOUS, "", member, f"{pax_size} by its pax header")
        return pax_size

    def _read_header_of_others(self, content: bytes) -> None:
        """Take what a pax header, or a long name of GNU tar, says of the member behind it."""
        if self._header_kind in {b"L", b"K"}:
            key = b"path" if self._header_kind == b"L" else b"linkpath"
            self._pax_names[key] = content.partition(b"\0")[0].decode("utf-8", "surrogateescape")
            return
        records = _pax_records(content, self._budget)
        size = records.get(b"size", b"")
        self._pax_size = int(size) if size.isdigit() and len(size) <= 20 else None
        for key in (b"path", b"linkpath"):
            if key in records:
                self._pax_names[key] = records[key].decode("utf-8", "surrogateescape")

    def _keep_place(self, block: bytes) -> None:
        """Keep where a member is unpacked to."""
        names, self._pax_names = self._pax_names, {}
        link = block[157:257].partition(b"\0")[0].decode("utf-8", "surrogateescape")
        name, kind = names.get(b"path", _name(block)), block[156:157]
        if kind == b"\0" and name.endswith("/"):
            kind = b"5"  # as old tars have folders
        self._places.append(TarMember(name, kind, names.get(b"linkpath", link)))
        self._names_length += len(self._places[-1].name) + len(self._places[-1].link)
        if len(self._places) > MOST_MEMBERS:
            raise TooMuchInItError(f"more than {MOST_MEMBERS:,} members")
        if self._names_length > _MOST_OF_NAMES:
            raise TooMuchInItError(f"more than {_MOST_OF_NAMES:,} characters of names")

    def path_flaws(self, *, of_index: bool) -> list[Flaw]:
        """Return which members pip does not unpack, by their names and types, after the last ``feed``."""
        return list(tar_sdist_flaws(self._places, of_index=of_index))

    def flaws_so_far(self) -> list[Flaw]:
        """Return what is wrong with the bytes so far, where more would follow."""
        return [] if self._flaw is None else [self._flaw]

    def flaws(self, *, is_plain: bool) -> list[Flaw]:
        """Return what is wrong, after the last ``feed``.

        Only a plain tar must end with zero blocks: a compressed one shows by its own end that it is whole.
        """
        if self._flaw is not None:
            return [self._flaw]
        if self._zero_blocks and self._header.strip(b"\x00"):
            return [Flaw(Defect.SLACK, "", "the end after the zero blocks", "more")]
        if self._to_skip or self._is_sparse_map or (self._header and not self._zero_blocks):
            return [Flaw(Defect.TRUNCATED, "", f"the whole of member {self._members}", "an earlier end")]
        if not self._members:
            return [Flaw(Defect.TRUNCATED, "", "a tar archive", "no member")]
        if is_plain and self._zero_blocks < 2:
            return [Flaw(Defect.TRUNCATED, "", "two zero blocks at its end", str(self._zero_blocks))]
        return []


_PAX = frozenset({b"x", b"X", b"g"})

_HEADERS_OF_OTHERS = _PAX | {b"L", b"K"}  # headers that say something of the members behind them


def _name(block: bytes) -> str:
    """Return the name in a member's own header (POSIX ustar: prefix and name)."""
    parts = (block[345:500] if block[257:263] == b"ustar\0" else b"", block[:100])
    return "/".join(part.partition(b"\0")[0].decode("utf-8", "replace") for part in parts if part.strip(b"\0"))


def _pax_records(content: bytes, budget: Budget) -> dict[bytes, bytes]:
    """Return pax records by their keywords (POSIX.1-2001, pax); of several the last, as for tarfile."""
    records: dict[bytes, bytes] = {}
    position = 0
    while (match := _PAX_RECORD.match(content, position)) is not None:
        budget.step()
        end = position + int(match[1])
        if end <= match.end():
            break
        records[match[2]] = content[match.end() : end - 1]
        position = end
    return records
