"""The layouts of the usual data sets, each told from its folders alone, and what is in them."""

import json
from pathlib import Path
from typing import Any

import pytest

from crr.data.datasets import open_dataset
from crr.errors import DatasetError
from tests.crr.places import draw, masks_in, passed_over, the_parts, touch


def test_loco_has_a_folder_of_masks_an_image(tmp_path: Path) -> None:
    root = tmp_path / "juice_bottle"
    touch(root, "train/good/000.png", "validation/good/000.png", "test/good/000.png")
    for kind in ("logical_anomalies", "structural_anomalies"):
        touch(root, f"test/{kind}/000.png", f"test/{kind}/001.png", f"ground_truth/{kind}/000/000.png")
        touch(root, f"ground_truth/{kind}/001/000.png", f"ground_truth/{kind}/001/001.png")
    dataset = open_dataset(root)
    assert dataset.layout == "mvtec"
    assert dataset.categories[0].has_masks
    assert masks_in(dataset) == {
        f"test/{kind}/{stem}.png": [f"ground_truth/{kind}/{stem}/{part}.png" for part in parts]
        for kind in ("logical_anomalies", "structural_anomalies")
        for stem, parts in (("000", ["000"]), ("001", ["000", "001"]))
    }
    assert passed_over(dataset.notes, root) == {
        "for validation: training holds back images of its own": ["validation/good/000.png"]
    }


def test_mvtec_ad_2_keeps_masks_in_its_public_test_and_has_private_ones(tmp_path: Path) -> None:
    root = tmp_path / "can"
    touch(root, "train/good/000_regular.png", "validation/good/000_regular.png")
    touch(root, "test_public/good/000_regular.png", "test_public/bad/000_regular.png")
    touch(root, "test_public/bad/000_shift_1.png", "test_public/ground_truth/bad/000_regular_mask.png")
    touch(root, "test_public/ground_truth/bad/000_shift_1_mask.png")
    touch(root, "test_private/000_regular.png", "test_private_mixed/000_mixed.png")
    dataset = open_dataset(tmp_path)
    assert dataset.layout == "mvtec"
    assert masks_in(dataset) == {
        f"can/test_public/bad/{stem}.png": [f"can/test_public/ground_truth/bad/{stem}_mask.png"]
        for stem in ("000_regular", "000_shift_1")
    }
    assert passed_over(dataset.notes, root) == {
        "for validation: training holds back images of its own": ["validation/good/000_regular.png"],
        "of a private test, without labels": [
            "test_private/000_regular.png",
            "test_private_mixed/000_mixed.png",
        ],
    }


def test_mvtec_3d_has_photos_masks_and_depth_maps_side_by_side(tmp_path: Path) -> None:
    root = tmp_path / "bagel"
    for part in ("train/good", "test/good", "test/crack"):
        touch(root, f"{part}/rgb/000.png", f"{part}/xyz/000.tiff", f"{part}/gt/000.png")
    dataset = open_dataset(tmp_path)
    assert the_parts(root) == {"train": ["000.png"], "good": ["000.png"], "crack": ["000.png"]}
    assert masks_in(dataset) == {"bagel/test/crack/rgb/000.png": ["bagel/test/crack/gt/000.png"]}
    assert passed_over(dataset.notes, root) == {
        "a mask of a good image": ["test/good/gt/000.png", "train/good/gt/000.png"],
        "in a folder that is no part of the layout": [
            "test/crack/xyz/000.tiff",
            "test/good/xyz/000.tiff",
            "train/good/xyz/000.tiff",
        ],
    }


