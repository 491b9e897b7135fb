"""The three layouts, what may be wrong with them, masks and the validation split."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from crr.data.datasets import Category, Sample, open_dataset, read_mask, split_validation
from crr.errors import ConfigError, DatasetError, ImageError


def touch(root: Path, *names: str) -> None:
    """Empty files: `open_dataset` must not look into them."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def mvtec(root: Path, *categories: str) -> Path:
    for category in categories:
        names = [
            "train/good/1.png",
            "train/good/0.png",
            "test/good/0.png",
            "test/cut/0.png",
            "test/cut/1.jpg",
        ]
        masks = ["ground_truth/cut/0_mask.png", "ground_truth/cut/1.png"]
        touch(root / category, *names, *masks)
    return root


def names(samples: tuple[Sample, ...], root: Path) -> list[str]:
    return [str(sample.path.relative_to(root)) for sample in samples]


def message(root: Path, categories: list[str] | None = None) -> str:
    """What the user reads about a folder that cannot be used."""
    with pytest.raises(DatasetError) as caught:
        open_dataset(root, categories)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


# MVTec AD


def test_mvtec_layout(tmp_path: Path) -> None:
    mvtec(tmp_path, "screw", "bottle")
    touch(tmp_path, "readme.txt", "licences/notes.txt", ".cache/x.png", "__MACOSX/bottle/train/good/0.png")
    touch(
        tmp_path / "bottle",
        "train/good/Thumbs.db",
        "train/good/._0.png",
        "test/.hidden/0.png",
        "test/readme.png",
    )
    dataset = open_dataset(tmp_path)
    assert (dataset.root, dataset.layout) == (tmp_path, "mvtec")
    assert [category.name for category in dataset.categories] == ["bottle", "screw"]
    bottle = dataset.categories[0]
    root = tmp_path / "bottle"
    assert names(bottle.train, root) == ["train/good/0.png", "train/good/1.png"]
    assert names(bottle.test, root) == ["test/cut/0.png", "test/cut/1.jpg", "test/good/0.png"]
    assert [sample.defect for sample in bottle.test] == ["cut", "cut", "good"]
    assert [sample.defective for sample in bottle.test] == [True, True, False]
    truth = root / "ground_truth" / "cut"
    assert [sample.mask for sample in bottle.test] == [truth / "0_mask.png", truth / "1.png", None]
    assert {sample.category for sample in bottle.train + bottle.test} == {"bottle"}
    assert bottle.has_masks


def test_one_mvtec_category(tmp_path: Path) -> None:
    mvtec(tmp_path, "bottle")
    dataset = open_dataset(tmp_path / "bottle")
    assert dataset.layout == "mvtec"
    assert dataset.categories == open_dataset(tmp_path).categories


def test_training_images_suffice(tmp_path: Path) -> None:
    touch(tmp_path / "gear", "train/good/0.png")
    category = open_dataset(tmp_path).categories[0]
    assert category.test == ()
    assert not category.has_masks


def test_a_category_without_any_mask(tmp_path: Path) -> None:
    touch(tmp_path / "cell", "train/good/0.png", "test/good/0.png", "test/broken/0.png", "test/broken/1.png")
    category = open_dataset(tmp_path).categories[0]
    assert len(category.test) == 3
    assert not category.has_masks


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    mvtec(tmp_path, "bottle", "screw")
    (tmp_path / "bottle/ground_truth/cut/1.png").unlink()
    assert str(tmp_path / "bottle/test/cut/1.jpg") in message(tmp_path)
    assert open_dataset(tmp_path, ["screw"]).categories[0].has_masks


def test_categories_are_selected_and_checked(tmp_path: Path) -> None:
    mvtec(tmp_path, "bottle", "screw", "zipper")
    selected = open_dataset(tmp_path, ["zipper", "bottle", "zipper"])
    assert [category.name for category in selected.categories] == ["bottle", "zipper"]
    assert len(open_dataset(tmp_path, []).categories) == 3
    text = message(tmp_path, ["bottle", "botle"])
    assert "no category botle:" in text
    assert "bottle, screw, zipper" in text


