"""Start: one example that a visitor plays with, and links of before."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, other_than, settled


def verdicts(page: Page) -> list[str]:
    return [text.split(",")[0] for text in page.locator(".pair .verdict").all_inner_texts()]


def open_start(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".pair .verdict")).to_have_count(2, timeout=2 * PATIENCE)
    settled(page)


def test_the_first_page_shows_what_one_model_misses_and_the_other_finds(page: Page):
    open_start(page)
    expect(page).to_have_title("CRR Workbench: why models miss defects")
    expect(page.get_by_role("heading", level=1)).to_have_text("Why do models miss defects?")
    missed, found = verdicts(page)
    assert missed.startswith("Missed by Autoencoder")
    assert found.startswith("Found by CRR")
    expect(page.locator(".pair img")).to_have_count(4)
    page.get_by_role("slider", name="Scratch").press("End")
    other_than(page, lambda: verdicts(page), [missed, found])
    assert verdicts(page)[0].startswith("Found by Autoencoder")


def test_who_paints_another_defect_gets_other_answers(page: Page):
    open_start(page)
    before = verdicts(page)
    box = page.locator(".painter canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4, steps=5)
    page.mouse.up()
    other_than(page, lambda: verdicts(page), before)


def test_links_of_before_lead_to_inspect_and_back_leads_out(page: Page):
    page.goto("/models")
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    page.goto("/?sample=screw_good&threshold=0.4")
    expect(page).to_have_url(re.compile(r"/inspect\?.*sample=screw_good"))
    expect(page.locator(".answer")).to_be_visible()
    page.wait_for_function("window.crrHistory")  # before, each entry that the server made is a step back
    settled(page)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")


def test_each_page_has_one_heading_of_the_first_level_and_a_title(page: Page):
    for path, name in (
        ("inspect", "Inspect"),
        ("compare", "Compare"),
        ("layers", "Layers"),
        ("annotate", "Annotate"),
        ("models", "Models"),
    ):
        page.goto(f"/{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page).to_have_title(f"{name} · CRR Workbench")
        expect(page.locator(".band")).to_contain_text("why some models miss defects")


def test_the_words_of_the_pages_are_explained_at_the_top_of_each(page):
    page.goto("/models")
    settled(page)
    page.get_by_role("link", name="Paper").click(trial=True)  # nothing lies over it
    page.get_by_text("Words", exact=True).click()
    expect(page.get_by_text("the mean of the brightest of its heat-map")).to_be_visible()


def test_a_finger_scrolls_past_the_photo_and_the_scratch_is_outlined_below_the_mouse_alone(page: Page):
    open_start(page)
    canvas = page.locator(".painter canvas")
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "pan-y"
    page.mouse.move(5, 5)
    bare = look_of(canvas)
    canvas.hover()
    other_than(page, lambda: look_of(canvas), bare)
    page.mouse.move(5, 5)
    other_than(page, lambda: look_of(canvas) == bare, False)


def look_of(canvas: Locator) -> str:
    shown: str = canvas.evaluate("canvas => canvas.toDataURL()")
    return shown
