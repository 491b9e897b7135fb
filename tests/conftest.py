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

BROWSER_TESTS = Path(__file__).parent / "browser"
# A Chromium keeps one core busy, and its workbench another one now and then. So two run side by side, each
# with about half of the work; more would only wait for each other.
FIRST_HALF = ("test_canvas", "test_compare", "test_inspect", "test_models")


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by `-m`
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests/browser as `browser`, to run last and in two groups, each one test after the other."""
    for item in items:
        if item.path.is_relative_to(BROWSER_TESTS):
            item.add_marker("browser")
            half = "browser-a" if item.path.stem in FIRST_HALF else "browser-b"
            item.add_marker(pytest.mark.xdist_group(half))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of a Chromium that starts; for playwright's `launch(executable_path=...)`."""
    from tools.chromium import find

    path = find()
    if path is None:
        pytest.fail("The browser tests need a Chromium: `make test` installs one.")
    return path
