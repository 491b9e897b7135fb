"""The one image decoder: bytes or a path in, a checked upright RGB array out, or one sentence for the user.

JPEG, PNG, TIFF, BMP and WebP are read, recognised by their content and never by their file name.

- Animated and multi-page files give their first frame; EXIF rotation is applied; colour profiles are not.
- Transparent pixels show `background` (white), never the colours that are stored beneath them.
- 16-bit pixels are scaled by the full range of 16 bits, or of 12 bits if no value needs more: many cameras
  store 12 bits so, and would give black images otherwise. An image's own minimum and maximum never stretch
  it, so that two photos of one camera stay comparable.
- Limits are checked in the header, before any pixel is decoded.
"""

import logging
import warnings
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from crr.data.image_formats import IMAGE_SUFFIXES, ImageFormat, describe, image_format
from crr.errors import ImageError
from crr.types import Image

MAX_BYTES = 200 * 2**20
"""Largest file, in bytes."""
MAX_PIXELS = 64_000_000
"""Largest image, in pixels (8000 x 8000): 192 MB as an RGB array."""
MIN_SIDE = 16
"""Shortest side, in pixels."""
MAX_ASPECT = 20
"""Largest ratio of the long side to the short side."""

# Called directly, because `PIL.Image.open` would also try other formats and warn about large images.
_PLUGINS: dict[ImageFormat, Callable[[BytesIO], ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "TIFF": TiffImageFile,
    "BMP": BmpImageFile,
    "WebP": WebPImageFile,
}

_EXIF_ORIENTATION = 0x0112
_TIFF_BITS_PER_SAMPLE = 258
_TIFF_PHOTOMETRIC = 262
_TIFF_PLANAR = 284

_TO_UPRIGHT = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


def _silence_pillow() -> None:
    """Keep Pillow's remarks about odd files from the user's terminal.

    Once for the process: `warnings.catch_warnings` around each call would not be safe among threads.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").addHandler(logging.NullHandler())


_silence_pillow()


def decode(source: bytes | Path, name: str = "", background: int = 255) -> Image:
    """Decode one image.

    Args:
        source: The content of an image file, or the path of one.
        name: File name for error messages; the path's own name if empty.
        background: Grey value in [0, 255] behind transparent pixels.

    Returns:
        uint8 (H, W, 3), RGB, upright, contiguous and writable. The short side has at least `MIN_SIDE` pixels,
        the long side at most `MAX_ASPECT` times as many, both together at most `MAX_PIXELS`.

    Raises:
        ImageError: There is no such file, or it is none of the five formats, damaged, or outside a limit.
    """
    name = name or (source.name if isinstance(source, Path) else "The image")
    data = read(source, name) if isinstance(source, Path) else source
    if not data:
        raise ImageError(f"{name} is empty (zero bytes): save or copy it again.")
    if len(data) > MAX_BYTES:
        raise _too_many_bytes(name)
    kind = image_format(data)
    if kind is None:
        raise ImageError(
            f"{name} is {describe(data)}, which cannot be inspected: "
            "save or export it as JPEG, PNG, TIFF, BMP or WebP."
        )
    try:
        with _PLUGINS[kind](BytesIO(data)) as image:
            _check_header(image, name)
            image.load()
            return _upright_rgb(image, data, background)
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f"{name} needs more memory than is free: scale it down.") from error
    except PIL.Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except Exception as error:  # a damaged file makes the decoders raise nearly anything
        raise ImageError(
            f"{name} is a {kind} image that is damaged, cut short or of a rare kind: "
            "copy it again from where it came from, or export it again."
        ) from error


def read(path: Path, name: str = "") -> bytes:
    """The content of an image file, which is not looked into.

    Args:
        path: Path of the file.
        name: File name for error messages; the path's own name if empty.

    Raises:
        ImageError: There is no such file, it may not or cannot be read, or it is larger than `MAX_BYTES`.
    """
    name = name or path.name
    try:
        if path.is_dir():
            raise ImageError(f"{name} is a folder, not an image file: give the path of an image.")
        if not path.is_file():
            raise ImageError(f"There is no image file {path}: check the path.")
        if path.stat().st_size > MAX_BYTES:
            raise _too_many_bytes(name)
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


def find_images(paths: Iterable[Path]) -> list[Path]:
    """The images among files and folders, in the order given, each once.

    A folder stands for the images in it and its subfolders, sorted by path. Everything else is passed on as
    given, even if missing or not an image, so that `decode` can say what is wrong with it.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.rglob("*") if is_image_path(file.relative_to(path)))
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def is_image_path(path: Path) -> bool:
    """Whether a path looks like an image by its name, and neither it nor a folder in it is hidden."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not any(map(is_hidden, path.parts))


def is_hidden(name: str) -> bool:
    """Whether a file or folder of that name belongs to the system: ".git", "._part.png", "__MACOSX"."""
    return name.startswith(".") or name == "__MACOSX"


def _too_many_bytes(name: str) -> ImageError:
    return ImageError(f"{name} is larger than {MAX_BYTES >> 20} MiB, the most allowed: scale it down.")


def _too_many_pixels(name: str) -> ImageError:
    return ImageError(
        f"{name} has more than {MAX_PIXELS // 1_000_000} million pixels, the most allowed: scale it down."
    )


def _check_header(image: ImageFile, name: str) -> None:
    width, height = image.size
    short, long = sorted(image.size)
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
    if image.mode in ("I", "F"):
        raise ImageError(
            f"{name} holds 32-bit or floating-point values, whose range is not known: "
            "save it with 8 or 16 bits."
        )


def _upright_rgb(image: ImageFile, data: bytes, background: int) -> Image:
    picture = _eight_bit(image, data)
    if picture.has_transparency_data:
        behind = PIL.Image.new("RGBA", picture.size, (background, background, background, 255))
        picture = PIL.Image.alpha_composite(behind, picture.convert("RGBA"))
    picture = picture.convert("RGB")
    turn = _TO_UPRIGHT.get(_orientation(image))
    return np.array(picture if turn is None else picture.transpose(turn))


def _orientation(image: ImageFile) -> int:
    """EXIF orientation, 1 to 8. Loading a TIFF has already turned it, and then this is 1."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # broken metadata must not cost the user a good image
        return 1


