from dataclasses import dataclass, replace

import pytest

from tests.workbench.fakes import QUESTION, good_png, png
from workbench.basics.pictures import digest_of
from workbench.inspection.samples import read_samples
from workbench.inspection.visitor import Visit
from workbench.settings import Settings

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
    """Name of the upload or of the sample that is inspected."""
    visit.settle(QUESTION, inspector)
    names = {digest_of(sample.path.read_bytes()): name for name, sample in SAMPLES.items()}
    names |= {upload.digest: upload.name for upload in visit.batch.uploads.values()}
    return names[visit.inspect(SAMPLES, QUESTION, inspector).picture.digest]


def problems(visit: Visit) -> list[tuple[str, ...]]:
    return [failure.names for failure in visit.problems]


def test_a_visit_starts_with_a_sample(visit, inspector):
    assert look(visit, inspector) == FIRST


def test_the_first_good_upload_is_shown(visit, inspector):
    visit.follow("files", [BROKEN, BAD, GOOD])
    assert look(visit, inspector) == "bad.png"


def test_a_bad_file_leaves_on_the_screen_what_was_there(visit, inspector):
    visit.show_sample(SECOND)
    visit.follow("files", [BROKEN])
    assert look(visit, inspector) == SECOND
    assert problems(visit) == [("broken.png",)]
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
    assert look(visit, inspector) == FIRST


def test_a_file_listed_twice_stays_until_its_last_copy_is_taken_out(visit, inspector):
    copy = Uploaded("9", "copy.png", BAD.content)
    visit.follow("files", [BAD, copy])
    assert look(visit, inspector) == "bad.png = copy.png"
    visit.note("files", [BAD, copy])
    visit.follow("files", [copy])
    assert [upload.name for upload in visit.batch.uploads.values()] == ["copy.png"]
    assert visit.upload is not None
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


def test_a_picture_that_a_folder_holds_too_stays_when_it_is_taken_out_of_the_uploader(visit, tmp_path):
    visit.follow("files", [BAD])
    visit.note("files", [BAD])
    (tmp_path / "part.png").write_bytes(BAD.content)
    visit.take_folder(str(tmp_path))
    visit.follow("files", [])
    assert [upload.names for upload in visit.batch.uploads.values()] == [("part.png",)]


def test_to_take_a_file_out_is_no_news_and_leaves_what_was_refused(inspector):
    visit = Visit(replace(Settings(), max_batch=2), FIRST)
    visit.follow("files", [GOOD, BAD, BROKEN])
    visit.note("files", [GOOD, BAD, BROKEN])
    visit.show_sample(SECOND)
    visit.follow("files", [BAD, BROKEN])
    assert not visit.news
    assert visit.batch.refused == ["broken.png"]
    assert look(visit, inspector) == "bad.png"


def test_an_image_taken_out_before_it_was_looked_at_does_no_harm(visit, inspector):
    visit.follow("files", [BAD])
    visit.note("files", [BAD])
    visit.follow("files", [])
    assert look(visit, inspector) == FIRST


def test_two_files_of_one_broken_picture_do_no_harm(visit, inspector):
    visit.follow("files", [BROKEN, Uploaded("9", "copy.png", BROKEN.content)])
    assert look(visit, inspector) == FIRST
    assert problems(visit) == [("broken.png", "copy.png")]


def test_problems_are_news_until_a_sample_is_chosen(visit):
    assert not visit.news
    visit.follow("files", [BROKEN])
    assert visit.news
    visit.show_sample(SECOND)
    assert not visit.news


def test_only_problems_since_the_last_sample_are_news_also_of_a_file_brought_again(visit, inspector):
    visit.follow("files", [BROKEN])
    look(visit, inspector)
    visit.show_sample(SECOND)
    assert problems(visit) == []
    text = Uploaded("4", "text.png", b"a text")
    visit.note("files", [BROKEN])
    visit.follow("files", [BROKEN, text])
    look(visit, inspector)
    assert problems(visit) == [("text.png",)]
    visit.take([(BROKEN.name, BROKEN.getvalue)])
    look(visit, inspector)
    assert problems(visit) == [("broken.png",), ("text.png",)]


def test_clearing_returns_to_the_last_sample(visit, inspector):
    visit.show_sample(SECOND)
    visit.follow("files", [BAD, BROKEN])
    look(visit, inspector)
    visit.clear()
    assert look(visit, inspector) == SECOND
    assert not visit.batch.uploads
    assert not visit.batch.failures
