"""What a look says of masks: which need a word, and how they are read."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from tests.crr.data.inventory.looks import looked, said


def test_masks_that_are_missing_or_mark_nothing(root: Path) -> None:
    shutil.copy(root / "test/scratch/000.png", root / "test/scratch/002.png")
    cv2.imwrite(str(root / "ground_truth/scratch/001_mask.png"), np.zeros((48, 72), np.uint8))
    cv2.imwrite(str(root / "ground_truth/scratch/009_mask.png"), np.zeros((48, 72), np.uint8))
    inventory = looked(root)
    assert inventory.mask_survey.empty == (root / "ground_truth/scratch/001_mask.png",)
    text = said(inventory)
    assert "1 mask marks nothing: ground_truth/scratch/001_mask.png." in text
    assert "Passed over, a mask without an image: 1 file, ground_truth/scratch/009_mask.png." in text
    assert "without a mask where others have one: 1 file, test/scratch/002.png." in text
    assert inventory.categories["plate"].masked == 2


def test_graded_and_turned_masks_are_said(root: Path) -> None:
    for mask in (root / "ground_truth/scratch").iterdir():
        PIL.Image.open(mask).save(mask.with_suffix(".jpg"))
        mask.unlink()
    assert "The masks are graded: from half of 255 on a pixel is defect." in said(looked(root))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    for photo in (root / "test/scratch").iterdir():
        PIL.Image.open(photo).save(photo, exif=exif)
    assert "as the sensor saw the photos" in said(looked(root))


MASKS = "ground_truth/scratch"


@pytest.mark.parametrize("colour", [255, (0, 215, 255)], ids=["white", "a coloured ground"])
def test_masks_that_mark_the_whole_picture_are_named(root: Path, colour: int | tuple[int, ...]) -> None:
    ground = PIL.Image.new("L" if isinstance(colour, int) else "RGB", (72, 48), colour)
    ground.save(root / MASKS / "000_mask.png")
    if not isinstance(colour, int):
        ground.paste((0, 255, 0), (10, 10, 30, 20))
        ground.save(root / MASKS / "001_mask.png")
    inventory = looked(root)
    names = [f"{MASKS}/00{number}_mask.png" for number in range(1 if isinstance(colour, int) else 2)]
    assert inventory.as_json()["full_masks"] == names
    marks = "1 mask marks" if len(names) == 1 else "2 masks mark"
    assert f"{marks} the whole picture, being 0 nowhere: {', '.join(names)}." in said(inventory)


def test_a_graded_mask_that_is_bright_everywhere_marks_the_whole_picture(root: Path) -> None:
    for number, values in enumerate((np.full((48, 72), 200, np.uint8), np.zeros((48, 72), np.uint8))):
        values[:20, :20] = 255
        cv2.imwrite(str(root / MASKS / f"00{number}_mask.jpg"), values)
        (root / MASKS / f"00{number}_mask.png").unlink()
    assert looked(root).as_json()["full_masks"] == [f"{MASKS}/000_mask.jpg"]


def test_the_numbers_of_classes_are_said(root: Path) -> None:
    """255 means elsewhere that nobody looked there."""
    assert "The masks hold" not in said(looked(root))
    for number, used in enumerate(((1, 5), (255,))):
        values = np.zeros((48, 72), np.uint8)
        for place, value in enumerate(used):
            values[:, 9 * place : 9 * place + 9] = value
        cv2.imwrite(str(root / MASKS / f"00{number}_mask.png"), values)
    inventory = looked(root)
    assert "The masks hold the values 0, 1, 5, 255: all but 0 is a defect." in said(inventory)
    assert inventory.as_json()["mask_values"] == [1, 5, 255]


@pytest.mark.parametrize(("side", "orientation"), [(48, 6), (72, 3)], ids=["square", "by 180 degrees"])
def test_photos_that_exif_turns_with_masks_that_fit_either_way_are_said(
    root: Path, side: int, orientation: int
) -> None:
    exif = PIL.Image.Exif()
    for number in range(2):
        exif[0x0112] = orientation if number else 1
        photo, mask = root / f"test/scratch/00{number}.png", root / MASKS / f"00{number}_mask.png"
        for path, options in ((photo, {"exif": exif}), (mask, {})):
            PIL.Image.open(path).crop((0, 0, side, 48)).save(path, **options)  # type: ignore[arg-type]
    inventory = looked(root)
    words = "The masks of 1 photo that EXIF turns fit either way, and are taken as upright"
    assert f"{words}: test/scratch/001.png." in said(inventory)
    assert inventory.as_json()["turned_either_way"] == ["test/scratch/001.png"]
    # Another photo, of which the shape does tell, tells it for all.
    exif[0x0112] = 6
    with PIL.Image.open(root / "test/good/000.png") as photo:
        photo.save(root / "test/scratch/002.png", exif=exif)
    PIL.Image.new("L", (48, 72), 255).save(root / MASKS / "002_mask.png")
    assert looked(root).as_json()["turned_either_way"] == []


def test_masks_that_may_be_inverted_are_named(root: Path) -> None:
    assert "invert" not in said(looked(root))
    for number in range(2):
        mask = root / MASKS / f"00{number}_mask.png"
        cv2.imwrite(str(mask), 255 - cv2.imread(str(mask), cv2.IMREAD_UNCHANGED))
    inventory = looked(root)
    assert inventory.as_json()["inverted_masks"] == [f"{MASKS}/000_mask.png", f"{MASKS}/001_mask.png"]
    assert "if black and white are exchanged, invert them: " in said(inventory)
