"""The lesson, walked through from the first step to the last."""

import re

from playwright.sync_api import Browser, Locator, Page, expect

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


def test_the_ladder_shows_less_and_less_of_the_damage_copied(page):
    open_step(page, "vanishes")

    def copied() -> int:
        settled(page)
        found = re.search(r"copies (\d+) % of the damage", page.locator("figcaption").nth(1).inner_text())
        assert found is not None
        return int(found[1])

    plain = copied()
    slider = page.get_by_role("slider", name="Ladder")
    slider.press("End")
    expect(page.get_by_text(f"copies {plain} % of the damage")).to_have_count(0)
    assert copied() < plain / 2


def test_the_row_of_steps_jumps_and_a_wrong_answer_is_explained(page):
    open_step(page, "normal")
    page.get_by_text(STEPS[0].answers[0].text).click()
    expect(page.get_by_text("Not quite.")).to_be_visible()
    page.get_by_role("radio", name="7 Repair").click()
    expect(page).to_have_url(re.compile("step=repair"))
    expect(page.get_by_role("heading", name=STEPS[6].title)).to_be_visible()


def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, workbench_url: str):
    with browser.new_context(
        base_url=workbench_url, viewport={"width": 390, "height": 844}, color_scheme="dark"
    ) as context:
        page = context.new_page()
        for name in ("vanishes", "try"):
            open_step(page, name)
            assert page.get_by_test_id("stMain").evaluate("element => element.scrollWidth") <= 390
