"""The page Compare, painting a defect, as a visitor with a mouse or a finger meets it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE, other_than, settled

LINK = "/compare?sample=screw_good&photo=Paint+a+defect&models=crr-embedded&models=autoencoder-embedded"
SCRATCH = ((0.42, 0.40), (0.50, 0.50))  # along the shank, as shares of width and height


def open_page(page: Page, link: str = LINK) -> None:
    page.goto(link)
    expect(page.locator("figcaption").nth(1)).to_be_visible()


def canvas(page: Page) -> Locator:
    return page.locator(".painter canvas")


def place(page: Page, across: float, down: float) -> tuple[float, float]:
    canvas(page).scroll_into_view_if_needed()
    box = canvas(page).bounding_box()
    assert box is not None
    return box["x"] + box["width"] * across, box["y"] + box["height"] * down


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*place(page, *start))
    page.mouse.down()
    page.mouse.move(*place(page, *end), steps=6)
    page.mouse.up()


def figure(column: Locator, pattern: str) -> float:
    """A number that a column's caption shows."""
    text = column.inner_text()
    found = re.search(pattern, text)
    assert found is not None, text
    return float(found[1])


def columns(page: Page) -> list[Locator]:
    """The captions of the two models once they show a damage."""
    captions = page.locator("figcaption", has_text="IoU")
    expect(captions).to_have_count(2)
    return captions.all()


def test_a_scratch_on_a_screw_is_repaired_by_crr_and_copied_by_the_autoencoder(page):
    open_page(page)
    expect(page.locator("figcaption", has_text="copies")).to_have_count(0)
    drag(page, *SCRATCH)
    crr, autoencoder = columns(page)
    expect(crr).to_contain_text("CRR")
    contrasts = [figure(column, r"contrast (\d+\.\d)") for column in (crr, autoencoder)]
    copied = [figure(column, r"copies (\d+) %") for column in (crr, autoencoder)]
    assert contrasts[0] > 1.15 * contrasts[1]
    assert copied[0] < 40
    assert copied[1] > 60
    expect(page.get_by_text("From the damage to the maps of 2 models")).to_be_visible()
    expect(page.locator(".js-plotly-plot .legendtext", has_text="Autoencoder")).to_be_visible()
    expect(canvas(page)).to_have_attribute("aria-label", re.compile("Screw: good.*1 stroke"))

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("figcaption", has_text="copies")).to_have_count(0)
    expect(page.get_by_text("Paint a defect on the part")).to_be_visible()


def test_zoom_of_the_maps_stays_while_strokes_are_added(page):
    open_page(page)
    drag(page, *SCRATCH)
    columns(page)
    settled(page)
    map_ = page.locator(".panels canvas").first

    def pixels() -> str:
        return str(map_.evaluate("canvas => canvas.toDataURL()"))

    whole = pixels()
    map_.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -500)
    page.keyboard.up("Control")
    other_than(page, pixels, whole)
    before = page.locator("figcaption").first.inner_text()
    drag(page, (0.6, 0.6), (0.65, 0.6))
    expect(page.locator("figcaption").first).not_to_have_text(before)
    settled(page)
    near = pixels()
    page.get_by_role("button", name="Whole picture").nth(1).click()
    other_than(page, pixels, near)  # it was still magnified


@pytest.fixture
def phone(browser: Browser, workbench_url: str) -> Iterator[Page]:
    with browser.new_context(
        base_url=workbench_url, viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark"
    ) as context:
        context.set_default_timeout(PATIENCE)
        yield context.new_page()


def test_a_finger_paints_on_a_phone_and_nothing_is_wider_than_the_screen(phone):
    open_page(phone)
    assert phone.get_by_test_id("stMain").evaluate("element => element.scrollWidth") <= 390
    start, end = (place(phone, *point) for point in SCRATCH)
    session = phone.context.new_cdp_session(phone)
    for kind, points in (("touchStart", [start]), ("touchMove", [end]), ("touchEnd", [])):
        touches = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
    columns(phone)
    assert phone.get_by_test_id("stMain").evaluate("element => element.scrollWidth") <= 390
