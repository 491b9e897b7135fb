from dataclasses import replace
from unittest.mock import Mock

import pytest
from streamlit.testing.v1 import AppTest

from crr.errors import CheckpointError
from tests.workbench.fakes import CHOICE, MODEL, OTHER_MODEL, good_png, png, use_inspector
from workbench.inspection.batch import Batch
from workbench.model_store import available
from workbench.settings import Settings

pytestmark = pytest.mark.usefixtures("fake_workbench")


@pytest.fixture
def app(app_path) -> AppTest:
    return inspect_page(app_path)


def inspect_page(app_path) -> AppTest:
    app = AppTest.from_file(str(app_path), default_timeout=20)
    app.switch_page("pages/inspect.py")
    return app


def answer(app: AppTest) -> str:
    return next(html.proto.body for html in app.get("html") if 'class="answer' in html.proto.body)


def texts(elements) -> str:
    return " ".join(element.value for element in elements)


def limit(app: AppTest):
    return next(slider for slider in app.slider if slider.label == "Limit")


def upload(app: AppTest, *files: tuple[str, bytes, str]) -> AppTest:
    uploader = next(uploader for uploader in app.file_uploader if uploader.label == "Your own photos")
    return uploader.set_value(list(files)).run()


def test_the_page_opens_with_the_first_sample_inspected(app, library):
    app.run()
    assert not app.exception
    assert "looks like: bottle" in answer(app)
    assert library.inspected == 1
    assert app.query_params["sample"] == "bottle_broken_large"
    assert "MVTec AD" in texts(app.caption)
    assert "milliseconds: decode" in texts(app.caption)