def test_a_category_without_training_images(tmp_path: Path) -> None:
    touch(tmp_path / "gear", "test/cut/0.png")
    mvtec(tmp_path, "bottle")
    assert str(tmp_path / "gear/train/good") in message(tmp_path)
    assert str(tmp_path / "gear/train/good") in message(tmp_path / "gear")
    assert len(open_dataset(tmp_path, ["bottle"]).categories) == 1


# VisA

HEADER = "object,split,label,image,mask\n"


def visa(root: Path, *rows: str, header: str = HEADER) -> Path:
    """A table with these rows, and the files they name."""
    touch(root, "split_csv/1cls.csv")
    (root / "split_csv/1cls.csv").write_text(header + "".join(f"{row}\n" for row in rows))
    for row in rows:
        touch(root, *(field for field in row.split(",")[3:] if field))
    return root


VISA_ROWS = [
    "pcb1,train,normal,pcb1/Normal/1.JPG,",
    "pcb1,train,normal,pcb1/Normal/0.JPG,",
    "pcb1,test,normal,pcb1/Normal/2.JPG,",
    "pcb1,test,anomaly,pcb1/Anomaly/0.JPG,pcb1/Masks/0.png",
    "candle,train,normal,candle/Normal/0.JPG,",
]


def test_visa_layout(tmp_path: Path) -> None:
    dataset = open_dataset(visa(tmp_path, *VISA_ROWS))
    assert dataset.layout == "visa"
    candle, pcb = dataset.categories
    assert (candle.name, pcb.name) == ("candle", "pcb1")
    assert names(pcb.train, tmp_path) == ["pcb1/Normal/0.JPG", "pcb1/Normal/1.JPG"]
    assert pcb.test == (
        Sample(tmp_path / "pcb1/Anomaly/0.JPG", "pcb1", "anomaly", tmp_path / "pcb1/Masks/0.png"),
        Sample(tmp_path / "pcb1/Normal/2.JPG", "pcb1", "good", None),
    )
    assert pcb.has_masks
    assert not candle.has_masks


def test_visa_table_saved_by_a_spreadsheet(tmp_path: Path) -> None:
    visa(tmp_path, *VISA_ROWS)
    table = tmp_path / "split_csv/1cls.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n"))
    assert len(open_dataset(tmp_path).categories) == 2


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("pcb1,train,anomaly,pcb1/x.JPG,", "'train' and 'anomaly'"),
        ("pcb1,validation,normal,pcb1/x.JPG,", "'validation'"),
        ("pcb1,test,broken,pcb1/x.JPG,", "'broken'"),
        ("pcb1,test", "allowed are"),
        ("pcb2,test,normal,pcb2/x.JPG,", "no training images of pcb2"),
        ("pcb1,test,anomaly,pcb1/y.JPG,", "pcb1/y.JPG"),
    ],
)
def test_visa_rows_that_make_no_sense(tmp_path: Path, row: str, what: str) -> None:
    assert what in message(visa(tmp_path, *VISA_ROWS, row))


@pytest.mark.parametrize("lost", ["pcb1/Normal/1.JPG", "pcb1/Masks/0.png"])
def test_visa_files_that_are_missing(tmp_path: Path, lost: str) -> None:
    visa(tmp_path, *VISA_ROWS)
    (tmp_path / lost).unlink()
    assert str(tmp_path / lost) in message(tmp_path)
    assert len(open_dataset(tmp_path, ["candle"]).categories) == 1


def test_visa_tables_that_are_none(tmp_path: Path) -> None:
    assert "lacks the column image, mask" in message(visa(tmp_path, header="object,split,label\n"))
    assert "lists no images" in message(visa(tmp_path))
    (tmp_path / "split_csv/1cls.csv").write_bytes(b"\xff\xfe\0\x81")
    assert "not a table" in message(tmp_path)


