from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager

from crr.inference.engine import inspect_batch
from crr.models.detector import Detector
from tests.crr.tiny import calibrated_detector, tiny_detector
from tests.workbench.explorable import Room
from tests.workbench.fakes import MODEL, OTHER_MODEL, FakeLibrary, use_inspector
from tests.workbench.stores import anna, ben, reopen, server, store  # noqa: F401
from workbench.inspection.inspector import Inspector
from workbench.model_store import available
from workbench.model_store.loaded import Models


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def inspector(library: FakeLibrary) -> Inspector:
    return library.inspector()


@pytest.fixture
def fake_workbench(monkeypatch: pytest.MonkeyPatch, inspector: Inspector) -> None:
    """Every page finds two models and the fake inspector."""
    use_inspector(monkeypatch, inspector)
    for page in ("columns", "painting"):  # what these show of features needs real models
        monkeypatch.setattr(f"workbench.views.compare.{page}.show_answers", lambda *_: None)
    monkeypatch.setattr(available, "find_models", lambda: {MODEL.name: MODEL, OTHER_MODEL.name: OTHER_MODEL})


@pytest.fixture
def detectors() -> dict[str, Detector]:
    """Two real models of a few kilobytes on one encoder, the second without a segmentation network."""
    first = calibrated_detector().eval()
    segmentation = replace(first.config.segmentation, design="none")
    second = tiny_detector(replace(first.config, segmentation=segmentation), seed=1).eval()
    second.encoder = first.encoder
    return {str(MODEL.path): first, str(OTHER_MODEL.path): second}


@pytest.fixture
def tiny_inspector(detectors: dict[str, Detector]) -> Inspector:
    """Asks these."""
    return Inspector(Models(lambda path, *_: detectors[path], 2**30), inspect_batch)


@pytest.fixture
def app_path() -> Path:
    return Path(__file__).parents[2] / "streamlit_app.py"


@pytest.fixture(autouse=True, scope="session")
def _no_component_packages() -> Iterator[None]:
    """Spare AppTest, which starts a component manager each time, the metadata of every installed package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", list)
        yield


@pytest.fixture(autouse=True)
def _served_before(monkeypatch) -> None:
    """Run as on a server that has run streamlit_app.py before; AppTest would forget it each time."""
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr("streamlit.testing.v1.app_test.PagesManager", partial(PagesManager))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    return Room(tmp_path)
