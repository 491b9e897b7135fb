"""How the pixels of an open image file become upright 8-bit RGB, whatever their depth, colour and profile."""

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from crr.config import ValueRange
from crr.data.depth import FULL, MOST, fills_the_high_bits, to_eight_bits
from crr.data.image_header import ImageHeader, OpenImage, check_size, orientation_of
from crr.data.tags.channels import Channels
from crr.data.tags.png import png_is_whole
from crr.data.tags.profiles import in_srgb
from crr.errors import ImageError
from crr.types import Image

_TIFF_PLANAR, _TIFF_SAMPLE_FORMAT = 284, 339
_SIGNED = 2  # a value of the latter

cv2.utils.logging.setLogLevel(
    cv2.utils.logging.LOG_LEVEL_SILENT
)  # what is wrong with a file is said by us, and not on the user's terminal

_TURNS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, 3),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}
"""What each EXIF orientation but the upright one asks for."""


def turned(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """(H, W) or (H, W, 3) pixels turned upright, contiguous; `orientation` as EXIF has it, 1 to 8."""
    turn = _TURNS.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))


def upright_rgb(
    file: OpenImage, name: str, page: int, background: int, value_range: ValueRange | None
) -> Image:
    """Decode a page of an open image file, as `crr.data.images.decode` describes.

    Raises:
        ImageError: There is no such page, it is outside a limit, or nobody says which of its values is white.
    """
    header = file.header
    if page >= len(header.pages):
        raise ImageError(f"{name} has {len(header.pages)} pages: there is no page {page + 1}.")
    if page in header.odd_pages:
        raise ImageError(
            f"Page {page + 1} of {name} has another depth than its first: save it as a file of its own."
        )
    if header.depth.deep and header.colour != "CMYK":  # of which Pillow gives the high bytes, which will do
        values, turn = deep_values(file, page, name)
        eight_bits = _eight_bit(values, file, page, _range_of(header, name, value_range))
        return turned(_in_bands(values.shape[:2], eight_bits, file, background), turn)
    picture, turn = loaded(file, page, name)
    width, height = picture.size

    def band(rows: slice) -> PIL.Image.Image:
        return picture.crop((0, rows.start, width, rows.stop))

    return turned(_in_bands((height, width), band, file, background), turn)


_Band = Callable[[slice], PIL.Image.Image]
"""Gives some rows of a picture, from and to which is said."""


def _in_bands(size: tuple[int, ...], band: _Band, file: OpenImage, background: int) -> Image:
    """The RGB of a picture of (height, width), made band by band: each copy of a large photo is much."""
    height, width = size
    pixels = np.empty((height, width, 3), np.uint8)
    for rows in _rows(height, width):
        pixels[rows] = np.asarray(_rgb(band(rows), file, background))
    return pixels


_BAND = 2**20  # pixels


