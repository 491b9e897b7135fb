import pytest

from crr.errors import DeviceError, ImageError
from tests.workbench.fakes import CHOICE, OTHER_MODEL, FakeLibrary, good_png, part, png
from workbench.inspection.batch import Batch
from workbench.inspection.inspector import ModelChoice
from workbench.settings import Settings


def files(**contents: bytes):
    return [(f"{name}.png", lambda content=content: content) for name, content in contents.items()]


@pytest.fixture
def batch() -> Batch:
    return Batch(Settings())


def test_rows_are_sorted_by_score_and_judged_at_the_chosen_strictness(batch, inspector):
    batch.add(files(good=good_png(), bad=png(), faint=png(part(strength=180))))
    batch.inspect_some(CHOICE, inspector, seconds=9)
    rows = batch.rows(CHOICE)
    assert [row.name for row in rows] == ["bad.png", "faint.png", "good.png"]
    assert [row.verdict() for row in rows] == ["defective", "defective", "normal"]
    assert [row.verdict(1.6) for row in rows] == ["defective", "check by hand", "normal"]


def test_a_bad_file_is_a_sentence_and_the_rest_go_on(batch, inspector):
    batch.add(files(good=good_png(), broken=png()[:60], empty=b"", bad=png()))
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert [row.name for row in batch.rows(CHOICE)] == ["bad.png", "good.png"]
    assert sorted(failure.names for failure in batch.failures.values()) == [("broken.png",), ("empty.png",)]
    assert all(failure.names[0] in failure.sentence for failure in batch.failures.values())
    assert not batch.pending(CHOICE)


def test_a_file_that_cannot_be_read_is_a_sentence_until_it_can(batch):
    def read() -> bytes:
        raise ImageError("secret.png may not be read by this user: change its permissions.")

    assert batch.add([("secret.png", read)]) == []
    assert "permissions" in batch.failures["secret.png"].sentence
    assert len(batch.add([("secret.png", png)])) == 1
    assert batch.failures == {}


def test_a_broken_picture_keeps_the_names_of_all_its_files(batch, inspector):
    broken = png()[:60]
    batch.add(files(a=broken, b=broken))
    batch.inspect_some(CHOICE, inspector, seconds=9)
    batch.add(files(c=broken))
    assert batch.summary(CHOICE).startswith("0 of 1 inspected")
    batch.inspect_some(CHOICE, inspector, seconds=9)
    (failure,) = batch.failures.values()
    assert failure.names == ("a.png", "b.png", "c.png")
    assert batch.summary(CHOICE) == (
        "0 of 1 inspected: 0 defective, 1 could not be inspected. "
        "Files that are the same picture share a row."
    )


def test_a_picture_that_is_no_longer_there_has_no_inspection(batch, inspector):
    (digest,) = batch.add(files(a=png()))
    batch.forget(digest, "a.png")
    assert batch.inspect(digest, CHOICE, inspector) is None


def test_the_same_image_twice_is_one_row(batch, inspector, library):
    assert len(batch.add(files(a=png(), b=png()))) == 2
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert library.inspected == 1
    assert [row.name for row in batch.rows(CHOICE)] == ["a.png = b.png"]
    assert batch.summary(CHOICE) == (
        "1 of 1 inspected: 1 defective. Files that are the same picture share a row."
    )
    batch.add(files(c=png(), d=png()))
    assert [row.name for row in batch.rows(CHOICE)] == ["a.png = b.png and 2 more"]


def test_the_summary_counts_and_follows_the_strictness(batch, inspector):
    batch.add(files(good=good_png(), bad=png(), faint=png(part(strength=180)), broken=png()[:60]))
    assert batch.summary(CHOICE) == "0 of 4 inspected: 0 defective, 4 not inspected yet."
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert batch.summary(CHOICE) == "3 of 4 inspected: 2 defective, 1 normal, 1 could not be inspected."
    assert (
        batch.summary(CHOICE, 1.6)
        == "3 of 4 inspected: 1 defective, 1 to check by hand, 1 normal, 1 could not be inspected."
    )


