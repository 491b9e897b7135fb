"""How much an AVIF or a HEIC may list: the items that a picture is put together from, and samples of films.

Decoders look an item up among all others, so that time grows with the square of their number.
"""

import struct
from collections.abc import Iterator

_MOST_BOXES = 10_000
_MOST_LIST = 2**16
"""Largest list, in bytes: a photo of 64 million pixels in tiles of 256 x 256 has 1000 items of 21 bytes."""
_MOST_SAMPLES = 100_000
"""Most frames that a film may announce."""

_PLAIN_FOLDERS = (b"iprp", b"ipco", b"moov", b"trak", b"mdia", b"minf", b"stbl")
_FOLDERS = {b"meta": 4, **dict.fromkeys(_PLAIN_FOLDERS, 0)}
"""Boxes that hold boxes, and how many bytes stand before these."""
_LISTS = {b"iinf": "items", b"iloc": "items", b"iref": "references", b"ipma": "properties", b"grpl": "groups"}
_DEEPEST = 8


def excess(data: bytes) -> str | None:
    """What an AVIF or HEIC lists too many of; None if nothing.

    Raises:
        struct.error: It is cut short.
    """
    for number, (kind, start, end) in enumerate(_boxes(data, 0, len(data), 0)):
        if number > _MOST_BOXES:
            return f"more than {_MOST_BOXES:,} boxes"
        if kind in _LISTS and end - start > _MOST_LIST:
            return f"{end - start:,} bytes of {_LISTS[kind]}"
        if kind in (b"stsz", b"stts", b"stsc", b"stco", b"co64", b"stss"):
            # What all have the same size, is only counted.
            counted = struct.unpack_from(">I", data, start + (8 if kind == b"stsz" else 4))[0]
            if counted > _MOST_SAMPLES:
                return f"{counted:,} frames"
    return None


def _boxes(data: bytes, start: int, end: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, and start and end of the content, of each box between two offsets and of those within."""
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if length == 1:
            (length,), head = struct.unpack_from(">Q", data, start + 8), 16
        last = end if length == 0 else min(end, start + length)
        yield kind, start + head, last
        if kind in _FOLDERS and depth < _DEEPEST:
            yield from _boxes(data, start + head + _FOLDERS[kind], last, depth + 1)
        if last < start + head:  # it says that it is shorter than its own head
            return
        start = last