def _rows(height: int, width: int) -> Iterator[slice]:
    """The rows of each band of a picture."""
    step = max(1, _BAND // width)
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def _rgb(picture: PIL.Image.Image, file: OpenImage, background: int) -> PIL.Image.Image:
    picture = in_srgb(picture, None if file.picture is None else file.picture.info.get("icc_profile"))
    if picture.has_transparency_data:
        behind = PIL.Image.new("RGBA", picture.size, (background, background, background, 255))
        plain = (
            picture.convert("LA") if picture.mode == "La" else picture
        )  # which Pillow converts to no other
        picture = PIL.Image.alpha_composite(behind, plain.convert("RGBA"))
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def loaded(file: OpenImage, page: int, name: str) -> tuple[ImageFile, int]:
    """The picture of a page as Pillow decodes it, and its orientation that is still to apply.

    Raises:
        ImageError: It is outside a limit, or has more channels than are read.
        ValueError: It is not as large as its header says, which was all that could be checked.
    """
    picture = _at_page(file, page)
    if picture is None:
        _check_channels(file.header, page, None, name)
        raise ValueError("pixels in an arrangement that Pillow does not read")
    announced = picture.size
    check_size(announced[::-1], name)
    picture.load()  # which turns a TIFF
    if picture.size != announced and not isinstance(picture, TiffImageFile):
        raise ValueError("a picture of another size than its header says")
    return picture, orientation_of(picture)


def deep_values(file: OpenImage, page: int, name: str) -> tuple[NDArray[Any], int]:
    """The values of a page deeper than 8 bits as they are stored, and its orientation that is still to apply.

    Returns:
        (H, W), or (H, W, 3 or 4) in the order RGB and alpha, or what else the fourth is; integers or
        fractions.

    Raises:
        ImageError: Some are no numbers, or beyond all brightness, or the page is outside a limit, or has more
            channels than are read.
    """
    picture = _at_page(file, page)
    packed = file.header.format == "TIFF" and file.header.depth.bits % 8
    if picture is None or picture.mode in _CUT_BY_PILLOW or packed:
        values = _read_by_opencv(file, page, name)  # of the size that the header says, which was checked
        turn = 1 if file.header.format == "TIFF" else file.header.orientation
    else:
        picture, turn = loaded(file, page, name)
        values = _stored_values(picture)
    # The extremes tell of all values, without a copy of them.
    low, high = (values.min(), values.max()) if values.dtype.kind == "f" else (0, 0)
    if not np.isfinite([low, high]).all():
        raise ImageError(
            f"{name} holds values that are no numbers (NaN or infinite): fill them in and save it again."
        )
    if max(-low, high) > MOST:
        raise ImageError(f"{name} holds values beyond all brightness: it is damaged, so copy it again.")
    return values, turn


def _stored_values(picture: PIL.Image.Image) -> NDArray[Any]:
    """The values of an open picture; Pillow mistakes signed ones of 8 bits, and unsigned ones of 32."""
    values = np.asarray(picture)
    if isinstance(picture, TiffImageFile) and values.dtype.kind in "iu":
        sign = "i" if _SIGNED in picture.tag_v2.get(_TIFF_SAMPLE_FORMAT, ()) else "u"
        stored = np.dtype(f"{sign}{values.dtype.itemsize}").newbyteorder(values.dtype.byteorder)
        return values.view(stored)
    return values


_CUT_BY_PILLOW = ("LA", "RGB", "RGBA")
"""Modes in which Pillow keeps the high byte of 16 bits: next to nothing of 12."""


def _read_by_opencv(file: OpenImage, page: int, name: str) -> NDArray[Any]:
    if file.header.format == "PNG" and not png_is_whole(file.data):
        raise ValueError("cut short: OpenCV would take memory for all that is announced")
    separate = isinstance(file.picture, TiffImageFile) and (file.picture.tag_v2.get(_TIFF_PLANAR) == 2)
    content, place = np.frombuffer(file.data, np.uint8), file.header.pages[page]
    if file.header.pages == (0,):
        pixels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    else:
        _, found = cv2.imdecodemulti(content, cv2.IMREAD_UNCHANGED, range=(place, place + 1))
        pixels = found[0] if found else None
    _check_channels(file.header, page, pixels, name)
    # OpenCV turns a TIFF, and nothing else that it is not asked to turn.
    size = file.header.upright_size if file.header.format == "TIFF" else file.header.size
    if separate or pixels is None or pixels.dtype == np.uint8 or pixels.shape[:2] != size:
        # Both libraries take separate planes for pixel by pixel, without a word.
        raise ValueError("deep pixels in an arrangement that neither Pillow nor OpenCV reads")
    if pixels.ndim == 3:
        from_bgr = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
        for rows in _rows(*pixels.shape[:2]):
            pixels[rows] = cv2.cvtColor(pixels[rows], from_bgr)
    return np.asarray(pixels)


def _check_channels(header: ImageHeader, page: int, pixels: NDArray[Any] | None, name: str) -> None:
    """See that a decoder has found the channels that a page of a TIFF has, if it found anything.

    OpenCV takes three or more channels of what is called grey for as many pixels, without a word.
    """
    if not header.channels:
        return
    channels = header.channels[page]
    there, found = channels.total, None if pixels is None else (*pixels.shape, 1)[2]
    odd = channels.unused or channels.colours == 1  # of others that no decoder reads more may be wrong
    if there > 1 and (there != found if found is not None else odd):
        raise ImageError(
            f"{name} has {there} channels a pixel, in a way that is not read: save it as grey or RGB."
        )


def _at_page(file: OpenImage, page: int) -> ImageFile | None:
    """The open file, which then stands at a page; None if Pillow does not know the page's depth."""
    picture, place = file.picture, file.header.pages[page]
    if picture is not None and picture.tell() != place:
        try:
            picture.seek(place)
        except SyntaxError:
            return None
    return picture


def _range_of(header: ImageHeader, name: str, given: ValueRange | None) -> ValueRange:
    depth = header.depth
    value_range = depth.declared or given or depth.assumed
    if value_range is None:
        raise ImageError(
            f"{name} holds values of {depth} that do not say which is white: say which values are black and "
            "white, or save it with 8 or 16 bits.",
            remedy="value_range",
        )
    return value_range


def _eight_bit(values: NDArray[Any], file: OpenImage, page: int, value_range: ValueRange) -> _Band:
    """Bands of 8 bits a channel from deep values, transparency kept."""
    colours, alpha, multiplied = _told_apart(values, file.header, page)
    bits = file.header.depth.bits
    if file.header.format == "PNG" and bits < 16 and fills_the_high_bits(colours, bits):
        value_range = FULL
    opaque = FULL if alpha is not None and alpha.max() > value_range.high else value_range

    def band(rows: slice) -> PIL.Image.Image:
        pixels = to_eight_bits(colours[rows], value_range)
        if file.header.white_is_zero and bits > 8:
            pixels = 255 - pixels
        picture = PIL.Image.fromarray(pixels)
        if alpha is not None:
            picture.putalpha(PIL.Image.fromarray(to_eight_bits(alpha[rows], opaque)))
            if multiplied:
                stored = picture.mode.replace("A", "a")  # how Pillow calls what is multiplied
                picture = PIL.Image.frombytes(stored, picture.size, picture.tobytes()).convert(picture.mode)
        elif values.ndim == 2 and file.picture is not None and "transparency" in file.picture.info:
            visible = values[rows] != file.picture.info["transparency"]
            picture.putalpha(PIL.Image.fromarray(visible).convert("L"))
        return picture

    return band


def _told_apart(
    values: NDArray[Any], header: ImageHeader, page: int
) -> tuple[NDArray[Any], NDArray[Any] | None, bool]:
    """The colours of deep values, their transparency if they have any, and whether it is multiplied in."""
    if values.ndim == 2:
        return values, None, False
    channels = header.channels[page] if header.channels else Channels(3, alpha=values.shape[2] == 4)
    colours = values[..., 0] if channels.colours == 1 else values[..., :3]
    alpha = values[..., channels.colours] if channels.alpha else None
    return colours, alpha, channels.multiplied
