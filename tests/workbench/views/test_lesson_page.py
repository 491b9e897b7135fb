"""The page Lesson with small models: from the first step to the last."""

import re
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from tests.workbench.explorable import real_inspector, write_models
from tests.workbench.fakes import use_inspector
from workbench.components.strokes import Painting, Stroke
from workbench.lesson.demonstration import LADDER
from workbench.lesson.steps import read_steps

STEPS = read_steps()


@pytest.fixture
def drawn(monkeypatch):
    drawn = {}
    for name in ("context",):
        monkeypatch.setattr(
            f"workbench.views.lesson.{name}.show_panels", lambda drawing, key: drawn.update({key: drawing})
        )
    monkeypatch.setattr(
        "workbench.views.lesson.painting.show_canvas", lambda *_, key, **__: drawn.update({key: {}})
    )
    return drawn


@pytest.fixture
def app(app_path, drawn, monkeypatch, tmp_path):  # noqa: ARG001
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    write_models(tmp_path)
    for name in LADDER.values():
        shutil.copytree(tmp_path / "tiny", tmp_path / name)
    inspector = real_inspector()
    use_inspector(monkeypatch, inspector)
    return AppTest.from_file(str(app_path), default_timeout=60)


def open_page(app, **link):
    app.switch_page("pages/lesson.py")
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error


def texts(elements):
    return " ".join(element.value for element in elements)


def test_from_the_first_step_to_the_last_and_back(app, drawn):
    open_page(app)
    for number, step in enumerate(STEPS):
        assert app.title[0].value == step.title
        assert app.query_params["step"] == step.name
        assert f"lesson-{step.name}" in drawn or step.name == "try"
        if number + 1 < len(STEPS):
            app.button(key="lesson_next").click().run()
            assert not app.exception
            assert not app.error
    assert "lesson-canvas-screw_good" in drawn
    app.button(key="lesson_back").click().run()
    assert app.title[0].value == STEPS[-2].title


def test_a_step_has_an_address(app):
    open_page(app, step=STEPS[6].name)
    assert app.title[0].value == STEPS[6].title


def test_the_row_of_steps_jumps(app):
    open_page(app)
    app.pills[0].set_value(f"7 {STEPS[6].short}").run()
    assert app.title[0].value == STEPS[6].title
    assert app.query_params["step"] == STEPS[6].name


def test_an_unknown_step_is_the_first(app):
    open_page(app, step="nonsense")
    assert app.title[0].value == STEPS[0].title


def test_an_answer_is_talked_about_and_counted(app):
    open_page(app)
    step = STEPS[0]
    radio = app.radio(key="lesson_answer_normal")
    radio.set_value(step.answers[0].text).run()
    assert step.answers[0].feedback in texts(app.info)
    app.radio(key="lesson_answer_normal").set_value(step.answers[step.right].text).run()
    assert step.answers[step.right].feedback in texts(app.success)
    assert f"1 of {len(STEPS)} questions answered correctly" in texts(app.sidebar.caption)
    app.button(key="lesson_next").click().run()
    app.button(key="lesson_back").click().run()
    assert app.radio(key="lesson_answer_normal").value == step.answers[step.right].text


def test_part_and_damage_stay_for_all_steps(app, drawn):
    open_page(app)
    app.pills(key="lesson_part").set_value("bottle_good").run()
    app.button(key="lesson_next").click().run()
    first = drawn["lesson-damage"]["photo"]
    app.slider(key="lesson_damage").set_value(5).run()
    fifth = drawn["lesson-damage"]["photo"]
    assert first != fifth
    app.button(key="lesson_next").click().run()
    app.button(key="lesson_next").click().run()
    assert drawn["lesson-decoder"]["photo"] == fifth
    for _ in range(3):
        app.button(key="lesson_back").click().run()
    assert app.pills(key="lesson_part").value == "bottle_good"


@pytest.mark.parametrize(
    ("step", "key", "value"),
    [
        ("encoder", "lesson_layer", "stage 3"),
        ("vanishes", "lesson_damage", 3),
        ("masking", "lesson_hidden", 80),
        ("segmentation", "lesson_weight", 0.1),
    ],
)
def test_each_control_changes_its_picture(app, drawn, step, key, value):
    open_page(app, step=step)
    before = drawn[f"lesson-{step}"]
    kind = app.select_slider if isinstance(value, str) else app.slider
    kind(key=key).set_value(value).run()
    assert not app.exception
    after = drawn[f"lesson-{step}"]
    assert before["maps"] != after["maps"] or before["panels"] != after["panels"]


