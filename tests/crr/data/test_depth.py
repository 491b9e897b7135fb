"""Pixels deeper than 8 bits: which value is black and which white, by the file, the set, or a person."""

from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from crr.config import ValueRange
from crr.data.datasets import open_dataset
from crr.data.depth import FULL, is_customary, marker_among, parse_range, range_holding, to_eight_bits
from crr.data.images import decode, read_header
from crr.data.inventory.guessing import guessed_range
from crr.data.inventory.looking import look_at_dataset, look_at_files, usable
from crr.data.inventory.sentences import lines
from crr.errors import ConfigError, ImageError
from tests.crr.files import chunk, png, tiff

RAMP = np.linspace(0, 1, 40 * 60).reshape(40, 60)
SHADES = np.stack([np.rint(RAMP * 255)] * 3, axis=-1)
"""What every file below of RAMP must show."""


def deep(bits: int) -> NDArray[np.uint16]:
    """RAMP as a camera of so many bits sees it."""
    return np.rint(RAMP * (2**bits - 1)).astype(np.uint16)


def assert_shows(image: NDArray[np.uint8], expected: NDArray[Any] = SHADES, tolerance: int = 1) -> None:
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= tolerance


# Ranges


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("8", 0, 255), ("12", 0, 4095), (" 14 bits ", 0, 16383), ("16bit", 0, 65535), ("32", 0, 2**32 - 1),
        ("0:4095", 0, 4095), ("100..900", 100, 900), ("-1000,1000", -1000, 1000), ("0:1", 0, 1),
        ("0.25:.75", 0.25, 0.75), ("-1e3:2E3", -1000, 2000), ("+1:+2", 1, 2),
    ],
)  # fmt: skip
def test_ranges_that_people_type(text: str, low: float, high: float) -> None:
    assert parse_range(text) == ValueRange(low, high)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a lot",
        "7",
        "33",
        "0",
        "-12",
        "12.5",
        "4095:0",
        "1:1",
        "0:",
        ":4095",
        "0:inf",
        "0:1e999",
        "nan:1",
        "0:1:2",
    ],
)
def test_ranges_that_are_none_are_answered_with_what_is(text: str) -> None:
    with pytest.raises(ConfigError, match="give the camera's bits, such as 12, or the values"):
        parse_range(text)


@pytest.mark.parametrize(
    ("extremes", "floating", "expected"),
    [
        ([(0, 4600)], False, ValueRange(0, 8191)),
        ([(0, 4090), (12, 4600), (5, 4200)], False, ValueRange(0, 8191)),
        ([(0, 4095)], False, ValueRange(0, 4095)),
        ([(0, 4096)], False, ValueRange(0, 8191)),
        ([(0, 0)], False, ValueRange(0, 255)),
        ([(3, 200)], False, ValueRange(0, 255)),
        ([(0, 65535)], False, FULL),
        ([(0, 70000)], False, ValueRange(0, 2**17 - 1)),
        ([(0, 0.4)], True, ValueRange(0, 1)),
        ([(0.1, 0.9), (0, 1)], True, ValueRange(0, 1)),
        ([(-0.02, 0.9), (0, 1.04)], True, ValueRange(0, 1)),
        ([(-0.5, 0.9)], True, ValueRange(-0.5, 0.9)),
        ([(0, 254.5)], True, ValueRange(0, 255)),
        ([(0, 255.5)], True, ValueRange(0, 511)),
        ([(-40, 80), (-10, 100)], False, ValueRange(-40, 100)),
        ([(-3, -3)], True, ValueRange(-3, -2)),
    ],
)
def test_the_range_that_holds_a_set(
    extremes: list[tuple[float, float]], floating: bool, expected: ValueRange
) -> None:
    assert range_holding(extremes, floating=floating) == expected


def test_what_a_file_declares_is_a_depth_and_not_what_its_pixels_happen_to_be() -> None:
    assert all(is_customary(0, 2**bits - 1) for bits in range(8, 33))
    assert is_customary(0, 1)
    assert not any(is_customary(*ends) for ends in ((0, 4000), (0, 100), (1, 4095), (-1, 255), (0, 0)))


def test_values_outside_a_range_are_cut() -> None:
    for kind in (np.uint16, np.int32, np.float32, np.float64):
        values = np.array([0, 100, 160, 200, 4000]).astype(kind)
        assert to_eight_bits(values, ValueRange(100, 200)).tolist() == [0, 0, 153, 255, 255]


