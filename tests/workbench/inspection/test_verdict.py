from dataclasses import replace

import numpy as np
import pytest

from tests.workbench.fakes import NORMAL_SCORES, inspection_of, part
from workbench.inspection.verdict import (
    among_normals,
    category_label,
    describe_limits,
    describe_regions,
    fine_map,
    position,
    regions_at,
    share_of,
    starting_threshold,
    strictness,
)


def test_the_slider_starts_at_the_calibrated_threshold_and_there_the_verdict_is_the_models_own():
    inspection = inspection_of(part(), pixel_threshold=0.4567, threshold=0.61, score=0.609)
    start = starting_threshold(inspection)
    assert start == 0.46
    assert strictness(inspection, start) == 1.0  # not 0.46 / 0.4567
    assert (
        replace(inspection, score=0.609).verdict_at(strictness(inspection, start) * inspection.threshold)
        == "normal"
    )


@pytest.mark.parametrize(("calibrated", "start"), [(1.7, 1.0), (0.0, 0.01), (0.5, 0.5)])
def test_the_slider_starts_within_its_range(calibrated, start):
    assert starting_threshold(inspection_of(part(), pixel_threshold=calibrated)) == start


def test_the_limit_of_the_verdict_moves_with_the_slider():
    inspection = inspection_of(part(), pixel_threshold=0.5, threshold=0.6, score=0.7)
    assert inspection.verdict_at(strictness(inspection, 0.58) * inspection.threshold) == "defective"
    assert inspection.verdict_at(strictness(inspection, 0.59) * inspection.threshold) == "normal"
    assert position(inspection, strictness(inspection, 0.59)) == 0.59


@pytest.mark.parametrize("threshold", [0.99, 0.2])
def test_what_is_outlined_is_what_the_slider_says(threshold):
    inspection = inspection_of(part(), pixel_threshold=0.347)
    said = describe_limits(inspection, strictness(inspection, threshold))
    assert f"Outlined where the map reaches **{threshold:.2f}**" in said
    assert "ends at" not in said


def test_regions_are_counted_measured_and_outlined_in_original_pixels():
    image = part(spots=[(20, 30), (60, 90)])
    inspection = inspection_of(image)
    regions = regions_at(inspection, 1.0)
    assert regions.count == len(regions.outlines) == 2
    assert regions.area == pytest.approx(2 * 144 / image[..., 0].size, rel=0.35)
    centres = sorted(tuple(outline.mean(axis=0)) for outline in regions.outlines)
    assert centres[0] == pytest.approx((36, 26), abs=3)  # (x, y)
    assert centres[1] == pytest.approx((96, 66), abs=3)


def test_a_higher_threshold_gives_no_more():
    inspection = inspection_of(part(strength=200))
    areas = [regions_at(inspection, factor).area for factor in (0.2, 0.6, 1.0, 1.4, 2.0)]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > 0 == areas[-1]


def test_the_mask_is_the_checkpoints_own_where_the_image_is_small():
    inspection = inspection_of(part())
    ours, theirs = regions_at(inspection, 1.0).mask, inspection.mask()
    assert ours.shape == theirs.shape
    assert np.mean(ours != theirs) < 0.002


def test_large_images_are_judged_on_a_grid_of_bounded_size():
    inspection = inspection_of(part(size=(64, 96)), size=(4000, 6000))
    assert fine_map(inspection).shape == (683, 1024)


@pytest.mark.parametrize(
    ("score", "sentence"),
    [
        (0.5, "Score higher than all 50 held-back normal images (bottle)."),
        (0.05, "Score lower than all 50 held-back normal images (bottle)."),
        (NORMAL_SCORES[40], "Score higher than 80 % of 50 held-back normal images (bottle)."),
    ],
)
def test_the_place_among_normals_is_stated_as_it_is(score, sentence):
    assert among_normals(inspection_of(part(), score=score)) == sentence


def test_a_model_without_calibration_says_so():
    inspection = inspection_of(part(), percentile=None, normal_scores=(), category=None)
    assert "no scores of normal parts" in among_normals(inspection)


def test_regions_are_described_also_where_the_verdict_says_otherwise():
    inspection = inspection_of(part())
    one, none = regions_at(inspection, 1.0), regions_at(inspection, 3.0)
    assert describe_regions(inspection, one, limit=0.1).startswith("1 region reaches the threshold, 1.")
    assert "too faint" in describe_regions(inspection, one, limit=9)
    assert describe_regions(inspection, none, limit=9) == "No region reaches the threshold."
    assert "strongest pixels" in describe_regions(inspection, none, limit=0.1)
    two = regions_at(inspection_of(part(spots=[(20, 30), (60, 90)])), 1.0)
    assert "2 regions reach" in describe_regions(inspection, two, limit=0.1)


def test_the_two_scales_are_stated_together():
    inspection = inspection_of(part(), pixel_threshold=0.5, threshold=0.45)
    assert describe_limits(inspection, 1.0) == (
        "Outlined where the map reaches **0.50**, defective from a score of **0.45** on. "
        "Both were set on held-back photos of good parts and synthetic damage, and move together."
    )
    assert describe_limits(inspection, 1.2) == (
        "Outlined where the map reaches **0.60**, defective from a score of **0.54** on. "
        "Set on held-back photos of good parts and synthetic damage: 0.50 and 0.45."
    )


@pytest.mark.parametrize(
    ("calibrated", "factor", "stated"),
    [
        (1.7, 1.0, "reaches **1.70**, defective from a score of **0.45** on. The slider ends at 1.00. Both"),
        (0.84, 2.0, "reaches **1.68**, defective from a score of **0.90** on. The slider ends at 1.00. Set"),
        (0.5, 0.01, "reaches **0.01**, defective from a score of **0.00** on. Set"),
        (0.1, 0.01, "reaches **0.00**, defective from a score of **0.00** on. The slider ends at 0.01. Set"),
    ],
)
def test_the_outline_is_stated_where_it_is_drawn_also_beyond_the_slider(calibrated, factor, stated):
    inspection = inspection_of(part(), pixel_threshold=calibrated, threshold=0.45)
    assert stated in describe_limits(inspection, factor)


def test_small_words():
    assert share_of(0.0001) == "under 0.1 %"
    assert share_of(0.0123) == "1.2 %"
    assert category_label("mvtec_screw") == "screw"
    assert category_label("magnetic_tile") == "magnetic tile"
    assert category_label(None) == "an unknown part"
