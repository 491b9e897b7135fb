"""Small data sets of empty files, and what was found in them, by names."""

from pathlib import Path

import cv2
import numpy as np

from crr.data.datasets import Dataset, Sample, open_dataset
from crr.data.layouts.walk import Notes


def touch(root: Path, *names: str) -> None:
    """Empty files: whoever finds images must not look into them."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def draw(path: Path, level: int) -> None:
    """A mask: black, with one pixel of that level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((16, 24), np.uint8)
    pixels[3, 4] = level
    cv2.imwrite(str(path), pixels)


def the_parts(root: Path) -> dict[str, list[str]]:
    """The images of the only category: those to learn from, and those to test on by what they show."""
    (category,) = open_dataset(root).categories
    parts = {"train": sorted(sample.path.name for sample in category.train)}
    for sample in category.test:
        parts.setdefault(sample.defect, []).append(sample.path.name)
    return parts


def masks_in(dataset: Dataset) -> dict[str, list[str]]:
    """Defective image to its masks, both relative to the data set."""
    defective = (sample for category in dataset.categories for sample in category.test if sample.defective)
    return {relative(sample, dataset): relatives(sample.masks, dataset.root) for sample in defective}


def passed_over(notes: Notes, root: Path) -> dict[str, list[str]]:
    """Reason to what was passed over, relative to a folder."""
    return {reason: sorted(relatives(paths, root)) for reason, paths in notes.passed_over.items()}


def relative(sample: Sample, dataset: Dataset) -> str:
    """An image's name in its data set."""
    return str(sample.path.relative_to(dataset.root))


def relatives(paths: "list[Path] | tuple[Path, ...]", root: Path) -> list[str]:
    """Paths relative to a folder."""
    return [str(path.relative_to(root)) for path in paths]
