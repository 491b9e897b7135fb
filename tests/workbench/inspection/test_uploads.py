"""What is more than one plain photo: pages, deep pixels, and photos that cannot be judged."""

from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest

from crr.config import ValueRange
from tests.crr.files import tiff
from tests.workbench.fakes import CHOICE, good_png, pages, part, png
from workbench.explanation.study_image import original
from workbench.inspection.batch import Batch, contents_in_batches
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.photo import photos_of
from workbench.inspection.visitor import VisitorState
from workbench.settings import Settings


@pytest.fixture
def batch() -> Batch:
    return Batch(Settings())


def deep(top: int) -> bytes:
    """A PNG of 16 bits that does not say which value is white; its brightest value is `top`."""
    values = part().astype(np.float64).max(axis=-1)
    return cv2.imencode(".png", np.rint(values / values.max() * top).astype(np.uint16))[1].tobytes()


def names(batch: Batch) -> list[str]:
    return [upload.name for upload in batch.uploads.values()]


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP"])
def test_a_file_of_several_pages_is_a_row_a_page(batch, inspector, kind):
    batch.add([("scan.tif", lambda: pages(120, 0, 110, kind=kind))])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert names(batch) == ["scan.tif, page 1", "scan.tif, page 2", "scan.tif, page 3"]
    rows = {row.page: row.verdict() for row in batch.rows(CHOICE)}
    assert rows == {1: "normal", 2: "defective", 3: "normal"}
    assert batch.summary(CHOICE).startswith("3 of 3 inspected: 1 defective")


def test_pages_come_and_go_with_their_file(batch, inspector):
    content = pages(120, 0)
    batch.add([("a.tif", lambda: content), ("b.tif", lambda: content), ("c.png", good_png)])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert names(batch) == ["a.tif = b.tif, page 1", "a.tif = b.tif, page 2", "c.png"]
    source = next(iter(batch.uploads.values())).source
    batch.forget(source, "a.tif")
    assert names(batch) == ["b.tif, page 1", "b.tif, page 2", "c.png"]
    batch.forget(source, "b.tif")
    assert names(batch) == ["c.png"]
    assert len(batch.rows(CHOICE)) == 1


def test_pages_count_against_the_limit():
    batch = Batch(Settings(CRR_MAX_BATCH="3"))
    batch.add([("a.tif", lambda: pages(120, 0)), ("b.tif", lambda: pages(110, 0))])
    assert names(batch) == ["a.tif, page 1", "a.tif, page 2"]
    assert batch.refused == ["b.tif"]


def test_deep_photos_are_read_alike_and_not_each_by_its_own_brightest_value(batch, inspector):
    batch.add([("a.png", lambda: deep(4600)), ("b.png", lambda: deep(4200)), ("c.png", lambda: deep(4090))])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert batch.guessed_range == ValueRange(0, 8191)
    assert {row.value_range for row in batch.rows(CHOICE)} == {"0 to 8191"}
    images = [batch.open(upload, CHOICE).image for upload in batch.uploads.values()]
    assert [int(image.max()) for image in images] == [143, 131, 127]


def test_what_was_found_is_forgotten_when_deep_photos_are_read_otherwise(batch, inspector):
    batch.add([("a.png", lambda: deep(4000)), ("plain.png", good_png), ("0.png", lambda: deep(3000))])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    read = {"a.png": "0 to 4095", "0.png": "0 to 4095", "plain.png": ""}
    assert {row.name: row.value_range for row in batch.rows(CHOICE)} == read
    batch.forget(next(upload.source for upload in batch.uploads.values() if upload.name == "0.png"), "0.png")
    batch.add([("b.png", lambda: deep(5000))])
    assert [upload.name for upload in batch.pending(CHOICE)] == ["a.png", "b.png"]
    batch.inspect_some(CHOICE, inspector, seconds=9)
    batch.choose_range(ValueRange.of_bits(16))
    assert [upload.name for upload in batch.pending(CHOICE)] == ["a.png", "b.png"]
    batch.inspect_some(CHOICE, inspector, seconds=9)
    batch.choose_range(ValueRange.of_bits(16))
    assert not batch.pending(CHOICE)
    batch.choose_range(None)
    batch.forget(
        batch.uploads[next(d for d, u in batch.uploads.items() if u.name == "b.png")].source, "b.png"
    )
    assert batch.range_for(CHOICE) is None  # one is left


def test_a_photo_alone_is_asked_about_and_inspected_once_it_is_told(batch, inspector):
    visitor = VisitorState(Settings(), "screw_good")
    visitor.batch = batch
    visitor.take([("a.png", lambda: deep(4000)), ("plain.png", good_png)])
    assert visitor.settle(CHOICE, inspector)
    assert (names(batch), [upload.name for upload in batch.asking]) == (["plain.png"], ["a.png"])
    [failure] = visitor.problems
    assert failure.sentence.startswith(
        "a.png does not say which value is white, and one image alone does not"
    )
    assert batch.summary(CHOICE).startswith("1 of 2 inspected: 0 defective, 1 normal, 1 could not be")
    assert not visitor.settle(CHOICE, inspector)  # it is not asked for twice
    batch.choose_range(ValueRange.of_bits(12))
    assert visitor.settle(CHOICE, inspector)
    assert (names(batch), batch.asking, visitor.problems) == (["plain.png", "a.png"], [], [])
    assert {row.name: row.value_range for row in batch.rows(CHOICE)}["a.png"] == "0 to 4095"
    assert batch.uploads[visitor.upload or ""].name == "a.png"
    batch.choose_range(None)
    assert visitor.settle(CHOICE, inspector)
    assert visitor.upload is None
    visitor.take([("b.png", lambda: deep(5000)), ("again.png", lambda: deep(4000))])
    assert visitor.settle(CHOICE, inspector)  # two tell a range
    assert (names(batch), batch.failures) == (["plain.png", "b.png", "a.png = again.png"], {})
    assert batch.range_for(CHOICE) == ValueRange(0, 8191)


