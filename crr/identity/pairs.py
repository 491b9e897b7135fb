"""Where the identity-mapping index gets its images: clean ones, each with damaged copies of itself.

Synthetic pairs are made from normal test images, which no model was trained on: "seen" with the fillings
that training uses, "held_out" with those that it never does. Real pairs come from a folder of photos.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from crr.anomalies import HELD_OUT, AnomalySynthesizer, Damage, training_fillings
from crr.anomalies.textures import donor_images
from crr.config import EncoderConfig, ValueRange
from crr.data.datasets import Dataset, evenly_spread
from crr.data.images import decode
from crr.data.inventory.guessing import guessed_range
from crr.data.layouts.names import is_image_name
from crr.data.layouts.samples import Sample
from crr.data.mask_values import mask_values
from crr.data.masks import MaskRule, rule_of_files
from crr.data.preprocessing import mask_to_input, to_input
from crr.data.readers import CachedReader
from crr.errors import DatasetError
from crr.runtime.paths import StrPath, as_path
from crr.types import Image, Mask

SyntheticGroup = Literal["seen", "held_out"]
"""Damage of the kinds used in training, or of kinds never used there."""

Group = SyntheticGroup | Literal["pairs"]
"""Synthetic damage, or real damage with a clean twin."""

GROUP_FILLINGS: Mapping[SyntheticGroup, tuple[str, ...]] = MappingProxyType(
    {"seen": training_fillings(), "held_out": HELD_OUT}
)
"""The fillings of the synthetic groups: the same for every model, whatever it was trained on."""

PARTS = ("clean", "defective", "mask")
"""Subfolders of a folder of real pairs."""


@dataclass(frozen=True)
class DamagedPair:
    """A clean image and a damaged copy, as the network sees them.

    Attributes:
        path: File of the clean image.
        category: Category of the image; for real pairs the folder's name.
        group: Where the damage comes from.
        filling: Name in `crr.anomalies.FILLINGS`; empty for real damage.
        clean: uint8 (crop, crop, 3); shared by the copies, so treat it as read-only.
        damaged: uint8 (crop, crop, 3).
        mask: bool (crop, crop), True where the copy is damaged. Empty where real damage lies outside the
            centre crop.
    """

    path: Path
    category: str
    group: Group
    filling: str
    clean: Image
    damaged: Image
    mask: Mask


PairMaker = Callable[[], list[DamagedPair]]
"""Makes the pairs of one clean image."""


@dataclass(frozen=True)
class PairSet:
    """Pairs by clean image, made when they are asked for, and the same every time.

    Iterating gives a list of pairs a clean image, all with the same path and clean image.

    Attributes:
        categories: Category to what makes the pairs of each of its clean images; may be called in threads.
        copies: Most pairs that a clean image has.
    """

    categories: Mapping[str, tuple[PairMaker, ...]]
    copies: int

    @property
    def makers(self) -> tuple[PairMaker, ...]:
        """What makes the pairs of each clean image, of all categories."""
        return tuple(chain.from_iterable(self.categories.values()))

    def __len__(self) -> int:
        """Number of clean images."""
        return len(self.makers)

    def __iter__(self) -> Iterator[list[DamagedPair]]:
        """The pairs of one clean image after the other."""
        return (make() for make in self.makers)


def synthetic_pairs(
    dataset: Dataset,
    encoder: EncoderConfig,
    group: SyntheticGroup,
    images: int = 24,
    seed: int = 0,
    value_range: ValueRange | None = None,
) -> PairSet:
    """Normal test images, each damaged once with every filling of a group.

    The damage is drawn at the encoder's input size and depends on that size, `seed`, the image and its file
    name; where foreign material is pasted in, also on the other categories' images. A filling that shows
    nowhere on an image (a warp of a plain surface) is left out.

    Args:
        dataset: Only its normal test images are read; categories without any are passed over.
        encoder: How images are brought to the network's input.
        group: Which fillings.
        images: Most images a category, evenly spread.
        seed: Another seed, other damage.
        value_range: Black and white of images deeper than 8 bits that do not say it.

    Raises:
        DatasetError: No category has normal test images.
    """
    normal = [[row for row in category.test if not row.defective] for category in dataset.categories]
    chosen = [evenly_spread(rows, images) for rows in normal if rows]
    if not chosen:
        raise DatasetError(
            f"{dataset.root} has no good images that a model was not trained on, and the identity-mapping "
            "index needs them: add a test/good folder to a category, as the MVTec-AD layout has it."
        )
    damaging = _Damaging(chosen, CachedReader(encoder, value_range), group, seed)
    makers = {rows[0].category: tuple(partial(damaging, sample) for sample in rows) for rows in chosen}
    return PairSet(makers, len(GROUP_FILLINGS[group]))


def real_pairs(folder: StrPath, encoder: EncoderConfig, value_range: ValueRange | None = None) -> PairSet:
    """Photos of defective parts, each with a clean twin that shows the same part without the defect.

    Args:
        folder: Holds clean/, defective/ and mask/ with images of equal stems; the three of one stem are
            of one size.
        encoder: How images are brought to the network's input.
        value_range: As for `synthetic_pairs`; guessed from all photos of the pairs if None.

    Returns:
        One pair a clean image. Reading it raises a `DatasetError` where sizes differ or a mask is empty,
        and an `ImageError` where a file cannot be read.

    Raises:
        DatasetError: A subfolder is missing or empty, or an image has no partner.
        ConfigError: There is no `value_range`, and it cannot be guessed: see `guessed_range`.
    """
    files = pair_files(folder)
    category = as_path(folder).resolve().name
    value_range = value_range or guessed_range(photos_of_pairs(folder))
    read = partial(decode, value_range=value_range)
    rule = rule_of_files(files["mask"].values())
    makers = tuple(
        partial(_real_twin, {part: files[part][stem] for part in PARTS}, category, encoder, read, rule)
        for stem in files["clean"]
    )
    return PairSet({category: makers}, copies=1)


def photos_of_pairs(folder: StrPath) -> list[Path]:
    """The photos of real pairs, clean and defective ones; raises `DatasetError` as `pair_files` does."""
    files = pair_files(folder)
    return [path for part in ("clean", "defective") for path in files[part].values()]


def pair_files(folder: StrPath) -> dict[str, dict[str, Path]]:
    """The files of real pairs: part ("clean", "defective", "mask") to stem to file, the same stems in each.

    Raises:
        DatasetError: A subfolder is missing or empty, or an image has no partner.
    """
    folder = as_path(folder, "The folder of pairs")
    files = {part: _images_by_stem(folder / part) for part in PARTS}
    stems = sorted(set().union(*files.values()))
    for part in PARTS:
        lost = [stem for stem in stems if stem not in files[part]]
        if lost:
            raise DatasetError(
                f"{folder / part} has no image {lost[0]}: "
                "clean, defective and mask need files of the same names, apart from the suffix."
            )
    return {part: {stem: found[stem] for stem in stems} for part, found in files.items()}


class _Damaging:
    """Makes the synthetic pairs of one image: the same ones in any order and in any thread."""

    def __init__(
        self, samples: Sequence[Sequence[Sample]], read: CachedReader, group: SyntheticGroup, seed: int
    ) -> None:
        self._paths = [[sample.path for sample in rows] for rows in samples]
        self._position = {rows[0].category: index for index, rows in enumerate(samples)}
        self._read = read
        self._group = group
        self._seed = seed
        self._synthesizers = {
            filling: AnomalySynthesizer(fillings=[filling]) for filling in GROUP_FILLINGS[group]
        }

    def __call__(self, sample: Sample) -> list[DamagedPair]:
        clean = self._read(sample.path)
        damages = [self._damage(sample, clean, filling) for filling in self._synthesizers]
        return [
            DamagedPair(
                sample.path, sample.category, self._group, damage.filling, clean, damage.image, damage.mask
            )
            for damage in damages
            if damage is not None
        ]

    def _damage(self, sample: Sample, clean: Image, filling: str) -> Damage | None:
        draw = f"{self._seed}/{sample.category}/{sample.path.name}/{filling}"
        random = np.random.default_rng(list(draw.encode(errors="surrogateescape")))
        position = self._position[sample.category]
        return self._synthesizers[filling].damage_that_shows(
            clean, random, lambda: donor_images(self._paths, position, self._read, random)
        )


def _real_twin(
    paths: Mapping[str, Path],
    category: str,
    encoder: EncoderConfig,
    read: Callable[[Path, str], Image],
    rule: MaskRule,
) -> list[DamagedPair]:
    images = {part: read(paths[part], str(paths[part])) for part in ("clean", "defective")}
    marked = rule.marked(mask_values(paths["mask"])[0])
    size = images["clean"].shape[:2]
    for part, shape in {
        **{part: image.shape for part, image in images.items()},
        "mask": marked.shape,
    }.items():
        if shape[:2] != size:
            raise DatasetError(
                f"{paths[part]} is {shape[1]} x {shape[0]} pixels and its clean twin is "
                f"{size[1]} x {size[0]}: the images of one name must be of one size."
            )
    mask = marked >= 0.5
    if not mask.any():
        raise DatasetError(f"{paths['mask']} marks no defect: mark the defect in white, or remove the image.")
    clean, damaged = (to_input(images[part], encoder) for part in ("clean", "defective"))
    return [DamagedPair(paths["clean"], category, "pairs", "", clean, damaged, mask_to_input(mask, encoder))]


def _images_by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DatasetError(f"There is no folder {folder}: pairs are kept in clean, defective and mask.")
    files = {path.stem: path for path in sorted(folder.iterdir()) if is_image_name(path.name)}
    if not files:
        raise DatasetError(f"{folder} holds no images: put the {folder.name} images of the pairs there.")
    return files