@pytest.mark.parametrize(
    ("good", "bad", "masks"),
    [
        ("normal_dir", "abnormal_dir", "mask_dir"),
        ("OK_parts", "NG_parts", "gt"),
        ("good images", "bad images", "mask images"),
        ("0_good", "1_bad", "2_masks"),
        ("undamaged", "damaged", "ground_truth"),
        ("good_parts", "scratch", "masks"),
    ],
)
def test_names_may_say_that_they_are_folders_of_images(
    tmp_path: Path, good: str, bad: str, masks: str
) -> None:
    touch(tmp_path, f"{good}/000.png", f"{bad}/000.png", f"{masks}/000.png")
    dataset = open_dataset(tmp_path)
    assert dataset.layout == "folders"
    [category] = dataset.categories
    assert [sample.defect for sample in (*category.train, *category.test) if sample.defective] == [bad]
    assert masks_in(dataset) == {f"{bad}/000.png": [f"{masks}/000.png"]}


@pytest.mark.parametrize("bad", ["defective", "NG", "1_bad_parts", "abnormal_dir"])
def test_defects_beside_folders_that_nobody_calls_good_are_not_learnt(tmp_path: Path, bad: str) -> None:
    touch(tmp_path, f"{bad}/000.png", "line 1/000.png")
    with pytest.raises(
        DatasetError, match=f"called as good or bad parts are, but in no known layout: {bad}. Call"
    ):
        open_dataset(tmp_path)


def test_masks_of_kinds_below_a_folder_of_bad_parts(tmp_path: Path) -> None:
    kinds = ("colour", "crack")
    touch(tmp_path, "good/00.png", "good/01.png")
    touch(tmp_path, *(f"{place}/{kind}/00.png" for place in ("NG", "mask") for kind in kinds))
    assert masks_in(open_dataset(tmp_path)) == {
        f"NG/{kind}/00.png": [f"mask/{kind}/00.png"] for kind in kinds
    }


def test_masks_in_a_folder_of_good_images_are_not_learnt(tmp_path: Path) -> None:
    touch(tmp_path, "screw/000.png", "nut/000.png")
    draw(tmp_path / "screw/masks/000.png", 0)
    dataset = open_dataset(tmp_path)
    assert [len(category.train) for category in dataset.categories] == [1, 1]
    assert dataset.notes.passed_over == {"a mask that marks nothing": [tmp_path / "screw/masks/000.png"]}


def test_btad_says_ok_and_ko(tmp_path: Path) -> None:
    root = tmp_path / "01"
    touch(root, "train/ok/0000.bmp", "test/ok/0000.bmp", "test/ko/0001.bmp", "ground_truth/ko/0001.png")
    dataset = open_dataset(root)
    assert the_parts(root) == {"train": ["0000.bmp"], "good": ["0000.bmp"], "ko": ["0001.bmp"]}
    assert masks_in(dataset) == {"test/ko/0001.bmp": ["ground_truth/ko/0001.png"]}
    assert dataset.notes.passed_over == {}


def visa(root: Path) -> Path:
    """One category of VisA as it comes, before anybody has sorted it into parts."""
    touch(root, "Data/Images/Anomaly/000.JPG", "Data/Masks/Anomaly/000.png")
    touch(root, *(f"Data/Images/Normal/{number:04}.JPG" for number in range(20)))
    for number, image in enumerate(sorted(root.glob("Data/Images/Normal/*"))):
        image.write_bytes(bytes([number]))
    return root


@pytest.mark.parametrize("inside", ["", "Data", "Data/Images"])
def test_visa_as_it_comes_is_learnt_from_and_tested_on(tmp_path: Path, inside: str) -> None:
    dataset = open_dataset(visa(tmp_path / "candle") / inside)
    assert dataset.layout == "folders"
    (category,) = dataset.categories
    good = [sample for sample in category.test if not sample.defective]
    assert len(category.train) + len(good) == 20
    assert 1 <= len(good) <= 8
    assert {sample.defect for sample in category.test} == {"good", "Anomaly"}


def test_the_masks_of_visa_as_it_comes(tmp_path: Path) -> None:
    visa(tmp_path / "candle")
    visa(tmp_path / "pcb1")
    dataset = open_dataset(tmp_path)
    assert [category.name for category in dataset.categories] == ["candle", "pcb1"]
    assert masks_in(dataset) == {
        f"{name}/Data/Images/Anomaly/000.JPG": [f"{name}/Data/Masks/Anomaly/000.png"]
        for name in ("candle", "pcb1")
    }


