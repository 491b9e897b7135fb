"""The painting canvas in an app of its own, with a real mouse, keyboard and fingers."""

import json
import os
import re
import urllib.request
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from tests.browser.apps.canvas_app import DAMAGE, GREY, SIZE
from tests.browser.conftest import ROOT, free_port, running, streamlit_command
from workbench.components.strokes import Stroke, mask_of

UNIT = 2  # CSS pixels a pixel of the picture, at 1280 pixels


@pytest.fixture(scope="module")
def workbench_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """In place of the workbench, the app with nothing but a canvas."""
    port = free_port()
    command = streamlit_command("tests/browser/apps/canvas_app.py", port)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with running(command, port, tmp_path_factory.mktemp("canvas"), environment) as url:
        yield url


@pytest.fixture
def page(page: Page) -> Page:
    open_page(page)
    return page


def open_page(page: Page) -> None:
    page.goto("/")
    expect(canvas(page)).to_have_attribute("aria-label", "A grey part: 0 strokes")


def canvas(page: Page) -> Locator:
    return page.locator(".painter canvas")


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the picture, shown whole, is on the screen."""
    box = canvas(page).bounding_box()
    assert box is not None
    return box["x"] + x * box["width"] / SIZE[1], box["y"] + y * box["height"] / SIZE[0]


def drag(page: Page, *points: tuple[float, float], button: str = "left") -> None:
    page.mouse.move(*place(page, *points[0]))
    page.mouse.down(button=button)
    for point in points[1:]:
        page.mouse.move(*place(page, *point))
    page.mouse.up(button=button)


def click(page: Page, *points: tuple[float, float]) -> None:
    for point in points:
        page.mouse.click(*place(page, *point))


def strokes(page: Page, count: int) -> list[Stroke]:
    """What Python has, once it has as many strokes."""
    expect(page.get_by_text(f"Strokes: {count}", exact=True)).to_be_visible()
    found = json.loads(page.locator(".strokes").text_content() or "")
    assert len(found) == count
    return [Stroke(one["tool"], one["size"], tuple(map(tuple, one["points"]))) for one in found]


def shown(page: Page) -> np.ndarray:
    """The canvas as RGB, (300, 400, 3): what is drawn at the centre of each pixel of the picture."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    uri = str(canvas(page).evaluate("canvas => canvas.toDataURL()"))
    with urllib.request.urlopen(uri) as response:
        image = cv2.imdecode(np.frombuffer(response.read(), np.uint8), cv2.IMREAD_COLOR_RGB)
    return image[UNIT // 2 :: UNIT, UNIT // 2 :: UNIT]


def painted(page: Page) -> np.ndarray:
    """The pixels that look painted: at least half as orange as it gets."""
    return shown(page)[..., 0] > GREY + 42


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    for _ in range(300):
        if holds():
            return
        page.wait_for_timeout(100)
    pytest.fail("it never came to hold")


def assert_the_browser_shows(page: Page, mask: np.ndarray) -> None:
    """Painted pixels are those of the mask, edges may differ by one."""
    ring = np.ones((3, 3), np.uint8)
    seen = painted(page)
    assert mask.any()
    assert not seen[cv2.dilate(mask.astype(np.uint8), ring) == 0].any()
    assert seen[cv2.erode(mask.astype(np.uint8), ring) == 1].all()


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


def test_strokes_arrive_with_exact_coordinates_however_far_zoomed_in(page):
    page.get_by_label("Size").fill("12")
    drag(page, (40, 50), (80, 50), (80, 90.5))
    assert strokes(page, 1) == [Stroke("brush", 12, ((40, 50), (80, 50), (80, 90.5)))]

    page.mouse.move(*place(page, 100, 200))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400 * float(np.log(4)))  # four times, around the pointer
    page.keyboard.up("Control")
    drag(page, (100, 200), (120, 200), (120, 180))
    assert np.allclose(strokes(page, 2)[1].points, [(100, 200), (105, 200), (105, 195)], atol=1 / 16)

    page.keyboard.press("0")
    drag(page, (10, 10), (20, 10))
    assert strokes(page, 3)[2].points == ((10, 10), (20, 10))

    for _ in range(6):
        page.keyboard.press("+")
    drag(page, *((100 + step / 8, 100) for step in range(81)))
    gaps = np.linalg.norm(np.diff(strokes(page, 4)[3].points, axis=0), axis=1)
    assert 0.5 <= gaps.min() < 1.5  # closer ones are left out


def test_every_tool_draws_what_python_makes_of_it(page):
    page.get_by_label("Size").fill("15")
    drag(page, (30, 40), (90, 60), (60, 110), (62, 30))
    page.keyboard.press("l")
    drag(page, (150, 40), (250.5, 90))
    page.keyboard.press("r")
    drag(page, (100, 250), (40.5, 160))
    page.keyboard.press("p")
    click(page, (200, 150), (380, 150), (290, 200), (380, 280), (200, 270))
    page.keyboard.press("Enter")
    page.keyboard.press("e")
    drag(page, (30, 60), (330, 210))
    found = strokes(page, 5)
    assert [stroke.tool for stroke in found] == ["brush", "line", "rectangle", "polygon", "eraser"]
    assert found[1].points == ((150, 40), (250.5, 90))
    assert found[2].points == ((100, 250), (40.5, 160))
    assert found[3].points == ((200, 150), (380, 150), (290, 200), (380, 280), (200, 270))
    page.mouse.move(5, 5)
    assert_the_browser_shows(page, mask_of(tuple(found), SIZE))