def test_the_heart_shows_all_rungs_beside_each_other(app, drawn):
    open_page(app, step="vanishes")
    assert [panel["title"] for panel in drawn["lesson-vanishes"]["panels"]] == list(LADDER)
    assert len(drawn["lesson-vanishes-maps"]["panels"]) == len(LADDER)
    assert drawn["lesson-vanishes"]["outlines"]


def test_the_last_step_begins_with_a_scratch_that_both_models_answer(app, drawn):
    open_page(app, step="try")
    for name in ("Autoencoder", "CRR"):
        titles = [panel["title"] for panel in drawn[f"lesson-try-{name}"]["panels"]]
        assert titles == [f"{name}'s answer", f"{name}'s heat-map"]
    assert len(re.findall(r"copies \d+ % of it: \*\*(found|missed)", texts(app.markdown))) == 2
    assert re.search(
        r"Who loses it first\?.* Autoencoder (loses|finds) it .*CRR (loses|finds) it", texts(app.markdown)
    )
    before = drawn["lesson-try-CRR"]["maps"]
    painting: Painting = app.session_state["lesson_painting-screw_good"]
    painting.strokes = (Stroke(tool="brush", points=((100, 100), (300, 300)), size=30),)
    app.run()
    assert drawn["lesson-try-CRR"]["maps"] != before
    painting.strokes = ()
    app.run()
    assert "Paint a defect" in texts(app.info)


def test_the_link_has_part_damage_and_control(app):
    open_page(app, step="masking", part="bottle_good", damage="3", hidden="80")
    assert (app.session_state["lesson_part"], app.session_state["lesson_damage"]) == ("bottle_good", 3)
    assert app.slider(key="lesson_hidden").value == 80
    app.slider(key="lesson_hidden").set_value(20).run()
    shown = {name: app.query_params[name] for name in ("step", "part", "damage", "hidden")}
    assert shown == {"step": "masking", "part": "bottle_good", "damage": "3", "hidden": "20"}
    app.button(key="lesson_next").click().run()
    assert "hidden" not in app.query_params
    assert app.query_params["damage"] == "3"


@pytest.mark.parametrize(
    "link",
    [
        {"part": "no_such_part", "damage": "0", "step": "damage"},
        {"part": "screw_bent_tip", "damage": "9" * 50, "step": "normal"},
        {"hidden": "35", "step": "masking"},
        {"weight": "nan", "step": "segmentation"},
        {"layer": "stage 99", "step": "encoder"},
        {"look": "x", "step": "decoder"},
        {"trained": "x", "step": "repair"},
        {"strength": "-10", "step": "try"},
    ],
)
def test_a_link_that_asks_for_what_there_is_not_shows_the_first(app, link):
    open_page(app, **link)
    assert (app.session_state["lesson_part"], app.session_state["lesson_damage"]) == ("screw_good", 7)


def test_the_lesson_is_presented_without_menu_and_the_link_keeps_it(app):
    open_page(app)
    assert "stSidebar" not in str(app.get("html"))
    next(button for button in app.button if button.label == "Present").click().run()
    assert app.query_params["present"] == "1"
    next(button for button in app.button if button.label == "End the presentation").click().run()
    assert "present" not in app.query_params


def test_the_end_has_a_result(app):
    open_page(app, step="try")
    assert "You answered" not in texts(app.success)  # before the last question is answered
    last = STEPS[-1]
    app.radio(key="lesson_answer_try").set_value(last.answers[last.right].text).run()
    assert f"You answered 1 of {len(STEPS)} questions correctly" in texts(app.success)


def test_the_right_answer_is_not_to_be_told_by_its_length():
    lengths = [([len(answer.text) for answer in step.answers], step.right) for step in STEPS]
    assert sum(length[right] == max(length) for length, right in lengths) <= len(STEPS) // 3


def test_without_the_ladders_models_it_says_which_is_missing(app, tmp_path):
    shutil.rmtree(tmp_path / "autoencoder-embedded")
    app.switch_page("pages/lesson.py")
    app.query_params["step"] = "decoder"
    app.run()
    assert not app.exception
    assert "needs the checkpoint autoencoder-embedded" in texts(app.error)
