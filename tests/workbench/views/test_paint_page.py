"""The page Compare in its mode "Paint a defect", with small real models."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.crr.tiny import calibrated_detector
from tests.workbench.fakes import good_png, png, use_inspector
from workbench.components.strokes import Stroke

pytestmark = pytest.mark.usefixtures("fake_workbench")

SCRATCH = Stroke(tool="line", size=12.0, points=((200.0, 200.0), (300.0, 320.0)))


@pytest.fixture
def shown(monkeypatch) -> dict[str, dict]:
    """What was drawn last, by key, and what the canvas was given, as "canvas"."""
    drawn: dict[str, dict] = {}
    monkeypatch.setattr(
        "workbench.views.compare.columns.show_panels", lambda drawing, key: drawn.update({key: drawing})
    )
    monkeypatch.setattr(
        "workbench.views.compare.painting.show_canvas",
        lambda picture, painting, **more: drawn.update(
            {"canvas": {"picture": picture, "painting": painting, **more}}
        ),
    )
    return drawn


@pytest.fixture
def app(app_path, shown, tiny_inspector, monkeypatch) -> AppTest:  # noqa: ARG001
    use_inspector(monkeypatch, tiny_inspector)
    return AppTest.from_file(str(app_path), default_timeout=60)


def open_page(app: AppTest, **link: str) -> None:
    app.switch_page("pages/compare.py")
    for name, value in {"sample": "screw_good", "photo": "Paint a defect", **link}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error


def paint(app: AppTest, shown, *strokes: Stroke) -> None:
    shown["canvas"]["painting"].strokes = strokes
    app.run()
    assert not app.error


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.error


def texts(elements) -> str:
    return " ".join(element.value for element in elements)


def lines(shown, column: int = 0) -> str:
    return " ".join(shown["columns"]["panels"][column]["lines"])


def test_a_link_opens_the_canvas_and_nothing_is_damaged_yet(app, shown):
    open_page(app)
    assert shown["canvas"]["result"] is None
    assert [panel["title"] for panel in shown["columns"]["panels"]] == ["CRR", "other"]
    assert "Paint a defect on the part" in texts(app.info)
    assert "Nothing is damaged yet" in texts(app.caption)
    assert "copies" not in lines(shown)


def test_a_stroke_brings_index_contrast_and_iou_of_each_model(app, shown):
    open_page(app)
    paint(app, shown, SCRATCH)
    assert shown["canvas"]["result"] is not None
    for column in (0, 1):
        for figure in ("of the damage", "contrast", "IoU"):
            assert figure in lines(shown, column)
    assert len(shown["columns"]["outlines"]) == len(shown["pair"]["outlines"]) == 1
    table = app.dataframe[0].value
    assert list(table["model"]) == ["CRR", "other"]
    layers = [f"layer {layer.name}" for layer in calibrated_detector().encoder.layers]
    assert list(table.columns) == ["model", "index", "normal_error", *layers]
    assert "From the damage to the maps of 2 models" in texts(app.caption)


def test_strokes_outlast_the_visit_of_another_photo_and_of_another_page(app, shown):
    open_page(app)
    paint(app, shown, SCRATCH)
    app.pills[0].set_value("bottle_good").run()
    assert shown["canvas"]["painting"].strokes == ()
    app.switch_page("pages/inspect.py").run()
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="photo").set_value("Paint a defect").run()
    app.pills[0].set_value("screw_good").run()
    assert shown["canvas"]["painting"].strokes == (SCRATCH,)
    assert "copies" in lines(shown)


def test_material_colour_and_strength_change_what_is_painted(app, shown):
    open_page(app)
    paint(app, shown, SCRATCH)
    results = [shown["canvas"]["result"].uri]
    app.color_picker(key="colour").set_value("#ff0000").run()
    results.append(shown["canvas"]["result"].uri)
    app.slider(key="strength").set_value(40).run()
    results.append(shown["canvas"]["result"].uri)
    app.segmented_control(key="material").set_value("Texture").run()
    results.append(shown["canvas"]["result"].uri)
    press(app, "Another texture")
    results.append(shown["canvas"]["result"].uri)
    app.segmented_control(key="material").set_value("Another part").run()
    results.append(shown["canvas"]["result"].uri)
    assert app.selectbox(key="other_part").value.startswith("bottle")
    app.selectbox(key="other_part").set_value("pcb_good").run()
    results.append(shown["canvas"]["result"].uri)
    assert len(set(results)) == len(results)
    assert not app.error


def test_synthetic_damage_is_made_another_each_time_and_stands_in_the_link(app, shown):
    open_page(app)
    app.selectbox(key="damage_kind").set_value("brightness").run()
    press(app, "Make one")
    assert app.query_params["damage"] in ("brightness-0", ["brightness-0"])
    assert "Synthetic damage number 1: darker or brighter" in texts(app.caption)
    first = shown["canvas"]["result"].uri
    press(app, "Make one")
    assert shown["canvas"]["result"].uri != first
    second = shown["canvas"]["result"].uri
    press(app, "Remove it")
    assert shown["canvas"]["result"] is None
    assert "damage" not in app.query_params
    press(app, "Make one")
    assert shown["canvas"]["result"].uri not in (first, second)


def test_synthetic_damage_comes_and_goes_beside_what_was_painted(app, shown):
    open_page(app)
    paint(app, shown, SCRATCH)
    painted = shown["canvas"]["result"].uri
    press(app, "Make one")
    assert shown["canvas"]["result"].uri != painted
    press(app, "Remove it")
    assert shown["canvas"]["result"].uri == painted
    assert shown["canvas"]["painting"].strokes == (SCRATCH,)
    assert "copies" in lines(shown)


def test_a_link_with_a_damage_makes_the_same_one(app, shown):
    open_page(app, damage="colour-3")
    assert "Synthetic damage number 4: colour cast" in texts(app.caption)
    assert app.selectbox(key="damage_kind").value == "colour"
    press(app, "Make one")
    assert "Synthetic damage number 5: colour cast" in texts(app.caption)
    app.segmented_control(key="photo").set_value("One photo").run()
    assert "damage" not in app.query_params
    assert shown["columns"]["outlines"] == []


def test_everything_painted_is_said(app, shown):
    open_page(app)
    paint(app, shown, Stroke(tool="rectangle", size=1.0, points=((-9.0, -9.0), (9999.0, 9999.0))))
    assert "nothing outside to compare with" in texts(app.info)
    assert "contrast" not in lines(shown)


def test_a_damage_that_does_not_show_is_said(app, shown):
    open_page(app)
    app.color_picker(key="colour").set_value("#808080").run()
    app.slider(key="strength").set_value(5).run()
    paint(app, shown, Stroke(tool="brush", size=1.0, points=((5.0, 5.0),)))
    assert "does not show in the features" in texts(app.caption)


def test_how_maps_are_shown_asks_no_model_again(app, shown, tiny_inspector, monkeypatch):
    open_page(app)
    paint(app, shown, SCRATCH)
    monkeypatch.setattr(tiny_inspector, "ask", lambda *_: pytest.fail("asked again"))
    app.toggle(key="one_scale").set_value(False).run()
    app.selectbox(key="A").set_value("original photo").run()
    app.segmented_control(key="maps").set_value("Map alone").run()
    assert shown["columns"]["panels"][0]["layers"] == ["crr-embedded"]
    assert not app.error


def test_clearing_the_own_images_forgets_what_was_painted_on_them_alone(app, shown):
    app.switch_page("pages/inspect.py").run()
    uploader = next(uploader for uploader in app.file_uploader if uploader.label == "Your own photos")
    uploader.set_value([("part.png", png(), "image/png"), ("other.png", good_png(), "image/png")]).run()
    open_page(app)
    paint(app, shown, SCRATCH)
    own = shown["canvas"]["painting"]
    app.pills[0].set_value("screw_good").run()
    paint(app, shown, SCRATCH)
    app.switch_page("pages/inspect.py").run()
    app.button(key="forget_table").click().run()
    session = app.session_state["painting_session"]
    assert [plan.painting.strokes for plan in session._plans.values()] == [(SCRATCH,)]
    assert own not in [plan.painting for plan in session._plans.values()]


def test_an_own_photo_is_painted_on(app, shown):
    app.switch_page("pages/inspect.py").run()
    uploader = next(uploader for uploader in app.file_uploader if uploader.label == "Your own photos")
    uploader.set_value([("part.png", png(), "image/png")]).run()
    open_page(app)
    paint(app, shown, Stroke(tool="line", size=8.0, points=((60.0, 60.0), (100.0, 80.0))))
    assert shown["canvas"]["picture"].size == (96, 128)
    assert "copies" in lines(shown)


def test_of_a_defective_sample_it_is_said_that_its_own_defect_does_not_count(app):
    open_page(app, sample="screw_bent_tip")
    assert "defective as it came" in texts(app.caption)
