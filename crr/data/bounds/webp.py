"""How much a WebP may list: chunks, which are its frames and what is said of them."""

import struct

from crr.data.bounds import tiff

_MOST_CHUNKS = 100_000


def excess(data: bytes) -> str | None:
    """What a WebP lists too many of, with their number; None if nothing."""
    start, chunks = 12, 0
    while start + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, start)
        chunks += 1
        if chunks > _MOST_CHUNKS:
            return f"more than {_MOST_CHUNKS:,} frames and chunks"
        exif = data[start + 8 : start + 8 + length].removeprefix(b"Exif\0\0") if kind == b"EXIF" else b""
        if exif and (found := tiff.excess_of_exif(exif)):
            return found
        start += 8 + length + length % 2
    return None