# Plain folders


def test_a_folder_of_good_images(tmp_path: Path) -> None:
    root = tmp_path / "my gears"
    touch(root, "b.png", "a.JPEG", "c.tiff", "notes.txt", "Thumbs.db", ".x.png")
    dataset = open_dataset(root)
    assert dataset.layout == "folder"
    (category,) = dataset.categories
    assert category.name == "my gears"
    assert names(category.train, root) == ["a.JPEG", "b.png", "c.tiff"]
    assert category.test == ()
    assert not any(sample.defective or sample.mask for sample in category.train)


def test_subfolders_of_good_images(tmp_path: Path) -> None:
    touch(tmp_path, "nut/0.png", "bolt/0.png", "bolt/1.png", "empty/notes.txt", "__MACOSX/0.png")
    dataset = open_dataset(tmp_path)
    assert dataset.layout == "folder"
    assert [(category.name, len(category.train)) for category in dataset.categories] == [
        ("bolt", 2),
        ("nut", 1),
    ]


@pytest.mark.parametrize("files", [("0.png", "defects/0.png"), ("good/0.png", "defective/0.png")])
def test_folders_that_may_mix_good_and_defective(tmp_path: Path, files: tuple[str, str]) -> None:
    touch(tmp_path, *files)
    assert "which images are good" in message(tmp_path)


def test_folders_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "holds no images" in message(tmp_path)
    assert "There is no folder" in message(tmp_path / "missing")
    touch(tmp_path, "data.zip", "a/b/0.png")
    assert "is a file" in message(tmp_path / "data.zip")
    assert "holds no images" in message(tmp_path)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert f"{tmp_path} cannot be read (Permission denied)" in message(tmp_path)


def test_nothing_is_decoded_and_only_paths_are_kept(tmp_path: Path) -> None:
    mvtec(tmp_path, "bottle")  # files of zero bytes
    sample = open_dataset(tmp_path).categories[0].test[0]
    assert not hasattr(sample, "__dict__")
    with pytest.raises(ImageError, match="0_mask"):
        read_mask(sample, (8, 8))


# Masks


def written(folder: Path, pixels: NDArray[Any] | PIL.Image.Image) -> Sample:
    """A defective sample whose mask holds `pixels`."""
    picture = pixels if isinstance(pixels, PIL.Image.Image) else PIL.Image.fromarray(pixels)
    picture.save(folder / "mask.png")
    return Sample(folder / "part.png", "part", "cut", folder / "mask.png")


@pytest.fixture
def drawn() -> NDArray[np.bool_]:
    """The mask that every test below expects to read: (40, 48), a rectangle."""
    mask = np.zeros((40, 48), np.bool_)
    mask[8:20, 24:40] = True
    return mask


