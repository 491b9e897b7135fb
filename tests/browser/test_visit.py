"""A visit that the server forgot while its window stayed open, and the uploaders of a visit."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.browser.conftest import ROOT, free_port, paint, settled, streamlit_command, wait_until_it_answers

SAMPLES = ROOT / "samples"
PHOTOS = [SAMPLES / name for name in ("screw_good.jpg", "bottle_good.jpg", "pcb_good.jpg")]
OTHER = SAMPLES / "bottle_broken_small.jpg"
ENDED = "Your visit ended: add the photos again."
GONE = "What was painted is gone too."


class Workbench:
    """A server that forgets a visit one second after the connection, and can be started again."""

    def __init__(self, folder: Path) -> None:
        self._log, self._port = folder / "log.txt", free_port()
        self.url = f"http://localhost:{self._port}"

    def start(self, **environment: str) -> None:
        command = [*streamlit_command("server.py", self._port), "--server.disconnectedSessionTTL", "1"]
        with self._log.open("a") as log:
            self._server = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, **environment}
            )
        wait_until_it_answers(f"{self.url}/_stcore/health", self._server, self._log)

    def stop(self) -> None:
        """At once, whatever it does."""
        self._server.kill()
        self._server.wait()
        assert "Traceback" not in self._log.read_text(), self._log.read_text()


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    workbench = Workbench(tmp_path_factory.mktemp("visit"))
    workbench.start()
    yield workbench
    workbench.stop()


@pytest.fixture(scope="module")
def workbench_url(workbench: Workbench) -> str:
    return workbench.url


class Connection:
    """What carries a page's web socket, and can be away; Chromium keeps those open when it is offline."""

    def __init__(self, page: Page) -> None:
        self._away = False
        self._open: list[tuple[WebSocketRoute, WebSocketRoute]] = []
        page.route_web_socket("**/_stcore/stream", self._carry)

    def _carry(self, browser: WebSocketRoute) -> None:
        if self._away:
            browser.close()
        else:
            self._open.append((browser, browser.connect_to_server()))

    def cut(self) -> None:
        self._away = True
        for ends in self._open:
            for end in ends:
                end.close()
        self._open.clear()

    def mend(self) -> None:
        self._away = False


BOTH_ENDS = pytest.mark.parametrize("end_visit", ["connection", "server"], indirect=True)
"""A page cannot tell whether the connection was away or the server was started again: one test tries both."""


@pytest.fixture
def end_visit(request: pytest.FixtureRequest, page: Page, workbench: Workbench) -> Callable[[], None]:
    """Has the server forget what it knows, while the window stays open; it is connected again then."""
    connection = Connection(page)

    def end() -> None:
        connection.cut()
        if getattr(request, "param", "connection") == "server":
            workbench.stop()
            workbench.start()
        else:
            page.wait_for_timeout(3000)
        connection.mend()
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-connection-state", "CONNECTED")
        page.wait_for_timeout(1000)
        settled(page)

    return end


