"""The page Compare with fake models: what it asks for and what it hands to the browser."""

import pytest
from streamlit.testing.v1 import AppTest

from crr.errors import CheckpointError
from tests.workbench.fakes import MODEL, png, use_inspector
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
    assert titles(shown["columns"]) == ["original photo", "crr-embedded", "other"]
    assert titles(shown["pair"]) == ["crr-embedded | other", "crr-embedded minus other"]
    assert [drawn["top"] for drawn in shown["columns"]["maps"]] == [1000, 1000]
    assert library.inspected == 2
    assert "MVTec AD" in texts(app.caption)
    assert [box.label for box in app.sidebar.selectbox] == ["Device"]


def test_a_link_restores_sample_models_scale_and_pair(app, shown):
    link = {"sample": "screw_good", "models": ["other", "crr-embedded"], "one_scale": "false"}
    open_page(app, **link, A="other", B="original photo", maps="Map alone")
    assert titles(shown["columns"]) == ["original photo", "other", "crr-embedded"]
    assert titles(shown["pair"]) == ["other | original photo"]
    assert shown["columns"]["maps"][0]["top"] < 1000
    assert shown["columns"]["panels"][1]["layers"] == ["other"]
    assert app.query_params["sample"] == "screw_good"
    assert "scale of its own" in texts(app.caption)


def test_how_much_each_model_copies_stands_below_its_map_and_in_a_table(app, shown):
    open_page(app)
    assert shown["columns"]["panels"][1]["lines"][-1] == "identity index 0.75 (test damage, see below)"
    table = app.dataframe[0].value
    assert table.iloc[0].to_dict() == {
        "model": "crr-embedded",
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
    app.run()
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
        assert titles(shown["pair"]) == ["crr-embedded | original photo"]
        press(app, "Compare on all samples")
        assert "other is left out: other is damaged" in texts(app.warning)


def test_one_model_alone_is_shown_and_how_to_get_another(app, shown, monkeypatch):
    monkeypatch.setattr(available, "find_models", lambda: {MODEL.name: MODEL})
    open_page(app)
    assert titles(shown["columns"]) == ["original photo", "crr-embedded"]
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
    open_page(app)
    press(app, "Compare on all samples")
    table = app.dataframe[-1].value
    assert library.inspected == 2 * len(table) == 28
    assert list(table["apart"]) == sorted(table["apart"], reverse=True)
    assert set(table["label"]) == {"normal", "defective"}


def test_own_photos_are_compared_on_a_press(app):
    app.run()
    uploader = next(uploader for uploader in app.file_uploader if uploader.label == "Your own photos")
    uploader.set_value([("part.png", png(), "image/png")]).run()
    open_page(app)
    press(app, "Compare on my photo")
    assert list(app.dataframe[-1].value["name"]) == ["part.png"]
    assert "label" not in app.dataframe[-1].value
