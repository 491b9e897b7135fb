from pathlib import Path

import pytest

from crr.checkpoints.serialization import save
from tests.crr.tiny import calibrated_detector, write_dataset


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    save(calibrated_detector(), folder, "# Tiny\n")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A category "plate" of 6 good images, and 2 good and 2 scratched ones to test on, with masks."""
    return write_dataset(tmp_path / "set", categories=1) / "plate"
