"""The workbench as `make run` starts it, and a Chromium before it."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FrameLocator,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

Read = TypeVar("Read")

ROOT = Path(__file__).parents[2]
PATIENCE = 60_000  # milliseconds, for a busy machine
# Looks at each frame that is drawn. A slider waits for 200 ms before it tells the server, hence the 300.
STAND_STILL = """(app, patience) => new Promise((done, fail) => {
    const began = performance.now()
    let moved = began
    const look = (now) => {
        if (app.dataset.testScriptState !== "notRunning") moved = now
        if (now - moved >= 300) done()
        else if (now - began > patience) fail(new Error("the page goes on running"))
        else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
})"""
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
CHROMIUM_OPTIONS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # a camera


@contextmanager
def serve(folder: Path, **environment: str) -> Iterator[str]:
    """The URL of a workbench with these environment variables; its log goes to `folder`."""
    port = free_port()
    with running(streamlit_command("server.py", port), port, folder, {**os.environ, **environment}) as url:
        yield url


def free_port() -> int:
    """Of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def streamlit_command(script: str, port: int) -> list[str]:
    """What serves a script of the repository."""
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless", "true"]
    return [*command, "--server.port", str(port)]


@contextmanager
def running(
    command: Sequence[str | Path],
    port: int,
    folder: Path,
    environment: dict[str, str],
    cwd: Path = ROOT,
    health: str = "/_stcore/health",
) -> Iterator[str]:
    """The URL of what a command serves, until the end; its log in `folder` must hold no traceback."""
    log = folder / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=output)
        try:
            url = f"http://localhost:{port}"
            wait_until_it_answers(url + health, server, log)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=20)
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="session")
def workbench_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("workbench")) as url:
        yield url


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        expect.set_options(timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(browser: Browser, workbench_url: str) -> Iterator[BrowserContext]:
    """What all visitors of a module share: the cache. A visitor is a page, for a session is a connection."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, base_url=workbench_url, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, workbench_url: str) -> Iterator[Page]:
    """A new visitor, who may speak to the workbench and to nobody else."""
    elsewhere: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((workbench_url, "data:", "blob:")):
            elsewhere.append(request.url)

    context.on("request", note)
    yield context.new_page()
    for opened in context.pages:
        opened.close()
    context.remove_listener("request", note)
    assert not elsewhere, f"the page asked other hosts: {elsewhere}"


def settled(page: Page, frame: FrameLocator | None = None) -> None:
    """Wait until the page has stood still for a while: a rerun begins a moment after what caused it.

    Args:
        page: The page.
        frame: The workbench in it, if it is not the page itself.
    """
    (frame or page).get_by_test_id("stApp").evaluate(STAND_STILL, PATIENCE)


def table_of(page: Page, number: int) -> Locator:
    """The page's table of that number, -1 for the last, once its cells are drawn and can be clicked."""
    table = page.get_by_test_id("stDataFrame").nth(number)
    table.scroll_into_view_if_needed()
    expect(table.locator("[role=gridcell]").first).to_be_attached()  # hidden below what is painted
    settled(page)
    return table


def paint(page: Page) -> Locator:
    """Paint a stroke on the page's canvas; the canvas."""
    settled(page)
    canvas = page.get_by_role("img", name=re.compile("to paint a defect on"))
    canvas.scroll_into_view_if_needed()
    settled(page)
    strokes = re.search(r"(\d+) strokes?$", canvas.get_attribute("aria-label") or "")
    box = canvas.bounding_box()
    assert strokes is not None
    assert box is not None
    page.mouse.move(box["x"] + 90, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 190, box["y"] + 130, steps=5)
    page.mouse.up()
    expect(canvas).to_have_attribute("aria-label", re.compile(rf"\b{int(strokes[1]) + 1} strokes?$"))
    settled(page)
    return canvas


def other_than(page: Page, read: Callable[[], Read], before: Read) -> Read:
    """What `read` gives once it is no longer what it was `before`: a browser draws a moment later."""
    deadline = time.monotonic() + PATIENCE / 1000
    while (now := read()) == before:
        assert time.monotonic() < deadline, "nothing was drawn anew"
        page.wait_for_timeout(100)
    return now


def wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Fail with its log if the server stops or stays silent."""
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"{url} does not answer:\n{log.read_text()}")
