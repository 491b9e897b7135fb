"""Makes the pictures of README and docs/pages.md anew, from the workbench as a visitor meets it.

python -m tests.browser.pictures           # all of them
python -m tests.browser.pictures start     # one
"""

import argparse
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from crr.hub import Publication
from tests.browser.conftest import CHROMIUM_OPTIONS, PATIENCE, ROOT, serve, settled
from tests.browser.correct.conftest import enter, is_saved, wait_for_image
from tests.hub_repos import Fault
from tests.hub_server import HubServer, hub_server
from tools.chromium import find

DOCS, SAMPLES, EMBEDDED = ROOT / "docs", ROOT / "samples", ROOT / "checkpoints" / "crr-embedded"


@dataclass(frozen=True)
class Shot:
    """A picture: the address, the height of the window, and what is done before."""

    address: str
    height: int = 900
    before: Callable[[Page], None] | None = None


def upload_samples(page: Page) -> None:
    """Photos of ten parts, as an engineer brings them."""
    page.locator("input[type=file]").first.set_input_files(sorted(SAMPLES.glob("*.jpg"))[:10])
    page.get_by_text("Your images: 10").wait_for()
    settled(page)


def pull(page: Page) -> None:
    """A model of the Hub, half of which has arrived."""
    page.get_by_role("tab", name="On the Hugging Face Hub").click()
    page.get_by_role("textbox", name="Address").fill("factory/six-parts")
    page.get_by_role("button", name="Pull").first.click()
    page.get_by_text("factory/six-parts: 3.").wait_for()


def review(page: Page) -> None:
    """A project of the samples, and a part on which the model's mask is corrected."""
    enter(page, "Anna")
    page.get_by_label("Name", exact=True).fill("Parts of Monday")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="Make it").click()
    while wait_for_image(page) != "bottle_broken_large.jpg":
        page.keyboard.press("g")
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)
    page.keyboard.press("a")
    page.keyboard.press("8")
    is_saved(page)


def fill(hub: HubServer) -> None:
    """Put a model there whose files take their time."""
    files = {path.name: path.read_bytes() for path in EMBEDDED.iterdir() if path.is_file()}
    hub.add("factory/six-parts", {**files, "README.md": Publication(EMBEDDED).card().encode()})
    hub.faults = [Fault("six-parts/resolve", pause=0.5)]


SHOTS = {
    "start": Shot("/", 960),
    "inspect": Shot("/inspect", 1000, upload_samples),
    "layers": Shot("/layers?sample=bottle_broken_large", 1000),
    "compare": Shot("/compare", 1000),
    "paint": Shot("/compare?photo=Paint+a+defect", 1000),
    "lesson": Shot("/lesson?step=try&present=1", 1000),
    "annotate": Shot("/annotate", 1000, review),
    "models": Shot("/models", 1000),
    "hub": Shot("/models", 400, pull),
}


def main() -> None:
    """Make the pictures that were asked for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("names", nargs="*", choices=[[], *SHOTS], default=[])
    wanted = arguments.parse_args().names or [*SHOTS]
    with (
        tempfile.TemporaryDirectory() as folder,
        hub_server() as hub,
        serve(
            Path(folder),
            CRR_DATA=str(Path(folder) / "data"),
            HF_ENDPOINT=hub.endpoint,
            HF_ASSETS_CACHE=folder,
            HF_HUB_DISABLE_XET="1",
        ) as url,
        sync_playwright() as playwright,
    ):
        fill(hub)
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=find(), args=CHROMIUM_OPTIONS)
        for name in wanted:
            shot = SHOTS[name]
            context = browser.new_context(
                viewport={"width": 1280, "height": shot.height}, base_url=url, reduced_motion="reduce"
            )
            context.set_default_timeout(2 * PATIENCE)
            page = context.new_page()
            page.goto(shot.address)
            settled(page)
            if shot.before is not None:
                shot.before(page)
            page.wait_for_timeout(1500)  # pictures come after the words
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.save(DOCS / f"{name}.webp", quality=90, method=6)  # a third of the bytes of a PNG
            print(DOCS / f"{name}.webp")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
