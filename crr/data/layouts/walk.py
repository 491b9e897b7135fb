"""Going through folders: links are followed and never in a circle, and what is passed over is noted."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crr.data.layouts.names import is_image_name, is_system
from crr.errors import DatasetError
from crr.runtime.paths import real_path

SYSTEM = "hidden, or of the system"
NO_IMAGE = "no image by its name"
NO_FILE = "no file: a pipe, a device or a socket"
NOWHERE = "a link to what is not there"
SEEN = "a link to a folder that is read already"


@dataclass
class Notes:
    """What was met on the way and not taken, and how much of what was taken are links.

    Attributes:
        passed_over: Reason to files and folders, in the order met.
        remarks: What was taken in a way that a person should know.
        followed: Links that were followed to a file or folder that is there and was not read before.
        most: How many files and folders may be met before the search is given up; None if any number.
    """

    passed_over: dict[str, list[Path]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    followed: set[Path] = field(default_factory=set)
    most: int | None = None
    _met: int = 0
    _noted: set[Path] = field(default_factory=set)

    def pass_over(self, reason: str, *paths: Path) -> None:
        """Note files or folders that are not taken, and why; each once, however often it is met."""
        for path in paths:
            if path not in self._noted:
                self._noted.add(path)
                self.passed_over.setdefault(reason, []).append(path)

    def meet(self, count: int) -> None:
        """Count files and folders that were met; raises `DatasetError` if they are too many."""
        self._met += count
        if self.most is not None and self._met > self.most:
            raise DatasetError(f"There are more than {self.most:,} files. Name one of the subfolders.")


def subfolders(folder: Path, notes: Notes) -> list[Path]:
    """The folders in a folder, sorted; those of the system are passed over."""
    found = []
    for path in sorted(folder.iterdir()):
        if is_system(path.name):
            notes.pass_over(SYSTEM, path)
        elif path.is_dir():
            found.append(path)
    notes.followed.update(path for path in found if path.is_symlink())
    return found


def images_in(folder: Path, notes: Notes) -> list[Path]:
    """The images directly in a folder, sorted; a link to a file that is not there is one of them."""
    return images_under(folder, notes, leave_out=lambda _: True)


def images_under(
    folder: Path, notes: Notes, leave_out: Callable[[Path], bool] = lambda _: False
) -> list[Path]:
    """The images in a folder and its subfolders, sorted by path.

    Args:
        folder: Where to look; none if there is no such folder.
        notes: Told of what is passed over.
        leave_out: Whether a subfolder is not gone into; who says so tells the notes.
    """
    return sorted(_walk(folder, notes, leave_out, set()))


def _walk(
    folder: Path, notes: Notes, leave_out: Callable[[Path], bool], seen: set[tuple[int, int]]
) -> Iterator[Path]:
    if not folder.is_dir():
        return
    status = folder.stat()
    if (status.st_dev, status.st_ino) in seen:
        notes.pass_over(SEEN, folder)
        return
    seen.add((status.st_dev, status.st_ino))
    if folder.is_symlink():
        notes.followed.add(folder)
    # Folders before links, so that a folder is known by its own name and not by that of a link to it.
    inside = sorted(os.scandir(folder), key=lambda entry: (entry.is_symlink(), entry.name))
    notes.meet(len(inside))
    for entry in inside:
        path = folder / entry.name
        is_folder = _is_folder(entry)
        if is_system(entry.name):
            notes.pass_over(SYSTEM, path)
        elif not is_folder and not is_image_name(entry.name):
            notes.pass_over(NOWHERE if entry.is_symlink() and not path.exists() else NO_IMAGE, path)
        elif not is_folder and is_no_file(path):
            notes.pass_over(NO_FILE, path)
        elif not is_folder:
            if entry.is_symlink() and path.exists():
                notes.followed.add(path)
            yield path
        elif not leave_out(path):
            yield from _walk(path, notes, leave_out, seen)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself: said when it is its turn to be read
        return False


def is_no_file(path: Path) -> bool:
    """Whether something is there that may never end when it is read: a pipe, a device, a link to one."""
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except OSError:  # said when it is its turn to be read
        return False


def pass_over_others(folder: Path, listed: Iterable[Path], reason: str, notes: Notes) -> None:
    """Note everything in a folder that a list does not name.

    Args:
        folder: Folder of the data set.
        listed: What the list names, and the list itself.
        reason: Why images are passed over that it does not name.
        notes: Told of them, and of what is no image.
    """
    plain, met = {*listed}, Notes()
    images = images_under(folder, met)
    others = {
        why: [path for path in paths if path not in plain]
        for why, paths in ((reason, images), *met.passed_over.items())
    }
    if any(others.values()):  # links may lead to what is listed by another name
        real = {real_path(path) for path in plain}
        for why, paths in others.items():
            notes.pass_over(why, *(path for path in paths if real_path(path) not in real))