def test_a_link_restores_sample_model_threshold_opacity_and_view(app):
    wanted = {"sample": "screw_good", "model": "other", "limit": "0.30", "opacity": "25", "view": "Map"}
    for name, value in wanted.items():
        app.query_params[name] = value
    app.run()
    assert "Screw: good" in texts(app.caption)
    assert app.sidebar.selectbox(key="model").value == "other"
    assert limit(app).value == 0.3
    assert app.slider(key="opacity").value == 25
    assert app.main.segmented_control(key="view").value == "Map"
    assert {name: app.query_params[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("threshold_text", "stands_at"),
    [("much", 0.45), ("nan", 0.45), ("-1", 0.01), ("1e-320", 0.01), ("9", 1.0), ("1e999", 1.0)],
)
def test_a_link_with_nonsense_opens_the_first_sample(app, threshold_text, stands_at):
    app.query_params["sample"] = "../../secret"
    app.query_params["limit"] = threshold_text
    app.query_params["view"] = "Inside out"
    app.run()
    assert not app.exception
    assert not app.error
    assert "Bottle: broken rim" in texts(app.caption)
    assert limit(app).value == stands_at
    assert f"limit {stands_at:.2f}" in answer(app)


def test_moving_threshold_opacity_and_view_calls_no_model(app, library):
    app.run()
    limit(app).set_value(0.9).run()
    assert app.query_params["limit"] == "0.90"
    assert "limit 0.90" in answer(app)
    app.slider(key="opacity").set_value(20).run()
    app.segmented_control(key="view").set_value("Mask").run()
    limit(app).set_value(0.45).run()
    assert "limit" not in app.query_params
    assert library.inspected == 1


def test_an_upload_is_shown_and_listed(app, library):
    app.run()
    upload(app, ("bad.png", png(), "image/png"), ("good.png", good_png(), "image/png"))
    assert "Defective" in answer(app)
    assert "1 region is outlined" in texts(app.markdown)
    assert "sample" not in app.query_params  # what a visitor brings is in no link
    table = app.dataframe[0].value
    assert list(table["file"]) == ["bad.png", "good.png"]
    assert list(table["verdict"]) == ["defective", "normal"]
    assert library.inspected == 3


def test_a_broken_file_is_one_sentence_and_nothing_is_lost(app):
    app.run()
    good = ("bad.png", png(), "image/png")
    upload(app, good)
    upload(app, good, ("broken.png", png()[:50], "image/png"), ("page.html", b"<html></html>", "text/html"))
    assert [warning.value.split()[0] for warning in app.warning] == ["page.html", "broken.png"]
    assert "1 of 3 inspected: 1 defective, 2 could not be inspected." in texts(app.markdown)
    assert "Defective" in answer(app)
    assert list(app.dataframe[0].value["file"]) == ["bad.png"]


def test_the_verdict_beside_a_file_that_cannot_be_inspected_is_said_to_be_of_a_sample(app):
    app.run()
    assert "sample:" not in answer(app)
    upload(app, ("empty.jpg", b"", "image/jpeg"))
    assert "empty.jpg is empty" in texts(app.warning)
    assert "sample: Bottle: broken rim" in answer(app)


def test_what_was_wrong_with_uploads_stays_with_their_table_once_a_sample_is_chosen(app):
    app.run()
    upload(app, ("bad.png", png(), "image/png"), ("broken.png", png()[:50], "image/png"))
    app.pills[0].set_value("screw_good").run()
    assert not app.warning
    assert "inspected" not in texts(app.markdown)
    assert app.expander[1].label == "Could not be inspected: 1"
    assert "broken.png" in texts(app.expander[1].markdown)
    limit(app).set_value(0.99).run()
    assert app.query_params["limit"] == "0.99"
    assert not app.exception


def test_two_files_of_the_same_picture_show_both_names(app, monkeypatch):
    shown = Mock()
    monkeypatch.setattr("workbench.views.inspect.result.show_picture", shown)
    app.run()
    first = ("bad.png", png(), "image/png")
    upload(app, first)
    upload(app, first, ("copy.png", png(), "image/png"))
    assert list(app.dataframe[0].value["file"]) == ["bad.png = copy.png"]
    assert "bad.png = copy.png" in answer(app)
    assert shown.call_args.args[0]["description"].startswith("bad.png = copy.png, Overlay")


def test_problems_of_before_are_no_news_when_more_arrives_after_a_sample(app):
    app.run()
    upload(app, ("broken.png", png()[:50], "image/png"))
    app.pills[0].set_value("screw_good").run()
    app.session_state["visit"].take([("page.html", lambda: b"<html></html>")])
    app.run()
    assert [warning.value.split()[0] for warning in app.warning] == ["page.html"]
    assert app.expander[1].label == "Could not be inspected: 2"


def test_verdicts_of_the_table_follow_the_threshold(app, library):
    app.run()
    upload(app, ("bad.png", png(), "image/png"))
    limit(app).set_value(0.99).run()
    app.run()
    assert list(app.dataframe[0].value["verdict"]) == ["check by hand"]
    assert "Check by hand" in answer(app)
    assert library.inspected == 2


def test_the_table_can_be_filtered_and_cleared(app):
    app.run()
    upload(app, ("bad.png", png(), "image/png"), ("good.png", good_png(), "image/png"))
    app.segmented_control(key="table_filter").set_value("normal").run()
    assert list(app.dataframe[0].value["file"]) == ["good.png"]
    assert "This forgets all 2 photos with their results." in texts(app.markdown)
    app.button(key="forget_table").click().run()
    assert not app.dataframe
    assert "Bottle: broken rim" in texts(app.caption)


def test_another_sample_by_a_click(app):
    app.run()
    app.pills[0].set_value("screw_good").run()
    assert "Screw: good" in texts(app.caption)
    assert app.query_params["sample"] == "screw_good"


def test_two_sessions_see_nothing_of_each_other(app, app_path):
    app.run()
    upload(app, ("bad.png", png(), "image/png"))
    other = inspect_page(app_path).run()
    assert not other.dataframe
    assert "Bottle: broken rim" in texts(other.caption)


def test_what_looks_like_nothing_known_is_said(app, library, monkeypatch):
    ask = library.inspect
    library.inspect = lambda *asked: [replace(found, known=False) for found in ask(*asked)]
    stranger = library.inspector()
    use_inspector(monkeypatch, stranger)
    app.run()
    assert "nothing the model was trained on (nearest: bottle)" in texts(app.warning)


def test_names_of_categories_and_sentences_of_models_are_no_markdown(app, library, monkeypatch):
    ask = library.inspect
    library.inspect = lambda *asked: [replace(found, known=False, category="*nut*") for found in ask(*asked)]
    stranger = library.inspector()
    use_inspector(monkeypatch, stranger)
    app.run()
    assert r"(nearest: \*nut\*)" in texts(app.warning)
    assert r"held-back good parts (\*nut\*)" in texts(app.markdown)
    app.session_state["visit"].batch.model_errors[CHOICE.key] = "*no* memory"
    app.run()
    assert texts(app.error) == r"\*no\* memory"


def test_what_fails_in_the_summary_is_a_sentence_too(app, monkeypatch):
    app.run()
    monkeypatch.setattr(Batch, "summary", Mock(side_effect=RuntimeError("secret detail")))
    upload(app, ("bad.png", png(), "image/png"), ("good.png", good_png(), "image/png"))
    assert "did not foresee" in texts(app.error)
    assert "Defective" in answer(app)
    assert len(app.dataframe) == 1


def test_a_model_that_goes_while_it_is_used_is_named_and_all_else_stays(app, monkeypatch):
    app.query_params["model"] = "other"
    app.run()
    upload(app, ("bad.png", png(), "image/png"))
    limit(app).set_value(0.6).run()
    monkeypatch.setattr(available, "find_models", lambda: {MODEL.name: MODEL})
    why = Mock(side_effect=available.why_replaced)
    monkeypatch.setattr(available, "why_replaced", why)
    for _ in range(2):  # it does not vanish with the next click
        app.run()
        assert (
            texts(app.warning)
            == 'There is no model "other" on this machine, so crr-embedded is used instead.'
        )
    assert why.call_count == 1  # it reads the whole checkpoint
    assert app.selectbox(key="model").value == "crr-embedded"
    assert limit(app).value == 0.6
    assert list(app.dataframe[0].value["file"]) == ["bad.png"]
    monkeypatch.setattr(available, "find_models", lambda: {MODEL.name: MODEL, OTHER_MODEL.name: OTHER_MODEL})
    app.run()
    assert not app.warning


def test_a_link_to_a_model_that_is_not_there_says_so_until_one_is_chosen(app):
    app.query_params["model"] = "*gone*"
    app.query_params["sample"] = "screw_good"
    app.run()
    assert r'no model "\*gone\*"' in texts(app.warning)
    assert "Screw: good" in texts(app.caption)
    app.selectbox(key="model").set_value("other").run()
    assert not app.warning


def test_without_a_model_the_page_says_what_to_do(app, monkeypatch):
    def none() -> None:
        raise CheckpointError("There is no model on this machine.")

    monkeypatch.setattr(available, "find_models", none)
    app.run()
    assert texts(app.error) == "There is no model on this machine."
    assert not app.exception


def test_what_nobody_foresaw_is_a_sentence_and_a_log_entry(app, monkeypatch, caplog):
    def fail() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(available, "find_models", fail)
    app.run()
    assert "did not foresee" in texts(app.error)
    assert "secret detail" not in texts(app.error)
    assert "secret detail" in caplog.text
    assert not app.exception


def test_every_control_has_a_help_text(app):
    app.run()
    upload(app, ("bad.png", png(), "image/png"))
    controls = [
        *app.slider, *app.selectbox, *app.radio, *app.pills, *app.segmented_control, *app.file_uploader,
        *app.toggle, *app.text_input,
    ]  # fmt: skip
    assert len(controls) >= 9
    assert [control.label for control in controls if not control.proto.help] == []


def test_folders_of_the_server_can_be_switched_off(app, monkeypatch):
    monkeypatch.setattr("workbench.views.shared.rights.settings", lambda: Settings(CRR_ALLOW_FOLDERS="0"))
    app.run()
    assert not app.text_input


def test_no_folder_is_read_for_a_visitor_who_may_not_name_one(app, monkeypatch, tmp_path):
    (tmp_path / "part.png").write_bytes(png())
    allowed = Mock(return_value=Settings(CRR_ALLOW_FOLDERS="1"))
    monkeypatch.setattr("workbench.views.shared.rights.settings", allowed)
    app.run()
    button = next(button for button in app.button if button.label == "Inspect this folder")
    app.text_input(key="folder_path").set_value(str(tmp_path))
    allowed.return_value = Settings(CRR_ALLOW_FOLDERS="0")
    button.click().run()
    assert "cannot be read from here" in texts(app.error)
    assert not app.dataframe


def test_a_folder_path_that_is_wrong_is_a_sentence(app, monkeypatch, tmp_path):
    monkeypatch.setattr("workbench.views.shared.rights.settings", lambda: Settings(CRR_ALLOW_FOLDERS="1"))
    app.run()
    button = next(button for button in app.button if button.label == "Inspect this folder")
    app.text_input(key="folder_path").set_value(str(tmp_path))
    button.click().run()
    assert "holds no photos" in texts(app.error)
    (tmp_path / "part.png").write_bytes(png())
    button.click().run()  # the same path again
    assert list(app.dataframe[0].value["file"]) == ["part.png"]


def test_what_a_browser_sends_of_a_strip_that_is_gone_is_no_click(app):
    """The browser has not drawn the last answer yet: the run was interrupted, or another came first."""
    app.run()
    before = app._tree.get_widget_states()
    strip = app.pills[0].proto.id
    upload(app, ("bad.png", png(), "image/png"), ("broken.png", png()[:50], "image/png"))
    states = app._tree.get_widget_states()
    states.widgets.extend(state for state in before.widgets if state.id == strip)
    assert app.pills[0].value is None
    app._run(states)
    assert "bad.png" in answer(app)
    assert "1 of 2 inspected" in texts(app.markdown)
    assert [warning.value.split()[0] for warning in app.warning] == ["broken.png"]


def test_photos_of_a_visit_that_ended_are_asked_for_again(app):
    app.query_params["own"] = "2"
    app.run()
    assert "Your visit ended: add the photos again." in texts(app.warning)
    assert "own" not in app.query_params
    upload(app, ("bad.png", png(), "image/png"))
    assert "bad.png" in answer(app)


def test_files_of_the_system_are_counted_in_a_sentence(app):
    app.run()
    upload(app, ("bad.png", png(), "image/png"), ("._bad.png", b"\0", "image/png"))
    assert "1 file was passed over" in texts(app.caption)
    assert not app.warning
