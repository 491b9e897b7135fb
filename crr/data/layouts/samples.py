"""What a layout finds: samples, and categories of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Layout = Literal["mvtec", "visa", "real-iad", "table", "folders", "folder", "masks"]

GOOD = "good"
"""What `Sample.defect` says of a normal image, whatever its folder is called."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One image on disk.

    Attributes:
        path: The image file.
        category: Name of its category.
        defect: Kind of defect, "good" for a normal image.
        masks: Files with the defect's masks, each of a part of it; none for a normal image and where nobody
            drew one.
    """

    path: Path
    category: str
    defect: str
    masks: tuple[Path, ...] = ()

    @property
    def defective(self) -> bool:
        """Whether the image shows a defect."""
        return self.defect != GOOD


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of object or surface.

    Attributes:
        name: For example "bottle".
        train: Normal images; empty where there is only a test part.
        test: Normal and defective images; empty where only training images exist.
    """

    name: str
    train: tuple[Sample, ...]
    test: tuple[Sample, ...]

    @property
    def has_masks(self) -> bool:
        """Whether there are defective images, each with its mask; without, only image-level figures exist."""
        masks = [sample.masks for sample in self.test if sample.defective]
        return bool(masks) and all(masks)


Readers = dict[str, Callable[[], Category]]
"""For each category's name, what reads it: a category that nobody asked for may be incomplete."""


def good_samples(paths: list[Path], category: str) -> tuple[Sample, ...]:
    """Normal images."""
    return tuple(Sample(path, category, GOOD) for path in paths)
