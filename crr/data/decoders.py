"""How Pillow opens a file of each format, without a word on the terminal, and which pages it then has."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile, jpeg_factory
from PIL.MpoImagePlugin import MpoImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from crr.data.bounds.jpeg import too_many_scans
from crr.data.image_formats import MAX_PAGES, ImageFormat
from crr.data.tags.png import png_without_texts


def silence_pillow() -> None:
    """Keep Pillow's remarks about odd files from the user's terminal.

    Once for the process: `warnings.catch_warnings` around each call would not be safe among threads.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").addHandler(logging.NullHandler())


silence_pillow()


@contextmanager
def opened(kind: ImageFormat, data: bytes) -> Iterator[Any]:
    """The file as Pillow opens it; None for a TIFF that it does not know."""
    try:
        picture = _PLUGINS[kind](BytesIO(data))
    except SyntaxError:
        if kind != "TIFF":
            raise
        yield None
    else:
        with picture:
            yield picture


def frames(picture: ImageFile, data: bytes) -> tuple[int, ...]:
    """The positions of an open file's pages or frames; the one that it opens with comes first."""
    if isinstance(picture, MpoImageFile):
        return _alike(data)
    count = min(int(getattr(picture, "n_frames", 1)), MAX_PAGES)
    first = picture.tell()
    return (first, *(number for number in range(count) if number != first))


def frames_too_many(picture: ImageFile) -> int:
    """How many frames an open file has beyond those that are read."""
    if isinstance(picture, MpoImageFile):  # of which most are previews
        return 0
    return max(0, int(getattr(picture, "n_frames", 1)) - MAX_PAGES)


def _alike(data: bytes) -> tuple[int, ...]:
    """The first picture of an MPO and those stored alike; others are previews and depth maps of a phone."""
    found = [0]
    with _jpeg(BytesIO(data)) as picture:
        alike = picture.size, picture.mode
        for number in range(1, min(int(getattr(picture, "n_frames", 1)), MAX_PAGES)):
            with suppress(Exception):  # one that is damaged must not cost the user the first
                picture.seek(number)
                if (picture.size, picture.mode) == alike and not too_many_scans(data, picture.tile[0].offset):
                    found.append(number)
    return tuple(found)


def _jpeg(content: BytesIO) -> ImageFile:
    """A JPEG, or an MPO, as it is called where one file holds several."""
    try:
        picture = jpeg_factory(content)
        picture.tell()  # fails where the list of the pictures is broken
    except Exception:
        content.seek(0)
        return JpegImageFile(content)
    return picture


def _png(content: BytesIO) -> ImageFile:
    return PngImageFile(BytesIO(png_without_texts(content.getvalue())))


def _heic(content: BytesIO) -> ImageFile:
    import pillow_heif  # loads a decoder of its own, which only photos of phones need

    plugin: Callable[[BytesIO], ImageFile] = pillow_heif.HeifImageFile
    return plugin(content)


# Called directly, because `PIL.Image.open` would also try other formats and warn about large images.
_PLUGINS: dict[ImageFormat, Callable[[BytesIO], ImageFile]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "TIFF": TiffImageFile,
    "BMP": BmpImageFile,
    "WebP": WebPImageFile,
    "AVIF": AvifImageFile,
    "HEIC": _heic,
}
