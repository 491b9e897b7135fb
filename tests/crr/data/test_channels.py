"""Channels of a TIFF that are neither colour nor transparency, and pictures that no decoder sees."""

import struct
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from crr.config import ValueRange
from crr.data.images import decode, read_header
from crr.data.inventory.looking import look_at_files
from crr.data.inventory.sentences import lines
from crr.errors import ImageError
from tests.crr.files import corners, saved, tiff

RGB, GREY = {"t262": 2}, {"t262": 1}


def layered(channels: int, kind: type = np.uint16) -> NDArray[np.uint16]:
    """Values (48, 64, channels): each channel is constant, and a tenth brighter than the one before."""
    top = 1.0 if kind is np.float32 else np.iinfo(kind).max
    return (np.ones((48, 64, 1)) * (np.arange(channels) + 1) * top / 10).astype(kind)


def shown(file: bytes) -> list[int]:
    """The colour that a constant picture is seen with, in tenths of white."""
    image = decode(file, value_range=ValueRange(0, 1) if read_header(file).depth.floating else None)
    assert (image == image[0, 0]).all()
    return [round(int(value) / 25.5) for value in image[0, 0]]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_near_infrared_is_no_transparency(kind: type) -> None:
    floating = {"t339": 3} if kind is np.float32 else {}
    file = tiff(layered(4, kind), **RGB, **floating, t338=0)
    header = read_header(file)
    assert (header.colour, header.transparent, header.unused_channels) == ("RGB", False, 1)
    assert shown(file) == [1, 2, 3]


@pytest.mark.parametrize("named", [{"t338": 2}, {}])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_fourth_channel_is_transparency_if_the_file_says_so_or_nothing(
    named: dict[str, int], kind: type
) -> None:
    file = tiff(layered(4, kind), **RGB, **named)
    assert (read_header(file).transparent, read_header(file).unused_channels) == (True, 0)
    assert shown(file) == [6, 7, 7]  # 0.4 of each, and 0.6 of white


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_colours_that_are_stored_multiplied_by_transparency_are_not_multiplied_again(kind: type) -> None:
    assert shown(tiff(layered(4, kind), **RGB, t338=1)) == [7, 8, 9]  # each, and 0.6 of white


def test_nor_is_grey() -> None:
    assert shown(tiff(layered(2, np.uint8), **GREY, t338=1)) == [9, 9, 9]  # 0.1, and 0.8 of white
    assert shown(tiff(layered(2, np.uint8), **GREY, t338=2)) == [8, 8, 8]  # 0.2 of it, and 0.8 of white


def test_of_two_channels_of_eight_bits_the_grey_one_is_seen() -> None:
    grey = tiff(layered(2, np.uint8), **GREY, t338=0)
    assert read_header(grey).unused_channels == 1
    assert shown(grey) == [1, 1, 1]


@pytest.mark.parametrize(
    "file",
    [
        tiff(layered(5), **RGB, t338=0),
        tiff(layered(3), **GREY, t338=0),
        tiff(layered(4), **GREY, t338=0),
        tiff(layered(2), **GREY, t338=0),
        tiff(layered(3, np.uint8), **GREY, t338=0),
    ],
)
def test_channels_that_no_decoder_reads_rightly_are_refused_with_their_number(file: bytes) -> None:
    count = read_header(file).channels[0].total
    with pytest.raises(ImageError) as caught:
        decode(file, "bands.tif")
    assert str(caught.value) == (
        f"bands.tif has {count} channels a pixel, in a way that is not read: save it as grey or RGB."
    )


@pytest.mark.parametrize("photometric", [32803, 34892])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_raw_data_of_a_camera_are_refused_as_such(kind: type, photometric: int) -> None:
    with pytest.raises(ImageError, match=r"raw\.tif holds raw data of a camera: develop it"):
        decode(tiff(layered(1, kind)[..., 0], t262=photometric), "raw.tif")


def canon_raw(photo: NDArray[np.uint8]) -> bytes:
    """A TIFF whose first directory lies at 16, after the mark of Canon."""
    whole = tiff(photo, **RGB)
    (start,) = struct.unpack("<I", whole[4:8])
    directory, pixels = whole[start:], whole[8:start]
    moved = 16 + len(directory) + len(directory) % 2 - 8
    entries = bytearray(directory)
    for number in range(*struct.unpack("<H", directory[:2])):
        place = 2 + 12 * number
        tag, kind, count, value = struct.unpack("<HHII", entries[place : place + 12])
        if tag == 273 or count * {3: 2, 4: 4}[kind] > 4:
            entries[place + 8 : place + 12] = struct.pack("<I", value + moved)
    return b"II*\0" + struct.pack("<I", 16) + b"CR\2\0\0\0\0\0" + entries + bytes(len(entries) % 2) + pixels


