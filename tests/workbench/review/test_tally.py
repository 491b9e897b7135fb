"""What is true of a visitor's parts, and how a limit does on them."""

import pytest

from crr.metrics.score_ratios import ScoreRatios
from tests.workbench.fakes import CHOICE, good_png, part, png
from workbench.inspection.visitor import VisitorState
from workbench.review.tally import Tally, ratios_of, tally_of
from workbench.settings import Settings


@pytest.fixture
def visitor(inspector):
    visitor = VisitorState(Settings(), "bottle_good")
    contents = {
        "set/good/a.png": good_png(),
        "set/crack/b.png": png(),
        "set/ok_parts/c.png": png(part(strength=200)),
        "loose.png": png(part(strength=180)),
        "set\\NG\\d.png": png(part(strength=190)),
    }
    visitor.take([(name, lambda content=content: content) for name, content in contents.items()])
    visitor.batch.inspect_some(CHOICE, inspector, seconds=9)
    return visitor


def labels(visitor):
    return {upload.name: visitor.known_labels.get(key) for key, upload in visitor.batch.uploads.items()}


def test_folders_say_what_is_true_until_the_visitor_does(visitor):
    assert labels(visitor) == {
        "set/good/a.png": "good", "set/crack/b.png": "defective", "set/ok_parts/c.png": "good",
        "loose.png": None, "set\\NG\\d.png": "defective",
    }  # fmt: skip
    first = next(iter(visitor.batch.uploads))
    visitor.labels.say(first, "defective")
    assert labels(visitor)["set/good/a.png"] == "defective"
    visitor.labels.say(first, None)
    assert labels(visitor)["set/good/a.png"] is None
    visitor.clear()
    assert visitor.known_labels == {}


def test_a_picture_in_a_good_and_a_bad_folder_is_neither():
    visitor = VisitorState(Settings(), "bottle_good")
    visitor.take([("good/a.png", png), ("bad/a.png", png)])
    assert visitor.known_labels == {}


def test_the_limit_is_counted_on_what_is_known(visitor):
    ratios = ratios_of(visitor.batch.rows(CHOICE), visitor.known_labels)
    assert (len(ratios.good), len(ratios.defective)) == (2, 2)
    tally = tally_of(ratios, 1.0)
    assert tally == Tally(2, 2, 1, 2)
    assert str(tally) == "finds 2 of 2 defects and stops 1 of 2 good parts"
    assert str(tally_of(ScoreRatios((), (2.0,)), 1.0)) == "finds 1 of 1 defect"
    assert str(tally_of(ScoreRatios((), ()), 1.0)) == ""


def test_the_most_suspicious_is_shown_once_all_are_inspected_unless_one_was_chosen(inspector):
    visitor = VisitorState(Settings(), "bottle_good")
    contents = {"good.png": good_png(), "bad.png": png(), "faint.png": png(part(strength=160))}
    visitor.take([(name, lambda content=content: content) for name, content in contents.items()])
    assert visitor.settle(CHOICE, inspector)
    assert visitor.batch.uploads[visitor.upload].name == "good.png"
    visitor.batch.inspect_some(CHOICE, inspector, seconds=9)
    assert visitor.turn_to_highest(CHOICE)
    assert visitor.batch.uploads[visitor.upload].name == "bad.png"
    assert not visitor.turn_to_highest(CHOICE)
    digests = list(visitor.batch.uploads)
    visitor.take([("more.png", lambda: png(part(strength=170))), ("again.png", lambda: good_png(90))])
    visitor.settle(CHOICE, inspector)
    visitor.show_upload(digests[0])  # by a click
    visitor.batch.inspect_some(CHOICE, inspector, seconds=9)
    assert not visitor.turn_to_highest(CHOICE)


def test_too_few_known_parts_are_told_nothing_of():
    assert Tally(2, 5, 0, 4).sentence() == ""
    assert Tally(2, 5, 0, 5, unjudged=3).sentence() == (
        "Of the 10 parts whose truth is known, this limit finds 2 of 5 defects and stops 0 of 5 good parts."
        " 3 more have no verdict."
    )


def test_folders_that_came_another_time_say_nothing_of_these():
    visitor = VisitorState(Settings(), "bottle_good")
    visitor.take([("monday/good/a.png", good_png)])
    visitor.take([("monday/scratch/b.png", png)])
    assert labels(visitor) == {"monday/good/a.png": "good", "monday/scratch/b.png": None}


def test_files_that_came_again_from_elsewhere_are_told_by_all_their_folders():
    visitor = VisitorState(Settings(), "bottle_good")
    visitor.take([("good/a.png", png)])
    visitor.take([("copies/a.png", png)])
    assert list(visitor.known_labels.values()) == ["good"]
    visitor.take([("bad/a.png", png)])
    assert visitor.known_labels == {}
