"""JPEGs of many scans and segments, and those that look so and are good."""

from io import BytesIO

import numpy as np
import PIL.Image
import pytest

from crr.data.bounds.jpeg import MOST_SCANS, excess, too_many_scans
from crr.data.images import decode, read_header
from tests.crr.data.bounds.bombs import cheap, jpeg_of_scans, jpeg_of_segments, refused
from tests.crr.files import corners, saved


def test_a_picture_of_a_thousand_scans() -> None:
    assert refused(jpeg_of_scans(1000)) == "more than 100 scans"
    assert refused(jpeg_of_scans(MOST_SCANS + 1)) == "more than 100 scans"


def test_a_picture_of_as_many_scans_as_are_allowed() -> None:
    few, many = jpeg_of_scans(10), jpeg_of_scans(MOST_SCANS)
    assert many.count(b"\xff\xda") == MOST_SCANS
    assert decode(many).shape == decode(few).shape


def test_scans_that_hide_behind_restarts_and_other_segments() -> None:
    file = jpeg_of_scans(1000)
    last = file.rfind(b"\xff\xda")
    for between in (b"\xff\xd3" * 999, b"\xff\xfe\0\4\xff\xd9", b"\xff" * 7, b"\0" * 9):
        hidden = file.replace(file[last:-2], between + file[last:-2])
        assert refused(hidden) == "more than 100 scans"


def test_markers_without_end_among_the_pixels() -> None:
    file = jpeg_of_scans(50)
    for mark, few in ((b"\xff\xd3", True), (b"\xff" * 200 + b"\0", True), (b"\xff\x01", False)):
        inner = mark * (2_000_000 // len(mark)) + b"\xff\xfe\x08\x02" + b"\xff\xda" * 1024
        with cheap():
            assert too_many_scans(file[:-2] + inner + file[-2:]) is not few


def test_what_merely_looks_like_scans_is_read() -> None:
    marks = b"\xff\xfe\x08\x02" + b"\xff\xda" * 1024
    file = jpeg_of_segments(3, marks)
    assert np.array_equal(decode(file), decode(saved(corners(), "JPEG")))
    behind = saved(corners(), "JPEG") + b"\xff\xda\0\x08" * 1000  # a film behind a phone's photo
    assert excess(behind) is None
    assert np.array_equal(decode(behind), decode(file))


@pytest.mark.parametrize(
    ("segment", "count", "what"),
    [
        (b"\xff\xfe\0\x02", 2_000_000, "more than 10,000 segments"),
        (b"\xff\xe1\0\x0aExif\0\0  ", 200_000, "more than 100 segments"),
        (b"\xff\xfe\0\x02" + bytes(2_000_000), 1, "more than 65,536 bytes between its segments"),
        (b"\xff\xfe\0\x02" + b"\xff" * 2_000_000 + b"\0", 1, "more than 65,536 bytes between its segments"),
        (b"\xff\xd3", 2_000_000, "more than 10,000 segments"),
        (b"\xff", 2_000_000, "more than 65,536 bytes between its segments"),
    ],
)
def test_segments_without_end(segment: bytes, count: int, what: str) -> None:
    assert refused(jpeg_of_segments(count, segment)) == what


def test_numbers_in_exif() -> None:
    numbers = 3_000_000
    content = (
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0" + numbers.to_bytes(4, "little") + b"\x1a\0\0\0" + bytes(8)
    )
    content += bytes(2 * numbers)
    pieces = [content[start : start + 65_000] for start in range(0, len(content), 65_000)]
    segments = b"".join(
        b"\xff\xe1" + (len(piece) + 8).to_bytes(2, "big") + b"Exif\0\0" + piece for piece in pieces
    )
    assert refused(jpeg_of_segments(1, segments)) == "3,000,000 numbers in one tag"


def test_a_large_profile_and_a_large_xmp_are_read() -> None:
    profile = b"\0" * 128 + np.random.default_rng(0).bytes(10_000_000)
    assert decode(saved(corners(), "JPEG", icc_profile=profile)).shape == corners().shape
    assert decode(jpeg_of_segments(2000, b"\xff\xe1\xff\xff" + bytes(65_533))).shape == corners().shape


def test_a_page_of_many_scans_is_none() -> None:
    first = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    file = BytesIO()
    first.save(file, "MPO", save_all=True, append_images=[first], progressive=True)
    content = file.getvalue()
    assert read_header(content).pages == (0, 1)
    last = content.rfind(b"\xff\xda")
    bomb = content[:last] + content[last:-2] * 200 + content[-2:]
    with cheap():
        assert read_header(bomb).pages == (0,)
    second = content.rfind(b"\xff\xd8\xff")
    assert too_many_scans(bomb, second)
    assert not too_many_scans(bomb)
