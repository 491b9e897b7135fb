"""What folders' names say of the parts in them, of photos that came together."""

from pathlib import PurePosixPath

import pytest

from crr.data.layouts.names import told_by_folders

GOOD, BAD = False, True


@pytest.mark.parametrize(
    ("folders", "told"),
    [
        (["good/", "bad/"], [GOOD, BAD]),
        (["OK_parts/", "NG parts/"], [GOOD, BAD]),
        (["test/good/", "test/crack/", "test/print/"], [GOOD, BAD, BAD]),
        (["test/good/", "test/unsorted/", "test/masks/", "test/"], [GOOD, None, None, None]),
        (["line1/good/", "line2/crack/"], [GOOD, None]),
        (["good/line1/", "bad/line1/"], [GOOD, BAD]),
        (["bad/line/good/", "bad/line/crack/"], [GOOD, BAD]),
        (["defects/ok/", "defects/"], [GOOD, None]),
        (["", "photos/"], [None, None]),
        (["good/", "crack/"], [GOOD, BAD]),
    ],
)
def test_the_innermost_folder_that_says_something_decides(folders, told):
    paths = [PurePosixPath(f"{folder}{number}.png") for number, folder in enumerate(folders)]
    found = told_by_folders(paths)
    assert [found.get(path) for path in paths] == told
