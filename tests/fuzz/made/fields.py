"""Where in an image file the numbers stand that a decoder believes: sizes, counts, offsets, types."""

import struct
import zlib
from collections.abc import Iterator

Field = tuple[int, int, str]
"""Offset, bytes, and "big" or "little"."""


def fields(data: bytes) -> list[Field]:
    """The fields of a whole file; those of what a format wraps are bytes like any others."""
    if data.startswith(b"\x89PNG"):
        return [*_of_png(data)]
    if data[:2] in (b"II", b"MM"):
        return [*_of_tiff(data)]
    if data.startswith(b"RIFF"):
        return [*_of_riff(data)]
    if data[4:8] == b"ftyp":
        return [*_of_boxes(data, 0, len(data))]
    if data.startswith(b"\xff\xd8"):
        return [*_of_jpeg(data)]
    return [(offset, 4, "little") for offset in range(2, 54, 4)] + [(26, 2, "little"), (28, 2, "little")]


def with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks fit their checksums again, else a decoder looks no further; others as they are."""
    if not data.startswith(b"\x89PNG"):
        return data
    mended = bytearray(data)
    for start, length in _chunks(data):
        end = start + 8 + length
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(data[start + 4 : end]))
    return bytes(mended)


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and length of the content of each whole chunk of a PNG."""
    start = 8
    while start + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, start)
        if start + 12 + length > len(data):
            return
        yield start, length
        start += 12 + length


def _of_png(data: bytes) -> Iterator[Field]:
    for start, length in _chunks(data):
        yield start, 4, "big"
        yield start + 4, 4, "big"
        if data[start + 4 : start + 8] == b"IHDR":
            yield from ((start + 8, 4, "big"), (start + 12, 4, "big"))
            yield from ((start + offset, 1, "big") for offset in range(16, 21))
        elif length <= 26:
            yield from ((start + 8 + offset, 1, "big") for offset in range(length))


def _of_tiff(data: bytes) -> Iterator[Field]:
    order = "little" if data[:2] == b"II" else "big"
    mark = "<" if order == "little" else ">"
    yield 4, 4, order
    (start,) = struct.unpack_from(f"{mark}I", data, 4)
    seen: set[int] = set()
    while start and start not in seen and start + 2 <= len(data):
        seen.add(start)
        (count,) = struct.unpack_from(f"{mark}H", data, start)
        yield start, 2, order
        end = start + 2 + 12 * count
        if end + 4 > len(data):
            return
        for entry in range(start + 2, end, 12):
            yield from (
                (entry, 2, order),
                (entry + 2, 2, order),
                (entry + 4, 4, order),
                (entry + 8, 4, order),
            )
            yield entry + 8, 2, order
        yield end, 4, order
        (start,) = struct.unpack_from(f"{mark}I", data, end)


def _of_riff(data: bytes) -> Iterator[Field]:
    yield 4, 4, "little"
    start = 12
    while start + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, start + 4)
        yield from ((start, 4, "little"), (start + 4, 4, "little"))
        yield from ((start + 8 + offset, 3, "little") for offset in range(0, min(length, 24), 3))
        start += 8 + length + length % 2


_HOLDING = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0}
"""Boxes that hold boxes, and how many bytes stand before those."""


def _of_boxes(data: bytes, start: int, end: int) -> Iterator[Field]:
    while start + 8 <= end:
        (length,) = struct.unpack_from(">I", data, start)
        kind = data[start + 4 : start + 8]
        yield from ((start, 4, "big"), (start + 4, 4, "big"))
        if kind in _HOLDING:
            yield from _of_boxes(data, start + 8 + _HOLDING[kind], min(start + length, end))
        elif kind != b"mdat":
            inside = range(start + 8, min(start + length, start + 72, end) - 3, 2)
            yield from ((offset, size, "big") for offset in inside for size in (2, 4))
        start += max(8, length)


def _of_jpeg(data: bytes) -> Iterator[Field]:
    start = 2
    while start + 4 <= len(data) and data[start] == 0xFF:
        (length,) = struct.unpack_from(">H", data, start + 2)
        yield from ((start + 1, 1, "big"), (start + 2, 2, "big"))
        if data[start + 1] in (0xC0, 0xC2, 0xDA):
            yield from ((start + 4, 1, "big"), (start + 5, 2, "big"), (start + 7, 2, "big"))
            yield from ((start + offset, 1, "big") for offset in range(9, 2 + length))
        if data[start + 1] == 0xDA:
            return
        start += 2 + length
