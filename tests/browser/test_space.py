"""The workbench as `deploy/start.sh` serves it: on a Space it stands in a frame on another site."""

import http.server
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from crr.data.images import encode_png
from tests.browser.conftest import PATIENCE, ROOT, free_port, running, serve, settled


@pytest.fixture
def space(tmp_path: Path) -> Iterator[str]:
    """The URL of a workbench started as a Space is, with a home that cannot be written to."""
    port = free_port()
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHON": sys.executable,
        "HOME": str(home),
        "TMPDIR": str(tmp_path),
        "PORT": str(port),
        "ADDRESS": "127.0.0.1",
        "SPACE_ID": "somebody/space",
        "CRR_MAX_UPLOAD_MB": "3",
        "HF_HUB_OFFLINE": "1",
    }
    with running(["sh", ROOT / "deploy" / "start.sh"], port, tmp_path, environment, cwd=tmp_path) as url:
        yield url


@pytest.fixture
def frame_url(space: str, tmp_path: Path) -> Iterator[str]:
    """A page on another site, 127.0.0.1 and not localhost, that shows the workbench in a frame."""
    (tmp_path / "site").mkdir()
    page = f'<iframe src="{space}/inspect" width="1200" height="860"></iframe>'
    (tmp_path / "site" / "index.html").write_text(page)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_port}/"
        site.shutdown()


def test_in_a_frame_on_another_site_photos_are_uploaded_and_folders_are_closed(
    browser: Browser, frame_url: str, tmp_path: Path
):
    photo = tmp_path / "part.png"
    cv2.imwrite(str(photo), np.full((300, 300, 3), 128, np.uint8))
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(frame_url)
        frame = page.frame_locator("iframe")
        expect(frame.locator(".answer")).to_contain_text("Defective", timeout=2 * PATIENCE)
        expect(frame.get_by_text("3MB per file").first).to_be_visible()
        frame.locator("input[type=file]").first.set_input_files(photo)
        expect(frame.get_by_text("part.png").first).to_be_visible()
        settled(page, frame)
        frame.get_by_role("button", name="Folder or camera").click()
        expect(frame.get_by_text("Use the camera")).to_be_visible()
        expect(frame.get_by_text("Path of a folder on this machine")).to_have_count(0)


def test_a_file_without_room_is_refused_with_a_sentence_and_the_others_are_taken(
    browser: Browser, tmp_path: Path
):
    pixels = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    (tmp_path / "large.png").write_bytes(encode_png(pixels))
    with serve(tmp_path, CRR_SESSION_MEMORY_MB="1") as url:
        page = browser.new_page()
        page.goto(f"{url}/inspect")
        page.locator(".answer").wait_for()
        page.locator("input[type=file]").first.set_input_files(
            [tmp_path / "large.png", ROOT / "samples" / "screw_good.jpg"]
        )
        expect(page.locator(".stFileChip").first).to_contain_text("There is no room for this file now.")
        expect(page.locator(".answer")).to_contain_text("screw_good.jpg")
        page.close()
