"""What is learnt as good where only a mask, or a file that nobody reads, tells of a defect."""

from pathlib import Path

import pytest
from PIL import Image

from crr.data.datasets import open_dataset
from crr.errors import DatasetError
from tests.crr.places import draw, masks_in, passed_over, the_parts, touch

SCREWS = [f"{number}.png" for number in range(20)]


@pytest.mark.parametrize(
    "mask", ["{}_label.bmp", "{}_GT.png", "masks/{}.png", "Label/{}_label.png", "labels/{}_mask.png"]
)
def test_a_photo_with_a_mask_that_marks_something_is_never_learnt(tmp_path: Path, mask: str) -> None:
    for screw in SCREWS:
        (tmp_path / screw).write_text(screw)  # by their content some are for testing
    draw(tmp_path / mask.format(3), 255)
    draw(tmp_path / mask.format(4), 0)
    parts = the_parts(tmp_path)
    assert parts["marked"] == ["3.png"]
    assert sorted([*parts["train"], *parts["good"]]) == sorted(set(SCREWS) - {"3.png"})
    dataset = open_dataset(tmp_path)
    assert masks_in(dataset) == {"3.png": [mask.format(3)]}
    assert dataset.layout == "masks"


def test_masks_beside_several_categories_are_theirs(tmp_path: Path) -> None:
    touch(tmp_path, "nut/0.png", "nut/1.png", "cup/0.png")
    draw(tmp_path / "masks/nut/0.png", 1)
    cup, nut = open_dataset(tmp_path).categories
    assert [sample.path.name for sample in cup.train] == ["0.png"]
    assert [(sample.path.name, sample.defect) for sample in nut.test if sample.defective] == [
        ("0.png", "marked")
    ]


@pytest.mark.parametrize("mask", ["{}_GT.png", "Label/{}_label.PNG"])
def test_in_a_bare_part_masks_tell_as_well(tmp_path: Path, mask: str) -> None:
    touch(tmp_path, *(f"{part}/{number}.png" for part in ("train", "test") for number in range(3)))
    for part in ("train", "test"):
        draw(tmp_path / part / mask.format(0), 255)
        draw(tmp_path / part / mask.format(1), 0)
    found = the_parts(tmp_path)
    assert found["train"] == ["1.png", "2.png"]
    assert (found["good"], found["marked"]) == (["1.png"], ["0.png"])
    noted = passed_over(open_dataset(tmp_path).notes, tmp_path)
    assert noted["for training only good images are used"] == ["train/0.png"]
    if "/" in mask:  # one that lies beside its photo is noted as such
        assert noted["a mask of a photo that is not learnt from"] == [f"train/{mask.format(0)}"]
        assert f"train/{mask.format(1)}" in noted["a mask of a good image"]
    assert noted["with no mask, where masks tell which test photos are good"] == ["test/2.png"]
    assert "in a folder that is no part of the layout" not in noted


def test_a_photo_in_no_folder_takes_no_mask_of_another(tmp_path: Path) -> None:
    touch(tmp_path, "train/good/0.png", "test/good/1.png", "test/cut/0.png", "test/0.png")
    draw(tmp_path / "ground_truth/cut/0_mask.png", 255)
    dataset = open_dataset(tmp_path)
    assert masks_in(dataset) == {"test/cut/0.png": ["ground_truth/cut/0_mask.png"]}
    assert passed_over(dataset.notes, tmp_path) == {"in no folder that names a defect": ["test/0.png"]}


def test_an_empty_mask_elsewhere_hides_no_drawn_one(tmp_path: Path) -> None:
    touch(tmp_path, "train/0.png", "test/0.png", "test/1.png")
    draw(tmp_path / "test/0_mask.png", 255)
    draw(tmp_path / "test/masks/0.png", 0)
    draw(tmp_path / "test/masks/1.png", 0)
    assert masks_in(open_dataset(tmp_path)) == {"test/0.png": ["test/0_mask.png", "test/masks/0.png"]}


def test_photos_of_printed_labels_are_photos(tmp_path: Path) -> None:
    touch(tmp_path, "label/0.png", "label/1.png", "bottle/0.png")
    assert [category.name for category in open_dataset(tmp_path).categories] == ["bottle", "label"]


