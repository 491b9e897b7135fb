"""Data sets that a table describes: how tables are written, and what they leave open."""

import os
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest

from crr.data.datasets import open_dataset
from crr.errors import DatasetError
from tests.crr.places import masks_in, passed_over, the_parts, touch

ROWS = [
    ["path", "label", "split", "mask"],
    ["photos/0.png", "good", "train", ""],
    ["photos/1.png", "OK", "test", ""],
    ["photos/2.png", "cut", "test", "masks/2.png"],
]
PARTS = {"train": ["0.png"], "good": ["1.png"], "cut": ["2.png"]}


def listed(root: Path, rows: list[list[str]], separator: str = ",", ending: str = "\n") -> Path:
    """A folder with a table of these rows and the files that it names, and beside it nothing."""
    lines = [separator.join(f'"{cell}"' if separator in cell else cell for cell in row) for row in rows]
    touch(root, "table.csv", *(f"photos/{number}.png" for number in range(3)), "masks/2.png")
    (root / "table.csv").write_text("".join(line + ending for line in lines))
    return root


def with_bytes(root: Path, before: bytes, after: bytes) -> None:
    """Put other bytes into the table."""
    content = (root / "table.csv").read_bytes()
    assert before in content
    (root / "table.csv").write_bytes(content.replace(before, after))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_tables_as_spreadsheets_save_them(tmp_path: Path, separator: str, ending: str, mark: bytes) -> None:
    root = listed(tmp_path, ROWS, separator, ending)
    (root / "table.csv").write_bytes(mark + (root / "table.csv").read_bytes())
    dataset = open_dataset(root)
    assert dataset.layout == "table"
    assert the_parts(root) == PARTS
    assert masks_in(dataset) == {"photos/2.png": ["masks/2.png"]}
    assert dataset.notes.passed_over == {}


@pytest.mark.parametrize(
    "header",
    [
        "Path,Label,Split,Mask",
        "image,class,set,ground_truth",
        " file name , Defect Type ,phase,mask_path",
        "photo,result,split,mask",
        "Picture,Status,split,mask",
        "img_path,Judgement,split,mask",
    ],
)
def test_columns_have_many_names(tmp_path: Path, header: str) -> None:
    root = listed(tmp_path, [header.split(","), *ROWS[1:]])
    assert the_parts(root) == PARTS
    assert masks_in(open_dataset(root)) == {"photos/2.png": ["masks/2.png"]}


