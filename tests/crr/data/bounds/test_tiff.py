"""TIFFs that list more than a picture of their size has, and those that list much and are good."""

import struct
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from crr.data.bounds.tiff import excess
from crr.data.images import decode, read_header
from tests.crr.data.bounds.bombs import cheap, refused, tiff
from tests.crr.files import corners, saved

MILLIONS = 2_000_000


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("tags", "what"),
    [
        ([(273, 4, MILLIONS, 8), (279, 4, MILLIONS, 8), (278, 4, 1, 1)], "2,000,000 strips"),
        ([(273, 4, 65, 8)], "65 strips"),
        ([(324, 4, MILLIONS, 8), (325, 4, MILLIONS, 8), (322, 3, 1, 16), (323, 3, 1, 16)], "2,000,000 tiles"),
        ([(324, 4, 17, 8), (325, 4, 17, 8), (322, 3, 1, 16), (323, 3, 1, 16)], "17 tiles"),
        ([(258, 3, MILLIONS, 8)], "2,000,000 numbers in one tag"),
        ([(340, 12, MILLIONS // 2, 8)], "1,000,000 numbers in one tag"),
    ],
)
def test_lists_that_are_longer_than_the_picture_needs(tags: list[Any], what: str, big: bool) -> None:
    assert refused(tiff(*tags, data=bytes(4 * MILLIONS), big=big)) == what


def test_more_tags_than_anybody_writes() -> None:
    assert refused(tiff(*((40_000 + tag, 3, 1, 0) for tag in range(2000)))) == "more than 1,000 tags"


def test_numbers_that_hang_on_a_page() -> None:
    inner = struct.pack("<HHHII", 1, 40_000, 3, MILLIONS, 8) + bytes(4)
    data = bytes(2 * MILLIONS) + inner
    assert refused(tiff((34665, 4, 1, 8 + 2 * MILLIONS), data=data)) == "2,000,000 numbers in one tag"


def test_pages_that_list_too_much_together() -> None:
    strips, pages = 20_000, 60
    tags = [(256, 4, 1, 64), (257, 4, 1, strips), (273, 4, strips, 8), (279, 4, strips, 8)]
    assert refused(stack(pages, tags, bytes(4 * strips))) == "1,020,000 strips or tiles"


def stack(pages: int, tags: list[tuple[int, int, int, int]], data: bytes) -> bytes:
    """A TIFF of pages that share their values."""
    file, place = b"", 8 + len(data)
    for _ in range(pages):
        entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
        following = place + len(file) + 6 + len(entries)
        file += struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", place) + data + file


def test_pages_that_share_what_costs_much_to_read_again_and_again() -> None:
    size = [(256, 4, 1, 64), (257, 4, 1, 64)]
    many = stack(900, [*size, (40_000, 7, 2_000_000, 8)], bytes(2_000_000))
    assert refused(many).endswith("bytes of values")
    assert refused(stack(900, size * 200, b"")).endswith("tags")
    assert excess(stack(1000, [*size, (34675, 7, 500_000, 8)], bytes(500_000))) is None
    assert excess(stack(1000, size * 20, b"")) is None


def test_a_good_page_is_not_lost_with_what_follows_it() -> None:
    file = tiff()
    for tag in ((258, 3, MILLIONS, 8), (273, 4, MILLIONS, 8)):
        bomb = struct.pack("<HHHII", 1, *tag) + bytes(4)
        both = file[:-4] + struct.pack("<I", len(file)) + bomb + bytes(4 * MILLIONS)
        with cheap():
            assert read_header(both).pages == (0,)
            assert decode(both).shape == (64, 64, 3)


def test_of_a_stack_of_very_many_pages_the_first_are_read() -> None:
    [start] = struct.unpack_from("<I", file := tiff(), 4)
    page = file[start:-4]
    pages = b"".join(
        page + struct.pack("<I", start + (number + 1) * (len(page) + 4)) for number in range(3000)
    )
    with cheap():
        assert len(read_header(file[:start] + pages).pages) == 1000


def test_directories_in_a_circle_and_beyond_the_end_are_no_end() -> None:
    file = tiff()
    turned = file[:-4] + file[4:8]
    with cheap():
        assert excess(turned) is None
        assert excess(file[:-4] + b"\xff\xff\xff\x7f") is None
    assert read_header(turned).pages == (0,)


def test_a_row_a_strip_is_read() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    places = b"".join(struct.pack("<I", 8 + 64 * row) for row in range(64))
    data = pixels.tobytes() + places + struct.pack("<64I", *[64] * 64)
    strips = [(273, 4, 64, 8 + 4096), (279, 4, 64, 8 + 4096 + 256), (278, 4, 1, 1)]
    assert np.array_equal(decode(tiff(*strips, data=data))[..., 0], pixels)


def test_tiles_are_read() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    tiles = pixels.reshape(4, 16, 4, 16).swapaxes(1, 2).tobytes()
    data = tiles + struct.pack("<16I", *range(8, 8 + 4096, 256)) + struct.pack("<16I", *[256] * 16)
    tags = [(324, 4, 16, 8 + 4096), (325, 4, 16, 8 + 4096 + 64), (322, 3, 1, 16), (323, 3, 1, 16)]
    file = tiff(*tags, data=data, without=(273, 278, 279))
    assert np.array_equal(decode(file)[..., 0], pixels)


@pytest.mark.parametrize("rows", [1, 7, 1000])
@pytest.mark.parametrize("pixels", [corners(), corners()[..., 0].astype(np.uint16) * 257])
def test_strips_of_any_height_are_read(rows: int, pixels: NDArray[Any]) -> None:
    options = [cv2.IMWRITE_TIFF_ROWSPERSTRIP, rows]
    file = cv2.imencode(".tiff", pixels[..., ::-1] if pixels.ndim == 3 else pixels, options)[1].tobytes()
    assert excess(file) is None
    assert np.array_equal(decode(file)[..., 0], corners()[..., 0])


def test_the_palette_of_16_bits_is_no_excess() -> None:
    assert excess(tiff((320, 3, 3 * 2**16, 8))) is None
    assert excess(tiff((40_000, 7, MILLIONS, 8))) is None


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg", "tiff_adobe_deflate"])
def test_what_pillow_writes_is_no_excess(compression: str) -> None:
    assert excess(saved(corners(), "TIFF", compression=compression)) is None
