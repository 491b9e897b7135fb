"""The layout of MVTec AD, and of what is arranged alike: LOCO, MVTec AD 2, BTAD.

    ROOT/<category>/train/good/*
    ROOT/<category>/test/good/*, test/<defect>/*
    ROOT/<category>/ground_truth/<defect>/<stem>_mask.png, <stem>.png or <stem>/*.png

ROOT may itself be one category. MVTec AD 2 calls the test part "test_public" and keeps its masks in it; its
private parts have no labels.

References: Bergmann et al., CVPR 2019; Bergmann et al., IJCV 2022 (LOCO); Heckler-Kram et al.,
arXiv 2503.21622 (AD 2); Mishra et al., ISIE 2021 (BTAD).
"""

from collections.abc import Container, Iterable
from itertools import chain
from pathlib import Path

from crr.data.layouts.doubts.doubts import check_photos
from crr.data.layouts.doubts.files import check_files
from crr.data.layouts.mask_files import (
    check_each_belongs,
    holds_masks,
    joined,
    marked_in,
    masks_of,
    photos_of_kind,
    split_masks,
)
from crr.data.layouts.names import TEST, TRAIN, is_good, key, may_mean_good, says_nothing
from crr.data.layouts.samples import GOOD, Category, Sample, good_samples
from crr.data.layouts.walk import Notes, images_in, images_under, pass_over_others, subfolders
from crr.errors import DatasetError

NOT_GOOD = "for training only good images are used"
BESIDE_GOOD = "beside the folder of good images, so not known to be good"
UNSORTED = "in no folder that names a defect"
UNTOLD = "with no mask, where masks tell which test photos are good"
MASK_OF_BAD = "a mask of a photo that is not learnt from"
MARKED = "marked"
"""The kind of a defect that nothing but a mask tells of."""

VALIDATION = "for validation: training holds back images of its own"
GOOD_MASK = "a mask of a good image"
PRIVATE = "of a private test, without labels"
UNKNOWN_PART = "in a folder that is no part of the layout"

_VALIDATION, _PRIVATE = ("validation", "val", "valid"), ("test_private", "test_private_mixed")


def is_mvtec_category(folder: Path) -> bool:
    """Whether a folder has a part to train on, or one to test on."""
    return part_of(folder, TRAIN) is not None or part_of(folder, TEST) is not None


def part_of(folder: Path, names: tuple[str, ...]) -> Path | None:
    """The subfolder with the first of these names, in any case; None if there is none."""
    inside = {key(path.name): path for path in sorted(folder.iterdir()) if path.is_dir()}
    return next((inside[name] for name in names if name in inside), None)


def mvtec_category(folder: Path, notes: Notes, root: Path | None = None) -> Category:
    """Read one category; what belongs to no part of it is noted.

    Args:
        folder: Of the category.
        notes: Told of that.
        root: The data set that it is one of, if that is another folder.
    """
    train, test = part_of(folder, TRAIN), part_of(folder, TEST)
    masks = [path for path in subfolders(folder, notes) if holds_masks(path)]
    _note_other_parts(folder, notes)
    category = Category(
        folder.name,
        _train_samples(train, folder.name, notes, root) if train else (),
        _test_samples(test, folder.name, masks, notes) if test else (),
    )
    note_unused(folder, (*category.train, *category.test), notes)
    return category


def _train_samples(train: Path, category: str, notes: Notes, root: Path | None) -> tuple[Sample, ...]:
    good, direct = [], images_in(train, notes)
    for folder in subfolders(train, notes):
        if is_good(folder.name):
            photos, masks = photos_of_kind(folder, notes)
            good += photos
            notes.pass_over(GOOD_MASK, *chain.from_iterable(masks.values()))
        elif not holds_masks(folder):
            check_kind(folder.name, folder)
            notes.pass_over(NOT_GOOD, *images_under(folder, notes))
    if good:
        notes.pass_over(BESIDE_GOOD, *direct)
    return good_samples(good or _unmarked(train, direct, notes, root), category)


