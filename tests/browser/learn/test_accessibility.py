"""What axe-core finds on every page, in light and dark: nothing that is ours."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE, settled

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
OF_STREAMLIT = {"list", "listitem", "presentation-role-conflict"}  # its menu and its uploader
PAGES = [
    "/",
    "/inspect",
    "/compare",
    "/compare?photo=Paint+a+defect",
    "/compare?photo=A+set+of+photos",
    "/layers",
    "/lesson?step=vanishes",
    "/lesson?step=try",
    "/annotate",
    "/models",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_breaks_a_rule_of_accessibility(browser: Browser, workbench_url: str, path: str, scheme):
    context = browser.new_context(
        base_url=workbench_url, color_scheme=scheme, viewport={"width": 1280, "height": 2000}
    )
    page = context.new_page()
    page.goto(path)
    expect(page.locator("h1")).to_be_visible(timeout=2 * PATIENCE)
    settled(page)
    page.wait_for_timeout(500)  # what was drawn anew fades in, and is pale meanwhile
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    ours = {rule["id"]: rule["nodes"][0]["html"] for rule in found if rule["id"] not in OF_STREAMLIT}
    assert ours == {}
    context.close()
