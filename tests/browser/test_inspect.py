"""The page Inspect with the embedded checkpoint, as a visitor meets it."""

import csv
import re
import zipfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from crr.types import BELOW_LIMIT
from tests.browser.conftest import other_than, settled, table_of

SAMPLES = Path(__file__).parents[2] / "samples"
DEFECTIVE = SAMPLES / "bottle_broken_small.jpg"
GOOD = SAMPLES / "bottle_good.jpg"


def open_page(page: Page, query: str = "") -> None:
    page.goto("/inspect" + query)
    expect(page.locator(".answer")).to_be_visible()
    expect(picture(page)).to_be_visible()


def upload(page: Page, *files: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(files)


def area(page: Page) -> float:
    """Share of the image above the threshold, in percent, as the page states it."""
    sentence = page.get_by_text(re.compile(r"(is|are) outlined")).inner_text()
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
    page.get_by_role("slider", name="Limit").press(key)


def saved(page: Page, button: str, folder: Path) -> Path:
    """The file behind a button, as the browser saves it."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def saved_csv(page: Page, folder: Path) -> list[dict[str, str]]:
    """The lines of the table."""
    with saved(page, "Table (CSV)", folder).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


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
    rows = saved_csv(page, tmp_path)
    assert {row["file"] for row in rows} == {
        DEFECTIVE.name, GOOD.name, "screw_good.jpg", "pcb_defects_1.jpg", "broken.jpg",
    }  # fmt: skip
    scores = [float(row["score"]) for row in rows if row["score"]]
    assert scores == sorted(scores, reverse=True)
    names = zipfile.ZipFile(saved(page, "Heat-maps (zip)", tmp_path)).namelist()
    assert len(names) == 2 * 4 + len(["results.csv", "results.xlsx", "missing.txt"])

    table_of(page, 0).click(position={"x": 15, "y": 40 + 56 * 3 + 28})  # the box before the last row
    last = min((row for row in rows if row["score"]), key=lambda row: float(row["score"]))
    expect(page.locator(".answer")).to_contain_text(f"score {float(last['score']):.2f}")


def test_what_one_visitor_brings_another_never_sees(page, browser: Browser, workbench_url):
    open_page(page)
    upload(page, GOOD)
    expect(page.get_by_text("Your images: 1")).to_be_visible()
    with browser.new_context(base_url=workbench_url) as context:
        other = context.new_page()
        open_page(other, "?" + page.url.partition("?")[2])
        expect(other.get_by_text("Bottle: broken rim. Image")).to_be_visible()
        expect(other.get_by_text("Your images")).to_have_count(0)


def test_a_link_shows_the_same_again(page):
    open_page(page, "?sample=screw_scratch_neck&limit=0.33&opacity=25&view=Mask")
    expect(page.get_by_text("Screw: scratched neck. Image")).to_be_visible()
    expect(page.get_by_role("slider", name="Limit")).to_have_value("0.33")
    expect(page.get_by_role("slider", name="Opacity")).to_have_value("25")
    expect(page.get_by_role("radio", name="Mask")).to_be_checked()
    set_threshold(page, "ArrowRight")
    expect(page).to_have_url(re.compile(r"limit=0\.34"))
    settled(page)  # the address changes a moment before the numbers
    link, stated = page.url, page.get_by_text(re.compile(r"(is|are) outlined")).inner_text()
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
    page.keyboard.down("Control")
    page.mouse.wheel(0, -500)
    page.keyboard.up("Control")
    other_than(page, lambda: pixels(page), whole)
    point_at(page, 0.3, 0.4)
    expect(readout).to_have_text(place)  # zooming kept the place under the pointer

    set_threshold(page, "End")
    expect(page).to_have_url(re.compile("limit=1.00"))
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
    for part in (page.locator(".answer"), picture(page), page.get_by_role("slider", name="Limit")):
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
        page.get_by_text(re.compile(r"3 of 4 inspected: \d defective, .*1 could not be inspected"))
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


@pytest.fixture
def lines(tmp_path) -> Path:
    """A folder of 90 different photos of two lines that are called alike, and a file that is none."""
    root, random = tmp_path / "lines", np.random.default_rng(0)
    good = cv2.resize(cv2.imread(str(GOOD)), None, fx=2, fy=2)  # large enough to be caught on the way
    for name in [f"line{line}/{number:03}.png" for line in (1, 2) for number in range(45)]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        photo = good.copy()
        photo[:8, :8] = random.integers(0, 255, (8, 8, 3))
        cv2.imwrite(str(root / name), photo)
    (root / "line2" / "=1+1 größe.png").write_bytes(b"no image")
    return root


def test_files_wait_for_a_batch_and_say_what_is_missing_where_it_was_paused(page, lines, tmp_path):
    open_page(page)
    type_folder(page, lines)
    expect(page.get_by_text(re.compile(r"Inspected \d+ of 91 images"))).to_be_visible()
    buttons = [
        page.get_by_role("button", name=name)
        for name in ("Table (CSV)", "Table (Excel)", "Table (JSON)", "Heat-maps (zip)")
    ]
    for button in buttons:
        expect(button).to_be_disabled()
    expect(page.get_by_text(re.compile(r"Your images: ([3-9]|\d\d) of 91"))).to_be_visible()  # it follows
    page.get_by_role("button", name="Pause").dispatch_event("click")  # it is drawn anew all the time
    expect(page.get_by_text(re.compile(r"Paused: \d+ of 91 images"))).to_be_visible()
    settled(page)
    stated = page.get_by_text(re.compile(r"\d+ of 91 inspected, \d+ not inspected yet\.")).inner_text()
    inspected, waiting = map(int, re.findall(r"(\d+)(?: of 91)? (?:not )?inspected", stated)[:2])
    rows = saved_csv(page, tmp_path)
    assert Counter(row["status"] for row in rows) == {"inspected": inspected, "not inspected yet": waiting}
    assert inspected + waiting == 91
    archive = zipfile.ZipFile(saved(page, "Heat-maps (zip)", tmp_path))
    assert len(archive.read("missing.txt").decode("utf-8-sig").strip().splitlines()) == 2 + waiting
    named = {row[kind] for row in rows for kind in ("heatmap", "mask")} - {""}
    assert named == {name for name in archive.namelist() if name.endswith(".png")}

    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("90 of 91 inspected, 1 could not be inspected.")).to_be_visible()
    settled(page)
    book = openpyxl.load_workbook(saved(page, "Table (Excel)", tmp_path))
    head, *rest = book["Results"].iter_rows(values_only=True)
    found = [dict(zip(head, row, strict=True)) for row in rest]
    assert Counter(row["status"] for row in found) == {"inspected": 90, "could not be inspected": 1}
    assert {row["heatmap"] for row in found if row["score"]} == {
        f"line{line}/{number:03}_heatmap.png" for line in (1, 2) for number in range(45)
    }
    assert all(isinstance(row["score"], float) for row in found if row["status"] == "inspected")
    assert found[-1]["file"] == "line2/=1+1 größe.png"


@pytest.fixture
def stack(tmp_path) -> Path:
    """A 10-bit camera's TIFF that does not say so: a good part, a defective one, and a blind frame."""
    good, defective = (cv2.imread(str(photo)).astype(np.uint16) * 4 for photo in (GOOD, DEFECTIVE))
    path = tmp_path / "stack.tif"
    cv2.imwritemulti(str(path), [good, defective, np.full_like(good, 40)])
    return path


def test_pages_of_a_deep_file_are_rows_and_what_shows_no_part_is_counted_apart(page, stack, tmp_path):
    open_page(page)
    upload(page, stack)
    counts = page.get_by_text(re.compile("3 of 3 inspected: 1 defective, 1 .*, 1 no part seen"))
    expect(counts.first).to_be_visible()
    settled(page)
    rows = {row["page"]: row["verdict"] for row in saved_csv(page, tmp_path)}
    assert rows.pop("1") in BELOW_LIMIT
    assert rows == {"2": "defective", "3": "no part seen"}
    expect(page.get_by_role("combobox", name="Values of black and white")).to_have_value(
        "guessed from your photos: 0 to 1023"
    )
    expect(page.get_by_role("radio", name="no part seen (1)")).to_be_visible()


def test_no_table_on_any_page_has_a_download_of_its_own(page):
    open_page(page)
    upload(page, DEFECTIVE, GOOD)
    expect(page.get_by_text("Your images: 2")).to_be_visible()
    toolbar = page.get_by_test_id("stElementToolbar")
    for link in ("Inspect", "Layers", "Compare", "Lesson", "Models"):
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=link).click()
        settled(page)
        if link == "Compare":
            page.get_by_role("radio", name="A set of photos").click()
            page.get_by_role("button", name=re.compile("Compare on .*2 photos")).click()
            expect(page.get_by_role("radio", name=re.compile("verdicts differ"))).to_be_visible()
            settled(page)
        if link == "Layers":
            page.get_by_text("What is in the arrays").click()
        tables = page.locator("[data-testid=stDataFrame], [data-testid=stTable]")
        if link in ("Inspect", "Layers", "Compare", "Models"):
            expect(tables.first).to_be_visible()
        for table in tables.all():
            table.hover()
            expect(toolbar.get_by_role("button", name="Download")).to_have_count(0)
        if link == "Inspect":
            expect(toolbar.get_by_role("button", name="Search")).to_have_count(1)