def test_masks_of_every_kind(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    white = drawn[..., None] * np.uint8([255, 255, 255])
    palette = PIL.Image.fromarray(drawn.astype(np.uint8))
    palette.putpalette([0, 0, 0, 128, 0, 0])
    kinds: dict[str, NDArray[Any] | PIL.Image.Image] = {
        "bilevel": drawn,
        "grey": drawn * np.uint8(255),
        "16 bit": drawn * np.uint16(65535),
        "colour": white,
        "red": white * np.uint8([1, 0, 0]),
        "transparent around white": np.dstack([white, drawn * np.uint8(255)]),
        "palette": palette,
        "class numbers": drawn * np.uint8(3),
    }
    for kind, pixels in kinds.items():
        mask = read_mask(written(tmp_path, pixels), drawn.shape)
        assert mask.dtype == np.bool_, kind
        assert np.array_equal(mask, drawn), kind


def test_masks_are_cut_at_one_half(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (20, 1))
    assert read_mask(written(tmp_path, ramp), ramp.shape)[0].tolist() == [False] * 128 + [True] * 128


def test_masks_are_resized_before_the_cut(tmp_path: Path, drawn: NDArray[np.bool_]) -> None:
    sample = written(tmp_path, drawn)
    assert np.array_equal(read_mask(sample, (20, 24)), drawn[::2, ::2])
    assert np.array_equal(read_mask(sample, (80, 96)), drawn.repeat(2, axis=0).repeat(2, axis=1))
    assert read_mask(sample, (20, 96)).shape == (20, 96)
    dots = np.zeros((64, 64), np.uint8)
    dots[::4, ::4] = 255
    assert not read_mask(written(tmp_path, dots), (16, 16)).any()
    dots[:, :2] = 255
    mean = cv2.blur(dots, (4, 4), anchor=(0, 0))[::4, ::4]
    assert np.array_equal(read_mask(written(tmp_path, dots), (16, 16)), mean >= 127.5)


def test_an_empty_mask_and_a_good_image(tmp_path: Path) -> None:
    assert not read_mask(written(tmp_path, np.zeros((20, 20), np.uint8)), (10, 10)).any()
    good = read_mask(Sample(tmp_path / "missing.png", "part", "good", None), (10, 12))
    assert (good.shape, good.dtype, good.any()) == ((10, 12), np.bool_, False)


def test_a_defect_without_a_mask(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="image level"):
        read_mask(Sample(tmp_path / "part.png", "part", "cut", None), (10, 10))


# Validation split


def samples(count: int, category: str = "gear", root: str = "data") -> list[Sample]:
    return [Sample(Path(root, category, f"{index:03}.png"), category, "good", None) for index in range(count)]


def test_the_split_is_a_partition_of_the_asked_size() -> None:
    given = samples(50)
    train, held = split_validation(given, 0.2, seed=0)
    assert len(held) == 10
    assert sorted(train + held, key=given.index) == given
    assert train == sorted(train, key=given.index)
    assert held == sorted(held, key=given.index)


def test_the_split_depends_on_names_and_seed_only() -> None:
    held = {sample.path.name for sample in split_validation(samples(50), 0.2, seed=3)[1]}
    moved = samples(50, root="elsewhere")[::-1]
    assert {sample.path.name for sample in split_validation(moved, 0.2, seed=3)[1]} == held
    assert {sample.path.name for sample in split_validation(samples(50), 0.2, seed=4)[1]} != held
    grown = {sample.path.name for sample in split_validation(samples(51), 0.2, seed=3)[1]}
    assert len(held - grown) <= 1


def test_each_category_is_split_by_itself() -> None:
    _, held = split_validation(samples(30, "gear") + samples(10, "nut"), 0.1, seed=0)
    assert [sample.category for sample in held] == ["gear"] * 3 + ["nut"]


@pytest.mark.parametrize(("count", "fraction", "expected"), [(2, 0.01, 1), (2, 0.99, 1), (3, 0.99, 2)])
def test_both_parts_get_an_image(count: int, fraction: float, expected: int) -> None:
    train, held = split_validation(samples(count), fraction, seed=0)
    assert (len(train), len(held)) == (count - expected, expected)


def test_splits_that_cannot_be() -> None:
    assert split_validation([], 0.5, seed=0) == ([], [])
    with pytest.raises(DatasetError, match="nut has 1 good image"):
        split_validation(samples(9, "gear") + samples(1, "nut"), 0.5, seed=0)
    for fraction in (0.0, 1.0, -0.1, float("nan")):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            split_validation(samples(9), fraction, seed=0)


def test_has_masks_needs_every_mask() -> None:
    bare = Sample(Path("a.png"), "part", "cut", None)
    masked = Sample(Path("b.png"), "part", "cut", Path("b_mask.png"))
    good = Sample(Path("c.png"), "part", "good", None)
    assert Category("part", (good,), (masked, good)).has_masks
    assert not Category("part", (good,), (masked, bare)).has_masks
    assert not Category("part", (good,), (good,)).has_masks