def upload(page: Page, *files: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(files)


def listed(page: Page) -> Locator:
    return page.locator(".stFileChip")


@BOTH_ENDS
def test_photos_of_a_visit_that_ended_are_asked_for_again_and_the_next_is_inspected(page, end_visit):
    page.goto("/inspect")
    upload(page, *PHOTOS)
    expect(page.get_by_text("3 of 3 inspected").first).to_be_visible()
    settled(page)
    end_visit()
    upload(page, OTHER)  # in the list that the window still shows, or in the new one
    expect(page.get_by_text(ENDED)).to_be_visible()
    expect(page.get_by_text(GONE)).to_have_count(0)
    expect(page.locator(".answer")).to_contain_text(OTHER.name)
    expect(page.get_by_text("Your images: 1")).to_be_visible()
    expect(page.get_by_text("did not foresee")).to_have_count(0)
    settled(page)
    upload(page, PHOTOS[0])
    expect(page.get_by_text("Your images: 2")).to_be_visible()
    expect(page.locator(".answer")).to_contain_text(PHOTOS[0].name)
    settled(page)
    page.get_by_role("radio", name="Bottle: chip", exact=True).click()
    expect(page.get_by_text(ENDED)).to_have_count(0)


def test_the_first_photo_of_a_window_that_waited_long_is_inspected(page, end_visit):
    page.goto("/inspect")
    expect(page.locator(".answer")).to_be_visible()
    settled(page)
    end_visit()
    upload(page, OTHER)
    expect(page.locator(".answer")).to_contain_text(OTHER.name)
    expect(page.get_by_text("Your images: 1")).to_be_visible()
    expect(page.get_by_text(ENDED)).to_have_count(0)


def test_a_sample_is_looked_at_while_the_photos_are_lost(page, end_visit):
    page.goto("/inspect")
    upload(page, *PHOTOS)
    expect(page.get_by_text("3 of 3 inspected").first).to_be_visible()
    settled(page)
    page.get_by_role("radio", name="Bottle: chip", exact=True).click()
    expect(page).to_have_url(re.compile("sample=bottle_broken_small"))
    settled(page)
    end_visit()
    page.get_by_role("slider", name="Opacity").press("Home")
    expect(page.get_by_text(ENDED)).to_be_visible()
    expect(page.get_by_text("Bottle: chip. Image")).to_be_visible()
    expect(page.get_by_text("Your images")).to_have_count(0)
    expect(listed(page)).to_have_count(0)


@BOTH_ENDS  # the server is stopped in the middle of its work
def test_a_batch_that_runs_when_the_visit_ends(page, end_visit, tmp_path):
    files = [tmp_path / f"{number}.jpg" for number in range(60)]
    for number, file in enumerate(files):
        file.write_bytes(PHOTOS[number % 3].read_bytes() + bytes([number]))
    page.goto("/inspect")
    upload(page, *files)
    expect(page.get_by_text(re.compile(r"Inspected \d+ of 60"))).to_be_visible()
    end_visit()
    upload(page, OTHER)
    expect(page.get_by_text(ENDED)).to_be_visible()
    expect(page.get_by_text(re.compile(r"Inspected \d+ of 60"))).to_have_count(0)
    expect(page.locator(".answer")).to_contain_text(OTHER.name)


def test_what_was_painted_is_said_to_be_gone(page, end_visit):
    page.goto("/compare?photo=Paint+a+defect&sample=bottle_good")
    canvas = paint(page)
    end_visit()
    page.get_by_text("One colour scale", exact=True).click()
    expect(page.get_by_text("Your visit ended: what you painted is gone.")).to_be_visible()
    expect(canvas).to_have_attribute("aria-label", re.compile("0 strokes$"))
    settled(page)
    upload(page, *PHOTOS[:1])
    expect(page.get_by_role("img", name=f"{PHOTOS[0].name}, to paint a defect on")).to_be_visible()
    paint(page)
    end_visit()
    upload(page, OTHER)
    expect(page.get_by_text(f"{ENDED} {GONE}")).to_be_visible()
    expect(page.get_by_role("img", name=f"{OTHER.name}, to paint a defect on")).to_be_visible()
    expect(page.get_by_text("did not foresee")).to_have_count(0)


def test_layers_asks_for_the_photos_again_and_explains_the_next(page, end_visit):
    page.goto("/layers")
    upload(page, *PHOTOS[:1])
    expect(page).to_have_url(re.compile("own="))
    settled(page)
    end_visit()
    upload(page, OTHER)
    expect(page.get_by_text(ENDED)).to_be_visible()
    expect(page).to_have_url(re.compile("own="))
    expect(listed(page)).to_have_count(1)
    expect(listed(page)).to_contain_text("bottle_")
    expect(page.get_by_text("did not foresee")).to_have_count(0)


def test_what_was_painted_in_the_lesson_is_said_to_be_gone_on_every_page(page, end_visit):
    page.goto("/lesson?step=try")
    canvas = paint(page)
    end_visit()
    page.get_by_role("slider", name="Strength").press("ArrowLeft")
    expect(page.get_by_text("Your visit ended: what you painted is gone.")).to_be_visible()
    expect(canvas).to_have_attribute("aria-label", re.compile("1 stroke$"))  # the step's own
    settled(page)
    page.get_by_role("link", name="Models", exact=True).click()
    expect(page.get_by_text("Your visit ended: what you painted is gone.")).to_be_visible()
    expect(page.get_by_text("did not foresee")).to_have_count(0)


def test_folders_go_on_in_the_next_visit(page, end_visit, tmp_path):
    for name in ("line1/000.jpg", "line2/000.jpg"):
        (tmp_path / "parts" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "parts" / name).write_bytes(PHOTOS[name.startswith("line2")].read_bytes())
    page.goto("/inspect")
    settled(page)
    page.get_by_role("button", name="Folder or camera").click()
    settled(page)
    page.locator("input[webkitdirectory]").set_input_files(tmp_path / "parts")
    expect(page.get_by_text("2 of 2 inspected").first).to_be_visible()
    expect(page.locator(".answer")).to_contain_text(re.compile(r"parts/line\d/000.jpg"))
    settled(page)
    end_visit()
    page.get_by_role("button", name="Folder or camera").click()
    settled(page)
    page.locator("input[webkitdirectory]").set_input_files(tmp_path / "parts")
    expect(page.get_by_text(ENDED)).to_be_visible()
    expect(page.get_by_text("2 of 2 inspected").first).to_be_visible()
    expect(page.get_by_text("did not foresee")).to_have_count(0)


def test_the_camera_goes_on_in_the_next_visit(page, end_visit):
    def take_photo() -> None:
        page.wait_for_function("document.querySelector('video')?.readyState === 4")
        page.get_by_role("button", name="Take Photo").click()
        expect(page.get_by_text("Your images: 1")).to_be_visible()
        expect(page.locator(".answer")).to_contain_text("camera ")
        settled(page)

    page.goto("/inspect")
    settled(page)
    page.get_by_role("button", name="Folder or camera").click()
    page.get_by_text("Use the camera").click()
    take_photo()
    end_visit()
    expect(page.get_by_text(ENDED)).to_be_visible()
    settled(page)  # a click while the page is drawn anew goes to the camera of before
    take_photo()
    expect(page.get_by_text("did not foresee")).to_have_count(0)


def test_a_folder_of_a_mac_is_inspected_without_what_its_system_left_there(page, tmp_path):
    folder = tmp_path / "parts"
    for name in ("line1/000.jpg", "line2/000.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(PHOTOS[name.startswith("line2")].read_bytes())
    for name in ("line1/._000.jpg", "__MACOSX/line1/._000.jpg", "@eaDir/000.jpg", "#recycle/000.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"\0\5\26\7")
    page.goto("/inspect")
    settled(page)
    page.get_by_role("button", name="Folder or camera").click()
    settled(page)
    page.locator("input[webkitdirectory]").set_input_files(folder)
    expect(page.get_by_text("2 of 2 inspected").first).to_be_visible()
    expect(page.get_by_text(re.compile("^4 files were passed over"))).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


@pytest.fixture
def holds_eight(workbench: Workbench) -> Iterator[None]:
    """The table of this workbench has room for eight images."""
    workbench.stop()
    workbench.start(CRR_MAX_BATCH="8")
    yield
    workbench.stop()
    workbench.start()


@pytest.mark.usefixtures("holds_eight")
def test_what_was_left_out_stays_when_the_shown_photo_is_taken_out(page, tmp_path):
    def take_out_what_is_shown() -> None:
        answer = page.locator(".answer")
        expect(answer).to_contain_text(re.compile(r"[0-6]\.jpg"))
        [name] = re.findall(r"[0-6]\.jpg", answer.inner_text())
        page.get_by_role("button", name=f"Remove {name}").click()
        expect(answer).to_contain_text(re.compile(r"[0-6]\.jpg"))
        expect(answer).not_to_contain_text(name)

    page.goto("/inspect")
    files = [tmp_path / f"{number}.jpg" for number in range(11)]
    for number, file in enumerate(files):
        file.write_bytes(PHOTOS[number % 3].read_bytes() + bytes([number]))
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(OTHER.read_bytes()[:5000])
    upload(page, *files[:7], broken, *files[7:])
    for _ in range(3):  # while the batch runs, at whose end the highest score may be turned to
        take_out_what_is_shown()
    left_out = page.get_by_test_id("stAlert").filter(has_text="4 files were left out, from 7.jpg on")
    expect(left_out).to_be_visible()
    expect(page.get_by_text("4 of 5 inspected: 0 defective").first).to_be_visible()
    settled(page)
    with page.expect_download():
        page.get_by_role("button", name="Heat-maps (zip)").click()
    take_out_what_is_shown()
    settled(page)
    expect(page.get_by_text("3 of 4 inspected: 0 defective").first).to_be_visible()
    expect(page.get_by_text("4 left out").first).to_be_visible()
    expect(left_out).to_be_visible()
    expect(page.get_by_test_id("stAlert").filter(has_text="broken.jpg")).to_be_visible()
    expect(page).not_to_have_url(re.compile("sample="))
