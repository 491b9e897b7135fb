"""The range that is guessed for files that do not say which value is white: by whom, and by what of them."""

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from crr.config import ValueRange
from crr.data.datasets import every_image, open_dataset
from crr.data.images import decode
from crr.data.inventory.guessing import guessed_range
from crr.data.inventory.looking import Part, look_at_dataset, look_at_files
from crr.data.inventory.sentences import lines
from crr.errors import ConfigError
from tests.crr.data.test_depth import RAMP, camera
from tests.crr.files import chunk, png, tiff


def parts_of(root: Path) -> Path:
    """Two categories by one camera: nuts to learn from are darkest, a defective bolt is brightest."""
    camera(root / "nut/train/good", 700, 900)
    camera(root / "nut/test/good", 1800)
    camera(root / "bolt/train/good", 2000, 2040)
    camera(root / "bolt/test/cut", 4000)
    return root


def test_a_part_of_a_data_set_is_read_by_the_range_of_the_whole(tmp_path: Path) -> None:
    root = parts_of(tmp_path)
    asked: list[tuple[str | None, tuple[Part, ...]]] = [
        (None, ("train", "test")),
        (None, ("test",)),
        ("nut", ("test",)),
        ("nut", ("good test",)),
        ("bolt", ("test",)),
    ]
    for category, parts in asked:
        looked = look_at_dataset(open_dataset(root, category), parts)
        assert (looked.value_range, looked.guessed) == (ValueRange(0, 4095), True)
        assert "guessed from all such images of the data set" in lines(looked)[1]
        assert {path.parent.name for path in looked.facts} <= {"train", "test", "good", "cut"}
        assert category is None or {path.relative_to(root).parts[0] for path in looked.facts} == {category}
    for category in (None, "nut", "bolt"):  # what is tested on has no say in training
        assert look_at_dataset(open_dataset(root, category), ("train",)).value_range == ValueRange(0, 2047)
    assert guessed_range(every_image(open_dataset(root, "nut"))) == ValueRange(0, 4095)
    assert guessed_range(every_image(open_dataset(root, "nut"), test=False)) == ValueRange(0, 2047)


def test_a_photo_that_is_alone_in_its_part_has_the_range_of_the_others(tmp_path: Path) -> None:
    looked = look_at_dataset(open_dataset(parts_of(tmp_path), "nut"), ("test",))
    assert not looked.of_unknown_range


def test_images_of_another_kind_and_bad_categories_have_no_say(tmp_path: Path) -> None:
    root = parts_of(tmp_path)
    (root / "washer/train/good").mkdir(parents=True)
    (root / "washer/train/good/0.tif").write_bytes(tiff(RAMP.astype(np.float32), t339=3))
    (root / "bolt/test/cut/broken.png").write_bytes(b"no image")
    PIL.Image.new("L", (40, 40)).save(root / "bolt/train/good/plain.png")
    assert look_at_dataset(open_dataset(root, "nut"), ("test",)).value_range == ValueRange(0, 4095)
    assert (
        look_at_dataset(open_dataset(root, "nut"), ("test",), value_range=ValueRange(0, 9)).guessed is False
    )
    with pytest.raises(ConfigError, match="Some images hold fractions and others integers"):
        look_at_dataset(open_dataset(root))


def large(*odd: float, kind: str = "u2") -> NDArray[Any]:
    """A photo of 40,000 pixels from 5 to 1900, a few of which are something else."""
    values = np.linspace(5, 1900, 200 * 200).reshape(200, 200).astype(kind)
    values[7, : len(odd)] = odd
    return values


@pytest.mark.parametrize("kind", ["u2", "i4", "f4"])
def test_a_hot_pixel_has_no_say_and_its_photo_is_named(tmp_path: Path, kind: str) -> None:
    form = {"u": 1, "i": 2, "f": 3}[kind[0]]
    (tmp_path / "hot.tif").write_bytes(tiff(large(*[65535] * 4, kind=kind), t339=form))
    (tmp_path / "cold.tif").write_bytes(tiff(large(kind=kind), t339=form))
    looked = look_at_files(tmp_path)
    assert looked.value_range == ValueRange(0, 2047)
    assert looked.beyond_range == [tmp_path / "hot.tif"]
    assert "1 image with values beyond that, which are cut: hot.tif." in lines(looked)
    (tmp_path / "hot.tif").write_bytes(tiff(large(*[65535] * 5, kind=kind), t339=form))
    assert look_at_files(tmp_path).value_range == ValueRange(0, 65535)


def test_defective_photos_without_a_mask_have_their_say_whichever_category_is_asked_for(
    tmp_path: Path,
) -> None:
    root = parts_of(tmp_path)
    for name, mask in (("4000", True), ("9000", False)):
        camera(root / "bolt/test/cut", int(name))
        if mask:
            (root / "bolt/ground_truth/cut").mkdir(parents=True)
            PIL.Image.new("L", (60, 40), 255).save(root / f"bolt/ground_truth/cut/{name}_mask.png")
    for category in (None, "nut", "bolt"):
        dataset = open_dataset(root, category, allow_bare=True)
        assert look_at_dataset(dataset).value_range == ValueRange(0, 16383)


def test_of_several_photos_one_that_tells_nothing_is_named_and_not_passed_over(tmp_path: Path) -> None:
    camera(tmp_path, 900, 1000)
    holed = np.rint(RAMP * 900).astype(np.int32)
    holed[:3, :3] = -9999
    PIL.Image.fromarray(holed).save(tmp_path / "holed.tif")
    with pytest.raises(ConfigError, match=r"holed\.tif holds -9999, far from"):
        guessed_range([*tmp_path.iterdir()])


def significant(values: NDArray[Any], bits: int) -> bytes:
    """A PNG of 16 bits that says how many of them a camera filled."""
    return png(values.astype(np.uint16), chunk(b"sBIT", bytes([bits])))


def test_which_bits_a_png_fills_is_no_matter_of_its_last_ones(tmp_path: Path) -> None:
    full = np.rint(RAMP * 60000)  # as the standard asks, and its lower bits are noise
    (tmp_path / "full.png").write_bytes(significant(full, 10))
    assert np.abs(decode(tmp_path / "full.png")[..., 0] - RAMP * 60000 / 257).max() <= 1


def test_who_wrote_pngs_in_two_ways_is_told(tmp_path: Path) -> None:
    upper, lower = np.rint(RAMP * 4095) * 16, np.rint(RAMP * 4095)
    for name, values in (("upper", upper), ("lower", lower), ("black", 0 * lower)):
        (tmp_path / f"{name}.png").write_bytes(significant(values, 12))
    looked = look_at_files(tmp_path)
    assert (
        "1 image with 12 bits at the upper end of 16: upper.png; 1 at the lower: lower.png. "
        "Each is read by its own." in lines(looked)
    )
    assert looked.as_json()["bits_at_both_ends"] == {"12": {"upper": ["upper.png"], "lower": ["lower.png"]}}
    (tmp_path / "upper.png").unlink()
    assert not look_at_files(tmp_path).of_both_ends