def test_one_category_of_visa_with_its_own_table(tmp_path: Path) -> None:
    root = visa(tmp_path / "candle")
    rows = [f"candle/Data/Images/Normal/{number:04}.JPG,normal," for number in range(20)]
    rows += ['candle/Data/Images/Anomaly/000.JPG,"burnt, melted",candle/Data/Masks/Anomaly/000.png']
    (root / "image_anno.csv").write_text("\n".join(["image,label,mask", *rows]) + "\n")
    for given in (root, root / "image_anno.csv"):
        dataset = open_dataset(given)
        assert dataset.layout == "table"
        (category,) = dataset.categories
        every = [*category.train, *category.test]
        assert len(every) == 21
        assert all(sample.path.is_file() for sample in every)
        assert [mask.is_file() for sample in every for mask in sample.masks] == [True]


def real_iad(root: Path, prefix: str = "audiojack/", **rows: list[dict[str, Any]]) -> Path:
    """Real-IAD with one category, of which nothing exists but the images and masks that `rows` name."""
    listing = {"meta": {"prefix": prefix, "normal_class": "OK"}, "train": [], "test": [], **rows}
    (root / "realiad_jsons").mkdir(parents=True)
    (root / "realiad_jsons/audiojack.json").write_text(json.dumps(listing))
    for row in [row for split in rows.values() for row in split]:
        touch(root / "realiad_1024/audiojack", row["image_path"], *filter(None, [row["mask_path"]]))
    return root


def row(path: str, defect: str = "OK", mask: str | None = None) -> dict[str, Any]:
    return {"category": "audiojack", "anomaly_class": defect, "image_path": path, "mask_path": mask}


GOOD = row("OK/S0001/audiojack_0001_OK_C1.jpg")
GOOD_TOO = row("OK/S0002/audiojack_0002_OK_C1.jpg")
PIT = row("NG/AK/S0003/audiojack_0003_AK_C1.jpg", "AK", "NG/AK/S0003/audiojack_0003_AK_C1.png")


def test_real_iad_lists_its_images(tmp_path: Path) -> None:
    dataset = open_dataset(real_iad(tmp_path, train=[GOOD], test=[PIT, GOOD_TOO]))
    assert dataset.layout == "real-iad"
    folder = "realiad_1024/audiojack"
    assert masks_in(dataset) == {f"{folder}/{PIT['image_path']}": [f"{folder}/{PIT['mask_path']}"]}
    assert the_parts(tmp_path) == {
        "train": ["audiojack_0001_OK_C1.jpg"],
        "good": ["audiojack_0002_OK_C1.jpg"],
        "AK": ["audiojack_0003_AK_C1.jpg"],
    }
    assert dataset.notes.passed_over == {}


def test_real_iad_notes_what_no_list_names(tmp_path: Path) -> None:
    real_iad(tmp_path, train=[GOOD, PIT], test=[GOOD_TOO])
    touch(tmp_path, "realiad_1024/audiojack/OK/S0009/new.jpg", "realiad_jsons/single/audiojack.json")
    notes = open_dataset(tmp_path).notes
    assert passed_over(notes, tmp_path) == {
        "another list of the same images": ["realiad_jsons/single/audiojack.json"],
        "for training only good images are used": [
            f"realiad_1024/audiojack/{PIT[column]}" for column in ("image_path", "mask_path")
        ],
        "in no list of the data set": ["realiad_1024/audiojack/OK/S0009/new.jpg"],
    }


def test_real_iad_without_its_images_is_a_sentence(tmp_path: Path) -> None:
    real_iad(tmp_path, train=[GOOD], test=[])
    (tmp_path / "realiad_1024").rename(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match=r"which is not in .*: unpack Real-IAD's images"):
        open_dataset(tmp_path)
    (tmp_path / "realiad_jsons/audiojack.json").write_text('{"meta": {"prefix": "a"}}')
    with pytest.raises(DatasetError, match="lists no images"):
        open_dataset(tmp_path)


