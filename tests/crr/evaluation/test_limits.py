"""Limits that people's labels choose: which, what they find before and after, and when they stay."""

import numpy as np
import pytest

from crr.data.datasets import open_dataset
from crr.data.inventory.looking import look_at_dataset
from crr.errors import CheckpointError
from crr.evaluation.limits import Rate, choose_limits, judge
from tests.crr.tiny import calibrated_detector, tiny_config, tiny_detector, write_dataset


def images(good, defective):
    return [("good", ratio) for ratio in good] + [("defective", ratio) for ratio in defective]


APART = images(np.linspace(0.5, 1.4, 40), np.linspace(1.6, 2.5, 20))


def test_a_limit_between_both_kinds_is_chosen_and_its_errors_are_those_of_other_images():
    [change] = choose_limits({"plate": APART}).changes
    assert 1.4 < change.factor <= 1.6
    assert (change.before.missed.count, change.before.false_alarms.count) == (0, 18)
    assert change.after.missed.total == 20
    assert change.after.false_alarms.total == 40
    assert change.after.missed.count + change.after.false_alarms.count <= 3


def test_noise_is_not_sold_as_better():
    random = np.random.default_rng(0)
    noise = images(random.uniform(0.5, 1.5, 30), random.uniform(0.5, 1.5, 30))
    [change] = choose_limits({"plate": noise}).changes
    share = (change.after.missed.count + change.after.false_alarms.count) / 60
    assert share > 0.35  # chance gives half; by the images that chose it, it would be far less


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.5])
def test_no_more_good_parts_than_are_allowed_reach_a_limit(share):
    [change] = choose_limits({"plate": APART}, false_alarms=share).changes
    reached = sum(ratio >= change.factor for label, ratio in APART if label == "good")
    assert reached == int(share * 40)


@pytest.mark.parametrize(
    "few",
    [
        images([0.5] * 4, [2.0] * 4),
        images([0.5] * 20, []),
        images([], [2.0] * 20),
        images([0.5] * 20, [2.0]),
    ],
)
def test_a_limit_that_too_few_images_would_choose_stays_and_says_so(few):
    report = choose_limits({"plate": few, "ring": APART}, unjudged=3)
    assert [change.category for change in report.changes] == ["ring"]
    assert "too few" in report.kept["plate"]
    assert report.as_json()["unjudged"] == 3


def test_a_rate_has_the_interval_of_clopper_and_pearson():
    # Brown, Cai, DasGupta 2001; 5 of 50 by R's binom.test: 3.33 to 21.81 %
    rate = Rate.of(5, 50)
    assert (rate.low, rate.high) == (pytest.approx(0.0333, abs=1e-4), pytest.approx(0.2181, abs=1e-4))
    assert str(rate) == "5 of 50 (3 to 22 %)"
    assert Rate.of(0, 0) == Rate(0, 0, 0.0, 1.0)


def test_images_are_judged_by_the_category_that_the_model_takes_them_for(tmp_path):
    dataset = open_dataset(write_dataset(tmp_path))
    judged = judge(calibrated_detector().eval(), dataset, look_at_dataset(dataset))
    assert sum(map(len, judged.scores.values())) + judged.unjudged == 8
    assert set(judged.scores) <= {"plate", "ring"}
    for name, scores in judged.scores.items():
        assert len(set(judged.digests[name])) == len(scores)


def test_a_model_without_limits_has_none_that_could_change(tmp_path):
    dataset = open_dataset(write_dataset(tmp_path))
    with pytest.raises(CheckpointError, match="not calibrated"):
        judge(tiny_detector(tiny_config(calibration=())).eval(), dataset, look_at_dataset(dataset))