def test_images_beyond_the_limit_are_refused_unread_with_a_sentence():
    batch = Batch(Settings(CRR_MAX_BATCH="2"))
    batch.add(files(a=good_png(1), b=good_png(2), c=good_png(3)))

    def never() -> bytes:
        raise AssertionError("read although the batch is full")

    assert batch.refused == ["c.png"]
    batch.add([("d.png", never), ("e.png", never)])
    assert batch.refusal == (
        "2 files were left out, from d.png on: the table holds at most 2 images and 256 MB. "
        "Save the results, clear the table and add the rest; the command crr predict has no such limit."
    )
    batch.forget(next(iter(batch.uploads)), "a.png")
    batch.add(files(f=good_png(6)))
    assert batch.refusal is None


def test_bytes_beyond_the_limit_are_refused():
    batch = Batch(Settings().model_copy(update={"session_bytes": len(png()) + 10}))

    def never() -> bytes:
        raise AssertionError("read although the batch is full")

    batch.add([*files(a=png(), b=good_png()), ("c.png", never)])
    assert (len(batch.uploads), batch.refused) == (1, ["b.png", "c.png"])


def test_turns_are_short(batch):
    inspector = FakeLibrary(inspect_seconds=0.02).inspector()
    batch.add(files(**{f"part{shade}": good_png(shade) for shade in range(10)}))
    batch.inspect_some(CHOICE, inspector, seconds=0.03)
    assert 1 <= len(batch.rows(CHOICE)) <= 3


def test_maps_that_had_to_go_are_made_again_and_rows_stay(inspector, library):
    batch = Batch(Settings().model_copy(update={"session_bytes": 60_000}))  # a map or two
    batch.add(files(**{f"part{shade}": good_png(shade) for shade in range(8)}))
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert library.inspected == len(batch.rows(CHOICE)) == 8
    assert batch._results.size <= 60_000
    assert not batch.pending(CHOICE)
    batch.inspect(next(iter(batch.uploads)), CHOICE, inspector)
    assert library.inspected == 9


def test_another_model_is_asked_anew_and_the_first_answers_stay(batch, inspector, library):
    batch.add(files(a=png()))
    batch.inspect_some(CHOICE, inspector, seconds=9)
    other = ModelChoice(OTHER_MODEL, "cpu")
    assert len(batch.pending(other)) == 1
    batch.inspect_some(other, inspector, seconds=9)
    assert len(batch.rows(CHOICE)) == len(batch.rows(other)) == 1
    assert library.inspected == 2


def test_trouble_with_the_device_is_no_fault_of_the_image(batch, library):
    def fail(*_: object) -> None:
        raise DeviceError("out of memory")

    batch.add(files(a=good_png(), b=png()))
    first, second = batch.pending(CHOICE)
    batch.inspect(first.digest, CHOICE, library.inspector())
    library.inspect = fail
    with pytest.raises(DeviceError):
        batch.inspect(second.digest, CHOICE, library.inspector())
    batch.inspect_some(CHOICE, library.inspector(), seconds=9)
    assert batch.model_errors == {CHOICE.key: "out of memory"}
    assert [row.name for row in batch.rows(CHOICE)] == ["a.png"]
    assert [upload.name for upload in batch.pending(CHOICE)] == ["b.png"]
    assert batch.failures == {}


def test_the_last_name_takes_the_picture_along(batch, inspector):
    (digest, _, broken, _) = batch.add(files(a=png(), b=png(), c=b"no image", d=b"no image"))
    batch.inspect_some(CHOICE, inspector, seconds=9)
    batch.forget(digest, "a.png")
    batch.forget(broken, "d.png")
    assert [row.name for row in batch.rows(CHOICE)] == ["b.png"]
    assert batch.failures[broken].names == ("c.png",)
    batch.forget(digest, "b.png")
    assert batch.rows(CHOICE) == []


def test_removing_forgets_everything(batch, inspector):
    (digest, broken) = batch.add(files(a=png(), broken=b"no image"))
    batch.inspect_some(CHOICE, inspector, seconds=9)
    batch.forget(digest, "a.png")
    batch.forget(broken, "broken.png")
    assert (batch.uploads, batch.failures, batch.rows(CHOICE), len(batch._results)) == ({}, {}, [], 0)


def test_two_visitors_share_nothing(inspector, library):
    first, second = Batch(Settings()), Batch(Settings())
    first.add(files(a=png()))
    first.inspect_some(CHOICE, inspector, seconds=9)
    assert second.rows(CHOICE) == []
    second.add(files(b=png()))
    second.inspect_some(CHOICE, inspector, seconds=9)
    assert [row.name for row in second.rows(CHOICE)] == ["b.png"]
    assert library.inspected == 2
