"""The check of an image file's lists, by its format, before anything of it is opened."""

import struct
from collections.abc import Callable

from crr.data.bounds import bmp, boxes, jpeg, png, tiff, webp
from crr.data.image_formats import ImageFormat
from crr.errors import ImageError

_EXCESSES: dict[ImageFormat, Callable[[bytes], str | None]] = {
    "JPEG": jpeg.excess,
    "PNG": png.excess,
    "TIFF": tiff.excess,
    "BMP": bmp.excess,
    "WebP": webp.excess,
    "AVIF": boxes.excess,
    "HEIC": boxes.excess,
}


def check_parts(kind: ImageFormat, data: bytes, name: str) -> None:
    """See that an image file does not list far more than a photo has.

    Args:
        kind: Its format.
        data: Its content.
        name: File name for error messages.

    Raises:
        ImageError: It does.
    """
    try:
        excess = _EXCESSES[kind](data)
    except (struct.error, IndexError):  # cut short: what there is of it is left to the decoder
        return
    if excess:
        raise ImageError(
            f"{name} lists {excess}, far more than a picture of its size needs: open it in another program "
            "and save it again."
        )
