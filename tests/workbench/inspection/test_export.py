import csv
import io
import zipfile
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest

from crr.data.images import decode
from tests.workbench.fakes import CHOICE, file_of, good_png, part, png
from workbench.inspection import export as exports
from workbench.inspection.batch import Batch
from workbench.inspection.export import COLUMNS, heatmap, pictures_zip, results_csv
from workbench.settings import Settings


@pytest.fixture
def batch(inspector) -> Batch:
    batch = Batch(Settings())
    names = {"a/part.png": png(), "b/part.png": png(part(spots=[(20, 30), (60, 90)])), "=cmd.png": good_png()}
    batch.add([(name, lambda content=content: content) for name, content in names.items()])
    batch.add([("broken.png", lambda: b"no image")])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    return batch


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["file"]: row for row in csv.DictReader(io.StringIO(text))}


def test_csv_has_a_line_an_image_and_the_files_that_failed(batch, inspector):
    text = results_csv(batch, CHOICE, inspector)
    assert tuple(text.splitlines()[0].split(",")) == COLUMNS
    rows = rows_of(text)
    assert rows["b/part.png"]["verdict"] == "defective"
    assert rows["b/part.png"]["regions"] == "2"
    assert rows["b/part.png"]["revision"] == "0123456789ab"
    assert float(rows["b/part.png"]["limit"]) == 0.45
    assert "broken.png" in rows["broken.png"]["error"]
    assert rows["broken.png"]["verdict"] == ""


def test_csv_has_a_line_for_each_file_of_the_same_picture_and_the_zip_one_heat_map(batch, inspector):
    batch.add([("copy.png", png)])
    rows = rows_of(results_csv(batch, CHOICE, inspector))
    assert rows["copy.png"] == rows["a/part.png"] | {"file": "copy.png"}
    with zipfile.ZipFile(io.BytesIO(pictures_zip(batch, CHOICE, inspector, 1.0, 0.6))) as archive:
        assert sum(name.endswith("_mask.png") for name in archive.namelist()) == 3


def test_csv_has_a_line_for_each_file_of_the_same_broken_picture(batch, inspector):
    batch.add([("copy.png", lambda: b"no image")])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    rows = rows_of(results_csv(batch, CHOICE, inspector))
    assert rows["copy.png"] == rows["broken.png"] | {"file": "copy.png"}


def test_no_file_name_becomes_a_formula(batch, inspector):
    assert rows_of(results_csv(batch, CHOICE, inspector))["'=cmd.png"]["verdict"] == "normal"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_becomes_a_formula(batch, inspector, library, start):
    ask = library.inspect
    library.inspect = lambda *asked: [replace(found, category=start + "part") for found in ask(*asked)]
    batch.add([(start + "broken.png", lambda: b"none"), (start + "good.png", lambda: good_png(90))])
    batch.inspect_some(CHOICE, library.inspector(), seconds=9)
    rows = rows_of(results_csv(batch, CHOICE, inspector))
    assert rows[f"'{start}broken.png"]["error"].startswith(f"'{start}broken.png is ")
    assert rows[f"'{start}good.png"]["category"] == f"'{start}part"


def test_the_regions_of_a_picture_are_counted_once_for_all_its_files(batch, inspector, monkeypatch):
    batch.add([(f"copy{number}.png", png) for number in range(5)])
    count = Mock(side_effect=exports.regions_at)
    monkeypatch.setattr(exports, "regions_at", count)
    results_csv(batch, CHOICE, inspector)
    assert count.call_count == 3


def test_csv_follows_the_strictness(batch, inspector):
    rows = rows_of(results_csv(batch, CHOICE, inspector, factor=2))
    assert float(rows["b/part.png"]["limit"]) == 0.9
    assert rows["b/part.png"]["verdict"] == "normal"
    assert rows["b/part.png"]["regions"] == "0"


def test_zip_holds_a_heat_map_and_a_mask_an_image(batch, inspector):
    archive = zipfile.ZipFile(io.BytesIO(pictures_zip(batch, CHOICE, inspector, 1.0, 0.6)))
    assert set(archive.namelist()) == {
        "part_heatmap.png", "part_mask.png", "part_2_heatmap.png", "part_2_mask.png",
        "=cmd_heatmap.png", "=cmd_mask.png", "results.csv",
    }  # fmt: skip
    assert archive.read("results.csv").decode() == results_csv(batch, CHOICE, inspector)
    mask = decode(archive.read("part_mask.png"))
    assert mask.shape == (96, 128, 3)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[26, 36, 0] == 255
    assert not decode(archive.read("=cmd_mask.png")).any()


def test_no_picture_covers_another_in_the_zip(inspector):
    batch = Batch(Settings())
    for shade, name in enumerate(("part.png", "PART.jpg", "part_2.png", "part.bmp"), start=100):
        batch.add([(name, lambda shade=shade: good_png(shade))])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    archive = zipfile.ZipFile(io.BytesIO(pictures_zip(batch, CHOICE, inspector, 1.0, 0.6)))
    assert len({name.casefold() for name in archive.namelist()}) == 2 * 4 + 1


def test_the_heat_map_leaves_a_normal_part_as_it_is(batch, inspector):
    digest = next(digest for digest, upload in batch.uploads.items() if upload.name == "=cmd.png")
    inspected = batch.inspect(digest, CHOICE, inspector)
    image = decode(batch.uploads[digest].content)
    assert (heatmap(image, inspected, over=1.0) == image).all()


def test_the_heat_map_of_a_large_image_is_shrunk(inspector):

    image = part(size=(1500, 2000))
    inspected = inspector.inspect(file_of(png(image), "large.png"), CHOICE)
    assert heatmap(image, inspected, over=0.5).shape == (768, 1024, 3)
