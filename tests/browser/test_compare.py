"""The page Compare with two models, as a visitor meets it."""

import json
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, ROOT, other_than, serve, settled, table_of

EMBEDDED = ROOT / "checkpoints" / "crr-embedded"


@pytest.fixture(scope="module")
def workbench_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two models: the embedded one, and "lenient", the same with limits that hardly any part reaches."""
    folder = tmp_path_factory.mktemp("compare")
    models = folder / "models"
    shutil.copytree(EMBEDDED, models / "crr-embedded")
    shutil.copytree(EMBEDDED, models / "lenient")
    config = json.loads((models / "lenient" / "config.json").read_text())
    for category in config["calibration"]:
        category["threshold"] *= 1.5
    (models / "lenient" / "config.json").write_text(json.dumps(config))
    with serve(folder, CRR_CHECKPOINTS=str(models)) as url:
        yield url


def open_page(page: Page, query: str = "") -> None:
    page.goto("/compare" + query)
    expect(pictures(page)).to_have_count(5)  # photo, two models, slider, difference
    expect(page.get_by_role("button", name="PNG")).to_be_visible()


def pictures(page: Page) -> Locator:
    return page.locator("canvas[role=img]")


def pixels(picture: Locator) -> str:
    """What is drawn, as a data URI."""
    return str(picture.evaluate("canvas => canvas.toDataURL()"))


def point_at(page: Page, picture: Locator, across: float, down: float) -> None:
    """Move the mouse to a place of a picture, given as shares of its width and height."""
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * across, box["y"] + box["height"] * down
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)


def test_pointing_reads_all_models_and_zoom_is_the_same_in_all(page):
    open_page(page, "?sample=bottle_broken_large")
    expect(pictures(page).nth(1)).to_have_attribute("aria-label", re.compile("CRR, defective"))
    point_at(page, pictures(page).nth(1), 0.3, 0.4)
    first = page.locator(".readout").first
    place = re.compile(r"x 15\d, y 20\d: CRR (\d\.\d\d) · lenient \1$")  # 0.3 and 0.4 of 512
    expect(first).to_have_text(place)
    expect(page.locator(".value:visible")).to_have_count(3)  # both models and the difference
    whole = [pixels(picture) for picture in pictures(page).all()]
    page.keyboard.down("Control")
    page.mouse.wheel(0, -500)
    page.keyboard.up("Control")
    for number, before in enumerate(whole):
        other_than(page, lambda number=number: pixels(pictures(page).nth(number)), before)
    point_at(page, pictures(page).nth(1), 0.3, 0.4)
    expect(first).to_have_text(place)  # zooming kept the place under the pointer


def test_scale_and_slider_change_the_pictures_and_the_link(page):
    open_page(page, "?maps=Map+alone")
    shared = pixels(pictures(page).nth(1))
    page.get_by_text("One colour scale", exact=True).click()
    expect(page.get_by_text("scale of its own")).to_be_visible()
    expect(page).to_have_url(re.compile("one_scale=false"))
    other_than(page, lambda: pixels(pictures(page).nth(1)), shared)
    settled(page)

    slider = page.get_by_role("slider", name="Slider between")
    before = pixels(pictures(page).nth(3))
    expect(slider).to_have_value("50")
    point_at(page, pictures(page).nth(3), 0.5, 0.7)
    page.mouse.down()
    point_at(page, pictures(page).nth(3), 0.2, 0.7)
    page.mouse.up()
    expect(slider).to_have_value("20")
    slider.press("End")
    expect(slider).to_have_value("100")
    other_than(page, lambda: pixels(pictures(page).nth(3)), before)
    page.get_by_role("link", name="Inspect").click()
    expect(page.locator(".answer")).to_be_visible()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_text("scale of its own")).to_be_visible()


def test_what_parts_the_models_is_listed_first_and_opens_with_a_click(page):
    open_page(page, "?sample=screw_good")
    page.get_by_role("radio", name="A set of photos").click()
    page.get_by_role("button", name="Compare on all samples").click()
    all_asked = page.get_by_role("radio", name=re.compile(r"verdicts differ \([1-9]\d*\)"))
    expect(all_asked).to_be_visible(timeout=3 * PATIENCE)  # 28 inspections
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    settled(page)
    table_of(page, -1).click(position={"x": 250, "y": 70})
    expect(page).not_to_have_url(re.compile("screw_good"))
    expect(page).to_have_url(re.compile("sample="))
    expect(page.get_by_role("radio", name="One photo")).to_be_checked()
    expect(page.get_by_text("this part is defective")).to_be_visible()  # normal ones reach no limit
