"""The page Layers, as a visitor with a mouse meets it."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE, other_than, settled

DEFECT, NORMAL = (0.29, 0.44), (0.5, 0.9)  # of the bottle with a broken rim, as shares of width and height


def open_page(page: Page, query: str = "") -> None:
    page.goto("/layers" + query)
    expect(page.get_by_role("button", name="Page (HTML)")).to_be_visible(timeout=2 * PATIENCE)
    settled(page)


def pictures(page: Page) -> Locator:
    """Three that are painted; three a layer, and where the damage is known the index; three of the sum."""
    return page.locator("canvas[role=img]")


def click(page: Page, picture: Locator, place: tuple[float, float]) -> None:
    """Choose a place of a picture, given as shares of its width and height; waits until the page followed."""
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    before = page.url
    page.mouse.click(box["x"] + box["width"] * place[0], box["y"] + box["height"] * place[1])
    page.wait_for_function("before => location.href !== before", arg=before)
    settled(page)


def readings(page: Page) -> list[str]:
    """What is said of each layer at the place that is chosen."""
    return [block.inner_text() for block in page.get_by_text(re.compile("^Here .* normal patches")).all()]


def neighbours(page: Page) -> list[str]:
    return [str(image.get_attribute("src")) for image in page.locator(".neighbours figure img").all()]


def answer(page: Page) -> Locator:
    return page.locator(".answer")


def pixels(picture: Locator) -> str:
    return str(picture.evaluate("canvas => canvas.toDataURL()"))


def test_the_defect_and_a_normal_place_read_differently_and_show_other_neighbours(page):
    open_page(page, "?sample=bottle_broken_large")
    expect(pictures(page)).to_have_count(3 + 4 * 4 + 3)
    click(page, pictures(page).nth(5), DEFECT)
    expect(page).to_have_url(re.compile(r"spot=14\d%2C22\d"))
    defect, pictures_there = readings(page), neighbours(page)
    expect(page.get_by_text(re.compile(r"copies \d+\s% of the marked defect"))).to_have_count(4)
    expect(page.get_by_text("What the encoder saw looks normal")).to_have_count(0)
    click(page, pictures(page).nth(12), NORMAL)  # in another row
    expect(page).to_have_url(re.compile(r"spot=25\d%2C46\d"))
    normal, pictures_here = readings(page), neighbours(page)
    assert len(defect) == len(normal) == 4
    assert all(there != here for there, here in zip(defect, normal, strict=True))
    assert all("all normal patches" in words or "99.9 %" in words for words in defect[1:])
    assert len(pictures_there) == len(pictures_here) == 40
    assert not set(pictures_there) & set(pictures_here)
    expect(page.get_by_text("What the encoder saw looks normal, and so does the answer.")).to_have_count(4)
    page.go_back()
    expect(page).to_have_url(re.compile(r"spot=14\d%2C22\d"))
    expect(page.get_by_text("What the encoder saw looks normal")).to_have_count(0)


def test_the_cross_hair_stands_in_every_row_and_moves_with_the_keys(page):
    open_page(page, "?spot=150,220")
    before = [pixels(picture) for picture in pictures(page).all()]
    pictures(page).nth(11).focus()  # 24 patches across: one is 21 pixels
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"spot=17[12]%2C220"))
    for number, old in enumerate(before):
        other_than(page, lambda number=number: pixels(pictures(page).nth(number)), old)


def test_pointing_reads_the_discrepancy_and_where_it_lies_among_normal_patches(page):
    open_page(page)
    picture = pictures(page).nth(5)
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    expect(page.locator(".value:visible").first).to_have_text(
        re.compile(r"^\d\.\d\d, above (\d+\.\d % of|all) normal patches$")
    )


def test_an_area_is_averaged(page):
    open_page(page, "?spot=150,220")
    page.get_by_role("radio", name="Area").click()
    settled(page)
    picture = pictures(page).nth(3)
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"spot=10\d%2C10\d%2C25\d%2C30\d"))
    expect(page.get_by_text(re.compile(r"^Here .* on average over \d+ patches"))).to_have_count(4)


def test_a_weight_moves_the_verdict_and_reset_brings_it_back(page):
    open_page(page, "?sample=pcb_defects_2")
    expect(answer(page)).to_contain_text("Normal")
    final = pictures(page).last
    before = pixels(final)
    page.get_by_role("slider", name="Layers against segmentation").press("End")
    expect(answer(page)).to_contain_text("Defective")
    expect(page.get_by_text(re.compile("With your weights. As calibrated: normal"))).to_be_visible()
    expect(page.get_by_text("Of 16 normal images")).to_be_visible()
    other_than(page, lambda: pixels(final), before)
    page.get_by_role("button", name="Reset weights").click()
    expect(answer(page)).to_contain_text("Normal")
    expect(page.get_by_text("With your weights")).to_have_count(0)


def test_masking_shows_what_is_hidden(page):
    open_page(page)
    before = pixels(pictures(page).nth(3))
    page.get_by_role("button", name="Masking").click()
    page.get_by_role("slider", name="Hidden").press("End")
    expect(page).to_have_url(re.compile("hidden_rate=80"))
    expect(page.get_by_text("shown to the decoder").first).to_be_visible()
    other_than(page, lambda: pixels(pictures(page).nth(3)), before)


def test_the_page_that_is_kept_opens_alone_without_a_network(page: Page, browser: Browser, tmp_path: Path):
    open_page(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Page (HTML)").click()
    kept = tmp_path / "kept.html"
    download.value.save_as(kept)
    assert download.value.suggested_filename == "bottle_broken_large_layers.html"
    with browser.new_context(offline=True) as context:
        alone = context.new_page()
        asked: list[str] = []
        alone.on("request", lambda request: asked.append(request.url))
        alone.goto(kept.as_uri())
        expect(alone.get_by_role("heading", name="Bottle: broken rim, layer by layer")).to_be_visible()
        expect(alone.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        assert alone.locator(".js-plotly-plot").count() == 5
        loaded = alone.evaluate("[...document.images].map(image => image.naturalWidth > 0)")
        assert len(loaded) > 50
        assert all(loaded)
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_the_arrays_that_are_kept_can_be_read(page: Page, tmp_path: Path):
    open_page(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Arrays of crr-embedded").click()
    download.value.save_as(tmp_path / "kept.npz")
    with np.load(tmp_path / "kept.npz") as arrays:
        assert arrays["encoder_0"].shape == (96, 96, 24)
        assert arrays["painted_decoder"].shape == (384, 384, 3)


@pytest.mark.parametrize("beside", ["", "&beside=autoencoder-embedded"])
def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, workbench_url: str, beside: str):
    with browser.new_context(base_url=workbench_url, viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        open_page(page, "?sample=screw_good" + beside)
        assert page.get_by_test_id("stMain").evaluate("element => element.scrollWidth") <= 390
