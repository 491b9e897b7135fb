"""The page Inspect with what is true of the visitor's parts: said by a click, counted, made a limit of."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.workbench.fakes import CHOICE, part, png

pytestmark = pytest.mark.usefixtures("fake_workbench")


@pytest.fixture
def app(app_path) -> AppTest:
    app = AppTest.from_file(str(app_path), default_timeout=60)
    app.switch_page("pages/inspect.py").run()
    assert not app.exception
    return app


def bring(app: AppTest, folder: str, strengths: range) -> None:
    files = [(f"{folder}{number}.png", png(part(strength=number))) for number in strengths]
    app.session_state["visit"].take([(name, lambda content=content: content) for name, content in files])
    for _ in range(40):
        app.run()
        if not app.session_state["visit"]._awaits_highest:
            break
    assert not app.exception


def texts(elements) -> str:
    return " ".join(element.value for element in elements)


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception


def test_a_click_says_what_is_true_and_leads_on_and_another_takes_it_back(app):
    bring(app, "", range(180, 183))
    visitor = app.session_state["visit"]
    first, second, _ = (row.digest for row in visitor.batch.rows(CHOICE))
    press(app, "truth_defective")
    assert visitor.known_labels == {first: "defective"}
    assert visitor.upload == second
    assert list(app.dataframe[0].value["truth"]).count("Not OK") == 1
    assert "The truth of 1 part is known" in texts(app.caption)
    press(app, "photo_Previous")
    press(app, "truth_defective")
    assert visitor.known_labels == {}
    assert visitor.upload == first


def test_next_and_previous_follow_the_table(app):
    bring(app, "", range(180, 183))
    visitor = app.session_state["visit"]
    order = [row.digest for row in visitor.batch.rows(CHOICE)]
    assert visitor.upload == order[0]
    press(app, "photo_Next")
    assert visitor.upload == order[1]
    press(app, "photo_Previous")
    assert visitor.upload == order[0]
    assert app.button(key="photo_Previous").disabled


def test_from_ten_on_the_limit_is_counted_and_set(app):
    bring(app, "good/", range(150, 160))
    bring(app, "bad/", range(200, 204))
    said = texts(app.markdown)
    assert "Of the 14 parts whose truth is known, this limit" in said
    app.number_input(key="most_false_alarms").set_value(0).run()
    next(button for button in app.button if button.label == "Set the limit accordingly").click().run()
    assert "stops 0 of 10 good parts" in texts(app.markdown)
    factor = app.session_state["visit"].factor
    assert factor != 1
    [told] = [one.value for one in app.info if "The limit of parts like" in one.value]
    now, before = (
        float(told.split(f"{word} ")[1].split(",")[0].split(";")[0]) for word in ("is now", "before")
    )
    assert now == pytest.approx(factor * before, abs=0.002)
    assert "10 good parts are few for that" in told


def test_the_table_is_edited(app):
    bring(app, "", range(180, 183))
    app.toggle(key="edits_truths").set_value(True).run()
    assert not app.exception
    assert list(app.dataframe[0].value) == ["image", "truth", "file", "verdict", "score"]
