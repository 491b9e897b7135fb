"""Photos are taken for good ones alone only where nothing speaks against it; what does is named."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from crr.data.datasets import open_dataset
from crr.data.inventory.sentences import lines
from crr.errors import DatasetError
from tests.crr.data.inventory.looks import looked
from tests.crr.places import the_parts, touch
from tests.crr.tiny import good_images

PHOTOS = [f"{number:03}.png" for number in range(6)]


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Six photos of which nothing says that some are bad."""
    touch(tmp_path / "parts", *PHOTOS)
    return tmp_path / "parts"


def refusal(root: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        open_dataset(root)
    return str(caught.value).replace(str(root), "ROOT")


# Folders


@pytest.mark.parametrize(
    ("folders", "place"),
    [
        (["good", "broken"], "archive/toy"),
        (["train/good", "test/good", "test/cut"], "archive/toy"),
        (["Train", "Test"], "archive/toy"),
    ],
)
def test_a_data_set_further_down_is_named(tmp_path: Path, folders: list[str], place: str) -> None:
    touch(tmp_path, *(f"{place}/{folder}/0.png" for folder in folders))
    assert refusal(tmp_path) == (
        f"ROOT holds a data set further down, which tells good parts from others: give ROOT/{place}."
    )
    open_dataset(tmp_path / place, allow_bare=True)


def test_of_several_categories_the_folder_around_them_is_named(tmp_path: Path) -> None:
    touch(tmp_path, *(f"a/set/{part}/train/good/0.png" for part in ("screw", "nut")))
    assert refusal(tmp_path).endswith("give ROOT/a/set.")


@pytest.mark.parametrize(
    "folder",
    ["scratch", "Cracks", "NG01", "line 3 NG", "OkParts", "screw-good-2024", "defects_2", "ko", "maybe_ok"],
)
def test_folders_that_are_called_as_parts_are_and_in_no_layout_are_refused(
    tmp_path: Path, folder: str
) -> None:
    touch(tmp_path, f"day 1/{folder}/0.png", "day 1/camera/0.png")
    assert f"no known layout: day 1/{folder}. Call" in refusal(tmp_path)


@pytest.mark.parametrize(
    "folder", ["screw", "top view", "batch 2", "booking", "goods inward", "defender", "normal light"]
)
def test_other_folders_are_categories(tmp_path: Path, folder: str) -> None:
    touch(tmp_path, f"{folder}/0.png", "nut/0.png")
    assert {category.name for category in open_dataset(tmp_path).categories} == {folder, "nut"}


def test_views_of_good_and_bad_parts_are_understood(tmp_path: Path) -> None:
    touch(
        tmp_path,
        *(f"{part}/{kind}/0.png" for part in ("train", "test") for kind in ("ok_front", "def_front")),
    )
    assert the_parts(tmp_path) == {"train": ["0.png"], "good": ["0.png"], "def_front": ["0.png"]}
    touch(tmp_path / "flat", "ok_front/0.png", "def_front/0.png")
    assert the_parts(tmp_path / "flat")["def_front"] == ["0.png"]


@pytest.mark.parametrize("place", ["test", "train"])
def test_a_kind_that_may_mean_good_parts_is_asked_about(tmp_path: Path, place: str) -> None:
    touch(tmp_path, "test/good/0.png", f"{place}/ok_with_dust/0.png", "train/good/0.png")
    assert "ok_with_dust may mean good parts, or a defect of parts that are good otherwise" in refusal(
        tmp_path
    )


def test_so_is_a_label_of_a_table(parts: Path) -> None:
    (parts / "t.csv").write_text("path,label\n000.png,good\n001.png,OK but dirty\n")
    assert "OK but dirty may mean good parts" in refusal(parts)


@pytest.mark.parametrize("place", ["ng", "set/test/broken", "set/ground_truth/broken", "masks"])
def test_the_folder_itself_may_be_one_of_bad_parts_or_masks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    touch(tmp_path, f"{place}/0.png", "set/test/good/0.png")
    assert "and would be learnt as good" in refusal(tmp_path / place)
    monkeypatch.chdir(tmp_path / place)
    assert "and would be learnt as good" in refusal(Path())


def test_a_folder_of_good_parts_may_be_given_alone(tmp_path: Path) -> None:
    touch(tmp_path, "test/good/0.png", "test/broken/0.png", "train/good/0.png")
    for part in ("test", "train"):
        assert the_parts(tmp_path / part / "good") == {"train": ["0.png"]}


# Names of photos


@pytest.mark.parametrize("name", ["007_ng", "Defect 12", "screw-NOK-3", "BAD_0001", "partDefective"])
def test_photos_that_are_called_as_bad_parts_are_refused(parts: Path, name: str) -> None:
    touch(parts, f"{name}.png")
    assert refusal(parts) == (
        f"In ROOT 1 photo has a word for bad parts in the name, such as {name}.png, and would be learnt as "
        "good: move what is not good out of the folder. If all are good, move them to train/good."
    )
    touch(parts / "other", f"train/{name}.png", "train/0.png")
    assert "a word for bad parts in the name" in refusal(parts / "other")


def test_a_list_beside_several_categories_is_seen(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{part}/train/{number}.png" for part in ("screw", "nut") for number in range(3)))
    assert len(open_dataset(tmp_path).categories) == 2
    (tmp_path / "quality.txt").write_text("0.png\tng\n1.png\tok\n")
    assert "quality.txt may say which images are good" in refusal(tmp_path)


@pytest.mark.parametrize("place", ["segmentation/photos", "annotations/day 1"])
def test_a_folder_around_photos_may_be_called_as_it_likes(tmp_path: Path, place: str) -> None:
    touch(tmp_path, f"{place}/0.png")
    assert the_parts(tmp_path / place) == {"train": ["0.png"]}


def test_in_a_folder_of_good_parts_a_photo_may_be_called_as_it_likes(tmp_path: Path) -> None:
    touch(tmp_path, "train/good/reject_station_1.png", "train/good/1.png")
    assert len(the_parts(tmp_path)["train"]) == 2


@pytest.mark.parametrize(
    "name",
    [
        "bangkok_1",
        "clean_7",
        "default",
        "positive_pole",
        "ko2lab",
        "abc-def-01",
        "ngc_1277",
        "bad1f-4def",
        "3bad42",
    ],
)
def test_other_names_say_nothing(parts: Path, name: str) -> None:
    touch(parts, f"{name}.png")
    assert f"{name}.png" in the_parts(parts)["train"]


# Files

_ROWS = [f"{number},{name},1,100 5 200 7" for number, name in enumerate(PHOTOS[:2])]
LISTS = {
    "train.csv with an index": ("train.csv", "\n".join([",ImageId,ClassId,EncodedPixels", *_ROWS])),
    "columns the other way": (
        "train.csv",
        "\n".join(["ClassId,ImageId", *(f"1,{name}" for name in PHOTOS[:2])]),
    ),
    "names without endings": ("labels.csv", "id_code,diagnosis\n000,0\n001,1\n002,0\n"),
    "a keyword of exiftool": (
        "exif.json",
        '[{"SourceFile": "001.png", "ExifToolVersion": 12.7, "Keywords": "NG"}]',
    ),
    "a word of exiftool": (
        "exif.json",
        '[{"SourceFile": "001.png", "ExifToolVersion": 12.7, "IPTC:Keywords": ["scratch"]}]',
    ),
    "a word of Takeout": (
        "001.png.json",
        '{"title": "001.png", "description": "deep crack", "photoTakenTime": {"timestamp": "17"}}',
    ),
    "MXNet": ("all.lst", "".join(f"{number}\t1.0\tcam/{name}\n" for number, name in enumerate(PHOTOS[:2]))),
    "AWS": ("output.manifest", json.dumps({"source-ref": "s3://bucket/001.png", "anomaly-label": 1})),
    "no ending": ("labels", "".join(f"{name} 1\n" for name in PHOTOS[:2])),
    "a log of a machine": (
        "day.log",
        "\n".join(f"09:0{number};{name};NG" for number, name in enumerate(PHOTOS[:2])),
    ),
    "a word a photo": ("003.txt", "scratch, NG\n"),
    "a number a photo": ("003.txt", "1\n"),
    "in a folder": ("notes/bad ones.txt", "001.png\n003.png\n"),
    "folders of a list": (
        "list.txt",
        "".join(f"{'bad' if n else 'good'}/{p}\n" for n, p in enumerate(PHOTOS)),
    ),
    "folders of checksums": ("SUMS", "".join(f"{32 * 'a'}  {n % 2}/{p}\n" for n, p in enumerate(PHOTOS))),
    "another case": ("quality.csv", "file_id,quality\n000.PNG,ng\n001.Png,ok\n"),
    "another format": ("quality.csv", "file_id,quality\n000.bmp,ng\n001.bmp,ok\n"),
    "a mark of Windows": ("000.txt", "\ufeff1"),
    "boxes in powers of ten": ("000.txt", "label 0 0.5 .5 1e-05 0.2".removeprefix("label ")),
    "backslashes": ("list.txt", "C:\\cam\\001.png\tbad\nC:\\cam\\002.png\tbad\n"),
    "UTF-16": ("list.txt", "\ufeff001.png\tbad\n002.png\tbad\n"),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_text_that_tells_something_of_photos_is_refused_however_it_is_called(
    parts: Path, kind: str
) -> None:
    name, text = LISTS[kind]
    (parts / name).parent.mkdir(exist_ok=True)
    (parts / name).write_bytes(text.encode("utf-16-le" if kind == "UTF-16" else "utf-8"))
    said = refusal(parts)
    assert (
        f"ROOT/{name} may say which images are good" in said or "ROOT/" + name + " needs the columns" in said
    )


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("labels.csv.gz", gzip.compress(b"path,label\n", mtime=0), "is packed: unpack it"),
        ("labels.json.zip", b"PK\3\4", "is packed: unpack it"),
        ("labels.xlsm", b"PK\3\4", "is a spreadsheet"),
        ("labels.feather", b"FEA1", "is a file of a program"),
        ("labels.npy", b"\x93NUMPY", "is a file of a program"),
        ("labels_flat.npy", b"\x93NUMPY", "is a file of a program"),
        ("whitelist.mat", b"MATLAB", "is a file of a program"),
        ("parts.sqlite", b"SQLite format 3\0", "is a file of a program"),
        ("labels.txt", b"\1\0\2", "is no text"),
        ("labels.lst", b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
    ],
)  # fmt: skip
def test_what_nobody_can_read_is_refused(parts: Path, name: str, content: bytes, why: str) -> None:
    (parts / name).write_bytes(content)
    assert f"{name} may say which images are good, but {why}" in refusal(parts)


@pytest.mark.parametrize("name", ["labels.csv", "annotations/coco.json", "labels.txt", "labels"])
def test_so_is_a_list_that_is_not_there_or_may_not_be_read(parts: Path, name: str) -> None:
    (parts / name).parent.mkdir(exist_ok=True)
    (parts / name).symlink_to(parts.parent / "not fetched")
    assert f"{name} may say which images are good, but cannot be read (No such file" in refusal(parts)
    if os.geteuid():
        (parts / name).unlink()
        (parts / name).touch(mode=0)
        assert "cannot be read (Permission denied)" in refusal(parts)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "README.md",
            b"Taken on Monday. 000.png is blurred, nothing else is wrong, as far as I can see.\n\nBye\n",
        ),
        ("LICENSE", b"CC BY 4.0, see the site.\n"),
        ("settings.ini", b"[camera]\nexposure=12, 5\n"),
        ("camera.log", b"09:00;started\n09:01;stopped\n"),
        ("film.mp4", b"\0\0\0\x20ftyp"),
        ("calibration.bin", b"\0\1\2"),
        ("model.pt", b"PK\3\4"),
        ("view.py", b"open('000.png'), open('001.png'), open('002.png'), open('003.png')\n"),
        ("photos.zip", b"PK\3\4"),
        ("notes.txt.bak", b"see 000.png"),
        ("000.xmp", b"<x:xmpmeta><rdf:li>000.png</rdf:li></x:xmpmeta>"),
        ("SHA256SUMS", "".join(f"{64 * 'a'}  {name}\n" for name in PHOTOS).encode()),
        ("files.txt", "".join(f"photos\\{name}\n" for name in PHOTOS).encode()),
        ("000.txt", b"Taken in the morning"),
        ("exif.json", b'[{"SourceFile": "./000.png", "ExifToolVersion": 12.7, "Make": "Basler"}]'),
        ("000.png.json", b'{"title": "000.png", "description": "", "photoTakenTime": {"timestamp": "17"}}'),
        ("flat_field_2.npy", b"\x93NUMPY"),
        ("cameraMatrix.npz", b"PK"),
    ],
)
def test_what_says_nothing_of_photos_is_passed_over(parts: Path, name: str, content: bytes) -> None:
    (parts / name).write_bytes(content)
    dataset = open_dataset(parts)
    assert len(dataset.categories[0].train) == 6
    assert dataset.notes.passed_over["no image by its name"] == [parts / name]


