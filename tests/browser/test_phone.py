"""On a phone, and whatever is shown, no page is wider than the screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE, ROOT, settled

WIDTH = 390


@pytest.fixture(scope="module")
def context(browser: Browser, workbench_url: str) -> Iterator[BrowserContext]:
    """A phone's screen."""
    with browser.new_context(
        viewport={"width": WIDTH, "height": 844},
        base_url=workbench_url,
        reduced_motion="reduce",
        color_scheme="dark",
    ) as context:
        context.set_default_timeout(PATIENCE)
        yield context


def width(page: Page) -> int:
    """Of all that can be scrolled to."""
    return int(page.get_by_test_id("stMain").evaluate("element => element.scrollWidth"))


def width_of(page: Page, picture: int) -> float:
    box = page.locator("canvas[role=img]").nth(picture).bounding_box()
    assert box is not None
    return box["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_inspect_is_no_wider_than_the_screen(page: Page, tmp_path: Path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto("/inspect")
    expect(page.locator(".answer")).to_be_visible()
    expect(page.locator("canvas[role=img]")).to_be_visible()
    assert width(page) <= WIDTH
    box = page.locator("canvas[role=img]").bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(box["height"], rel=0.05)  # a square sample stays square
    expect(page.get_by_test_id("stMain").get_by_role("radio", name="Segmentation")).to_be_visible()
    long_name = tmp_path / f"{'a' * 90}.jpg"
    long_name.write_bytes((ROOT / "samples" / "bottle_good.jpg").read_bytes())
    page.locator("input[type=file]").first.set_input_files(long_name)
    expect(page.locator(".answer")).to_contain_text(long_name.name)
    assert width(page) <= WIDTH


@pytest.mark.parametrize("beside", ["", "&beside=autoencoder-embedded"])
def test_layers_is_no_wider_than_the_screen(page: Page, beside: str):
    page.goto("/layers?sample=screw_good&all_layers=true" + beside)
    expect(page.get_by_role("button", name="Page (HTML)")).to_be_visible(timeout=2 * PATIENCE)
    settled(page)
    assert width(page) <= WIDTH


def test_compare_is_no_wider_than_the_screen(page: Page):
    page.goto("/compare?models=crr-embedded&models=autoencoder-embedded")
    # The photo and two models, what was seen and the two answers, slider and difference.
    expect(page.locator("canvas[role=img]")).to_have_count(3 + 3 + 2)
    expect(page.get_by_role("button", name="PNG")).to_be_visible()
    assert width(page) <= WIDTH
    assert width_of(page, 2) >= 150


@pytest.mark.parametrize("step", ["vanishes", "try"])
def test_lesson_is_no_wider_than_the_screen(page: Page, step: str):
    page.goto(f"/lesson?step={step}")
    expect(page.get_by_text("Check yourself.")).to_be_visible(timeout=2 * PATIENCE)
    settled(page)
    assert width(page) <= WIDTH


def test_models_is_no_wider_than_the_screen(page: Page):
    page.goto("/models")
    expect(page.get_by_text("CRR", exact=True).first).to_be_visible(timeout=2 * PATIENCE)
    settled(page)
    assert width(page) <= WIDTH
