"""What a PNG says in its chunks: how deep its pixels are, and whether it is whole."""

import struct
from collections.abc import Iterator

from crr.config import ValueRange
from crr.data.depth import EIGHT_BITS, FULL, Depth

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_OF_ORIENTATION = (b"Raw profile type exif", b"XML:com.adobe.xmp")


def png_depth(data: bytes) -> Depth:
    """The depth of a PNG; its sBIT chunk says how many bits of 16 a camera has filled."""
    if data[24] != 16:  # bits a channel, in the header chunk
        return EIGHT_BITS
    significant = _png_chunk(data, b"sBIT")
    bits = max(significant[:3], default=16)
    declared = ValueRange.of_bits(bits) if significant and 1 <= bits <= 16 else None
    return Depth(bits if declared else 16, False, declared, FULL)


def png_is_whole(data: bytes) -> bool:
    """Whether a PNG holds all that its chunks announce."""
    return all(start + length <= len(data) for _, start, length in _png_chunks(data))


def png_without_texts(data: bytes) -> bytes:
    """A PNG without its texts, but for those that may hold its orientation.

    Pillow takes a file for damaged whose texts are longer than it likes, and no pixel depends on them.
    """
    kept, done = [], 0
    for kind, start, length in _png_chunks(data):
        if kind in _TEXTS and not data.startswith(_OF_ORIENTATION, start):
            kept.append(data[done : start - 8])
            done = start + length + 4
    return b"".join((*kept, data[done:])) if kept else data


def _png_chunk(data: bytes, kind: bytes) -> bytes:
    """The content of a PNG's first chunk of that kind before the pixels; empty without one."""
    for found, start, length in _png_chunks(data):
        if found == kind:
            return data[start : start + length]
        if found == b"IDAT":
            break
    return b""


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, and start and length of the content, of each chunk of a PNG up to its end."""
    start, kind = 8, b""
    while start + 8 <= len(data) and kind != b"IEND":
        (length,), kind = struct.unpack_from(">I", data, start), data[start + 4 : start + 8]
        yield kind, start + 8, length
        start += 12 + length
