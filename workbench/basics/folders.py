"""A folder of the serving machine, as a visitor types or pastes it, and what of a folder are photos."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

from crr.data.image_formats import ALLOWED
from crr.data.images import read
from crr.data.inventory.sentences import number
from crr.data.layouts.finding import find_images
from crr.data.layouts.mask_files import BESIDE, MASKS, masks_beside
from crr.data.layouts.names import is_masks, is_system
from crr.data.layouts.walk import SYSTEM, Notes
from crr.errors import DatasetError
from crr.runtime.paths import expanded

MOST_ENTRIES = 50_000
"""Files looked at before a folder counts as too large: "/" would take minutes."""


@dataclass(frozen=True)
class FolderContent:
    """What is in a folder.

    Attributes:
        photos: (path in the folder, how to read it), sorted by path.
        passed_over: Reason to the paths of what is not looked at.
    """

    photos: list[tuple[str, Callable[[], bytes]]]
    passed_over: dict[str, list[str]] = field(default_factory=dict)


def content_of_folder(typed: str) -> FolderContent:
    """The photos of a folder and its subfolders; masks and what is no image are passed over, links followed.

    Args:
        typed: Path of a folder or of one image; spaces and quotes around it are dropped, `~` is home.

    Raises:
        DatasetError: There is no such folder, it or a subfolder may not be read, or it holds no photos or too
            many files. What is wrong with a single file, reading it says.
    """
    try:
        path = expanded(typed.strip().strip("\"'").strip())
        if path.is_file():
            return FolderContent([(path.name, partial(read, path))])
        if not path.is_dir():
            raise DatasetError(f"There is no folder {path} on the machine of the workbench. Check the path.")
        notes = Notes(most=MOST_ENTRIES)
        photos = {str(photo.relative_to(path)): photo for photo in find_images(path, notes)}
    except PermissionError as error:
        raise DatasetError(
            f"The workbench may not read {error.filename}. Change its permissions or name another folder."
        ) from None
    except (OSError, ValueError):  # too long, or with characters that no path can have
        raise DatasetError(
            "This is not the path of a folder that can be searched. Paste it again, for example /data/parts."
        ) from None
    passed_over = {
        reason: [str(file.relative_to(path)) for file in files] for reason, files in notes.passed_over.items()
    }
    if not photos:
        others = "; ".join(f"{number(len(files), 'file')}, {why}" for why, files in passed_over.items())
        raise DatasetError(
            f"The folder {path} holds no photos ({ALLOWED}), nor do its subfolders."
            f"{f' Passed over: {others}.' if others else ''} Name another folder."
        )
    return FolderContent([(name, partial(read, photo, name)) for name, photo in photos.items()], passed_over)


def no_photos(names: Iterable[str]) -> dict[str, str]:
    """Which uploaded files are no photos by their names and paths, and why.

    Such as "line1/._000.jpg" and "__MACOSX/000.jpg" of a Mac, "@eaDir/000.jpg" of a network drive,
    "parts/ground_truth/cut/000.png", and "parts/000_mask.png" beside "parts/000.jpg". A folder of masks that
    was chosen itself, and files that were chosen one by one, hold what is to be looked at.
    """
    paths = {name: PurePosixPath(name.replace("\\", "/")) for name in names}
    beside = masks_beside([path for path in paths.values() if len(path.parts) > 1])
    found = {}
    for name, path in paths.items():
        if any(map(is_system, path.parts)):
            found[name] = SYSTEM
        elif any(map(is_masks, path.parts[1:-1])):
            found[name] = MASKS
        elif path in beside:
            found[name] = BESIDE
    return found
