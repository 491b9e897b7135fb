"""One look before the work: what it counts, what it finds wrong, and how it says so."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from crr.config import ValueRange
from crr.data.datasets import open_dataset
from crr.data.inventory.looking import look_at_dataset, look_at_files, usable
from crr.data.inventory.mask_survey import MaskSurvey
from crr.data.inventory.repeats import Repeats
from crr.data.inventory.sentences import lines, named
from crr.errors import DatasetError, ImageError
from crr.types import Progress
from tests.crr.data.inventory.looks import looked, said
from tests.crr.tiny import good_images, write_dataset


def test_what_is_there_is_said_in_one_line(root: Path) -> None:
    inventory = looked(root)
    assert lines(inventory) == [
        "plate, as MVTec AD: plate; 6 images to train on, 2 good and 2 defective to test on, 2 images "
        "with masks. PNG, 8 bits, RGB, 72 x 48 pixels."
    ]
    assert vars(inventory.categories["plate"]) == {
        "train": 6, "good": 2, "defective": {"scratch": 2}, "masked": 2, "copies": 0,
    }  # fmt: skip
    assert len(inventory.facts) == 10
    assert (inventory.unusable, inventory.mask_survey, inventory.copies) == ({}, MaskSurvey(), [])
    assert (inventory.pages, inventory.repeats) == ({}, Repeats())


def test_only_the_part_that_is_needed_is_read(root: Path) -> None:
    (root / "test/good/000.png").write_bytes(b"")
    assert len(looked(root, parts=("train",)).facts) == 6
    assert looked(root, parts=("train",)).unusable == {}
    assert len(looked(root, parts=("test",)).unusable) == 1


def test_kinds_and_sizes_of_a_mixed_set(root: Path) -> None:
    PIL.Image.new("L", (40, 30)).save(root / "train/good/a.jpg")
    PIL.Image.new("CMYK", (640, 480)).save(root / "train/good/b.jpg")
    PIL.Image.new("RGB", (20, 90)).save(root / "train/good/c.bmp")
    cv2.imwrite(str(root / "train/good/d.png"), np.full((50, 60), 5000, np.uint16))
    inventory = looked(root, value_range=ValueRange.of_bits(16))
    assert inventory.kinds == {
        "formats": {"PNG": 11, "JPEG": 2, "BMP": 1},
        "depths": {"8 bits": 13, "16 bits": 1},
        "colours": {"RGB": 11, "grey": 2, "CMYK": 1},
    }
    assert inventory.sizes == ((40, 30), (640, 480))
    assert "11 PNG, 2 JPEG and 1 BMP" in said(inventory)
    assert "40 x 30 to 640 x 480 pixels" in said(inventory)


def test_sizes_are_upright(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=exif)
    assert look_at_files([tmp_path]).sizes == ((40, 60), (40, 60))


# What cannot be used


BAD = {
    "empty": (b"", "empty"),
    "text": (b"no image at all", "a text file"),
    "GIF": (b"GIF89a" + bytes(40), "a GIF image"),
}


@pytest.mark.parametrize(("content", "what"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("part", ["train/good/000.png", "test/scratch/000.png"])
def test_files_that_are_no_images(root: Path, part: str, content: bytes, what: str) -> None:
    (root / part).write_bytes(content)
    inventory = looked(root)
    ((path, sentence),) = inventory.unusable.items()
    assert path == root / part
    assert str(root / part) in sentence
    assert what in sentence
    assert f"1 image cannot be used: {part}." in said(inventory)


def test_a_file_that_is_cut_short_is_found_before_the_work(root: Path) -> None:
    photo = root / "test/good/000.png"
    photo.write_bytes(photo.read_bytes()[:-200])
    assert "damaged, cut short" in looked(root).unusable[photo]


def test_a_link_that_leads_nowhere(root: Path) -> None:
    photo = root / "test/scratch/000.png"
    photo.unlink()
    photo.symlink_to("../annex/000.png")
    inventory = looked(root)
    assert f"{photo} is a link to ../annex/000.png, which is not there" in inventory.unusable[photo]
    assert inventory.links == 0


@pytest.mark.parametrize("content", [b"", b"no image at all", None])
def test_a_mask_that_cannot_be_read_makes_its_photo_unusable(root: Path, content: bytes | None) -> None:
    mask = root / "ground_truth/scratch/000_mask.png"
    if content is None:
        PIL.Image.new("L", (72, 47), 255).save(mask)
    else:
        mask.write_bytes(content)
    ((path, sentence),) = looked(root).unusable.items()
    assert path == root / "test/scratch/000.png"
    assert str(mask) in sentence


def test_one_that_is_bad_stops_the_work_and_all_are_named(root: Path) -> None:
    for number in range(5):
        (root / f"train/good/{number:03}.png").write_bytes(b"")
    for number in range(2):
        (root / f"test/scratch/{number:03}.png").write_bytes(b"text")
    dataset = open_dataset(root)
    with pytest.raises(ImageError) as caught:
        usable(dataset, look_at_dataset(dataset))
    assert str(caught.value) == (
        f"{root}/train/good/000.png is empty (zero bytes): save or copy it again. 6 more cannot be used: "
        "train/good/001.png, train/good/002.png, train/good/003.png, train/good/004.png, "
        "test/scratch/000.png and 1 more."
    )
    assert caught.value.remedy == "on_error"


def test_what_is_bad_is_left_out_when_asked(root: Path) -> None:
    (root / "train/good/000.png").write_bytes(b"")
    (root / "ground_truth/scratch/001_mask.png").write_bytes(b"")
    dataset = open_dataset(root)
    (category,) = usable(dataset, look_at_dataset(dataset), "skip").categories
    assert [sample.path.name for sample in category.train] == [f"{number:03}.png" for number in range(1, 6)]
    assert [(sample.defect, sample.path.name) for sample in category.test] == [
        ("good", "000.png"), ("good", "001.png"), ("scratch", "000.png"),
    ]  # fmt: skip
    good = open_dataset(root / "train", allow_bare=True)
    assert usable(good, look_at_dataset(dataset), "skip") == good.without({root / "train/good/000.png"})


def test_copies_to_learn_from_are_counted_once(root: Path) -> None:
    for name in ("Copy of 000", "000 (1)"):
        shutil.copy(root / "train/good/000.png", root / f"train/good/{name}.png")
    inventory = looked(root)
    assert (inventory.categories["plate"].train, inventory.categories["plate"].copies) == (8, 2)
    assert "plate; 8 images to train on (6 without copies), 2 good and" in said(inventory)
    unread = looked(root, parts=("test",))
    assert unread.categories["plate"].copies == 0
    assert "plate; 8 images to train on, 2 good and" in said(unread)


def test_a_photo_without_a_mask_may_be_unreadable_too(root: Path) -> None:
    (root / "ground_truth/scratch/000_mask.png").unlink()
    (root / "test/scratch/000.png").write_bytes(b"")
    text = said(looked(root))
    assert "without a mask where others have one: 1 file, test/scratch/000.png." in text
    assert "1 image cannot be used: test/scratch/000.png." in text


# What needs a word


def test_pages_are_counted(root: Path) -> None:
    pages = [PIL.Image.fromarray(image) for image in good_images("plate", 3)]
    pages[0].save(root / "train/good/pages.tif", save_all=True, append_images=pages[1:])
    inventory = looked(root)
    assert inventory.pages == {root / "train/good/pages.tif": 3}
    assert "1 file of several pages, of which the first is used: train/good/pages.tif has 3." in said(
        inventory
    )
    assert "1 file of several pages: pages.tif has 3." in said(look_at_files([root / "train/good"]))


def test_parts_that_are_missing_are_said(root: Path) -> None:
    shutil.rmtree(root / "test/good")
    shutil.rmtree(root / "ground_truth")
    text = said(looked(root))
    assert "plate has no good test image, so no image-level figures: add some." in text
    assert "plate has no masks, so no pixel-level figures." in text
    shutil.rmtree(root / "test/scratch")
    write_dataset(root.parent, categories=1, masks=False)
    shutil.rmtree(root / "test/scratch")
    assert "plate has no defective test image, so nothing can be measured on it." in said(looked(root))


def test_the_range_of_deep_files_is_said_with_where_it_is_from(root: Path) -> None:
    cv2.imwrite(str(root / "train/good/deep.png"), np.full((50, 60), 3000, np.uint16))
    alone, given = looked(root), looked(root, value_range=ValueRange(0, 9999))
    assert (alone.value_range, alone.guessed) == (None, False)
    assert "Not known which value is white: train/good/deep.png." in said(alone)
    assert "Not known which value is white (--range says it): train/good/deep.png." in lines(alone, "--range")
    [reason] = alone.unusable.values()
    assert "one image alone does not tell: it holds 3000 to 3000, as 12 bits do. Say which" in reason
    assert (given.value_range, given.guessed) == (ValueRange(0, 9999), False)
    assert "read from 0 to 9999 (as given or trained with)." in said(given)
    cv2.imwrite(str(root / "train/good/too.png"), np.full((50, 60), 900, np.uint16))
    guessed = looked(root)
    assert (guessed.value_range, guessed.guessed) == (ValueRange(0, 4095), True)
    assert "read from 0 to 4095 (guessed from all such images of the data set)." in said(guessed)
    assert (
        "(guessed from all such images of the data set; --range says another)."
        in lines(guessed, "--range")[1]
    )
    (root / "train/good/deep.png").unlink()
    (root / "train/good/too.png").unlink()
    assert looked(root, value_range=ValueRange(0, 9999)).value_range is None


def test_of_what_is_many_the_first_are_named(root: Path) -> None:
    for number in range(9):
        (root / f"train/good/{number}.txt").touch()
    text = said(looked(root))
    assert "no image by its name: 9 files, " in text
    assert "4.txt and 4 more." in text
    assert named(list("abcde")) == "a, b, c, d, e"
    assert named(list("abcdefg")) == "a, b, c, d, e and 2 more"


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("unusable", "images cannot"), ("copies", "files"), ("pages", "files"), ("empty masks", "masks"),
        ("full masks", "masks"), ("trained and tested", "test images"), ("good and defective", "photos"),
    ],
)  # fmt: skip
def test_of_many_that_need_a_word_the_lines_have_the_count_and_the_first_five(
    root: Path, kind: str, what: str
) -> None:
    images = [PIL.Image.fromarray(image) for image in good_images("plate", 32, seed=1)]
    for number, image in enumerate(images[:30]):
        photo, mask = (
            root / f"{place}/x{number:02}.png" for place in ("test/scratch", "ground_truth/scratch")
        )
        image.save(photo)
        drawn = PIL.Image.new("L", image.size, 255 if kind == "full masks" else 0)
        drawn.paste(0 if kind == "empty masks" else 255, (0, 0, 20, 20))
        drawn.save(mask)
        if kind == "unusable":
            photo.write_bytes(bytes(number + 1))
        if kind in ("copies", "trained and tested", "good and defective"):
            shutil.copy(photo, root / f"train/good/x{number:02}.png")
        if kind == "pages":
            other = PIL.ImageOps.mirror(image)
            other.save(root / f"train/good/x{number:02}.tif", save_all=True, append_images=images[30:])
    inventory = looked(root)
    (line,) = [line for line in lines(inventory)[1:] if f"30 {what}" in line]
    assert [f"x{number:02}" in line for number in range(6)] == 5 * [True] + [False]
    assert line.endswith(" and 25 more.")
    assert len(inventory.as_json()[kind.replace(" ", "_")]) == 30


def test_images_with_masks_are_counted_however_many_masks_they_have(root: Path) -> None:
    place = root / "ground_truth/scratch"
    for number in range(3):
        (place / "000").mkdir(exist_ok=True)
        shutil.copy(place / "001_mask.png", place / f"000/{number}.png")
    (place / "000_mask.png").unlink()
    for path in (root / "test/scratch/001.png", place / "001_mask.png"):
        path.unlink()
    assert "2 good and 1 defective to test on, 1 image with masks." in said(looked(root))


def test_only_the_good_ones_of_the_test_images_are_read_if_no_more_is_asked_for(root: Path) -> None:
    (root / "test/scratch/000.png").write_bytes(b"")
    (root / "ground_truth/scratch/001_mask.png").write_bytes(b"")
    inventory = looked(root, parts=("good test",))
    assert [path.parent.name for path in inventory.facts] == ["good", "good"]
    assert inventory.unusable == {}


# As JSON, and for a list of files


def test_an_inventory_is_plain_json(root: Path) -> None:
    (root / "train/good/000.png").write_bytes(b"")
    (root / "train/good/Gr\udcfcn.txt").touch()
    for number in range(9):
        (root / f"train/good/{number}.txt").touch()
    values = json.loads(json.dumps(looked(root).as_json()))
    assert (values["root"], values["layout"], values["images"]) == (str(root), "mvtec", 10)
    assert values["categories"] == {
        "plate": {"train": 6, "good": 2, "defective": {"scratch": 2}, "masked": 2, "copies": 0}
    }
    assert list(values["unusable"]) == ["train/good/000.png"]
    noted = values["passed_over"]["no image by its name"]
    assert (noted["count"], len(noted["first"])) == (10, 5)
    assert (values["formats"], values["sizes"]) == ({"PNG": 9}, [[72, 48], [72, 48]])
    assert values["masks"] == {"graded": False, "largest": 255, "turned": False}


def test_files_and_folders_are_looked_at_alike(root: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"text")
    inventory = look_at_files([root, tmp_path / "broken.png", tmp_path / "missing.png"])
    assert (inventory.layout, len(inventory.facts)) == ("files", 12)
    assert set(inventory.unusable) == {tmp_path / "broken.png", tmp_path / "missing.png"}
    assert {reason: len(paths) for reason, paths in inventory.passed_over.items()} == {
        "masks, which are no photos": 2
    }
    text = said(inventory)
    assert text.startswith("12 images. PNG, 8 bits, RGB, 72 x 48 pixels.")
    assert f"2 images cannot be used: {tmp_path}/broken.png, {tmp_path}/missing.png." in text


def test_a_folder_is_looked_at_as_text_too(root: Path) -> None:
    assert look_at_files(str(root)).facts.keys() == look_at_files([root]).facts.keys()
    assert look_at_files(str(root)).root == root


def test_no_image_at_all_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"No images found in .*\. Give image files, or a folder"):
        look_at_files([tmp_path])
    (tmp_path / "a.txt").touch()
    with pytest.raises(DatasetError, match=r"\. Passed over: 1 file, no image by its name\. Give"):
        look_at_files([tmp_path])


def test_progress_counts_the_images(root: Path) -> None:
    reports: list[Progress] = []
    looked(root, progress=reports.append)
    assert {report.stage for report in reports} == {"check"}
    assert (reports[-1].step, reports[-1].total) == (10, 10)


def test_images_with_an_alpha_channel_are_said_to_lie_on_white(tmp_path: Path) -> None:
    for name, mode in (("a.png", "RGBA"), ("b.tif", "LA"), ("c.png", "RGB"), ("d.tif", "CMYK")):
        PIL.Image.new(mode, (40, 30)).save(tmp_path / name)
    inventory = look_at_files(tmp_path)
    assert "2 images have an alpha channel, and what is transparent is seen as white: a.png, b.tif." in said(
        inventory
    )
    assert inventory.as_json()["transparent"] == ["a.png", "b.tif"]
