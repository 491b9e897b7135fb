"""Which layout a folder has: told by what it holds, in this order.

    visa      ROOT/split_csv/1cls.csv
    table     ROOT is a .csv, or holds one that lists images
    real-iad  ROOT/realiad_jsons/<category>.json
    mvtec     ROOT/<category>/train or test; ROOT may itself be one category
    folders   ROOT/good beside folders of other images, or ROOT/<category>/good
    folder    only good images: directly in ROOT (one category), or in its subfolders (one category each)
    masks     likewise, with masks beside some that mark something: those are defective

Only paths are kept. Files and folders may also be searched for photos that belong to no data set.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from crr.data.layouts.folders import good_categories, sorted_categories
from crr.data.layouts.mask_files import photos_under
from crr.data.layouts.mvtec import is_mvtec_category, mvtec_category, note_strangers
from crr.data.layouts.real_iad import real_iad_categories, real_iad_lists
from crr.data.layouts.samples import Layout, Readers
from crr.data.layouts.table import VISA_TABLE, check_no_table, table_categories, table_in
from crr.data.layouts.walk import Notes, subfolders
from crr.runtime.paths import StrPath, as_paths


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
            return "mvtec", {folder.name: partial(mvtec_category, folder, notes, root) for folder in mvtec}
    found = sorted_categories(root, folders, notes)
    if found:
        return "folders", found
    check_no_table(root)
    return good_categories(root, folders, notes)


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