@pytest.mark.parametrize("tags", [{"t50706": 1}, {"t254": 1}])
def test_the_small_picture_before_raw_data_is_no_photo(tags: dict[str, int]) -> None:
    photo = layered(3, np.uint8)
    with pytest.raises(ImageError, match=r"IMG\.DNG holds raw data of a camera: develop it"):
        decode(tiff(photo, **RGB, t330=8, **tags), "IMG.DNG")
    assert shown(tiff(photo, **RGB, t330=8)) == [1, 2, 3]  # smaller ones below the photo, as a pyramid has
    first = np.full((48, 64), 67, np.uint8)
    first[0, 1] = 82  # "CR", where a raw file of Canon says so; here it is a pixel
    decode(tiff(first, **GREY))
    with pytest.raises(ImageError, match="holds raw data of a camera"):
        decode(canon_raw(photo), "IMG.CR2")


def test_damage_is_not_taken_for_channels() -> None:
    file = saved(corners(), "TIFF", compression="tiff_lzw")
    with pytest.raises(ImageError, match="damaged"):
        decode(file[: len(file) // 2] + bytes(len(file) // 2), "part.tif")


def test_ink_of_sixteen_bits_shows_what_ink_of_eight_does() -> None:
    ink = layered(4, np.uint16)
    deep, plain = tiff(ink, t262=5), tiff((ink >> 8).astype(np.uint8), t262=5)
    assert (read_header(deep).colour, read_header(deep).transparent) == ("CMYK", False)
    np.testing.assert_array_equal(decode(deep), decode(plain))
    assert decode(deep).mean() > 100


def test_what_is_not_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "nir.tif").write_bytes(tiff(layered(4), **RGB, t338=0))
    PIL.Image.fromarray(corners()).save(tmp_path / "plain.tif")
    looked = look_at_files(tmp_path, value_range=ValueRange.of_bits(16))
    assert "1 image has more channels than colour, which are not used: nir.tif." in lines(looked)
    assert looked.as_json()["unused_channels"] == {"nir.tif": 1}
    assert looked.as_json()["transparent"] == []


def described(text: str, pages: int = 1) -> bytes:
    """A TIFF of some pages with a description of its first."""
    pictures = [PIL.Image.fromarray(corners()) for _ in range(pages)]
    if pages == 1:
        return saved(pictures[0], "TIFF", tiffinfo={270: text})
    return saved(pictures[0], "TIFF", tiffinfo={270: text}, save_all=True, append_images=pictures[1:])


@pytest.mark.parametrize(
    ("file", "unread"),
    [
        (described("ImageJ=1.54f\nimages=3\nslices=3\nloop=false\n"), 2),
        (described("ImageJ=1.54f\nimages=3\nslices=3\n", pages=3), 0),
        (described("ImageJ=1.54f\nunit=mm\n"), 0),
        (described("taken with images=3 in mind"), 0),
        (described('{"shape": [5, 48, 64, 3], "truncated": true}'), 4),
        (described('{"shape": [48, 64, 3]}'), 0),
        (described('{"shape": [5, 48'), 0),
        (described('{"shape": [Infinity]}'), 0),
        (described(f'{{"shape": [{999 * "9"}, 48, 64]}}'), 10**9 - 1),
        (described('{"shape": [0, -1, "a"]}'), 0),
        (described('{"shape": ' + 9999 * "[" + "}"), 0),
        (saved(corners(), "PNG"), 0),
    ],
)
def test_pictures_behind_one_directory_are_counted(file: bytes, unread: int) -> None:
    assert read_header(file).unread == unread


def test_pages_behind_a_damaged_one_are_said(tmp_path: Path) -> None:
    whole = tiff(corners())
    next_page, too_many_tags = struct.pack("<I", len(whole)), b"\xff\xff"
    (tmp_path / "cut.tif").write_bytes(whole[:-4] + next_page + too_many_tags)
    (tmp_path / "stack.tif").write_bytes(described("ImageJ=1.54f\nimages=1200\n"))
    looked = look_at_files(tmp_path)
    said = "2 files hold more pictures, which are not read: cut.tif at least 1, stack.tif at least 1,199."
    assert said in lines(looked)
    assert looked.as_json()["unread_pictures"] == {"cut.tif": 1, "stack.tif": 1199}