def test_a_polygon_is_closed_at_its_first_corner_or_by_a_double_click_and_escape_drops_it(page):
    page.get_by_label("Polygon").click()
    click(page, (50, 50), (100, 50), (100, 100), (51, 51))
    assert strokes(page, 1) == [Stroke("polygon", 9, ((50, 50), (100, 50), (100, 100)))]
    click(page, (200, 50), (250, 50))
    page.mouse.dblclick(*place(page, 250, 100))
    assert strokes(page, 2)[1].points == ((200, 50), (250, 50), (250, 100))
    click(page, (200, 200), (250, 200), (250, 250))
    page.keyboard.press("Control+z")  # takes back a corner
    page.keyboard.press("Enter")  # two are no polygon
    click(page, (100, 200), (150, 200), (150, 250))
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    click(page, (300, 200))  # nor is a click a rectangle
    drag(page, (300, 200), (320, 220))
    assert strokes(page, 3)[2].tool == "rectangle"


def test_undo_redo_and_clear_by_keys_and_buttons(page):
    keys = {"Undo": "Control+z", "Redo": "Control+Shift+z", "Clear": "Delete"}
    first, second = ((50, 50), (60, 50)), ((150, 50), (160, 50))

    def press(name: str) -> None:
        page.keyboard.press(keys[name])

    def click_on(name: str) -> None:
        page.get_by_label(name, exact=True).click(force=True)  # also where there is nothing to undo

    for do in (press, click_on):
        drag(page, *first)
        drag(page, *second)
        both = strokes(page, 2)
        do("Undo")
        assert strokes(page, 1) == both[:1]
        assert painted(page)[50, 55]
        assert not painted(page)[50, 155]
        do("Redo")
        assert strokes(page, 2) == both
        do("Clear")
        assert strokes(page, 0) == []
        assert not painted(page).any()
        do("Undo")
        assert strokes(page, 2) == both
        do("Undo")
        do("Undo")
        strokes(page, 0)
        do("Undo")  # nothing is left
        drag(page, *second)
        assert strokes(page, 1) == both[1:]
        do("Redo")  # a new stroke leaves nothing to redo
        page.wait_for_timeout(200)
        assert strokes(page, 1) == both[1:]
        page.get_by_text("Start anew").click()
        strokes(page, 0)


