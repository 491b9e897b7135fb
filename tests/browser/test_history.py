"""Back and forward of the browser: what was looked at before comes back, and nothing is lost."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import paint, settled

SAMPLES = Path(__file__).parents[2] / "samples"
ELSEWHERE = "about:blank"


def click_sample(page: Page, title: str) -> None:
    page.get_by_role("radio", name=title, exact=True).click()
    shows(page, title)


def shows(page: Page, title: str) -> None:
    """A sample is shown: it is marked, and credited below its picture."""
    # While a page is drawn anew the strip of before may still stand below the one that is marked.
    expect(page.get_by_role("radio", name=title, exact=True, checked=True)).to_be_visible()
    expect(page.get_by_text(re.compile(re.escape(f"{title}. Image")))).to_be_visible()
    settled(page)


def shows_own(page: Page, name: str) -> None:
    expect(page.locator(".answer")).to_contain_text(name)
    settled(page)


def visit(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile(f"/{name.lower()}"))
    settled(page)


def back(page: Page) -> None:
    page.go_back()
    settled(page)


def forward(page: Page) -> None:
    page.go_forward()
    settled(page)


@pytest.mark.parametrize("name", ["inspect", "layers", "compare"])
def test_back_and_forward_lead_through_the_samples_and_out_again(page, name):
    page.goto(ELSEWHERE)
    page.goto(f"/{name}?sample=bottle_good")
    shows(page, "Bottle: good")
    click_sample(page, "Screw: good")
    click_sample(page, "Bottle: chip")
    for title in ("Screw: good", "Bottle: good"):
        back(page)
        shows(page, title)
    for title in ("Screw: good", "Bottle: chip"):
        forward(page)
        shows(page, title)
    for _ in range(2):
        back(page)
    page.go_back()  # no entry was made that leads nowhere
    expect(page).to_have_url(ELSEWHERE)


def test_a_page_that_completes_its_own_address_is_left_with_one_step_back(page):
    page.goto(ELSEWHERE)
    page.goto("/inspect")
    expect(page).to_have_url(re.compile("sample="))
    page.wait_for_function("window.crrHistory")  # what the page does by itself may come after all else
    settled(page)
    page.go_back()
    expect(page).to_have_url(ELSEWHERE)


def test_sliders_make_no_entries_and_come_back_with_their_place(page):
    page.goto("/inspect?sample=bottle_good")
    shows(page, "Bottle: good")
    click_sample(page, "Screw: good")
    threshold, opacity = (page.get_by_role("slider", name=name) for name in ("Limit", "Opacity"))
    for _ in range(3):
        threshold.press("ArrowRight")
        settled(page)
    opacity.press("Home")
    settled(page)
    moved = threshold.input_value()
    click_sample(page, "Bottle: chip")
    back(page)
    shows(page, "Screw: good")
    expect(threshold).to_have_value(moved)
    expect(opacity).to_have_value("0")
    back(page)
    shows(page, "Bottle: good")
    expect(opacity).to_have_value("60")
    expect(page).not_to_have_url(re.compile("limit="))
    expect(page.get_by_text("defective at a score of")).to_be_visible()


def test_own_photos_stay_and_come_back(page):
    page.goto("/inspect?sample=bottle_good")
    shows(page, "Bottle: good")
    files = [SAMPLES / "bottle_broken_small.jpg", SAMPLES / "screw_good.jpg"]
    page.locator("input[type=file]").first.set_input_files(files)
    shows_own(page, "bottle_broken_small.jpg")
    expect(page.get_by_text("2 of 2 inspected").first).to_be_visible()
    click_sample(page, "Ball screw: good")
    back(page)
    shows_own(page, "bottle_broken_small.jpg")
    back(page)
    shows(page, "Bottle: good")
    expect(page.get_by_text("Your images: 2")).to_be_visible()
    expect(page.locator(".stFileChip")).to_have_count(2)
    forward(page)
    shows_own(page, "bottle_broken_small.jpg")
    page.get_by_role("button", name="Remove bottle_broken_small.jpg").click()
    shows_own(page, "screw_good.jpg")
    back(page)  # where the photo was that is gone
    expect(page.get_by_test_id("stToast")).to_contain_text("not in your list any more")
    shows_own(page, "screw_good.jpg")
    back(page)
    shows(page, "Bottle: good")
    expect(page.get_by_text("Your images: 1")).to_be_visible()


def test_pages_steps_and_tabs_are_entries(page):
    page.goto("/inspect?sample=screw_good")
    shows(page, "Screw: good")
    for name in ("Layers", "Compare", "Lesson"):
        visit(page, name)
    page.get_by_role("button", name="Next:").click()
    expect(page.get_by_text("2 of 9", exact=True)).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Next:").click()
    expect(page.get_by_text("3 of 9", exact=True)).to_be_visible()
    settled(page)
    visit(page, "Models")
    tab = page.get_by_role("tab", name="Publish")
    tab.click()
    expect(page).to_have_url(re.compile("show=Publish"))
    settled(page)
    back(page)
    expect(page.get_by_role("tab", name="On this machine")).to_have_attribute("aria-selected", "true")
    for step in (3, 2, 1):
        back(page)
        expect(page.get_by_text(f"{step} of 9", exact=True)).to_be_visible()
    back(page)
    expect(page).to_have_url(re.compile("/compare.*sample=screw_good"))
    back(page)
    expect(page).to_have_url(re.compile("/layers.*sample=screw_good"))
    back(page)
    shows(page, "Screw: good")
    for address in ("/layers", "/compare", "/lesson", "/lesson", "/lesson", "/models", "show=Publish"):
        forward(page)
        expect(page).to_have_url(re.compile(address))
    expect(tab).to_have_attribute("aria-selected", "true")


def test_the_models_and_the_mode_of_compare_come_back_and_what_was_painted_stays(page):
    page.goto("/compare?sample=screw_good")
    shows(page, "Screw: good")
    page.get_by_role("combobox", name=re.compile("Models")).click()
    page.get_by_role("option", name="PaDiM").click()
    expect(page).to_have_url(re.compile("models=PaDiM"))
    page.keyboard.press("Escape")
    settled(page)
    page.get_by_role("radio", name="Paint a defect").click()
    expect(page).to_have_url(re.compile("photo=Paint"))
    settled(page)
    canvas = paint(page)
    page.get_by_role("button", name="Make one").click()
    expect(page).to_have_url(re.compile("damage="))
    settled(page)
    back(page)
    expect(page).not_to_have_url(re.compile("damage="))
    expect(page.get_by_role("button", name="Remove it")).to_be_disabled()
    expect(canvas).to_have_attribute("aria-label", re.compile("1 stroke$"))
    back(page)
    expect(page.get_by_role("radio", name="One photo")).to_be_checked()
    expect(page).to_have_url(re.compile("models=PaDiM"))
    back(page)
    expect(page).not_to_have_url(re.compile("models="))
    expect(page.get_by_text("Choose at least one model")).to_have_count(0)
    expect(page.get_by_role("button", name="PNG")).to_be_visible()
    for _ in range(3):
        forward(page)
    expect(page).to_have_url(re.compile("damage="))
    expect(page.get_by_role("button", name="Remove it")).to_be_enabled()
    expect(canvas).to_have_attribute("aria-label", re.compile("1 stroke$"))


def test_compare_opens_with_a_defect_that_one_model_misses_unless_a_sample_was_chosen(page):
    page.goto("/inspect")
    shows(page, "Bottle: broken rim")
    visit(page, "Compare")
    shows(page, "Screw: bent tip")
    said = page.get_by_text("CRR finds it, Autoencoder would have it checked by hand.")
    expect(said).to_be_visible()
    back(page)
    shows(page, "Bottle: broken rim")
    click_sample(page, "Bottle: good")
    visit(page, "Compare")
    shows(page, "Bottle: good")
    expect(said).to_have_count(0)
    page.goto("/compare?sample=bottle_contamination")
    shows(page, "Bottle: foreign body")


def test_a_click_on_a_strip_that_was_scrolled_counts_after_a_slider_was_moved(page):
    page.goto("/inspect?sample=bottle_good")
    shows(page, "Bottle: good")
    click_sample(page, "Ball screw: good")
    page.get_by_role("slider", name="Opacity").press("Home")
    settled(page)
    click_sample(page, "Bottle: chip")
