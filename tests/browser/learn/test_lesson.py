"""The lesson, walked through from the first step to the last."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, other_than, settled
from workbench.lesson.steps import read_steps
from workbench.views.lesson.link import FIRST_DAMAGE

STEPS = read_steps()


def open_step(page: Page, name: str) -> None:
    page.goto(f"/lesson?step={name}")
    expect(page.get_by_text("Check yourself.")).to_be_visible(timeout=2 * PATIENCE)
    settled(page)


def pictures(page: Page) -> list[str]:
    """What is drawn, as data URIs."""
    return [str(canvas.evaluate("canvas => canvas.toDataURL()")) for canvas in drawn(page).all()]


def drawn(page: Page) -> Locator:
    return page.locator("canvas[role=img]")


def change(page: Page, name: str) -> None:
    """Move the step's one control."""
    if name == "normal":
        page.get_by_role("radio", name="Bottle").click()
    elif name == "vanishes":
        page.get_by_role("slider", name="Damage number").press("Home")
    elif name in ("damage", "encoder", "segmentation", "masking"):
        labels = {"damage": "Damage number", "encoder": "Layer"}
        labels |= {"segmentation": "Weight of the differences", "masking": "Hidden"}
        page.get_by_role("slider", name=labels[name]).press("End")
    elif name == "decoder":
        page.get_by_role("radio", name="block 4").click()
    elif name == "repair":
        page.get_by_role("radio", name="to repair as well").click()
    else:
        canvas = page.locator(".painter canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.45)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=5)
        page.mouse.up()


def test_from_the_first_step_to_the_last_each_control_changes_the_picture(page):
    # The slowest of all: nine steps with four models, each shown twice.
    open_step(page, "normal")
    for number, step in enumerate(STEPS):
        expect(page.get_by_role("heading", name=step.title)).to_be_visible()
        expect(page).to_have_url(re.compile(f"step={step.name}"))
        expect(page.get_by_text(f"{number + 1} of {len(STEPS)}", exact=True).first).to_be_visible()
        if step.name != "try":
            expect(drawn(page).nth(1)).to_be_visible()
        settled(page)
        before = pictures(page)
        change(page, step.name)
        if step.name == "try":
            expect(page.get_by_text(re.compile(r"copies \d+ % of it"))).to_have_count(2)
        other_than(page, lambda: pictures(page), before)
        page.get_by_text(step.answers[step.right].text).click()
        expect(page.get_by_text(step.answers[step.right].feedback[:40]).first).to_be_visible()
        settled(page)
        if number + 1 < len(STEPS):
            page.get_by_role("button", name=f"Next: {STEPS[number + 1].title}").click()
    settled(page)
    expect(page.get_by_text(f"{len(STEPS)} of {len(STEPS)} questions").first).to_be_visible()
    expect(page.get_by_role("link", name="See every layer").first).to_be_visible()


def test_a_step_begins_at_its_top_and_the_arrow_keys_lead_on_and_back(page):
    open_step(page, "vanishes")
    main = page.get_by_test_id("stMain")
    main.evaluate("main => main.scrollTo(0, 600)")
    page.get_by_role("button", name=f"Next: {STEPS[5].title}").click()
    expect(page.get_by_role("heading", name=STEPS[5].title)).to_be_visible()
    settled(page)
    assert main.evaluate("main => main.scrollTop") == 0
    expect(page.get_by_role("heading", name=STEPS[5].title)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", name=STEPS[4].title)).to_be_visible()
    settled(page)
    page.get_by_role("slider", name="Damage number").press("ArrowRight")  # which is the slider's own
    settled(page)
    expect(page.get_by_role("heading", name=STEPS[4].title)).to_be_visible()
    expect(page).to_have_title(f"Lesson 5: {STEPS[4].short} · CRR Workbench")


def test_all_formulas_are_drawn(page):
    for step in STEPS:
        open_step(page, step.name)
        page.get_by_text("The formula, and where it comes from").click()
        expect(page.get_by_text("Sources:")).to_be_visible()
        expect(page.locator(".katex-error")).to_have_count(0)
        if "$" in step.formula:
            expect(page.locator(".katex").first).to_be_visible()


def test_back_brings_a_step_as_it_was_left(page):
    open_step(page, "vanishes")
    damage, hidden = (
        page.get_by_role("slider", name="Damage number"),
        page.get_by_role("slider", name="Hidden"),
    )
    damage.press("End")
    expect(page).to_have_url(re.compile("damage=12"))
    settled(page)
    page.get_by_role("button", name="Next:").first.click()
    expect(page).to_have_url(re.compile("step=masking"))
    settled(page)
    hidden.press("End")
    expect(page).to_have_url(re.compile("hidden=80"))
    settled(page)
    page.get_by_role("button", name="Next:").first.click()
    expect(page).to_have_url(re.compile("step=repair"))
    settled(page)
    page.go_back()
    expect(hidden).to_have_value("80")
    settled(page)
    page.go_back()
    expect(damage).to_have_value("12")
    settled(page)
    page.go_back()  # another damage is another place, as on the page Compare
    expect(damage).to_have_value(str(FIRST_DAMAGE))
    settled(page)
    page.go_forward()
    expect(damage).to_have_value("12")


def test_a_presenter_in_the_hand_leads_on_and_a_picture_keeps_no_key(page):
    open_step(page, "vanishes&present=1")
    page.keyboard.press("PageDown")
    expect(page.get_by_role("heading", name=STEPS[5].title)).to_be_visible()
    settled(page)
    picture = page.locator(".picture canvas").first
    picture.scroll_into_view_if_needed()
    picture.click(position={"x": 20, "y": 20})
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", name=STEPS[4].title)).to_be_visible()
    settled(page)
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("present"))
    expect(page.get_by_role("button", name="Present", exact=True)).to_be_visible()


def test_a_control_that_was_moved_keeps_no_key_of_a_presenter(page):
    open_step(page, "vanishes&present=1")
    slider = page.get_by_role("slider", name="Damage number")
    slider.focus()
    page.keyboard.press("ArrowRight")  # this is the slider's own
    settled(page)
    moved = slider.get_attribute("aria-valuenow")
    page.keyboard.press("PageDown")
    expect(page.get_by_role("heading", name=STEPS[5].title)).to_be_visible()
    settled(page)
    page.get_by_role("slider").first.focus()
    page.keyboard.press("PageUp")
    expect(page.get_by_role("heading", name=STEPS[4].title)).to_be_visible()
    settled(page)
    assert slider.get_attribute("aria-valuenow") == moved
    slider.focus()
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("present"))


def test_the_wheel_scrolls_past_a_whole_picture(page):
    open_step(page, "vanishes")
    main = page.get_by_test_id("stMain")
    picture = page.locator(".picture canvas").first
    expect(picture).to_be_visible()
    picture.hover()
    began = main.evaluate("main => main.scrollTop")
    page.mouse.wheel(0, 300)
    page.wait_for_function(
        "began => document.querySelector('[data-testid=stMain]').scrollTop > began + 100", arg=began
    )
