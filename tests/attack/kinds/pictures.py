"""Photos that are small to send and large to read; each made anew, in a second or two."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

_LONG, _SHORT = 4, 3  # types of TIFF
_START_OF_SCAN, _END = b"\xff\xda", b"\xff\xd9"


def tiff_of_strips(strips: int) -> bytes:
    """A TIFF of 64 x 64 pixels that says of so many strips, in four bytes each, where they are."""
    data = 8 + 2 + 8 * 12 + 4
    tags = [
        (256, _SHORT, 1, 64),  # width
        (257, _SHORT, 1, 64),  # height
        (258, _SHORT, 1, 8),  # bits
        (259, _SHORT, 1, 1),  # not compressed
        (262, _SHORT, 1, 1),  # black is zero
        (273, _LONG, strips, data + 64 * 64),  # where strips are
        (277, _SHORT, 1, 1),  # samples a pixel
        (278, _LONG, 1, 1),  # rows a strip
    ]
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return head + bytes(4) + bytes(64 * 64) + np.full(strips, data, "<u4").tobytes()


def jpeg_of_scans(scans: int, side: int = 2048) -> bytes:
    """A grey progressive JPEG whose last scan is sent again so many times; each is decoded."""
    file = io.BytesIO()
    Image.new("L", (side, side), 128).save(file, "JPEG", progressive=True)
    whole = file.getvalue().removesuffix(_END)
    last = whole[whole.rfind(_START_OF_SCAN) :]
    return whole + scans * last + _END


def deep_png(side: int = 8000) -> bytes:
    """A PNG of 16 bits and three colours, all black: 64 megapixels in half a megabyte."""
    packer, row = zlib.compressobj(9), bytes(1 + 6 * side)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def plain_photo(number: int, side: int = 600) -> bytes:
    """A photo as anybody may have one, each number another."""
    noise = np.random.default_rng(number).integers(90, 160, (side // 4, side // 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((side, side)).save(file, "JPEG", quality=85)
    return file.getvalue()
