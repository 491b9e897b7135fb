from dataclasses import replace

import numpy as np
import pytest

from crr.types import usual_score
from tests.workbench.fakes import NORMAL_SCORES, inspection_of, part
from workbench.inspection.verdict import (
    among_normals,
    category_label,
    describe_limits,
    describe_regions,
    fine_map,
    linked_strictness,
    position,
    regions_at,
    share_of,
    starting_limit,
    strictness,
)


def test_the_slider_starts_at_the_calibrated_threshold_and_there_the_verdict_is_the_models_own():
    inspection = inspection_of(part(), pixel_threshold=0.61, threshold=0.4567, score=0.456)
    start = starting_limit(inspection)
    assert start == 0.46
    assert strictness(inspection, start) == 1.0  # not 0.46 / 0.4567
    assert (
        replace(inspection, score=0.456).verdict_at(strictness(inspection, start) * inspection.threshold)
        == "check by hand"
    )


@pytest.mark.parametrize(("calibrated", "start"), [(1.7, 1.0), (0.0, 0.01), (0.5, 0.5)])
def test_the_slider_starts_within_its_range(calibrated, start):
    assert starting_limit(inspection_of(part(), threshold=calibrated)) == start


def test_between_what_is_usual_and_the_limit_a_part_is_checked_by_hand():
    inspection = inspection_of(part(), threshold=0.6)
    usual = usual_score(NORMAL_SCORES)
    assert np.mean(np.array(NORMAL_SCORES) < usual) == 0.9
    for score, limit, verdict in [
        (usual - 0.001, 0.6, "normal"), (usual, 0.6, "check by hand"), (0.599, 0.6, "check by hand"),
        (0.6, 0.6, "defective"), (usual, usual, "defective"), (usual - 0.01, usual - 0.02, "defective"),
    ]:  # fmt: skip
        assert replace(inspection, score=score).verdict_at(limit) == verdict
    assert replace(inspection, score=0.59, normal_scores=()).verdict_at(0.6) == "normal"


def test_the_limit_of_the_verdict_moves_with_the_slider():
    inspection = inspection_of(part(), pixel_threshold=0.5, threshold=0.6, score=0.7)
    assert inspection.verdict_at(strictness(inspection, 0.69) * inspection.threshold) == "defective"
    assert inspection.verdict_at(strictness(inspection, 0.71) * inspection.threshold) == "check by hand"
    assert position(inspection, strictness(inspection, 0.71)) == 0.71


@pytest.mark.parametrize(
    ("linked", "factor"),
    [(("limit", 0.9), 1.5), (("threshold", 0.75), 1.5), (("threshold", 0.5), 1.0), (("limit", 9.0), 1 / 0.6)],
)
def test_a_link_has_a_limit_or_in_links_of_before_what_was_outlined(linked, factor):
    inspection = inspection_of(part(), pixel_threshold=0.5, threshold=0.6)
    assert linked_strictness(inspection, linked) == pytest.approx(factor)


@pytest.mark.parametrize("threshold", [0.99, 0.2])
def test_the_limit_is_what_the_slider_says(threshold):
    inspection = inspection_of(part(), threshold=0.347)
    said = describe_limits(inspection, strictness(inspection, threshold))
    assert f"Defective at a score of **{threshold:.2f}** or above" in said
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
        (0.5, "Score higher than all 50 held-back good parts (bottle)."),
        (0.05, "Score lower than all 50 held-back good parts (bottle)."),
        (NORMAL_SCORES[40], "Score higher than 80 % of 50 held-back good parts (bottle)."),
    ],
)
def test_the_place_among_normals_is_stated_as_it_is(score, sentence):
    assert among_normals(inspection_of(part(), score=score)) == sentence


def test_a_model_without_calibration_says_so():
    inspection = inspection_of(part(), percentile=None, normal_scores=(), category=None)
    assert "no scores of good parts" in among_normals(inspection)


def test_regions_are_described_also_where_the_verdict_says_otherwise():
    inspection = inspection_of(part())
    one, none = regions_at(inspection, 1.0), regions_at(inspection, 3.0)
    assert describe_regions(inspection, one, limit=0.1).startswith("1 region is outlined, 1.")
    assert "too faint" in describe_regions(inspection, one, limit=9)
    assert describe_regions(inspection, none, limit=9) == "No region is outlined."
    assert "strongest pixels" in describe_regions(inspection, none, limit=0.1)
    two = regions_at(inspection_of(part(spots=[(20, 30), (60, 90)])), 1.0)
    assert "2 regions are outlined" in describe_regions(inspection, two, limit=0.1)


def test_the_two_scales_are_stated_together():
    inspection = inspection_of(part(), pixel_threshold=0.5, threshold=0.45)
    assert describe_limits(inspection, 1.0) == (
        "Defective at a score of **0.45** or above, outlined where the map reaches **0.50**. "
        "Both were set on held-back photos of good parts and synthetic damage, and move together."
    )
    assert describe_limits(inspection, 1.2) == (
        "Defective at a score of **0.54** or above, outlined where the map reaches **0.60**. "
        "Set on held-back photos of good parts and synthetic damage: 0.45 and 0.50."
    )


@pytest.mark.parametrize(
    ("calibrated", "factor", "stated"),
    [
        (
            1.7,
            1.0,
            "of **1.70** or above, outlined where the map reaches **0.50**. The slider ends at 1.00. Both",
        ),
        (
            0.84,
            2.0,
            "of **1.68** or above, outlined where the map reaches **1.00**. The slider ends at 1.00. Set",
        ),
        (0.5, 0.02, "of **0.01** or above, outlined where the map reaches **0.01**. Set"),
        (
            0.1,
            0.01,
            "of **0.00** or above, outlined where the map reaches **0.01**. The slider ends at 0.01. Set",
        ),
    ],
)
def test_the_limit_is_stated_as_it_is_also_beyond_the_slider(calibrated, factor, stated):
    inspection = inspection_of(part(), pixel_threshold=0.5, threshold=calibrated)
    assert stated in describe_limits(inspection, factor)


def test_small_words():
    assert share_of(0.0001) == "under 0.1 %"
    assert share_of(0.0123) == "1.2 %"
    assert category_label("mvtec_screw") == "screw"
    assert category_label("magnetic_tile") == "magnetic tile"
    assert category_label(None) == "an unknown part"
