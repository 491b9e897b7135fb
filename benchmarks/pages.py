"""Prints how long each page takes to open in a Chromium on the same cores, here and in another checkout.

python -m benchmarks.pages                           # this checkout
python -m benchmarks.pages --against ../of-before    # both, page by page in turn, with ratios
"""

import argparse
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.comparing import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROUNDS = 7
HERE = Path(__file__).parents[1]
ADDRESSES = {
    "the first page": "/",
    "Inspect": "/inspect?sample=bottle_broken_large",
    "Layers": "/layers?sample=bottle_broken_large",
    "Compare": "/compare?sample=bottle_broken_large",
    "Lesson, step 5": "/lesson?step=vanishes",
    "Lesson, step 9": "/lesson?step=try",
    "Models": "/models",
}
STILL = """(patience) => new Promise((done, fail) => {
    const began = performance.now()
    let moved = began
    const look = (now) => {
        const app = document.querySelector("[data-testid=stApp]")
        const blocks = document.querySelectorAll("[data-testid=stElementContainer]").length
        if (!blocks || app?.dataset.testScriptState !== "notRunning") moved = now
        if (now - moved >= 400) done(moved - began)
        else if (now - began > patience) fail(new Error("the page goes on running"))
        else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
})"""
"""When the page was seen to run last, in milliseconds from now: it then stood still for 400 ms."""


def main() -> None:
    """Open every page in turn and print the medians."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--against", type=Path, help="folder of another checkout of this repository")
    options = arguments.parse_args()
    folders = [HERE] if options.against is None else [options.against.resolve(), HERE]
    print(f"medians of {ROUNDS} visits each, after one that is not counted; until the page stands still\n")
    print("| page | " + " | ".join(["before", "now", "ratio"] if len(folders) > 1 else ["now"]) + " |")
    for page, times in _times(folders).items():
        cells = [f"{median(of_folder):.0f} ms" for of_folder in times]
        if len(times) > 1:
            cells.append(f"{median(times[1]) / median(times[0]):.2f}")
        print(f"| {page} | " + " | ".join(cells) + " |")


def _times(folders: Sequence[Path]) -> dict[str, list[list[float]]]:
    from playwright.sync_api import sync_playwright

    from tools.chromium import find as find_chromium

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    found: dict[str, list[list[float]]] = {page: [[] for _ in folders] for page in ADDRESSES}
    with ExitStack() as stack, sync_playwright() as playwright:
        urls = [stack.enter_context(served(folder)) for folder in folders]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=options)
        for number in range(1 + ROUNDS):
            for page, address in ADDRESSES.items():
                for url, times in zip(urls, found[page], strict=True):
                    milliseconds = _opened(browser, url + address)
                    if number:
                        times.append(milliseconds)
        browser.close()
    return found


def _opened(browser: "Browser", address: str) -> float:
    """Milliseconds from the address to a page that stands still, in a window of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    start = time.perf_counter()
    page.goto(address, wait_until="domcontentloaded")
    loaded = 1000 * (time.perf_counter() - start)
    still: float = page.evaluate(STILL, 120_000)
    context.close()
    return loaded + still


if __name__ == "__main__":
    main()
