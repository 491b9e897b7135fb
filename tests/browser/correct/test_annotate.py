"""Annotate, as people use it: by keyboard and mouse, two at once, a connection that comes and goes."""

import json
import re
import zipfile
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import settled
from tests.browser.correct.conftest import (
    BY_NAME,
    canvas_of,
    enter,
    is_saved,
    pass_over,
    stroke,
    wait_for_image,
)
from tests.browser.learn.test_accessibility import AXE, OF_STREAMLIT

PROJECT = "Parts of Monday"


def test_a_project_is_made_of_the_samples_and_reviewed_by_keyboard(page):
    enter(page, "Anna")
    page.get_by_label("Name", exact=True).fill(PROJECT)
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("14 images added.")).to_be_visible()
    first = wait_for_image(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Say first whether the part is good")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("Enter")
    expect(page.locator(".progress")).to_contain_text("1 reviewed")
    expect(page.locator(".review .name")).not_to_have_text(first)
    second = wait_for_image(page)
    page.keyboard.press("j")
    expect(page.locator(".review .name")).not_to_have_text(second)
    page.keyboard.press("k")
    expect(page.locator(".review .name")).to_have_text(second)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("take what the model marks")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.locator(".progress")).to_contain_text("1 put off")


def test_a_mask_is_corrected_and_outlives_a_reload(page):
    page.goto(BY_NAME)  # the browser remembers the name
    expect(page.get_by_text("You review as Anna.")).to_be_visible()
    marks = page.get_by_role("button", name=re.compile("^Region 1"))
    for _ in range(14):  # until the model marks something
        name = wait_for_image(page)
        page.keyboard.press("a")
        expect(page.get_by_text("The model marks nothing here.").or_(marks)).to_be_visible()
        if marks.count():
            break
        pass_over(page, name)
    marked = int(re.findall(r"(\d+) region", canvas_of(page).get_attribute("aria-label") or "")[0])
    is_saved(page)
    page.keyboard.press("b")
    stroke(page, (0.2, 0.2), (0.3, 0.25))
    page.keyboard.press("x")
    stroke(page, (0.7, 0.8), (0.8, 0.8))
    page.keyboard.press("w")
    stroke(page, (0.5, 0.5))
    expect(canvas_of(page)).to_have_attribute("aria-label", re.compile(f"defective, {marked + 2} regions"))
    page.keyboard.press("Control+z")
    page.keyboard.press("1")
    page.keyboard.press("n")
    page.keyboard.type("a <b>scratch</b>")
    page.keyboard.press("Escape")
    is_saved(page)
    page.keyboard.press("b")
    stroke(page, (0.1, 0.9), (0.2, 0.9))
    page.reload()
    while (shown := wait_for_image(page)) != name:  # one that was passed over comes first again
        pass_over(page, shown)
    expect(canvas_of(page)).to_have_attribute("aria-label", re.compile(f"defective, {marked + 1} regions"))
    assert page.locator(".note-text").input_value() == "a <b>scratch</b>"
    expect(page.get_by_role("button", name="1 copied")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("What you drew before and did not save is here again.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".progress")).to_contain_text("2 reviewed")


def test_a_polygon_that_is_open_is_no_less_meant(page):
    page.goto(BY_NAME)
    name = wait_for_image(page)
    page.keyboard.press("p")
    for place in ((0.2, 0.2), (0.4, 0.2), (0.4, 0.4)):
        stroke(page, place)
    page.keyboard.press("b")
    expect(canvas_of(page)).to_have_attribute("aria-label", re.compile("defective, 1 region$"))
    page.keyboard.press("x")
    page.keyboard.press("p")
    for place in ((0.6, 0.6), (0.8, 0.6), (0.8, 0.8)):
        stroke(page, place)
    page.get_by_role("button", name="Save and next").click()
    expect(page.locator(".review .name")).not_to_have_text(name)
    wait_for_image(page)
    page.keyboard.press("k")
    expect(page.locator(".review .name")).to_have_text(name)
    expect(canvas_of(page)).to_have_attribute("aria-label", re.compile("defective, 2 regions$"))


def test_one_person_has_an_image_at_a_time(page, other):
    page.goto(BY_NAME)
    name = wait_for_image(page)
    enter(other, "Ben")
    assert wait_for_image(other) != name


def test_two_windows_that_save_the_same_image_are_settled(page, other):
    page.goto(BY_NAME)
    name = wait_for_image(page)
    enter(other, "Anna")
    assert wait_for_image(other) == name
    page.keyboard.press("g")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator(".review .name")).not_to_have_text(name)
    stroke(other, (0.3, 0.3), (0.4, 0.3))
    other.keyboard.press("1")
    is_saved(other)
    other.keyboard.press("Enter")
    conflict = other.get_by_role("alertdialog")
    expect(conflict).to_contain_text("Anna saved this image while you worked on it.")
    said = conflict.get_by_role("listitem")
    expect(said.first).to_have_text("You: defective; 1 region; failed for copied (identity mapping)")
    expect(said.last).to_contain_text("Anna: good; 0 regions; failed for ")
    other.keyboard.press("g")
    other.keyboard.press("j")
    stroke(other, (0.6, 0.6), (0.7, 0.6))  # what would be drawn now would be lost
    expect(canvas_of(other)).to_have_attribute("aria-label", re.compile("defective, 1 region$"))
    conflict.get_by_role("button", name="Both").click()
    expect(canvas_of(other)).to_have_attribute("aria-label", re.compile("defective, 1 region$"))
    expect(other.locator(".tags [aria-pressed=true]")).to_have_count(2)
    other.keyboard.press("Enter")
    expect(other.locator(".review .name")).not_to_have_text(name)
    wait_for_image(other)
    other.keyboard.press("k")
    expect(other.locator(".review .name")).to_have_text(name)
    wait_for_image(other)


def test_what_was_restored_is_taken_back(page):
    page.goto(f"{BY_NAME}&project={quote(PROJECT)}")
    page.get_by_label("Images", exact=True).click()
    page.get_by_role("option", name="reviewed", exact=True).click()
    for _ in range(5):
        name = wait_for_image(page)
        page.get_by_text("History").click()
        if page.get_by_role("button", name="Restore").count() > 1:
            break
        page.get_by_text("History").click()
        pass_over(page, name)
    before = canvas_of(page).get_attribute("aria-label")
    assert "defective" in before
    page.get_by_role("button", name="Restore").last.click()
    expect(canvas_of(page)).to_have_attribute("aria-label", re.compile("good, 0 regions$"))
    canvas_of(page).focus()
    page.keyboard.press("Control+z")
    expect(canvas_of(page)).to_have_attribute("aria-label", before)
    page.keyboard.press("Control+y")
    expect(canvas_of(page)).to_have_attribute("aria-label", re.compile("good, 0 regions$"))
    page.keyboard.press("Control+z")
    is_saved(page)


def test_a_photo_that_cannot_be_shown_says_why(page):
    page.route("**/review/picture/*", lambda route: route.fulfill(json={"error": "It is gone."}, status=404))
    page.goto(BY_NAME)
    expect(
        page.get_by_role("alert").filter(has_text="The image cannot be shown: It is gone.")
    ).to_be_visible()
    page.unroute("**/review/picture/*")


def test_images_are_found_by_their_names_and_the_filter_is_said(page):
    page.goto(BY_NAME)
    wait_for_image(page)
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Letters in the name of the file").fill("SCREW")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Only images with SCREW in the name are shown.")).to_be_visible()
    expect(page.locator(".review .name")).to_contain_text("screw")


