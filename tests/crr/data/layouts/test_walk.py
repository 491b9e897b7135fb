"""Going through folders as people have them: links, files of the system, odd names."""

import os
from pathlib import Path

import pytest

from crr.data.datasets import open_dataset
from crr.data.inventory.repeats import find_repeats
from crr.data.layouts.finding import find_images
from crr.data.layouts.walk import Notes
from crr.errors import DatasetError
from tests.crr.places import passed_over, relatives, the_parts, touch


def found(root: Path) -> tuple[list[str], dict[str, list[str]], int]:
    """The images that are found in a folder, what was passed over, and how many links were followed."""
    notes = Notes()
    return relatives(find_images(root, notes), root), passed_over(notes, root), len(notes.followed)


@pytest.mark.parametrize(
    "name",
    [
        "a.jpg", "a.JPG", "a.jpeg", "a.jpe", "a.jfif", "a.JFIF", "a.mpo", "a.png", "a.apng", "a.tif",
        "a.TIFF", "a.bmp", "a.dib", "a.webp", "a.avif", "a.heic", "a.HEIF", "a.hif", "sub/folder/a.png",
        "a.b.png", "[a] {b}*?.png", "#é 漢.png",
    ],
)  # fmt: skip
def test_images_are_found_by_their_names(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name)
    assert found(tmp_path) == ([name], {}, 0)


@pytest.mark.parametrize("name", ["a", "png", "a.png.txt", "a.gif", "a.svg", "a.xml", "a.npy", "a.jpg~"])
def test_what_is_no_image_by_its_name_is_noted(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name, "b.png")
    assert found(tmp_path) == (["b.png"], {"no image by its name": [name]}, 0)


@pytest.mark.parametrize(
    ("name", "noted"),
    [
        ("._b.png", "._b.png"), (".hidden.png", ".hidden.png"), ("Thumbs.db", "Thumbs.db"),
        ("desktop.ini", "desktop.ini"), ("__MACOSX/._b.png", "__MACOSX"), (".git/c.png", ".git"),
        ("@eaDir/b.png/SYNOPHOTO_THUMB_M.jpg", "@eaDir"), ("sub/@eaDir/c.jpg", "sub/@eaDir"),
        ("$RECYCLE.BIN/c.png", "$RECYCLE.BIN"), ("#recycle/c.png", "#recycle"),
        ("System Volume Information/c.png", "System Volume Information"), ("lost+found/c.png", "lost+found"),
    ],
)  # fmt: skip
def test_what_is_of_the_system_is_passed_over(tmp_path: Path, name: str, noted: str) -> None:
    touch(tmp_path, name, "b.png")
    assert found(tmp_path) == (["b.png"], {"hidden, or of the system": [noted]}, 0)
    touch(tmp_path / "set", "train/good/0.png", f"train/good/{name}")
    dataset = open_dataset(tmp_path / "set")
    assert passed_over(dataset.notes, tmp_path / "set/train/good") == {"hidden, or of the system": [noted]}


def test_links_to_files_and_folders_are_followed_and_counted(tmp_path: Path) -> None:
    touch(tmp_path / "stock", "a.png", "folder/b.png")
    root = tmp_path / "set"
    touch(root, "train/good/0.png")
    (root / "train/good/a.png").symlink_to(tmp_path / "stock/a.png")
    (root / "train/good/more").symlink_to(tmp_path / "stock/folder")
    dataset = open_dataset(root)
    assert the_parts(root)["train"] == ["0.png", "a.png", "b.png"]
    assert len(dataset.notes.followed) == 2
    assert dataset.notes.passed_over == {}
    (root / "train/good").rename(tmp_path / "good")
    (root / "train/good").symlink_to("../../good")
    assert the_parts(root)["train"] == ["0.png", "a.png", "b.png"]
    assert len(open_dataset(root).notes.followed) == 3


@pytest.mark.parametrize("linked", ["gear", "gear/train", "gear/test", "gear/test/cut", "gear/ground_truth"])
def test_a_linked_folder_of_a_data_set_is_counted_once(tmp_path: Path, linked: str) -> None:
    touch(tmp_path / "set/gear", "train/good/0.png", "test/good/0.png", "test/cut/0.png")
    touch(tmp_path / "set/gear", "ground_truth/cut/0_mask.png")
    (tmp_path / "set" / linked).rename(tmp_path / "stock")
    (tmp_path / "set" / linked).symlink_to(tmp_path / "stock")
    notes = open_dataset(tmp_path / "set").notes
    assert notes.followed == {tmp_path / "set" / linked}
    assert notes.passed_over == {}


@pytest.mark.parametrize("linked", ["good", "cut", "masks"])
def test_so_it_is_beside_folders_of_good_and_bad(tmp_path: Path, linked: str) -> None:
    touch(tmp_path / "set", "good/0.png", "cut/0.png", "masks/0.png")
    (tmp_path / "set" / linked).rename(tmp_path / "stock")
    (tmp_path / "set" / linked).symlink_to(tmp_path / "stock")
    assert open_dataset(tmp_path / "set").notes.followed == {tmp_path / "set" / linked}


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "sub/b.png")
    (tmp_path / "sub/up").symlink_to("..")
    (tmp_path / "zirkel").symlink_to(".")
    images, noted, followed = found(tmp_path)
    assert images == ["a.png", "sub/b.png"]
    assert followed == 0
    assert noted == {"a link to a folder that is read already": ["sub/up", "zirkel"]}


def test_a_folder_that_is_reached_twice_is_read_under_its_own_name(tmp_path: Path) -> None:
    touch(tmp_path, "z/b.png")
    (tmp_path / "a").symlink_to("z")
    assert found(tmp_path) == (["z/b.png"], {"a link to a folder that is read already": ["a"]}, 0)


