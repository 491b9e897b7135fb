"""Prints how long the layer explorer takes: its first use, a new photo, and a click.

python -m benchmarks.layers                # in the library
python -m benchmarks.layers --browser      # also on the page, in a Chromium on the same cores
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import torch

from benchmarks.comparing import served, timed
from crr.checkpoints.files import describe, find
from crr.checkpoints.serialization import load
from crr.inference.engine import inspect_batch
from workbench.explanation.drawing import draw_layer, highest
from workbench.explanation.explorer import LayerExplanation, LayerExplorer
from workbench.explanation.location import Location
from workbench.explanation.patch_reading import discrepancy_map, look_at
from workbench.explanation.patch_thumbnails import neighbours_html
from workbench.explanation.plots import patches_figure
from workbench.explanation.study_image import original
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.image_file import sample_file
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.inspection.photo import SamplePhoto
from workbench.inspection.samples import read_samples
from workbench.model_store.loaded import Models
from workbench.reference.cache import ReferenceCache
from workbench.settings import settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROUNDS = 20
MODEL, SAMPLE = "crr-embedded", "bottle_broken_large"


def main() -> None:
    """Run the benchmarks that were asked for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--browser", action="store_true", help="needs Playwright and a Chromium")
    options = arguments.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, medians of {ROUNDS} rounds\n")
    time_in_library()
    if options.browser:
        time_in_browser()


def time_in_library() -> None:
    """First use, a new photo, its pictures, and a click."""
    choice = ModelChoice(describe(find(MODEL)), "cpu")
    inspector = Inspector(Models(load, settings().model_bytes), inspect_batch)
    references = ReferenceCache(inspector, settings().normals_bytes)
    sample = read_samples(settings().samples)[SAMPLE]
    study = original(SamplePhoto(sample), sample_file(sample))

    def forgetful() -> LayerExplorer:
        limit = settings().session_bytes
        return LayerExplorer(ExplanationCache(inspector, limit), references, limit // 4)

    def explained(explorer: LayerExplorer) -> LayerExplanation:
        return explorer.explain(study, choice)

    inspector.ask(choice, lambda detector: detector.name)  # loaded beforehand
    print(f"first use, normal images included: {timed(lambda: explained(forgetful())):.0f} ms")
    new = [timed(lambda: explained(forgetful())) for _ in range(ROUNDS)]
    print(f"a new photo (one forward pass, what is copied of its marked defect): {median(new):.0f} ms")
    found = explained(forgetful())
    painting = [timed(partial(forgetful().pictures, found)) for _ in range(ROUNDS)]
    print(f"two pictures of features: {median(painting):.0f} ms")
    explorer = forgetful()
    explained(explorer)
    clicks = [timed(partial(click, partial(explained, explorer), number)) for number in range(ROUNDS)]
    print(f"a click, all layers: {median(clicks):.0f} ms (slowest {max(clicks):.0f} ms), no forward pass")


def click(explained: Callable[[], LayerExplanation], number: int) -> None:
    """What the page computes when a place is chosen: all that is shown of each layer."""
    found = explained()
    place = 0.1 + 0.8 * number / ROUNDS
    location = Location(place, place, place, place)
    memory, reference = found.normal.memory, found.normal.reference
    assert memory is not None
    assert reference is not None
    for index, layer in enumerate(found.explanation.layers):
        at = look_at(found.explanation, index, location, "model", found.normal)
        draw_layer(found, index, "model", location, "point")
        patches_figure(
            discrepancy_map(layer, "model"),
            reference.layers[index].discrepancies("model"),
            at.discrepancy,
            highest(layer, index, "model", reference),
            "anomaly",
        )
        neighbours_html(at, memory, layer.layer.grid, found.image, location)


def time_in_browser() -> None:
    """From the address to the page, and from a click to the neighbours; both on the same cores."""
    from playwright.sync_api import sync_playwright

    from tools.chromium import find as find_chromium

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=options)
        opened = [_open(browser.new_page(viewport={"width": 1280, "height": 1000}), url) for _ in range(6)]
        print(
            f"a new visit in Chromium, Streamlit's own start included: {opened[0]:.0f} ms the first time, "
            f"then {median(opened[1:]):.0f} ms"
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        _open(page, url)
        turned = [_turn_to(page) for _ in range(6)]
        print(f"from another page of the same visit: {median(turned):.0f} ms (slowest {max(turned):.0f} ms)")
        times = [_click_in(page, number) for number in range(ROUNDS)]
        print(f"a click in Chromium: {median(times):.0f} ms (slowest {max(times):.0f} ms)")
        browser.close()


def _open(page: "Page", url: str) -> float:
    """Milliseconds from the address to the last row of the explorer."""
    page.set_default_timeout(120_000)
    start = time.perf_counter()
    page.goto(f"{url}/layers?sample={SAMPLE}")
    page.get_by_text("The sum").wait_for()
    milliseconds = 1000 * (time.perf_counter() - start)
    page.get_by_role("button", name="Page (HTML)").wait_for()
    page.wait_for_timeout(1500)
    return milliseconds


def _turn_to(page: "Page") -> float:
    """Milliseconds from the click on the page's name to the last row of the explorer."""
    page.get_by_role("link", name="Inspect").click()
    page.locator(".answer").wait_for()
    page.wait_for_timeout(1500)
    start = time.perf_counter()
    page.get_by_role("link", name="Layers").click()
    page.get_by_text("The sum").wait_for()
    milliseconds = 1000 * (time.perf_counter() - start)
    page.wait_for_timeout(1500)
    return milliseconds


def _click_in(page: "Page", number: int) -> float:
    """Milliseconds from a click to the neighbours of the first layer."""
    box = page.locator("canvas[role=img]").first.bounding_box()
    assert box is not None
    page.evaluate(_WATCH)
    page.mouse.click(box["x"] + box["width"] * (0.2 + 0.03 * number), box["y"] + box["height"] * 0.45)
    page.wait_for_function("window.shown !== null")
    milliseconds = float(page.evaluate("window.shown - window.clicked"))
    page.wait_for_timeout(1000)
    return milliseconds


_WATCH = """() => {
  window.clicked = window.shown = null;
  const first = () => document.querySelector(".neighbours figure img")?.src;
  const before = first();
  const note = () => { window.clicked = performance.now(); };
  document.addEventListener("pointerup", note, { capture: true, once: true });
  const observer = new MutationObserver(() => {
    if (window.clicked === null || first() === before) return;
    window.shown ??= performance.now();
    observer.disconnect();
  });
  observer.observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


if __name__ == "__main__":
    main()
