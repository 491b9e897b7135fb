"""Images that show no part, which a look finds for whoever asks."""

from pathlib import Path

import cv2
import numpy as np

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