def _eight_bit(image: ImageFile, data: bytes) -> PIL.Image.Image:
    """A loaded image with 8 bits a channel, transparency kept."""
    if image.mode.startswith("I;16"):
        return _eight_bit_grey(image)
    if image.mode in ("RGB", "RGBA") and _has_16_bits(image, data):
        return _eight_bit_colour(image, data)
    return image


def _has_16_bits(image: ImageFile, data: bytes) -> bool:
    if isinstance(image, TiffImageFile):
        return 16 in image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, ())
    return isinstance(image, PngImageFile) and data[24] == 16  # bit depth in the header chunk


def _eight_bit_grey(image: ImageFile) -> PIL.Image.Image:
    values = np.asarray(image)
    grey = _scale(values)
    if isinstance(image, TiffImageFile) and image.tag_v2.get(_TIFF_PHOTOMETRIC) == 0:
        grey = 255 - grey  # "white is zero", which Pillow heeds for 8 bits only
    picture = PIL.Image.fromarray(grey)
    if "transparency" in image.info:
        picture.putalpha(PIL.Image.fromarray(values != image.info["transparency"]).convert("L"))
    return picture


def _eight_bit_colour(image: ImageFile, data: bytes) -> PIL.Image.Image:
    """OpenCV reads all 16 bits of a colour; Pillow keeps the high byte, next to nothing of 12 bits."""
    separate = isinstance(image, TiffImageFile) and image.tag_v2.get(_TIFF_PLANAR) == 2
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if separate or pixels is None or pixels.dtype != np.uint16 or pixels.shape[1::-1] != image.size:
        # Both libraries take separate planes for pixel by pixel, without a word.
        raise ValueError("16-bit colour in an arrangement that neither Pillow nor OpenCV reads")
    picture = PIL.Image.fromarray(_scale(cv2.cvtColor(pixels[..., :3], cv2.COLOR_BGR2RGB)))
    if pixels.shape[2] == 4:
        picture.putalpha(PIL.Image.fromarray(_scale(pixels[..., 3])))
    return picture


def _scale(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Unsigned 16-bit integers to uint8: from 0..4095 if none is larger, else from 0..65535."""
    native = np.ascontiguousarray(values, np.uint16)
    top = 4095 if native.max() <= 4095 else 65535
    return np.asarray(cv2.convertScaleAbs(native, alpha=255 / top), np.uint8)


def _encode(suffix: str, image: NDArray[np.uint8], parameters: list[int]) -> bytes:
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise ValueError(f"expected uint8 (H, W, 3) or (H, W), not {image.dtype} {image.shape}")
    pixels = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(suffix, pixels, parameters)[1].tobytes()
