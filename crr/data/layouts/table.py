r"""Data sets that a table describes: VisA's own, or any table of images with their labels.

    ROOT/split_csv/1cls.csv    object, split, label, image, mask (VisA, Zou et al., ECCV 2022)
    ROOT/*.csv, or ROOT itself a .csv
        path (or image, file), label, and if there are more: split, mask, category

A label is "good" or a synonym, else a kind of defect. Without a split, good images are for training and
testing as in `folders.py`. Several masks of an image have ";" between. Paths may have "\" and are relative
to the table, or to ROOT.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PureWindowsPath
from unicodedata import normalize

from crr.data.layouts.folders import is_tested
from crr.data.layouts.mvtec import GOOD_MASK, NOT_GOOD, VALIDATION, check_kind
from crr.data.layouts.names import is_good, is_image_name, key
from crr.data.layouts.samples import GOOD, Category, Readers, Sample
from crr.data.layouts.table_file import columns_of, doubled, is_outcome, lines_of, not_understood, table_files
from crr.data.layouts.walk import Notes, pass_over_others
from crr.errors import DatasetError

VISA_TABLE = Path("split_csv", "1cls.csv")
IN_NO_TABLE = "in no row of the table"

_TRAIN, _TEST = {"train", "training"}, {"test", "testing", "eval", "evaluation", "test_public"}
_UNUSED_SPLITS = {"val", "valid", "validation"}
_NUMBERS = dict.fromkeys(("0", "0.0", "false"), "good") | dict.fromkeys(("1", "1.0", "true"), "defective")
"""What numbers mean as labels; pandas writes them with ".0" where some are missing."""
_MISSING = {"nan", "none", "null", "n/a", "na"}
"""What programs write where there is no label."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a table; a text that it does not hold is empty.

    Attributes:
        text: Path of the image, as the table has it.
        image: Where that lies.
        masks: Where the image's masks lie.
        label: What the image shows.
        split: What it is for.
        category: Name of its category, that of the data set if the table names none.
    """

    text: str
    image: Path
    masks: tuple[Path, ...]
    label: str
    split: str
    category: str


def table_in(root: Path) -> Path | None:
    """The table that describes a folder; None if it has none.

    Raises:
        DatasetError: It has several.
    """
    if (root / VISA_TABLE).is_file():
        return root / VISA_TABLE
    tables = [path for path in table_files(root) if _lists_images(path)]
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables)
        raise DatasetError(f"{root} holds several tables of images: give one of them as --data: {names}.")
    return tables[0] if tables else None


def check_no_table(root: Path) -> None:
    """See that nothing but a folder's own layout tells good images from others.

    Raises:
        DatasetError: A table names images of the folder, in columns that nobody understands.
    """
    for table in table_files(root):
        if _names_images(table, root):
            sentence = not_understood(table, next(lines_of(table), []))
            raise DatasetError(f"{sentence} If it says nothing of that kind, move it out of the folder.")


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
    rows = [*_rows(table, root)]
    if not rows:
        raise DatasetError(f"{table} lists no images: add a row for each.")
    _check_once(rows, table)
    _remark_on_numbers(rows, table, notes)
    if whole_folder:
        pass_over_others(root, {table, *(path for row in rows for path in _files(row))}, IN_NO_TABLE, notes)
    categories: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        categories[row.category].append(row)
    return {name: partial(_category, table, name, found, notes) for name, found in categories.items()}


def _check_once(rows: Iterable[_Row], table: Path) -> None:
    """See that no image is in two rows; raises `DatasetError` if one is."""
    often = [path for path, times in Counter(row.image for row in rows if row.text).items() if times > 1]
    if often:
        raise DatasetError(
            f"{table} names {often[0]} in several rows: keep one, with its masks in one cell and ; between."
        )


def _remark_on_numbers(rows: Iterable[_Row], table: Path, notes: Notes) -> None:
    """Say how numbers are read as labels: elsewhere 0 may be the first class by name, such as "bad"."""
    counts = Counter(key(row.label) for row in rows if key(row.label) in _NUMBERS)
    if counts:
        read = ", ".join(
            f"{number} as {_NUMBERS[number]} ({count:,})" for number, count in sorted(counts.items())
        )
        notes.remarks.append(f"The labels of {table.name} are numbers, read so: {read}.")


def _files(row: _Row) -> tuple[Path, ...]:
    return (row.image, *row.masks)


def _category(table: Path, name: str, rows: list[_Row], notes: Notes) -> Category:
    parts: dict[str, list[Sample]] = {"train": [], "test": []}
    for row in rows:
        sample = _sample(row, name, table)
        split = _split_of(row, sample, table)
        if split is None:
            notes.pass_over(VALIDATION, *_there(_files(row)))
        elif split == "train" and sample.defective:
            notes.pass_over(NOT_GOOD, *_there(_files(row)))
        else:
            parts[split].append(sample)
            notes.pass_over(GOOD_MASK, *(_there(row.masks) if not sample.defective else ()))
    train, test = (tuple(sorted(parts[split], key=lambda sample: sample.path)) for split in ("train", "test"))
    return Category(name, train, test)


def _sample(row: _Row, category: str, table: Path) -> Sample:
    label = _NUMBERS.get(key(row.label), "" if key(row.label) in _MISSING else row.label)
    if not row.text or not label:
        raise DatasetError(f"{table} has a row without {'a path' if label else 'a label'}: fill it in.")
    check_kind(label, table)
    if is_good(label):
        return Sample(row.image, category, GOOD)
    return Sample(row.image, category, label, row.masks)


def _split_of(row: _Row, sample: Sample, table: Path) -> str | None:
    split = key(row.split)
    if split in _TRAIN:
        return "train"
    if split in _TEST:
        return "test"
    if split in _UNUSED_SPLITS:
        return None
    if not split:
        return "test" if sample.defective or is_tested(sample.path) else "train"
    raise DatasetError(f"{table} says that {row.text} is for {row.split!r}: allowed are train and test.")


def _there(paths: Iterable[Path]) -> Iterator[Path]:
    """The paths that exist: where there is no mask, some tables say so by a word."""
    return (path for path in paths if path.exists())


def _rows(table: Path, root: Path) -> Iterator[_Row]:
    """The lines of a table, each path looked for once.

    Raises:
        DatasetError: It is no table of images.
    """
    lines = lines_of(table)
    header = next(lines, [])
    columns = columns_of(header)
    if columns is None:
        raise DatasetError(not_understood(table, header))
    twice = doubled(header)
    if twice is not None:
        raise DatasetError(f"{table} has two columns {twice.strip()}: keep the one that holds.")
    # Relative to the data set, to the table, or to where VisA's categories lie.
    folders = [*dict.fromkeys((root, table.parent, root.parent))]
    for line in lines:
        named = [cell.strip() for cell in line[: len(header)]]
        _check_line(table, line, header)
        if any(named):
            cells = [*named, *[""] * (len(header) + 1 - len(named))]
            found = {meaning: cells[place] for meaning, place in columns.items()}
            if is_outcome(header[columns["label"]]) and key(found["label"]) in _NUMBERS:
                raise DatasetError(
                    f"{table} says {found['label']} of {found['path']}, which may mean good or defective: "
                    "write good, or the kind of defect."
                )
            yield _row(found, root, folders)


def _check_line(table: Path, line: Sequence[str], header: Sequence[str]) -> None:
    """See that a line has the cells that it seems to have.

    Raises:
        DatasetError: There are more than columns, as where a comma stands in a cell without quotation marks;
            or one holds a line break, as where a quotation mark was closed in a later line.
    """
    shown = ", ".join(line)[:80].replace("\n", " ")
    if any(cell.strip() for cell in line[len(header) :]):
        raise DatasetError(
            f"{table} has a row with more cells than the {len(header)} columns: {shown}. Put a cell that "
            "holds a comma into quotation marks."
        )
    broken = [cell.strip() for cell in line if "\n" in cell.strip() or "\r" in cell.strip()]
    if any(separator in cell for cell in broken for separator in ",;\t"):  # and is no note of several lines
        raise DatasetError(
            f"{table} has a row that goes over several lines: {shown}. Look for a quotation mark too many."
        )


def _row(cells: dict[str, str], root: Path, folders: Sequence[Path]) -> _Row:
    return _Row(
        text=cells["path"],
        image=_place(cells["path"], folders),
        masks=tuple(_place(part.strip(), folders) for part in cells["mask"].split(";") if part.strip()),
        label=cells["label"],
        split=cells["split"],
        category=cells["category"] or root.name,
    )


def _place(text: str, folders: Sequence[Path]) -> Path:
    """Where a path of a table leads to; into the first of the folders if it does so in none."""
    spellings = _spellings(text)
    places = (folder / path for path in spellings for folder in folders)
    return next((place for place in places if place.exists()), folders[0] / spellings[0])


def _spellings(text: str) -> list[str]:
    """A path as the table has it and as a file system may have it: in another Unicode form, or code page."""
    forms = [text, normalize("NFC", text), normalize("NFD", text)]
    if any("\udc80" <= sign <= "\udcff" for sign in text):  # bytes that are no UTF-8
        forms.append(text.encode(errors="surrogateescape").decode("cp1252", errors="replace"))
    return [PureWindowsPath(form).as_posix() if "\\" in form else form for form in dict.fromkeys(forms)]


def _lists_images(table: Path) -> bool:
    try:
        return columns_of(next(lines_of(table), [])) is not None
    except DatasetError:
        return False


def _names_images(table: Path, root: Path) -> bool:
    """Whether some cell of a table, be it of the first line, leads to an image."""
    try:
        cells = (cell.strip() for line in lines_of(table) for cell in line)
        names = (cell for cell in cells if is_image_name(PureWindowsPath(cell).name))
        # Its folders may be those of another machine.
        return any(
            _place(each, (root,)).is_file() for name in names for each in (name, PureWindowsPath(name).name)
        )
    except (DatasetError, OSError):  # a name may be longer than any file's
        return False
