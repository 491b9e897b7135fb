"""What a mask file marks, as its values are stored: whatever depth, colour and transparency it has."""

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from crr.data.conversion import deep_values, loaded, turned
from crr.data.image_header import open_image
from crr.data.images import content_of

_LOSSY = ("JPEG", "WebP", "AVIF", "HEIC")


def mask_values(path: Path) -> tuple[NDArray[Any], bool]:
    """The values of a mask file as they are stored, upright, and whether its format is lossy.

    Of colours the brightest channel counts; transparent pixels are 0.

    Returns:
        (H, W) of unsigned integers or fractions, at least 0.

    Raises:
        ImageError: It is missing or damaged, or holds values that are no numbers.
    """
    data, _ = content_of(path)
    with open_image(data, str(path)) as file:
        if file.header.depth.deep:
            values, turn = deep_values(file, 0, str(path))
        else:
            picture, turn = loaded(file, 0, str(path))
            values = _plain_values(picture)
        return turned(_brightest(values), turn), file.header.format in _LOSSY


def _plain_values(picture: PIL.Image.Image) -> NDArray[np.uint8]:
    """uint8 (H, W), or (H, W, 3 or 4) of colours and what is like them."""
    if picture.mode in ("1", "L"):
        return np.asarray(picture.convert("L"))
    return np.asarray(picture.convert("RGBA" if picture.has_transparency_data else "RGB"))


def _brightest(values: NDArray[Any]) -> NDArray[Any]:
    """(H, W), at least 0, of values that may be colours, and these transparent."""
    values = np.maximum(values, 0)
    if values.ndim == 2:
        return values
    colours = values[..., :3].max(axis=-1)
    if values.shape[2] == 3:
        return colours
    alpha = values[..., 3]
    if not colours.any() and alpha.min() < alpha.max():  # black paint on a transparent ground
        return alpha
    opaque = 1 if values.dtype.kind == "f" else np.iinfo(values.dtype).max
    if values.dtype.itemsize > 2:
        return colours * (alpha / opaque)
    return colours.astype(np.uint32) * alpha // opaque
