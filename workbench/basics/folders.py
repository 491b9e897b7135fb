"""A folder of the serving machine, as a visitor types or pastes it, and the images in it."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from crr.data.image_formats import ALLOWED
from crr.data.images import read
from crr.data.layouts.mask_files import masks_beside
from crr.data.layouts.names import is_image_path, is_masks, is_system
from crr.errors import DatasetError

MOST_ENTRIES = 50_000
"""Files looked at before a folder counts as too large: "/" would take minutes."""


def no_photos(names: Iterable[str]) -> set[str]:
    """Which files are no photos, by their names and paths: masks, and what computers leave beside photos.

    Such as "line1/._000.jpg" and "__MACOSX/000.jpg" of a Mac, "@eaDir/000.jpg" of a network drive,
    "parts/ground_truth/cut/000.png", and "parts/000_mask.png" beside "parts/000.jpg". A folder of masks that
    was chosen itself, and files that were chosen one by one, hold what is to be looked at.
    """
    paths = {name: PurePosixPath(name.replace("\\", "/")) for name in names}
    in_folders = [path for path in paths.values() if len(path.parts) > 1]
    beside = masks_beside(in_folders)
    return {
        name
        for name, path in paths.items()
        if path in beside or any(map(is_system, path.parts)) or any(map(is_masks, path.parts[1:-1]))
    }


def images_in(typed: str) -> list[tuple[str, Callable[[], bytes]]]:
    """The images of a folder and its subfolders, sorted by path, as (path in it, how to read it).

    Masks and files of the system are among them, for the caller to pass over with a word (`no_photos`).

    Args:
        typed: Path of a folder or of one image; spaces and quotes around it are dropped, `~` is home.

    Raises:
        DatasetError: There is no such folder, it or a subfolder may not be read, or it holds no images or too
            many files. What is wrong with a single file, reading it says.
    """
    try:
        path = Path(os.path.expanduser(typed.strip().strip("\"'").strip()))  # noqa: PTH111 - no error for "~who"
        if path.is_file():
            return [(path.name, partial(read, path))]
        if not path.is_dir():
            raise DatasetError(f"There is no folder {path} on the machine of the workbench. Check the path.")
        inside = (file.relative_to(path) for file in _files(path))
        images = sorted(file for file in inside if is_image_path(file))
    except PermissionError as error:
        raise DatasetError(
            f"The workbench may not read {error.filename}. Change its permissions or name another folder."
        ) from None
    except (OSError, ValueError):  # too long, or with characters that no path can have
        raise DatasetError(
            "This is not the path of a folder that can be searched. Paste it again, for example /data/parts."
        ) from None
    if not images:
        raise DatasetError(
            f"The folder {path} holds no images ({ALLOWED}), nor do its subfolders. Name another folder."
        )
    return [(str(image), partial(read, path / image, str(image))) for image in images]


def _files(folder: Path) -> Iterator[Path]:
    """Every file that is not in a hidden folder; raises `OSError` for a folder that cannot be searched."""
    seen = 0
    for parent, folders, files in os.walk(folder, onerror=_stop):
        folders[:] = [name for name in folders if not is_system(name)]
        seen += len(folders) + len(files)
        if seen > MOST_ENTRIES:
            raise DatasetError(
                f"The folder {folder} holds more than {MOST_ENTRIES:,} files. Name one of its subfolders."
            )
        yield from (Path(parent, name) for name in files)


def _stop(error: OSError) -> None:
    raise error
