"""Files beside photos that may say which of them are good, and that no layout reads."""

import codecs
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from crr.data.image_formats import LFS_POINTER
from crr.data.layouts.doubts.lists import called, tells
from crr.data.layouts.names import is_image_name, is_system
from crr.data.layouts.table_file import TABLES
from crr.data.layouts.walk import is_no_file
from crr.errors import DatasetError

_SPREADSHEETS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers"}
_TABLES_OF_PROGRAMS = {
    ".parquet", ".feather", ".arrow", ".orc", ".pkl", ".pickle", ".npy", ".npz", ".mat", ".h5", ".hdf5",
    ".db", ".sqlite", ".sqlite3", ".tfrecord", ".rec",
}  # fmt: skip
_ARRAYS = {".npy", ".npz", ".mat"}
_CALIBRATION = re.compile(
    r"(?:flat|dark|bias|background|white)(?:field|frame|level|balance|reference)?"
    r"|(?:camera|lens)?(?:calibration|intrinsics?|distortion|matrix)|homography"
)
"""How arrays are called that correct a camera."""
_NO_LETTER = re.compile(r"[^a-z]")
_LISTS = {*TABLES, ".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".txt", ".lst", ".manifest"}
_OTHER_THINGS = {
    ".mp4", ".avi", ".mov", ".mkv", ".gif", ".svg", ".pdf", ".doc", ".docx", ".odt", ".ppt", ".pptx", ".html",
    ".htm", ".css", ".js", ".py", ".ipynb", ".sh", ".m", ".pt", ".pth", ".ckpt", ".onnx", ".safetensors",
    ".exe", ".xmp",
}  # fmt: skip
"""Endings of what may lie there and is no list of photos, though it may name them."""
_PACKED = {".gz", ".zip", ".bz2", ".xz", ".7z", ".zst", ".tar", ".tgz"}
_MOST_BYTES = 2**25  # of a text that are looked at
_ADVICE = "or move it out of the folder. If all are good, move them to train/good."


def check_files(root: Path, photos: Iterable[Path], *, below: bool = True) -> None:
    """See that no file which nobody reads may tell good photos from others.

    Args:
        root: Where to look for such files.
        photos: Those that would be learnt as good.
        below: Whether its subfolders are looked into too.

    Raises:
        DatasetError: There is a spreadsheet, a table of a program, an empty or packed one, one that may be
            a list and cannot be read, or a text that says something of some photos.
    """
    named = called(photos)
    for path in _files_under(root, below):
        why = _why_unread(path)
        if not why and tells(path, _text(path), named):
            why = "is not read: write a table (.csv) with the columns path and label"
        if why:
            raise DatasetError(f"{path} may say which images are good, but {why}, {_ADVICE}")


def _files_under(root: Path, below: bool) -> Iterator[Path]:
    """Files that may be lists, of a folder and, if asked, its subfolders; no link to a folder is followed."""
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if below and not is_system(name))
        for name in sorted(names):
            path = Path(parent, name)
            if not (is_system(name) or is_image_name(name) or path.suffix.lower() in _OTHER_THINGS):
                yield path


def _why_unread(path: Path) -> str:
    """Why nobody knows what a file says, and what to do; empty if it is a text, or surely no list."""
    endings = {ending.lower() for ending in path.suffixes}
    if endings & _SPREADSHEETS:
        return "is a spreadsheet: export it as a table (.csv)"
    if path.suffix.lower() in _ARRAYS and _CALIBRATION.fullmatch(_NO_LETTER.sub("", path.stem.lower())):
        return ""
    if endings & _TABLES_OF_PROGRAMS:
        return "is a file of a program: export it as a table (.csv)"
    if endings & _LISTS and path.suffix.lower() in _PACKED:
        return "is packed: unpack it"
    if is_no_file(path):
        return ""
    try:
        with path.open("rb") as file:
            beginning = file.read(2**16)
    except OSError as error:
        return f"cannot be read ({error.strerror or error}): see its rights, or fetch it"
    if beginning.startswith(LFS_POINTER):
        return "is a pointer of Git LFS: fetch the file (git lfs pull)"
    if path.suffix.lower() in TABLES and not beginning.strip():
        return "is empty: fill it in"
    if path.suffix.lower() in _LISTS and not _is_text(beginning):
        return "is no text: export it as CSV in UTF-8"
    return ""


def _is_text(content: bytes) -> bool:
    return b"\0" not in content or content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _text(path: Path) -> bytes:
    """The text of a file, in UTF-8 if a mark says that it is in UTF-16; nothing of what is no text."""
    if is_no_file(path):
        return b""
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES)
    if not _is_text(content[: 2**16]):
        return b""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace").encode()
    return content.removeprefix(codecs.BOM_UTF8)