@pytest.mark.parametrize("code", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("separator", ["\t", ","])
@pytest.mark.parametrize("first", ["", "sep={}\r\n"])
def test_the_unicode_text_of_windows(tmp_path: Path, code: str, separator: str, first: str) -> None:
    root = listed(tmp_path, ROWS, separator, "\r\n")
    mark = "\ufeff" if code == "utf-16-be" else ""  # Python writes that of "utf-16" by itself
    text = first.format(separator) + (root / "table.csv").read_bytes().decode()
    (root / "table.csv").write_bytes((mark + text).encode(code))
    assert open_dataset(root).layout == "table"
    assert the_parts(root) == PARTS
    (root / "table.csv").write_bytes((mark + text).encode(code) + b"\0")
    with pytest.raises(DatasetError, match=r"table\.csv is not a table of comma-separated values"):
        open_dataset(root / "table.csv")


def test_the_table_itself_can_be_given_and_lie_elsewhere(tmp_path: Path) -> None:
    root = listed(tmp_path / "parts", ROWS)
    (category,) = open_dataset(root / "table.csv").categories
    assert (category.name, len(category.test)) == ("parts", 2)
    (tmp_path / "lists").mkdir()
    rows = [ROWS[0], *([f"../parts/{path}", *others] for path, *others in ROWS[1:3])]
    listed(tmp_path / "lists", rows)
    dataset = open_dataset(tmp_path / "lists/table.csv")
    assert [sample.path.resolve() for sample in dataset.categories[0].train] == [root / "photos/0.png"]


def test_paths_of_windows(tmp_path: Path) -> None:
    root = listed(tmp_path, ROWS)
    with_bytes(root, b"/", b"\\")
    assert the_parts(root) == PARTS
    assert masks_in(open_dataset(root)) == {"photos/2.png": ["masks/2.png"]}


def test_several_masks_of_an_image(tmp_path: Path) -> None:
    touch(tmp_path, "masks/2b.png")
    for separator in ",;":
        root = listed(tmp_path, [*ROWS[:3], [*ROWS[3][:3], "masks/2.png; masks/2b.png"]], separator)
        assert masks_in(open_dataset(root)) == {"photos/2.png": ["masks/2.png", "masks/2b.png"]}


@pytest.mark.parametrize(
    ("written", "stored"), [("utf-8", "utf-8"), ("cp1252", "cp1252"), ("cp1252", "utf-8")]
)
def test_names_in_the_code_page_of_an_old_windows(tmp_path: Path, written: str, stored: str) -> None:
    root = listed(tmp_path, [*ROWS, ["photos/Grün.png", "cut", "test", "masks/2.png"]])
    with_bytes(root, "Grün".encode(), "Grün".encode(written))
    name = os.fsdecode("Grün.png".encode(stored))
    touch(root / "photos", name)
    assert the_parts(root)["cut"] == ["2.png", name]


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_names_that_a_mac_has_written(
    tmp_path: Path, written: Literal["NFC", "NFD"], stored: Literal["NFC", "NFD"]
) -> None:
    root = listed(tmp_path, [*ROWS, [normalize(written, "photos/é.png"), "cut", "test", "masks/2.png"]])
    touch(root / "photos", normalize(stored, "é.png"))
    assert all(sample.path.exists() for sample in open_dataset(root).categories[0].test)


def test_without_a_split_good_images_are_for_both(tmp_path: Path) -> None:
    rows = [
        ["image", "label"],
        *([f"good/{number}.png", "good"] for number in range(30)),
        ["photos/0.png", "cut"],
    ]
    for number in range(30):
        touch(tmp_path, f"good/{number}.png")
        (tmp_path / f"good/{number}.png").write_bytes(bytes([number]))
    parts = the_parts(listed(tmp_path, rows))
    assert len(parts["train"]) + len(parts["good"]) == 30
    assert 1 <= len(parts["good"]) <= 12
    assert parts["cut"] == ["0.png"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("first", ["sep={}\r\n", "SEP={}\n", '"sep={}"\n'])
def test_a_first_line_may_tell_excel_the_separator(tmp_path: Path, separator: str, first: str) -> None:
    root = listed(tmp_path, ROWS, separator)
    table = root / "table.csv"
    table.write_text(first.format(separator) + table.read_text(), encoding="utf-8-sig", newline="")
    assert the_parts(root) == PARTS
    assert masks_in(open_dataset(root)) == {"photos/2.png": ["masks/2.png"]}


@pytest.mark.parametrize(
    ("label", "other"), [("0", "1"), ("0.0", "1.0"), ("False", "True"), ("normal", "1"), ("defect-free", "1")]
)
def test_good_is_written_in_many_ways(tmp_path: Path, label: str, other: str) -> None:
    rows = [ROWS[0], ["photos/0.png", label, "test", ""], ["photos/2.png", other, "test", "masks/2.png"]]
    assert the_parts(listed(tmp_path, rows)) == {"train": [], "good": ["0.png"], "defective": ["2.png"]}


@pytest.mark.parametrize(("column", "known"), [("label", True), ("target", True), ("result", False)])
def test_a_number_means_nothing_as_an_outcome(tmp_path: Path, column: str, known: bool) -> None:
    rows = [["path", column, "split"], ["photos/0.png", "0", "test"], ["photos/2.png", "1", "test"]]
    root = listed(tmp_path, rows)
    if known:
        assert the_parts(root) == {"train": [], "good": ["0.png"], "defective": ["2.png"]}
    else:
        with pytest.raises(DatasetError, match=r"says 0 of photos/0\.png, which may mean good or defective"):
            open_dataset(root)


@pytest.mark.parametrize("label", ["NG", "nok", "n.i.o.", "reject", "bad", "fail"])
def test_whatever_is_not_good_is_a_defect(tmp_path: Path, label: str) -> None:
    rows = [["photo", "result"], ["photos/0.png", "OK"], ["photos/2.png", label]]
    assert the_parts(listed(tmp_path, rows))[label] == ["2.png"]


def test_a_table_names_categories(tmp_path: Path) -> None:
    rows = [[*row, category] for row, category in zip(ROWS, ["product", "nut", "", "nut"], strict=True)]
    dataset = open_dataset(listed(tmp_path / "parts", rows))
    assert [(category.name, len(category.test)) for category in dataset.categories] == [
        ("nut", 1),
        ("parts", 1),
    ]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            "path,label\nphotos/0.png,good, except for the rim\n",
            "more cells than the 2 columns: photos/0.png, good,",
        ),
        (
            'path,label,note\nphotos/0.png,good,"edge\nphotos/2.png,cut,\n',
            "quotation mark that is not closed",
        ),
        ('path,label,note\nphotos/0.png,good,"edge\nphotos/2.png,cut,inch"\n', "goes over several lines"),
        ('path,label,note\nphotos/0.png,good,"a"b\n', "quotation mark that is not closed"),
    ],
)
def test_a_row_that_is_cut_otherwise_than_it_was_meant_is_refused(
    tmp_path: Path, rows: str, why: str
) -> None:
    root = listed(tmp_path / "parts", [["path", "label"]])
    [table] = root.glob("*.csv")
    table.write_text(rows)
    with pytest.raises(DatasetError, match=why):
        open_dataset(root)


