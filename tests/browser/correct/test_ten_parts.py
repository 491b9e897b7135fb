"""Ten real parts from the first key to figures: reviewed, taken away, evaluated, opened on PostgreSQL."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, serve, settled
from tests.browser.correct.conftest import (
    begin_stroke,
    canvas_of,
    enter,
    is_saved,
    stroke,
    wait_for_image,
)
from tests.workbench.databases import postgresql

PROJECT, PARTS = "Ten parts", 10


def run(*arguments: object, data: Path | None = None, url: str = "") -> str:
    """What a command of this project prints."""
    environment = {**os.environ, "CRR_DATABASE_URL": url, **({"CRR_DATA": str(data)} if data else {})}
    command = [sys.executable, "-m", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def judge(page: Page, name: str) -> None:
    """Say of a part what its name says, by keys: of a defective one what the model marks."""
    if "_good" in name:
        page.keyboard.press("g")
    else:
        page.keyboard.press("a")
        nothing = page.get_by_text("The model marks nothing here.")
        expect(nothing.or_(page.get_by_role("button", name="Region 1"))).to_be_visible()
        if nothing.count():
            page.keyboard.press("b")
            stroke(page, (0.4, 0.4), (0.6, 0.45))
    page.keyboard.press("Enter")
    expect(page.locator(".review .name")).not_to_have_text(name)


def correct(page: Page) -> None:
    """Correct the mask of a part with brush and snap, and reload in the middle of a stroke."""
    page.keyboard.press("b")
    stroke(page, (0.2, 0.2), (0.3, 0.25))
    page.keyboard.press("x")
    stroke(page, (0.8, 0.8))
    is_saved(page)
    drawn = canvas_of(page).get_attribute("aria-label") or ""
    page.keyboard.press("b")
    begin_stroke(page, (0.1, 0.9), (0.2, 0.9))
    page.reload()
    wait_for_image(page)
    expect(canvas_of(page)).to_have_attribute("aria-label", drawn)


def exported(page: Page, kind: str, folder: Path) -> Path:
    """The folder that an export of the page holds."""
    settled(page)
    formats = page.get_by_role("combobox", name="As", exact=True)
    if not formats.count():
        page.get_by_role("button", name="Export").click()
    formats.click()
    page.get_by_role("option", name=kind).click()
    settled(page)
    page.get_by_role("button", name="Make the file").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the zip").click()
    download.value.save_as(folder / "out.zip")
    with zipfile.ZipFile(folder / "out.zip") as archive:
        archive.extractall(folder)
    [made] = [path for path in folder.iterdir() if path.is_dir()]
    return made


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Iterator[str]:
    """A workbench over a PostgreSQL that holds what was said on the other."""
    folder = tmp_path_factory.mktemp("moved")
    run("workbench", "annotations", "backup", folder / "backup.zip", data=data_folder)
    with postgresql(folder) as server:
        url = server.new_database()
        run("workbench", "annotations", "restore", folder / "backup.zip", data=folder / "data", url=url)
        with serve(folder, CRR_DATA=str(folder / "data"), CRR_DATABASE_URL=url) as address:
            yield address


def test_ten_parts_are_reviewed_disturbed_and_taken_away(page, other, tmp_path):
    enter(page, "Carla")
    another = page.get_by_role("button", name="New project")
    expect(another.or_(page.get_by_text("There is no project yet."))).to_be_visible()
    settled(page)
    if another.count():
        another.click()
    page.get_by_label("Name", exact=True).fill(PROJECT)
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("14 images added.")).to_be_visible()

    wait_for_image(page)
    correct(page)
    name = wait_for_image(page)
    enter(other, "Carla", PROJECT)
    assert wait_for_image(other) == name
    expect(canvas_of(other)).to_have_attribute("aria-label", re.compile("defective, [12] regions?$"))
    other.keyboard.press("Enter")
    expect(other.locator(".review .name")).not_to_have_text(name)
    stroke(page, (0.1, 0.9), (0.2, 0.9))
    is_saved(page)
    page.keyboard.press("Enter")
    page.get_by_role("alertdialog").get_by_role("button", name="Mine").click()
    page.keyboard.press("Enter")
    expect(page.locator(".review .name")).not_to_have_text(name)
    other.close()

    for done in range(1, PARTS):
        expect(page.locator(".progress")).to_contain_text(f"{done} reviewed")
        judge(page, wait_for_image(page))
    expect(page.locator(".progress")).to_contain_text(f"{PARTS} reviewed")

    (tmp_path / "coco").mkdir()
    (tmp_path / "mvtec").mkdir()
    written = json.loads(
        (exported(page, "COCO, masks as", tmp_path / "coco") / "annotations.json").read_text()
    )
    assert len(written["images"]) == PARTS
    assert all(annotation["iscrowd"] == 0 for annotation in written["annotations"])
    folder = exported(page, "Layout of MVTec AD", tmp_path / "mvtec")
    shown = page.locator("code", has_text="crr evaluate --model crr-embedded --data ten-parts")
    expect(shown).to_be_visible()
    figures = tmp_path / "figures.json"
    run("crr", "evaluate", "--model", "crr-embedded", "--data", folder, "--json", figures)
    bottle = json.loads(figures.read_text())["categories"]["mvtec_bottle"]
    assert 0.5 < bottle["image_auroc"] <= 1
    assert bottle["aupro"] is not None


def test_the_same_project_opens_on_postgresql(browser, on_postgresql):
    context = browser.new_context(viewport={"width": 1280, "height": 1100}, base_url=on_postgresql)
    page = context.new_page()
    enter(page, "Carla", PROJECT)
    wait_for_image(page)
    expect(page.locator(".progress")).to_contain_text(f"{PARTS} reviewed")
    context.close()
