"""What can be kept of an explanation, and the pictures that it and the page are made of."""

import base64
import io
import json
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from crr.inference.forward import FeatureMask
from tests.workbench.explorable import MIDDLE, Room
from workbench.explanation.drawing import COPIES, draw_layer, draw_pictures, draw_sum, highest
from workbench.explanation.export import ARRAYS, as_arrays, as_html
from workbench.explanation.feature_pictures import paint_answer
from workbench.explanation.patch_reading import look_at
from workbench.explanation.patch_thumbnails import cut_out, neighbours_html
from workbench.explanation.plots import channels_figure, index_figure, patches_figure, shares_figure
from workbench.lesson.plots import ladder_figure, masking_figure
from workbench.reference.discrepancy import DiscrepancyChoice

SIZE = (48, 72)
OWN, CHANNEL = DiscrepancyChoice("Model's own", 0), DiscrepancyChoice("One channel", 5)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRR_CHECKPOINTS", str(folder))
        yield Room(folder)


@pytest.fixture(scope="module")
def found(room):
    return room.explore(room.damaged)


@pytest.fixture(scope="module")
def painted(room, found):
    return room.inspector.ask(room.choice, lambda detector: paint_answer(detector, found.explanation))


def numbers(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def drawn(found, index=0, measuring=OWN):
    layer = found.explanation.layers[index]
    return draw_layer(found, index, measuring.of(layer.layer.channels), MIDDLE, "point")


def test_a_row_has_features_answer_discrepancy_and_index(found):
    drawing = drawn(found)
    assert [panel["title"] for panel in drawing["panels"]] == [
        "encoder saw",
        "decoder answered",
        "discrepancy",
        "identity index",
    ]
    saw, _, apart, copies = drawing["maps"]
    layer = found.explanation.layers[0]
    assert np.array_equal(
        numbers(saw["rgb"], np.uint8).reshape(*layer.layer.grid, 3), found.bases[0].colours(layer.encoder)
    )
    levels = numbers(apart["levels"], "<u2").reshape(layer.layer.grid) / drawing["one"]
    assert np.allclose(levels, layer.distance, atol=1 / drawing["one"])
    usual = numbers(apart["usual"], "<u2")
    assert len(usual) == 1001
    assert (np.diff(usual.astype(int)) >= 0).all()
    marked = numbers(copies["levels"], "<u2").reshape(layer.layer.grid)
    assert ((marked > 0) == ~np.isnan(found.copied.maps[0])).all()
    assert drawing["spot"] == MIDDLE.place(found.picture.size)
    assert [panel["title"] for panel in drawn(replace(found, copied=None))["panels"]][-1] != COPIES


def test_colours_end_where_normals_say_and_never_at_the_images_own_maximum(found):
    layer, reference = found.explanation.layers[0], found.normal.reference
    assert highest(layer, 0, "model", reference) == 1
    rare = float(np.quantile(reference.layers[0].discrepancies("cosine"), 0.999))
    assert highest(layer, 0, "cosine", reference) == pytest.approx(2 * rare)
    own = float(np.quantile(1e-3 + 0 * layer.distance, 0.5))
    assert highest(layer, 0, "cosine", None) >= own


def test_a_single_channel_is_drawn(found):
    drawing = drawn(found, measuring=CHANNEL)
    layer = found.explanation.layers[0]
    levels = numbers(drawing["maps"][2]["levels"], "<u2").reshape(layer.layer.grid) / drawing["one"]
    difference = np.abs(layer.encoder[..., 5] - layer.decoder[..., 5])
    assert np.allclose(levels, np.minimum(difference, 60000 / drawing["one"]), atol=1 / drawing["one"])


def test_the_sum_shows_what_there_is(found):
    fused = found.explanation.terms.fused()
    drawing = draw_sum(found, fused, ["a", "b", "c"], MIDDLE, "area")
    assert [panel["lines"] for panel in drawing["panels"]] == [["a"], ["b"], ["c"]]
    assert drawing["pick"] == "area"


def test_small_pictures_show_their_squares(found, painted):
    patches = found.bases[0].colours(found.explanation.layers[0].encoder)
    pictures = [
        ("photo", None, ""),
        ("patches", patches, "line"),
        ("large", np.zeros((200, 200, 3), np.uint8), ""),
    ]
    drawing = draw_pictures(pictures, found.picture)
    assert [item["crisp"] for item in drawing["maps"]] == [True, False]
    assert not drawing["pick"]
    assert len(painted) == 2


def test_arrays_are_those_that_are_described(found, painted):
    arrays = np.load(io.BytesIO(as_arrays(found, painted)))
    optional = {"shown_0"}  # nothing is hidden here
    described = {name.strip() for names in ARRAYS for name in names.replace("_N", "_0").split(",")}
    numbered = {re.sub(r"_\d$", "_0", name) for name in arrays.files}
    assert numbered == described - optional
    assert json.loads(str(arrays["description"])) == ARRAYS
    assert np.array_equal(arrays["encoder_2"], found.explanation.layers[2].encoder)
    assert np.array_equal(arrays["anomaly_map"], found.explanation.terms.fused().anomaly_map)
    assert float(arrays["score"]) == pytest.approx(found.explanation.inspection.score)
    assert arrays["layers"].tolist() == [layer.layer.name for layer in found.explanation.layers]


def test_arrays_without_painter_and_damage_leave_those_out(room):
    found = room.explore(room.whole, FeatureMask(0.3))
    arrays = np.load(io.BytesIO(as_arrays(found, None)))
    assert (arrays["shown_0"] == 0).mean() > 0.2
    page = as_html([found], [None], "part", SIZE, "", OWN, MIDDLE)
    assert "30 % of the features hidden (draw 0)" in page
    assert "shown to the decoder" in page
    assert not [name for name in arrays.files if name.startswith(("index", "painted"))]


def test_the_page_needs_nothing_but_itself(found, painted):
    page = as_html([found], [painted], "<part>", SIZE, "Credit & licence", OWN, MIDDLE)
    assert "&lt;part&gt;, layer by layer" in page
    assert "Credit &amp; licence" in page
    assert page.count('class="neighbours"') == 3
    assert page.count("Plotly.newPlot(") >= 4
    written = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)  # Plotly's own names its home page
    outside = re.findall(r'(?:src|href)="(?!data:)([^"]*)"', written)
    assert outside == []
    assert "Picture of the answer" in page
    assert "Picture of the answer" not in as_html([found], [None], "part", SIZE, "", OWN, MIDDLE)


