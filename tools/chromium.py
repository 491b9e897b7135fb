"""Make sure that this machine has a Chromium for the browser tests, and print its path.

Tried in this order: one on the PATH, Playwright's own, Debian's package (needs root), a download by
Playwright. Where none can be had the program says so and ends with status 1: tests are never skipped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# The headless shell first: the same engine without the window around it, and so a quarter faster.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN_PACKAGES = ("chromium-headless-shell", "chromium")  # not every release has the first


def find() -> Path | None:
    """The first Chromium that starts, on the PATH or Playwright's own; None where there is none."""
    for name in NAMES:
        path = shutil.which(name)
        if path and _starts(path):
            return Path(path)
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return Path(path) if _starts(path) else None


def install() -> None:
    """Try to install one, first by apt-get, then by Playwright; `find` tells whether it worked."""
    root = os.geteuid() == 0
    if root and shutil.which("apt-get"):
        _try("apt-get", "update", "--quiet")
        for package in DEBIAN_PACKAGES:
            if find() is None:
                install = ("apt-get", "install", "--quiet", "--yes", "--no-install-recommends")
                _try(*install, package, "fonts-liberation")
    if find() is None:
        _try(sys.executable, "-m", "playwright", "install", *(["--with-deps"] if root else []), "chromium")


def main() -> int:
    """Print the path of a Chromium that starts and return 0, or say that there is none and return 1."""
    path = find()
    if path is None:
        print("No Chromium on this machine; installing one for the browser tests.", file=sys.stderr)
        install()
        path = find()
    if path is None:
        print(
            "The browser tests need a Chromium, and none could be installed here. Install one "
            "(Debian: apt-get install chromium) so that it is on the PATH, then run make test again.",
            file=sys.stderr,
        )
        return 1
    print(path)
    return 0


def _starts(path: str) -> bool:
    """Whether the program at `path` can tell its version: a missing library or a snap's stand-in cannot."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _try(*command: str) -> None:
    """Run a command whose failure is not the end: what counts is whether a Chromium starts afterwards."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=environment, stdout=sys.stderr, check=False)


if __name__ == "__main__":
    sys.exit(main())
