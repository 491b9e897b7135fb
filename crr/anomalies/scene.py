"""What an image looks like as a whole: a part before a plain background? two tones only?"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.types import Image, Mask

_SIDE = 64  # everything here is decided on a thumbnail
_NEAR = 24  # a pixel within this of the border's colour belongs to the background


@dataclass(frozen=True)
class Scene:
    """What an image looks like as a whole, measured once.

    Attributes:
        size: (height, width) of the image.
        foreground: bool (h, w) on a thumbnail's grid, or None where no plain background exists.
        background: float32 (3,) RGB of that background, or None.
        tones: float32 (2, 3) RGB: median of the darker and of the brighter half (Otsu's split).
        edges: bool (h, w) on the thumbnail's grid: where the two tones meet.
        two_tone: True if nearly every pixel is near one of two well separated tones: line art.
        grey: True if the image has no colour.
    """

    size: tuple[int, int]
    foreground: Mask | None
    background: NDArray[np.float32] | None
    tones: NDArray[np.float32]
    edges: Mask
    two_tone: bool
    grey: bool


def describe(image: Image) -> Scene:
    """Look at a thumbnail of `image` (uint8 RGB, any size) and describe it."""
    thumbnail = _thumbnail(image)
    foreground, background = _split_background(thumbnail)
    grey = cv2.cvtColor(thumbnail, cv2.COLOR_RGB2GRAY)
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = grey > level
    tones = np.stack([_median(thumbnail[~bright]), _median(thumbnail[bright])])
    distance = np.abs(thumbnail[:, :, None].astype(np.float32) - tones).max(3).min(2)
    split = bright.astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    return Scene(
        size=(image.shape[0], image.shape[1]),
        foreground=foreground,
        background=background,
        tones=tones,
        edges=cv2.dilate(split, kernel) != cv2.erode(split, kernel),
        two_tone=bool(np.abs(tones[1] - tones[0]).max() > 80 and (distance < 30).mean() > 0.9),
        grey=bool(np.ptp(thumbnail, axis=2).mean() < 4),
    )


def _thumbnail(image: Image) -> Image:
    """At most 64 pixels a side, by picking pixels: averaging would invent tones that line art lacks."""
    height, width = image.shape[:2]
    rows = np.linspace(0, height - 1, min(height, _SIDE)).round().astype(np.intp)
    columns = np.linspace(0, width - 1, min(width, _SIDE)).round().astype(np.intp)
    return np.ascontiguousarray(image[np.ix_(rows, columns)])


def _split_background(thumbnail: Image) -> tuple[Mask | None, NDArray[np.float32] | None]:
    """Foreground and background colour, or (None, None) unless the border is plain and the rest is not."""
    border = np.concatenate([thumbnail[0], thumbnail[-1], thumbnail[1:-1, 0], thumbnail[1:-1, -1]])
    colour = _median(border)
    near = np.abs(border - colour).max(1) < _NEAR
    foreground = np.abs(thumbnail - colour).max(2) >= _NEAR
    if near.mean() < 0.9 or not 0.02 < foreground.mean() < 0.9:
        return None, None
    return foreground, colour


def _median(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    if not colours.size:
        return np.zeros(3, np.float32)
    return np.asarray(np.median(colours, axis=0), np.float32)
