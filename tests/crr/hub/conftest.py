import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crr.checkpoints.serialization import save
from crr.hub import Hub, Store
from tests.crr.tiny import calibrated_detector
from tests.hub_server import HubServer, the_only_hub


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A Hub on this machine, which the client takes for the one there is; it has a folder of its own."""
    with the_only_hub(monkeypatch, tmp_path / "assets") as running:
        yield running


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a few kilobytes, which no test may change."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save(calibrated_detector(), folder, "---\nlicense: mit\nlibrary_name: crr\n---\n# Tiny\n")
    return folder


@pytest.fixture
def files(tiny_model: Path) -> dict[str, bytes]:
    """Of that checkpoint, as they lie in a repository."""
    return {path.name: path.read_bytes() for path in tiny_model.iterdir()}


@pytest.fixture
def hub(server: HubServer, tmp_path: Path) -> Hub:
    """A client of that server on a machine of its own."""
    return Hub(server.endpoint, store=Store(tmp_path / "store"))


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(tiny_model, tmp_path / "mine")
