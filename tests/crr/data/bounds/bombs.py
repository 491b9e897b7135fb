"""Small files that cost a decoder much, by what they list, and how to see that they cost nothing here."""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import PIL.Image
import pytest

from crr.data.images import decode
from crr.errors import ImageError
from tests.crr.files import corners, saved
from tests.fuzz.made.limits import peak

SECONDS = 2
MEGABYTES = 100

Tag = tuple[int, int, int, int]


@contextmanager
def cheap() -> Iterator[None]:
    """Fail what takes long or much memory."""
    start, before = time.perf_counter(), peak()
    yield
    assert time.perf_counter() - start < SECONDS
    assert (peak() - before) >> 20 < MEGABYTES


def refused(file: bytes) -> str:
    """What is said of a file that costs nothing because it is not opened."""
    with cheap(), pytest.raises(ImageError) as caught:
        decode(file, "part")
    text = str(caught.value)
    assert text.startswith("part lists ")
    assert text.endswith(".")
    return text.removeprefix("part lists ").partition(", far")[0]


def tiff(*tags: Tag, data: bytes = bytes(64 * 64), big: bool = False, without: tuple[int, ...] = ()) -> bytes:
    """A grey TIFF of 64 x 64 in one strip; these tags take the place of its own, some of which may miss."""
    start = 16 if big else 8
    own = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
    own += [(273, 4, 1, start), (278, 4, 1, 64), (279, 4, 1, 64 * 64)]
    numbers = {*without, *(tag for tag, *_ in tags)}
    entries = sorted([*(tag for tag in own if tag[0] not in numbers), *tags])
    form, size, end = ("<HHQQ", "<Q", bytes(8)) if big else ("<HHII", "<H", bytes(4))
    directory = struct.pack(size, len(entries)) + b"".join(struct.pack(form, *entry) for entry in entries)
    head = b"II+\0\x08\0\0\0" + struct.pack("<Q", start + len(data)) if big else None
    return (head or b"II*\0" + struct.pack("<I", start + len(data))) + data + directory + end


def jpeg_of_scans(scans: int) -> bytes:
    """A progressive JPEG whose last scan is there as often as to make so many."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = saved(PIL.Image.fromarray(noise), "JPEG", progressive=True)
    last = file.rfind(b"\xff\xda")
    return file[:last] + file[last:-2] * (scans - file.count(b"\xff\xda") + 1) + file[-2:]


def jpeg_of_segments(count: int, segment: bytes = b"\xff\xfe\0\x02") -> bytes:
    """A JPEG with a segment that often, as a rule an empty comment."""
    file = saved(corners(), "JPEG")
    return file[:2] + segment * count + file[2:]


def packed_bmp(side: int) -> bytes:
    """A BMP of which each row is one pixel and an end: the largest has 32 kB and takes many seconds."""
    runs = b"\x01\x07\0\0" * side + b"\0\1"
    offset = 54 + 4 * 256
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(runs), 0, 0, offset) + header + bytes(1024) + runs
