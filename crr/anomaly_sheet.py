"""Synthetic damage at a glance: a contact sheet of damaged training images."""

from pathlib import Path

import numpy as np

from crr.anomalies import AnomalySynthesizer
from crr.config import EncoderConfig
from crr.contact_sheet import Tile, contact_sheet
from crr.datasets import Dataset
from crr.files import write_atomically
from crr.images import encode_png
from crr.training_data import CachedReader, donors, texture_files


def write_sheet(
    dataset: Dataset,
    out: Path,
    *,
    count: int = 8,
    seed: int = 0,
    size: int = 224,
    textures: Path | None = None,
    foreground_only: bool = False,
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

    Raises:
        DatasetError: The texture folder holds no images.
        ImageError: An image cannot be read.
    """
    synthesizer = AnomalySynthesizer(texture_files(textures), foreground_only=foreground_only)
    read = CachedReader(EncoderConfig(resize=size, crop=size))
    paths = [[sample.path for sample in category.train] for category in dataset.categories]
    rows = []
    for index, own in enumerate(paths):
        tiles = []
        for number in range(count):
            random = np.random.default_rng([seed, index, number])
            image = read(own[int(random.integers(len(own)))])
            damage = synthesizer.damage(image, random, donors(paths, index, read, random))
            tiles.append(Tile(damage.image, f"{damage.where} x {damage.what}", damage.mask))
        rows.append(tiles)
    picture = encode_png(contact_sheet(rows, side=size))
    write_atomically(out, lambda path: path.write_bytes(picture))
