"""How masks are read: which values mean defect, how a mask lies on its photo, and other sizes."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from crr.data.datasets import Sample
from crr.data.images import read_header
from crr.data.inventory.mask_survey import find_rule, survey_masks
from crr.data.masks import MaskRule, mask_values, read_mask, read_mask_file, shrunk
from crr.errors import DatasetError, ImageError
from crr.types import Mask
from tests.crr.files import behind_a_preview, tiff


def written(folder: Path, pixels: NDArray[Any] | PIL.Image.Image) -> Sample:
    """A defective sample whose mask holds `pixels`."""
    picture = pixels if isinstance(pixels, PIL.Image.Image) else PIL.Image.fromarray(pixels)
    picture.save(folder / "mask.png")
    return Sample(folder / "part.png", "part", "cut", (folder / "mask.png",))


def read(sample: Sample, size: tuple[int, int]) -> Mask:
    """A sample's mask at a size, by the rule of this sample alone."""
    shape = read_header(sample.masks[0]).upright_size
    return shrunk(read_mask(sample, shape, find_rule([sample])), size)


@pytest.fixture
def drawn() -> NDArray[np.bool_]:
    """The mask that every test below expects to read: (40, 48), a rectangle."""
    mask = np.zeros((40, 48), np.bool_)
    mask[8:20, 24:40] = True
    return mask