# What files say


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("end", ["low", "high, rest 0", "high, rest repeated"])
def test_significant_bits_of_a_png_at_either_end(bits: int, colour: bool, end: str) -> None:
    values, spare = deep(bits), np.uint16(16 - bits)
    if end != "low":
        values = values << spare | (values >> np.uint16(2 * bits - 16) if end.endswith("repeated") else 0)
    pixels = np.stack([values] * 3, axis=-1) if colour else values
    file = png(pixels, chunk(b"sBIT", bytes([bits] * (3 if colour else 1))))
    assert read_header(file).depth.bits == bits
    assert_shows(decode(file))
    assert_shows(decode(file, value_range=ValueRange(0, 100)))  # what the file says is not overruled


def test_significant_bits_that_say_nothing() -> None:
    for content in (b"\0", b"\x11", b""):
        file = png(deep(16), chunk(b"sBIT", content))
        assert read_header(file).depth.silent
        assert_shows(decode(file))
    assert not read_header(png(deep(16), chunk(b"sBIT", b"\x10"))).depth.silent


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_largest_value_of_a_tiff(order: Literal["<", ">"]) -> None:
    for bits in (9, 10, 12, 14):
        file = tiff(deep(bits), order=order, t281=2**bits - 1)
        assert not read_header(file).depth.silent
        assert_shows(decode(file))
        assert_shows(decode(file, value_range=ValueRange(0, 100)))


def test_the_largest_value_of_a_tiff_may_be_that_of_its_pixels_alone() -> None:
    dim = np.rint(RAMP * 4000).astype(np.uint16)
    for extreme in (4000, 65535):
        file = tiff(dim, t281=extreme)
        assert read_header(file).depth.silent
        assert_shows(decode(file, value_range=ValueRange(0, 8000)), SHADES // 2)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("order", ["<", ">"])
def test_packed_tiffs(bits: int, order: Literal["<", ">"]) -> None:
    values = deep(bits)
    assert_shows(decode(tiff(values, bits, order)))
    assert_shows(decode(tiff(np.stack([values] * 3, axis=-1), bits, order)))
    assert_shows(decode(tiff(values, bits, order, white_is_zero=True)), 255 - SHADES)
    assert not read_header(tiff(values, bits, order)).depth.silent


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("f4", 0, 1), ("f4", 0, 255), ("f8", 0, 1), ("f8", -5, 1e6), ("u4", 0, 3e9), ("i4", -2e9, 2e9),
        ("i2", -1000, 30000), ("i1", -100, 100), ("u2", 0, 65535),
    ],
)  # fmt: skip
def test_numbers_of_every_kind(kind: str, low: float, high: float, order: Literal["<", ">"]) -> None:
    values = low + RAMP * (high - low)
    stored = (np.rint(values) if kind[0] != "f" else values).astype(kind)
    formats = {"u": 1, "i": 2, "f": 3}
    for white_is_zero in (False, True):
        file = tiff(stored, order=order, white_is_zero=white_is_zero, t339=formats[kind[0]])
        assert read_header(file).depth.floating == (kind[0] == "f")
        shown = decode(file, value_range=ValueRange(low, high))
        assert_shows(shown, 255 - SHADES if white_is_zero else SHADES, tolerance=2)


def test_fractions_in_colour() -> None:
    colours = np.stack([RAMP, RAMP[::-1], RAMP / 2], axis=-1).astype(np.float32)
    shown = decode(tiff(colours, t339=3), value_range=ValueRange(0, 1))
    assert_shows(shown, np.rint(colours * 255))


def test_values_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    for number, bad in enumerate((np.nan, np.inf)):
        values = RAMP.astype(np.float32)
        values[3, 5] = bad
        (tmp_path / f"{number}.tif").write_bytes(tiff(values, t339=3))
        with pytest.raises(ImageError, match=rf"{number}\.tif holds values that are no numbers"):
            decode(tmp_path / f"{number}.tif", value_range=ValueRange(0, 1))
    assert len(look_at_files(tmp_path).unusable) == 2


def test_what_nobody_can_know_is_asked_for() -> None:
    for values, form in ((RAMP.astype(np.float32), 3), ((RAMP * 70000).astype(np.uint32), 1)):
        with pytest.raises(ImageError, match="say which values are black and white") as caught:
            decode(tiff(values, t339=form), "thermal.tif")
        assert caught.value.remedy == "value_range"


