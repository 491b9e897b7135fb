"""Files beside images that may say which of them are good, and that no layout reads.

Whoever passed over such a file would learn the defects in that folder as good parts.
"""

import codecs
import os
import re
from collections.abc import Iterator
from pathlib import Path

from crr.data.image_formats import IMAGE_SUFFIXES
from crr.data.layouts.names import is_system
from crr.data.layouts.table_file import TABLES, table_files
from crr.data.layouts.walk import Notes, images_under, is_no_file
from crr.errors import DatasetError

_TEXTS = (*TABLES, ".json", ".jsonl", ".ndjson", ".txt", ".xml", ".yaml", ".yml")
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".parquet")
_MOST_BYTES = 2**25  # of a text that are looked at
_ENDINGS = b"|".join(re.escape(ending.encode()) for ending in sorted(IMAGE_SUFFIXES))
_IMAGE_NAME = re.compile(rb"[^\\/\"'<>,;|\t\r\n]+(?:" + _ENDINGS + rb")", re.IGNORECASE)
"""A name of an image, wherever in a text it stands."""


def check_no_list(root: Path) -> None:
    """See that no file which nobody reads tells good images from others: defects would be learnt as good.

    Raises:
        DatasetError: There is a spreadsheet, a table that cannot be read, or a text that names the images.
    """
    images = {path.name for path in images_under(root, Notes())}
    named: set[str] = set()
    tables = table_files(root)
    for path in _files_under(root):
        kind = path.suffix.lower()
        content = _beginning(path) if kind in _TEXTS else b""
        named |= images & {os.fsdecode(name.strip()) for name in _IMAGE_NAME.findall(content)}
        if kind in _SPREADSHEETS:
            why = "is a spreadsheet: export it as a table (.csv)"
        elif path in tables and _why_unread(content):
            why = _why_unread(content)
        elif named and 2 * len(named) >= len(images):
            why = "is not read: write a table (.csv) with the columns path and label"
        else:
            continue
        raise DatasetError(f"{path} may say which images are good, but {why}, or move it out of the folder.")


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