def test_masks_of_every_kind(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    white = drawn[..., None] * np.uint8([255, 255, 255])
    palette = PIL.Image.fromarray(drawn.astype(np.uint8))
    palette.putpalette([0, 0, 0, 128, 0, 0])
    kinds: dict[str, NDArray[Any] | PIL.Image.Image] = {
        "bilevel": drawn,
        "grey": drawn * np.uint8(255),
        "16 bit": drawn * np.uint16(65535),
        "colour": white,
        "red": white * np.uint8([1, 0, 0]),
        "transparent around white": np.dstack([white, drawn * np.uint8(255)]),
        "palette": palette,
        "class numbers": drawn * np.uint8(3),
    }
    for kind, pixels in kinds.items():
        mask = read(written(tmp_path, pixels), drawn.shape)
        assert mask.dtype == np.bool_, kind
        assert np.array_equal(mask, drawn), kind


@pytest.mark.parametrize("largest", [1, 7, 255, 65535])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_deep_masks_are_read_as_they_are_stored(tmp_path: Path, largest: int, channels: int) -> None:
    drawn = np.zeros((40, 48), np.uint16)
    drawn[8:20, 24:40] = largest
    layers = [drawn, drawn // 2, drawn, np.full_like(drawn, 65535)][:channels]
    for suffix in (".png", ".tif"):
        path = tmp_path / f"mask{suffix}"
        assert cv2.imwrite(str(path), np.stack(layers, axis=-1))
        assert np.array_equal(mask_values(path)[0], drawn)
        assert np.array_equal(read_mask_file(path, drawn.shape), drawn > 0)


def test_black_paint_and_transparent_places_of_deep_masks(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    opaque = drawn * np.uint16(65535)
    for colour in (np.zeros_like(opaque), np.full_like(opaque, 65535)):
        cv2.imwrite(str(tmp_path / "mask.png"), np.dstack([colour, colour, colour, opaque]))
        assert np.array_equal(mask_values(tmp_path / "mask.png")[0], opaque)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_preview_in_a_mask_is_passed_over(tmp_path: Path, drawn: NDArray[np.bool_], kind: type) -> None:
    (tmp_path / "mask.tif").write_bytes(behind_a_preview(tiff(drawn.astype(kind))))
    assert np.array_equal(mask_values(tmp_path / "mask.tif")[0], drawn)


def test_masks_are_cut_at_one_half(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (20, 1))
    assert read(written(tmp_path, ramp), ramp.shape)[0].tolist() == [False] * 128 + [True] * 128


def test_masks_are_resized_before_the_cut(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    sample = written(tmp_path, drawn)
    assert np.array_equal(read(sample, (20, 24)), drawn[::2, ::2])
    assert np.array_equal(read(sample, (80, 96)), drawn.repeat(2, axis=0).repeat(2, axis=1))
    assert read(sample, (20, 96)).shape == (20, 96)
    dots = np.zeros((64, 64), np.uint8)
    dots[::4, ::4] = 255
    dots[:, :2] = 255
    mean = cv2.blur(dots, (4, 4), anchor=(0, 0))[::4, ::4]
    assert np.array_equal(read(written(tmp_path, dots), (16, 16)), mean >= 127.5)


def test_an_empty_mask_and_a_good_image(tmp_path: Path) -> None:
    assert not read(written(tmp_path, np.zeros((20, 20), np.uint8)), (10, 10)).any()
    good = read_mask(Sample(tmp_path / "missing.png", "part", "good"), (10, 12), MaskRule())
    assert (good.shape, good.any()) == ((10, 12), False)


def test_a_defect_without_a_mask(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="image level"):
        read_mask(Sample(tmp_path / "part.png", "part", "cut"), (10, 10), MaskRule())


# One rule for a set


def several(folder: Path, *masks: NDArray[Any], suffix: str = ".png") -> list[Sample]:
    """Defective samples of these masks, beside plain photos of the same size."""
    samples = []
    for number, values in enumerate(masks):
        photo, mask = folder / f"{number}.jpg", folder / f"{number}_mask{suffix}"
        PIL.Image.new("RGB", values.shape[::-1]).save(photo)
        assert cv2.imwrite(str(mask), values)
        samples.append(Sample(photo, "part", "cut", (mask,)))
    return samples


def smooth_edges() -> NDArray[np.uint8]:
    """A disc as drawing programs make it, its edge anti-aliased."""
    canvas = np.zeros((64, 64), np.uint8)
    cv2.circle(canvas, (32 << 4, 32 << 4), 20 << 4, 255, -1, cv2.LINE_AA, shift=4)
    return canvas


def test_classes_and_numbers_are_all_defect(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    halves = np.where(np.arange(48) < 32, 80, 200).astype(np.uint8)[None] * drawn
    for values in (halves, drawn.astype(np.uint16), drawn * np.uint16(40000), drawn * np.uint8(1)):
        [sample] = several(tmp_path, values)
        assert not find_rule([sample]).graded
        assert np.array_equal(read(sample, drawn.shape), drawn)


def test_smooth_edges_are_cut_at_one_half(tmp_path: Path) -> None:
    disc = smooth_edges()
    [sample] = several(tmp_path, disc)
    assert find_rule([sample]) == MaskRule(graded=True, largest=255)
    assert np.array_equal(read(sample, disc.shape), disc >= 127.5)
    assert (disc > 0).sum() > (disc >= 127.5).sum()


def test_lossy_masks_are_cut_at_one_half(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    drawn = np.roll(drawn, 3, axis=(0, 1))  # off the blocks of JPEG
    [sample] = several(tmp_path, drawn * np.uint8(255), suffix=".jpg")
    assert (cv2.imread(str(sample.masks[0]), 0) > 0).sum() > drawn.sum()
    assert np.array_equal(read(sample, drawn.shape), drawn)


def test_the_set_decides_and_not_the_file(tmp_path: Path) -> None:
    disc = smooth_edges()
    plain = np.where(disc > 127, 100, 0).astype(np.uint8)
    samples = several(tmp_path, disc, plain)
    rule = find_rule(samples)
    assert rule.graded
    assert not read_mask(samples[1], (64, 64), rule).max() >= 0.5  # 100 of 255 marks nothing here
    assert survey_masks(samples, {}).empty == (samples[1].masks[0],)
    numbered = several(tmp_path, np.where(disc > 127, 3, 0).astype(np.uint8), disc // 255 * 7)
    assert not find_rule(numbered).graded


def test_masks_that_mark_nothing_are_named(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    samples = several(tmp_path, drawn * np.uint8(255), np.zeros((40, 48), np.uint8))
    found = survey_masks(samples, {sample.path: read_header(sample.path) for sample in samples})
    assert found.empty == (samples[1].masks[0],)
    assert found.unusable == {}


def test_several_masks_of_an_image_are_one(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    left, right = drawn.copy(), drawn.copy()
    left[:, 32:], right[:, :32] = False, False
    one, two = several(tmp_path, left * np.uint8(255), right * np.uint8(7))
    both = Sample(one.path, "part", "cut", (*one.masks, *two.masks))
    assert np.array_equal(read(both, drawn.shape), drawn)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_masks_lie_as_the_sensor_saw_the_photo_if_they_fit_only_so(tmp_path: Path, orientation: int) -> None:
    stored = np.zeros((40, 60), np.uint8)
    stored[4:9, 10:40] = 255
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    turned = PIL.Image.fromarray(stored)
    turned.save(tmp_path / "photo.jpg", exif=exif)
    turned.save(tmp_path / "mask.png")
    PIL.Image.fromarray(stored).save(tmp_path / "tall.jpg", exif=[exif, exif.__setitem__(0x0112, 6)][0])
    turned.save(tmp_path / "tall.png")
    samples = [
        Sample(tmp_path / "photo.jpg", "part", "cut", (tmp_path / "mask.png",)),
        Sample(tmp_path / "tall.jpg", "part", "cut", (tmp_path / "tall.png",)),
    ]
    rule = find_rule(samples)
    assert rule.turned
    header = read_header(samples[0].path)
    found = read_mask(samples[0], header.upright_size, rule) > 0
    with PIL.Image.open(tmp_path / "photo.jpg") as photo:
        expected = np.asarray(PIL.ImageOps.exif_transpose(photo)) > 127
    assert (found != expected).mean() < 0.01


def test_a_mask_that_is_turned_itself_fits_its_turned_photo(tmp_path: Path) -> None:
    stored = np.zeros((40, 60), np.uint8)
    stored[4:9, 10:40] = 255
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    for name in ("photo.png", "mask.png"):
        PIL.Image.fromarray(stored).save(tmp_path / name, exif=exif)
    sample = Sample(tmp_path / "photo.png", "part", "cut", (tmp_path / "mask.png",))
    rule = find_rule([sample])
    assert not rule.turned
    assert np.array_equal(read_mask(sample, (60, 40), rule) > 0, np.rot90(stored, 3) > 0)


def test_a_mask_of_another_shape_is_refused_by_name(tmp_path: Path) -> None:
    [sample] = several(tmp_path, np.full((40, 48), 255, np.uint8))
    cv2.imwrite(str(sample.masks[0]), np.full((20, 24), 255, np.uint8))
    found = survey_masks([sample], {sample.path: read_header(sample.path)})
    assert "0_mask.png is 24 x 20 pixels, but its photo" in found.unusable[sample.path]
    with pytest.raises(DatasetError, match="48 x 40"):
        read_mask(sample, (40, 48), found.rule)


def test_a_mask_that_cannot_be_read_makes_its_image_unusable(tmp_path: Path) -> None:
    [sample] = several(tmp_path, np.full((40, 48), 255, np.uint8))
    sample.masks[0].write_bytes(b"no image")
    assert "0_mask.png" in survey_masks([sample], {}).unusable[sample.path]
    with pytest.raises(ImageError, match="0_mask"):
        read_mask(sample, (40, 48), MaskRule())


# Thin masks


@pytest.mark.parametrize("side", [512, 1000, 4000])
def test_a_thin_mask_never_vanishes(side: int) -> None:
    line = np.zeros((side, side), np.float32)
    line[:, side // 3] = 1
    small = shrunk(line, (256, 256))
    assert small.any(axis=1).all()
    assert small.sum() == 256
    dot = np.zeros((side, side), np.float32)
    dot[7, 9] = 1
    assert shrunk(dot, (256, 256)).sum() == 1


def test_a_thin_defect_beside_a_thick_one_is_lost_as_the_protocol_has_it() -> None:
    """Only a mask of which nothing is left departs from it."""
    line, block = np.zeros((2, 1024, 1024), np.float32)
    line[:, 700], block[300:500, 100:300] = 1, 1
    assert shrunk(line, (256, 256)).any()
    assert np.array_equal(shrunk(np.maximum(line, block), (256, 256)), shrunk(block, (256, 256)))


def test_thick_masks_are_shrunk_as_the_protocol_has_it() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        mask = (cv2.GaussianBlur(random.normal(size=(512, 512)), (0, 0), 12) > 0.03).astype(np.float32)
        expected = cv2.resize(mask, (256, 256), interpolation=cv2.INTER_AREA) >= 0.5
        assert np.array_equal(shrunk(mask, (256, 256)), expected)


def test_a_single_mask_file_is_read_by_its_own_rule(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    [sample] = several(tmp_path, drawn.astype(np.uint16))
    assert np.array_equal(read_mask_file(str(sample.masks[0]), drawn.shape), drawn)
