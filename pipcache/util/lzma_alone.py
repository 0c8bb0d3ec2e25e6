"""The header of .lzma files, the format before xz. It has no magic bytes."""

from pipcache.util.compression import LZMA_HEADER


def is_lzma_alone(start: bytes) -> bool:
    """Return whether bytes begin with the header of .lzma, which has no magic, as xz-utils recognises it.

    Source: liblzma ``alone_decoder.c`` with ``picky``: a byte of properties, a dictionary of 2^n or 2^n + 2^(n-1)
    bytes, an unknown or no absurd size.
    """
    if len(start) < LZMA_HEADER or start[0] >= 225:
        return False
    dictionary = int.from_bytes(start[1:5], "little")
    size = int.from_bytes(start[5:13], "little")
    bits = dictionary.bit_length()
    if not bits or dictionary not in {1 << (bits - 1), 3 << max(bits - 2, 0)}:
        return False
    return size == (1 << 64) - 1 or 0 < size < 1 << 38
