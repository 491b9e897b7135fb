"""What PNG and TIFF say in their own tags and chunks: how deep the pixels are stored, above all."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from crr.config import ValueRange
from crr.data.bounds.tiff import page_excess
from crr.data.depth import FULL, is_customary
from crr.data.image_formats import MAX_PAGES

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_OF_ORIENTATION = (b"Raw profile type exif", b"XML:com.adobe.xmp")

SUBFILE, WIDTH, HEIGHT, BITS, PHOTOMETRIC, ORIENTATION, SAMPLES = 254, 256, 257, 258, 262, 274, 277
_MIN_SAMPLE, _MAX_SAMPLE, _SAMPLE_FORMAT, _SMIN, _SMAX = 280, 281, 339, 340, 341
_READ = (SUBFILE, WIDTH, HEIGHT, BITS, PHOTOMETRIC, ORIENTATION, SAMPLES)
_READ_FOR_DEPTH = (_MIN_SAMPLE, _MAX_SAMPLE, _SAMPLE_FORMAT, _SMIN, _SMAX)
_UNSIGNED, _FLOATING = 1, 3  # values of `_SAMPLE_FORMAT`

Directory = dict[int, Any]
"""The tags of a page of a TIFF, by their numbers."""


@dataclass(frozen=True)
class Depth:
    """How a channel's value is stored.

    Attributes:
        bits: Bits of a value that mean something, as far as the file says.
        floating: Whether they are fractions.
        declared: The range that the file names, of 8 bits always; None if it is silent.
        assumed: The range to take a silent file for if nobody knows better; None where there is none.
    """

    bits: int
    floating: bool
    declared: ValueRange | None
    assumed: ValueRange | None

    def __str__(self) -> str:
        """The depth as people say it: "16 bits", "32 bits, floating"."""
        return f"{self.bits} bits" + (", floating" if self.floating else "")

    @property
    def deep(self) -> bool:
        """Whether it has to be brought to 8 bits."""
        return self != EIGHT_BITS

    @property
    def silent(self) -> bool:
        """Whether the file does not say which value is white."""
        return self.declared is None


EIGHT_BITS = Depth(8, False, ValueRange.of_bits(8), None)


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


def tiff_directories(data: bytes) -> Iterator[Directory]:
    """The tags of each page, by their numbers; a file whose pages point back at each other ends."""
    content = BytesIO(data)
    head = content.read(16 if data[2:3] == b"+" or data[3:4] == b"+" else 8)
    directory = ImageFileDirectory_v2(head)
    seen: set[int] = set()
    offset = directory.next
    while offset and offset not in seen and len(seen) < MAX_PAGES:
        seen.add(offset)
        content.seek(offset)
        try:
            if page_excess(data, offset):
                raise ValueError("far more is listed than a page needs")
            directory.load(content)
        except Exception:
            if len(seen) == 1:
                raise
            return  # what follows a good page is damaged; the good one is not lost
        yield {tag: directory[tag] for tag in (*_READ, *_READ_FOR_DEPTH) if tag in directory}
        offset = directory.next


def tiff_depth(directory: Directory) -> Depth:
    """The depth of a page of a TIFF."""
    bits = max(_numbers(directory, BITS), default=1)
    kind = max(_numbers(directory, _SAMPLE_FORMAT), default=_UNSIGNED)
    if bits <= 8 and kind == _UNSIGNED:
        return EIGHT_BITS
    floating = kind == _FLOATING
    assumed = FULL if kind == _UNSIGNED and bits <= 16 else None
    if bits < 16 and assumed:  # packed: there is no room for more
        return Depth(int(bits), False, FULL, FULL)
    low, high = (_SMIN, _SMAX) if floating else (_MIN_SAMPLE, _MAX_SAMPLE)
    ends = (min(_numbers(directory, low), default=0), max(_numbers(directory, high), default=0))
    declared = ValueRange(*ends) if is_customary(*ends) else None
    if declared == assumed:  # what every file of 16 bits may hold says nothing of the camera
        declared = None
    return Depth(int(bits), floating, declared, assumed)


def _numbers(directory: Directory, tag: int) -> list[float]:
    value = directory.get(tag, ())
    return [float(number) for number in (value if isinstance(value, tuple | list) else (value,))]
