"""The compression methods of ZIP members that Python's zipfile reads, and so pip (APPNOTE.TXT 4.4.5)."""

from pipcache.util.compression import (
    BZIP2,
    RAW_DEFLATE,
    ZSTD,
    BrokenStream,
    CorruptStream,
    Decoder,
    Format,
    PullDecoder,
)
from pipcache.util.files import Window

STORED, DEFLATED, _BZIP2, LZMA, ZSTANDARD = 0, 8, 12, 14, 93

OF_EVERY_PYTHON = frozenset({STORED, DEFLATED, _BZIP2, LZMA})
"""The methods that zipfile reads under every Python; Zstandard only since Python 3.14."""

END_MARK = 2
"""Flag of a member compressed with LZMA: its stream ends with a mark (APPNOTE.TXT 4.4.4); without it, anywhere."""

ENCRYPTED = 0x2061
"""Flags of a member that is encrypted, patched, strongly encrypted or masked (APPNOTE.TXT 4.4.4)."""

_LARGEST_DICTIONARY = 128 << 20

# zipfile reads a single stream of a member
_BZIP2_STREAM = BZIP2._replace(magic=b"")
_ZSTD_STREAM = ZSTD._replace(magic=b"")


class UnreadableMethod(Exception):  # noqa: N818 - it is the method that is unreadable
    """A member that cannot be decompressed here, however whole it is; the message says why."""


def begin_member(data: Window, method: int) -> tuple[Window, Format | None]:
    """Return a member's compressed stream, and its format; None for bytes that are not compressed.

    Args:
        data: the member's bytes as they are stored.
        method: how they are compressed.

    Raises:
        UnreadableMethod: that method, or so much memory, is not to be had here.
        BrokenStream: its header is none.
        OSError: the window cannot be read.
    """
    match method:
        case 0:
            return data, None
        case 8:
            return data, RAW_DEFLATE
        case 12:
            return data, _BZIP2_STREAM
        case 93 if ZSTD.begin(False) is not None:  # noqa: FBT003 - the only argument of a Format's begin
            return data, _ZSTD_STREAM
        case 14:
            return _begin_lzma(data)
        case _:
            raise UnreadableMethod(f"compressed by method {method}, which cannot be read here")


def _begin_lzma(data: Window) -> tuple[Window, Format]:
    """Return the stream behind the header of a member compressed with LZMA (APPNOTE.TXT 5.8.8)."""
    header = data.read(0, 9)
    if len(header) < 9 or header[2:4] != b"\x05\x00" or header[4] >= 9 * 5 * 5:
        raise BrokenStream("its LZMA header is none")
    dictionary = int.from_bytes(header[5:9], "little")
    if dictionary > _LARGEST_DICTIONARY:
        raise UnreadableMethod(
            f"compressed with a dictionary of {dictionary:,} bytes, which is too large to read here"
        )
    return data.part(9, data.length), _raw_lzma(header[4], dictionary)


def _raw_lzma(properties: int, dictionary: int) -> Format:
    """Return the format of an LZMA stream without its header.

    Args:
        properties: the byte of the header that holds lc, lp and pb.
        dictionary: the size of the dictionary in bytes; as much memory is taken.
    """

    def begin(_salvage: bool) -> Decoder:  # noqa: FBT001 - the only argument of a Format's begin
        import lzma  # rare, and not worth every start

        lc, lp, pb = properties % 9, properties // 9 % 5, properties // 45
        fields = {"lc": lc, "lp": lp, "pb": pb, "dict_size": max(dictionary, 4096)}
        try:
            stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, **fields}])
        except lzma.LZMAError as error:
            raise CorruptStream(str(error)) from None
        return PullDecoder(stream, lzma.LZMAError, EOFError)

    return Format("lzma", b"", begin)