@pytest.mark.skipif(os.sep != "/", reason="there a name cannot hold a backslash")
@pytest.mark.parametrize("place", ["", "toy"])
def test_an_archive_that_lost_its_folders_is_refused(tmp_path: Path, place: str) -> None:
    names = [
        f"bottle\\{folder}\\{number}.png" for folder in ("train\\good", "test\\scratch") for number in "01"
    ]
    touch(tmp_path / place, *names)
    assert "was unpacked from an archive of Windows without its folders: 4 files" in refusal(tmp_path)


# Masks and labels


@pytest.mark.parametrize("marks", [True, False])
@pytest.mark.parametrize("paint", [0, 255])
def test_masks_on_a_transparent_ground_tell(tmp_path: Path, paint: int, marks: bool) -> None:
    for number, image in enumerate(good_images("plate", 3)):
        PIL.Image.fromarray(image).save(tmp_path / f"{number}.png")
    mask = np.full((16, 24, 4), paint, np.uint8)
    mask[..., 3] = 0
    mask[4:8, 4:8, 3] = 255 if marks else 0
    (tmp_path / "masks").mkdir()
    PIL.Image.fromarray(mask).save(tmp_path / "masks/1.png")
    assert the_parts(tmp_path).get("marked", []) == (["1.png"] if marks else [])
    said = open_dataset(tmp_path).notes.passed_over.get("a mask that marks nothing", [])
    assert said == ([] if marks else [tmp_path / "masks/1.png"])


def test_how_numbers_are_read_as_labels_is_said(tmp_path: Path) -> None:
    for number, image in enumerate(good_images("plate", 4)):
        PIL.Image.fromarray(image).save(tmp_path / f"{number}.png")
    (tmp_path / "t.csv").write_text("image,label\n0.png,0\n1.png,1\n2.png,1\n3.png,1\n")
    inventory = looked(tmp_path)
    sentence = "The labels of t.csv are numbers, read so: 0 as good (1), 1 as defective (3)."
    assert sentence in lines(inventory)
    assert inventory.as_json()["remarks"] == [sentence]
