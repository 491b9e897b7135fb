"""What is more than one plain photo: pages, deep pixels, and photos that cannot be judged."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from crr.config import ValueRange
from tests.workbench.fakes import CHOICE, good_png, pages, part, png
from workbench.explanation.study_image import original
from workbench.inspection.batch import Batch
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
    batch.add([("a.png", lambda: deep(4000)), ("plain.png", good_png)])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert {row.name: row.value_range for row in batch.rows(CHOICE)} == {
        "a.png": "0 to 4095",
        "plain.png": "",
    }
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
    assert batch.range_for(CHOICE) == ValueRange(0, 4095)


def test_a_model_that_keeps_a_range_is_asked_with_it_and_the_visitor_knows_better(batch):
    batch.add([("a.png", lambda: deep(4000))])
    own = replace(CHOICE.model, value_range=ValueRange(0, 16383))
    choice = ModelChoice(own, CHOICE.device)
    assert batch.range_for(choice) == ValueRange(0, 16383)
    assert batch.range_for(CHOICE) == ValueRange(0, 4095)
    batch.choose_range(ValueRange.of_bits(10))
    assert batch.range_for(choice) == ValueRange(0, 1023)


def test_a_photo_is_another_image_where_it_is_read_otherwise_and_each_page_is_one(batch, library):
    inspector, visitor = library.inspector(), VisitorState(Settings(), "screw_good")
    visitor.batch = batch
    content = pages(120, 110)
    batch.add([("a.png", lambda: deep(4000)), ("scan.tif", lambda: content), ("plain.png", good_png)])
    photo, *others = photos_of(visitor, {}, own=True)
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