def test_keys_for_tools_and_sizes(page):
    canvas(page).focus()
    page.keyboard.press("e")
    expect(page.get_by_label("Eraser")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")
    expect(page.get_by_label("Brush")).to_have_attribute("aria-pressed", "true")
    for _ in range(3):
        page.keyboard.press("]")
    expect(page.locator(".size output")).to_have_text("18 px")
    for _ in range(20):
        page.keyboard.press("[")
    expect(page.locator(".size output")).to_have_text("1 px")


def test_the_picture_can_be_moved_without_painting(page):
    for count, way in enumerate(["space", "middle"], start=1):
        page.keyboard.press("0")
        page.get_by_title("Closer").click()
        page.get_by_title("Closer").click()
        if way == "space":
            page.keyboard.down(" ")
        drag(page, (200, 150), (220, 150), button="left" if way == "space" else "middle")
        page.keyboard.up(" ")
        drag(page, (200, 150), (209, 150))
        start = (200 - 20 / 1.5**2, 150)  # the middle of the picture was moved
        points = strokes(page, count)[-1].points
        assert np.allclose(points, [start, (start[0] + 4, 150)], atol=1 / 16)


def test_strokes_outlast_a_page_switch_even_right_after_painting(page):
    drag(page, (50, 50), (60, 50))
    before = strokes(page, 1)
    drag(page, (150, 50), (160, 50))
    # As long as a hand needs at least. Streamlit loses what it is sent in the same moment as another page is
    # asked for, when two of its threads meet: on a busy machine once in some runs.
    page.wait_for_timeout(300)
    page.get_by_role("link", name="Rest").click()
    expect(page.get_by_text("Strokes kept: 2")).to_be_visible()
    page.get_by_role("link", name="Paint").click()
    found = strokes(page, 2)
    assert found[:1] == before
    assert_the_browser_shows(page, mask_of(tuple(found), SIZE))
    canvas(page).focus()
    page.keyboard.press("Control+z")
    assert strokes(page, 1) == before
    drag(page, (250, 50), (260, 50))
    strokes(page, 2)


def test_no_stroke_is_lost_while_python_is_slow(page):
    page.get_by_text("Slow").click()
    drag(page, (20, 50), (30, 50))
    drag(page, (60, 50), (70, 50))
    page.wait_for_timeout(1000)
    opacity = "canvas => getComputedStyle(canvas.getRootNode().host.closest('.stElementContainer')).opacity"
    assert canvas(page).evaluate(opacity) == "1"  # not faded as Streamlit's own elements are
    page.mouse.move(*place(page, 100, 50))
    page.mouse.down()
    strokes(page, 2)  # the rerun for two strokes arrives in the middle of the third
    page.mouse.move(*place(page, 140, 50))
    page.mouse.up()
    for x in range(200, 360, 20):
        drag(page, (x, 80), (x + 10, 80))
    found = strokes(page, 11)
    assert found[2].points == ((100, 50), (140, 50))
    page.mouse.move(5, 5)
    assert_the_browser_shows(page, mask_of(tuple(found), SIZE))


def test_zoom_outlasts_reruns_and_another_picture_starts_anew(page):
    page.get_by_title("Closer").click()
    drag(page, (200, 150), (230, 150))
    strokes(page, 1)
    drag(page, (200, 150), (230, 150))
    first, second = strokes(page, 2)
    assert first.points == second.points
    page.get_by_text("Another picture").click()
    strokes(page, 0)
    drag(page, (200, 150), (230, 150))
    assert strokes(page, 1)[0].points == ((200, 150), (230, 150))
    page.get_by_text("Another picture").click()
    assert strokes(page, 2) == [first, second]
    page.get_by_text("Start anew").click()
    strokes(page, 0)
    expect(canvas(page)).to_have_attribute("aria-label", "A grey part: 0 strokes")


def test_the_result_is_seen_inside_an_outline(page):
    page.get_by_text("Show the damage").click()
    page.get_by_label("Rectangle").click()
    drag(page, (100, 100), (200, 200))
    strokes(page, 1)
    expect(page.get_by_label("Rectangle")).to_have_attribute("aria-pressed", "true")
    wait_until(page, lambda: np.abs(shown(page)[150, 150].astype(int) - DAMAGE).max() < 12)  # as JPEG has it
    image = shown(page).astype(int)
    assert image[150, 99, 0] > image[150, 99, 1] + 60  # orange
    assert np.abs(image[50, 50] - GREY).max() < 12
    page.mouse.move(*place(page, 250, 100))
    page.mouse.down()
    page.mouse.move(*place(page, 300, 150))
    assert painted(page)[125, 275]  # filled until the result has it
    page.mouse.up()
    strokes(page, 2)
    wait_until(page, lambda: not painted(page)[125, 275])


def test_a_stroke_that_leaves_the_picture_goes_on_beyond_its_edge(page):
    drag(page, (380, 150), (420, 150), (430, 160))
    (stroke,) = strokes(page, 1)
    across = [x for x, _ in stroke.points]
    assert across == sorted(across)  # it does not come back at the left edge
    assert across[-1] > SIZE[1]


def test_on_a_phone_one_finger_paints_and_two_zoom_and_move(browser: Browser, workbench_url):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    with browser.new_context(base_url=workbench_url, **phone) as context:
        page = context.new_page()
        open_page(page)
        assert_fingers_hit_the_buttons(page)
        canvas(page).scroll_into_view_if_needed()
        session = context.new_cdp_session(page)
        paint_with_a_finger(session, page, (50, 50), (75, 50), (100, 50))
        (stroke,) = strokes(page, 1)
        assert np.allclose((stroke.points[0], stroke.points[-1]), [(50, 50), (100, 50)], atol=0.6)

        touch(session, "touchStart", place(page, 150, 150))
        touch(session, "touchMove", place(page, 160, 150))  # painting, until the second finger comes
        touch(session, "touchStart", place(page, 160, 150), place(page, 240, 150))
        for apart in (60, 80):
            touch(session, "touchMove", place(page, 200 - apart, 150), place(page, 200 + apart, 150))
        touch(session, "touchEnd")
        paint_with_a_finger(session, page, (200, 150), (220, 150))
        points = strokes(page, 2)[1].points  # the pinch painted nothing
        assert np.allclose((points[0], points[-1]), [(200, 150), (210, 150)], atol=0.6)  # twice as close

        touch(session, "touchStart", place(page, 150, 150), place(page, 250, 150))
        before = shown(page)
        touch(session, "touchMove", place(page, 150, 190), place(page, 250, 190))
        assert not np.array_equal(
            shown(page), before
        )  # it moves under the fingers, and not when they are lifted
        touch(session, "touchEnd")
        paint_with_a_finger(session, page, (200, 190), (220, 190))
        moved = strokes(page, 3)[2].points  # what was under the fingers went along
        assert np.allclose((moved[0], moved[-1]), (points[0], points[-1]), atol=0.6)


def paint_with_a_finger(session: CDPSession, page: Page, *points: tuple[float, float]) -> None:
    touch(session, "touchStart", place(page, *points[0]))
    for point in points[1:]:
        touch(session, "touchMove", place(page, *point))
    touch(session, "touchEnd")


def assert_fingers_hit_the_buttons(page: Page) -> None:
    assert page.get_by_test_id("stMain").evaluate("element => element.scrollWidth") <= 390
    for button in page.locator(".painter button").all():
        expect(button).to_have_attribute("title", re.compile(r"\(.+\)$"))
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 32
        assert box["x"] + box["width"] <= 390
