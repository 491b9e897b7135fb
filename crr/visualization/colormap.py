"""The colours of every picture of an anomaly, chosen once.

The map is Plasma: perceptually uniform and told apart with any common colour blindness. Its ends are
neither black nor white, so that it shows on dark and on light parts and in both themes. Low values are
transparent. The scale is always 0 to 1 and never stretched to an image's own maximum, so that a good part
does not light up.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.types import Image

_LEVELS = np.arange(256, dtype=np.uint8)
_PLASMA = cv2.cvtColor(cv2.applyColorMap(_LEVELS[None], cv2.COLORMAP_PLASMA), cv2.COLOR_BGR2RGB)[0]
_SOLID_FROM = 0.6  # levels from here on are as opaque as the person chose; below they fade, ever faster


def colour(levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) RGB of levels (H, W), clipped to [0, 1]."""
    return np.asarray(_PLASMA[_index(levels)], dtype=np.uint8)


def opacity(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 in [0, 1] of the same shape: 0 where the level is 0, 1 from the level 0.6 on."""
    return (np.clip(levels / _SOLID_FROM, 0, 1) ** 2).astype(np.float32)


def colour_table(transparent: bool) -> NDArray[np.uint8]:
    """uint8 (256, 4) RGBA of the levels 0 to 1, fading below the level 0.6 if `transparent`."""
    steps = np.linspace(0, 1, 256, dtype=np.float32)
    alpha = opacity(steps) if transparent else np.ones_like(steps)
    return np.column_stack([colour(steps), np.round(255 * alpha).astype(np.uint8)])


def overlay(image: Image, levels: NDArray[np.float32], over: float) -> Image:
    """uint8 (H, W, 3): the image with the colours of `levels` (H, W) over it at opacity `over`, in [0, 1]."""
    alpha = over * opacity(levels)[..., None]
    return np.asarray(np.round((1 - alpha) * image + alpha * colour(levels)), dtype=np.uint8)


def _index(levels: NDArray[np.float32]) -> NDArray[np.intp]:
    return np.round(255 * np.clip(levels, 0, 1)).astype(np.intp)
