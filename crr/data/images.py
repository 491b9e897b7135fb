"""The one image decoder: bytes or a path in, a checked upright RGB array out, or one sentence for the user.

JPEG, PNG, TIFF, BMP, WebP, AVIF and HEIC are read, recognised by their content and never by their file name.

- EXIF rotation is applied, and a colour profile brings its colours to sRGB.
- Of a file with several pages or frames one is decoded, the first if nothing else is asked for.
- Transparent pixels show `background` (white), never the colours that are stored beneath them.
- Pixels deeper than 8 bits are scaled by the range that the file names (PNG's sBIT, TIFF's MaxSampleValue and
  BitsPerSample), else by the one that the caller names, else by all of 16 bits; see `crr.data.depth`.
- Limits are checked in the header, before any pixel is decoded.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.config import ValueRange
from crr.data import image_header
from crr.data.conversion import upright_rgb
from crr.data.image_header import ImageHeader, open_image, too_many_bytes
from crr.errors import ImageError
from crr.runtime.paths import StrPath, as_path
from crr.types import Image

Source = bytes | StrPath
"""The content of an image file, or the path of one."""


def decode(
    source: Source,
    name: str = "",
    background: int = 255,
    value_range: ValueRange | None = None,
    page: int = 0,
) -> Image:
    """Decode one image.

    Args:
        source: The content of an image file, or the path of one, as a `Path` or as text.
        name: File name for error messages; the path's own name if empty.
        background: Grey value in [0, 255] behind transparent pixels.
        value_range: Which values are black and white in a file of more than 8 bits that does not say so.
        page: Which page or frame, counted from 0.

    Returns:
        uint8 (H, W, 3), RGB, upright, contiguous and writable. The short side has at least `MIN_SIDE` pixels,
        the long side at most `MAX_ASPECT` times as many, both together at most `MAX_PIXELS`.

    Raises:
        ImageError: There is no such file, or it is none of the formats, damaged, or outside a limit.
        TypeError: The source is neither bytes nor a path.
    """
    data, name = content_of(source, name)
    with open_image(data, name) as file:
        return upright_rgb(file, name, page, background, value_range)


def read_header(source: Source, name: str = "") -> ImageHeader:
    """What an image file says of itself; its pixels are not decoded.

    Args:
        source: As for `decode`.
        name: As for `decode`.

    Raises:
        ImageError: As `decode`, as far as the header tells.
        TypeError: The source is neither bytes nor a path.
    """
    data, name = content_of(source, name)
    with open_image(data, name) as file:
        return file.header


def content_of(source: Source, name: str = "") -> tuple[bytes, str]:
    """An image file's content, and what to call it; raises what `decode` raises."""
    if isinstance(source, bytes):
        return source, name or "The image"
    path = as_path(source, "An image, if not the content of its file as bytes,")
    return read(path, name), name or path.name


def read(path: StrPath, name: str = "") -> bytes:
    """The content of an image file, which is not looked into.

    Args:
        path: Path of the file.
        name: File name for error messages; the path's own name if empty.

    Raises:
        ImageError: There is no such file, it may not or cannot be read, or it is larger than `MAX_BYTES`.
    """
    path = as_path(path, "An image")
    name = name or path.name
    try:
        if path.is_dir():
            raise ImageError(f"{name} is a folder, not an image file: give the path of an image.")
        if path.is_symlink() and not path.exists():
            raise ImageError(f"{path} is a link to {path.readlink()}, which is not there: fetch that file.")
        if not path.is_file():
            raise ImageError(f"There is no image file {path}: check the path.")
        if path.stat().st_size > image_header.MAX_BYTES:
            raise too_many_bytes(name)
        return path.read_bytes()
    except PermissionError as error:
        raise ImageError(f"{name} may not be read by this user: change its permissions.") from error
    except OSError as error:
        raise ImageError(f"{name} cannot be read ({error.strerror or error}): copy it again.") from error


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """PNG file of a uint8 (H, W, 3) RGB or (H, W) grey array.

    Raises:
        ValueError: Another type or shape.
    """
    return _encode(".png", image, [])


def encode_jpeg(image: Image, quality: int = 90) -> bytes:
    """JPEG file of a uint8 (H, W, 3) RGB array; `quality` in [1, 100].

    Raises:
        ValueError: Another type or shape.
    """
    return _encode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])


def _encode(suffix: str, image: NDArray[np.uint8], parameters: list[int]) -> bytes:
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise ValueError(f"expected uint8 (H, W, 3) or (H, W), not {image.dtype} {image.shape}")
    pixels = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(suffix, pixels, parameters)[1].tobytes()
