"""What the screen shows of an image: a small copy that a browser can draw, made once."""

import base64
import hashlib
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.data.images import encode_jpeg
from crr.types import Image

Number = TypeVar("Number", np.uint8, np.float32)

DISPLAY_SIDE = 1280
THUMBNAIL_SIDE = 96


@dataclass(frozen=True)
class Picture:
    """An image as the screen needs it.

    Attributes:
        digest: Identifies the file's content.
        size: (height, width) of the original in pixels.
        uri: Data URI of a JPEG whose long side is at most `DISPLAY_SIDE`.
        thumbnail: Data URI of a JPEG whose long side is at most `THUMBNAIL_SIDE`.
    """

    digest: str
    size: tuple[int, int]
    uri: str
    thumbnail: str

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the picture takes."""
        return len(self.uri) + len(self.thumbnail)


def digest_of(content: bytes) -> str:
    """32 hex digits that identify a file's content."""
    return hashlib.sha256(content).hexdigest()[:32]


def picture_of(image: Image, digest: str) -> Picture:
    """The picture of a decoded image."""
    return Picture(
        digest=digest,
        size=(image.shape[0], image.shape[1]),
        uri=jpeg_uri(shrink(image, DISPLAY_SIDE), quality=90),
        thumbnail=thumbnail_of(image),
    )


def thumbnail_of(image: Image) -> str:
    """Data URI of a small JPEG."""
    return jpeg_uri(shrink(image, THUMBNAIL_SIDE), quality=75)


def shrink(image: NDArray[Number], side: int) -> NDArray[Number]:
    """An image (H, W, 3) or map (H, W) with its long side at most `side` pixels, proportions kept."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=image.dtype)


def jpeg_uri(image: Image, quality: int) -> str:
    """Data URI of an image as a JPEG of this quality, in [1, 100]."""
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(image, quality)).decode()
