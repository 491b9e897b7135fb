"""What a limit finds and stops among images whose truth is known."""

import pytest
from hypothesis import given, strategies as st

from crr.metrics.score_ratios import ScoreRatios, rounded

FEW = ScoreRatios(good=(0.5, 0.8, 0.9, 1.2), defective=(0.7, 1.0, 2.0))


def test_a_ratio_at_the_limit_reaches_it():
    assert (FEW.found(), FEW.stopped()) == (2, 1)
    assert (FEW.found(0.7), FEW.stopped(0.7)) == (3, 3)
    assert (FEW.found(9), FEW.stopped(9)) == (0, 0)


@pytest.mark.parametrize(("ratio", "kept"), [(0.99996, 0.9999), (1.0, 1.0), (1.00009, 1.0), (0.0, 0.0)])
def test_what_is_below_its_limit_stays_below(ratio, kept):
    assert rounded(ratio) == kept


@pytest.mark.parametrize(("share", "stopped"), [(0.0, 0), (0.24, 0), (0.25, 1), (0.5, 2), (1.0, 4)])
def test_the_limit_for_a_share_stops_no_more_than_that(share, stopped):
    limit = FEW.limit_for(share)
    assert FEW.stopped(limit) <= stopped
    assert FEW.stopped(limit - 0.001) > stopped or limit <= 0 or FEW.stopped(limit) == stopped


@given(st.lists(st.floats(0, 5), min_size=1, max_size=50), st.floats(0, 1))
def test_whatever_the_scores_the_share_holds(good, share):
    ratios = ScoreRatios(tuple(map(rounded, good)), ())
    assert ratios.stopped(ratios.limit_for(share)) <= share * len(good) + 1e-6 or share == 1


def test_without_good_images_there_is_no_limit():
    with pytest.raises(ValueError, match="no good images"):
        ScoreRatios((), (1.0,)).limit_for(0.1)
