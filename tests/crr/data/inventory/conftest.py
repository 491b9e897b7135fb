"""The data set that is looked at."""

from pathlib import Path

import pytest

from tests.crr.tiny import write_dataset


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A category "plate" of 6 good images, and 2 good and 2 scratched ones to test on, with masks."""
    return write_dataset(tmp_path / "set", categories=1) / "plate"
