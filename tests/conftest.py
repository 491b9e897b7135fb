"""What all tests share."""

import os
import signal
import tempfile
from pathlib import Path

import pytest
from xdist.remote import Producer

from tests.workers import BROWSER, ByFile

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

# Shells have what runs in the background ignore Ctrl-C, and `nohup` SIGHUP; the tests send both.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by `-m`
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests/browser as `browser`, and let them run last."""
    for item in items:
        if BROWSER in Path(item.nodeid.partition("::")[0]).parts:
            item.add_marker("browser")
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Hand out tests so."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of a Chromium that starts; for playwright's `launch(executable_path=...)`."""
    from tools.chromium import find

    path = find()
    if path is None:
        pytest.fail("The browser tests need a Chromium: `make test` installs one.")
    return path