def test_what_waits_for_a_range_takes_room_and_can_be_taken_out():
    batch = Batch(Settings(CRR_MAX_BATCH="2"))
    batch.add([("a.png", lambda: deep(4000))])
    batch.set_aside(CHOICE)
    [waiting] = batch.asking
    assert contents_in_batches()[id(waiting.content)] == len(waiting.content)
    batch.add([("b.png", good_png), ("c.png", lambda: good_png(60))])
    assert (names(batch), batch.refused) == (["b.png"], ["c.png"])
    batch.forget(waiting.source, "a.png")
    assert (batch.asking, batch.failures) == ([], {})


def test_a_model_without_a_range_reads_a_photo_as_those_beside_it_do(batch):
    batch.add([("a.png", lambda: deep(4000))])
    own = ModelChoice(replace(CHOICE.model, value_range=ValueRange(0, 16383)), CHOICE.device)
    assert batch.set_aside(own) == []
    [upload] = batch.uploads.values()
    shared = batch.open(upload, own)
    assert batch.open(upload, CHOICE, shared) is shared


def test_a_photo_in_which_a_value_stands_for_none_waits_alone(batch):
    holed = part()[..., 0].astype(np.int32)
    holed[:9, :9] = -9999
    files = {"a.png": deep(4000), "b.png": deep(3000), "holed.tif": tiff(holed, t339=2)}
    batch.add([(name, partial(bytes, content)) for name, content in files.items()])
    batch.set_aside(CHOICE)
    assert (names(batch), [upload.name for upload in batch.asking]) == (["a.png", "b.png"], ["holed.tif"])
    [failure] = batch.failures.values()
    assert "holed.tif holds -9999, far from all its other values" in failure.sentence
    assert batch.range_for(CHOICE) == ValueRange(0, 4095)


def test_fractions_among_integers_wait_for_a_range(batch):
    fractions = tiff(part()[..., 0].astype(np.float32) / 100, t339=3)
    batch.add([("a.png", lambda: deep(4000)), ("b.tif", lambda: fractions)])
    batch.set_aside(CHOICE)
    sentences = [failure.sentence for failure in batch.failures.values()]
    reason = "cannot be read yet: Some images hold fractions and others integers"
    assert sentences[0].startswith(f"a.png {reason}")
    assert sentences[1].startswith(f"b.tif {reason}")


def test_a_model_that_keeps_a_range_is_asked_with_it_and_the_visitor_knows_better(batch):
    batch.add([("a.png", lambda: deep(4000))])
    own = replace(CHOICE.model, value_range=ValueRange(0, 16383))
    choice = ModelChoice(own, CHOICE.device)
    assert batch.range_for(choice) == ValueRange(0, 16383)
    assert batch.range_for(CHOICE) is None
    batch.choose_range(ValueRange.of_bits(10))
    assert batch.range_for(choice) == ValueRange(0, 1023)


def test_a_photo_is_another_image_where_it_is_read_otherwise_and_each_page_is_one(batch, library):
    inspector, visitor = library.inspector(), VisitorState(Settings(), "screw_good")
    visitor.batch = batch
    content = pages(120, 110)
    batch.add([("a.png", lambda: deep(4000)), ("scan.tif", lambda: content), ("plain.png", good_png)])
    batch.add([("b.png", lambda: deep(3000))])
    photo, *others, _ = photos_of(visitor, {}, own=True)
    own = ModelChoice(replace(CHOICE.model, value_range=ValueRange(0, 16383), revision="own"), "cpu")
    before, reads = photo.open(CHOICE), {choice: photo.open(choice).image.max() for choice in (CHOICE, own)}
    assert reads == {CHOICE: 249, own: 62}
    assert len({other.open(CHOICE).key for other in others}) == 3
    assert {other.open(CHOICE).key: other.open(own).key for other in others} == {
        other.open(own).key: other.open(own).key for other in others
    }
    assert original(photo, before).key != original(photo, photo.open(own)).key
    photo.standard_index(CHOICE, inspector, before)
    photo.standard_index(own, inspector, before)  # of the image as this model reads it
    assert len(visitor.standard_indices) == 2
    batch.choose_range(ValueRange.of_bits(16))
    assert photo.open(CHOICE).key == photo.open(own).key != before.key
    photo.standard_index(CHOICE, inspector, before)
    assert len(visitor.standard_indices) == 3


def test_photos_that_cannot_be_judged_are_counted_apart(batch, inspector):
    batch.add([("good.png", good_png), ("bad.png", png)])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    known, other = batch.rows(CHOICE)
    assert known.verdict() == "defective"
    assert replace(known, known=False).verdict(9) == "unknown part"
    assert replace(known, known=False, seen=False).verdict() == "no part seen"
    assert replace(other, seen=False).verdict() == "no part seen"
