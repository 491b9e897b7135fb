"""The page Layers, as a visitor with a mouse meets it."""

import re
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE, other_than, settled

DEFECT, NORMAL = (0.29, 0.44), (0.5, 0.9)  # of the bottle with a broken rim, as shares of width and height


def open_page(page: Page, query: str = "") -> None:
    page.goto(f"/layers{query}{'&' if query else '?'}all_layers=true")
    expect(page.get_by_role("button", name="Page (HTML)")).to_be_visible(timeout=2 * PATIENCE)
    settled(page)


def pictures(page: Page) -> Locator:
    """Three that are painted; three a layer, and where the damage is known the index; three of the sum."""
    return page.locator("canvas[role=img]")


def place(picture: Locator, across: float, down: float) -> tuple[float, float]:
    """Where shares of a picture's width and height are on the screen, once it is in sight."""
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    return box["x"] + box["width"] * across, box["y"] + box["height"] * down


def click(page: Page, picture: Locator, shares: tuple[float, float]) -> None:
    """Choose a place of a picture; waits until the page followed."""
    before = page.url
    page.mouse.click(*place(picture, *shares))
    page.wait_for_function("before => location.href !== before", arg=before)
    settled(page)


def download(page: Page, button: str, file: Path) -> str:
    """Press a button and keep what comes; returns the name that is proposed for it."""
    with page.expect_download() as coming:
        page.get_by_role("button", name=button).click()
    coming.value.save_as(file)
    return coming.value.suggested_filename


def readings(page: Page) -> list[str]:
    """What is said of each layer at the place that is chosen."""
    return [block.inner_text() for block in page.get_by_text(re.compile("^Here .* normal patches")).all()]


def neighbours(page: Page) -> list[str]:
    return [str(image.get_attribute("src")) for image in page.locator(".neighbours figure img").all()]


def pixels(picture: Locator) -> str:
    return str(picture.evaluate("canvas => canvas.toDataURL()"))


def test_a_defect_and_a_normal_place_read_differently_and_show_other_neighbours(page):
    # The first to open the page, so the server reads the normal images meanwhile.
    open_page(page, "?sample=bottle_broken_large")
    expect(pictures(page)).to_have_count(3 + 4 * 4 + 3)
    page.mouse.move(*place(pictures(page).nth(5), 0.5, 0.5))  # pointing alone reads
    expect(page.locator(".value:visible").first).to_have_text(
        re.compile(r"^\d\.\d\d, above (\d+\.\d % of|all) normal patches$")
    )
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


def test_the_cross_hair_moves_with_the_keys_in_every_row_and_an_area_is_averaged(page):
    open_page(page, "?spot=150,220")
    before = [pixels(picture) for picture in pictures(page).all()]
    pictures(page).nth(11).focus()  # 24 patches across: one is 21 pixels
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"spot=17[12]%2C220"))
    for number, old in enumerate(before):
        other_than(page, lambda number=number: pixels(pictures(page).nth(number)), old)

    settled(page)
    page.get_by_role("radio", name="Area").click()
    settled(page)
    picture = pictures(page).nth(3)
    page.mouse.move(*place(picture, 0.2, 0.2))
    page.mouse.down()
    page.mouse.move(*place(picture, 0.5, 0.6), steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"spot=10\d%2C10\d%2C25\d%2C30\d"))
    expect(page.get_by_text(re.compile(r"^Here .* on average over \d+ patches"))).to_have_count(4)


def test_what_is_kept_opens_alone_without_a_network(page: Page, browser: Browser, tmp_path: Path):
    open_page(page)
    kept = tmp_path / "kept.html"
    assert download(page, "Page (HTML)", kept) == "bottle_broken_large_layers.html"
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
    download(page, "Arrays of CRR", tmp_path / "kept.npz")
    with np.load(tmp_path / "kept.npz") as arrays:
        assert arrays["encoder_0"].shape == (96, 96, 24)
        assert arrays["painted_decoder"].shape == (384, 384, 3)
