import csv
import io
import json

import openpyxl
import pytest

from workbench.exports.spreadsheet import Sheet, as_csv, as_json, as_xlsx

COLUMNS = ("file", "score", "regions", "error")


def sheet(*lines, **about):
    return Sheet(COLUMNS, lines, about)


def csv_rows(content, delimiter=","):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def book_of(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def test_csv_begins_with_the_mark_that_excel_knows_utf_8_by():
    content = as_csv(sheet({"file": "größe.png", "score": 0.25}))
    assert content.startswith(b"\xef\xbb\xbffile,score,regions,error\r\n")
    assert csv_rows(content)[1] == ["größe.png", "0.25", "", ""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_no_text_becomes_a_formula(start):
    tables = sheet({"file": f"{start}1+1", "score": -0.5, "error": f"{start}2"})
    row = csv_rows(as_csv(tables))[1]
    assert row == [f"'{start}1+1", "-0.5", "", f"'{start}2"]
    cells = book_of(as_xlsx(tables))["Results"]
    assert {cells["A2"].data_type, cells["D2"].data_type} <= {"s", "inlineStr"}
    assert cells["B2"].value == -0.5


def test_no_semicolon_in_a_name_begins_a_cell_where_excel_parts_at_semicolons():
    for row in csv_rows(as_csv(sheet({"file": "a;=1+1", "score": 1})), delimiter=";")[1:]:
        assert not any(cell.startswith("=") for cell in row)


def test_excel_has_numbers_a_head_that_stays_and_columns_wide_enough():
    lines = [{"file": "line1/größe 000.jpg", "score": 0.1234, "regions": 3}, {"file": "x", "error": "empty"}]
    book = book_of(as_xlsx(sheet(*lines, model="crr-embedded", strictness=1.0)))
    assert book.sheetnames == ["Results", "About"]
    results = book["Results"]
    assert [cell.value for cell in results[1]] == list(COLUMNS)
    assert [cell.value for cell in results[2]] == ["line1/größe 000.jpg", 0.1234, 3, None]
    assert [results["B2"].data_type, results["C2"].data_type] == ["n", "n"]
    assert results.freeze_panes == "B2"
    assert results.column_dimensions["A"].width >= len("line1/größe 000.jpg") - 2
    assert results.auto_filter.ref == "A1:D3"
    assert [[cell.value for cell in row] for row in book["About"].iter_rows(min_row=2)] == [
        ["model", "crr-embedded"], ["strictness", 1],
    ]  # fmt: skip


def test_what_no_file_of_excel_may_hold_is_escaped():
    odd = "a\x00\x0b\x1b\x7f\ufffe\udcff http://x.y\tz\nw_x0041_"
    results = book_of(as_xlsx(sheet({"file": odd}, {"file": "x" * 40_000})))["Results"]
    assert results["A2"].value == "a\\x00\\x0b\\x1b\\x7f\\ufffe\\udcff http://x.y\tz\nw_x0041_"
    assert results["A2"].hyperlink is None
    assert len(results["A3"].value) == 32_767
    assert results["A3"].value.endswith(" …")


def test_a_name_that_is_no_text_is_escaped_in_csv():
    assert csv_rows(as_csv(sheet({"file": "gr\udcff.png"})))[1][0] == "gr\\udcff.png"


def test_json_has_every_column_as_it_is():
    values = json.loads(as_json(sheet({"file": "=1\udcff", "score": 0.5}, model="m")))
    assert values == {
        "about": {"model": "m"},
        "files": [{"file": "=1\udcff", "score": 0.5, "regions": None, "error": None}],
    }


def test_an_empty_table_is_a_head():
    assert csv_rows(as_csv(sheet())) == [list(COLUMNS)]
    assert book_of(as_xlsx(sheet()))["Results"].max_row == 1