def test_links_that_lead_nowhere_are_images_that_cannot_be_read(tmp_path: Path) -> None:
    touch(tmp_path, "train/good/0.png", "train/good/z.png")
    good = tmp_path / "train/good"
    (good / "gone.png").symlink_to("../annex/gone.png")
    (good / "self.png").symlink_to("self.png")
    (good / "one.png").symlink_to("two.png")
    (good / "two.png").symlink_to("one.png")
    names = ["0.png", "gone.png", "one.png", "self.png", "two.png", "z.png"]
    assert the_parts(tmp_path)["train"] == names
    assert found(good) == (names, {}, 0)


def test_links_that_lead_nowhere_and_are_no_images_by_name(tmp_path: Path) -> None:
    touch(tmp_path, "train/good/0.png")
    (tmp_path / "train/good/more").symlink_to("more")
    (tmp_path / "extra").symlink_to("extra")
    (tmp_path / "gone").symlink_to("nowhere")
    notes = open_dataset(tmp_path).notes
    assert passed_over(notes, tmp_path) == {
        "a link to what is not there": ["extra", "gone", "train/good/more"]
    }


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    name = os.fsdecode(b"Gr\xfcn\xff.png")
    touch(tmp_path, f"train/good/{name}", os.fsdecode(b"train/good/\xfc/0.png"), "test/good/0.png")
    touch(tmp_path, os.fsdecode(b"test/Ri\xdf/1.png"))
    assert the_parts(tmp_path) == {
        "train": ["0.png", name], "good": ["0.png"], os.fsdecode(b"Ri\xdf"): ["1.png"],
    }  # fmt: skip


def test_masks_of_a_searched_folder_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.png", "masks/a.png", "sub/c.png", "sub/Ground_Truth/deep/c_mask.png")
    assert found(tmp_path)[:2] == (
        ["a.png", "b.png", "sub/c.png"],
        {"masks, which are no photos": ["masks/a.png", "sub/Ground_Truth/deep/c_mask.png"]},
    )
    assert find_images(tmp_path / "masks") == [tmp_path / "masks/a.png"]
    assert find_images(tmp_path / "masks/a.png") == [tmp_path / "masks/a.png"]


def test_masks_beside_their_photos_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "A_mask.PNG", "sub/b.jpg", "sub/b_gt.png", "b_mask.png", "road_label.png")
    assert found(tmp_path)[:2] == (
        ["a.png", "b_mask.png", "road_label.png", "sub/b.jpg"],
        {"a mask that lies beside its image": ["A_mask.PNG", "sub/b_gt.png"]},
    )
    assert find_images([tmp_path / "a.png", tmp_path / "A_mask.PNG"])[1:] == [tmp_path / "A_mask.PNG"]


def test_heat_maps_beside_their_photos_are_passed_over(tmp_path: Path) -> None:
    touch(
        tmp_path, "a.png", "A_heatmap.PNG", "a_heatmap.jpg", "sub/b.jpg", "sub/b_heatmap.png", "b_heatmap.png"
    )
    assert found(tmp_path)[:2] == (
        ["a.png", "a_heatmap.jpg", "b_heatmap.png", "sub/b.jpg"],
        {"a heat-map that lies beside its image": ["A_heatmap.PNG", "sub/b_heatmap.png"]},
    )
    assert find_images(tmp_path / "A_heatmap.PNG") == [tmp_path / "A_heatmap.PNG"]


def test_pictures_of_a_prediction_are_passed_over_wherever_they_lie(tmp_path: Path) -> None:
    touch(tmp_path, "a.tif", "a_page2_heatmap.png", "a_page2_mask.png", "a_mask.png", "a_2_mask.png")
    touch(tmp_path, "results/line/c_heatmap.png", "results/line/c_mask.png")
    assert found(tmp_path)[:2] == (
        ["a.tif", "a_2_mask.png"],
        {
            "a picture of an earlier prediction": [
                "a_page2_heatmap.png", "a_page2_mask.png",
                "results/line/c_heatmap.png", "results/line/c_mask.png",
            ],
            "a mask that lies beside its image": ["a_mask.png"],
        },
    )  # fmt: skip


def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "train/good/0.png", "train/good/locked/1.png")
    scan = os.scandir

    def refuse(folder: Path) -> object:
        if folder.name == "locked":
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DatasetError, match=r"locked cannot be read \(Permission denied\)"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("name", ["train/good/p.png", "test/bad/p.png", "a.json", "list.csv", "notes.txt"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_not_read(tmp_path: Path, name: str, kind: str) -> None:
    if "/" in name:
        touch(tmp_path, "train/good/0.png", "test/bad/0.png", "good/0.png")
    else:
        touch(tmp_path, "0.png")
    make = os.mkfifo if kind == "pipe" else lambda path: path.symlink_to("/dev/zero")
    make(tmp_path / name)
    dataset = open_dataset(tmp_path, allow_bare=True)
    find_repeats(dataset, {})
    reason = "no file: a pipe, a device or a socket" if "/" in name else "no image by its name"
    assert passed_over(dataset.notes, tmp_path)[reason] == [name]


def test_a_table_may_name_what_never_ends(tmp_path: Path) -> None:
    touch(tmp_path, "0.png", "1.png")
    os.mkfifo(tmp_path / "p.png")
    (tmp_path / "list.csv").write_text("path,label\n0.png,good\n1.png,scratch\np.png,good\n")
    find_repeats(open_dataset(tmp_path), {})
