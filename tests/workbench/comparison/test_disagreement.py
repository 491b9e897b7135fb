from dataclasses import replace

import numpy as np
import pytest

from crr.errors import DeviceError
from tests.workbench.fakes import CHOICE, OTHER_MODEL, good_png, inspection_of, png
from workbench.comparison.disagreement import DisagreementRow, DisagreementSurvey, LimitRatio
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.photo import photos_of
from workbench.inspection.samples import read_samples
from workbench.inspection.visitor import VisitorState
from workbench.settings import Settings

OTHER = ModelChoice(OTHER_MODEL, "cpu")
BOTH = [CHOICE, OTHER]
SAMPLES = read_samples(Settings().samples)


@pytest.fixture
def visitor() -> VisitorState:
    """Two defective parts and a good one."""
    visitor = VisitorState(Settings(), "bottle_good")
    faint = np.full((96, 128, 3), 120, np.uint8)
    faint[20:40, 20:40] = (250, 120, 120)
    contents = {"good": good_png(), "faint": png(faint), "strong": png()}
    visitor.take([(name, lambda content=content: content) for name, content in contents.items()])
    return visitor


@pytest.fixture
def disagreeing(library):
    """The model `OTHER` gives every photo a smaller score, so that it misses what is faint."""

    def inspect(detector, images, _passes):
        library.inspected += len(images)
        share = 0.6 if detector.name == "other" else 1
        return [inspection_of(image, score=share * inspection_of(image).score) for image in images]

    library.inspect = inspect
    return library.inspector()


def finish(survey, visitor, choices, inspector):
    while survey.pending(photos_of(visitor, SAMPLES, own=True), choices):
        survey.advance(photos_of(visitor, SAMPLES, own=True), choices, inspector, 0)
    return survey.rows(photos_of(visitor, SAMPLES, own=True), choices)


def test_differing_verdicts_come_first_then_what_is_furthest_apart(visitor, disagreeing):
    rows = finish(DisagreementSurvey(), visitor, BOTH, disagreeing)
    assert [row.photo.name for row in rows] == ["faint", "strong", "good"]
    assert [row.verdicts_differ for row in rows] == [True, False, False]
    assert [row.defective_for for row in rows] == [("crr-embedded",), ("crr-embedded", "other"), ()]
    faint, strong, good = rows
    assert strong.spread > faint.spread > good.spread == 0
    assert strong.spread == pytest.approx(strong.scores["crr-embedded"].ratio * 0.4)
    assert strong.thumbnail.startswith("data:image/jpeg;base64,")


def test_a_score_at_its_limit_is_defective():
    assert LimitRatio(0.5, 0.5).verdict == "defective"
    assert LimitRatio(0.5, 0.5).ratio == 1
    assert LimitRatio(0.4, 0.5).verdict == "normal"


def test_a_known_defect_that_a_model_misses_stands_before_a_false_alarm():
    samples = {
        photo.key: photo for photo in photos_of(VisitorState(Settings(), "screw_good"), SAMPLES, own=False)
    }

    def row(name, *scores):
        return DisagreementRow(
            samples[name], "", {str(place): LimitRatio(score, 0.5) for place, score in enumerate(scores)}
        )

    alarm, missed = row("screw_good", 0.1, 0.9), row("screw_bent_tip", 0.45, 0.55)
    seen = row("bottle_broken_large", 0.6, 0.9)
    assert [each.missed_defect for each in (alarm, missed, seen)] == [False, True, False]
    unknown = replace(
        missed, scores={"sees": LimitRatio(0.9, 0.5), "judges not": LimitRatio(0.1, 0.5, known=False)}
    )
    assert unknown.verdicts_differ
    assert not unknown.missed_defect
    rows = sorted((seen, alarm, missed), key=lambda each: each.rank, reverse=True)
    assert [each.photo.key for each in rows] == ["screw_bent_tip", "screw_good", "bottle_broken_large"]


def test_photos_are_asked_about_one_by_one_and_never_again(visitor, inspector, library):
    survey, photos = DisagreementSurvey(), photos_of(visitor, SAMPLES, own=True)
    survey.advance(photos, [CHOICE], inspector, 0)
    assert library.inspected == 1
    assert len(survey.pending(photos, [CHOICE])) == 2
    assert len(survey.rows(photos, [CHOICE])) == 1
    finish(survey, visitor, [CHOICE], inspector)
    finish(survey, visitor, BOTH, inspector)  # the first model is not asked again
    assert library.inspected == 6
    assert survey.pending(photos, [CHOICE, OTHER]) == []


def test_a_photo_that_cannot_be_inspected_is_left_out(visitor, inspector):
    visitor.take([("broken", lambda: png()[:50])])
    rows = finish(DisagreementSurvey(), visitor, BOTH, inspector)
    assert len(rows) == 3
    assert [failure.names for failure in visitor.problems] == [("broken",)]


def test_a_model_that_fails_is_left_out_until_the_next_start(visitor, library):
    ask, out_of_memory = library.inspect, True

    def inspect(detector, images, passes):
        if detector.name == "other" and out_of_memory:
            raise DeviceError("out of memory")
        return ask(detector, images, passes)

    library.inspect = inspect
    inspector, survey = library.inspector(), DisagreementSurvey()
    rows = finish(survey, visitor, BOTH, inspector)
    assert survey.model_errors == {OTHER.key: "out of memory"}
    assert [list(row.scores) for row in rows] == [["crr-embedded"]] * 3
    out_of_memory = False
    survey.start(own=True)
    rows = finish(survey, visitor, BOTH, inspector)
    assert [list(row.scores) for row in rows] == [["crr-embedded", "other"]] * 3


def test_without_a_model_there_are_no_rows(visitor):
    assert DisagreementSurvey().rows(photos_of(visitor, SAMPLES, own=True), []) == []
