import io
import zipfile

import cv2
import numpy as np
import PIL.Image
import pytest

from crr.config import ValueRange
from crr.data.images import decode
from tests.workbench.fakes import CHOICE, file_of, good_png, part, png
from workbench.exports.archive import heatmap, pictures_zip
from workbench.exports.lines import BatchExport, table_of
from workbench.exports.spreadsheet import as_csv
from workbench.inspection.batch import Batch
from workbench.settings import Settings


@pytest.fixture
def batch(inspector) -> Batch:
    batch = Batch(Settings())
    names = {"a/part.png": png(), "b/part.png": png(part(spots=[(20, 30), (60, 90)])), "=cmd.png": good_png()}
    batch.add([(name, lambda content=content: content) for name, content in names.items()])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    return batch


def zip_of(batch, inspector):
    content = pictures_zip(BatchExport(batch, CHOICE, inspector), over=0.6)
    return zipfile.ZipFile(io.BytesIO(content))


def test_zip_holds_a_heat_map_and_a_mask_an_image_in_its_folder(batch, inspector):
    archive = zip_of(batch, inspector)
    assert set(archive.namelist()) == {
        "a/part_heatmap.png", "a/part_mask.png", "b/part_heatmap.png", "b/part_mask.png",
        "=cmd_heatmap.png", "=cmd_mask.png", "results.csv", "results.xlsx",
    }  # fmt: skip
    mask = decode(archive.read("a/part_mask.png"))
    assert mask.shape == (96, 128, 3)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[26, 36, 0] == 255
    assert not decode(archive.read("=cmd_mask.png")).any()


def test_the_table_in_the_zip_names_every_picture_that_is_in_it(batch, inspector):
    batch.add([("late.png", lambda: good_png(7)), ("copy.png", png)])
    archive = zip_of(batch, inspector)
    lines = table_of(batch, CHOICE, inspector).lines
    named = {line[kind] for line in lines for kind in ("heatmap", "mask") if line.get(kind)}
    assert named == {name for name in archive.namelist() if name.endswith(".png")}
    written = archive.read("results.csv").decode("utf-8-sig").splitlines()
    assert len(written) == 1 + len(lines)
    assert as_csv(table_of(batch, CHOICE, inspector)).decode("utf-8-sig").splitlines()[0] == written[0]


def test_each_page_and_each_deep_photo_has_its_own_picture_as_it_was_inspected(inspector):
    scan, large, small = io.BytesIO(), part(), part(spots=(), size=(64, 128)) // 2
    first, second = PIL.Image.fromarray(large), PIL.Image.fromarray(small)
    first.save(scan, "TIFF", save_all=True, append_images=[second])
    tiff = cv2.imencode(".tif", large[..., 1].astype(np.float32) * 16)[1].tobytes()
    batch = Batch(Settings())
    batch.add([("scan.tif", scan.getvalue), ("deep.tif", lambda: tiff)])
    batch.choose_range(ValueRange.of_bits(12))
    batch.inspect_some(CHOICE, inspector, seconds=9)
    archive = zip_of(batch, inspector)
    maps = {
        name: decode(archive.read(f"{name}_heatmap.png")) for name in ("scan_page1", "scan_page2", "deep")
    }
    assert {name: pixels.shape[:2] for name, pixels in maps.items()} == {
        "scan_page1": (96, 128), "scan_page2": (64, 128), "deep": (96, 128),
    }  # fmt: skip
    assert decode(archive.read("scan_page2_mask.png")).shape == (64, 128, 3)
    first_page, second_page, deep = (pixels[-8:, -8:].mean() for pixels in maps.values())
    assert second_page < 0.7 * first_page
    assert deep > 0.7 * first_page


def test_what_is_missing_is_noted_and_a_complete_zip_has_no_note(batch, inspector):
    assert "missing.txt" not in zip_of(batch, inspector).namelist()
    batch.add([("broken\udcff.png", lambda: b"no image")])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    batch.add([("late.png", lambda: good_png(7))])
    note = zip_of(batch, inspector).read("missing.txt").decode("utf-8-sig").splitlines()
    assert note[0] == "2 of 5 lines of the table have no pictures here:"
    assert note[2] == "late.png: not inspected yet. Not inspected yet when this was saved."
    assert note[3].startswith("broken\\udcff.png: could not be inspected. ")


def test_nothing_is_inspected_twice_for_a_zip(library):
    batch = Batch(Settings().model_copy(update={"session_bytes": 60_000}))  # a map or two
    batch.add([(f"part{shade}.png", lambda shade=shade: good_png(shade)) for shade in range(6)])
    batch.inspect_some(CHOICE, library.inspector(), seconds=9)
    before = library.inspected
    zip_of(batch, library.inspector())
    assert library.inspected - before <= 6


def test_the_heat_map_leaves_a_normal_part_as_it_is(batch, inspector):
    digest = next(digest for digest, upload in batch.uploads.items() if upload.name == "=cmd.png")
    inspected = batch.inspect(digest, CHOICE, inspector)
    image = decode(batch.uploads[digest].content)
    assert (heatmap(image, inspected, over=1.0) == image).all()


def test_the_heat_map_of_a_large_image_is_shrunk(inspector):
    image = part(size=(1500, 2000))
    inspected = inspector.inspect(file_of(png(image), "large.png"), CHOICE)
    assert heatmap(image, inspected, over=0.5).shape == (768, 1024, 3)
