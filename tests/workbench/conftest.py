from functools import partial
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager

from tests.workbench.fakes import MODEL, OTHER_MODEL, FakeLibrary
from workbench import inspection, models
from workbench.inspection import Inspector


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def inspector(library: FakeLibrary) -> Inspector:
    return library.inspector()


@pytest.fixture
def fake_workbench(monkeypatch: pytest.MonkeyPatch, inspector: Inspector) -> None:
    """Every page finds two models and the fake inspector."""
    monkeypatch.setattr(inspection, "inspector", lambda: inspector)
    monkeypatch.setattr(models, "find_models", lambda: {MODEL.name: MODEL, OTHER_MODEL.name: OTHER_MODEL})


@pytest.fixture
def app_path() -> Path:
    return Path(__file__).parents[2] / "streamlit_app.py"


@pytest.fixture(autouse=True)
def _served_before(monkeypatch) -> None:
    """Run as on a server that has run streamlit_app.py before; AppTest would forget it each time."""
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr("streamlit.testing.v1.app_test.PagesManager", partial(PagesManager))
