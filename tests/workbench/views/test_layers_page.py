"""The page Layers with a small real model: what it shows, and what its controls change."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from crr.checkpoints.serialization import save
from tests.crr.tiny import calibrated_detector
from tests.workbench.explorable import real_inspector, write_models
from tests.workbench.fakes import png, use_inspector
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.painting.damage import Synthetic
from workbench.painting.session import DamagePlan, PaintingSession
from workbench.views.shared.services import services


class Screen:
    """What was drawn last, by key, and a click that is still to come."""

    def __init__(self):
        self.drawn = {}
        self.click = None

    def show(self, drawing, key, chosen=None):
        self.drawn[key] = drawing
        if self.click is not None and self.click[0] == key and chosen is not None:
            (_, place), self.click = self.click, None
            chosen(place)


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    for name in ("rows", "details", "fusion"):
        monkeypatch.setattr(f"workbench.views.layers.{name}.show_panels", screen.show)
    return screen


def use_models(monkeypatch, folder, **options):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(folder))
    write_models(folder, **options)
    inspector = real_inspector()
    use_inspector(monkeypatch, inspector)
    return inspector


@pytest.fixture
def app(app_path, screen, monkeypatch, tmp_path):  # noqa: ARG001
    use_models(monkeypatch, tmp_path)
    return AppTest.from_file(str(app_path), default_timeout=60)


def open_page(app, **link):
    app.switch_page("pages/layers.py")
    for name, value in {"all_layers": "true", **link}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error


def texts(elements):
    return " ".join(element.value for element in elements)


def answer(app):
    [html] = [block.value for block in app.get("html") if 'class="answer' in str(block.value)]
    return html


def body(app):
    return " ".join(str(block.proto.body) for block in app.get("html"))


def test_at_first_there_is_one_layer_the_sum_and_a_sentence(app, screen):
    open_page(app, all_layers="false")
    shown = [key for key in screen.drawn if key.startswith(("layer", "sum"))]
    assert shown == ["layer-0-tiny", "sum-tiny"]
    assert re.search(
        r"\*\*tiny (copied|repaired) most of .*: \d+\W% of it is in the answer", texts(app.markdown)
    )
    app.toggle(key="all_layers").set_value(True).run()
    assert "layer-2-tiny" in screen.drawn


def test_a_row_for_each_layer_and_the_sum_of_them(app, screen):
    open_page(app)
    rows = ["painted-tiny", "layer-0-tiny", "layer-1-tiny", "layer-2-tiny", "sum-tiny"]
    assert [key for key in screen.drawn if key in rows] == rows
    assert [panel["title"] for panel in screen.drawn["layer-0-tiny"]["panels"]] == [
        "encoder saw",
        "decoder answered",
        "discrepancy",
    ]
    words = texts(app.markdown)
    assert words.count("\u00a0% of the score") == 4
    assert words.count("normal patches (6 images)") == 3
    assert words.count("of a test damage") == 4  # to this model a bottle looks like nothing known
    assert 'class="answer' in body(app)
    assert body(app).count('class="neighbours"') == 3
    assert "Outlined: the defect as it is marked" in body(app)
    assert screen.drawn["layer-0-tiny"]["outlines"]
    assert "Measured on a test damage" in texts(app.caption)


def test_of_a_good_part_nothing_is_outlined(app, screen):
    open_page(app, sample="bottle_good")
    assert screen.drawn["layer-0-tiny"]["outlines"] == []
    assert "Outlined" not in body(app)


def test_a_click_moves_the_place_in_every_row_and_the_link(app, screen):
    open_page(app)
    before = texts(app.markdown)
    screen.click = ("layer-1-tiny", (10.0, 500.0, 10.0, 500.0))
    app.run()
    app.run()
    assert app.query_params["spot"] == "10,500"
    assert screen.drawn["layer-0-tiny"]["spot"] == screen.drawn["sum-tiny"]["spot"] == [10, 500, 10, 500]
    assert texts(app.markdown) != before
    screen.click = ("sum-tiny", (20.0, 30.0, 120.0, 90.0))
    app.run()
    app.run()
    assert app.query_params["spot"] == "20,30,120,90"


def test_a_link_opens_at_its_place(app, screen):
    open_page(app, spot="100,200", sample="screw_good")
    assert screen.drawn["layer-0-tiny"]["spot"] == [100, 200, 100, 200]


def test_another_photo_opens_at_its_own_place(app, screen):
    open_page(app, spot="100,200", sample="screw_good")
    app.pills[0].set_value("bottle_good").run()
    assert app.query_params["spot"] != "100,200"
    app.pills[0].set_value("screw_good").run()
    assert app.query_params["spot"] == "100,200"
    assert screen.drawn["layer-0-tiny"]["spot"] == [100, 200, 100, 200]


def test_a_place_outside_is_answered_with_a_sentence(app, screen):
    open_page(app, spot="9999,9999")
    assert "names no place of this picture" in texts(app.info)
    assert screen.drawn["layer-0-tiny"]["spot"] is not None


def test_a_click_outside_says_so_and_keeps_the_place(app, screen):
    open_page(app, spot="100,200")
    screen.click = ("sum-tiny", (-50.0, -50.0, -50.0, -50.0))
    app.run()
    assert "outside the picture" in app.toast[0].value
    assert app.query_params["spot"] == "100,200"


def test_weights_change_the_verdict_and_the_sum_and_go_back(app, screen):
    open_page(app)
    assert "With your weights" not in texts(app.markdown)
    calibrated = screen.drawn["sum-tiny"]["maps"]
    app.slider(key="weight-distance-tiny").set_value(0.0).run()
    assert "With your weights. As calibrated: " in texts(app.markdown)
    assert screen.drawn["sum-tiny"]["maps"] != calibrated
    for layer in range(3):
        app.slider(key=f"weight-{layer}-tiny").set_value(0.0)
    app.slider(key="weight-distance-tiny").set_value(1.0).run()
    assert "No verdict" in body(app)
    words = texts(app.markdown)
    assert "No layer counts: raise a weight" in words
    assert "Of 6 good parts 0 would be called defective" in words
    app.button(key="reset-tiny").click().run()
    assert app.slider(key="weight-1-tiny").value == 1.0
    assert "With your weights" not in texts(app.markdown)


def test_measure_and_masking_stand_in_the_link_and_change_the_pictures(app, screen):
    open_page(app, discrepancy="1 - cosine", hidden_rate="40", hidden_seed="3")
    masked = screen.drawn["layer-0-tiny"]["maps"]
    assert masked[0]["name"] == "shown to the decoder"
    app.slider(key="hidden_rate").set_value(0).run()
    whole = screen.drawn["layer-0-tiny"]["maps"]
    assert whole[0]["name"] == "encoder saw"
    assert whole[0]["rgb"] != masked[0]["rgb"]
    assert whole[2]["levels"] != masked[2]["levels"]
    measure = next(group for group in app.get("button_group") if group.label == "Discrepancy")
    assert measure.value == "1 - cosine"
    measure.set_value("L2").run()
    assert screen.drawn["layer-0-tiny"]["maps"][2]["levels"] != whole[2]["levels"]


def test_one_channel_can_be_looked_at(app, screen):
    open_page(app, discrepancy="One channel", channel="30")
    assert app.number_input(key="channel").value == 30
    assert screen.drawn["layer-0-tiny"]["maps"][2]["levels"]


def test_two_models_stand_beside_each_other(app, screen, tmp_path):
    save(calibrated_detector(), tmp_path / "twin", "# Twin")
    open_page(app, beside="twin")
    assert {"layer-0-tiny", "layer-0-twin"} <= set(screen.drawn)
    assert body(app).count('class="answer') == 2
    app.selectbox(key="beside").set_value("none").run()
    assert body(app).count('class="answer') == 1


def test_a_painted_part_shows_the_index_of_every_patch(app, screen):
    explanations = ExplanationCache(services().inspector, 2**26)
    app.session_state["painting_session"] = painting = PaintingSession(explanations)
    painting._plans[(False, "screw_good")] = DamagePlan(synthetic=Synthetic("texture", 1))
    open_page(app, sample="screw_good")
    assert [panel["title"] for panel in screen.drawn["layer-0-tiny"]["panels"]][-1] == "identity index"
    assert texts(app.markdown).count("of your damage") >= 2  # where it shows
    assert "Measured on your damage" in texts(app.caption)
    next(group for group in app.get("button_group") if group.label == "The photo").set_value("As it is").run()
    assert texts(app.markdown).count("of a test damage") == 4  # the sentence, and each layer


def test_own_photos_are_explored_and_in_no_link(app, screen):
    app.switch_page("pages/inspect.py").run()
    uploader = next(uploader for uploader in app.file_uploader if uploader.label == "Your own photos")
    uploader.set_value([("part.png", png(), "image/png")]).run()
    open_page(app)
    assert screen.drawn["layer-0-tiny"]["size"] == [96, 128]
    assert "spot" not in app.query_params
    assert "sample" not in app.query_params


def test_without_normals_and_painter_it_says_how_to_get_them(app_path, screen, monkeypatch, tmp_path):
    use_models(monkeypatch, tmp_path, normals=False, painter=False)
    app = AppTest.from_file(str(app_path), default_timeout=60)
    open_page(app)
    words = texts(app.info)
    assert "crr normals --model tiny" in words
    assert "crr train-inversion" in words
    assert "layer-0-tiny" in screen.drawn


def test_a_damaged_painter_is_a_sentence(app, tmp_path):
    weights = tmp_path / "painter" / "inversion.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    open_page(app)
    assert "Copy it again" in texts(app.warning)


def test_a_painter_without_weights_is_a_sentence(app, tmp_path):
    (tmp_path / "painter" / "inversion.safetensors").unlink()
    open_page(app)
    assert "has no inversion.safetensors" in texts(app.warning)


def test_masking_says_what_is_without_it(app):
    open_page(app, hidden_rate="40")
    assert "With 40 % of the features hidden" in texts(app.caption)


def test_a_second_model_that_fails_leaves_the_first(app, screen, tmp_path):
    save(calibrated_detector(), tmp_path / "twin", "# Twin")
    path = tmp_path / "twin" / "config.json"
    path.write_text(re.sub(r'"width": 32', '"width": 64', path.read_text()))
    open_page(app, beside="twin")
    assert "twin" in texts(app.warning)
    assert "layer-0-tiny" in screen.drawn


def test_the_index_of_several_models_stands_in_one_chart(app, tmp_path):
    save(calibrated_detector(), tmp_path / "twin", "# Twin")
    open_page(app)
    choice = app.multiselect(key="index_models-tiny")
    assert choice.value == ["tiny"]
    choice.set_value(["tiny", "twin"]).run()
    assert not app.exception
    choice.set_value([]).run()
    assert "Choose a model." in texts(app.caption)
