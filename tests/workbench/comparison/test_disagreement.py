import numpy as np
import pytest

from crr.errors import DeviceError
from tests.workbench.fakes import OTHER_MODEL, QUESTION, good_png, inspection_of, png
from workbench.comparison.disagreement import Row, Score, Survey
from workbench.inspection.inspector import Question
from workbench.inspection.photo import photos_of
from workbench.inspection.samples import read_samples
from workbench.inspection.visitor import Visit
from workbench.settings import Settings

OTHER = Question(OTHER_MODEL, "cpu")
BOTH = [QUESTION, OTHER]
SAMPLES = read_samples(Settings().samples)


@pytest.fixture
def visit() -> Visit:
    """Two defective parts and a good one."""
    visit = Visit(Settings(), "bottle_good")
    faint = np.full((96, 128, 3), 120, np.uint8)
    faint[20:40, 20:40] = (250, 120, 120)
    contents = {"good": good_png(), "faint": png(faint), "strong": png()}
    visit.take([(name, lambda content=content: content) for name, content in contents.items()])
    return visit


@pytest.fixture
def disagreeing(library):
    """The model `OTHER` gives every photo a smaller score, so that it misses what is faint."""

    def inspect(detector, images, _passes):
        library.inspected += len(images)
        share = 0.6 if detector.name == "other" else 1
        return [inspection_of(image, score=share * inspection_of(image).score) for image in images]

    library.inspect = inspect
    return library.inspector()


def finish(survey, visit, questions, inspector):
    while survey.pending(photos_of(visit, SAMPLES, own=True), questions):
        survey.advance(photos_of(visit, SAMPLES, own=True), questions, inspector, 0)
    return survey.rows(photos_of(visit, SAMPLES, own=True), questions)


def test_differing_verdicts_come_first_then_what_is_furthest_apart(visit, disagreeing):
    rows = finish(Survey(), visit, BOTH, disagreeing)
    assert [row.photo.name for row in rows] == ["faint", "strong", "good"]
    assert [row.split for row in rows] == [True, False, False]
    assert [row.defective_for for row in rows] == [("crr-embedded",), ("crr-embedded", "other"), ()]
    faint, strong, good = rows
    assert strong.apart > faint.apart > good.apart == 0
    assert strong.apart == pytest.approx(strong.scores["crr-embedded"].ratio * 0.4)
    assert strong.thumbnail.startswith("data:image/jpeg;base64,")


def test_a_score_at_its_limit_is_defective():
    assert Score(0.5, 0.5).defective
    assert Score(0.5, 0.5).ratio == 1
    assert not Score(0.4, 0.5).defective


def test_a_known_defect_that_a_model_misses_stands_before_a_false_alarm():
    samples = {photo.key: photo for photo in photos_of(Visit(Settings(), "screw_good"), SAMPLES, own=False)}

    def row(name, *scores):
        return Row(samples[name], "", {str(place): Score(score, 0.5) for place, score in enumerate(scores)})

    alarm, missed = row("screw_good", 0.1, 0.9), row("screw_bent_tip", 0.45, 0.55)
    seen = row("bottle_broken_large", 0.6, 0.9)
    assert [each.missed for each in (alarm, missed, seen)] == [False, True, False]
    rows = sorted((seen, alarm, missed), key=lambda each: each.rank, reverse=True)
    assert [each.photo.key for each in rows] == ["screw_bent_tip", "screw_good", "bottle_broken_large"]


def test_photos_are_asked_about_one_by_one_and_never_again(visit, inspector, library):
    survey, photos = Survey(), photos_of(visit, SAMPLES, own=True)
    survey.advance(photos, [QUESTION], inspector, 0)
    assert library.inspected == 1
    assert len(survey.pending(photos, [QUESTION])) == 2
    assert len(survey.rows(photos, [QUESTION])) == 1
    finish(survey, visit, [QUESTION], inspector)
    finish(survey, visit, BOTH, inspector)  # the first model is not asked again
    assert library.inspected == 6
    assert survey.pending(photos, [QUESTION, OTHER]) == []


def test_a_photo_that_cannot_be_inspected_is_left_out(visit, inspector):
    visit.take([("broken", lambda: png()[:50])])
    rows = finish(Survey(), visit, BOTH, inspector)
    assert len(rows) == 3
    assert [failure.names for failure in visit.problems] == [("broken",)]


def test_a_model_that_fails_is_left_out_until_the_next_start(visit, library):
    ask, out_of_memory = library.inspect, True

    def inspect(detector, images, passes):
        if detector.name == "other" and out_of_memory:
            raise DeviceError("out of memory")
        return ask(detector, images, passes)

    library.inspect = inspect
    inspector, survey = library.inspector(), Survey()
    rows = finish(survey, visit, BOTH, inspector)
    assert survey.trouble == {OTHER.key: "out of memory"}
    assert [list(row.scores) for row in rows] == [["crr-embedded"]] * 3
    out_of_memory = False
    survey.start(own=True)
    rows = finish(survey, visit, BOTH, inspector)
    assert [list(row.scores) for row in rows] == [["crr-embedded", "other"]] * 3


def test_without_a_model_there_are_no_rows(visit):
    assert Survey().rows(photos_of(visit, SAMPLES, own=True), []) == []
