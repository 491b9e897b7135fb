"""The lesson, walked through from the first step to the last."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, other_than, settled
from workbench.lesson.steps import read_steps

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
    elif name in ("damage", "encoder", "vanishes", "segmentation", "masking"):
        labels = {"damage": "Damage number", "encoder": "Layer", "vanishes": "Ladder"}
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
