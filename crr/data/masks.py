"""Masks: which values mean defect, how a mask lies on its photo, and how it is brought to another size.

A mask is read as its file holds it, unscaled, and by one rule for the whole data set:

- All but 0 is defect. So class numbers, 0 and 1 in 16 bits, and 0 and 255 are all read alike.
- Only where masks are graded is a value defect from one half of the largest on: their edges are smoothed, or
  a lossy format has blurred them, and all flat places are near 0 or near the largest value.

A mask is upright as its photo is. Where photos have an EXIF orientation and the masks fit them only as the
sensor saw them, masks are turned with their photos. A mask of any other shape is refused.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.data.conversion import turned
from crr.data.images import read_header
from crr.data.layouts.samples import Sample
from crr.data.mask_values import mask_values
from crr.errors import DatasetError, ImageError
from crr.runtime.paths import StrPath, as_path
from crr.types import Mask

_FEW_VALUES = 8  # that a mask of classes may hold
_SMALLEST_SCALE = 32  # below it values are numbers of classes
_NEAR = 1 / 8  # of the largest value


@dataclass(frozen=True)
class MaskRule:
    """How the masks of a data set are read.

    Attributes:
        graded: Whether a value means defect from one half of `largest` on, and not from 1 on.
        largest: The largest value of all masks.
        turned: Whether masks lie as the sensor saw the photo, and not as its EXIF orientation shows it.
    """

    graded: bool = False
    largest: float = 255
    turned: bool = False

    def marked(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """float32 (H, W): how much of a pixel is defect; 0 or 1 but for graded masks."""
        if self.graded:
            return np.asarray(values / np.float32(self.largest), np.float32)
        return (values > 0).astype(np.float32)


def rule_of_files(paths: Iterable[Path]) -> MaskRule:
    """The rule by which some mask files are read; those that cannot be read have no say."""
    with ThreadPoolExecutor() as pool:
        return rule_of([fact for fact in pool.map(facts_of_mask, paths) if isinstance(fact, MaskFacts)])


def rule_of(facts: Sequence["MaskFacts"]) -> MaskRule:
    """The rule for masks of which these are the facts."""
    kinds = {fact.kind for fact in facts}
    largest = max((fact.largest for fact in facts), default=0)
    return MaskRule("graded" in kinds and "classes" not in kinds, largest or 255)


def read_mask(sample: Sample, shape: tuple[int, int], rule: MaskRule) -> NDArray[np.float32]:
    """How much of each pixel of a photo is defect.

    Args:
        sample: A normal image, or one with a mask.
        shape: (height, width) of the upright photo.
        rule: Of its data set.

    Returns:
        float32 (height, width) in [0, 1], all 0 for a normal image.

    Raises:
        DatasetError: The image is defective and has no mask, or a mask of another shape.
        ImageError: A mask file is missing or damaged.
    """
    if not sample.defective:
        return np.zeros(shape, np.float32)
    if not sample.masks:
        raise DatasetError(f"{sample.path} has no mask: evaluate {sample.category} at image level.")
    orientation = read_header(sample.path, str(sample.path)).orientation if rule.turned else 1
    parts = [_on_photo(path, sample.path, shape, rule, orientation) for path in sample.masks]
    return np.maximum.reduce(parts)


def read_mask_file(path: StrPath, size: tuple[int, int]) -> Mask:
    """The defective pixels of a single mask file, by the rule that its own values tell.

    Args:
        path: The mask.
        size: (height, width) of the mask wanted.

    Raises:
        ImageError: It is missing or damaged.
    """
    values, lossy = mask_values(as_path(path, "The mask"))
    return shrunk(rule_of([_facts(values, lossy)]).marked(values), size)


def shrunk(marked: NDArray[np.float32], size: tuple[int, int]) -> Mask:
    """A mask at another size, as the paper has it: resized, then cut at one half (arXiv 2512.11401).

    A mask that would vanish by that, being thinner than half a pixel of the new size, keeps the pixels of
    which it covers most.

    Args:
        marked: float32 (H, W) in [0, 1].
        size: (height, width) wanted.
    """
    if marked.shape == size:
        return np.asarray(marked >= 0.5)
    shrinks = size[0] <= marked.shape[0] and size[1] <= marked.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(marked, (size[1], size[0]), interpolation=interpolation)
    most = float(resized.max())
    if 0 < most < 0.5 and (marked >= 0.5).any():
        return np.asarray(resized >= most / 2)
    return np.asarray(resized >= 0.5)


@dataclass(frozen=True)
class MaskFacts:
    """What the values of one mask say.

    Attributes:
        kind: "graded", "classes" or "either".
        least: The smallest value.
        largest: The largest.
        values: All but 0, as long as they are few.
        share: Of the pixels above half of the largest value, in [0, 1].
        size: (height, width).
    """

    kind: str
    least: float
    largest: float
    values: frozenset[float]
    share: float
    size: tuple[int, int]


def facts_of_mask(path: Path) -> "MaskFacts | ImageError":
    """The facts of a mask file, or why it cannot be read."""
    try:
        return _facts(*mask_values(path))
    except ImageError as error:
        return error


def _facts(values: NDArray[Any], lossy: bool) -> MaskFacts:
    largest = float(values.max())
    used = np.unique(() if lossy else values[values > 0])
    kind = "graded" if lossy else _kind(values, used, largest)
    classes = frozenset(used.tolist() if len(used) < _SMALLEST_SCALE else ())
    share = float((values > largest / 2).mean()) if largest else 0.0
    return MaskFacts(kind, float(values.min()), largest, classes, share, values.shape[:2])


def _kind(values: NDArray[Any], used: NDArray[Any], largest: float) -> str:
    if len(used) < 2:
        return "either"
    if len(used) <= _FEW_VALUES or largest < _SMALLEST_SCALE:
        return "classes"
    window = np.ones((3, 3), np.uint8)
    plain = values.astype(np.float32)
    flat = plain[cv2.erode(plain, window) == cv2.dilate(plain, window)]
    near = (flat <= _NEAR * largest) | (flat >= (1 - _NEAR) * largest)
    return "graded" if near.all() else "classes"


def _on_photo(
    path: Path, photo: Path, shape: tuple[int, int], rule: MaskRule, orientation: int
) -> NDArray[np.float32]:
    values, _ = mask_values(path)
    values = turned(values, orientation)
    if values.shape != shape:
        raise DatasetError(other_shape(path, values.shape, photo, shape))
    return rule.marked(values)


def other_shape(mask: Path, size: tuple[int, ...], photo: Path, shape: tuple[int, int]) -> str:
    """What to say of a mask of another (height, width) than its upright photo."""
    return (
        f"The mask {mask} is {size[1]} x {size[0]} pixels, but its photo {photo} {shape[1]} x {shape[0]}: "
        "take the mask of this photo, or scale it to the photo's size."
    )
