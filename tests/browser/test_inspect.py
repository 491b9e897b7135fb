"""The page Inspect with the embedded checkpoint, as a visitor meets it."""

import csv
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import other_than, settled

SAMPLES = Path(__file__).parents[2] / "samples"
DEFECTIVE = SAMPLES / "bottle_broken_small.jpg"
GOOD = SAMPLES / "bottle_good.jpg"


def open_page(page: Page, query: str = "") -> None:
    page.goto("/" + query)
    expect(page.locator(".answer")).to_be_visible()
    expect(picture(page)).to_be_visible()


def upload(page: Page, *files: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(files)


def area(page: Page) -> float:
    """Share of the image above the threshold, in percent, as the page states it."""
    sentence = page.get_by_text(re.compile(r"reach(es)? the threshold")).inner_text()
    found = re.search(r"([\d.]+) %", sentence)
    return float(found[1]) if found else 0.0


def picture(page: Page) -> Locator:
    return page.locator("canvas[role=img]")


def pixels(page: Page) -> str:
    """What is drawn, as a data URI."""
    return str(picture(page).evaluate("canvas => canvas.toDataURL()"))


def point_at(page: Page, across: float, down: float) -> None:
    """Move the mouse to a place of a square picture, given as shares of its width and height."""
    picture(page).scroll_into_view_if_needed()
    box = picture(page).bounding_box()
    assert box is not None
    side = min(box["width"], box["height"])
    x, y = box["x"] + (box["width"] - side) / 2 + side * across, box["y"] + side * down
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)


def set_threshold(page: Page, key: str) -> None:
    """Press a key on the threshold slider: "Home" is its lowest value, "End" its highest."""
    page.get_by_role("slider", name="Threshold").press(key)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.jpg"
    path.write_bytes(DEFECTIVE.read_bytes()[:5000])
    return path


def test_a_defective_part_is_uploaded_and_the_threshold_moved(page):
    open_page(page)
    upload(page, DEFECTIVE)
    expect(page.get_by_text("Your images: 1")).to_be_visible()
    expect(page.locator(".answer b").first).to_have_text("Defective")
    before = area(page)
    assert 0 < before < 60
    set_threshold(page, "Home")
    expect(page.get_by_text("100.0 % of the image")).to_be_visible()
    set_threshold(page, "End")
    expect(page.locator(".answer b").first).to_be_visible()
    expect(page.get_by_text("100.0 % of the image")).to_be_hidden()
    assert area(page) < before


def test_a_batch_becomes_a_table_that_can_be_opened_and_saved(page, broken, tmp_path):
    open_page(page)
    upload(page, DEFECTIVE, GOOD, SAMPLES / "screw_good.jpg", SAMPLES / "pcb_defects_1.jpg", broken)
    expect(page.get_by_text("Your images: 4")).to_be_visible()
    expect(page.get_by_test_id("stAlert").filter(has_text="broken.jpg")).to_be_visible()
    settled(page)  # a button that is drawn anew while it is clicked has lost its file
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)").click()
    download.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == {
        DEFECTIVE.name, GOOD.name, "screw_good.jpg", "pcb_defects_1.jpg", "broken.jpg",
    }  # fmt: skip
    scores = [float(row["score"]) for row in rows if row["score"]]
    assert scores == sorted(scores, reverse=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Heat-maps (zip)").click()
    download.value.save_as(tmp_path / "maps.zip")
    assert len(zipfile.ZipFile(tmp_path / "maps.zip").namelist()) == 9

    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": 15, "y": 40 + 56 * 3 + 28})  # the box before the last row
    last = min((row for row in rows if row["score"]), key=lambda row: float(row["score"]))
    expect(page.locator(".answer")).to_contain_text(f"score {float(last['score']):.2f}")


def test_what_one_visitor_brings_another_never_sees(page, browser: Browser, workbench_url):
    open_page(page)
    upload(page, GOOD)
    expect(page.get_by_text("Your images: 1")).to_be_visible()
    with browser.new_context(base_url=workbench_url) as context:
        other = context.new_page()
        open_page(other, page.url.split("/")[-1])
        expect(other.get_by_text("Bottle: broken rim. Image")).to_be_visible()
        expect(other.get_by_text("Your images")).to_have_count(0)


def test_a_link_shows_the_same_again(page):
    open_page(page, "?sample=screw_scratch_neck&threshold=0.33&opacity=25&view=Mask")
    expect(page.get_by_text("Screw: scratched neck. Image")).to_be_visible()
    expect(page.get_by_role("slider", name="Threshold")).to_have_value("0.33")
    expect(page.get_by_role("slider", name="Opacity")).to_have_value("25")
    expect(page.get_by_role("radio", name="Mask")).to_be_checked()
    set_threshold(page, "ArrowRight")
    expect(page).to_have_url(re.compile(r"threshold=0\.34"))
    settled(page)  # the address changes a moment before the numbers
    link, stated = page.url, page.get_by_text(re.compile(r"reach(es)? the threshold")).inner_text()
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text(stated)).to_be_visible()
    expect(page).to_have_url(link)


