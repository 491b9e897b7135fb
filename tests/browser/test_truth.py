"""Truth on the page Inspect: who says what of a part, what a limit then finds, and the report on it."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import settled, table_of

SAMPLES = Path(__file__).parents[2] / "samples"
TALLY = re.compile(r"whose truth is known, this limit finds (\d+) of \d+ defects and stops (\d+) of")


def open_page(page: Page) -> None:
    page.goto("/inspect")
    expect(page.locator(".answer")).to_be_visible()


def button(page: Page, word: str) -> Locator:
    return page.locator(".st-key-truth").get_by_role("button", name=re.compile(rf"^{word}\b"))


def is_chosen(page: Page, word: str, chosen: bool) -> None:
    expect(button(page, word)).to_have_attribute(
        "data-testid", "stBaseButton-primary" if chosen else "stBaseButton-secondary"
    )


@pytest.fixture
def sorted_photos(tmp_path: Path) -> Path:
    """The samples in folders as people sort them: good ones, and others by what is wrong."""
    for sample in SAMPLES.glob("*.jpg"):
        kind = "good" if sample.stem.endswith("_good") else "scratch"
        for line in ("line1", "line2"):
            (tmp_path / kind).mkdir(exist_ok=True)
            target = tmp_path / kind / f"{line}_{sample.name}"
            shutil.copy(sample, target)
            target.write_bytes(target.read_bytes() + line.encode())  # another file, the same picture
    return tmp_path


def test_a_part_is_called_defective_by_a_click_and_by_a_key_and_taken_back(page):
    open_page(page)
    page.locator("input[type=file]").first.set_input_files(SAMPLES / "bottle_good.jpg")
    expect(page.get_by_text("Your images: 1")).to_be_visible()
    expect(page.get_by_text("In truth this part is")).to_be_visible()
    button(page, "Not OK").click()
    expect(page.get_by_text("The truth of 1 part is known")).to_be_visible()
    is_chosen(page, "Not OK", True)
    settled(page)
    page.keyboard.press("g")
    is_chosen(page, "OK", True)
    is_chosen(page, "Not OK", False)
    settled(page)
    button(page, "OK").click()
    expect(page.get_by_text("The truth of 1 part is known")).to_be_hidden()
    is_chosen(page, "OK", False)


def test_folders_say_what_is_true_and_the_limit_is_set_by_false_alarms(page, sorted_photos, tmp_path):
    open_page(page)
    page.get_by_role("button", name="Folder or camera").click()
    typed = page.get_by_role("textbox", name="Path of a folder")
    typed.fill(str(sorted_photos))
    typed.press("Enter")
    sentence = page.get_by_text(TALLY)
    expect(sentence).to_be_visible()
    settled(page)
    before = TALLY.search(sentence.inner_text())
    assert before is not None
    page.get_by_role("spinbutton", name="Most false alarms in 100 good parts").fill("100")
    page.keyboard.press("Enter")
    settled(page)
    page.get_by_role("button", name="Set the limit accordingly").click()
    expect(page.get_by_text(re.compile(r"truth is known.* stops (\d+) of \1 good parts"))).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report").click()
    download.value.save_as(tmp_path / "report.html")
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.search(r"stops (\d+) of \1 good parts", report)
    assert "scratch/line1_" in report


def test_the_truth_is_edited_in_the_table(page):
    open_page(page)
    page.locator("input[type=file]").first.set_input_files(
        [SAMPLES / "bottle_good.jpg", SAMPLES / "screw_good.jpg"]
    )
    expect(page.get_by_text("Your images: 2")).to_be_visible()
    page.get_by_text("Edit truths").click()
    settled(page)
    table_of(page, 0).dblclick(position={"x": 100, "y": 40 + 28})
    expect(page.locator("#portal").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("Not OK")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The truth of 1 part is known")).to_be_visible()
    settled(page)
    expect(page.locator(".answer")).to_contain_text("bottle_good.jpg")
    for key in "djk":  # they belong to the table, and neither answer for the photo nor turn to another
        page.keyboard.press(key)
        page.wait_for_timeout(200)
        page.keyboard.press("Escape")
    settled(page)
    expect(page.get_by_text("The truth of 1 part is known")).to_be_visible()
    expect(page.locator(".answer")).to_contain_text("bottle_good.jpg")
    page.get_by_text("Edit truths").click()
    page.get_by_role("heading", name="Your images").click()  # a switch keeps the keys to itself
    settled(page)
    page.keyboard.press("j")
    expect(page.locator(".answer")).to_contain_text("screw_good.jpg")
