"""The photo that is looked at layer by layer: as it came, or damaged."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from crr.data.masks import read_mask_file
from crr.types import Image, Mask
from workbench.inspection.image_file import ImageFile
from workbench.inspection.photo import Photo
from workbench.painting.session import DamagedPart, PaintedPart

Pixel = TypeVar("Pixel", np.uint8, np.bool_)


@dataclass(frozen=True, eq=False)
class StudyImage:
    """The photo as it is studied: as it came, or damaged.

    Attributes:
        photo: Where it comes from.
        file: File of the photo, opened once.
        image: uint8 (H, W, 3), what models are asked about.
        key: Identifies that image.
        digest: Identifies the photo; a view of it stays while this does.
        clean: The photo before it was damaged, None if it was not.
        mask: bool (H, W), where it was damaged, or where its data set marks its defect; None if unknown.
    """

    photo: Photo
    file: ImageFile
    image: Image
    key: Hashable
    digest: str
    clean: Image | None = None
    mask: Mask | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the photo as it came, which places in links refer to."""
        return self.file.image.shape[0], self.file.image.shape[1]

    @property
    def touched(self) -> bool:
        """Whether there is a place that is damaged, as far as it is known."""
        return self.mask is not None and bool(self.mask.any())


def original(photo: Photo, file: ImageFile) -> StudyImage:
    """A photo as it came, of which this is the file; raises `ImageError` for a bad one."""
    height, width = file.image.shape[:2]
    mask = None if photo.mask is None else read_mask_file(photo.mask, (height, width))
    return StudyImage(photo, file, file.image, (photo.own, file.key), file.key, mask=mask)


def painted(part: PaintedPart, made: DamagedPart) -> StudyImage:
    """A photo with what the visitor painted on it."""
    damaged = made.damaged
    return StudyImage(
        part.photo, part.file, damaged.image, made.key, part.picture.digest, part.image, damaged.mask
    )


def network_view(image: NDArray[Pixel], view: float) -> NDArray[Pixel]:
    """The part around the centre of an image or mask (H, W, ...) that a network with this `view` sees."""
    height, width = image.shape[:2]
    top, left = (round((1 - view) / 2 * side) for side in (height, width))
    return image[top : height - top, left : width - left]
