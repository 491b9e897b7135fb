"""Images that show no part, which a look finds for whoever asks."""

from pathlib import Path

import cv2
import numpy as np

from crr.config import ValueRange
from crr.data.inventory.looking import look_at_files
from crr.inference.content import shows_something
from tests.crr.data.inventory.looks import looked, said
from tests.crr.tiny import good_images


def test_images_that_show_no_part_are_said_if_somebody_asks(root: Path) -> None:
    for name, value in (("black", 0), ("white", 255)):
        cv2.imwrite(str(root / f"train/good/{name}.png"), np.full((48, 72, 3), value, np.uint8))
    assert looked(root).blank == ()
    inventory = looked(root, parts=("train",), shows=shows_something)
    names = ["train/good/black.png", "train/good/white.png"]
    assert inventory.as_json()["blank"] == names
    assert f"2 of 8 images show no part: {', '.join(names)}." in said(inventory)


def test_deep_images_are_judged_by_the_range_of_all(root: Path) -> None:
    """Noise of two levels is nothing of 4096, and as much as a photo has if it were stretched."""
    [photo] = good_images("plate", 1)
    noise = np.random.default_rng(0).integers(2000, 2003, (48, 72), dtype=np.uint16)
    cv2.imwrite(str(root / "train/good/deep.png"), photo[..., 0].astype(np.uint16) * 16)
    cv2.imwrite(str(root / "train/good/noise.png"), noise)
    inventory = looked(root, parts=("train",), shows=shows_something)
    assert inventory.as_json()["blank"] == ["train/good/noise.png"]


def test_no_range_is_guessed_from_a_value_that_stands_for_none(root: Path) -> None:
    for number, photo in enumerate(good_images("plate", 3)):
        values = photo[..., 0].astype(np.float32) / 255
        if number == 1:
            values[:4, :4] = -9999
        cv2.imwrite(str(root / f"train/good/depth{number}.tiff"), values)
    marked = root / "train/good/depth1.tiff"
    sentence = (
        f"{marked} holds -9999, far from all its other values, as for what was not measured: fill it in"
    )
    inventory = looked(root, parts=("train",), shows=shows_something)
    files = look_at_files(root / "train/good")
    for found in (inventory, files):
        assert found.unusable.keys() == {marked}
        assert found.unusable[marked].startswith(sentence)
        assert found.value_range == ValueRange(0, 1)
    assert inventory.blank == []
    assert look_at_files(root / "train/good", value_range=ValueRange(0, 1)).unusable == {}
