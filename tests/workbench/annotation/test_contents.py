"""Images at hand as a source: what is said of them, and of what is not taken of them."""

from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from crr.config import ValueRange
from tests.crr.files import png, saved, tiff
from tests.workbench.annotation.parts import RING
from workbench.annotation.errors import SourceError
from workbench.annotation.importing.bringing import bring_in
from workbench.annotation.importing.contents import Content, read_contents
from workbench.annotation.importing.datasets import read_folder
from workbench.annotation.importing.files import Keeping, kept_range
from workbench.annotation.records import NewImage

GREY = np.full((40, 60, 3), 90, np.uint8)
DEEP = np.full((40, 60), 900, np.uint16)


def images_of(store, *contents: Content) -> tuple[list[NewImage], list[str]]:
    found = read_contents(contents, store.blobs)
    return [one.image for one in found.images], list(found.notes)


def test_they_are_copied_with_what_is_known_of_them(store):
    content = saved(GREY, "PNG")
    [image], notes = images_of(store, Content("line/a.png", content, "defective", "plate"))
    assert (image.name, image.label, image.category) == ("line/a.png", "defective", "plate")
    assert (image.height, image.width, image.value_range) == (40, 60, None)
    assert store.blobs.path(image.digest).read_bytes() == content
    assert notes == []


def test_a_photo_that_exif_turns_has_the_size_that_is_seen(store):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    [image], _ = images_of(store, Content("a.jpg", saved(GREY, "JPEG", exif=exif)))
    assert (image.height, image.width) == (60, 40)


def test_what_is_no_image_is_left_out_and_said(store):
    images, notes = images_of(store, Content("a.png", b"<b>no</b>"), Content("b.png", saved(GREY, "PNG")))
    assert [image.name for image in images] == ["b.png"]
    [note] = notes
    assert note.startswith("a.png is ")


def test_what_is_not_taken_of_a_file_is_said(store):
    pages = saved(
        PIL.Image.fromarray(GREY), "TIFF", save_all=True, append_images=[PIL.Image.new("L", (60, 40))]
    )
    infrared = tiff(np.stack([DEEP] * 4, axis=2), t262=2, t338=0)
    _, notes = images_of(
        store, Content("x/pages.tif", pages), Content("nir.tif", infrared, value_range=ValueRange(0, 1023))
    )
    assert notes == [
        "1 files have several pages, such as pages.tif: the first one is taken.",
        "1 files have more channels than colour, such as nir.tif: they are not used.",
    ]


def test_black_and_white_of_deep_photos_are_those_that_were_said_else_guessed_from_all(store):
    said, other, plain = ValueRange(0, 4095), png(DEEP), saved(GREY, "PNG")
    images, notes = images_of(store, Content("a.png", other, value_range=said), Content("b.png", plain))
    assert ([image.value_range for image in images], notes) == ([said, None], [])
    with pytest.raises(SourceError, match="one image alone does not tell") as alone:
        images_of(store, Content("a.png", other), Content("b.png", plain))
    assert alone.value.remedy == "value_range"
    darker = Content("c.png", png(DEEP // 2))
    images, notes = images_of(store, Content("a.png", other), Content("b.png", plain), darker)
    assert [image.value_range for image in images] == [ValueRange(0, 1023), None, ValueRange(0, 1023)]
    assert notes == ["Some images do not say which value is white: 0 to 1023 is guessed from all that come."]


def test_fractions_and_integers_have_no_common_range(store):
    fractions = tiff(RING.astype(np.float32), t339=3)
    with pytest.raises(SourceError, match="Some images hold fractions and others integers"):
        images_of(store, Content("a.png", png(DEEP)), Content("b.tif", fractions))


def test_what_comes_later_is_read_by_the_range_of_the_project(store, tmp_path):
    (tmp_path / "photos").mkdir()
    for name, values in (("a", DEEP), ("b", DEEP // 2)):
        (tmp_path / f"photos/{name}.png").write_bytes(png(values))
    project = store.projects.create("Deep")
    bring_in(store.database, project.id, read_folder(tmp_path / "photos", Keeping(store.blobs)))
    known = [item.image for item in store.images.all(project.id)]
    assert kept_range(known) == ValueRange(0, 1023)
    (tmp_path / "photos/c.png").write_bytes(png(DEEP * 4))
    found = read_folder(tmp_path / "photos", Keeping(store.blobs, value_range=kept_range(known)))
    assert "read from 0 to 1023, as said or as others here." in found.notes[0]
    assert "1 image with values beyond that, which are cut: " in found.notes[1]
    bring_in(store.database, project.id, found)
    assert {item.image.value_range for item in store.images.all(project.id)} == {ValueRange(0, 1023)}
    other = replace(known[0], value_range=ValueRange(0, 9))
    assert kept_range([*known, other]) is None
    assert kept_range([]) is None


def test_they_come_into_a_project(store):
    project = store.projects.create("At hand")
    found = read_contents([Content("a.png", saved(GREY, "PNG"), "good")], store.blobs)
    assert bring_in(store.database, project.id, found).added == 1
    assert bring_in(store.database, project.id, found).added == 0
