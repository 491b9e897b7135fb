"""The photos among files and folders that belong to no data set: what is to be inspected."""

from collections.abc import Iterable
from pathlib import Path

from crr.data.layouts.mask_files import photos_under
from crr.data.layouts.walk import Notes
from crr.runtime.paths import StrPath, as_paths


def find_images(paths: Iterable[StrPath] | StrPath, notes: Notes | None = None) -> list[Path]:
    """The images among files and folders, in the order given, each once.

    A folder stands for the photos in it and its subfolders, sorted by path; folders of masks in it are passed
    over, and masks and heat-maps that lie beside their photos ("000_mask.png"). Everything else is passed on
    as given, even if missing or not an image, so that `decode` can say what is wrong with it.

    Args:
        paths: Files and folders; a single one will do.
        notes: Told of what is passed over.
    """
    notes = notes or Notes()
    found: list[Path] = []
    for path in as_paths(paths, "What to search for images"):
        found += photos_under(path, notes) if path.is_dir() else [path]
    return list(dict.fromkeys(found))
