"""Data sets on disk, opened lazily: only paths are kept, so memory does not grow with the images.

The layouts are described in `crr.data.layouts`. Masks are all or nothing: a category without a single one is
evaluated at image level only, but where some are there and others are not, a file was lost, and
`open_dataset` names it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from crr.data.images import decode
from crr.data.layouts import Category, Layout, Sample, find_categories
from crr.errors import ConfigError, DatasetError
from crr.types import Mask

Row = TypeVar("Row")

__all__ = [
    "Category",
    "Dataset",
    "Sample",
    "evenly_spread",
    "open_dataset",
    "read_mask",
    "read_mask_file",
    "split_validation",
]


@dataclass(frozen=True, slots=True)
class Dataset:
    """What `open_dataset` found.

    Attributes:
        root: Absolute path of the folder.
        layout: How it is arranged.
        categories: At least one, sorted by name; their samples are sorted by path.
    """

    root: Path
    layout: Layout
    categories: tuple[Category, ...]


def open_dataset(root: Path, categories: Sequence[str] | None = None) -> Dataset:
    """Find the images of a data set; only paths are read, whatever its size.

    Args:
        root: Folder in one of the three layouts.
        categories: Names of the categories wanted; all if None or empty.

    Raises:
        DatasetError: No such folder, none of the layouts, an unknown category, or a wanted category without
            training images or with incomplete masks.
    """
    root = root.resolve()
    try:
        if not root.is_dir():
            raise DatasetError(
                f"{root} is a file: give the folder that holds the images, unpacked if it is an archive."
                if root.exists()
                else f"There is no folder {root}: check the path."
            )
        layout, readers = find_categories(root)
        missing = sorted(set(categories or ()) - readers.keys())
        if missing:
            raise DatasetError(
                f"{root} has no category {', '.join(missing)}: choose from {', '.join(sorted(readers))}."
            )
        found = tuple(readers[name]() for name in sorted(set(categories or readers)))
    except OSError as error:
        raise DatasetError(
            f"{error.filename or root} cannot be read ({error.strerror}): check its permissions."
        ) from error
    for category in found:
        _check_masks(category)
    return Dataset(root, layout, found)


def read_mask(sample: Sample, size: tuple[int, int]) -> Mask:
    """The pixels that are defective, as the paper's protocol has it: resize the mask, then cut at one half.

    A mask without any value above half its range holds class numbers, as VisA's do: all but 0 are defective.

    Args:
        sample: A normal image, or one with a mask.
        size: (height, width) of the mask wanted.

    Returns:
        bool (height, width), all False for a normal image.

    Raises:
        DatasetError: The image is defective and has no mask.
        ImageError: The mask file is missing or damaged.
    """
    if not sample.defective:
        return np.zeros(size, dtype=np.bool_)
    if sample.mask is None:
        raise DatasetError(f"{sample.path} has no mask: evaluate {sample.category} at image level.")
    return read_mask_file(sample.mask, size)


def read_mask_file(path: Path, size: tuple[int, int]) -> Mask:
    """The defective pixels in a mask file, as `read_mask`; raises `ImageError` if it is missing or bad."""
    channels = cv2.split(decode(path, name=str(path), background=0))
    marked = np.maximum.reduce(channels) / np.float32(255)
    if marked.max() <= 0.5:
        marked = (marked > 0).astype(np.float32)
    if marked.shape != size:
        shrinks = size[0] <= marked.shape[0] and size[1] <= marked.shape[1]
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        marked = cv2.resize(marked, (size[1], size[0]), interpolation=interpolation)
    return np.asarray(marked >= 0.5)


def split_validation(
    samples: Sequence[Sample], fraction: float, seed: int
) -> tuple[list[Sample], list[Sample]]:
    """Hold back a share of the training images, for example for calibration.

    Each category is split by itself. Who is held back depends on file names and `seed` only: neither the
    order of the samples nor the place of the data set matters, and a new image moves hardly any other.

    Args:
        samples: Images of one or more categories, at least 2 of each.
        fraction: Share to hold back, between 0 and 1; rounded, but at least 1 image is in each part.
        seed: Another seed, another split.

    Returns:
        The images to train on and those held back, each in the order given.

    Raises:
        DatasetError: A category has fewer than 2 images.
        ConfigError: `fraction` is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ConfigError(f"The validation share is {fraction}: choose one between 0 and 1, such as 0.1.")
    held: set[Sample] = set()
    for category, group in groupby(sorted(samples, key=_category), key=_category):
        ranked = sorted(group, key=lambda sample: _rank(sample, seed))
        if len(ranked) < 2:
            raise DatasetError(
                f"{category} has 1 good image: at least 2 are needed, one to train on and one to hold back."
            )
        count = min(max(1, round(fraction * len(ranked))), len(ranked) - 1)
        held.update(ranked[:count])
    train = [sample for sample in samples if sample not in held]
    return train, [sample for sample in samples if sample in held]


def evenly_spread(rows: Sequence[Row], most: int) -> list[Row]:
    """At most `most` of the rows, evenly spread from the first on; none if it is 0."""
    step = max(1.0, len(rows) / max(1, most))
    return [rows[int(position * step)] for position in range(min(most, len(rows)))]


def _category(sample: Sample) -> str:
    return sample.category


def _rank(sample: Sample, seed: int) -> bytes:
    """A number for each file name, as good as random, the same on every machine."""
    return hashlib.sha256(f"{seed}/{sample.category}/{sample.path.name}".encode()).digest()


def _check_masks(category: Category) -> None:
    bare = [sample.path for sample in category.test if sample.defective and sample.mask is None]
    if bare and any(sample.mask for sample in category.test):
        raise DatasetError(
            f"{len(bare)} defective images of {category.name} have no mask, the first is {bare[0]}: "
            "add the masks, or remove all masks of this category to evaluate it at image level."
        )
