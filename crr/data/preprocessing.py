"""How an image of any size becomes the square that the encoder sees."""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from crr.config import EncoderConfig
from crr.types import Image, Mask


def to_input(image: Image, config: EncoderConfig) -> Image:
    """uint8 (crop, crop, 3): resized to a square, then cropped at the centre (paper, section 4.1).

    Shrinking averages over areas, so that thin defects do not fall between samples.
    """
    side = config.resize
    shrinking = image.shape[0] > side or image.shape[1] > side
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    resized = cv2.resize(image, (side, side), interpolation=interpolation)
    return np.ascontiguousarray(resized[_centre(config)], dtype=np.uint8)


def mask_to_input(mask: Mask, config: EncoderConfig) -> Mask:
    """bool (crop, crop): a mask brought to the same square; unlike an image it keeps what it only touches."""
    grid = torch.from_numpy(mask)[None].float()
    whole = functional.adaptive_max_pool2d(grid, config.resize)[0].numpy() > 0
    return np.ascontiguousarray(whole[_centre(config)])


def _centre(config: EncoderConfig) -> tuple[slice, slice]:
    margin = (config.resize - config.crop) // 2
    inside = slice(margin, margin + config.crop)
    return inside, inside


def as_input_tensor(pixels: Tensor) -> Tensor:
    """uint8 (B, H, W, 3) pixels to float (B, 3, H, W) in [0, 1]."""
    return pixels.permute(0, 3, 1, 2).float() / 255
