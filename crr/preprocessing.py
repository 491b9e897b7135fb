"""From an image of any size to the square that the encoder sees."""

import cv2
import numpy as np

from crr.config import EncoderConfig
from crr.types import Image


def to_input(image: Image, config: EncoderConfig) -> Image:
    """uint8 (crop, crop, 3): resized to a square, then cropped at the centre (paper, section 4.1).

    Shrinking averages over areas, so that thin defects do not fall between samples.
    """
    side, crop = config.resize, config.crop
    shrinking = image.shape[0] > side or image.shape[1] > side
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    resized = cv2.resize(image, (side, side), interpolation=interpolation)
    margin = (side - crop) // 2
    return np.ascontiguousarray(resized[margin : margin + crop, margin : margin + crop], dtype=np.uint8)
