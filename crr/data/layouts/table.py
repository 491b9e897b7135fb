r"""Data sets that a table describes: VisA's own, or any table of images with their labels.

    ROOT/split_csv/1cls.csv    object, split, label, image, mask (VisA, Zou et al., ECCV 2022)
    ROOT/*.csv, or ROOT itself a .csv
        path (or image, file), label, and if there are more: split, mask, category

A label is "good" or a synonym, else a kind of defect. Without a split, good images are for training and
testing as in `folders.py`. Several masks of an image have ";" between. Paths may have "\" and are relative
to the table, or to ROOT.
"""

import csv
from collections import Counter, defaultdict
from functools import partial
from io import StringIO
from pathlib import Path, PureWindowsPath
from unicodedata import normalize

from crr.data.layouts.folders import is_tested
from crr.data.layouts.mvtec import NOT_GOOD
from crr.data.layouts.names import is_good, key
from crr.data.layouts.samples import GOOD, Category, Readers, Sample
from crr.data.layouts.walk import Notes, pass_over_others
from crr.errors import DatasetError

VISA_TABLE = Path("split_csv", "1cls.csv")
IN_NO_TABLE = "in no row of the table"

_COLUMNS = {
    "path": ("path", "image", "imagepath", "file", "filename", "filepath"),
    "label": ("label", "class", "defect", "defecttype", "anomaly", "target", "truth"),
    "split": ("split", "set", "subset", "part", "phase"),
    "mask": ("mask", "maskpath", "masks", "groundtruth"),
    "category": ("category", "object", "product", "parttype"),
}
"""What we call a column, and what it is called in tables, without case and "_"."""
_NEEDED = ("path", "label")
_TRAIN, _TEST = {"train", "training"}, {"test", "testing", "eval", "evaluation", "test_public"}
_UNUSED_SPLITS = {"val", "valid", "validation"}
UNUSED_SPLIT = "for validation: training holds back images of its own"
_NUMBERS = {"0": "good", "1": "defective", "false": "good", "true": "defective"}


def table_in(root: Path) -> Path | None:
    """The table that describes a folder; None if it has none.

    Raises:
        DatasetError: It has several.
    """
    if (root / VISA_TABLE).is_file():
        return root / VISA_TABLE
    tables = [path for path in sorted(root.iterdir()) if path.suffix.lower() in (".csv", ".tsv")]
    tables = [path for path in tables if path.is_file() and _columns_of(path) is not None]
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables)
        raise DatasetError(f"{root} holds several tables of images: give one of them as --data: {names}.")
    return tables[0] if tables else None


def table_categories(table: Path, root: Path, notes: Notes, *, whole_folder: bool) -> Readers:
    """The categories of a table.

    Args:
        table: The .csv file.
        root: Folder of the data set; its name is that of a category without one.
        notes: Told of rows that are not used.
        whole_folder: Whether everything in `root` is meant, so that images in no row are noted.

    Raises:
        DatasetError: It is no such table, or lists nothing.
    """
    columns = _columns_of(table)
    if columns is None:
        needed = " and ".join(_NEEDED)
        raise DatasetError(f"{table} is not a table of images: it needs the columns {needed}.")
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows(table, columns):
        rows[row["category"] or root.name].append(row)
    if not rows:
        raise DatasetError(f"{table} lists no images: add a row for each.")
    named = [row["path"] for found in rows.values() for row in found if row["path"]]
    often = [
        path for path, times in Counter(_place(table, root, text) for text in named).items() if times > 1
    ]
    if often:
        raise DatasetError(
            f"{table} names {often[0]} in several rows: keep one, with its masks in one cell and ; between."
        )
    if whole_folder:
        listed = [
            text for found in rows.values() for row in found for text in (row["path"], *_paths(row["mask"]))
        ]
        paths = {_place(table, root, text) for text in listed}
        pass_over_others(root, {table, *paths}, IN_NO_TABLE, notes)
    return {name: partial(_category, table, root, name, found, notes) for name, found in rows.items()}


