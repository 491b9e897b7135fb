"""PNG, WebP, BMP, AVIF and HEIC that list too much, and those that are good."""

import struct
from io import BytesIO

import numpy as np
import PIL.Image
import pytest

from crr.data.bounds import bmp, boxes, png, webp
from crr.data.images import decode
from tests.crr.data.bounds.bombs import refused
from tests.crr.files import chunk, corners, heic, saved

MANY = 200_000


def with_chunks(chunks: bytes) -> bytes:
    """A PNG with these behind its header."""
    file = saved(corners(), "PNG")
    return file[:33] + chunks + file[33:]


@pytest.mark.parametrize("kind", [b"prIv", b"tEXt", b"tIME"])
def test_chunks_of_a_png(kind: bytes) -> None:
    assert refused(with_chunks(chunk(kind, b"") * MANY)) == "more than 100,000 chunks"


def test_a_png_in_small_pieces_is_read() -> None:
    file = saved(PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)), "PNG")
    start = file.index(b"IDAT") + 4
    pixels = file[start : start + int.from_bytes(file[start - 8 : start - 4], "big")]
    pieces = b"".join(chunk(b"IDAT", pixels[place : place + 1]) for place in range(len(pixels)))
    split = file[: start - 8] + pieces + chunk(b"IEND", b"")
    assert png.excess(split) is None
    assert np.array_equal(decode(split), decode(file))


def test_numbers_in_the_exif_of_a_png_and_a_webp() -> None:
    numbers = 2_000_000
    exif = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x112, 3, numbers, 26) + bytes(8 + 2 * numbers)
    assert refused(with_chunks(chunk(b"eXIf", exif))) == "2,000,000 numbers in one tag"
    assert refused(saved(corners(), "WEBP", exif=b"Exif\0\0" + exif)) == "2,000,000 numbers in one tag"


def test_small_exif_that_is_broken_costs_nothing() -> None:
    broken = b"II*\0\x08\0\0\0" + b"\xff" * 10_000
    assert decode(with_chunks(chunk(b"eXIf", broken))).shape == corners().shape


def test_chunks_of_a_webp() -> None:
    content = saved(corners(), "WEBP")[12:] + b"ABCD\0\0\0\0" * MANY
    file = b"RIFF" + struct.pack("<I", 4 + len(content)) + b"WEBP" + content
    assert refused(file) == "more than 100,000 frames and chunks"


def test_runs_of_a_bmp() -> None:
    picture = BytesIO()
    PIL.Image.fromarray(corners()).convert("P").save(picture, "BMP")
    file = bytearray(picture.getvalue())
    assert bmp.excess(bytes(file)) is None
    file[30:34] = struct.pack("<I", 1)
    assert refused(bytes(file) + b"\0\0" * MANY).endswith("bytes of runs")


def box(kind: bytes, content: bytes) -> bytes:
    """A box of an AVIF or HEIC."""
    return struct.pack(">I", 8 + len(content)) + kind + content


@pytest.mark.parametrize("brand", [b"avif", b"heic"])
@pytest.mark.parametrize(
    ("inner", "what"),
    [
        (box(b"iinf", bytes(100_000)), "100,000 bytes of items"),
        (box(b"iloc", bytes(100_000)), "100,000 bytes of items"),
        (box(b"iref", bytes(100_000)), "100,000 bytes of references"),
        (box(b"iprp", box(b"ipco", box(b"ispe", b"") * 20_000)), "more than 10,000 boxes"),
        (box(b"iprp", box(b"ipma", bytes(100_000))), "100,000 bytes of properties"),
    ],
)
def test_items_of_an_avif_and_a_heic(brand: bytes, inner: bytes, what: str) -> None:
    file = box(b"ftyp", brand + bytes(4) + brand) + box(b"meta", bytes(4) + inner)
    assert refused(file) == what


def test_frames_of_a_film() -> None:
    table = box(b"stbl", box(b"stsz", bytes(4) + struct.pack(">II", 1, 2**31)))
    film = box(b"moov", box(b"trak", box(b"mdia", box(b"minf", table))))
    assert refused(box(b"ftyp", b"avis" + bytes(4) + b"avis") + film) == "2,147,483,648 frames"


def test_what_libraries_write_is_no_excess() -> None:
    frames = [PIL.Image.fromarray(corners()), PIL.Image.fromarray(255 - corners())]
    for kind, check in (("AVIF", boxes.excess), ("WEBP", webp.excess), ("PNG", png.excess)):
        assert check(saved(frames[0], kind, save_all=True, append_images=frames[1:])) is None
    large = np.zeros((3000, 3000, 3), np.uint8)
    assert boxes.excess(heic(large)) is None
    assert bmp.excess(saved(large[:100], "BMP")) is None


def test_boxes_that_lie_about_their_size_end() -> None:
    for length in (0, 1, 2, 7, 8, 2**31):
        file = box(b"ftyp", b"avif" + bytes(4)) + struct.pack(">I", length) + b"meta" + bytes(40)
        assert boxes.excess(file) is None
