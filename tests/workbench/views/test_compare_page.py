"""The page Compare with fake models: what it asks for and what it hands to the browser."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from crr.errors import CheckpointError
from crr.runtime.devices import available_devices
from tests.workbench.fakes import MODEL, good_png, part, png, use_inspector
from workbench.model_store import available

pytestmark = pytest.mark.usefixtures("fake_workbench")


@pytest.fixture
def shown(monkeypatch) -> dict[str, dict]:
    """What was drawn last, by key."""
    drawn: dict[str, dict] = {}
    monkeypatch.setattr(
        "workbench.views.compare.columns.show_panels", lambda drawing, key: drawn.update({key: drawing})
    )
    return drawn


@pytest.fixture
def app(app_path, shown) -> AppTest:  # noqa: ARG001
    return AppTest.from_file(str(app_path), default_timeout=60)


def open_page(app: AppTest, **link: str | list[str]) -> None:
    app.switch_page("pages/compare.py")
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception


def texts(elements) -> str:
    return " ".join(element.value for element in elements)


def titles(drawing) -> list[str]:
    return [panel["title"] for panel in drawing["panels"]]


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    for _ in range(40):  # each run of the page is a turn
        if app.session_state["survey"].running is None:
            break
        app.run()


def test_the_page_opens_with_two_models_and_one_scale(app, shown, library):
    open_page(app)
    assert titles(shown["columns"]) == ["original photo", "CRR", "other"]
    assert titles(shown["pair"]) == ["CRR | other", "CRR minus other"]
    assert [drawn["top"] for drawn in shown["columns"]["maps"]] == [1000, 1000]
    assert library.inspected == 2
    assert "MVTec AD" in texts(app.caption)
    devices = ["Device"] if len(available_devices()) > 1 else []
    assert [box.label for box in app.sidebar.selectbox] == devices


def test_a_link_restores_sample_models_scale_and_pair(app, shown):
    link = {"sample": "screw_good", "models": ["other", "crr-embedded"], "one_scale": "false"}
    open_page(app, **link, A="other", B="original photo", maps="Map alone")
    assert titles(shown["columns"]) == ["original photo", "other", "CRR"]
    assert titles(shown["pair"]) == ["other | original photo"]
    assert shown["columns"]["maps"][0]["top"] < 1000
    assert shown["columns"]["panels"][1]["layers"] == ["other"]
    assert app.query_params["sample"] == "screw_good"
    assert "scale of its own" in texts(app.caption)


def test_how_much_each_model_copies_stands_below_its_map_and_in_a_table(app, shown):
    open_page(app)
    assert shown["columns"]["panels"][1]["lines"][-1] == "copies 75 % of a test damage"
    table = app.dataframe[0].value
    assert table.iloc[0].to_dict() == {
        "model": "CRR",
        "index": 0.75,
        "normal_error": 0.1,
        "layer first": 0.8,
        "layer second": 0.7,
    }
    assert "kinds that no model here is trained on" in texts(app.caption)


def test_changing_scale_and_pair_calls_no_model(app, shown, library):
    open_page(app)
    app.toggle(key="one_scale").set_value(False).run()
    app.selectbox(key="A").set_value("original photo").run()
    assert titles(shown["pair"]) == ["original photo | other"]
    assert library.inspected == 2


def test_what_is_shown_on_inspect_is_shown_here_and_back(app, shown):
    app.switch_page("pages/inspect.py").run()
    uploader = next(uploader for uploader in app.file_uploader if uploader.label == "Your own photos")
    uploader.set_value([("part.png", png(), "image/png")]).run()
    open_page(app)
    assert shown["columns"]["panels"][0]["lines"] == ["part.png"]
    app.pills[0].set_value("screw_good").run()
    app.switch_page("pages/inspect.py").run()
    assert app.query_params["sample"] == "screw_good"


def test_a_model_that_fails_stands_in_its_column(app, shown, library):
    load = library.load

    def broken(path: str, device: str, *_: object):
        if path == "other":
            raise CheckpointError("other is damaged")
        return load(path, device)

    library.load = broken
    app_inspector = library.inspector()
    with pytest.MonkeyPatch.context() as patch:
        use_inspector(patch, app_inspector)
        open_page(app)
        assert shown["columns"]["panels"][2]["failure"] == "other is damaged"
        assert titles(shown["pair"]) == ["CRR | original photo"]
        app.segmented_control(key="photo").set_value("A set of photos").run()
        press(app, "Compare on all samples")
        assert "other is left out: other is damaged" in texts(app.warning)


def test_one_model_alone_is_shown_and_how_to_get_another(app, shown, monkeypatch):
    monkeypatch.setattr(available, "find_models", lambda: {MODEL.name: MODEL})
    open_page(app)
    assert titles(shown["columns"]) == ["original photo", "CRR"]
    assert "crr train --method autoencoder" in texts(app.info)


def test_a_link_to_a_model_that_is_not_there_says_so_until_others_are_chosen(app, shown):
    open_page(app, models=["*gone*", "other"])
    assert r'left out: "\*gone\*"' in texts(app.warning)
    assert titles(shown["columns"]) == ["original photo", "other"]
    app.multiselect(key="models").set_value(["other", "crr-embedded"]).run()
    assert not app.warning


def test_without_any_model_chosen_the_page_asks_for_one(app):
    open_page(app)
    app.multiselect(key="models").set_value([]).run()
    assert "Choose at least one model" in texts(app.info)
    assert not app.warning
    assert not app.exception


def test_all_samples_are_compared_on_a_press(app, library):
    open_page(app, photo="A set of photos")
    press(app, "Compare on all samples")
    table = app.dataframe[-1].value
    assert library.inspected == 2 * len(table) == 28
    assert list(table["apart"]) == sorted(table["apart"], reverse=True)
    assert set(table["label"]) == {"OK", "Not OK"}
    assert table["map crr-embedded"].str.startswith("data:image/jpeg").all()
    assert re.search(r"\*\*CRR\*\* finds \d+ of 10 defects and stops \d of 4 good parts", texts(app.markdown))
    shown = app.pills(key="survey_filter")
    shown.set_value("missed by other").run()
    missed = app.dataframe[-1].value if len(app.dataframe) else []
    assert len(missed) == 0 or set(missed["label"]) == {"Not OK"}
    open_page(app, photo="One photo")
    open_page(app, photo="A set of photos")
    assert app.pills(key="survey_filter").value == "missed by other"


def test_own_photos_are_compared_on_a_press_and_folders_say_what_is_true(app):
    app.switch_page("pages/inspect.py").run()
    app.session_state["visit"].take(
        [
            ("set/good/1.png", good_png),
            ("set/crack/2.png", png),
            ("set/good/3.png", lambda: png(part(strength=200))),
        ]
    )
    open_page(app, photo="A set of photos")
    press(app, "Compare on my 3 photos")
    table = app.dataframe[-1].value
    assert dict(zip(table["name"], table["label"], strict=True)) == {
        "set/good/1.png": "OK", "set/crack/2.png": "Not OK", "set/good/3.png": "OK"
    }  # fmt: skip
    assert "**other** finds 1 of 1 defect and stops 1 of 2 good parts" in texts(app.markdown)
    app.pills(key="survey_filter").set_value("false alarms of other").run()
    assert list(app.dataframe[-1].value["name"]) == ["set/good/3.png"]


def test_photos_of_which_nobody_knows_what_is_true_are_counted(app):
    app.switch_page("pages/inspect.py").run()
    app.session_state["visit"].take([("part.png", png)])
    open_page(app, photo="A set of photos")
    press(app, "Compare on my photo")
    assert list(app.dataframe[-1].value["name"]) == ["part.png"]
    assert "known of 0 of 1 photos" in texts(app.caption)
