import base64
import json
import time

import numpy as np
import pytest

from tests.workbench.fakes import CHOICE, file_of, inspection_of, part, png
from workbench.components.drawing import MAP_SIDE, ONE
from workbench.inspection.drawing import VIEWS, draw, views_of
from workbench.inspection.inspector import Inspected
from workbench.inspection.verdict import regions_at


@pytest.fixture
def inspected(inspector) -> Inspected:
    return inspector.inspect(file_of(png(), "part.png"), CHOICE)


def levels_of(drawing):
    values = np.frombuffer(base64.b64decode(drawing["levels"]), dtype="<u2")
    return values.reshape(drawing["grid"]) / ONE


def test_segmentation_is_offered_only_where_there_is_one():
    assert views_of(inspection_of(part())) == VIEWS
    assert "Segmentation" not in views_of(inspection_of(part(), segmentation=None))


@pytest.mark.parametrize(
    ("view", "panels"),
    [
        ("Overlay", [["photo", "map", "outline"]]),
        ("Side by side", [["photo"], ["photo", "map", "outline"]]),
        ("Map", [["map", "outline"]]),
        ("Mask", [["photo", "mask"]]),
        ("Segmentation", [["photo", "map", "outline"]]),
    ],
)
def test_every_view_has_its_panels_and_goes_to_the_browser_as_plain_values(inspected, view, panels):
    drawing = draw(inspected, "part.png", view, regions_at(inspected.inspection, 1.0), 0.6)
    assert drawing["panels"] == panels
    assert json.loads(json.dumps(drawing)) == drawing
    assert drawing["opacity"] == (1.0 if view == "Map" else 0.6)
    assert len(base64.b64decode(drawing["colours"])) == 4 * 256
    assert drawing["description"] == f"part.png, {view}: 1 region is outlined"


def test_levels_reach_the_browser_as_they_are(inspected):
    regions = regions_at(inspected.inspection, 1.0)
    assert levels_of(draw(inspected, "part.png", "Overlay", regions, 1)) == pytest.approx(
        inspected.inspection.anomaly_map, abs=0.5 / ONE
    )
    segmentation = draw(inspected, "part.png", "Segmentation", regions, 1)
    assert levels_of(segmentation) == pytest.approx(inspected.inspection.segmentation, abs=0.5 / ONE)
    assert segmentation["label"] == "segmentation"


def test_levels_above_one_are_not_cut_so_that_pointing_reads_the_truth(inspected):
    bright = Inspected(
        inspected.picture, inspection_of(part(), anomaly_map=np.full((8, 8), 3.5, np.float32)), 0
    )
    assert levels_of(draw(bright, "part.png", "Map", regions_at(bright.inspection, 1.0), 1)).max() == 3.5


def test_the_outline_is_in_original_pixels(inspected):
    (curve,) = draw(inspected, "part.png", "Overlay", regions_at(inspected.inspection, 1.0), 0.6)["outlines"]
    xs, ys = curve[::2], curve[1::2]
    assert len(xs) == len(ys) >= 4
    assert 28 <= min(xs) <= 32
    assert 40 <= max(xs) <= 44
    assert 18 <= min(ys) <= 22
    assert 30 <= max(ys) <= 34


def test_nothing_is_outlined_where_nothing_reaches_the_threshold(inspected):
    assert (
        draw(inspected, "part.png", "Overlay", regions_at(inspected.inspection, 9.0), 0.6)["outlines"] == []
    )


def test_moving_threshold_and_opacity_calls_no_model_and_is_quick(inspected, library):
    large = Inspected(
        inspected.picture, inspection_of(part(size=(512, 512)), size=(4000, 4000), anomaly_map=_noise(512)), 0
    )
    times = []
    for step in range(5):
        start = time.perf_counter()
        drawing = draw(large, "part.png", "Overlay", regions_at(large.inspection, 1 + step / 10), step / 5)
        times.append(time.perf_counter() - start)
    assert library.inspected == 1
    assert min(times) < 0.05
    assert max(drawing["grid"]) <= MAP_SIDE


def _noise(side):
    smooth = np.random.default_rng(0).random((side // 8, side // 8), dtype=np.float32)
    return np.kron(smooth, np.ones((8, 8), dtype=np.float32))