def test_libraries_are_silent_about_odd_files(capfd: pytest.CaptureFixture[str]) -> None:
    for order in ("<", ">"):
        with pytest.raises(ImageError, match="rare kind"):
            decode(tiff(RAMP.astype(np.float16), order=order, t339=3))  # type: ignore[arg-type]
    assert capfd.readouterr() == ("", "")


# One range for a set


def camera(folder: Path, *tops: int) -> Path:
    """Photos of one part by one camera; the brightest pixel of each is one of `tops`."""
    folder.mkdir(parents=True, exist_ok=True)
    for top in tops:
        assert cv2.imwrite(str(folder / f"{top}.png"), np.rint(RAMP * top).astype(np.uint16))
    return folder


def test_photos_of_one_camera_are_equally_bright(tmp_path: Path) -> None:
    folder = camera(tmp_path / "set", 4600, 4200, 4090)
    inventory = look_at_dataset(open_dataset(folder))
    assert (inventory.value_range, inventory.guessed) == (ValueRange(0, 8191), True)
    assert look_at_files(folder).value_range == inventory.value_range
    means = {path.stem: decode(path, value_range=inventory.value_range).mean() for path in inventory.facts}
    assert means["4090"] / means["4200"] == pytest.approx(4090 / 4200, rel=0.01)
    assert means["4200"] / means["4600"] == pytest.approx(4200 / 4600, rel=0.01)


def test_every_page_counts(tmp_path: Path) -> None:
    """A stack gets brighter, and what is not measured may be on its last page."""
    pages = [PIL.Image.fromarray(np.rint(RAMP * top).astype(np.int32)) for top in (900, 4000)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    assert look_at_files(tmp_path).value_range == ValueRange(0, 4095)
    assert look_at_dataset(open_dataset(tmp_path)).value_range == ValueRange(0, 4095)
    holed = np.rint(RAMP * 900).astype(np.int32)
    holed[:3, :3] = -9999
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=[PIL.Image.fromarray(holed)])
    camera(tmp_path, 800, 900)
    looked = look_at_files(tmp_path)
    assert looked.value_range == ValueRange(0, 1023)
    assert [*looked.unusable] == [tmp_path / "stack.tif"]
    assert "holds -9999, far from" in looked.unusable[tmp_path / "stack.tif"]