def test_the_page_says_which_damage_was_measured_and_outlines_it(room):
    def page(found):
        return as_html([found], [None], "part", SIZE, "", OWN, MIDDLE)

    assert page(room.explore(room.damaged)).count("% of the painted damage") == 3
    defective = room.explore(room.defective)
    assert page(defective).count("% of the marked defect, estimated with normal patches") == 3
    assert page(room.explore(room.whole)).count("% of a test damage") == 3
    bare = replace(defective, outlines=())
    outlined = [text.partition("final map")[0] for text in (page(defective), page(bare))]
    assert outlined[0] != outlined[1]


def test_the_page_holds_two_models_and_one_script(found):
    one, two = (
        len(as_html([found] * count, [None] * count, "part", SIZE, "", OWN, MIDDLE)) for count in (1, 2)
    )
    assert two < 1.5 * one


def test_a_cut_out_shows_the_place_and_its_frame():
    image = np.zeros((96, 96, 3), np.uint8)
    image[48:54, 48:54] = (0, 255, 0)
    uri = cut_out(image, (16, 16), (slice(8, 9), slice(8, 9)))
    content = np.frombuffer(base64.b64decode(uri.partition(",")[2]), np.uint8)
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
    assert middle[1] > 150
    assert middle[0] < 100
    framed = (picture[..., 0] > 150) & (picture[..., 1] < 120)
    assert framed.any()
    assert cut_out(image, (16, 16), (slice(0, 1), slice(15, 16))).startswith("data:image/jpeg")


def test_neighbours_are_shown_for_what_was_seen_and_what_was_answered(found):
    place = look_at(found.explanation, 1, MIDDLE, "model", found.normal)
    text = neighbours_html(place, found.normal.memory, (8, 8), found.image, MIDDLE)
    assert text.count("<img") == 11
    assert "normal plate" in text or "normal ring" in text


def test_figures_show_what_they_are_given(found):
    layer, reference = found.explanation.layers[0], found.normal.reference
    values = reference.layers[0].discrepancies("model")
    figure = patches_figure(layer.distance, values, 0.3, 1.0, "anomaly")
    assert [trace.type for trace in figure.data] == [
        "bar",
        "scatter",
    ]  # a line over the bars
    for trace in figure.data:
        assert np.nansum(np.array(trace.y, dtype=float)) == pytest.approx(100)
    assert len(patches_figure(0 * layer.distance, None, 0.0, 1.0, "anomaly").data) == 1
    places = {"a": look_at(found.explanation, 0, MIDDLE, "model", found.normal)}
    assert len(channels_figure(places).data[-1].x) == 6
    lines = index_figure({"one": {"a": 0.2, "b": None}, "two": {"a": 0.9, "b": 0.8}})
    assert [list(trace.y) for trace in lines.data] == [[0.2, None], [0.9, 0.8]]
    assert sum(
        trace.x[0] for trace in shares_figure(["a", "segmentation"], [0.2, 0.1]).data
    ) == pytest.approx(0.3)
    assert list(ladder_figure({"a": 0.8, "b": None}).data[0].text) == ["0.80", ""]
    assert list(masking_figure([0, 40], {"a": [0.8, 0.3]}, 40).data[0].y) == [0.8, 0.3]
