from dataclasses import dataclass

import pytest

from tests.workbench.fakes import CHOICE, good_png, png
from workbench.basics.pictures import digest_of
from workbench.inspection.samples import read_samples
from workbench.inspection.visitor import VisitorState
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
def visitor() -> VisitorState:
    return VisitorState(Settings(), FIRST)


def look(visitor: VisitorState, inspector) -> str:
    """Name of the upload or of the sample that is inspected."""
    visitor.settle(CHOICE, inspector)
    names = {digest_of(sample.path.read_bytes()): name for name, sample in SAMPLES.items()}
    names |= {upload.digest: upload.name for upload in visitor.batch.uploads.values()}
    return names[visitor.inspect(SAMPLES, CHOICE, inspector).picture.digest]


def problems(visitor: VisitorState) -> list[tuple[str, ...]]:
    return [failure.names for failure in visitor.problems]


def test_a_visit_starts_with_a_sample(visitor, inspector):
    assert look(visitor, inspector) == FIRST


def test_the_first_good_upload_is_shown(visitor, inspector):
    visitor.follow("files", [BROKEN, BAD, GOOD])
    assert look(visitor, inspector) == "bad.png"


def test_a_bad_file_leaves_on_the_screen_what_was_there(visitor, inspector):
    visitor.show_sample(SECOND)
    visitor.follow("files", [BROKEN])
    assert look(visitor, inspector) == SECOND
    assert problems(visitor) == [("broken.png",)]
    visitor.note("files", [BROKEN])
    visitor.follow("files", [BROKEN, GOOD])
    assert look(visitor, inspector) == "good.png"
    visitor.note("files", [BROKEN, GOOD])
    visitor.follow("files", [BROKEN, GOOD, Uploaded("4", "text.png", b"a text")])
    assert look(visitor, inspector) == "good.png"
    assert len(visitor.batch.failures) == 2


def test_what_is_taken_out_of_the_uploader_is_forgotten(visitor, inspector):
    visitor.follow("files", [GOOD, BAD])
    visitor.note("files", [GOOD, BAD])
    assert look(visitor, inspector) == "good.png"
    visitor.follow("files", [BAD])
    assert [upload.name for upload in visitor.batch.uploads.values()] == ["bad.png"]
    assert look(visitor, inspector) == "bad.png"
    visitor.follow("files", [])
    assert look(visitor, inspector) == FIRST


def test_a_file_listed_twice_stays_until_its_last_copy_is_taken_out(visitor, inspector):
    copy = Uploaded("9", "copy.png", BAD.content)
    visitor.follow("files", [BAD, copy])
    assert look(visitor, inspector) == "bad.png = copy.png"
    visitor.note("files", [BAD, copy])
    visitor.follow("files", [copy])
    assert [upload.name for upload in visitor.batch.uploads.values()] == ["copy.png"]
    assert visitor.upload is not None
    visitor.note("files", [copy])
    visitor.follow("files", [])
    assert not visitor.batch.uploads


def test_leaving_the_page_empties_the_uploader_but_not_the_table(visitor):
    visitor.follow("files", [GOOD])
    visitor.note("files", [GOOD])
    visitor.note("files", [])  # the page is opened again: the uploader is empty
    visitor.follow("files", [BAD])
    assert [upload.name for upload in visitor.batch.uploads.values()] == ["good.png", "bad.png"]


def test_a_folder_of_this_machine(visitor, inspector, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "part.png").write_bytes(png())
    (tmp_path / "notes.txt").write_text("no image")
    visitor.take_folder(f" {tmp_path} ")
    assert look(visitor, inspector) == "sub/part.png"
    assert not visitor.batch.failures


def test_a_picture_that_a_folder_holds_too_stays_when_it_is_taken_out_of_the_uploader(visitor, tmp_path):
    visitor.follow("files", [BAD])
    visitor.note("files", [BAD])
    (tmp_path / "part.png").write_bytes(BAD.content)
    visitor.take_folder(str(tmp_path))
    visitor.follow("files", [])
    assert [upload.names for upload in visitor.batch.uploads.values()] == [("part.png",)]


