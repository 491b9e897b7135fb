"""A sheet of small pictures with captions: many damaged images at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from crr.anomalies import AnomalySynthesizer
from crr.anomalies.textures import donor_images, texture_files
from crr.config import EncoderConfig, ValueRange
from crr.data.datasets import Dataset
from crr.data.image_formats import SHEET_MARK
from crr.data.images import encode_png
from crr.data.readers import CachedReader
from crr.runtime.files import write_atomically
from crr.runtime.paths import StrPath, as_path
from crr.types import Image, Mask

_CAPTION = 22  # pixels
_GAP = 6
_PAPER = 255
_INK = (40, 40, 40)
_OUTLINE = (255, 0, 160)  # magenta: absent from most inspected surfaces, clear on black and on white


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet.

    Attributes:
        image: uint8 (H, W, 3), any size.
        caption: Plain ASCII text below it.
        mask: bool (H, W) to outline, or None.
    """

    image: Image
    caption: str
    mask: Mask | None = None


def contact_sheet(rows: Sequence[Sequence[Tile]], side: int = 224) -> Image:
    """Draw rows of pictures, each scaled to fit a square of `side` pixels.

    Returns:
        uint8 (H, W, 3): H = rows * (side + 22 + 6) + 6, W = longest row * (side + 6) + 6, at least one tile.
    """
    lines, columns = max(len(rows), 1), max([1, *(len(row) for row in rows)])
    pitch = (side + _CAPTION + _GAP, side + _GAP)
    sheet = np.full((lines * pitch[0] + _GAP, columns * pitch[1] + _GAP, 3), _PAPER, np.uint8)
    for i, row in enumerate(rows):
        for j, tile in enumerate(row):
            top, left = i * pitch[0] + _GAP, j * pitch[1] + _GAP
            _place(sheet[top : top + side + _CAPTION, left : left + side], tile, side)
    return sheet


def _place(cell: Image, tile: Tile, side: int) -> None:
    height, width = tile.image.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = cv2.resize(tile.image, size, interpolation=shrink)
    if tile.mask is not None:
        # The outline runs just outside the damage, so that the damage itself stays in sight.
        covered = cv2.resize(tile.mask.astype(np.float32), size, interpolation=shrink) > 0
        around = cv2.dilate(covered.astype(np.uint8), np.ones((5, 5), np.uint8))
        contours, _ = cv2.findContours(around, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, contours, -1, _OUTLINE, 1)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    cell[top : top + size[1], left : left + size[0]] = picture
    cv2.putText(
        cell, tile.caption, (2, side + _CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA
    )


def write_sheet(
    dataset: Dataset,
    out: StrPath,
    *,
    count: int = 8,
    seed: int = 0,
    size: int = 224,
    textures: StrPath | None = None,
    foreground_only: bool = False,
    value_range: ValueRange | None = None,
) -> None:
    """Write a PNG with a row of damaged training images a category, the damage outlined and named.

    Args:
        dataset: Only its training images are read.
        out: File to write.
        count: Images a row.
        seed: Another seed, other images and other damage.
        size: Side of a picture in pixels; images are squeezed to a square, as an encoder sees them.
        textures: Folder of texture images for the fillings, or None.
        foreground_only: Damage the part and never a plain background around it.
        value_range: Black and white of images deeper than 8 bits that do not say it.

    Raises:
        DatasetError: The texture folder holds no images.
        ImageError: An image cannot be read.
    """
    out = as_path(out, "The sheet")
    synthesizer = AnomalySynthesizer(texture_files(textures), foreground_only=foreground_only)
    read = CachedReader(EncoderConfig(resize=size, crop=size), value_range)
    paths = [[sample.path for sample in category.train] for category in dataset.categories]
    rows = []
    for index, own in enumerate(paths):
        tiles = []
        for number in range(count):
            random = np.random.default_rng([seed, index, number])
            image = read(own[int(random.integers(len(own)))])
            damage = synthesizer.damage(image, random, donor_images(paths, index, read, random))
            tiles.append(Tile(damage.image, f"{damage.shape} x {damage.filling}", damage.mask))
        rows.append(tiles)
    picture = encode_png(contact_sheet(rows, side=size))
    write_atomically(out, lambda path: path.write_bytes(picture + SHEET_MARK))


def is_sheet(path: StrPath) -> bool:
    """Whether a file is empty, or a sheet that `write_sheet` wrote."""
    path = as_path(path, "The sheet")
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - len(SHEET_MARK)))
        return size == 0 or file.read() == SHEET_MARK
