"""How a file holds a table: in which code and with which separator, and what its columns are called."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from crr.data.layouts.names import key
from crr.errors import DatasetError

TABLES = (".csv", ".tsv")

_OUTCOMES = ("result", "status", "judgement", "judgment")
_COLUMNS = {
    "path": (
        "path", "image", "imagepath", "file", "filename", "filepath",
        "imagefile", "imagename", "img", "imgpath", "photo", "picture",
    ),
    "label": (
        "label", "class", "defect", "defecttype", "anomaly", "target", "truth",
        "classname", "labels", *_OUTCOMES,
    ),
    "split": ("split", "set", "subset", "part", "phase"),
    "mask": ("mask", "maskpath", "masks", "groundtruth"),
    "category": ("category", "object", "product", "parttype"),
}  # fmt: skip
"""What we call a column, and what it is called in tables, without case and "_".

A verdict is no label: our own results have one, and a model is not measured by what it said itself.
"""
_NEEDED = ("path", "label")
_SEPARATOR = re.compile(r'"?sep=([^"\r\n])"?[\r\n]+', re.IGNORECASE)
"""A first line by which Excel is told what parts the columns; it holds none."""


def table_files(folder: Path) -> list[Path]:
    """The files directly in a folder that are tables by their names, sorted."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in TABLES)
    return [path for path in files if path.is_file()]


def columns_of(header: Sequence[str]) -> dict[str, int] | None:
    """What we call a column to its place, the end if there is none; None if it is no table of images."""
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(_plain(name), place)
    columns = {
        meaning: next((places[name] for name in known if name in places), len(header))
        for meaning, known in _COLUMNS.items()
    }
    return columns if all(columns[needed] < len(header) for needed in _NEEDED) else None


def doubled(header: Sequence[str]) -> str | None:
    """A column that we read and that a table has twice, by its name there; None if there is none."""
    known = {name for names in _COLUMNS.values() for name in names}
    names = [_plain(name) for name in header]
    return next(
        (
            name
            for name, plain in zip(header, names, strict=True)
            if plain in known and names.count(plain) > 1
        ),
        None,
    )


def is_outcome(column: str) -> bool:
    """Whether a column of that name holds what a check came to, where 1 may mean good or defective."""
    return _plain(column) in _OUTCOMES


def _plain(column: str) -> str:
    return key(column.strip()).replace("_", "").replace(" ", "")


def not_understood(table: Path, header: Sequence[str]) -> str:
    """What to say of a table without the columns that are needed."""
    has = ", ".join(name.strip() for name in header) or "none"
    return (
        f"{table} needs the columns {' and '.join(_NEEDED)}, and has {has}: call the column of the images' "
        'names "path", and that of what they show, good or a kind of defect, "label".'
    )


def lines_of(table: Path) -> Iterator[list[str]]:
    """The lines of a table, one after another; their cells are parted by commas, semicolons or tabs.

    Raises:
        DatasetError: It is no such table.
    """
    with table.open(encoding=_encoding(table), errors="surrogateescape", newline="") as file:
        try:
            first = file.readline()
            said = _SEPARATOR.fullmatch(first)
            if said is None:
                file.seek(0)
            separator = said[1] if said else max(",;\t", key=first.count)
            for cells in csv.reader(file, delimiter=separator, strict=True):
                if any("\0" in cell for cell in cells):
                    raise DatasetError(
                        f"{table} holds what no text does: save it as CSV in UTF-8, or as Unicode text."
                    )
                yield cells
        except (csv.Error, UnicodeError) as error:
            raise DatasetError(
                f"{table} is not a table of comma-separated values ({error}): look for a quotation mark that "
                "is not closed, or export it again."
            ) from error


def _encoding(table: Path) -> str:
    """UTF-16, as Windows calls it "Unicode", where a mark says so, and else UTF-8."""
    with table.open("rb") as file:
        marked = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return "utf-16" if marked else "utf-8-sig"
