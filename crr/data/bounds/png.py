"""How much a PNG may list: chunks, each of which costs a decoder time, and many of them memory."""

import struct

from crr.data.bounds import tiff

_MOST_CHUNKS = 100_000
"""Most chunks; pixels come in pieces of 8 kB or more, so that a file of 200 MiB has 25,000."""


def excess(data: bytes) -> str | None:
    """What a PNG lists too many of, with their number; None if nothing."""
    start, chunks = 8, 0
    while start + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, start)
        chunks += 1
        if chunks > _MOST_CHUNKS:
            return f"more than {_MOST_CHUNKS:,} chunks"
        if kind == b"eXIf" and (found := tiff.excess_of_exif(data[start + 8 : start + 8 + length])):
            return found
        if kind == b"IEND":
            break
        start += 12 + length
    return None
