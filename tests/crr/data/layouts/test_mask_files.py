"""Which mask belongs to which image, whatever it is called and wherever it lies."""

from pathlib import Path
from unicodedata import normalize

import pytest

from crr.data.datasets import open_dataset
from tests.crr.places import draw, masks_in, passed_over, touch


def gear(root: Path, photo: str, *masks: str) -> Path:
    """A category with one defective photo, and files in its ground truth."""
    touch(
        root,
        "train/good/0.png",
        "test/good/0.png",
        f"test/{photo}",
        *(f"ground_truth/{mask}" for mask in masks),
    )
    return root


@pytest.mark.parametrize(
    "mask",
    [
        "000.png", "000_mask.png", "000_gt.png", "000_label.png", "000-mask.png", "000.mask.png",
        "000 mask.png", "000_MASK.PNG", "000_Mask.Png", "000.bmp", "000_mask.jpg", "000_mask_1.png",
        "000_mask2.png", "000_seg.png", "000_segmentation.tif", "000_ground_truth.png", "000_groundtruth.png",
        "000_annotation.png", "000/0.png", "000/anything.png",
    ],
)  # fmt: skip
def test_masks_have_many_names(tmp_path: Path, mask: str) -> None:
    dataset = open_dataset(gear(tmp_path, "cut/000.png", f"cut/{mask}"))
    assert masks_in(dataset) == {"test/cut/000.png": [f"ground_truth/cut/{mask}"]}
    assert dataset.notes.passed_over == {}


def test_a_mask_that_was_predicted_is_no_ground_truth(tmp_path: Path) -> None:
    touch(tmp_path, "good/0.png", "good/1.png", "cut/0.png", "cut/0_mask.png", "cut/1.png", "cut/1_mask.png")
    touch(tmp_path, "cut/1_heatmap.png", "masks/cut/1_heatmap.png")
    dataset = open_dataset(tmp_path, allow_bare=True)
    assert masks_in(dataset) == {"cut/0.png": ["cut/0_mask.png"]}
    assert passed_over(dataset.notes, tmp_path) == {
        "a heat-map that lies beside its image": ["cut/1_heatmap.png"],
        "a picture of an earlier prediction": ["cut/1_mask.png"],
        "a mask that lies beside its image": ["cut/0_mask.png"],
        "a mask without an image": ["masks/cut/1_heatmap.png"],
        "defective, without a mask where others have one": ["cut/1.png"],
    }


@pytest.mark.parametrize(
    "mask", ["001.png", "0000.png", "000_x.png", "000mask.png", "mask.png", "_mask.png", "1/000x.png"]
)
def test_what_is_called_otherwise_is_of_no_image(tmp_path: Path, mask: str) -> None:
    dataset = open_dataset(gear(tmp_path, "cut/000.png", f"cut/{mask}"))
    assert masks_in(dataset) == {"test/cut/000.png": []}
    assert passed_over(dataset.notes, tmp_path) == {"a mask without an image": [f"ground_truth/cut/{mask}"]}


@pytest.mark.parametrize("photo", ["NFC", "NFD"])
@pytest.mark.parametrize("mask", ["NFC", "NFD"])
def test_names_are_compared_without_case_and_in_one_form(tmp_path: Path, photo: str, mask: str) -> None:
    one, other = normalize(photo, "Riß_é/Teil_É.JPG"), normalize(mask, "RISS_É/teil_é_mask.png")  # type: ignore[arg-type]
    dataset = open_dataset(gear(tmp_path, one, other))
    assert masks_in(dataset) == {f"test/{one}": [f"ground_truth/{other}"]}


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    dataset = open_dataset(gear(tmp_path, "cut/Gr\udcfcn.png", "cut/Gr\udcfcn_mask.png"))
    assert masks_in(dataset) == {"test/cut/Gr\udcfcn.png": ["ground_truth/cut/Gr\udcfcn_mask.png"]}


def test_several_masks_are_parts_of_one(tmp_path: Path) -> None:
    masks = ["cut/000_mask_1.png", "cut/000_mask_2.png", "cut/000_mask.png"]
    dataset = open_dataset(gear(tmp_path, "cut/000.png", *masks))
    assert masks_in(dataset) == {"test/cut/000.png": sorted(f"ground_truth/{mask}" for mask in masks)}


@pytest.mark.parametrize(
    ("first", "second"),
    [("000_mask.png", "000.png"), ("000_gt.png", "000/0.png"), ("000/0.png", "000.png")],
)
def test_one_way_of_naming_wins_and_the_other_is_noted(tmp_path: Path, first: str, second: str) -> None:
    dataset = open_dataset(gear(tmp_path, "cut/000.png", f"cut/{first}", f"cut/{second}"))
    assert masks_in(dataset) == {"test/cut/000.png": [f"ground_truth/cut/{first}"]}
    assert passed_over(dataset.notes, tmp_path) == {
        "a second mask of the same image": [f"ground_truth/cut/{second}"]
    }


@pytest.mark.parametrize("mask", ["dent/001_mask.png", "dent/001.png", "cut/002_mask.png", "cut/007/1.png"])
def test_a_mask_in_the_folder_of_one_kind_is_of_no_photo_of_another(tmp_path: Path, mask: str) -> None:
    gear(tmp_path, "cut/000.png", "cut/000_mask.png", "cut/001_mask.png", "hole/002_mask.png", mask)
    touch(tmp_path, "test/cut/001.png", "test/hole/002.png", "test/hole/007.png", "test/hole/1.png")
    dataset = open_dataset(tmp_path, allow_bare=True)
    assert masks_in(dataset) == {
        "test/cut/000.png": ["ground_truth/cut/000_mask.png"],
        "test/cut/001.png": ["ground_truth/cut/001_mask.png"],
        "test/hole/002.png": ["ground_truth/hole/002_mask.png"],
    }
    assert passed_over(dataset.notes, tmp_path)["a mask without an image"] == [f"ground_truth/{mask}"]
    assert dataset.notes.remarks == []


