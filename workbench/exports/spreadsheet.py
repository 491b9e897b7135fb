"""A table as a file that opens by a double click: CSV, Excel, or JSON for a program.

A text is never taken for a formula, whoever named the file: in CSV it gets an apostrophe before it, in Excel
it is a text. File names that are no text, as a disk may have them, are written with escapes.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import xlsxwriter

XLSX_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""What an Excel file is called where kinds of files are named."""

Cell = str | int | float | None
Line = dict[str, Cell]

_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # may begin a formula, the last four in Japan
_NO_XML = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_MOST_TEXT = 32_767  # characters that Excel holds in a cell
_WIDEST = 420  # pixels of a column
_SAME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sheet:
    """A table to keep.

    Attributes:
        columns: Names of the columns, in order.
        lines: Column to cell; a column that is missing is empty.
        about: What holds for the whole table.
    """

    columns: Sequence[str]
    lines: Sequence[Line]
    about: Line


def as_csv(sheet: Sheet) -> bytes:
    """UTF-8 with the mark by which Excel knows it; texts in quotes, numbers without."""
    text = io.StringIO()
    csv.writer(text).writerow(sheet.columns)
    # In quotes also where no comma needs them: where Excel parts cells at semicolons, one in a file's name
    # would begin a new cell, and that could begin as a formula.
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    for line in sheet.lines:
        writer.writerow(csv_cells(line.get(column) for column in sheet.columns))
    return text.getvalue().encode("utf-8-sig")


def csv_cells(cells: Iterable[Cell]) -> list[Cell]:
    """Cells of a line of CSV, so that no spreadsheet takes a text for a formula."""
    return [_no_formula(_text(cell)) for cell in cells]


def as_xlsx(sheet: Sheet) -> bytes:
    """An Excel file: the table under a head that stays, and a second sheet of what holds for all of it."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"created": _SAME_DAY})  # the same table is the same file; `about` says when
        head = book.add_format({"bold": True})
        table = book.add_worksheet("Results")
        _write(table, 0, sheet.columns, head)
        for number, line in enumerate(sheet.lines, start=1):
            _write(table, number, [line.get(column) for column in sheet.columns])
        table.freeze_panes(1, 1)
        table.autofilter(0, 0, len(sheet.lines), len(sheet.columns) - 1)
        table.autofit(_WIDEST)
        about = book.add_worksheet("About")
        _write(about, 0, ["what", "value"], head)
        for number, (name, value) in enumerate(sheet.about.items(), start=1):
            _write(about, number, [name, value])
        about.freeze_panes(1, 0)
        about.autofit(_WIDEST)
    return content.getvalue()


def as_json(sheet: Sheet) -> bytes:
    """{"about": {...}, "files": [a line, ...]}: every column in every line, as it is."""
    lines = [{column: line.get(column) for column in sheet.columns} for line in sheet.lines]
    return (json.dumps({"about": sheet.about, "files": lines}, indent=1) + "\n").encode()


def _write(
    worksheet: "xlsxwriter.worksheet.Worksheet",
    row: int,
    cells: Sequence[Cell],
    style: "xlsxwriter.format.Format | None" = None,
) -> None:
    for column, cell in enumerate(cells):
        text = _text(cell)
        if isinstance(text, str):
            readable = _NO_XML.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)
            cut = readable if len(readable) <= _MOST_TEXT else f"{readable[: _MOST_TEXT - 2]} …"
            worksheet.write_string(row, column, cut, style)
        elif text is not None:
            worksheet.write_number(row, column, text, style)


def _text(cell: Cell) -> Cell:
    """The cell, with what is no character of Unicode escaped."""
    return cell.encode(errors="backslashreplace").decode() if isinstance(cell, str) else cell


def _no_formula(cell: Cell) -> Cell:
    """The cell; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
