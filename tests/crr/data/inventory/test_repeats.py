"""Photos that are there twice: copies, and those that spoil what is measured."""

import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from crr.data.datasets import open_dataset
from crr.data.inventory.repeats import find_repeats
from tests.crr.data.inventory.looks import looked, said
from tests.crr.files import png, tiff


def test_copies_are_told_by_their_content(root: Path) -> None:
    for name in ("train/good/zz.png", "test/good/zz.png"):
        shutil.copy(root / "train/good/000.png", root / name)
    inventory = looked(root)
    names = ["train/good/000.png", "train/good/zz.png", "test/good/zz.png"]
    assert inventory.copies == [[root / name for name in names]]
    assert f"2 files with the same content as another: {' = '.join(names)}." in said(inventory)


def test_of_many_copies_of_one_file_the_first_are_named(root: Path) -> None:
    for number in range(9):
        shutil.copy(root / "train/good/000.png", root / f"train/good/z{number}.png")
    names = " = ".join(f"train/good/{name}.png" for name in ("000", "z0", "z1"))
    assert f"9 files with the same content as another: {names} and 7 more." in said(looked(root))


def leaked(root: Path) -> list[Path]:
    """Both good test images are training images too, under other names."""
    tested = sorted((root / "test/good").iterdir())
    for number, path in enumerate(tested):
        shutil.copy(path, root / f"train/good/leak{number}.png")
    return tested


@pytest.mark.parametrize("parts", [("train", "test"), ("train",), ("test",)])
def test_test_images_that_are_training_images_are_said_whatever_is_read(
    root: Path, parts: tuple[str, ...]
) -> None:
    assert looked(root, parts=parts).repeats.tested_training == ()
    tested = leaked(root)
    inventory = looked(root, parts=parts)
    assert inventory.repeats.tested_training == tuple(tested)
    words = "2 test images are training images too, so figures are too good"
    assert f"{words}: test/good/000.png, test/good/001.png." in said(inventory)
    assert inventory.as_json()["trained_and_tested"] == ["test/good/000.png", "test/good/001.png"]


def saved_anew(photo: Path, folder: Path) -> list[Path]:
    """A photo in files of other bytes that show the same, as programs save it that load and save."""
    picture, made = PIL.Image.open(photo).convert("RGB"), []
    for name, mode, options in (
        ("other.png", "RGB", {"compress_level": 1}),
        ("alpha.png", "RGBA", {}),
        ("plain.bmp", "RGB", {}),
        ("plain.tif", "RGB", {"compression": "tiff_lzw"}),
        ("small.webp", "RGB", {"lossless": True}),
        ("turned.png", "RGB", {"exif": {0x0112: 6}}),
    ):
        exif = PIL.Image.Exif()
        exif.update(options.pop("exif", {}))
        stored = picture.transpose(PIL.Image.Transpose.ROTATE_90) if exif else picture
        stored.convert(mode).save(folder / name, exif=exif, **options)
        made.append(folder / name)
    return sorted(made)


def test_a_training_photo_that_was_saved_anew_is_named_where_both_parts_are_read(root: Path) -> None:
    made = saved_anew(root / "train/good/000.png", root / "test/good")
    inventory = looked(root)
    assert sorted(inventory.repeats.tested_training) == made
    assert inventory.copies == [[root / "train/good/000.png", *made]]
    assert "6 test images are training images too, so figures are too good" in said(inventory)
    assert looked(root, parts=("test",)).repeats.tested_training == ()


def test_photos_of_sixteen_bits_are_compared_by_their_values(root: Path) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (40, 30), np.uint16)
    (root / "train/good/deep.png").write_bytes(png(values))
    (root / "test/good/big_endian.tif").write_bytes(tiff(values, order=">"))
    (root / "test/good/brighter.tif").write_bytes(tiff(values + 1))
    assert looked(root).repeats.tested_training == (root / "test/good/big_endian.tif",)


def test_one_of_them_is_said_as_one(root: Path) -> None:
    shutil.copy(root / "train/good/000.png", root / "test/good/x.png")
    assert "1 test image is a training image too, so figures are too good: test/good/x.png." in said(
        looked(root)
    )


@pytest.mark.parametrize("parts", [("train", "test"), ("test",)])
def test_a_photo_that_is_good_and_defective_is_said(root: Path, parts: tuple[str, ...]) -> None:
    assert looked(root, parts=parts).repeats.good_and_defective == ()
    shutil.copy(root / "test/good/001.png", root / "test/scratch/000.png")
    shutil.copy(root / "train/good/002.png", root / "test/scratch/001.png")
    inventory = looked(root, parts=parts)
    pairs = [("test/good/001.png", "test/scratch/000.png"), ("train/good/002.png", "test/scratch/001.png")]
    assert inventory.repeats.good_and_defective == tuple((root / good, root / bad) for good, bad in pairs)
    assert f"2 photos are both good and defective: {', '.join(map(' = '.join, pairs))}." in said(inventory)
    assert inventory.as_json()["good_and_defective"] == [list(pair) for pair in pairs]


def test_of_what_need_not_be_read_only_what_may_be_alike_is_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = sorted((root / "train/good").iterdir())
    tested = root / "test/good/000.png"
    content = tested.read_bytes()
    photos[0].write_bytes(content)
    photos[1].write_bytes(b"!" + content[1:])  # as large, and alike in the middle
    photos[2].write_bytes(b"!" * len(content))
    photos[3].write_bytes(content + b"!")
    (root / "train/good/gone.png").symlink_to("nowhere.png")
    whole, read = Path.read_bytes, []

    def noted(path: Path) -> bytes:
        read.append(path)
        return whole(path)

    dataset = open_dataset(root)
    facts = looked(root, parts=("test",)).facts
    monkeypatch.setattr(Path, "read_bytes", noted)
    assert find_repeats(dataset, facts).tested_training == (tested,)
    assert sorted(read) == photos[:2]
