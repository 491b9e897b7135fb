"""What an image file says of itself before its pixels are decoded: size, pages, depth, colour, orientation.

Sizes outside our limits are refused here, so that no pixel of such a file is ever decoded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import PIL.Image
from PIL.ImageFile import ImageFile

from crr.data.bounds.checking import check_parts
from crr.data.decoders import frames, frames_too_many, opened
from crr.data.depth import EIGHT_BITS, Depth
from crr.data.image_formats import ALLOWED, ImageFormat, describe, image_format
from crr.data.tags.channels import Channels, tiff_channels
from crr.data.tags.png import png_depth
from crr.data.tags.stacks import unread_pictures
from crr.data.tags.tiff import (
    DNG_VERSION,
    HEIGHT,
    ORIENTATION,
    PHOTOMETRIC,
    SUB_DIRECTORIES,
    SUBFILE,
    WIDTH,
    Directory,
    tiff_depth,
    tiff_directories,
)
from crr.errors import ImageError

MAX_BYTES = 200 * 2**20
"""Largest file, in bytes."""
MAX_PIXELS = 64_000_000
"""Largest image, in pixels (8000 x 8000): 192 MB as an RGB array."""
MIN_SIDE = 16
"""Shortest side, in pixels."""
MAX_ASPECT = 20
"""Largest ratio of the long side to the short side."""

Colour = Literal["grey", "RGB", "CMYK"]

_EXIF_ORIENTATION = 0x0112
_RAW = (32803, 34892)  # what `PHOTOMETRIC` says of a mosaic of colours, and of what becomes of one
_CR2 = b"\x10\0\0\0CR\2"
"""What follows the first four bytes of a raw file of a Canon camera."""
_PREVIEW_OR_MASK = 0b101  # bits of `_SUBFILE`


@dataclass(frozen=True)
class ImageHeader:
    """What an image file says of itself.

    Attributes:
        format: For example "PNG".
        size: (height, width) in pixels as stored, before it is turned.
        orientation: EXIF orientation, 1 to 8; 1 is upright.
        colour: How its pixels are stored.
        depth: How deep they are.
        pages: Positions of the pages or frames in the file, at least one; previews and masks are none.
        white_is_zero: Whether low values are bright: TIFF's, heeded by decoders for 8 bits only.
        transparent: Whether some of its pixels may be, whatever else it has.
        odd_pages: Which of the pages, counted from 0, are stored with another depth than the first.
        channels: What the channels of each page of a TIFF are; nothing for other formats.
        unread: How many pictures it announces, at least, besides its pages.
    """

    format: ImageFormat
    size: tuple[int, int]
    orientation: int
    colour: Colour
    depth: Depth
    pages: tuple[int, ...]
    white_is_zero: bool = False
    transparent: bool = False
    odd_pages: tuple[int, ...] = ()
    channels: tuple[Channels, ...] = ()
    unread: int = 0

    @property
    def pixels(self) -> int:
        """How many it has."""
        return self.size[0] * self.size[1]

    @property
    def unused_channels(self) -> int:
        """How many channels of a pixel are neither colour nor transparency, such as near infrared."""
        return self.channels[0].unused if self.channels else 0

    @property
    def upright_size(self) -> tuple[int, int]:
        """(height, width) as it is shown."""
        return self.size[::-1] if self.orientation >= 5 else self.size


@dataclass(frozen=True)
class OpenImage:
    """An image file whose header was read.

    Attributes:
        header: What it says.
        data: Its content.
        picture: The open file; None for a TIFF of a depth that Pillow does not know and OpenCV does.
    """

    header: ImageHeader
    data: bytes
    picture: ImageFile | None


@contextmanager
def open_image(data: bytes, name: str) -> Iterator[OpenImage]:
    """Open an image file's content; whatever goes wrong inside the `with` block becomes a sentence too.

    Args:
        data: The content.
        name: File name for error messages.

    Raises:
        ImageError: It is none of our formats, damaged, or outside a limit.
    """
    kind = _checked_format(data, name)
    try:
        check_parts(kind, data, name)
        with opened(kind, data) as picture:
            if kind != "TIFF":  # which may begin with a tiny preview, and whose header is read by us
                # Before anything that would decode pixels.
                check_size(picture.size[::-1], name)
            header = _tiff_header(data, name) if kind == "TIFF" else _header(kind, data, picture)
            check_size(header.size, name)
            yield OpenImage(header, data, picture)
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f"{name} needs more memory than is free: scale it down.") from error
    except PIL.Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except Exception as error:  # a damaged file makes the decoders raise nearly anything
        if "MAX_TEXT" in str(error):
            raise ImageError(
                f"{name} carries more text than is read: save it without its metadata."
            ) from error
        article = "an" if kind == "AVIF" else "a"
        raise ImageError(
            f"{name} is {article} {kind} image that is damaged, cut short or of a rare kind: "
            "copy it again from where it came from, or export it again."
        ) from error


def check_size(size: tuple[int, int], name: str) -> None:
    """See that a (height, width) in pixels is one we inspect; raises `ImageError` if not."""
    height, width = size
    short, long = sorted(size)
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(f"{name} ({width} x {height})")
    if short < MIN_SIDE:
        raise ImageError(
            f"{name} is {width} x {height} pixels, but each side needs at least {MIN_SIDE}: "
            "use a larger image."
        )
    if long > MAX_ASPECT * short:
        raise ImageError(
            f"{name} is {width} x {height} pixels, but the long side may be at most {MAX_ASPECT} times "
            "the short one: cut it into pieces."
        )


def too_many_bytes(name: str) -> ImageError:
    """What to say of a file above `MAX_BYTES`."""
    return ImageError(f"{name} is larger than {MAX_BYTES >> 20} MiB, the most allowed: scale it down.")


def _too_many_pixels(name: str) -> ImageError:
    return ImageError(
        f"{name} has more than {MAX_PIXELS // 1_000_000} million pixels, the most allowed: scale it down."
    )


def _checked_format(data: bytes, name: str) -> ImageFormat:
    if not data:
        raise ImageError(f"{name} is empty (zero bytes): save or copy it again.")
    if len(data) > MAX_BYTES:
        raise too_many_bytes(name)
    kind = image_format(data)
    if kind is None:
        raise ImageError(
            f"{name} is {describe(data)}, which cannot be inspected: save or export it as {ALLOWED}."
        )
    return kind


def _header(kind: ImageFormat, data: bytes, picture: ImageFile) -> ImageHeader:
    unmarked = kind == "PNG" and not any(mark in data for mark in _MARKS)
    return ImageHeader(
        format=kind,
        size=picture.size[::-1],
        orientation=1 if unmarked else orientation_of(picture),
        colour=_COLOURS.get(picture.mode, "RGB"),
        depth=png_depth(data) if kind == "PNG" else EIGHT_BITS,
        pages=frames(picture, data),
        transparent=picture.has_transparency_data,
        unread=frames_too_many(picture),
    )


_COLOURS: dict[str, Colour] = {
    "1": "grey", "L": "grey", "LA": "grey", "I": "grey", "I;16": "grey", "F": "grey", "CMYK": "CMYK"
}  # fmt: skip

_MARKS = (b"eXIf", b"Raw profile type", b"rientation")
"""What a PNG with an orientation holds somewhere: to find it, Pillow has to decode the whole file."""


def orientation_of(picture: PIL.Image.Image) -> int:
    """EXIF orientation of an open file, 1 to 8; once loaded, a TIFF is turned already, and then this is 1."""
    try:
        return _checked_orientation(picture.getexif().get(_EXIF_ORIENTATION, 1))
    except MemoryError:
        raise
    except Exception:  # broken metadata must not cost the user a good image
        return 1


def _checked_orientation(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _tiff_header(data: bytes, name: str) -> ImageHeader:
    found = tiff_directories(data)
    numbers = [
        number
        for number, directory in enumerate(found.pages)
        if not int(directory.get(SUBFILE, 0)) & _PREVIEW_OR_MASK
    ] or [0]
    pages = [found.pages[number] for number in numbers]
    if pages[0].get(PHOTOMETRIC) in _RAW or _is_preview_of_raw(data, pages[0]):
        raise ImageError(f"{name} holds raw data of a camera: develop it, and save it as RGB or grey.")
    kinds, channels = [*map(_kind_of_page, pages)], [*map(tiff_channels, pages)]
    return ImageHeader(
        format="TIFF",
        size=(int(pages[0][HEIGHT]), int(pages[0][WIDTH])),
        orientation=_checked_orientation(pages[0].get(ORIENTATION, 1)),
        colour=_COLOURS_OF_TIFF[channels[0].colours],
        depth=tiff_depth(pages[0]),
        pages=tuple(numbers),
        white_is_zero=pages[0].get(PHOTOMETRIC) == 0,
        transparent=channels[0].alpha,
        odd_pages=tuple(page for page, kind in enumerate(kinds) if kind != kinds[0]),
        channels=tuple(channels),
        unread=unread_pictures(found),
    )


def _is_preview_of_raw(data: bytes, directory: Directory) -> bool:
    """Whether a page is the small picture that cameras put before raw data: DNG, NEF, ARW, or CR2."""
    below = SUB_DIRECTORIES in directory
    small = DNG_VERSION in directory or bool(int(directory.get(SUBFILE, 0)) & _PREVIEW_OR_MASK)
    return data[4:11] == _CR2 or (below and small)


_COLOURS_OF_TIFF: dict[int, Colour] = {1: "grey", 3: "RGB", 4: "CMYK"}


def _kind_of_page(directory: Directory) -> tuple[int, bool, bool]:
    """What one reading of all pages of a file takes for granted: bits, fractions, and which end is white."""
    depth = tiff_depth(directory)
    return depth.bits, depth.floating, depth.deep and directory.get(PHOTOMETRIC) == 0
