"""What all tests share."""

import os
import tempfile
from pathlib import Path

import pytest

# Read when torch and huggingface_hub are imported: tests share the cores, so each has one thread, and an idle
# one sleeps; and no test reaches the Hub by accident.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GOMP_SPINCOUNT", "20000")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Nor does any see what this user has pulled; the folder does not exist, and who pulls names another.
os.environ["HF_ASSETS_CACHE"] = str(Path(tempfile.gettempdir()) / "crr-tests-pulled-nothing")
# Nor what this user has set for a workbench.
for name in [name for name in os.environ if name.startswith("CRR_")]:
    del os.environ[name]

BROWSER_TESTS = Path(__file__).parent / "browser"


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by `-m`
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests/browser as `browser`, to run last and one after the other: it needs the cores."""
    for item in items:
        if item.path.is_relative_to(BROWSER_TESTS):
            item.add_marker("browser")
            item.add_marker(pytest.mark.xdist_group("browser"))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of a Chromium that starts; for playwright's `launch(executable_path=...)`."""
    from tools.chromium import find

    path = find()
    if path is None:
        pytest.fail("The browser tests need a Chromium: `make test` installs one.")
    return path