def test_to_take_a_file_out_is_no_news_and_leaves_what_was_refused(inspector):
    visitor = VisitorState(Settings(CRR_MAX_BATCH="2"), FIRST)
    visitor.follow("files", [GOOD, BAD, BROKEN])
    visitor.note("files", [GOOD, BAD, BROKEN])
    visitor.show_sample(SECOND)
    visitor.follow("files", [BAD, BROKEN])
    assert not visitor.news
    assert visitor.batch.refused == ["broken.png"]
    assert look(visitor, inspector) == "bad.png"


def test_an_image_taken_out_before_it_was_looked_at_does_no_harm(visitor, inspector):
    visitor.follow("files", [BAD])
    visitor.note("files", [BAD])
    visitor.follow("files", [])
    assert look(visitor, inspector) == FIRST


def test_two_files_of_one_broken_picture_do_no_harm(visitor, inspector):
    visitor.follow("files", [BROKEN, Uploaded("9", "copy.png", BROKEN.content)])
    assert look(visitor, inspector) == FIRST
    assert problems(visitor) == [("broken.png", "copy.png")]


def test_problems_are_news_until_a_sample_is_chosen(visitor):
    assert not visitor.news
    visitor.follow("files", [BROKEN])
    assert visitor.news
    visitor.show_sample(SECOND)
    assert not visitor.news


def test_only_problems_since_the_last_sample_are_news_also_of_a_file_brought_again(visitor, inspector):
    visitor.follow("files", [BROKEN])
    look(visitor, inspector)
    visitor.show_sample(SECOND)
    assert problems(visitor) == []
    text = Uploaded("4", "text.png", b"a text")
    visitor.note("files", [BROKEN])
    visitor.follow("files", [BROKEN, text])
    look(visitor, inspector)
    assert problems(visitor) == [("text.png",)]
    visitor.take([(BROKEN.name, BROKEN.getvalue)])
    look(visitor, inspector)
    assert problems(visitor) == [("broken.png",), ("text.png",)]


def test_clearing_returns_to_the_last_sample(visitor, inspector):
    visitor.show_sample(SECOND)
    visitor.follow("files", [BAD, BROKEN])
    look(visitor, inspector)
    visitor.clear()
    assert look(visitor, inspector) == SECOND
    assert not visitor.batch.uploads
    assert not visitor.batch.failures


def shown_name(visitor: VisitorState) -> str | None:
    return None if visitor.upload is None else visitor.batch.uploads[visitor.upload].name


@pytest.mark.parametrize(("shown", "taken_out", "then"), [(0, 0, 1), (1, 1, 2), (2, 2, 1), (1, 0, 1)])
def test_a_photo_that_is_taken_out_gives_way_to_the_next_of_the_list(
    visitor, inspector, shown, taken_out, then
):
    files = [Uploaded(str(number), f"{number}.png", good_png(100 + number)) for number in range(3)]
    visitor.follow("files", files)
    visitor.show_upload(digest_of(files[shown].content))
    visitor.follow("files", [file for file in files if file is not files[taken_out]])
    assert shown_name(visitor) == f"{then}.png"  # at once, so that the gallery marks no sample
    assert look(visitor, inspector) == f"{then}.png"
    assert visitor.news


def test_who_takes_photos_out_is_not_turned_away_when_all_are_inspected(visitor, inspector):
    shown, next_one = Uploaded("4", "0.png", good_png(90)), Uploaded("5", "1.png", good_png(91))
    visitor.follow("files", [shown, next_one, BAD])
    look(visitor, inspector)
    visitor.follow("files", [next_one, BAD])
    visitor.batch.inspect_some(CHOICE, inspector, seconds=9)
    assert not visitor.turn_to_highest(CHOICE)
    assert shown_name(visitor) == "1.png"