def test_a_note_may_have_several_lines(tmp_path: Path) -> None:
    root = listed(tmp_path / "parts", [["path", "label"]])
    [table] = root.glob("*.csv")
    table.write_text('path,label,note\nphotos/0.png,good,"seen\ntwice"\nphotos/2.png,cut,\n')
    assert the_parts(root)["cut"] == ["2.png"]


def test_empty_cells_beyond_the_columns_mean_nothing(tmp_path: Path) -> None:
    rows = [["path", "label"], ["photos/0.png", "good", ""], ["photos/2.png", "cut", " "]]
    dataset = open_dataset(listed(tmp_path / "parts", rows))
    assert [category.name for category in dataset.categories] == ["parts"]
    assert masks_in(dataset) == {"photos/2.png": []}


def test_images_in_no_row_are_noted(tmp_path: Path) -> None:
    root = listed(tmp_path, [*ROWS[:2], ["photos/2.png", "cut", "test", "masks/2.png"]])
    touch(root, "more/new.png", "masks/3.png", "__MACOSX/photos/._0.png")
    assert passed_over(open_dataset(root).notes, root) == {
        "in no row of the table": ["masks/3.png", "more/new.png", "photos/1.png"],
        "hidden, or of the system": ["__MACOSX"],
    }


def test_rows_that_are_not_used_are_noted_with_their_masks(tmp_path: Path) -> None:
    touch(tmp_path, "masks/0.png", "masks/1.png")
    rows = [["photos/0.png", "good", "val", "masks/0.png"], ["photos/1.png", "cut", "train", "masks/1.png"]]
    root = listed(tmp_path, [ROWS[0], *rows, ROWS[3]])
    assert passed_over(open_dataset(root).notes, root) == {
        "for validation: training holds back images of its own": ["masks/0.png", "photos/0.png"],
        "for training only good images are used": ["masks/1.png", "photos/1.png"],
    }


def test_masks_of_good_images_are_noted(tmp_path: Path) -> None:
    touch(tmp_path, "masks/0.png")
    rows = [["photos/0.png", "good", "train", "masks/0.png"], ["photos/1.png", "good", "test", "None"]]
    root = listed(tmp_path, [ROWS[0], *rows, ROWS[3]])
    assert passed_over(open_dataset(root).notes, root) == {"a mask of a good image": ["masks/0.png"]}


