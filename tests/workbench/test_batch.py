from dataclasses import replace

import pytest

from crr.errors import DeviceError
from tests.workbench.fakes import MODEL, OTHER_MODEL, QUESTION, FakeLibrary, good_png, part, png
from workbench.batch import Batch, Question
from workbench.settings import Settings


def files(**contents: bytes):
    return [(f"{name}.png", lambda content=content: content) for name, content in contents.items()]


@pytest.fixture
def batch() -> Batch:
    return Batch(Settings())


def test_rows_are_sorted_by_score_and_judged_at_the_chosen_strictness(batch, inspector):
    batch.add(files(good=good_png(), bad=png(), faint=png(part(strength=180))))
    batch.inspect_some(QUESTION, inspector, seconds=9)
    rows = batch.rows(QUESTION)
    assert [row.name for row in rows] == ["bad.png", "faint.png", "good.png"]
    assert [row.verdict() for row in rows] == ["defective", "defective", "normal"]
    assert [row.verdict(1.6) for row in rows] == ["defective", "normal", "normal"]


def test_a_bad_file_is_a_sentence_and_the_rest_go_on(batch, inspector):
    batch.add(files(good=good_png(), broken=png()[:60], empty=b"", bad=png()))
    batch.inspect_some(QUESTION, inspector, seconds=9)
    assert [row.name for row in batch.rows(QUESTION)] == ["bad.png", "good.png"]
    assert sorted(name for name, _ in batch.failures.values()) == ["broken.png", "empty.png"]
    assert all(name in sentence for name, sentence in batch.failures.values())
    assert not batch.pending(QUESTION)


def test_a_file_that_cannot_be_opened_is_a_sentence(batch):
    def read() -> bytes:
        raise PermissionError(13, "Permission denied")

    assert batch.add([("secret.png", read)]) == []
    assert "Permission denied" in batch.failures["secret.png"][1]


def test_the_same_image_twice_is_one_row(batch, inspector, library):
    assert len(batch.add(files(a=png(), b=png()))) == 2
    batch.inspect_some(QUESTION, inspector, seconds=9)
    assert len(batch.rows(QUESTION)) == library.inspected == 1


def test_images_beyond_the_limit_are_refused_unread_with_a_sentence():
    batch = Batch(replace(Settings(), max_batch=2))
    batch.add(files(a=good_png(1), b=good_png(2), c=good_png(3)))

    def never() -> bytes:
        raise AssertionError("read although the batch is full")

    assert batch.refused == ["c.png"]
    batch.add([("d.png", never), ("e.png", never)])
    assert batch.refusal == (
        "2 files were left out, from d.png on: the table holds at most 2 images and 256 MB. "
        "Save the results, clear the table and add the rest."
    )
    batch.remove(next(iter(batch.uploads)))
    batch.add(files(f=good_png(6)))
    assert batch.refusal is None


def test_bytes_beyond_the_limit_are_refused():
    batch = Batch(replace(Settings(), session_bytes=len(png()) + 10))
    batch.add(files(a=png(), b=good_png()))
    assert (len(batch.uploads), batch.refused) == (1, ["b.png"])


def test_turns_are_short(batch):
    inspector = FakeLibrary(inspect_seconds=0.02).inspector()
    batch.add(files(**{f"part{shade}": good_png(shade) for shade in range(10)}))
    batch.inspect_some(QUESTION, inspector, seconds=0.03)
    assert 1 <= len(batch.rows(QUESTION)) <= 3


def test_maps_that_had_to_go_are_made_again_and_rows_stay(inspector, library):
    batch = Batch(replace(Settings(), session_bytes=60_000))  # a map or two
    batch.add(files(**{f"part{shade}": good_png(shade) for shade in range(8)}))
    batch.inspect_some(QUESTION, inspector, seconds=9)
    assert library.inspected == len(batch.rows(QUESTION)) == 8
    assert batch._results.size <= 60_000
    assert not batch.pending(QUESTION)
    batch.inspect(next(iter(batch.uploads)), QUESTION, inspector)
    assert library.inspected == 9


def test_another_model_is_asked_anew_and_the_first_answers_stay(batch, inspector, library):
    batch.add(files(a=png()))
    batch.inspect_some(QUESTION, inspector, seconds=9)
    other = Question(OTHER_MODEL, "cpu")
    assert len(batch.pending(other)) == 1
    batch.inspect_some(other, inspector, seconds=9)
    assert len(batch.rows(QUESTION)) == len(batch.rows(other)) == 1
    assert library.inspected == 2


def test_trouble_with_the_device_is_no_fault_of_the_image(batch, library):
    def fail(*_: object) -> None:
        raise DeviceError("out of memory")

    batch.add(files(a=good_png(), b=png()))
    first, second = batch.pending(QUESTION)
    batch.inspect(first.digest, QUESTION, library.inspector())
    library.inspect = fail
    with pytest.raises(DeviceError):
        batch.inspect(second.digest, QUESTION, library.inspector())
    batch.inspect_some(QUESTION, library.inspector(), seconds=9)
    assert batch.trouble == {QUESTION.key: "out of memory"}
    assert [row.name for row in batch.rows(QUESTION)] == ["a.png"]
    assert [upload.name for upload in batch.pending(QUESTION)] == ["b.png"]
    assert batch.failures == {}


def test_removing_forgets_everything(batch, inspector):
    (digest, broken) = batch.add(files(a=png(), broken=b"no image"))
    batch.inspect_some(Question(MODEL, "cpu"), inspector, seconds=9)
    batch.remove(digest)
    batch.remove(broken)
    assert (batch.uploads, batch.failures, batch.rows(QUESTION), len(batch._results)) == ({}, {}, [], 0)


def test_two_visitors_share_nothing(inspector, library):
    first, second = Batch(Settings()), Batch(Settings())
    first.add(files(a=png()))
    first.inspect_some(QUESTION, inspector, seconds=9)
    assert second.rows(QUESTION) == []
    second.add(files(b=png()))
    second.inspect_some(QUESTION, inspector, seconds=9)
    assert [row.name for row in second.rows(QUESTION)] == ["b.png"]
    assert library.inspected == 2