def test_a_model_is_put_beside_a_project_later(page):
    page.goto(BY_NAME)
    wait_for_image(page)
    page.get_by_role("button", name="This project").click()
    page.get_by_role("tab", name="Models").click()
    page.get_by_role("combobox", name="Models beside it").click()
    page.get_by_role("option", name="Autoencoder", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keep these models").click()
    settled(page)
    canvas_of(page).focus()
    page.keyboard.press("t")
    expect(page.locator(".review .model")).to_contain_text("Autoencoder: ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_desk_breaks_no_rule_of_accessibility(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(BY_NAME)
    wait_for_image(page)
    stroke(page, (0.3, 0.3), (0.4, 0.3))
    is_saved(page)
    settled(page)
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    ours = {rule["id"]: rule["nodes"][0]["html"] for rule in found if rule["id"] not in OF_STREAMLIT}
    assert ours == {}
    page.emulate_media(color_scheme="light")


def test_what_is_drawn_without_a_connection_is_sent_later(page):
    page.goto(BY_NAME)
    wait_for_image(page)
    page.route("**/review/keep", lambda route: route.abort())
    stroke(page, (0.4, 0.4), (0.5, 0.4))
    expect(page.locator(".status")).to_contain_text("not saved")
    page.unroute("**/review/keep")
    is_saved(page)


def test_what_was_said_is_taken_away(page, tmp_path):
    page.goto(BY_NAME)
    settled(page)
    page.get_by_role("button", name="Export").click()
    page.get_by_role("button", name="Make the file").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the zip").click()
    download.value.save_as(tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        [name] = [name for name in archive.namelist() if name.endswith("annotations.json")]
        written = json.loads(archive.read(name))
    assert len(written["images"]) == 4
    assert {image["judgement"] for image in written["images"]} == {"good", "defective"}
    assert written["annotations"]


def test_a_workbench_that_was_started_without_its_service_says_how_to_start_it(page):
    page.route("**/review/next", lambda route: route.fulfill(status=405, body="Method Not Allowed"))
    page.goto(BY_NAME)
    expect(page.get_by_role("alert").filter(has_text="start server.py, as make run does")).to_be_visible()


def test_what_was_passed_over_comes_again_when_nothing_else_is_left(page):
    page.goto(BY_NAME)
    first = wait_for_image(page)
    news, again = page.locator(".news"), page.get_by_role("button", name="What you passed over")
    for _ in range(14):
        name = wait_for_image(page)
        page.keyboard.press("j")
        expect(page.locator(".review .name").filter(has_not_text=name).or_(again)).to_be_visible()
        if again.is_visible():
            break
    expect(news).to_have_text("Nothing else is left: what you passed over waits.")
    expect(again).to_be_focused()
    page.keyboard.press("j")
    assert wait_for_image(page) == first
    expect(again).to_be_hidden()


def test_back_and_forward_lead_in_and_out_and_lose_nothing(page):
    page.goto("about:blank")
    page.goto(BY_NAME)
    name = wait_for_image(page)
    page.keyboard.press("b")
    stroke(page, (0.3, 0.3), (0.5, 0.3))
    is_saved(page)
    drawn = canvas_of(page).get_attribute("aria-label")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    settled(page)
    page.go_back()
    assert wait_for_image(page) == name
    expect(canvas_of(page)).to_have_attribute("aria-label", drawn)
    page.go_forward()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    settled(page)
    page.go_back()
    assert wait_for_image(page) == name
    page.get_by_role("combobox", name="First comes").click()
    page.get_by_role("option", name="worst first").click()
    expect(page).to_have_url(re.compile("order=worst"))
    expect(page.locator(".review .name")).not_to_have_text(name)
    worst = wait_for_image(page)
    page.go_back()  # an order makes no entry, as a slider makes none
    expect(page).to_have_url("about:blank")
    page.go_forward()
    expect(page).to_have_url(re.compile("order=worst"))
    expect(page.get_by_role("combobox", name="First comes")).to_have_value("worst first")
    expect(page.locator(".review .name")).to_have_text(worst)