# Folders of good and other images


@pytest.mark.parametrize("category", ["", "gear"])
def test_folders_of_good_bad_and_masks(tmp_path: Path, category: str) -> None:
    touch(tmp_path / category, "good/0.png", "bad/0.png", "bad/1.png", "masks/0.png", "masks/1_mask.png")
    dataset = open_dataset(tmp_path)
    assert dataset.layout == "folders"
    place = f"{category}/" if category else ""
    assert masks_in(dataset) == {
        f"{place}bad/0.png": [f"{place}masks/0.png"],
        f"{place}bad/1.png": [f"{place}masks/1_mask.png"],
    }
    assert dataset.notes.passed_over == {}


def test_copies_of_a_good_image_are_all_learnt_from_or_all_tested_on(tmp_path: Path) -> None:
    touch(tmp_path, "bad/0.png")
    for number in range(30):
        for copy in "abc":
            touch(tmp_path, f"good/{number}{copy}.png")
            (tmp_path / f"good/{number}{copy}.png").write_bytes(bytes([number]))
    (category,) = open_dataset(tmp_path).categories
    train, test = ({sample.path.read_bytes() for sample in part} for part in (category.train, category.test))
    assert 1 <= len(test - {b""}) <= 12
    assert not train & test


@pytest.mark.parametrize(
    "name",
    [
        "good",
        "GOOD",
        "ok",
        "Ok",
        "OKAY",
        "Normal",
        "normal",
        "defect-free",
        "Defect Free",
        "no_defect",
        "IO",
        "gut",
    ],
)
def test_good_has_many_names(tmp_path: Path, name: str) -> None:
    touch(tmp_path / "mvtec/gear", f"train/{name}/0.png", f"test/{name}/1.png", "test/cut/2.png")
    touch(tmp_path / "folders", f"{name}/0.png", "cut/2.png")
    assert the_parts(tmp_path / "mvtec") == {"train": ["0.png"], "good": ["1.png"], "cut": ["2.png"]}
    found = the_parts(tmp_path / "folders")
    assert found["cut"] == ["2.png"]
    assert found["train"] + found.get("good", []) == ["0.png"]


@pytest.mark.parametrize("name", ["not good", "not_ok", "nok", "goods", "KO", "bad"])
def test_what_sounds_like_good_and_is_not(tmp_path: Path, name: str) -> None:
    touch(tmp_path / "gear", "train/good/0.png", f"train/{name}/1.png", f"test/{name}/2.png")
    assert the_parts(tmp_path) == {"train": ["0.png"], name: ["2.png"]}


def test_two_folders_of_good_images_are_both_read(tmp_path: Path) -> None:
    touch(
        tmp_path, "train/good/0.png", "train/OK/1.png", "test/good/2.png", "test/ok/3.png", "test/cut/4.png"
    )
    assert the_parts(tmp_path) == {"train": ["0.png", "1.png"], "good": ["2.png", "3.png"], "cut": ["4.png"]}


def test_parts_in_other_cases_and_words(tmp_path: Path) -> None:
    touch(
        tmp_path, "Training/Good/0.png", "Testing/Good/1.png", "Testing/Cut/2.png", "Ground Truth/cut/2.png"
    )
    dataset = open_dataset(tmp_path)
    assert masks_in(dataset) == {"Testing/Cut/2.png": ["Ground Truth/cut/2.png"]}
    assert the_parts(tmp_path) == {"train": ["0.png"], "good": ["1.png"], "Cut": ["2.png"]}


def test_training_images_directly_in_their_part(tmp_path: Path) -> None:
    touch(tmp_path, "train/0.png", "train/1.png", "test/good/2.png")
    assert the_parts(tmp_path) == {"train": ["0.png", "1.png"], "good": ["2.png"]}