def test_every_view_draws_something_else_and_wheel_and_drag_move_in_it(page):
    open_page(page)
    drawn = {}
    for view in ("Side by side", "Map", "Mask", "Segmentation", "Overlay"):
        page.get_by_test_id("stMain").get_by_role("radio", name=view, exact=True).click()
        if view != "Overlay":  # which is what a link without a view shows
            expect(page).to_have_url(re.compile("view=" + view.replace(" ", "(%20|\\+)")))
        expect(picture(page)).to_have_attribute("aria-label", re.compile(view))
        settled(page)
        drawn[view] = pixels(page)
    assert len(set(drawn.values())) == 5

    whole = pixels(page)
    point_at(page, 0.3, 0.4)
    readout = page.locator(".readout")
    place = re.compile(r"anomaly \d\.\d\d at x 15[1-5], y 20[2-6]$")  # 0.3 and 0.4 of 512
    expect(readout).to_have_text(place)
    page.mouse.wheel(0, -500)
    other_than(page, lambda: pixels(page), whole)
    point_at(page, 0.3, 0.4)
    expect(readout).to_have_text(place)  # zooming kept the place under the pointer

    set_threshold(page, "End")
    expect(page).to_have_url(re.compile("threshold=1.00"))
    settled(page)
    point_at(page, 0.3, 0.4)
    expect(readout).to_have_text(place)  # and so did a new threshold
    page.mouse.down()
    point_at(page, 0.5, 0.4)
    page.mouse.up()
    point_at(page, 0.3, 0.4)
    expect(readout).not_to_have_text(place)
    page.get_by_title("Whole picture").click()
    point_at(page, 0.3, 0.4)
    expect(readout).to_have_text(place)


@pytest.mark.parametrize("sample", ["bottle_broken_large", "pcb_defects_1"])  # the second may be missed
def test_answer_picture_and_threshold_are_seen_without_scrolling(page, sample):
    page.set_viewport_size({"width": 1280, "height": 800})
    open_page(page, f"?sample={sample}")
    expect(page.get_by_text("Image: ")).to_have_count(1)
    for part in (page.locator(".answer"), picture(page), page.get_by_role("slider", name="Threshold")):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 800


def type_folder(page: Page, path: object) -> None:
    typed = page.get_by_role("textbox", name="Path of a folder on this machine")
    settled(page)  # in the middle of a rerun it may be open and not be seen
    if not typed.is_visible():
        page.get_by_role("button", name="Folder or camera").click()
    typed.fill(str(path))
    typed.press("Enter")


@pytest.mark.usefixtures("broken")
def test_a_typed_folder_is_inspected(page, tmp_path):
    open_page(page)
    type_folder(page, tmp_path / "nowhere")
    expect(page.get_by_test_id("stAlert").filter(has_text="There is no folder")).to_be_visible()
    (tmp_path / "sub").mkdir()
    for name in ("bottle_good", "screw_good", "pcb_good"):
        (tmp_path / "sub" / f"{name}.jpg").write_bytes((SAMPLES / f"{name}.jpg").read_bytes())
    (tmp_path / "notes.txt").write_text("no image")
    type_folder(page, f' "{tmp_path}" ')
    expect(
        page.get_by_text(re.compile(r"3 of 4 inspected, \d defective, 1 could not be inspected"))
    ).to_be_visible()
    expect(page.get_by_role("textbox", name="Path of a folder")).to_be_hidden()
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    expect(page.get_by_test_id("stAlert")).to_contain_text("broken.jpg")
    page.get_by_role("link", name="See the table").click()
    expect(page.get_by_text("Your images: 3")).to_be_in_viewport()
    page.get_by_role("radio", name="Screw: good", exact=True).click()
    expect(page.get_by_text("Screw: good. Image")).to_be_visible()
    expect(page.get_by_test_id("stAlert").filter(has_text="broken.jpg")).to_have_count(0)
    page.get_by_text("Could not be inspected: 1").click()
    expect(page.get_by_text(re.compile("broken.jpg is a JPEG"))).to_be_visible()