def _unmarked(train: Path, direct: list[Path], notes: Notes, root: Path | None) -> list[Path]:
    """The images directly in a part to train on that nothing says a defect of.

    Raises:
        DatasetError: Their names, or a file that nobody reads, may say which of them are good.
    """
    if not direct:
        return []
    check_photos(train, direct)
    check_files(train.parent, direct)
    if root is not None:
        check_files(root, direct, below=False)
    met = Notes()
    photos, masks = split_masks(direct, met)
    for folder in subfolders(train, notes):
        if holds_masks(folder):
            masks = joined(masks, masks_of(photos, train, folder, met))
    check_each_belongs(met)
    for reason, paths in met.passed_over.items():
        notes.pass_over(reason, *paths)
    marked = marked_in(masks)
    notes.pass_over(NOT_GOOD, *sorted(marked))
    for photo, theirs in masks.items():
        notes.pass_over(MASK_OF_BAD if photo in marked else GOOD_MASK, *theirs)
    return [photo for photo in photos if photo not in marked]


def _test_samples(test: Path, category: str, masks: list[Path], notes: Notes) -> tuple[Sample, ...]:
    bare, drawn = split_masks(images_in(test, notes), notes)
    kinds = []
    for folder in subfolders(test, notes):
        if holds_masks(folder):
            masks = [*masks, folder]
        elif says_nothing(folder.name):
            notes.pass_over(UNSORTED, *images_under(folder, notes))
        else:
            photos, beside = photos_of_kind(folder, notes)
            kinds.append((folder.name, photos))
            drawn |= beside
    every = [*bare, *(image for _, photos in kinds for image in photos)]
    for folder in masks:
        drawn = joined(drawn, masks_of(every, test, folder, notes))
    kinds = [*_told_by_masks(bare, drawn, notes), *kinds]
    samples = [labelled(photos, category, kind, drawn, notes) for kind, photos in kinds]
    return tuple(chain.from_iterable(samples))


def _told_by_masks(
    bare: list[Path], masks: dict[Path, tuple[Path, ...]], notes: Notes
) -> list[tuple[str, list[Path]]]:
    """The good and the defective of images that lie in no folder of a kind, by their masks.

    A mask that marks nothing says that its part is good. Of an image without one nobody knows.
    """
    theirs = {photo: masks[photo] for photo in bare if photo in masks}
    notes.pass_over(UNTOLD if theirs else UNSORTED, *(photo for photo in bare if photo not in theirs))
    marked = marked_in(theirs)
    good = [photo for photo in theirs if photo not in marked]
    return [(GOOD, good), (MARKED, [photo for photo in theirs if photo in marked])]


def labelled(
    images: list[Path], category: str, kind: str, masks: dict[Path, tuple[Path, ...]], notes: Notes
) -> list[Sample]:
    """Samples of one folder; a mask of a good image is not used. Raises what `check_kind` does."""
    if images:
        check_kind(kind, images[0].parent)
    if is_good(kind):
        notes.pass_over(GOOD_MASK, *(mask for image in images for mask in masks.get(image, ())))
        return [Sample(image, category, GOOD) for image in images]
    return [Sample(image, category, kind, masks.get(image, ())) for image in images]


def check_kind(kind: str, place: Path) -> None:
    """See that the name of a kind of parts does not speak of good ones and of something else.

    Args:
        kind: What a folder or a label says.
        place: Where it says so.

    Raises:
        DatasetError: It does: "ok_with_dust".
    """
    if may_mean_good(kind):
        raise DatasetError(
            f"{place}: {kind} may mean good parts, or a defect of parts that are good otherwise. Call it "
            "good, or by the defect alone."
        )


def note_strangers(root: Path, folders: list[Path], categories: Container[Path], notes: Notes) -> None:
    """Note what lies in a data set and in none of its categories; `folders` are the root or those in it."""
    if root not in folders:
        notes.pass_over(UNKNOWN_PART, *images_in(root, notes))
    for folder in folders:
        if folder not in categories:
            notes.pass_over(UNKNOWN_PART, *images_under(folder, notes))


def note_unused(folder: Path, samples: Iterable[Sample], notes: Notes) -> None:
    """Note what lies in a category's folder, is in none of its samples, and was not noted before."""
    used = (path for sample in samples for path in (sample.path, *sample.masks))
    pass_over_others(folder, used, UNKNOWN_PART, notes)


def _note_other_parts(folder: Path, notes: Notes) -> None:
    """Note the parts of a data set that are neither for training nor for a test of ours."""
    for names, reason in ((_VALIDATION, VALIDATION), (_PRIVATE, PRIVATE)):
        for path in subfolders(folder, notes):
            if key(path.name) in names:
                notes.pass_over(reason, *images_under(path, notes))
