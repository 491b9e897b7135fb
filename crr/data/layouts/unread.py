"""Files beside images that may say which of them are good, and that no layout reads.

Whoever passed over such a file would learn the defects in that folder as good parts.
"""

import codecs
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from crr.data.image_formats import IMAGE_SUFFIXES
from crr.data.layouts.names import is_system, key
from crr.data.layouts.table_file import TABLES, table_files
from crr.data.layouts.walk import Notes, images_under, is_no_file
from crr.errors import DatasetError

_LISTS = (".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml")
"""Texts that hold nothing but values: one that names an image says something of it."""

_TEXTS = (*TABLES, *_LISTS, ".txt")
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".parquet")
_MOST_BYTES = 2**25  # of a text that are looked at
_ENDINGS = tuple(ending.encode() for ending in sorted(IMAGE_SUFFIXES))
_SEPARATORS = re.compile(rb"[\\/\"'<>,;|\t\r\n]+")
_QUOTED = re.compile(rb'"([^"\\\r\n]{1,255})"')
_UPLOADED = re.compile(rb"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of a file that was uploaded."""
_WORD_ENDS = re.compile(rb"[\s,;]+")
_BOX = re.compile(rb"\d+(?:\s+-?\d+(?:\.\d+)?){4,}\s*")
"""A line of YOLO's annotations: number of a class, then places."""


def check_no_list(root: Path, learnt: Iterable[Path] | None = None) -> None:
    """See that no file which nobody reads tells good images from others: defects would be learnt as good.

    Args:
        root: Where to look for such files.
        learnt: The images that would be learnt; all in `root` if None.

    Raises:
        DatasetError: There is a spreadsheet, a table that cannot be read, or a text that says something of
            some of the images.
    """
    images = {path.name for path in (images_under(root, Notes()) if learnt is None else learnt)}
    stems = {key(PurePath(name).stem) for name in images}
    tables = table_files(root)
    for path in _files_under(root):
        kind = path.suffix.lower()
        content = _beginning(path) if kind in _TEXTS else b""
        if kind in _SPREADSHEETS:
            why = "is a spreadsheet: export it as a table (.csv)"
        elif path in tables and _why_unread(content):
            why = _why_unread(content)
        elif _tells(path, content, images, stems):
            why = "is not read: write a table (.csv) with the columns path and label"
        else:
            continue
        raise DatasetError(f"{path} may say which images are good, but {why}, or move it out of the folder.")


def _tells(path: Path, content: bytes, images: set[str], stems: set[str]) -> bool:
    """Whether a text says something of some images: lists them, or has boxes for one of its name."""
    named = images & set(_image_names(content))
    if path.suffix.lower() in _LISTS:
        quoted = {key(os.fsdecode(text)) for text in _QUOTED.findall(content)}
        return bool(named) or 2 * len(stems & quoted) >= len(stems) > 0
    lines = [line for line in content.splitlines() if line.strip()]
    if key(path.stem) in stems and lines and all(_BOX.fullmatch(line.strip()) for line in lines):
        return True
    # In words somebody may mention an image; who lists them begins most lines with one.
    listing = sum(os.fsdecode(_WORD_ENDS.split(line.strip(), 1)[0]) in images for line in lines)
    return bool(named) and (2 * len(named) >= len(images) or 2 * listing >= len(lines))


def _image_names(content: bytes) -> Iterator[str]:
    """Names of images, wherever in a text they stand: between separators, or between spaces."""
    for token in _SEPARATORS.split(content):
        lower = token.lower()
        ends = [lower.rfind(ending) + len(ending) for ending in _ENDINGS if ending in lower]
        words = (word for word in token.split() if ends and word.lower().endswith(_ENDINGS))
        for name in (*(token[: max(ends)].strip() for _ in ends[:1]), *words):
            yield os.fsdecode(name)
            yield os.fsdecode(_UPLOADED.sub(b"", name))


def _files_under(root: Path) -> Iterator[Path]:
    """All files of a folder and its subfolders, but those of the system; no link to a folder is followed."""
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not is_system(name))
        yield from (Path(parent, name) for name in sorted(names) if not is_system(name))


def _beginning(path: Path) -> bytes:
    if is_no_file(path):
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:  # a link that leads nowhere, or a file that may not be read
        return b""


def _why_unread(content: bytes) -> str:
    """Why a table cannot be read, and what to do; empty if it can."""
    if not content.strip():
        return "is empty: fill it in"
    if content.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS: fetch the file (git lfs pull)"
    if b"\0" in content and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "is no text: export it as CSV in UTF-8"
    return ""
