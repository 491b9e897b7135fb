"""Prints what sharing the encoder's features saves, and how long a painted stroke takes to all maps.

Both ways run alternately in one process; times are medians, the ratio is the median of the pairs' ratios.

    python benchmarks/comparing.py                # in the library, without a browser
    python benchmarks/comparing.py --browser      # also from the mouse button to the maps in a Chromium
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import torch

from crr.checkpoints.files import describe, find
from crr.checkpoints.serialization import load
from crr.inference.engine import inspect_batch
from crr.inference.forward import EncoderPasses
from workbench.components.strokes import Stroke
from workbench.explanation.explorer import LayerExplorer
from workbench.explanation.study_image import painted
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.image_file import sample_file
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.inspection.photo import SamplePhoto
from workbench.inspection.samples import read_samples
from workbench.model_store.loaded import Models
from workbench.painting.session import PaintingSession
from workbench.reference.cache import ReferenceCache
from workbench.settings import ROOT, settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAMES = ("crr", "autoencoder", "uniad", "dinomaly", "rd", "gaussian")
ROUNDS = 20
WARM_UP = 3
SAMPLE = "screw_good"


def main() -> None:
    """Run the benchmarks that were asked for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--browser", action="store_true", help="needs Playwright and a Chromium")
    options = arguments.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, medians of {ROUNDS} rounds\n")
    compare_sharing()
    for count in (3, 6):
        time_stroke(count)
    if options.browser:
        time_strokes_in_browser()


def compare_sharing() -> None:
    """Six models on one image, each with an encoder pass of its own, and with one for all."""
    detectors = [load(find(f"{name}-embedded")) for name in NAMES]
    image = sample_file(read_samples(settings().samples)[SAMPLE]).image

    def apart() -> None:
        for detector in detectors:
            inspect_batch(detector, [image], {})

    def shared() -> None:
        passes: EncoderPasses = {}
        for detector in detectors:
            inspect_batch(detector, [image], passes)

    times: list[tuple[float, float]] = [(timed(apart), timed(shared)) for _ in range(WARM_UP + ROUNDS)]
    alone, together = zip(*times[WARM_UP:], strict=True)
    ratio = median(b / a for a, b in zip(alone, together, strict=True))
    print(
        f"{len(NAMES)} models on one image: {median(alone):.0f} ms with an encoder pass each, "
        f"{median(together):.0f} ms with one shared: {ratio:.2f} of the time"
    )


def time_stroke(count: int) -> None:
    """From strokes to what `count` models say of the damaged image, and on to pictures of their answers."""
    choices = [ModelChoice(describe(find(f"{name}-embedded")), "cpu") for name in NAMES[:count]]
    inspector = Inspector(Models(load, settings().model_bytes), inspect_batch)
    photo = SamplePhoto(read_samples(settings().samples)[SAMPLE])
    explanations = ExplanationCache(inspector, settings().session_bytes)
    session = PaintingSession(explanations)
    references = ReferenceCache(inspector, settings().normals_bytes)
    explorer = LayerExplorer(explanations, references, settings().session_bytes // 4)
    part = session.part(photo, photo.open(choices[0]))

    def stroke(number: int) -> None:
        start = (150.0 + 5 * number, 160.0)
        line = Stroke(tool="line", size=16.0, points=(start, (start[0] + 60, 220.0)))
        session.plan(photo).painting.strokes = (line,)
        session.ask(part, session.make(part), choices)

    def pictures() -> None:
        assert len(explorer.answers(painted(part, session.make(part)), choices)) == count

    times = [(timed(partial(stroke, number)), timed(pictures)) for number in range(WARM_UP + ROUNDS)][
        WARM_UP:
    ]
    maps, both = [one for one, _ in times], [sum(each) for each in times]
    print(
        f"a stroke, {count} models, in the library: maps after {median(maps):.0f} ms "
        f"(slowest {max(maps):.0f} ms), pictures of the answers after {median(both):.0f} ms"
    )


def time_strokes_in_browser() -> None:
    """From the release of the mouse button to the new maps; server and Chromium share the cores."""
    from playwright.sync_api import sync_playwright

    from tools.chromium import find as find_chromium

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=options)
        for count in (3, 6):
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.set_default_timeout(60_000)
            models = "".join(f"&models={name}-embedded" for name in NAMES[:count])
            page.goto(f"{url}/compare?sample={SAMPLE}&photo=Paint+a+defect{models}")
            page.locator("figcaption").nth(count - 1).wait_for()
            page.wait_for_timeout(2000)
            page.evaluate(_WATCH)
            times = [stroke_in(page, number) for number in range(WARM_UP + ROUNDS)][WARM_UP:]
            print(
                f"a stroke, {count} models, in Chromium: {median(times):.0f} ms (slowest {max(times):.0f} ms)"
            )
            page.close()
        browser.close()


def stroke_in(page: "Page", number: int) -> float:
    """Milliseconds from the end of one stroke to the first maps that show it."""
    box = page.locator(".painter canvas").bounding_box()
    assert box is not None
    x, y = (box["x"] + box["width"] * (0.3 + 0.015 * number), box["y"] + box["height"] * 0.4)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y + 15, steps=3)
    page.mouse.up()
    page.wait_for_function("window.drawn !== null")
    milliseconds = float(page.evaluate("window.drawn - window.released"))
    page.wait_for_timeout(1000)  # the rest of the page is drawn
    return milliseconds


@contextmanager
def served(folder: Path = ROOT) -> Iterator[str]:
    """The address of a workbench of its own, of a checkout of this repository."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "server.py", "--server.headless", "true"]
    server = subprocess.Popen(
        [*command, "--server.port", str(port)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while server.poll() is None and not answers(port):
            time.sleep(0.2)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that `work` takes."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


# The columns are made anew each time: their first <figure> after a stroke is when its maps are there.
_WATCH = """() => {
  const released = () => { window.released = performance.now(); window.drawn = null; };
  document.addEventListener("pointerup", released, true);
  const watch = (root) => new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]);
    if (added.some((node) => node.nodeName === "FIGURE")) window.drawn ??= performance.now();
  }).observe(root, { subtree: true, childList: true });
  for (const element of document.querySelectorAll("*")) if (element.shadowRoot) watch(element.shadowRoot);
  watch(document.body);
}"""


if __name__ == "__main__":
    main()