def test_a_damaged_photo_is_stepped_over_when_the_one_before_it_is_taken_out(visitor, inspector):
    visitor.follow("files", [GOOD, BROKEN, BAD])
    look(visitor, inspector)
    visitor.follow("files", [BROKEN, BAD])
    assert look(visitor, inspector) == "bad.png"


def test_a_photo_of_a_typed_folder_is_shown_before_a_sample_is(visitor, inspector, tmp_path):
    (tmp_path / "part.png").write_bytes(png())
    visitor.take_folder(str(tmp_path))
    look(visitor, inspector)
    visitor.follow("files", [GOOD])
    assert look(visitor, inspector) == "good.png"
    visitor.follow("files", [])
    assert look(visitor, inspector) == "part.png"


def test_what_is_added_and_taken_out_before_the_page_could_be_drawn_is_gone(visitor):
    visitor.follow("files", [GOOD])
    visitor.follow("files", [])
    assert not visitor.batch.uploads


def test_files_of_the_system_are_passed_over_and_counted(visitor, inspector):
    names = ["line1/000.png", "line1/._000.png", "__MACOSX/line1/000.png", "@eaDir/000.png", "Thumbs.db"]
    visitor.follow("folder", [Uploaded(name, name, png()) for name in names])
    assert look(visitor, inspector) == "line1/000.png"
    assert not visitor.batch.failures
    sentence = "4 files were passed over, such as line1/._000.png:"
    assert str(visitor.passed_over_sentence).startswith(sentence)
    visitor.follow("folder", [Uploaded(name, name, png()) for name in [*names, ".DS_Store"]])
    assert list(visitor.passed_over) == [".DS_Store"]  # the others are no news
    visitor.show_sample(SECOND)
    assert visitor.passed_over_sentence is None


def test_masks_of_a_folder_are_passed_over_and_photos_chosen_one_by_one_are_not(visitor, inspector, tmp_path):
    names = ["parts/a.png", "parts/a_mask.png", "parts/gt/a.png", "a.png", "a_mask.png"]
    visitor.follow("folder", [Uploaded(name, name, png() + name.encode()) for name in names])
    assert visitor.passed_over == {
        "parts/a_mask.png": "a mask that lies beside its image",
        "parts/gt/a.png": "masks, which are no photos",
    }
    kept = [upload.name for upload in visitor.batch.uploads.values()]
    assert kept == ["parts/a.png", "a.png", "a_mask.png"]
    visitor.follow("folder", [])
    assert not visitor.batch.uploads
    for name in names[3:]:
        (tmp_path / name).write_bytes(png() + name.encode())
    visitor.take_folder(str(tmp_path))
    assert list(visitor.passed_over) == ["a_mask.png"]
    assert look(visitor, inspector) == "a.png"


def test_a_folder_with_nothing_but_files_of_the_system_is_news_too(visitor):
    visitor.follow("folder", [Uploaded("1", "._a.jpg", b"")])
    assert visitor.news
    assert visitor.passed_over == {"._a.jpg": "hidden, or of the system"}


def test_folders_tell_photos_of_one_name_apart(visitor):
    lines = [
        Uploaded(name, name, good_png(shade)) for shade, name in ((90, "line1/0.png"), (99, "line2/0.png"))
    ]
    visitor.follow("folder", lines)
    assert [upload.names for upload in visitor.batch.uploads.values()] == [("line1/0.png",), ("line2/0.png",)]


def test_own_photos_are_found_again_by_number_and_news_with_them(visitor, inspector):
    visitor.follow("files", [GOOD, BROKEN, BAD])
    assert look(visitor, inspector) == "good.png"
    first = visitor.number
    visitor.return_to_sample(SECOND)
    assert visitor.number is None
    assert not visitor.news
    assert first is not None
    assert visitor.return_to_upload(first)
    assert look(visitor, inspector) == "good.png"
    assert visitor.news
    visitor.follow("files", [BROKEN, BAD])
    assert not visitor.return_to_upload(first)
    assert look(visitor, inspector) == "bad.png"
    assert visitor.number not in (None, first)