@pytest.mark.parametrize("folder", ["masks", "Images", "label"])
def test_a_folder_of_masks_whose_name_says_nothing_needs_no_word(tmp_path: Path, folder: str) -> None:
    gear(tmp_path, "cut/000.png", f"{folder}/000_mask.png")
    dataset = open_dataset(tmp_path)
    assert masks_in(dataset) == {"test/cut/000.png": [f"ground_truth/{folder}/000_mask.png"]}
    assert dataset.notes.remarks == []


def test_a_photo_whose_own_name_ends_like_a_mask(tmp_path: Path) -> None:
    dataset = open_dataset(gear(tmp_path, "cut/front_label.png", "cut/front_label.png"))
    assert masks_in(dataset) == {"test/cut/front_label.png": ["ground_truth/cut/front_label.png"]}


def test_a_folder_a_shift_with_masks_in_the_same_subfolders(tmp_path: Path) -> None:
    names = [f"cut/shift{number}/000" for number in (1, 2)]
    touch(tmp_path, "train/good/early/0.png", "train/good/late/0.png", "test/good/late/0.png")
    touch(
        tmp_path,
        *(f"test/{name}.png" for name in names),
        *(f"ground_truth/{name}_mask.png" for name in names),
    )
    dataset = open_dataset(tmp_path)
    (category,) = dataset.categories
    assert (len(category.train), len(category.test)) == (2, 3)
    assert masks_in(dataset) == {f"test/{name}.png": [f"ground_truth/{name}_mask.png"] for name in names}


def test_a_mask_in_another_folder_is_used_if_its_name_tells_the_image_alone(tmp_path: Path) -> None:
    gear(tmp_path, "cut/000.png", "000.png", "elsewhere/001_mask.png")
    touch(
        tmp_path, "test/cut/001.png", "test/hole/002.png", "test/hole/002b.png", "ground_truth/002_mask.png"
    )
    touch(tmp_path, "test/cut/003.png", "test/hole/003.png", "ground_truth/003_mask.png")
    dataset = open_dataset(tmp_path, allow_bare=True)
    assert masks_in(dataset) == {
        "test/cut/000.png": ["ground_truth/000.png"],
        "test/cut/001.png": ["ground_truth/elsewhere/001_mask.png"],
        "test/hole/002.png": ["ground_truth/002_mask.png"],
    }
    assert dataset.notes.remarks == [
        "The masks in elsewhere are taken for photos in cut, by their names alone."
    ]
    assert passed_over(dataset.notes, tmp_path) == {
        "a mask that several images of its name may have": ["ground_truth/003_mask.png"],
        "defective, without a mask where others have one": [
            "test/cut/003.png", "test/hole/002b.png", "test/hole/003.png",
        ],
    }  # fmt: skip


def test_among_images_of_one_name_the_mask_is_of_the_defective_one(tmp_path: Path) -> None:
    gear(tmp_path, "cut/0.png", "0_mask.png")
    dataset = open_dataset(tmp_path)
    assert masks_in(dataset) == {"test/cut/0.png": ["ground_truth/0_mask.png"]}
    assert dataset.notes.passed_over == {}


@pytest.mark.parametrize("layout", ["mvtec", "folders"])
def test_masks_that_lie_beside_their_photos(tmp_path: Path, layout: str) -> None:
    test = "test/" if layout == "mvtec" else ""
    touch(tmp_path, "train/good/0.png" if layout == "mvtec" else "good/0.png")
    names = ["0_mask.png", "1_GT.bmp", "1_gt_2.bmp"]
    touch(tmp_path, f"{test}cut/0.png", f"{test}cut/1.JPG", *(f"{test}cut/{name}" for name in names))
    dataset = open_dataset(tmp_path)
    assert masks_in(dataset) == {
        f"{test}cut/0.png": [f"{test}cut/0_mask.png"],
        f"{test}cut/1.JPG": [f"{test}cut/1_GT.bmp", f"{test}cut/1_gt_2.bmp"],
    }
    assert passed_over(dataset.notes, tmp_path) == {
        "a mask that lies beside its image": [f"{test}cut/{name}" for name in names]
    }


@pytest.mark.parametrize("folder", ["", "gear/"])
def test_masks_among_good_photos_are_never_learnt(tmp_path: Path, folder: str) -> None:
    touch(tmp_path, f"{folder}0.png", f"{folder}1.png", "masks/other.png")
    draw(tmp_path / f"{folder}0_mask.png", 0)
    dataset = open_dataset(tmp_path)
    (category,) = dataset.categories
    assert [sample.path.name for sample in category.train] == ["0.png", "1.png"]
    assert passed_over(dataset.notes, tmp_path) == {
        "a mask that lies beside its image": [f"{folder}0_mask.png"],
        "a mask without an image": ["masks/other.png"],
    }


@pytest.mark.parametrize(
    "folder", ["ground_truth", "Ground Truth", "GT", "gt", "mask", "Masks", "annotations", "Segmentation"]
)
def test_folders_of_masks_have_many_names(tmp_path: Path, folder: str) -> None:
    touch(tmp_path, "train/good/0.png", "test/cut/0.png", f"{folder}/cut/0.png")
    assert masks_in(open_dataset(tmp_path)) == {"test/cut/0.png": [f"{folder}/cut/0.png"]}