def test_a_folder_that_only_says_images_is_no_kind_of_defect(tmp_path: Path) -> None:
    touch(tmp_path, "train/good/0.png", "test/good/1.png", "test/images/2.png", "test/cut/3.png")
    assert the_parts(tmp_path) == {"train": ["0.png"], "good": ["1.png"], "cut": ["3.png"]}
    noted = passed_over(open_dataset(tmp_path).notes, tmp_path)
    assert noted == {"in no folder that names a defect": ["test/images/2.png"]}


@pytest.mark.parametrize("mask", ["ground_truth/cut/0_mask.png", "test/cut/0_mask.png"])
def test_two_photos_of_one_name_do_not_share_a_mask_in_silence(tmp_path: Path, mask: str) -> None:
    touch(tmp_path, "train/good/0.png", "test/good/0.png", "test/cut/0.png", "test/cut/0.jpg", mask)
    dataset = open_dataset(tmp_path)
    assert masks_in(dataset) == {"test/cut/0.png": [], "test/cut/0.jpg": []}
    assert passed_over(dataset.notes, tmp_path) == {"a mask that several images of its name may have": [mask]}


@pytest.mark.parametrize("part", ["", "train/"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("_annotations.coco.json", '{"images": [{"file_name": "3.png"}]}'),
        ("Annotations/3.xml", "<annotation><filename>3.png</filename></annotation>"),
        ("3.json", '{"imagePath": "..\\\\images\\\\3.png", "shapes": []}'),
        ("labels/3.txt", "0 0.5 0.5 0.1 0.1\n0 0.25 0.5 0.1 0.1\n"),
        ("defects.txt", "3.png\n5.png\n"),
        ("project-3.json", '[{"file_upload": "0006beef-3.png"}]'),
        ("bad.yaml", "images:\n  - 3.png\n"),
        ("label.json", "{" + ", ".join(f'"{number}": "good"' for number in range(20)) + "}"),
    ],
)
def test_a_list_of_some_images_is_refused_before_they_are_learnt(
    tmp_path: Path, part: str, name: str, content: str
) -> None:
    touch(tmp_path, *(f"{part}{screw}" for screw in SCREWS))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    with pytest.raises(DatasetError, match="may say which images are good"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("content", ["[" * 2_000_000, "12345 " * 300_000, "a" * 2_000_000 + ".png"])
def test_a_long_text_without_separators_holds_nobody_up(tmp_path: Path, content: str) -> None:
    touch(tmp_path, *SCREWS)
    for name in ("values.txt", "values.json"):
        (tmp_path / name).write_text(content)
    assert open_dataset(tmp_path).layout == "folder"


def test_a_list_of_real_iad_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "realiad_1024/cup/0.jpg")
    (tmp_path / "realiad_jsons").mkdir()
    (tmp_path / "realiad_jsons/cup.json").write_text('{"meta": {"prefix": "cup", ')
    with pytest.raises(DatasetError, match=r"cup\.json cannot be read as a list of Real-IAD"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("path,label,Label\n0.png,good,bad\n", "two columns label: keep the one that holds"),
        ("path,label\n0.png,nan\n", "a row without a label"),
        ("path,label\n0.png,None\n", "a row without a label"),
    ],
)
def test_a_table_that_says_two_things_or_none_is_refused(tmp_path: Path, table: str, sentence: str) -> None:
    touch(tmp_path, "0.png")
    (tmp_path / "set.csv").write_text(table)
    with pytest.raises(DatasetError, match=sentence):
        open_dataset(tmp_path)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA", "I;16"])
@pytest.mark.parametrize("marks", [False, True])
def test_of_what_kind_a_mask_is_makes_no_difference(tmp_path: Path, mode: str, marks: bool) -> None:
    touch(tmp_path, "0.png", "1.png")
    mask = Image.new("L", (24, 16))
    if marks:
        mask.putpixel((2, 2), 255)
    mask.convert(mode).save(tmp_path / "0_mask.png")
    assert the_parts(tmp_path).get("marked", []) == (["0.png"] if marks else [])
