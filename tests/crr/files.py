"""Image files as the libraries write them, and built by hand what they do not write."""

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal

import numpy as np
import PIL.Image
import pillow_heif
from numpy.typing import NDArray

Tag = tuple[int, int, int, int]
"""Number, kind of value (3: short, 4: long), how many, and the value or where it is."""

_SHORT, _LONG = 3, 4
_PIXELS = 14  # where they begin in a TIFF of ours


def saved(picture: PIL.Image.Image | NDArray[Any], kind: str, **options: Any) -> bytes:
    """The file that Pillow writes."""
    file = BytesIO()
    picture = picture if isinstance(picture, PIL.Image.Image) else PIL.Image.fromarray(picture)
    picture.save(file, kind, **options)
    return file.getvalue()


def heic(*pictures: PIL.Image.Image | NDArray[np.uint8], **options: Any) -> bytes:
    """A photo of a phone, or several in one file."""
    file, content = BytesIO(), pillow_heif.HeifFile()
    for picture in pictures:
        plain = picture if isinstance(picture, PIL.Image.Image) else PIL.Image.fromarray(picture)
        content.add_from_pillow(plain)
    content.save(file, **{"quality": 95} | options)
    return file.getvalue()


def corners() -> NDArray[np.uint8]:
    """A picture (48, 64) whose corners differ."""
    pixels = np.full((48, 64, 3), 128, np.uint8)
    pixels[:16, :16], pixels[:16, -16:], pixels[-16:, :16] = 20, 90, 230
    return pixels


def difference(first: NDArray[Any], second: NDArray[Any]) -> float:
    """The largest difference of two pictures in a value."""
    assert first.shape == second.shape
    return float(np.abs(first.astype(float) - second).max())


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(pixels: NDArray[np.uint16], *extra: bytes) -> bytes:
    """A PNG of 16 bits, grey (H, W) or RGB (H, W, 3), with further chunks before its pixels."""
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, 0 if pixels.ndim == 2 else 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    body = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def tiff(
    pixels: NDArray[Any],
    bits: int = 0,
    order: Literal["<", ">"] = "<",
    white_is_zero: bool = False,
    **tags: int,
) -> bytes:
    """A TIFF of these values as they are, or packed into so many bits; tags by "t" and their numbers."""
    height, width = pixels.shape[:2]
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    packed, bits = bits, bits or 8 * pixels.itemsize
    data = _packed(pixels, bits) if packed else pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    data += bytes(len(data) % 2)
    photometric = 2 if samples == 3 else 0 if white_is_zero else 1
    # One or two lie in the entry itself, more where it says.
    depth = {1: bits, 2: bits << 16 | bits}.get(samples, 8)
    entries: dict[int, Tag] = {
        tag: (tag, kind, count, value)
        for tag, kind, count, value in (
            (256, _LONG, 1, width), (257, _LONG, 1, height), (258, _SHORT, samples, depth),
            (259, _SHORT, 1, 1), (262, _SHORT, 1, photometric), (273, _LONG, 1, 8 + 2 * max(3, samples)),
            (277, _SHORT, 1, samples), (278, _LONG, 1, height), (279, _LONG, 1, len(data)),
            *((int(name.removeprefix("t")), _SHORT, 1, value) for name, value in tags.items()),
        )
    }  # fmt: skip
    depths = struct.pack(f"{order}{max(3, samples)}H", *max(3, samples) * [bits])
    start = struct.pack(f"{order}I", 8 + len(depths) + len(data))
    directory = _directory([*entries.values()], order)
    return (b"II*\0" if order == "<" else b"MM\0*") + start + depths + data + directory


def behind_a_preview(file: bytes) -> bytes:
    """One of these TIFFs whose first directory is a preview: 8 x 8 of its bytes, as grey of 8 bits."""
    side = 8  # smaller than what is inspected
    directory = tiff(np.zeros((side, side), np.uint8), t254=1)[_PIXELS + side**2 : -4]
    return file[:4] + struct.pack("<I", len(file)) + file[8:] + directory + file[4:8]


def _packed(pixels: NDArray[Any], bits: int) -> bytes:
    """Each row as bits without gaps, filled up to whole bytes."""
    values = pixels.reshape(len(pixels), -1).astype(np.uint64)
    digits = values[..., None] >> np.arange(bits - 1, -1, -1, dtype=np.uint64) & np.uint64(1)
    return np.packbits(digits.astype(np.uint8).reshape(len(pixels), -1), axis=1).tobytes()


def _directory(entries: Sequence[Tag], order: str) -> bytes:
    content = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in sorted(entries):
        content += struct.pack(f"{order}HHI", tag, kind, count)
        short = kind == _SHORT and count == 1
        content += struct.pack(f"{order}HH", value, 0) if short else struct.pack(f"{order}I", value)
    return content + bytes(4)
