"""Every kind of image file that a visitor may bring, whole and broken."""

import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import cv2
import numpy as np
import PIL.Image
import PIL.ImageFile
import PIL.ImageOps
import pytest
from numpy.typing import NDArray

from crr.config import ValueRange
from crr.data import decoders, image_header
from crr.data.images import decode, encode_jpeg, encode_png, read
from crr.data.layouts.finding import find_images
from crr.errors import ImageError
from tests.crr.files import chunk, saved

FORMATS = ["JPEG", "PNG", "TIFF", "BMP", "WEBP"]


def gradient(height: int = 40, width: int = 60) -> NDArray[np.uint8]:
    """RGB; every corner has its own colour, and neighbours differ so little that JPEG keeps them."""
    rows, columns = np.mgrid[0:height, 0:width]
    channels = [rows * 255 / (height - 1), columns * 255 / (width - 1), np.full((height, width), 60)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG file built by hand, for what Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    body = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def png_16_bit(pixels: NDArray[np.uint16], colour_type: int, *extra: bytes) -> bytes:
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return png(pixels.shape[1], pixels.shape[0], 16, colour_type, rows, *extra)


def opencv(suffix: str, pixels: NDArray[Any]) -> bytes:
    """The file that OpenCV writes; `pixels` is RGB or grey."""
    return cv2.imencode(suffix, pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes()


def assert_close(actual: NDArray[np.uint8], expected: NDArray[Any], tolerance: int = 0) -> None:
    assert actual.shape == expected.shape
    assert np.abs(actual.astype(int) - expected.astype(int)).max() <= tolerance


def message(source: bytes | Path, name: str = "part.png") -> str:
    """What the user reads about a file that cannot be used: one sentence that names the file."""
    with pytest.raises(ImageError) as caught:
        decode(source, name)
    text = str(caught.value)
    assert name in text
    assert text.endswith(".")
    assert "\n" not in text
    return text


# What can be read


@pytest.mark.parametrize("kind", FORMATS)
def test_reads_every_format_in_colour_and_grey(kind: str) -> None:
    tolerance = 16 if kind in ("JPEG", "WEBP") else 0
    colour, grey = gradient(), gradient()[..., 0]
    image = decode(saved(colour, kind))
    assert_close(image, colour, tolerance)
    assert image.dtype == np.uint8
    assert image.flags.writeable
    assert image.flags.c_contiguous
    assert_close(decode(saved(grey, kind)), np.stack([grey] * 3, axis=-1), tolerance)


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "jpeg.png"
    path.write_bytes(saved(gradient(), "JPEG"))
    assert_close(decode(path), gradient(), tolerance=12)


def test_bilevel_images_are_black_and_white() -> None:
    bits = gradient()[..., 0] > 127
    assert_close(decode(saved(bits, "PNG")), np.stack([bits * 255] * 3, axis=-1))


def test_16_bit_values_are_scaled_by_the_full_range() -> None:
    values = np.linspace(0, 65535, 40 * 60).astype(np.uint16).reshape(40, 60)
    colour = np.stack([values, values[::-1], values // 2], axis=-1)
    for file in (saved(values, "PNG"), saved(values, "TIFF"), opencv(".tiff", values)):
        assert_close(decode(file), np.stack([np.rint(values / 257)] * 3, axis=-1))
    for suffix in (".png", ".tiff"):
        assert_close(decode(opencv(suffix, colour)), np.rint(colour / 257))


def test_values_of_a_silent_file_are_scaled_by_the_range_that_is_named_and_never_by_their_own() -> None:
    values = np.linspace(0, 3000, 40 * 60).astype(np.uint16).reshape(40, 60)
    for value_range in (ValueRange(0, 4095), ValueRange(500, 2500), None):
        low, high = (0, 65535) if value_range is None else (value_range.low, value_range.high)
        expected = np.clip(np.rint((values - float(low)) / (high - low) * 255), 0, 255)
        assert_close(decode(saved(values, "PNG"), value_range=value_range), np.stack([expected] * 3, axis=-1))
        for suffix in (".png", ".tiff"):
            colour = decode(opencv(suffix, np.stack([values] * 3, axis=-1)), value_range=value_range)
            assert_close(colour, np.stack([expected] * 3, axis=-1), tolerance=1)


def test_both_byte_orders_and_white_is_zero() -> None:
    values = np.linspace(0, 65535, 40 * 60).astype(np.uint16).reshape(40, 60)
    grey = np.stack([np.rint(values / 257)] * 3, axis=-1)
    motorola = PIL.Image.frombytes("I;16B", (60, 40), values.astype(">u2").tobytes())
    assert_close(decode(saved(motorola, "TIFF")), grey)
    assert_close(decode(saved(values, "TIFF", tiffinfo={262: 0})), 255 - grey)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparency_shows_the_background_and_never_hidden_colours(kind: str) -> None:
    rgba = np.dstack([gradient(), np.full((40, 60), 255, np.uint8)])
    rgba[:10, :, 3] = 0
    rgba[10:20, :, 3] = 128
    file = saved(rgba, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    for background in (255, 0):
        image = decode(file, background=background)
        assert (image[:10] == background).all()
        mixed = gradient()[10:20] * (128 / 255) + background * (127 / 255)
        assert_close(image[10:20], mixed, tolerance=1)
        assert_close(image[20:], gradient()[20:])


def test_palettes_with_and_without_transparency() -> None:
    picture = PIL.Image.fromarray(np.repeat(np.uint8([[0], [1], [2], [3]]), 40, axis=1).repeat(10, axis=0))
    picture.putpalette([250, 0, 0, 0, 250, 0, 0, 0, 250, 9, 9, 9])
    rows = [0, 10, 20, 30]
    plain = [[250, 0, 0], [0, 250, 0], [0, 0, 250], [9, 9, 9]]
    assert decode(saved(picture, "PNG"))[rows, 0].tolist() == plain
    one = decode(saved(picture, "PNG", transparency=1))
    assert one[rows, 0].tolist() == [plain[0], [255, 255, 255], *plain[2:]]
    alphas = decode(saved(picture, "PNG", transparency=bytes([0, 255, 0, 255])))
    assert alphas[rows, 0].tolist() == [[255] * 3, plain[1], [255] * 3, plain[3]]


def test_16_bit_transparency() -> None:
    values = np.full((40, 60), 40000, np.uint16)
    values[:10] = 7000
    alpha = np.where(np.arange(40)[:, None] < 10, 0, 65535) * np.ones((1, 60), int)
    shown = np.where(alpha == 0, 255, 156)[..., None].repeat(3, axis=-1)
    key = struct.pack(">H", 7000)
    colour = np.stack([values] * 3, axis=-1)
    files = {
        "grey with a key": png_16_bit(values, 0, chunk(b"tRNS", key)),
        "colour with a key": png_16_bit(colour, 2, chunk(b"tRNS", key * 3)),
        "grey with alpha": png_16_bit(np.dstack([values, alpha.astype(np.uint16)]), 4),
        "colour with alpha": png_16_bit(np.dstack([colour, alpha.astype(np.uint16)]), 6),
    }
    for what, file in files.items():
        assert np.array_equal(decode(file), shown), what


def test_cmyk_is_inverted_in_jpeg_only() -> None:
    rgb = PIL.Image.new("RGB", (40, 40), (200, 30, 60))
    adobe = saved(rgb.convert("CMYK"), "JPEG", quality=95)
    marker = adobe.index(b"\xff\xee")
    assert adobe[marker + 4 : marker + 9] == b"Adobe"
    unmarked = adobe[:marker] + adobe[marker + 2 + int.from_bytes(adobe[marker + 2 : marker + 4]) :]
    for file in (adobe, unmarked, saved(rgb.convert("CMYK"), "TIFF")):
        assert_close(decode(file), np.asarray(rgb), tolerance=4)


@pytest.mark.parametrize("kind", FORMATS[:3] + FORMATS[4:])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(kind: str, orientation: int) -> None:
    picture = PIL.Image.fromarray(gradient())
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    file = saved(picture, kind, exif=exif)
    with PIL.Image.open(BytesIO(file)) as reference:
        assert_close(decode(file), np.asarray(PIL.ImageOps.exif_transpose(reference).convert("RGB")))
    assert decode(file).shape == ((60, 40, 3) if orientation >= 5 else (40, 60, 3))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied_once_to_16_bit_colour(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    pixels = gradient().astype(np.uint16) * 257
    picture = PIL.Image.fromarray(gradient())
    picture.getexif()[0x0112] = orientation
    expected = np.asarray(PIL.ImageOps.exif_transpose(picture))
    assert_close(decode(png_16_bit(pixels, 2, chunk(b"eXIf", exif.tobytes()[6:]))), expected)
    assert_close(decode(tiff_16_bit(pixels, orientation)), expected)


def tiff_16_bit(pixels: NDArray[np.uint16], orientation: int = 1, planar: int = 1) -> bytes:
    """A 16-bit RGB TIFF, built by hand: no library here writes an orientation or another arrangement."""
    height, width, _ = pixels.shape
    data = pixels.astype("<u2").tobytes()
    bits = struct.pack("<HHH", 16, 16, 16)
    short, long = 3, 4
    tags = [
        (256, long, 1, width), (257, long, 1, height), (258, short, 3, 8), (259, short, 1, 1),
        (262, short, 1, 2), (273, long, 1, 14), (274, short, 1, orientation), (277, short, 1, 3),
        (278, long, 1, height), (279, long, 1, len(data)), (284, short, 1, planar),
    ]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<I", 14 + len(data)) + bits + data + directory + bytes(4)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_first_frame_of_several(kind: str) -> None:
    frames = [PIL.Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    file = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    with PIL.Image.open(BytesIO(file)) as check:
        assert check.n_frames == 2  # type: ignore[attr-defined]
    assert_close(decode(file), np.full((40, 40, 3), (255, 0, 0)), tolerance=4)


def test_broken_metadata_does_not_cost_the_image() -> None:
    file = saved(gradient(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + b"\xff" * 40)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        PIL.Image.open(BytesIO(file)).getexif().get(0x0112)
        assert seen  # otherwise this test proves nothing
        del seen[:]
        decoders.silence_pillow()
        assert_close(decode(file), gradient(), tolerance=12)
        assert not seen


# What cannot be read


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_files(kind: str) -> None:
    file = saved(gradient(), kind)
    for share in (0.1, 0.5, 0.8):
        assert "damaged" in message(file[: int(len(file) * share)])


def test_16_bit_planes_are_refused_since_the_libraries_misread_them() -> None:
    pixels = gradient().astype(np.uint16) * 257
    assert_close(decode(tiff_16_bit(pixels)), gradient())
    assert "rare kind" in message(tiff_16_bit(pixels, planar=2))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"GIF89a" + bytes(40), "a GIF image"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04" + bytes(40), "a ZIP archive"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "a video"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html></html>", "a web page (HTML)"),
        (b"just some words, renamed", "a text file"),
        (bytes(range(256)), "not an image of a known format"),
    ],
)
def test_other_files_are_named_and_the_allowed_formats_listed(content: bytes, what: str) -> None:
    text = message(content)
    assert f"is {what}, which" in text
    assert "JPEG, PNG, TIFF, BMP, WebP, AVIF or HEIC" in text


def test_empty_file() -> None:
    assert "empty" in message(b"")


@pytest.mark.parametrize("pixels", [np.float32([[0.5] * 40] * 40), np.int32([[70000] * 40] * 40)])
def test_values_without_a_known_range(pixels: NDArray[Any]) -> None:
    assert "8 or 16 bits" in message(saved(pixels, "TIFF"))


@pytest.mark.parametrize(
    ("size", "what"),
    [((1, 1), "least 16"), ((20000, 2), "least 16"), ((15, 40), "least 16"), ((16, 321), "20 times")],
)
def test_sizes_outside_the_limits(size: tuple[int, int], what: str) -> None:
    for width, height in (size, size[::-1]):
        text = message(saved(PIL.Image.new("RGB", (width, height)), "PNG"))
        assert what in text
        assert f"{width} x {height}" in text


def test_sizes_at_the_limits() -> None:
    assert decode(saved(PIL.Image.new("RGB", (16, 320)), "PNG")).shape == (320, 16, 3)


@pytest.mark.parametrize("side", [8001, 15000, 60000])
def test_decompression_bombs_are_refused_by_their_header(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    load = Mock()
    monkeypatch.setattr(PIL.ImageFile.ImageFile, "load", load)
    header = (100, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    bmp = b"BM" + struct.pack("<IIIIiiHHIIiiII", *header) + bytes(50)
    for file in (png(side, side, 8, 2, b""), bmp):
        text = message(file)
        assert "64 million pixels" in text
        assert f"{side} x {side}" in text
    load.assert_not_called()


def test_files_with_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "part.png"
    with path.open("wb") as file:
        file.truncate(image_header.MAX_BYTES + 1)
    assert "200 MiB" in message(path)
    monkeypatch.setattr(image_header, "MAX_BYTES", 2**20)
    assert "1 MiB" in message(b"\x89PNG\r\n\x1a\n" + bytes(2**20))


def test_paths_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no image file" in message(tmp_path / "part.png")
    assert "is a folder" in message(tmp_path, tmp_path.name)
    path = tmp_path / "part.png"
    path.write_bytes(b"x")
    for error, what in ((PermissionError(13, "denied"), "permissions"), (OSError(5, "broken"), "broken")):
        monkeypatch.setattr(Path, "read_bytes", Mock(side_effect=error))
        assert what in message(path)


def test_content_is_read_as_it_is_and_a_given_name_stands_in_messages(tmp_path: Path) -> None:
    path = tmp_path / "part.png"
    path.write_bytes(b"no image")
    assert read(path) == b"no image"
    with path.open("wb") as file:
        file.truncate(image_header.MAX_BYTES + 1)
    with pytest.raises(ImageError, match=r"^sub/part\.png is larger"):
        read(path, "sub/part.png")


def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="no image file"):
        read(tmp_path / "pipe.png")


def test_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIL.ImageFile.ImageFile, "load", Mock(side_effect=MemoryError))
    assert "memory" in message(saved(gradient(), "PNG"))


def test_names_in_messages(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"^The image is empty"):
        decode(b"")
    (tmp_path / "gear.tif").touch()
    with pytest.raises(ImageError, match=r"^gear\.tif is empty"):
        decode(tmp_path / "gear.tif")


# Damage of every kind, many threads


def mutations(file: bytes, count: int) -> list[bytes]:
    """`count` damaged copies: cut short, single bytes changed, stretches overwritten."""
    rng = np.random.default_rng(len(file))
    copies = []
    for index in range(count):
        damaged = bytearray(file)
        if index % 3 == 0:
            del damaged[rng.integers(1, len(file)) :]
        # Half of the damage goes to the header, where it hurts most.
        end = min(len(damaged), 200) if index % 2 else len(damaged)
        for position in rng.integers(0, end, size=rng.integers(1, 6)):
            damaged[position] = rng.integers(0, 256)
        copies.append(bytes(damaged))
    return copies


def outcome(file: bytes) -> str:
    try:
        image = decode(file)
    except ImageError:
        return "refused"
    assert image.dtype == np.uint8
    assert image.ndim == 3
    return "decoded"


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_files_decode_or_raise_image_error(kind: str) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    originals = [saved(gradient(), kind, exif=exif), saved(gradient()[..., 0], kind)]
    if kind in ("PNG", "TIFF"):
        originals.append(opencv("." + kind.lower(), gradient().astype(np.uint16) * 257))
        originals.append(saved(PIL.Image.fromarray(gradient()).convert("P"), kind))
    if kind == "TIFF":
        originals.append(saved(gradient(), kind, compression="tiff_lzw"))
    outcomes = [outcome(copy) for original in originals for copy in mutations(original, 120)]
    assert "refused" in outcomes
    assert kind == "WEBP" or "decoded" in outcomes


def test_threads_do_not_disturb_each_other() -> None:
    good = [saved(gradient(40 + 8 * index), kind) for index in range(4) for kind in ("PNG", "TIFF", "BMP")]
    broken = [file[:-200] for file in good]
    before = (PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(outcome, (good + broken) * 5))
    assert outcomes == (["decoded"] * len(good) + ["refused"] * len(broken)) * 5
    assert before == (PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))


# Encoding and finding


def test_encoding_and_decoding_gives_the_same_image() -> None:
    assert np.array_equal(decode(encode_png(gradient())), gradient())
    assert np.array_equal(decode(encode_png(gradient()[..., 0]))[..., 1], gradient()[..., 0])
    assert_close(decode(encode_jpeg(gradient(), quality=95)), gradient(), tolerance=8)
    assert len(encode_jpeg(gradient(), quality=10)) < len(encode_jpeg(gradient(), quality=95))


@pytest.mark.parametrize("pixels", [np.zeros((20, 20, 4), np.uint8), np.zeros((20, 20), np.float32)])
def test_encoding_refuses_other_arrays(pixels: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        encode_png(pixels)


def test_find_images(tmp_path: Path) -> None:
    root = tmp_path / ".hidden root"
    names = [
        "b.png",
        "a.JPG",
        "sub/c.tif",
        "notes.txt",
        "Thumbs.db",
        ".d.png",
        "__MACOSX/e.png",
        ".git/f.png",
    ]
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    inside = [root / "a.JPG", root / "b.png", root / "sub" / "c.tif"]
    assert find_images([root]) == inside
    given = [root / "notes.txt", tmp_path / "missing.png"]
    assert find_images([*given, root, root / "b.png"]) == [*given, *inside]
    assert find_images([]) == []
