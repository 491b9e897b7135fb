"""The report on a batch: what stands in it, and that no name of a file becomes a part of the page."""

from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.workbench.fakes import CHOICE, good_png, part, png
from workbench.exports.lines import BatchExport
from workbench.exports.report import report_page
from workbench.inspection.batch import Batch
from workbench.settings import Settings

EVIL = '<img src="http://elsewhere/x" onerror="alert(1)">.png'


class Seen(HTMLParser):
    """The sources of pictures, and all words."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, _tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href", "onerror")]

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def batch(inspector):
    batch = Batch(Settings())
    faint = png(part(strength=165))
    contents = {"good.png": good_png(), EVIL: png(), "line/faint.png": faint, "broken.png": b"x"}
    batch.add([(name, lambda content=content: content) for name, content in contents.items()])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    return batch


def seen(page: bytes) -> Seen:
    found = Seen()
    found.feed(page.decode())
    return found


def test_it_says_who_was_asked_and_shows_what_needs_an_eye(batch, inspector):
    export = BatchExport(batch, CHOICE, inspector)
    page = seen(report_page(export, 0.6, ["Of 12 parts this limit finds all."]))
    said = " ".join(page.words)
    for words in (
        "crr-embedded",
        "0123456789ab",
        "Of 12 parts",
        "4 files:",
        "1 normal",
        "could not be inspected",
        EVIL,
    ):
        assert words in said, words
    verdicts = [row.verdict() for row in batch.rows(CHOICE)]
    assert len(page.sources) == sum(verdict != "normal" for verdict in verdicts) > 0
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.sources)


def test_the_table_says_of_each_file_what_is_known_of_it(inspector, monkeypatch):
    def inspect(file, choice, ask=inspector.inspect):
        found = ask(file, choice)
        return replace(found, inspection=replace(found.inspection, seen=bool(file.image.any())))

    monkeypatch.setattr(inspector, "inspect", inspect)
    batch = Batch(Settings())
    black = png(np.zeros((96, 128, 3), np.uint8))
    batch.add([("black.png", lambda: black), ("broken.png", lambda: b"x"), ("good.png", good_png)])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    page = report_page(BatchExport(batch, CHOICE, inspector), 0.6, []).decode()
    rows = {row.partition("<td>")[2].partition("<")[0]: row for row in page.split("<tr>")[2:]}
    assert '<td colspan="5">could not be inspected: broken.png' in rows["broken.png"]
    assert "no part seen</td>" in rows["black.png"]
    assert "bottle" not in rows["black.png"]
    assert "<td>bottle</td>" in rows["good.png"]


def test_a_defect_that_was_missed_comes_first_with_its_picture(batch, inspector):
    missed = next(row for row in batch.rows(CHOICE) if row.verdict() == "normal")
    export = BatchExport(batch, CHOICE, inspector, labels={missed.digest: "defective"})
    page = seen(report_page(export, 0.6, []))
    plain = seen(report_page(BatchExport(batch, CHOICE, inspector), 0.6, []))
    assert len(page.sources) == len(plain.sources) + 1
    words = " ".join(page.words)
    assert words.index("Missed: in truth it is not OK.") < words.index(EVIL)


def test_the_same_moment_makes_the_same_page(batch, inspector):
    export = BatchExport(batch, CHOICE, inspector)
    again = BatchExport(batch, CHOICE, inspector, saved=export.saved)
    assert report_page(export, 0.6, []) == report_page(again, 0.6, [])


def test_what_is_true_and_a_moved_limit_stand_in_it(batch, inspector):
    digest = next(iter(batch.uploads))
    export = BatchExport(batch, CHOICE, inspector, 1.5, labels={digest: "good"})
    said = " ".join(seen(report_page(export, 0.6, [])).words)
    assert "1.5 times" in said
    assert "good" in said


def test_pictures_of_one_name_are_two_and_each_page_is_told(inspector):
    pages = BytesIO()
    first, *others = (Image.fromarray(part(strength=strength)) for strength in (150, 130))
    first.save(pages, "TIFF", save_all=True, append_images=others)
    batch = Batch(Settings())
    one, two = png(part(strength=200)), png(part(strength=180))
    batch.add([("a.png", lambda: one), ("a.png", lambda: two), ("scan.tif", pages.getvalue)])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    page = seen(report_page(BatchExport(batch, CHOICE, inspector), 0.6, []))
    verdicts = [row.verdict() for row in batch.rows(CHOICE)]
    shown = sum(verdict != "normal" for verdict in verdicts)
    assert shown > 2
    assert len(set(page.sources)) == len(page.sources) == shown
    assert "scan.tif, page 2" in " ".join(page.words)


def test_a_picture_in_two_files_is_shown_once_with_both_names(inspector):
    batch = Batch(Settings())
    batch.add([("a.png", png), ("b.png", png)])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    page = seen(report_page(BatchExport(batch, CHOICE, inspector), 0.6, []))
    assert len(page.sources) == 1
    assert "the same picture: b.png" in " ".join(page.words)
    assert "2 files: 2 defective." in " ".join(page.words)


def test_one_file_is_not_called_files(inspector):
    batch = Batch(Settings())
    batch.add([("a.png", png)])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert "1 file: " in " ".join(seen(report_page(BatchExport(batch, CHOICE, inspector), 0.6, [])).words)
