import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from crr.errors import DeviceError
from crr.identity.index import IdentityIndex
from tests.workbench.fakes import inspection_of, part
from workbench.basics.pictures import picture_of
from workbench.comparison.comparison import Comparison, Hit
from workbench.comparison.drawing import ORIGINAL, STYLES, draw_columns, draw_pair
from workbench.components.drawing import GREY, ONE, PHOTO
from workbench.inspection.inspector import Inspected
from workbench.inspection.photo import SamplePhoto
from workbench.inspection.samples import read_samples
from workbench.settings import Settings

METHODS = {"a": "crr", "b": "autoencoder", "c": "uniad"}
OVER, ALONE = STYLES


def answer(level, **changes) -> Inspected:
    levels = np.full((4, 6), level, np.float32)
    return Inspected(picture_of(part(), "0"), inspection_of(part(), anomaly_map=levels, **changes), 1.0)


@pytest.fixture
def comparison() -> Comparison:
    photo = SamplePhoto(next(iter(read_samples(Settings().samples).values())))
    answers = {
        "a": answer(0.5, score=0.9, verdict="defective"),
        "b": answer(0.2, score=0.1, verdict="normal"),
        "c": DeviceError("out of memory"),
    }
    return Comparison(photo, answers, {})


def levels_of(drawing, index, kind="<u2"):
    shown = drawing["maps"][index]
    return np.frombuffer(base64.b64decode(shown["levels"]), kind).reshape(shown["grid"]) / ONE


def test_the_photo_stands_first_then_a_column_for_each_model(comparison):
    drawing = draw_columns(comparison, METHODS, OVER, one_scale=True, opacity=0.6)
    json.dumps(drawing)
    photo, first, second, failed = drawing["panels"]
    assert (photo["title"], photo["layers"]) == (ORIGINAL, [PHOTO])
    assert (first["title"], first["verdict"], first["layers"]) == ("a", "defective", [PHOTO, "a"])
    assert first["lines"] == [
        "score 0.90, limit 0.45", "above all 50 good parts", "crr, 6 ms",
    ]  # fmt: skip
    assert second["verdict"] == "normal"
    assert failed == {"title": "c", "lines": ["uniad"], "failure": "out of memory"}
    assert [shown["name"] for shown in drawing["maps"]] == ["a", "b"]
    assert np.allclose(levels_of(drawing, 0), 0.5)
    assert drawing["size"] == [96, 128]


def test_a_stranger_is_called_so(comparison):
    comparison.answers["a"] = answer(0.5, known=False)
    panel = draw_columns(comparison, METHODS, OVER, one_scale=True, opacity=0.6)["panels"][1]
    assert "unlike anything it was trained on" in panel["lines"]


@pytest.mark.parametrize(("one_scale", "tops"), [(True, [ONE, ONE]), (False, [500, 200])])
def test_colours_run_to_one_or_to_each_maps_own_maximum(comparison, one_scale, tops):
    drawing = draw_columns(comparison, METHODS, OVER, one_scale, opacity=0.6)
    assert [shown["top"] for shown in drawing["maps"]] == tops
    assert np.allclose(levels_of(drawing, 1), 0.2)  # the values stay


def test_a_map_without_any_value_has_a_scale_too(comparison):
    comparison.answers["a"] = answer(0)
    assert draw_columns(comparison, METHODS, OVER, one_scale=False, opacity=0.6)["maps"][0]["top"] == 1


def test_a_map_alone_covers_all(comparison):
    drawing = draw_columns(comparison, METHODS, ALONE, one_scale=True, opacity=0.6)
    assert drawing["panels"][1]["layers"] == ["a"]
    assert drawing["maps"][0]["opacity"] == 1
    assert min(base64.b64decode(drawing["maps"][0]["colours"])[3::4]) == 255


def test_two_models_stand_under_a_slider_beside_their_difference(comparison):
    drawing = draw_pair(comparison, ("b", "a"), OVER, one_scale=True, opacity=0.6)
    json.dumps(drawing)
    slider, difference = drawing["panels"]
    assert (slider["layers"], slider["right"]) == ([PHOTO, "b"], [PHOTO, "a"])
    assert difference["layers"] == [GREY, "b minus a"]
    assert drawing["maps"][-1]["name"] == "b minus a"
    assert np.allclose(levels_of(drawing, -1, "<i2"), -0.3)
    colours = np.frombuffer(base64.b64decode(drawing["maps"][-1]["colours"]), np.uint8).reshape(256, 4)
    assert (colours[0, 3], colours[255, 3]) == (255, 255)
    assert colours[127, 3] < 5
    assert colours[0, 2] > colours[0, 0]  # blue
    assert colours[255, 0] > colours[255, 2]  # orange


@pytest.mark.parametrize("pair", [(ORIGINAL, "a"), ("a", ORIGINAL), ("a", "a")])
def test_there_is_no_difference_to_the_photo_or_to_itself(comparison, pair):
    drawing = draw_pair(comparison, pair, OVER, one_scale=True, opacity=0.6)
    assert len(drawing["panels"]) == 1
    assert [shown["name"] for shown in drawing["maps"]] == ["a"]


def test_how_much_is_copied_is_said_of_a_test_damage_and_of_the_visitors_own(comparison):
    copied = {"a": IdentityIndex(0.234, {}, 0.1), "b": IdentityIndex(-0.1, {}, 0.1)}
    drawing = draw_columns(replace(comparison, copied=copied), METHODS, OVER, True, 0.6)
    assert drawing["panels"][1]["lines"][-1] == "copies 23 % of a test damage"
    assert drawing["panels"][2]["lines"][-1] == "copies 0 % of a test damage"
    assert drawing["outlines"] == []
    hits = {"a": Hit(3.04, 0.5), "b": Hit(None, None)}
    square = np.array([(1.0, 1.0), (5.04, 1.0), (5.0, 5.0)])
    painted = replace(comparison, copied={"a": copied["a"]}, hits=hits, outlines=[square])
    drawing = draw_columns(painted, METHODS, OVER, True, 0.6)
    assert [panel["title"] for panel in drawing["panels"]] == [
        "a",
        "b",
        "c",
    ]  # the photo is the canvas beside
    assert drawing["panels"][0]["lines"][-3:] == [
        "copies 23 % of the damage",
        "contrast 3.0",
        "IoU 0.50",
    ]
    assert not any("damage" in line for line in drawing["panels"][1]["lines"])
    assert drawing["outlines"] == [[1.0, 1.0, 5.0, 1.0, 5.0, 5.0]]
    assert json.dumps(drawing)
