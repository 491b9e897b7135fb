"""Data sets on disk, opened lazily: only paths are kept, so memory does not grow with the images.

The layouts are described in `crr.data.layouts`. Masks are all or nothing: a category without a single one is
evaluated at image level only, but where some are there and others are not, a file was lost, and
`open_dataset` names it.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from pathlib import Path
from typing import TypeVar

from crr.data.layouts.finding import find_categories
from crr.data.layouts.names import is_image_name, key
from crr.data.layouts.samples import Category, Layout, Sample
from crr.data.layouts.walk import Notes
from crr.errors import ConfigError, DatasetError
from crr.runtime.paths import StrPath, as_path, real_path

Row = TypeVar("Row")

__all__ = [
    "Category",
    "Dataset",
    "Sample",
    "check_training",
    "evenly_spread",
    "every_image",
    "open_dataset",
    "split_validation",
    "without_copies",
]


@dataclass(frozen=True, slots=True)
class Dataset:
    """What `open_dataset` found.

    Attributes:
        root: Absolute path of the folder, or of the table.
        layout: How it is arranged.
        categories: At least one, sorted by name; their samples are sorted by path.
        notes: What was passed over on the way, and why.
        bare: Category to its defective images that were left out, as they have no mask where others have one.
    """

    root: Path
    layout: Layout
    categories: tuple[Category, ...]
    notes: Notes = field(default_factory=Notes, compare=False)
    bare: Mapping[str, tuple[Path, ...]] = field(default_factory=dict, compare=False)

    def check_masks(self) -> None:
        """See that no mask is missing; raises `DatasetError` if some are."""
        if not self.bare:
            return
        name, images = next(iter(self.bare.items()))
        examples = ", ".join(map(str, images[:5]))
        raise DatasetError(
            f"Masks are missing in {name} for {len(images)} of its defective images, such as {examples}: "
            "add them, leave these images out, or remove all masks of this category to evaluate it at image "
            "level.",
            remedy="on_error",
        )

    def without(self, paths: set[Path]) -> "Dataset":
        """The data set without some of its images."""
        categories = tuple(
            replace(
                category,
                train=tuple(sample for sample in category.train if sample.path not in paths),
                test=tuple(sample for sample in category.test if sample.path not in paths),
            )
            for category in self.categories
        )
        return replace(self, categories=categories)


def open_dataset(
    root: StrPath, categories: Sequence[str] | str | None = None, *, allow_bare: bool = False
) -> Dataset:
    """Find the images of a data set; only paths are read, whatever its size.

    Args:
        root: Folder in one of the layouts, or a table of images (.csv), as a `Path` or as text.
        categories: Names of the categories wanted, in any case, or a single one; all if None or empty.
        allow_bare: Leave out defective images without a mask where others have one, and note them.

    Raises:
        DatasetError: No such folder, none of the layouts, an unknown category, or a wanted category without
            any images or with incomplete masks.
    """
    root = real_path(as_path(root, "The data set"))
    categories = [categories] if isinstance(categories, str) else categories
    notes = Notes()
    try:
        if not root.exists():
            raise DatasetError(f"There is no folder {root}: check the path.")
        if not root.is_dir() and root.suffix.lower() not in (".csv", ".tsv"):
            raise DatasetError(
                f"{root} is a file: give the folder that holds the images, unpacked if it is an archive."
            )
        if root.is_dir():
            _check_unpacked(root, root.iterdir())
        layout, readers = find_categories(root, notes)
        wanted = _wanted(categories, sorted(readers), root) if categories else readers
        found = tuple(readers[name]() for name in sorted(wanted))
        _check_unpacked(root, (sample.path for each in found for sample in (*each.train, *each.test)))
    except OSError as error:
        raise DatasetError(
            f"{error.filename or root} cannot be read ({error.strerror}): check its permissions."
        ) from error
    for category in found:
        if not category.train and not category.test:
            raise DatasetError(
                f"{category.name} in {root} holds no images that can be used: put photos of good parts into "
                "train/good, and what to test on into test/good and test/<defect>."
            )
    dataset = _without_bare(Dataset(root, layout, found, notes))
    if not allow_bare:
        dataset.check_masks()
    return dataset


def every_image(dataset: Dataset, *, test: bool = True) -> list[Path]:
    """All images of a data set's folder, also of categories that nobody asked for, if these can be read.

    Args:
        dataset: As it was opened.
        test: Whether test images are wanted too, those without a mask among them, and not only those to learn
            from.
    """
    found, asked = [*dataset.categories], {category.name for category in dataset.categories}
    _, readers = find_categories(dataset.root, Notes())
    for name in sorted({*readers} - asked):
        with suppress(DatasetError, OSError):  # nobody who asked for another needs to mend it
            found.append(readers[name]())
    samples = [sample for category in found for sample in (*category.train, *(category.test if test else ()))]
    bare = chain.from_iterable(dataset.bare.values()) if test else ()
    return [*(sample.path for sample in samples), *bare]


def _check_unpacked(root: Path, paths: Iterable[Path]) -> None:
    """See that no file is called by a path of Windows, whose folders said what it is."""
    flat = [path for path in paths if os.sep == "/" and "\\" in path.name and is_image_name(path.name)]
    if flat:
        raise DatasetError(
            f"{root} was unpacked from an archive of Windows without its folders: {len(flat):,} files have "
            f"them in their names, such as {flat[0].name}. Unpack it again, with unzip or 7z."
        )


def _wanted(named: Sequence[str], names: Sequence[str], root: Path) -> set[str]:
    """The categories that somebody named, in any case and Unicode form that tells them apart."""
    alike = {asked: [name for name in names if key(name) == key(asked)] for asked in named}
    found = {asked: [asked] if asked in like else like for asked, like in alike.items()}
    missing = sorted(asked for asked, like in found.items() if len(like) != 1)
    if missing:
        raise DatasetError(f"{root} has no category {', '.join(missing)}: choose from {', '.join(names)}.")
    return {name for (name,) in found.values()}


_NO_MASK = "defective, without a mask where others have one"


def _without_bare(dataset: Dataset) -> Dataset:
    found = {category.name: _bare_images(category) for category in dataset.categories}
    bare = {name: images for name, images in found.items() if images}
    every = [*chain.from_iterable(bare.values())]
    dataset.notes.pass_over(_NO_MASK, *every)
    return replace(dataset.without({*every}), bare=bare)


def _bare_images(category: Category) -> tuple[Path, ...]:
    """The defective images without a mask, if others have one."""
    defective = [sample for sample in category.test if sample.defective]
    if not any(sample.masks for sample in defective):
        return ()
    return tuple(sample.path for sample in defective if not sample.masks)


def check_training(dataset: Dataset) -> None:
    """See that every category has images to learn from; raises `DatasetError` if not."""
    for category in dataset.categories:
        if not category.train:
            raise DatasetError(
                f"{dataset.root} has no good images of {category.name} to learn from: put photos of good "
                f"parts into {category.name}/train/good."
            )


def without_copies(dataset: Dataset, digests: Mapping[Path, str]) -> Dataset:
    """The data set with each training image once a category, however often it was copied under other names.

    Copies would be learnt from several times, and on both sides of the split into training and calibration.
    The one with the shortest name stays: what copies a file adds to its name ("005 (1)", "Copy of 005"), and
    another name would change that split.

    Args:
        dataset: Data set.
        digests: Training image to a digest that its copies share; one that is not there is unlike others.
    """
    kept: dict[tuple[str, str], Sample] = {}
    samples = [sample for category in dataset.categories for sample in category.train]
    for sample in sorted(samples, key=lambda sample: (len(sample.path.name), sample.path)):
        kept.setdefault((sample.category, digests.get(sample.path) or str(sample.path)), sample)
    stay = {*kept.values()}
    return dataset.without({sample.path for sample in samples if sample not in stay})


def split_validation(
    samples: Sequence[Sample], fraction: float, seed: int
) -> tuple[list[Sample], list[Sample]]:
    """Hold back a share of the training images, for example for calibration.

    Each category is split by itself. Who is held back depends on file names and `seed` only: neither the
    order of the samples nor the place of the data set matters, and a new image moves hardly any other.

    Args:
        samples: Images of one or more categories, at least 2 of each.
        fraction: Share to hold back, between 0 and 1; rounded, but at least 1 image is in each part.
        seed: Another seed, another split.

    Returns:
        The images to train on and those held back, each in the order given.

    Raises:
        DatasetError: A category has fewer than 2 images.
        ConfigError: `fraction` is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ConfigError(f"The validation share is {fraction}: choose one between 0 and 1, such as 0.1.")
    held: set[Sample] = set()
    for category, group in groupby(sorted(samples, key=_category), key=_category):
        ranked = sorted(group, key=lambda sample: _rank(sample, seed))
        if len(ranked) < 2:
            raise DatasetError(
                f"{category} has 1 good image: at least 2 are needed, one to train on and one to hold back."
            )
        count = min(max(1, round(fraction * len(ranked))), len(ranked) - 1)
        held.update(ranked[:count])
    train = [sample for sample in samples if sample not in held]
    return train, [sample for sample in samples if sample in held]


def evenly_spread(rows: Sequence[Row], most: int) -> list[Row]:
    """At most `most` of the rows, evenly spread from the first on; none if it is 0."""
    step = max(1.0, len(rows) / max(1, most))
    return [rows[int(position * step)] for position in range(min(most, len(rows)))]


def _category(sample: Sample) -> str:
    return sample.category


def _rank(sample: Sample, seed: int) -> bytes:
    """A number for each file name, as good as random, the same on every machine."""
    name = f"{seed}/{sample.category}/{sample.path.name}"
    return hashlib.sha256(name.encode(errors="surrogateescape")).digest()  # a name need not be UTF-8
