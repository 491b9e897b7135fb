"""Which layout a folder has: told by what it holds, in this order.

    visa      ROOT/split_csv/1cls.csv
    table     ROOT is a .csv, or holds one that lists images
    real-iad  ROOT/realiad_jsons/<category>.json
    mvtec     ROOT/<category>/train or test; ROOT may itself be one category
    folders   ROOT/good beside folders of other images, or ROOT/<category>/good
    folder    only good images: directly in ROOT (one category), or in its subfolders (one category each)

Only paths are kept.
"""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from crr.data.image_formats import IMAGE_SUFFIXES
from crr.data.layouts.folders import good_categories, sorted_categories
from crr.data.layouts.mvtec import is_mvtec_category, mvtec_category, note_strangers
from crr.data.layouts.names import is_system
from crr.data.layouts.real_iad import real_iad_categories, real_iad_lists
from crr.data.layouts.samples import Readers
from crr.data.layouts.table import VISA_TABLE, check_no_table, table_categories, table_in
from crr.data.layouts.table_file import TABLES, table_files, why_unread
from crr.data.layouts.walk import Notes, images_under, subfolders
from crr.errors import DatasetError

Layout = Literal["mvtec", "visa", "real-iad", "table", "folders", "folder"]


_TEXTS = (*TABLES, ".json", ".jsonl", ".ndjson", ".txt", ".xml", ".yaml", ".yml")
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".parquet")
_MOST_BYTES = 2**25  # of a text that are looked at
_ENDINGS = b"|".join(re.escape(ending.encode()) for ending in sorted(IMAGE_SUFFIXES))
_IMAGE_NAME = re.compile(rb"[^\\/\"'<>,;|\t\r\n]+(?:" + _ENDINGS + rb")", re.IGNORECASE)
"""A name of an image, wherever in a text it stands."""


def find_categories(root: Path, notes: Notes) -> tuple[Layout, Readers]:
    """Which layout `root` has, and its categories.

    Args:
        root: A folder, or a table.
        notes: Told of what belongs to no category; the readers tell it of what belongs to no part of theirs.

    Raises:
        DatasetError: None of the layouts; from a reader: a list names images that are not there.
        OSError: A folder may not be read.
    """
    if root.is_file():
        return "table", table_categories(root, root.parent, notes, whole_folder=False)
    table = table_in(root)
    if table is not None:
        layout: Layout = "visa" if table == root / VISA_TABLE else "table"
        return layout, table_categories(table, root, notes, whole_folder=True)
    lists = real_iad_lists(root)
    if lists:
        return "real-iad", real_iad_categories(root, lists, notes)
    folders = subfolders(root, notes)
    for candidates in ([root], folders):
        mvtec = [folder for folder in candidates if is_mvtec_category(folder)]
        if mvtec:
            note_strangers(root, candidates, mvtec, notes)
            return "mvtec", {folder.name: partial(mvtec_category, folder, notes) for folder in mvtec}
    found = sorted_categories(root, folders, notes)
    if found:
        return "folders", found
    check_no_table(root)
    _check_no_list(root)
    return "folder", good_categories(root, folders, notes)


def _check_no_list(root: Path) -> None:
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
        elif path in tables and why_unread(content):
            why = why_unread(content)
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
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:  # a link that leads nowhere, or a file that may not be read
        return b""
