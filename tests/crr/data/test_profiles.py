"""Colour profiles, the formats of phones, and texts in PNG files."""

import zlib
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.ImageOps
import PIL.PngImagePlugin
import pytest
from numpy.typing import NDArray

from crr.data.images import decode, read_header
from crr.errors import ImageError
from tests.crr.files import chunk, corners, difference, heic, png, saved
from tests.crr.profiles import P3, SRGB, grey_profile, profile, rgb_profile


def in_srgb(colours: NDArray[np.uint8], primaries: Sequence[Sequence[float]], gamma: float) -> NDArray[Any]:
    """What colours of a profile are in sRGB, worked out by hand."""
    linear = (colours / 255) ** gamma @ (np.linalg.inv(SRGB) @ primaries).T
    linear = np.clip(linear, 0, 1)
    return np.asarray(
        255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    )


def squares() -> NDArray[np.uint8]:
    """16 muted colours, so that all can be shown in sRGB; (64, 64, 3)."""
    colours = np.random.default_rng(0).integers(90, 170, (4, 4, 3), dtype=np.uint8)
    return colours.repeat(16, axis=0).repeat(16, axis=1)


# Profiles


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF", "HEIC"])
def test_a_profile_brings_its_colours_to_srgb(kind: str) -> None:
    options: dict[str, Any] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(
        kind, {"quality": 95}
    )
    tolerance = {"JPEG": 6, "AVIF": 6}.get(kind, 2)
    save = heic if kind == "HEIC" else partial(saved, kind=kind)
    file = save(squares(), icc_profile=rgb_profile(P3), **options)
    expected = in_srgb(squares(), P3, 2.2)
    assert difference(expected, squares()) > 12
    assert difference(decode(file)[2::16, 2::16], expected[2::16, 2::16]) <= tolerance


def test_transparency_and_depth_go_with_a_profile() -> None:
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[:20] = 0
    expected = in_srgb(squares(), P3, 2.2)
    shown = decode(saved(np.dstack([squares(), alpha]), "PNG", icc_profile=rgb_profile(P3)))
    assert (shown[:20] == 255).all()
    assert difference(shown[20:], expected[20:]) <= 2
    content = chunk(b"iCCP", b"P3\0\0" + zlib.compress(rgb_profile(P3)))
    assert difference(decode(png(squares().astype(np.uint16) * 257, content)), expected) <= 2


def test_srgb_leaves_every_pixel_alone() -> None:
    own = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(decode(saved(squares(), "PNG", icc_profile=own)), squares())
    assert np.array_equal(decode(saved(squares()[..., 0], "PNG", icc_profile=own))[..., 1], squares()[..., 0])


def test_a_profile_is_known_by_its_colours_and_not_by_its_name() -> None:
    """Facebook's profile of sRGB is called "c2", and one of linear sRGB has sRGB in its name too."""
    nearly = rgb_profile(np.add(SRGB, np.eye(3) * 0.002).tolist(), gamma=None)
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.array_equal(decode(saved(photo, "PNG", icc_profile=nearly)), photo)
    linear = rgb_profile(SRGB, gamma=1).replace(b"made by hand", b"sRGB, linear")
    shown = decode(saved(squares(), "PNG", icc_profile=linear))
    assert difference(shown, in_srgb(squares(), SRGB, 1)) <= 2
    assert difference(shown, squares()) > 40


def test_a_grey_profile() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (20, 1))
    shown = decode(saved(ramp, "PNG", icc_profile=grey_profile(1)))
    expected = in_srgb(np.stack([ramp] * 3, axis=-1), SRGB, 1)
    assert difference(expected, np.stack([ramp] * 3, axis=-1)) > 50
    assert difference(shown[:, 8:], expected[:, 8:]) <= 2
    content = chunk(b"iCCP", b"grey\0\0" + zlib.compress(grey_profile(1)))
    assert difference(decode(png(ramp.astype(np.uint16) * 257, content))[:, 8:], expected[:, 8:]) <= 2


@pytest.mark.parametrize(
    "content",
    [b"", b"no profile", rgb_profile(P3)[:200], grey_profile(2.2), profile(b"RGB ", {}), bytes(200)],
    ids=["empty", "text", "cut short", "of another colour space", "without colours", "zeros"],
)
def test_a_profile_that_is_broken_leaves_the_picture(content: bytes) -> None:
    assert np.array_equal(decode(saved(squares(), "PNG", icc_profile=content)), squares())


# The formats of phones


def avif(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    return saved(pixels, "AVIF", quality=95, **options)


@pytest.mark.parametrize(("write", "name"), [(heic, "HEIC"), (avif, "AVIF")], ids=["HEIC", "AVIF"])
def test_photos_of_phones(write: Any, name: str) -> None:
    file = write(squares())
    header = read_header(file)
    assert (header.format, header.size, header.pages, header.colour) == (name, (64, 64), (0,), "RGB")
    assert difference(decode(file)[8::16, 8::16], squares()[8::16, 8::16]) <= 12
    assert difference(decode(write(squares()[..., 0]))[8::16, 8::16, 0], squares()[8::16, 8::16, 0]) <= 12
    for share in (0.2, 0.6):
        with pytest.raises(ImageError, match="damaged, cut short"):
            decode(file[: int(len(file) * share)])


@pytest.mark.parametrize("write", [heic, avif], ids=["HEIC", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_of_phones_are_turned_once(write: Any, orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    upright = PIL.Image.fromarray(corners())
    upright.getexif()[0x0112] = orientation
    expected = np.asarray(PIL.ImageOps.exif_transpose(upright))
    file = write(corners(), exif=exif.tobytes())
    assert difference(decode(file)[4::8, 4::8], expected[4::8, 4::8]) <= 20
    assert read_header(file).upright_size == expected.shape[:2]


# Texts


@pytest.mark.parametrize("after", [False, True], ids=["before the pixels", "behind them"])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_a_png_with_a_long_text_is_read(kind: bytes, after: bool) -> None:
    """Pillow alone takes it for damaged."""
    text = b"x" * (70_000_000 if kind == b"tEXt" else 3_000_000)
    packed = {
        b"tEXt": b"note\0" + text,
        b"zTXt": b"note\0\0" + zlib.compress(text),
        b"iTXt": b"note\0\1\0\0\0" + zlib.compress(text),
    }[kind]
    plain = saved(squares(), "PNG")
    place = -12 if after else 33  # before the chunk that ends the file, or behind its header
    file = plain[:place] + chunk(kind, packed) + plain[place:]
    with pytest.raises(ValueError, match="MAX_TEXT"), PIL.Image.open(BytesIO(file)) as picture:
        picture.load()
    assert np.array_equal(decode(file), squares())
    with pytest.raises(ImageError, match="damaged, cut short"):
        decode(file[:-200] if not after else plain[:-40] + chunk(kind, packed) + plain[-12:])


@pytest.mark.parametrize("keyword", ["XML:com.adobe.xmp", "Raw profile type exif"])
def test_a_text_that_turns_a_photo_is_heeded(keyword: str) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    content = exif.tobytes()
    texts = {
        "XML:com.adobe.xmp": '<x:xmpmeta tiff:Orientation="6"/>',
        "Raw profile type exif": f"\nexif\n{len(content)}\n{content.hex()}\n",
    }
    note = PIL.PngImagePlugin.PngInfo()
    note.add_text("note", "by hand")
    note.add_text(keyword, texts[keyword], zip=True)
    assert np.array_equal(decode(saved(corners(), "PNG", pnginfo=note)), np.rot90(corners(), 3))
