"""A visitor whose connection was gone for a moment comes back to the page, and finds all as it was."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.workbench.explorable import real_inspector, write_models
from tests.workbench.fakes import use_inspector
from workbench.basics.cache import Findings


@pytest.mark.parametrize("page", ["inspect", "layers", "compare"])
def test_what_was_forgotten_meanwhile_is_found_again(app_path, monkeypatch, tmp_path, page):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    write_models(tmp_path)
    use_inspector(monkeypatch, real_inspector())
    app = AppTest.from_file(str(app_path), default_timeout=60)
    app.switch_page(f"pages/{page}.py")
    app.query_params["photo"] = "Paint a defect"
    app.query_params["damage"] = "texture-3"
    app.run()
    before = [element.value for element in app.markdown]
    held = [
        value for value in app.session_state._state.filtered_state.values() if isinstance(value, Findings)
    ]
    assert held
    for value in held:
        value.forget_found()
    app.run()
    assert not app.exception
    assert not app.error
    assert [element.value for element in app.markdown] == before
