"""A folder of images, or a data set in one of the layouts of `crr.data.layouts`, as a source."""

from pathlib import Path

import numpy as np

from crr.data.datasets import Dataset, open_dataset
from crr.data.inventory.mask_survey import survey_masks
from crr.data.layouts.finding import find_images
from crr.data.layouts.samples import Sample
from crr.data.layouts.walk import Notes
from crr.data.masks import MaskRule, read_mask
from crr.errors import CRRError, DatasetError
from workbench.annotation.errors import SourceError
from workbench.annotation.importing.bringing import Found, FoundImage, Said
from workbench.annotation.importing.files import Keeping, left_out, name_below, not_used_of
from workbench.annotation.masks import encode
from workbench.annotation.records import NewImage, Region, Review

_NO_EVIDENCE = "folder"
"""The layout of a folder that says nothing of its images: what lies in it need not be good."""


def read_folder(folder: Path, keeping: Keeping) -> Found:
    """The images of a folder and its subfolders; what a data set says of them comes as labels.

    Raises:
        SourceError: There is no folder, or no image in it that can be used.
    """
    dataset = _dataset_in(folder)
    if dataset is not None:
        return _read(dataset, keeping, with_masks=False)
    notes = Notes()
    try:
        paths = find_images(folder, notes)
    except (CRRError, OSError) as error:
        raise SourceError(f"{folder} cannot be searched for images: {error}") from error
    facts = keeping.facts_of(paths)
    unusable = {path: fact.error for path, fact in facts.items() if fact.error}
    value_range, guessed = keeping.range_of(facts)
    images = [
        FoundImage(keeping.image(path, fact, name_below(folder, path), value_range=value_range))
        for path, fact in facts.items()
        if path not in unusable
    ]
    if not images:
        raise SourceError(f"{folder} holds no image that can be used. {' '.join(left_out(unusable))}".strip())
    passed = [f"{len(files):,} files were passed over: {why}." for why, files in notes.passed_over.items()]
    return Found(images, [*left_out(unusable), *not_used_of(facts), *guessed, *passed])


def read_dataset(folder: Path, keeping: Keeping) -> Found:
    """The images of a data set, with its masks.

    Good images are said to be good, others defective, their masks being regions that are called as the kind
    of defect is. All or nothing: an image or mask that cannot be used is an error.

    Raises:
        SourceError: It is no data set that says what is good, or an image or a mask cannot be used.
    """
    try:
        dataset = open_dataset(folder)
    except DatasetError as error:
        raise SourceError(str(error)) from error
    if dataset.layout == _NO_EVIDENCE:
        raise SourceError(
            f"{folder} does not say which of its images are good, so that no masks can come along. Give a "
            "data set in a layout of docs/data.md, or add the images alone."
        )
    return _read(dataset, keeping, with_masks=True)


def _dataset_in(folder: Path) -> Dataset | None:
    """The data set in a folder, if it is one that says what is good."""
    try:
        dataset = open_dataset(folder, allow_bare=True)
    except DatasetError:
        return None
    return None if dataset.layout == _NO_EVIDENCE else dataset


def _read(dataset: Dataset, keeping: Keeping, *, with_masks: bool) -> Found:
    samples = [sample for category in dataset.categories for sample in (*category.train, *category.test)]
    facts = keeping.facts_of([sample.path for sample in samples])
    unusable = {path: fact.error for path, fact in facts.items() if fact.error}
    headers = {path: fact.header for path, fact in facts.items() if fact.header and not fact.error}
    rule = MaskRule()
    if with_masks:
        survey = survey_masks(samples, headers)
        unusable |= survey.unusable
        rule = survey.rule
        if unusable:
            raise SourceError(next(iter(unusable.values())))
    if len(unusable) == len(facts):
        raise SourceError(f"{dataset.root} holds no image that can be used. {' '.join(left_out(unusable))}")
    value_range, guessed = keeping.range_of(facts)
    images = []
    for sample in samples:
        if sample.path in unusable:
            continue
        image = keeping.image(
            sample.path,
            facts[sample.path],
            name_below(dataset.root, sample.path),
            "defective" if sample.defective else "good",
            sample.category,
            value_range,
        )
        images.append(FoundImage(image, (Said(_review(sample, image, rule)),) if with_masks else ()))
    passed = [
        f"{len(files):,} files were passed over: {why}." for why, files in dataset.notes.passed_over.items()
    ]
    return Found(images, [*left_out(unusable), *not_used_of(facts), *guessed, *passed])


def _review(sample: Sample, image: NewImage, rule: MaskRule) -> Review:
    """What a data set says of an image."""
    if not sample.defective:
        return Review("good")
    if not sample.masks:
        return Review("defective")
    try:
        mask = read_mask(sample, (image.height, image.width), rule) >= 0.5
    except CRRError as error:
        raise SourceError(str(error)) from error
    if not np.any(mask):
        return Review("defective")
    return Review("defective", (Region(sample.defect[:200], encode(mask)),))
