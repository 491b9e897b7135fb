"""A small whole file of every kind that is read, to be damaged."""

import struct
import zlib
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pillow_heif
from numpy.typing import NDArray

from tests.crr.profiles import P3, rgb_profile

_HEIGHT, _WIDTH = 20, 28
_PHOTO = Path(__file__).parents[3] / "samples" / "bottle_good.jpg"
_PROFILE = rgb_profile(P3)  # one that leaves colours as they are would not be applied


@cache
def seeds() -> dict[str, bytes]:
    """What each file is, to its content."""
    return dict([*_of_eight_bits(), *_animations(), *_deep(), *_phones()])


def _of_eight_bits() -> Iterator[tuple[str, bytes]]:
    colour, exif = _picture("RGB"), PIL.Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF"):
        yield f"{kind} with a profile, turned", _saved(colour, kind, exif=exif, icc_profile=_PROFILE)
    for kind, mode in product(("PNG", "TIFF", "BMP"), ("1", "L", "P")):
        yield f"{kind} {mode}", _saved(_picture(mode), kind)
    for kind, mode in product(("PNG", "TIFF", "WEBP"), ("LA", "RGBA")):
        yield f"{kind} {mode}", _saved(_picture(mode), kind)
    yield "JPEG of two pictures", _saved(colour, "MPO", save_all=True, append_images=[colour.rotate(90)])
    yield "JPEG of a camera", _PHOTO.read_bytes()
    yield "JPEG, progressive CMYK", _saved(_picture("CMYK"), "JPEG", progressive=True)
    yield "PNG with tRNS", _saved(colour, "PNG", transparency=(1, 2, 3))
    yield "PNG with text", _saved(colour, "PNG", pnginfo=_text())
    yield "WebP without loss", _saved(colour, "WEBP", lossless=True)
    yield "BMP RGB", _saved(colour, "BMP")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        yield f"TIFF {compression}", _saved(colour, "TIFF", compression=compression)
    yield "TIFF group4", _saved(_picture("1"), "TIFF", compression="group4")


def _animations() -> Iterator[tuple[str, bytes]]:
    colour = _picture("RGB")
    more = [colour.rotate(angle) for angle in (90, 180)]
    for kind in ("PNG", "WEBP", "AVIF", "TIFF"):
        yield f"{kind} of three pages", _saved(colour, kind, save_all=True, append_images=more)
    deep = [_values(np.uint16), _values(np.uint16)[::-1].copy()]
    yield "TIFF of two deep pages", cv2.imencodemulti(".tiff", deep)[1].tobytes()


def _deep() -> Iterator[tuple[str, bytes]]:
    grey, colour = _values(np.uint16), np.stack([_values(np.uint16)] * 3, axis=-1)
    yield "PNG of 16 bits", _saved(PIL.Image.fromarray(grey), "PNG")
    yield (
        "PNG of 12 bits by sBIT",
        _with_chunk(cv2.imencode(".png", colour)[1].tobytes(), b"sBIT", b"\x0c" * 3),
    )
    yield "PNG of 16 bits with tRNS", _with_chunk(_saved(PIL.Image.fromarray(grey), "PNG"), b"tRNS", b"\0\7")
    alpha = np.dstack([colour, grey])
    yield "PNG of 16 bits with alpha", cv2.imencode(".png", alpha)[1].tobytes()
    for kind in (np.int16, np.int32, np.uint32, np.float32, np.float64):
        yield f"TIFF of {np.dtype(kind)}", cv2.imencode(".tiff", _values(kind))[1].tobytes()
    yield "TIFF of 16 bits, colour", cv2.imencode(".tiff", colour)[1].tobytes()
    yield "TIFF of 16 bits, alpha", cv2.imencode(".tiff", alpha)[1].tobytes()
    yield "TIFF F", _saved(PIL.Image.fromarray(_values(np.float32)), "TIFF")
    yield "TIFF of 12 bits with its range", _saved(PIL.Image.fromarray(grey), "TIFF", tiffinfo={281: 4095})
    yield "TIFF of 12 bits, packed", _packed(12)


def _phones() -> Iterator[tuple[str, bytes]]:
    file = BytesIO()
    pillow_heif.from_pillow(_picture("RGB")).save(file, quality=50)
    yield "HEIC", file.getvalue()
    several = pillow_heif.from_pillow(_picture("RGBA"))
    several.add_from_pillow(_picture("L"))
    file = BytesIO()
    several.save(file, quality=50, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")
    yield "HEIC of two pages", file.getvalue()


def _picture(mode: str) -> PIL.Image.Image:
    rows, columns = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    colours = np.stack([rows * 12, columns * 9, (rows + columns) * 5], axis=-1).astype(np.uint8)
    return PIL.Image.fromarray(colours).convert(mode)


def _values(kind: Any) -> NDArray[Any]:
    return np.linspace(0, 4000, _HEIGHT * _WIDTH).astype(kind).reshape(_HEIGHT, _WIDTH)


def _saved(picture: PIL.Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _text() -> Any:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n      10\n4578696600004d4d002a\n", zip=True)
    return text


def _with_chunk(png: bytes, kind: bytes, content: bytes) -> bytes:
    """A PNG with another chunk behind its header."""
    crc = zlib.crc32(kind + content)
    return png[:33] + struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc) + png[33:]


def _packed(bits: int) -> bytes:
    """A grey TIFF whose values stand bit by bit without a gap."""
    width = _WIDTH // 8 * 8
    strip = bytes(range(256)) * (_HEIGHT * width * bits // 8 // 256 + 1)
    tags = {256: width, 257: _HEIGHT, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: _HEIGHT}
    tags[279] = _HEIGHT * width * bits // 8
    pixels = strip[: tags[279]]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<I", 8 + len(pixels))
    return head + pixels + struct.pack("<H", len(tags)) + entries + b"\0\0\0\0"
