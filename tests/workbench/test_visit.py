from dataclasses import dataclass

import pytest

from crr.errors import DatasetError
from tests.workbench.fakes import QUESTION, good_png, png
from workbench.samples import read_samples
from workbench.settings import Settings
from workbench.visit import Visit

SAMPLES = read_samples(Settings().samples)
FIRST, SECOND = list(SAMPLES)[:2]


@dataclass
class Uploaded:
    file_id: str
    name: str
    content: bytes

    def getvalue(self) -> bytes:
        return self.content


GOOD, BAD, BROKEN = (
    Uploaded("1", "good.png", good_png()),
    Uploaded("2", "bad.png", png()),
    Uploaded("3", "broken.png", b"\x89PNG\r\n\x1a\n"),
)


@pytest.fixture
def visit() -> Visit:
    return Visit(Settings(), FIRST)


def look(visit: Visit, inspector) -> str:
    visit.settle(QUESTION, inspector)
    return visit.inspect(SAMPLES, QUESTION, inspector).picture.name


def test_a_visit_starts_with_a_sample(visit, inspector):
    assert look(visit, inspector) == SAMPLES[FIRST].path.name


def test_the_first_good_upload_is_shown(visit, inspector):
    visit.follow("files", [BROKEN, BAD, GOOD])
    assert look(visit, inspector) == "bad.png"


def test_a_bad_file_leaves_on_the_screen_what_was_there(visit, inspector):
    visit.show_sample(SECOND)
    visit.follow("files", [BROKEN])
    assert look(visit, inspector) == SAMPLES[SECOND].path.name
    assert [name for name, _ in visit.batch.failures.values()] == ["broken.png"]
    visit.note("files", [BROKEN])
    visit.follow("files", [BROKEN, GOOD])
    assert look(visit, inspector) == "good.png"
    visit.note("files", [BROKEN, GOOD])
    visit.follow("files", [BROKEN, GOOD, Uploaded("4", "text.png", b"a text")])
    assert look(visit, inspector) == "good.png"
    assert len(visit.batch.failures) == 2


def test_what_is_taken_out_of_the_uploader_is_forgotten(visit, inspector):
    visit.follow("files", [GOOD, BAD])
    visit.note("files", [GOOD, BAD])
    assert look(visit, inspector) == "good.png"
    visit.follow("files", [BAD])
    assert [upload.name for upload in visit.batch.uploads.values()] == ["bad.png"]
    assert look(visit, inspector) == SAMPLES[FIRST].path.name


def test_a_file_listed_twice_stays_until_its_last_copy_is_taken_out(visit, inspector):
    copy = Uploaded("9", "copy.png", BAD.content)
    visit.follow("files", [BAD, copy])
    assert look(visit, inspector) == "bad.png"
    visit.note("files", [BAD, copy])
    visit.follow("files", [copy])
    assert look(visit, inspector) == "bad.png"
    visit.note("files", [copy])
    visit.follow("files", [])
    assert not visit.batch.uploads


def test_leaving_the_page_empties_the_uploader_but_not_the_table(visit):
    visit.follow("files", [GOOD])
    visit.note("files", [GOOD])
    visit.note("files", [])  # the page is opened again: the uploader is empty
    visit.follow("files", [BAD])
    assert [upload.name for upload in visit.batch.uploads.values()] == ["good.png", "bad.png"]


def test_a_folder_of_this_machine(visit, inspector, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "part.png").write_bytes(png())
    (tmp_path / "notes.txt").write_text("no image")
    visit.take_folder(f" {tmp_path} ")
    assert look(visit, inspector) == "sub/part.png"
    assert not visit.batch.failures


@pytest.mark.parametrize("folder", ["/no/such/folder", ""])
def test_a_folder_without_images_is_a_sentence(visit, folder, tmp_path):
    with pytest.raises(DatasetError, match="no folder with images"):
        visit.take_folder(folder or str(tmp_path))


def test_clearing_returns_to_the_last_sample(visit, inspector):
    visit.show_sample(SECOND)
    visit.follow("files", [BAD, BROKEN])
    look(visit, inspector)
    visit.clear()
    assert look(visit, inspector) == SAMPLES[SECOND].path.name
    assert not visit.batch.uploads
    assert not visit.batch.failures
