"""Whether photos may be taken for good ones alone: where they lie, how they are called, what is beside."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from crr.data.layouts.doubts.files import check_files
from crr.data.layouts.names import (
    TEST,
    TRAIN,
    hints_at_bad,
    is_bad,
    is_good,
    is_kind_of_defect,
    is_masks,
    is_system,
    key,
    tells_of_parts,
)
from crr.errors import DatasetError
from crr.runtime.paths import real_path

_ALL_GOOD = "If all are good, move them to train/good."


def check_all_good(root: Path, photos: Iterable[Path]) -> None:
    """See that nothing speaks against photos being of good parts alone, besides what `check_folders` sees.

    Args:
        root: Where to look for what may.
        photos: Those that would be learnt as good.

    Raises:
        DatasetError: The folder is one of bad parts or masks; or the name of some photos, or a file beside
            them, may tell good from bad. The sentence names it, and says what to do.
    """
    photos = list(photos)
    check_root(root)
    check_photos(root, photos)
    check_files(root, photos)


def check_root(root: Path) -> None:
    """See that the folder itself is none of bad parts or of masks, by its name or by what lies beside it.

    Raises:
        DatasetError: It is.
    """
    place = real_path(root)
    why = ""
    if is_bad(place.name) or is_masks(place.name):
        why = f"is called as {'bad parts' if is_bad(place.name) else 'masks'} are"
    elif not is_good(place.name):
        if is_masks(place.parent.name) and _tells_parts_apart(place.parent.parent):
            why = f"lies in {place.parent.name}, among masks"
        elif key(place.parent.name) in TEST and _tells_parts_apart(place.parent):
            why = f"lies in {place.parent.name} beside a folder of good parts"
    if why:
        raise DatasetError(f"{place} {why}, and would be learnt as good. {_ALL_GOOD}")


def check_folders(root: Path, photos: Iterable[Path]) -> None:
    """See that no folder below the root, with photos in it, is a data set or is called as parts are.

    Raises:
        DatasetError: One is.
    """
    folders = sorted({parent for photo in photos for parent in _parents_below(photo, root)})
    sets = [folder for folder in folders if _tells_parts_apart(folder)]
    if sets:
        outermost = [folder for folder in sets if not any(other in folder.parents for other in sets)]
        around = {folder.parent for folder in outermost}
        place = around.pop() if len(outermost) > 1 and len(around) == 1 else outermost[0]
        raise DatasetError(
            f"{root} holds a data set further down, which tells good parts from others: give {place}."
        )
    telling = [folder for folder in folders if tells_of_parts(folder.name) or is_kind_of_defect(folder.name)]
    if telling:
        names = ", ".join(str(folder.relative_to(root)) for folder in telling[:5])
        raise DatasetError(
            f"{root} has folders that are called as good or bad parts are, but in no known layout: {names}. "
            f"Call the folder of good parts good, or give it alone. {_ALL_GOOD}"
        )


def check_photos(root: Path, photos: Iterable[Path]) -> None:
    """See that no photo has a word for bad parts in its name: "000_ng.png".

    Raises:
        DatasetError: One has.
    """
    called = [photo for photo in photos if hints_at_bad(photo.stem)]
    if called:
        count = "1 photo has" if len(called) == 1 else f"{len(called):,} photos have"
        raise DatasetError(
            f"In {root} {count} a word for bad parts in the name, such as {called[0].name}, and would be "
            f"learnt as good: move what is not good out of the folder. {_ALL_GOOD}"
        )


def _parents_below(photo: Path, root: Path) -> Iterator[Path]:
    for parent in photo.parents:
        if parent == root or not parent.is_relative_to(root):
            return
        yield parent


def _tells_parts_apart(folder: Path) -> bool:
    """Whether a folder is a data set, or a category of one: it has good parts, or parts to train on."""
    with os.scandir(folder) as inside:
        names = [entry.name for entry in inside if not is_system(entry.name) and entry.is_dir()]
    return any(is_good(name) or key(name) in (*TRAIN, *TEST) for name in names)