def test_a_later_page_that_is_damaged_takes_nothing_from_the_others(tmp_path: Path) -> None:
    pages = [PIL.Image.fromarray(np.rint(RAMP * top).astype(np.uint16)) for top in (900, 700, 800)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    whole = (tmp_path / "stack.tif").read_bytes()
    with PIL.Image.open(tmp_path / "stack.tif") as file:
        file.seek(1)
        strip = file.tag_v2[273][0]  # type: ignore[attr-defined]
    (tmp_path / "stack.tif").write_bytes(whole[:strip] + b"\xff" * 40 + whole[strip + 40 :])
    looked = look_at_files(tmp_path)
    assert (looked.value_range, looked.unusable) == (ValueRange(0, 1023), {})
    with pytest.raises(ImageError):
        decode(tmp_path / "stack.tif", value_range=looked.value_range, page=1)


def test_files_that_say_their_range_have_no_part_in_a_guess(tmp_path: Path) -> None:
    folder = camera(tmp_path, 200, 300)
    (folder / "said.png").write_bytes(png(deep(16), chunk(b"sBIT", b"\x10")))
    PIL.Image.new("L", (40, 40)).save(folder / "plain.png")
    assert look_at_files(folder).value_range == ValueRange(0, 511)
    (folder / "200.png").unlink()
    assert look_at_files(folder).of_unknown_range == [folder / "300.png"]
    (folder / "300.png").unlink()
    assert look_at_files(folder).value_range is None


@pytest.mark.parametrize("top", [4090, 4200, 255, 16383])
def test_one_photo_alone_tells_no_range_and_two_copies_of_it_neither(tmp_path: Path, top: int) -> None:
    [path] = camera(tmp_path, top).iterdir()
    looked = look_at_files(tmp_path)
    assert (looked.value_range, looked.guessed, looked.of_unknown_range) == (None, False, [path])
    bits = top.bit_length()
    assert looked.unusable[path] == (
        f"{path} does not say which value is white, and one image alone does not tell: it holds 0 to {top}, "
        f"as {bits} bits do. Say which values are black and white, or give more images of its camera."
    )
    (tmp_path / "copy.png").write_bytes(path.read_bytes())
    assert len(look_at_files(tmp_path).of_unknown_range) == 2
    with pytest.raises(ConfigError, match="one image alone does not tell") as caught:
        guessed_range([path])
    assert caught.value.remedy == "value_range"
    with pytest.raises(ImageError, match="one image alone") as refused:
        usable(open_dataset(tmp_path), look_at_dataset(open_dataset(tmp_path)))
    assert refused.value.remedy == "value_range"
    camera(tmp_path, 300)
    assert look_at_files(tmp_path).value_range == ValueRange.of_bits(max(bits, 9))


@pytest.mark.parametrize(
    "file", [tiff(np.rint(RAMP * 40000).astype(np.uint16)), tiff((RAMP * 0.4).astype(np.float32), t339=3)]
)
def test_nor_does_one_that_seems_to_fill_its_file_or_holds_fractions(tmp_path: Path, file: bytes) -> None:
    (tmp_path / "one.tif").write_bytes(file)
    assert len(look_at_files(tmp_path).of_unknown_range) == 1


def test_the_same_photo_in_another_format_or_on_another_page_is_no_other(tmp_path: Path) -> None:
    values = np.rint(RAMP * 900).astype(np.uint16)
    for name in ("one.png", "one.tif"):
        assert cv2.imwrite(str(tmp_path / name), values)
    page = PIL.Image.fromarray(values)
    page.save(tmp_path / "stack.tif", save_all=True, append_images=[page])
    assert len(look_at_files(tmp_path).of_unknown_range) == 3
    camera(tmp_path, 300)
    assert look_at_files(tmp_path).value_range == ValueRange(0, 1023)


def test_values_beyond_a_range_are_cut_which_is_said(tmp_path: Path) -> None:
    camera(tmp_path, 900, 2000)
    looked = look_at_files(tmp_path, value_range=ValueRange(0, 1023))
    assert looked.beyond_range == [tmp_path / "2000.png"]
    assert "1 image with values beyond that, which are cut: 2000.png." in lines(looked)
    assert not look_at_files(tmp_path).beyond_range


@pytest.mark.parametrize(("scale", "expected"), [(1, ValueRange(0, 1)), (255, ValueRange(0, 255))])
def test_fractions_are_of_1_or_of_255(tmp_path: Path, scale: int, expected: ValueRange) -> None:
    for number, kind in enumerate(("f4", "f8")):
        (tmp_path / f"{number}.tif").write_bytes(tiff((RAMP * scale).astype(kind), t339=3))
    inventory = look_at_files(tmp_path)
    assert inventory.value_range == expected
    for path in inventory.facts:
        assert_shows(decode(path, value_range=inventory.value_range))


def test_fractions_among_integers_are_a_question(tmp_path: Path) -> None:
    folder = camera(tmp_path, 4000)
    (folder / "fraction.tif").write_bytes(tiff(RAMP.astype(np.float32), t339=3))
    dataset, given = open_dataset(folder), ValueRange(0, 4095)
    with pytest.raises(ConfigError, match="Some images hold fractions and others integers") as caught:
        look_at_dataset(dataset)
    assert caught.value.remedy == "value_range"
    assert look_at_dataset(dataset, value_range=given).value_range == given
    assert len(look_at_files(folder).unusable) == len(look_at_files(folder).facts)
    assert not look_at_files(folder, value_range=given).unusable


@pytest.mark.parametrize(
    ("values", "marker"),
    [
        ([0.1, 0.4, 0.9, -9999], -9999),
        ([100, 150, 2000, -9999, -9999], -9999),
        ([100, 150, 892, -9999, -32768], -32768),
        ([-0.01, -0.02, -0.03, -0.04, 0.9, -9999], -9999),
        ([100, 150, 180, 2**31 - 1], 2**31 - 1),
        ([0.1, 0.4, 0.9, 0.9, 0.9], None),
        ([0.1, 0.4, 0.9, 40.0, 40.0], None),  # a bright spot
        ([10, 11, 12, 4095, 4095], None),  # hot pixels in the dark
        ([100, 250, 3999, 65535, 65535], None),
        ([-30, -2, 290], None),  # tenths of a degree
        ([-1024, -1024, -800, -3, 0, 40, 3000], None),  # a scan of a body, and the air around it
        ([5, 5, 5, -1, -1], None),  # two levels, as of a drawing
        ([-1, -1, 1, 1], None),
        ([0, 0, 1, 1], None),
        ([7, 7, 7], None),
    ],
)
def test_a_value_that_stands_for_none_lies_far_from_all_others(values, marker):
    assert marker_among(np.array(values, np.float64)) == marker
