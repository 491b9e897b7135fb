import re
from pathlib import PurePosixPath, PureWindowsPath

import pytest

from workbench.exports.names import picture_names
from workbench.inspection.uploads import Upload

HOSTILE = [
    "../../etc/passwd.png", "/etc/passwd.png", "C:\\Windows\\system.png", "c:a.png",
    "\\\\server\\share\\a.png",
    "CON/a.png", "con.txt/aux.png", "NUL.png", "lpt1 .d/x.png", "COM¹/x.png", "a./b .png", " /x.png", "..png",
    "...", "", "/", ".png", "a<b>:\"|?*.png", "a\x00\x1b\n.png", "gr\udcff.png", "x" * 400 + ".png",
    "ü" * 200 + "/a.png", "part_heatmap.png/a.png", "results.csv/a.png", "missing.txt/x.png", "part.png",
    "PART.jpg", "part_2.png", "Line1/a.png", "line1/A.png", "e\u0301.png", "\u00e9.png", "straße.png",
    "STRASSE.png",
]  # fmt: skip
RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}


def named(*names):
    uploads = [Upload(str(number), (name,), b"") for number, name in enumerate(names)]
    return [pictures.heatmap for pictures in picture_names(uploads).values()]


def test_folders_are_kept():
    assert named("line1/000.jpg", "line2/000.jpg", "000.jpg", "a\\b\\c.d.png") == [
        "line1/000_heatmap.png", "line2/000_heatmap.png", "000_heatmap.png", "a/b/c.d_heatmap.png",
    ]  # fmt: skip


def test_files_of_one_name_are_numbered():
    assert named("part.png", "PART.jpg", "part_2.png", "part.bmp") == [
        "part_heatmap.png", "PART_2_heatmap.png", "part_2_2_heatmap.png", "part_3_heatmap.png",
    ]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_every_name_is_relative_and_allowed_everywhere(name):
    (path,) = named(name)
    assert not PurePosixPath(path).is_absolute()
    windows = PureWindowsPath(path)
    assert not windows.drive
    assert not windows.root
    path.encode()
    for part in path.split("/"):
        assert part not in ("", ".", "..")
        assert not re.search(r'[<>:"\\|?*\x00-\x1f]', part)
        assert part == part.rstrip(". ")
        assert part.split(".")[0].strip().casefold() not in RESERVED
        assert len(part.encode()) <= 200


def test_no_picture_and_no_folder_covers_another():
    paths = [*named(*HOSTILE), "results.csv", "results.xlsx", "missing.txt"]
    files = {path.casefold() for path in paths}
    folders = {str(parent).casefold() for path in paths for parent in PurePosixPath(path).parents}
    assert len(files) == len(paths)
    assert not files & folders


def test_a_picture_has_the_name_of_its_first_file():
    [pictures] = picture_names([Upload("d", ("b/x.png", "a/y.png"), b"")]).values()
    assert pictures == ("b/x_heatmap.png", "b/x_mask.png")
