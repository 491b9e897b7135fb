"""How long a reviewer at the desk waits, in a Chromium: from a stroke to "saved", and for the next image.

    python -m benchmarks.annotation.desk [--rounds 20]

Prints medians and the slowest. The images are the samples; what the model says of them was asked before, as
in a project whose scores are there. The next image is there when picture, map and the model's sentence are.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_OPTIONS, PATIENCE, serve, settled
from tools.chromium import find

_IMAGES = 14
_PAGE = "/annotate?order=by+name"


def main() -> None:
    """Open the page, go through the samples once, then measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=20)
    rounds = arguments.parse_args().rounds
    chromium = find()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), CRR_DATA=f"{folder}/data") as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        expect.set_options(timeout=PATIENCE)
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, base_url=url)
        page.set_default_timeout(PATIENCE)
        _begin(page)
        for _ in range(_IMAGES - 1):
            _next(page)
        images: list[float] = []
        while len(images) < rounds:
            _open(page)  # again at the first image
            images += [_milliseconds(lambda: _next(page)) for _ in range(_IMAGES - 1)]
        _open(page)
        strokes = [_milliseconds(lambda: _stroke(page)) for _ in range(rounds)]
        browser.close()
    for name, times in (("from a stroke to saved", strokes), ("the next image", images)):
        print(f"{name}: {median(times):.0f} ms, at most {max(times):.0f} ms ({len(times)} times)")


def _begin(page: Page) -> None:
    page.goto(_PAGE)
    page.get_by_label("Your name").fill("Anna")
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("Name", exact=True).fill("Samples")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".model")).to_contain_text("score")


def _open(page: Page) -> None:
    page.goto(_PAGE)
    expect(page.locator(".model")).to_contain_text("score")
    settled(page)


def _stroke(page: Page) -> None:
    """Draw, and wait until it is said to be saved; when the button is up it says that it is being saved."""
    box = page.locator(".frame canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    page.mouse.up()
    status = page.locator(".status").element_handle()
    page.wait_for_function("status => status.textContent.startsWith('saved')", arg=status)


def _next(page: Page) -> None:
    """To the image after this one."""
    places = (".review .name", ".model", ".frame canvas")
    name, model, canvas = (page.locator(place).element_handle() for place in places)
    before = page.locator(".review .name").inner_text()
    page.keyboard.press("j")
    page.wait_for_function(_IS_THERE, arg=[name, before, model, canvas])


_IS_THERE = """([name, before, model, canvas]) => name.textContent !== before
    && model.textContent.includes('score') && canvas.ariaBusy === 'false'"""


def _milliseconds(act: Callable[[], None]) -> float:
    begun = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
