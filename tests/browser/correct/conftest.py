"""A workbench where people review, and what they do on it, for all tests of this folder."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE, serve

BY_NAME = "/annotate?order=by+name"


@pytest.fixture(scope="package")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workbench keeps what was said."""
    return tmp_path_factory.mktemp("annotations") / "data"


@pytest.fixture(scope="package")
def workbench_url(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("annotate"), CRR_DATA=str(data_folder)) as url:
        yield url


@pytest.fixture
def other(browser: Browser, workbench_url: str) -> Iterator[Page]:
    """A second person, in a browser of their own."""
    context = browser.new_context(viewport={"width": 1280, "height": 1100}, base_url=workbench_url)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def enter(page: Page, name: str, project: str = "") -> None:
    """Begin to review under a name, perhaps by the link of a project."""
    page.goto(f"{BY_NAME}&project={project.replace(' ', '+')}" if project else BY_NAME)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Begin").click()


def canvas_of(page: Page) -> Locator:
    """The image that is reviewed."""
    return page.get_by_role("img", name=re.compile(r"\.jpg, (not judged|good|defective|unsure), "))


def wait_for_image(page: Page) -> str:
    """The name of the image that is reviewed, once what the model says of it is there."""
    expect(canvas_of(page)).to_be_visible()
    expect(canvas_of(page)).to_have_attribute("aria-busy", "false")
    expect(page.locator(".model")).to_contain_text("score")
    expect(canvas_of(page)).to_be_focused()
    return page.locator(".review .name").inner_text()


def stroke(page: Page, *places: tuple[float, float]) -> None:
    """Draw through places, which are shares of the canvas' width and height."""
    begin_stroke(page, *places)
    page.mouse.up()


def begin_stroke(page: Page, *places: tuple[float, float]) -> None:
    """Draw through places, and do not let go of the mouse."""
    canvas = canvas_of(page)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    (x, y), *others = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(x, y)
    page.mouse.down()
    for across, down in others:
        page.mouse.move(across, down, steps=5)


def is_saved(page: Page) -> None:
    """Wait until all that was done is on the server."""
    expect(page.locator(".status")).to_have_text(re.compile("^saved"))


def pass_over(page: Page, name: str) -> None:
    """Go to the next image."""
    page.keyboard.press("j")
    expect(page.locator(".review .name")).not_to_have_text(name)