def _category(table: Path, root: Path, name: str, rows: list[dict[str, str]], notes: Notes) -> Category:
    parts: dict[str, list[Sample]] = {"train": [], "test": []}
    for row in rows:
        sample = _sample(table, root, name, row)
        split = _split_of(row, sample, table)
        if split is None:
            notes.pass_over(UNUSED_SPLIT, sample.path)
        elif split == "train" and sample.defective:
            notes.pass_over(NOT_GOOD, sample.path)
        else:
            parts[split].append(sample)
    train, test = (tuple(sorted(parts[split], key=lambda sample: sample.path)) for split in ("train", "test"))
    return Category(name, train, test)


def _sample(table: Path, root: Path, category: str, row: dict[str, str]) -> Sample:
    label = _NUMBERS.get(key(row["label"]), row["label"])
    if not row["path"] or not label:
        raise DatasetError(f"{table} has a row without {'a path' if label else 'a label'}: fill it in.")
    if is_good(label):
        return Sample(_place(table, root, row["path"]), category, GOOD)
    masks = tuple(_place(table, root, mask) for mask in _paths(row["mask"]))
    return Sample(_place(table, root, row["path"]), category, label, masks)


def _paths(text: str) -> list[str]:
    """The paths of a cell, which may hold several masks of an image."""
    return [part.strip() for part in text.split(";") if part.strip()]


def _split_of(row: dict[str, str], sample: Sample, table: Path) -> str | None:
    split = key(row["split"])
    if split in _TRAIN:
        return "train"
    if split in _TEST:
        return "test"
    if split in _UNUSED_SPLITS:
        return None
    if not split:
        return "test" if sample.defective or is_tested(sample.path) else "train"
    raise DatasetError(
        f"{table} says that {row['path']} is for {row['split']!r}: allowed are train and test."
    )


def _place(table: Path, root: Path, text: str) -> Path:
    """A path of the table, relative to the data set, to the table, or to where VisA's categories lie."""
    folders = (root, table.parent, root.parent)
    places = [folder / path for path in _spellings(text) for folder in folders]
    return next((place for place in places if place.exists()), places[0])


def _spellings(text: str) -> list[Path]:
    """A path as the table has it and as a file system may have it: in another Unicode form, or code page."""
    forms = [text, normalize("NFC", text), normalize("NFD", text)]
    if any("\udc80" <= sign <= "\udcff" for sign in text):  # bytes that are no UTF-8
        forms.append(text.encode(errors="surrogateescape").decode("cp1252", errors="replace"))
    return [
        Path(*PureWindowsPath(form).parts) if "\\" in form else Path(form) for form in dict.fromkeys(forms)
    ]


def _columns_of(table: Path) -> dict[str, str] | None:
    """What we call a column to what the table calls it; None if it is no table of images."""
    try:
        header = next(iter(_reader(table)), [])
    except DatasetError:
        return None
    names = {key(name.strip()).replace("_", "").replace(" ", ""): name for name in header}
    columns = {
        meaning: next((names[name] for name in known if name in names), "")
        for meaning, known in _COLUMNS.items()
    }
    return columns if all(columns[needed] for needed in _NEEDED) else None


def _rows(table: Path, columns: dict[str, str]) -> list[dict[str, str]]:
    """The lines of a table by our names of its columns; a cell that is not there is empty."""
    header, *lines = _reader(table)
    places = {meaning: header.index(name) if name else len(header) for meaning, name in columns.items()}
    rows = []
    for line in lines:
        named = [cell.strip() for cell in line[: len(header)]]  # what is beyond has no name and no meaning
        cells = [*named, *[""] * (len(header) + 1 - len(named))]
        if any(cells):
            rows.append({meaning: cells[place] for meaning, place in places.items()})
    return rows


def _reader(table: Path) -> list[list[str]]:
    """The lines of a table whose columns are parted by commas, semicolons or tabs."""
    try:
        content = table.read_bytes()
        text = content.decode("utf-8-sig", errors="surrogateescape")
        first = text.partition("\n")[0]
        separator = max(",;\t", key=first.count)
        return list(csv.reader(StringIO(text, newline=""), delimiter=separator))
    except (csv.Error, UnicodeError) as error:
        raise DatasetError(f"{table} is not a table of comma-separated values: export it again.") from error