# What belongs to nothing


@pytest.mark.parametrize(
    ("stranger", "reason"),
    [
        ("gear/train/bad/0.png", "for training only good images are used"),
        ("gear/train/0.png", "beside the folder of good images, so not known to be good"),
        ("gear/test/0.png", "in no folder that names a defect"),
        ("gear/val/good/0.png", "for validation: training holds back images of its own"),
        ("gear/test_private/0.png", "of a private test, without labels"),
        ("gear/0.png", "in a folder that is no part of the layout"),
        ("gear/extra/0.png", "in a folder that is no part of the layout"),
        ("extra/0.png", "in a folder that is no part of the layout"),
        ("0.png", "in a folder that is no part of the layout"),
        ("gear/ground_truth/cut/7_mask.png", "a mask without an image"),
        ("gear/ground_truth/good/2.png", "a mask of a good image"),
        ("gear/ground_truth/cut/3.png", "a second mask of the same image"),
        ("gear/test/cut/3_label.png", "a mask that lies beside its image"),
        ("gear/train/good/notes.txt", "no image by its name"),
        ("gear/license.txt", "no image by its name"),
        ("readme.txt", "no image by its name"),
        ("gear/test/cut/Thumbs.db", "hidden, or of the system"),
        ("gear/.cache", "hidden, or of the system"),
        ("__MACOSX", "hidden, or of the system"),
    ],
)
def test_what_belongs_to_nothing_is_noted_once(tmp_path: Path, stranger: str, reason: str) -> None:
    touch(tmp_path / "gear", "train/good/1.png", "test/good/2.png", "test/cut/3.png")
    touch(tmp_path / "gear", "ground_truth/cut/3_mask.png")
    assert open_dataset(tmp_path).notes.passed_over == {}
    touch(tmp_path, stranger)
    assert passed_over(open_dataset(tmp_path).notes, tmp_path) == {reason: [stranger]}


@pytest.mark.parametrize(
    ("stranger", "reason"),
    [
        ("gear/0.png", "in a folder that is no part of the layout"),
        ("extra/0.png", "in a folder that is no part of the layout"),
        ("0.png", "in a folder that is no part of the layout"),
        ("gear/masks/7.png", "a mask without an image"),
        ("gear/good/notes.txt", "no image by its name"),
        ("readme.txt", "no image by its name"),
        ("gear/@eaDir", "hidden, or of the system"),
    ],
)
def test_so_it_is_beside_folders_of_good_and_bad(tmp_path: Path, stranger: str, reason: str) -> None:
    touch(tmp_path / "gear", "good/2.png", "cut/3.png", "masks/3.png")
    assert open_dataset(tmp_path).notes.passed_over == {}
    touch(tmp_path, stranger)
    assert passed_over(open_dataset(tmp_path).notes, tmp_path) == {reason: [stranger]}


def test_defective_images_without_a_mask_are_left_out_only_when_asked(tmp_path: Path) -> None:
    touch(tmp_path, "train/good/0.png", "test/cut/1.png", "test/cut/2.png", "ground_truth/cut/1.png")
    dataset = open_dataset(tmp_path, allow_bare=True)
    assert list(masks_in(dataset)) == ["test/cut/1.png"]
    assert passed_over(dataset.notes, tmp_path) == {
        "defective, without a mask where others have one": ["test/cut/2.png"]
    }
    with pytest.raises(DatasetError, match=r"for 1 of its defective images, such as .*/2\.png: add"):
        open_dataset(tmp_path)


def test_a_test_part_alone(tmp_path: Path) -> None:
    touch(tmp_path / "gear", "test/good/0.png", "test/cut/1.png", "ground_truth/cut/1.png")
    for root in (tmp_path, tmp_path / "gear"):
        assert the_parts(root) == {"train": [], "good": ["0.png"], "cut": ["1.png"]}
        assert open_dataset(root).categories[0].has_masks
