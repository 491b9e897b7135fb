"""What a visitor does never ends in a red page: every callback is guarded."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from workbench.inspection.visitor import VisitorState
from workbench.painting.session import DamagePlan

ROOT = Path(__file__).parents[3]
FOLDERS = ("pages", "workbench/views", "workbench/components")
UNFORESEEN = "did not foresee"


def callbacks(tree: ast.Module) -> Iterator[ast.expr]:
    """What is handed to Streamlit, or to a component of our own, to be called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (given.value for given in node.keywords if (given.arg or "").startswith("on_"))


def is_guarded(value: ast.expr, guarded: set[str]) -> bool:
    if isinstance(value, ast.Constant):  # "rerun", "ignore"
        return True
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "guarded"
    return isinstance(value, ast.Name) and value.id in guarded


def decorated(tree: ast.Module) -> set[str]:
    """Functions under `@guarded`."""
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(one, ast.Name) and one.id == "guarded" for one in node.decorator_list)
    }


def test_every_callback_is_guarded():
    count, bare = 0, []
    for path in sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for value in callbacks(tree):
            count += 1
            if not is_guarded(value, decorated(tree)):
                bare.append(f"{path.relative_to(ROOT)}:{value.lineno}")
    assert count > 15
    assert bare == []


@pytest.fixture
def app(app_path, fake_workbench) -> AppTest:  # noqa: ARG001
    app = AppTest.from_file(str(app_path), default_timeout=20)
    app.switch_page("pages/inspect.py")
    return app.run()


def fail(*_: object) -> None:
    raise RuntimeError("secret detail")


def texts(elements) -> str:
    return " ".join(element.value for element in elements)


def test_a_callback_that_fails_is_a_sentence_above_a_whole_page_until_the_next(app, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        patch.setattr(VisitorState, "show_sample", fail)
        app.pills[0].set_value("screw_good").run()
    assert not app.exception
    assert UNFORESEEN in texts(app.error)
    assert "secret detail" not in texts(app.error)
    assert "secret detail" in caplog.text
    assert any('class="answer' in html.proto.body for html in app.get("html"))
    assert app.pills[0].value == "bottle_broken_large"  # what is shown is what is marked
    app.pills[0].set_value("screw_good").run()
    assert not app.error
    assert "Screw: good" in texts(app.caption)


def test_a_callback_in_a_part_that_is_drawn_alone_too(app, monkeypatch):
    app.switch_page("pages/compare.py")
    app.query_params["photo"] = "Paint a defect"
    app.run()
    with monkeypatch.context() as patch:
        patch.setattr(DamagePlan, "make", fail)
        app.run()  # so that the button has it
        next(button for button in app.button if button.label == "Make one").click().run()
    assert not app.exception
    assert UNFORESEEN in texts(app.error)
    app.switch_page("pages/inspect.py").run()
    assert not app.error


def test_files_that_the_server_lost_are_asked_for_again(app):
    uploader = next(one for one in app.file_uploader if one.label == "Your own photos")
    before = uploader.key
    lost = uploader.proto.id
    states = app._tree.get_widget_states()
    state = states.widgets.add(id=lost)
    state.file_uploader_state_value.uploaded_file_info.add(file_id="gone", name="part.png", size=9)
    app._run(states)
    assert not app.exception
    assert "Your visit ended: add the photos again." in texts(app.warning)
    assert next(one for one in app.file_uploader if one.label == "Your own photos").key != before
    app.pills[0].set_value("screw_good").run()
    assert not app.warning
