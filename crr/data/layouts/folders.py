"""Folders without a train and a test part: good images alone, or folders of good, bad and masks.

    ROOT/*                         good images of one category
    ROOT/<category>/*              good images of several
    ROOT/*_mask.png, ROOT/masks/*  beside them: an image with a mask that marks something is defective
    ROOT/good/*, ROOT/<defect>/*, ROOT/masks/*          one category, to learn from and to test on
    ROOT/<category>/good/*, ...                         several
    ROOT/<category>/Data/Images/Normal/*, ...           several, as VisA comes (Zou et al., ECCV 2022)

Where good images are both learnt from and tested on, one in five is for testing, the same on every machine.
"""

import hashlib
from functools import partial
from itertools import chain
from pathlib import Path

from crr.data.layouts.doubts.doubts import check_all_good, check_folders
from crr.data.layouts.mask_files import (
    MARKS_NOTHING,
    check_each_belongs,
    holds_masks,
    joined,
    marked_in,
    masks_of,
    photos_of_kind,
    photos_with_masks,
    split_masks,
)
from crr.data.layouts.mvtec import MARKED, labelled, note_strangers, note_unused, part_of
from crr.data.layouts.names import is_good
from crr.data.layouts.samples import Category, Layout, Readers, Sample, good_samples
from crr.data.layouts.walk import Notes, images_in, is_no_file, subfolders
from crr.errors import DatasetError

_TESTED_SHARE = 5
_IMAGES = ("images", "image", "imgs")


def sorted_categories(root: Path, folders: list[Path], notes: Notes) -> Readers:
    """The categories of folders that tell good from bad; none if they do not."""
    for candidates in ([root], folders):
        sorted_folders = {folder: place for folder in candidates if (place := _sorted_place(folder))}
        if sorted_folders:
            note_strangers(root, candidates, sorted_folders, notes)
            return {
                folder.name: partial(_sorted_category, folder, place, notes)
                for folder, place in sorted_folders.items()
            }
    return {}


def good_categories(root: Path, folders: list[Path], notes: Notes) -> tuple[Layout, Readers]:
    """The categories of folders of good images alone, or of good ones and such as a mask marks something in.

    Raises:
        DatasetError: There are no images, or nobody can tell which are good.
    """
    own, masks = split_masks(images_in(root, notes), notes)
    apart = [folder for folder in folders if holds_masks(folder)]
    found: dict[Path, list[Path]] = {}
    for folder in folders:
        if folder not in apart:
            photos, theirs = photos_with_masks(folder, notes)
            masks = joined(masks, theirs)
            if photos:
                found[folder] = photos
    every = [*own, *chain.from_iterable(found.values())]
    for folder in apart:
        masks = joined(masks, masks_of(every, root, folder, notes))
    check_folders(root, every)
    check_each_belongs(notes)
    if not own and not found:
        raise DatasetError(
            f"{root} holds no images: give a folder of photos of good parts, or a data set arranged like "
            "MVTec AD (category/train/good) or VisA (split_csv/1cls.csv), or a table of its images (.csv)."
        )
    if own and found:
        # Taken as they are, defective images might be learned as normal.
        names = ", ".join([root.name, *sorted(folder.name for folder in found)])
        raise DatasetError(
            f"{root} does not tell which images are good: move the good ones to train/good and the others to "
            f"test/<defect>. Found images in {names}."
        )
    check_all_good(root, every)
    categories = {folder.name: images for folder, images in found.items()} or {root.name: own}
    marked = marked_in(masks)
    notes.pass_over(MARKS_NOTHING, *(mask for photo in masks if photo not in marked for mask in masks[photo]))
    layout: Layout = "masks" if marked else "folder"
    return layout, {
        name: partial(
            _told_by_masks, name, photos, {photo: masks[photo] for photo in photos if photo in marked}
        )
        for name, photos in categories.items()
    }


def _told_by_masks(name: str, photos: list[Path], marked: dict[Path, tuple[Path, ...]]) -> Category:
    """A category in which only masks tell what is defective; without any, all is learnt from."""
    good = [photo for photo in photos if photo not in marked]
    tested = {photo for photo in good if marked and is_tested(photo)}
    bad = (Sample(photo, name, MARKED, masks) for photo, masks in marked.items())
    train = good_samples([photo for photo in good if photo not in tested], name)
    return Category(name, train, (*good_samples(sorted(tested), name), *bad))


def _sorted_place(folder: Path) -> Path | None:
    """Where in a category's folder good and bad images lie; None if it does not tell them apart."""
    data = part_of(folder, ("data",))
    places = [folder, part_of(folder, _IMAGES), data, part_of(data, _IMAGES) if data else None]
    return next((place for place in places if place is not None and _tells_good(place)), None)


def _tells_good(place: Path) -> bool:
    return any(path.is_dir() and is_good(path.name) for path in place.iterdir())


def _sorted_category(folder: Path, place: Path, notes: Notes) -> Category:
    name = folder.name
    images: dict[str, list[Path]] = {}
    drawn: dict[Path, tuple[Path, ...]] = {}
    for kind in subfolders(place, notes):
        if not holds_masks(kind):
            images[kind.name], beside = photos_of_kind(kind, notes)
            drawn |= beside
    every = [image for found in images.values() for image in found]
    for masks in _mask_folders(folder, place):
        drawn |= masks_of(every, place, masks, notes)
    labels = (labelled(found, name, kind, drawn, notes) for kind, found in images.items())
    samples = [*chain.from_iterable(labels)]
    note_unused(folder, samples, notes)
    # Who has only good images learns from all of them.
    tests = any(sample.defective for sample in samples)
    tested = {sample for sample in samples if tests and (sample.defective or is_tested(sample.path))}
    train = tuple(sample for sample in samples if sample not in tested)
    return Category(name, train, tuple(sample for sample in samples if sample in tested))


def _mask_folders(folder: Path, place: Path) -> list[Path]:
    """The folders of masks beside or in the place where a category's images lie."""
    above = {folder, place, place.parent} if place != folder else {folder}
    return sorted(path for each in above for path in each.iterdir() if path.is_dir() and holds_masks(path))


def is_tested(path: Path) -> bool:
    """Whether a good image is for testing; its content decides, so that copies of one stay together."""
    try:
        content = b"" if is_no_file(path) else path.read_bytes()
    except (OSError, ValueError):  # said when it is its turn to be read
        content = path.name.encode(errors="backslashreplace")
    return hashlib.sha256(content).digest()[0] < 256 // _TESTED_SHARE
