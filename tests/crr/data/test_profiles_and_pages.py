"""Colour profiles, the formats of phones, and files with several pages or frames."""

import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.ImageOps
import pytest
from numpy.typing import NDArray

from crr.data.images import decode, read_header
from crr.errors import ImageError
from crr.inference.predict import predict_files
from tests.crr.files import behind_a_preview, chunk, png, tiff
from tests.crr.profiles import P3, SRGB, grey_profile, profile, rgb_profile
from tests.crr.tiny import calibrated_detector, good_images


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


def saved(picture: PIL.Image.Image | NDArray[Any], kind: str, **options: Any) -> bytes:
    """The file that Pillow writes."""
    file = BytesIO()
    picture = picture if isinstance(picture, PIL.Image.Image) else PIL.Image.fromarray(picture)
    picture.save(file, kind, **options)
    return file.getvalue()


def difference(first: NDArray[Any], second: NDArray[Any]) -> float:
    assert first.shape == second.shape
    return float(np.abs(first.astype(float) - second).max())


# Profiles


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF"])
def test_a_profile_brings_its_colours_to_srgb(kind: str) -> None:
    options: dict[str, Any] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(
        kind, {}
    )
    tolerance = {"JPEG": 6, "AVIF": 12}.get(kind, 2)
    file = saved(squares(), kind, icc_profile=rgb_profile(P3), **options)
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


def heic(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    file = BytesIO()
    pillow_heif.from_pillow(PIL.Image.fromarray(pixels)).save(file, quality=95, **options)
    return file.getvalue()


def avif(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    return saved(pixels, "AVIF", quality=95, **options)


def corners() -> NDArray[np.uint8]:
    """A picture (48, 64) whose corners differ."""
    pixels = np.full((48, 64, 3), 128, np.uint8)
    pixels[:16, :16], pixels[:16, -16:], pixels[-16:, :16] = 20, 90, 230
    return pixels


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


# Pages


COLOURS = [(200, 40, 40), (40, 200, 40), (40, 40, 200)]


def several(kind: str) -> bytes:
    pictures = [PIL.Image.new("RGB", (40, 30), colour) for colour in COLOURS]
    options = {"lossless": True} if kind == "WEBP" else {}
    return saved(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP"])
def test_every_page_can_be_decoded(kind: str) -> None:
    file = several(kind)
    assert len(read_header(file).pages) == 3
    for page in (0, 1, 2, 1):
        assert difference(decode(file, page=page), np.full((30, 40, 3), COLOURS[page])) <= 2
    with pytest.raises(ImageError, match=r"scan\.x has 3 pages: there is no page 4\."):
        decode(file, "scan.x", page=3)


def test_a_png_that_shows_another_picture_where_it_is_not_animated() -> None:
    pictures = [PIL.Image.new("RGB", (40, 30), colour) for colour in COLOURS]
    file = saved(pictures[0], "PNG", save_all=True, append_images=pictures[1:], default_image=True)
    for page in range(len(read_header(file).pages)):
        assert difference(decode(file, page=page), np.full((30, 40, 3), COLOURS[page])) <= 2


def test_deep_pages() -> None:
    deep = [np.full((30, 40), value, np.uint16) for value in (5000, 40000)]
    pictures = [PIL.Image.fromarray(values) for values in deep]
    file = saved(pictures[0], "TIFF", save_all=True, append_images=pictures[1:])
    assert [decode(file, page=page)[0, 0, 0] for page in (0, 1)] == [19, 156]


def test_pages_of_different_sizes() -> None:
    pictures = [PIL.Image.new("L", size, 90) for size in ((40, 30), (70, 50))]
    file = saved(pictures[0], "TIFF", save_all=True, append_images=pictures[1:])
    assert [decode(file, page=page).shape for page in (0, 1)] == [(30, 40, 3), (50, 70, 3)]


def test_a_page_of_another_depth_is_named() -> None:
    deep, plain = PIL.Image.fromarray(np.full((30, 40), 4000, np.uint16)), PIL.Image.new("L", (40, 30), 90)
    for first, second in ((deep, plain), (plain, deep)):
        file = saved(first, "TIFF", save_all=True, append_images=[second])
        decode(file)
        with pytest.raises(ImageError, match=r"Page 2 of scan\.tif has another depth than its first"):
            decode(file, "scan.tif", page=1)


def test_previews_and_masks_are_no_pages() -> None:
    pictures = [
        PIL.Image.new("RGB", size, colour)
        for size, colour in zip([(40, 30), (20, 16), (40, 30)], COLOURS, strict=True)
    ]
    for kind in (1, 4, 5):  # a preview, a mask, and that of a preview
        pictures[1].encoderinfo = {"tiffinfo": {254: kind}}
        file = saved(pictures[0], "TIFF", save_all=True, append_images=pictures[1:])
        assert read_header(file).pages == (0, 2)
        assert difference(decode(file, page=1), np.full((30, 40, 3), COLOURS[2])) == 0
        with pytest.raises(ImageError, match="has 2 pages"):
            decode(file, page=2)
    assert read_header(tiff(np.zeros((30, 40), np.uint8), t254=1)).pages == (0,)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("colour", [False, True])
def test_a_preview_before_the_first_page_is_passed_over(bits: int, colour: bool) -> None:
    grey = np.linspace(0, 2**bits - 1, 30 * 40).reshape(30, 40).astype(np.uint8 if bits == 8 else np.uint16)
    plain = tiff(np.stack([grey] * 3, axis=-1) if colour else grey, 12 if bits == 12 else 0)
    file = behind_a_preview(plain)
    assert (read_header(file).pages, read_header(file).size) == ((1,), (30, 40))
    assert np.array_equal(decode(file), decode(plain))


def test_prediction_gives_a_row_a_page(tmp_path: Path) -> None:
    photos = [PIL.Image.fromarray(image) for image in good_images("plate", 3)]
    for name in ("scan.tif", "scan.png", "scan.webp"):
        photos[0].save(tmp_path / name, save_all=True, append_images=photos[1:])
    photos[0].save(tmp_path / "single.png")
    rows = list(predict_files(calibrated_detector(), [tmp_path], tmp_path / "out", batch_size=2))
    found = [(Path(row["path"]).name, row["page"], Path(row["heatmap"]).name) for row in rows]
    assert found == [
        *(("scan.png", page, f"scan_page{page}_heatmap.png") for page in (1, 2, 3)),
        *(("scan.tif", page, f"scan_page{page}_2_heatmap.png") for page in (1, 2, 3)),
        *(("scan.webp", page, f"scan_page{page}_3_heatmap.png") for page in (1, 2, 3)),
        ("single.png", 1, "single_heatmap.png"),
    ]
    assert all(Path(row[picture]).is_file() for row in rows for picture in ("heatmap", "mask"))
    single = predict_files(calibrated_detector(), [tmp_path / "single.png"])
    assert [row["score"] for row in single] == pytest.approx([rows[0]["score"]])
    assert len({row["score"] for row in rows[:3]}) == 3