def test_an_image_in_two_rows_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"names .*photos/0\.png in several rows"):
        open_dataset(listed(tmp_path, [*ROWS, ["./photos/0.png", "good", "test", ""]]))


def test_several_tables_are_a_question(tmp_path: Path) -> None:
    root = listed(tmp_path, ROWS)
    (root / "second.csv").write_text("path,label\nphotos/0.png,good\n")
    with pytest.raises(DatasetError, match=r"several tables of images: .*second\.csv, table\.csv"):
        open_dataset(root)
    (root / "second.csv").write_text("some,figures\n1,2\n")
    assert the_parts(root) == PARTS


def test_a_table_without_what_is_needed(tmp_path: Path) -> None:
    root = listed(tmp_path, [["name", "label"], ["photos/0.png", "good"]])
    with pytest.raises(DatasetError, match="needs the columns path and label, and has name, label: call"):
        open_dataset(root / "table.csv")


@pytest.mark.parametrize(
    "lines",
    [
        "name,kind\n0.png,good\n1.png,cut",
        "kind;name\ngood;0.png\ncut;1.png",
        "0.png,good\n1.png,cut",
        "name,kind\nD:\\line 1\\0.png,good",
        "file,verdict\n0.png,normal",
    ],
)
def test_beside_good_images_alone_a_table_of_them_is_never_passed_over(tmp_path: Path, lines: str) -> None:
    """Else what it calls defective would be learnt as good."""
    touch(tmp_path, "0.png", "1.png")
    (tmp_path / "set.csv").write_text(lines)
    with pytest.raises(
        DatasetError, match=r"set\.csv needs the columns path and label, and has \S+, \S+: call"
    ):
        open_dataset(tmp_path)


@pytest.mark.parametrize("lines", ["time,lux\n12:00,90", "name,kind\nelse.png,good", f"a,{'b' * 999}.png"])
def test_a_table_of_something_else_is_passed_over(tmp_path: Path, lines: str) -> None:
    touch(tmp_path, "0.png", "1.png")
    (tmp_path / "log.csv").write_text(lines)
    assert passed_over(open_dataset(tmp_path).notes, tmp_path) == {"no image by its name": ["log.csv"]}


def test_where_folders_tell_good_from_bad_a_table_in_other_words_is_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "good/0.png", "cut/1.png")
    (tmp_path / "results.csv").write_text("file,verdict\ncut/1.png,defective")
    assert open_dataset(tmp_path).layout == "folders"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "labels.csv",
            b"version https://git-lfs.github.com/spec/v1\n",
            "a pointer of Git LFS: fetch the file",
        ),
        ("labels.csv", b"", "is empty: fill it in"),
        ("labels.csv", b"PK\3\4\0\0", "is no text: export it as CSV"),
        ("labels.xlsx", b"PK\3\4\0\0", r"export it as a table \(\.csv\)"),
        ("labels.json", b'{"000.png": "good", "001.png": "bad"}', "is not read"),
        ("_annotations.coco.json", b'{"images": [{"file_name": "a/000.png"}]}', "is not read"),
        ("labels.txt", b"000.png 0\r\n001.png 1\r\n", r"write a table \(\.csv\) with"),
        ("project.csv", b"choice,image\nDefect,/data/upload/3/0006beef-000.png\n", "columns path and label"),
        ("annotations/all.json", b'["my part 000.png", "000.PNG", "000.png"]', "is not read"),
    ],
)
def test_defects_that_a_list_tells_which_nobody_reads_are_not_learnt(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    touch(tmp_path, "000.png", "001.png")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=sentence) as caught:
        open_dataset(tmp_path)
    assert "may say which images are good" in str(caught.value)


def test_texts_that_name_few_images_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "000.png", "001.png", "002.png")
    (tmp_path / "README.txt").write_text("See 000.png.")
    (tmp_path / "camera.json").write_text('{"exposure": 3}')
    assert open_dataset(tmp_path).layout == "folder"
