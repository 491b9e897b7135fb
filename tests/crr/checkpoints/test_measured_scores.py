"""The scores beside a checkpoint."""

import json

import pytest

from crr.checkpoints.content import SCORES
from crr.checkpoints.files import describe
from crr.checkpoints.measured_scores import read_scores, write_scores
from crr.checkpoints.serialization import save
from tests.crr.tiny import calibrated_detector

REPORT = {"score_ratios": {"plate": {"good": [0.5, 0.9], "defective": [1.2], "unjudged": 1}}}


@pytest.fixture
def checkpoint(tmp_path):
    save(calibrated_detector(), tmp_path / "model", "card")
    return tmp_path / "model"


def test_what_is_written_is_read_for_the_same_model_alone(checkpoint):
    revision = describe(checkpoint).revision
    write_scores(checkpoint, REPORT, "crr evaluate --model model --data data")
    measured = read_scores(checkpoint, revision)
    assert measured is not None
    assert measured.categories["plate"].found() == 1
    assert measured.command.startswith("crr evaluate")
    assert describe(checkpoint).revision == revision  # scores are no part of the model
    assert read_scores(checkpoint, "another") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        json.dumps({"revision": "x", "command": "y", "categories": {"a": {"good": ["1"], "defective": []}}}),
        json.dumps({"revision": "x", "command": "y", "categories": {"a": {"good": [-1], "defective": []}}}),
        json.dumps({"revision": "x", "command": "y" * 9999, "categories": {}}),
        "[" * 100_000,
        " " * (2**20 + 1),
    ],
)
def test_what_is_none_of_ours_is_as_good_as_none(checkpoint, content):
    (checkpoint / SCORES).write_text(content)
    assert read_scores(checkpoint, "x") is None


def test_without_scores_there_are_none(checkpoint):
    assert read_scores(checkpoint, "x") is None
