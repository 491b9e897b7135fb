"""Files with several pages, frames or pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from crr.data.images import decode, read_header
from crr.errors import ImageError
from crr.inference.predict import predict_files
from tests.crr.files import behind_a_preview, corners, difference, heic, saved, tiff
from tests.crr.tiny import calibrated_detector, good_images

COLOURS = [(200, 40, 40), (40, 200, 40), (40, 40, 200)]


def several(kind: str) -> bytes:
    pictures = [PIL.Image.new("RGB", (40, 30), colour) for colour in COLOURS]
    options = {"WEBP": {"lossless": True}, "MPO": {"quality": 95}}.get(kind, {})
    if kind == "HEIC":
        return heic(*pictures)
    return saved(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP", "AVIF", "HEIC", "MPO"])
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


def mpo(*pictures: PIL.Image.Image, **options: Any) -> bytes:
    """The file of a camera with two lenses, or of a phone that keeps more than the photo."""
    return saved(pictures[0], "MPO", save_all=True, append_images=pictures[1:], **options)


def test_a_preview_or_a_depth_map_of_a_phone_is_no_page() -> None:
    photo = PIL.Image.new("RGB", (40, 30), COLOURS[0])
    for other in (photo.resize((20, 16)), photo.convert("L")):
        file = mpo(photo, other, PIL.Image.new("RGB", (40, 30), COLOURS[1]))
        assert (read_header(file).format, read_header(file).pages) == ("JPEG", (0, 2))
        assert difference(decode(file, page=1), np.full((30, 40, 3), COLOURS[1])) <= 2
        assert read_header(mpo(photo, other)).pages == (0,)


def test_a_second_picture_that_is_damaged_costs_nobody_the_first() -> None:
    photos = [PIL.Image.fromarray(image) for image in good_images("plate", 2)]
    file, first = mpo(*photos), decode(saved(photos[0], "JPEG"))
    assert np.array_equal(decode(file), first)
    start = file.index(b"\xff\xd8\xff", 10)
    cut = file[:-200]
    assert np.array_equal(decode(cut), first)
    with pytest.raises(ImageError, match="damaged, cut short"):
        decode(cut, page=1)
    assert read_header(file[:start]).pages == (0,)
    for place in range(file.index(b"MPF\0"), file.index(b"MPF\0") + 90):  # its list of pictures
        assert np.array_equal(decode(file[:place] + b"\xff\xff" + file[place + 2 :]), first)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_each_picture_of_a_file_is_turned_once(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    file = mpo(*[PIL.Image.fromarray(corners())] * 2, exif=exif)
    for page in (1, 0, 1):
        assert difference(decode(file, page=page), decode(saved(corners(), "JPEG", exif=exif))) == 0


def test_prediction_gives_a_row_a_page(tmp_path: Path) -> None:
    photos = [PIL.Image.fromarray(image) for image in good_images("plate", 3)]
    for name in ("scan.tif", "scan.png", "scan.webp", "stereo.mpo"):
        photos[0].save(tmp_path / name, save_all=True, append_images=photos[1:])
    photos[0].save(tmp_path / "single.png")
    rows = list(predict_files(calibrated_detector(), [tmp_path], tmp_path / "out", batch_size=2))
    found = [(Path(row["path"]).name, row["page"], Path(row["heatmap"]).name) for row in rows]
    assert found == [
        *(("scan.png", page, f"scan_page{page}_heatmap.png") for page in (1, 2, 3)),
        *(("scan.tif", page, f"scan_page{page}_2_heatmap.png") for page in (1, 2, 3)),
        *(("scan.webp", page, f"scan_page{page}_3_heatmap.png") for page in (1, 2, 3)),
        ("single.png", 1, "single_heatmap.png"),
        *(("stereo.mpo", page, f"stereo_page{page}_heatmap.png") for page in (1, 2, 3)),
    ]
    assert all(Path(row[picture]).is_file() for row in rows for picture in ("heatmap", "mask"))
    single = predict_files(calibrated_detector(), [tmp_path / "single.png"])
    assert [row["score"] for row in single] == pytest.approx([rows[0]["score"]])
    assert len({row["score"] for row in rows[:3]}) == 3
