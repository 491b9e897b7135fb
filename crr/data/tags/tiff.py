"""What the pages of a TIFF say in their tags, above all how deep their pixels are."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from crr.config import ValueRange
from crr.data.bounds.tiff import page_excess
from crr.data.depth import EIGHT_BITS, FULL, Depth, is_customary
from crr.data.image_formats import MAX_PAGES

SUBFILE, WIDTH, HEIGHT, BITS, PHOTOMETRIC, DESCRIPTION, ORIENTATION = 254, 256, 257, 258, 262, 270, 274
SAMPLES, SUB_DIRECTORIES, EXTRA_SAMPLES, DNG_VERSION = 277, 330, 338, 50706
_MIN_SAMPLE, _MAX_SAMPLE, _SAMPLE_FORMAT, _SMIN, _SMAX = 280, 281, 339, 340, 341
_READ = (
    SUBFILE, WIDTH, HEIGHT, BITS, PHOTOMETRIC, DESCRIPTION, ORIENTATION, SAMPLES, SUB_DIRECTORIES,
    EXTRA_SAMPLES, DNG_VERSION,
)  # fmt: skip
_READ_FOR_DEPTH = (_MIN_SAMPLE, _MAX_SAMPLE, _SAMPLE_FORMAT, _SMIN, _SMAX)
CMYK = 5  # a value of `PHOTOMETRIC`
_UNSIGNED, _FLOATING = 1, 3  # values of `_SAMPLE_FORMAT`

Directory = dict[int, Any]
"""The tags of a page of a TIFF, by their numbers."""


@dataclass(frozen=True)
class Directories:
    """The directories of a TIFF.

    Attributes:
        pages: The tags of each page, at least one.
        cut_short: Whether more pages follow, which are damaged or too many.
    """

    pages: list[Directory]
    cut_short: bool = False


def tiff_directories(data: bytes) -> Directories:
    """Read the tags of each page; a file whose pages point back at each other ends.

    Raises:
        Exception: The first page is damaged; whatever Pillow raises.
    """
    content = BytesIO(data)
    head = content.read(16 if data[2:3] == b"+" or data[3:4] == b"+" else 8)
    directory = ImageFileDirectory_v2(head)
    seen: set[int] = set()
    pages: list[Directory] = []
    offset = directory.next
    while offset and offset not in seen:
        if len(seen) == MAX_PAGES:
            return Directories(pages, cut_short=True)
        seen.add(offset)
        content.seek(offset)
        try:
            if page_excess(data, offset):
                raise ValueError("far more is listed than a page needs")
            directory.load(content)
        except Exception:
            if not pages:
                raise
            return Directories(pages, cut_short=True)  # the good ones before it are not lost
        pages.append({tag: directory[tag] for tag in (*_READ, *_READ_FOR_DEPTH) if tag in directory})
        offset = directory.next
    return Directories(pages)


def tiff_depth(directory: Directory) -> Depth:
    """The depth of a page of a TIFF."""
    bits = max(_numbers(directory, BITS), default=1)
    kind = max(_numbers(directory, _SAMPLE_FORMAT), default=_UNSIGNED)
    if bits <= 8 and kind == _UNSIGNED:
        return EIGHT_BITS
    floating = kind == _FLOATING
    assumed = FULL if kind == _UNSIGNED and bits <= 16 else None
    if assumed and (bits < 16 or directory.get(PHOTOMETRIC) == CMYK):
        # There is no room for more; and ink fills it by definition.
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
