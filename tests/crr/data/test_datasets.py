"""The three layouts, what may be wrong with them, masks and the validation split."""

import os
from pathlib import Path
from unicodedata import normalize

import pytest

from crr.data.datasets import Category, Sample, check_training, open_dataset, split_validation, without_copies
from crr.errors import ConfigError, DatasetError
from tests.crr.places import touch


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
    assert [sample.masks for sample in bottle.test] == [(truth / "0_mask.png",), (truth / "1.png",), ()]
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


def test_categories_are_named_in_any_case_and_unicode_form(tmp_path: Path) -> None:
    stored, typed = normalize("NFD", "Café"), normalize("NFC", "Café")
    mvtec(tmp_path, stored, "nut", "Nut", "NUT")
    for name in (stored, typed, typed.upper()):
        assert [category.name for category in open_dataset(tmp_path, [name]).categories] == [stored]
    assert [category.name for category in open_dataset(tmp_path, [stored, typed]).categories] == [stored]
    assert [category.name for category in open_dataset(tmp_path, "Nut").categories] == ["Nut"]
    assert "no category nUt: choose from" in message(tmp_path, ["nUt"])


def test_a_test_part_alone_can_be_measured_on(tmp_path: Path) -> None:
    touch(tmp_path / "gear", "test/cut/0.png", "test/good/0.png")
    category = open_dataset(tmp_path).categories[0]
    assert (len(category.train), len(category.test)) == (0, 2)
    with pytest.raises(DatasetError, match="no good images of gear to learn from"):
        check_training(open_dataset(tmp_path))


def test_a_category_without_images(tmp_path: Path) -> None:
    touch(tmp_path / "gear", "test/readme.txt")
    mvtec(tmp_path, "bottle")
    assert "gear" in message(tmp_path)
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
        Sample(tmp_path / "pcb1/Anomaly/0.JPG", "pcb1", "anomaly", (tmp_path / "pcb1/Masks/0.png",)),
        Sample(tmp_path / "pcb1/Normal/2.JPG", "pcb1", "good"),
    )
    assert pcb.has_masks
    assert not candle.has_masks


def test_visa_table_saved_by_a_spreadsheet(tmp_path: Path) -> None:
    visa(tmp_path, *VISA_ROWS)
    table = tmp_path / "split_csv/1cls.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n"))
    assert len(open_dataset(tmp_path).categories) == 2


def test_visa_paths_of_windows(tmp_path: Path) -> None:
    visa(tmp_path, *VISA_ROWS)
    table = tmp_path / "split_csv/1cls.csv"
    before = open_dataset(tmp_path).categories
    table.write_text(table.read_text().replace("/", "\\"))
    assert open_dataset(tmp_path).categories == before


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("pcb1,elsewhere,normal,pcb1/x.JPG,", "'elsewhere'"),
        ("pcb1,test,normal", "without a path"),
        ("pcb1,test,,pcb1/x.JPG,", "without a label"),
    ],
)
def test_visa_rows_that_make_no_sense(tmp_path: Path, row: str, what: str) -> None:
    assert what in message(visa(tmp_path, *VISA_ROWS, row))


def test_visa_rows_that_are_not_used_are_noted(tmp_path: Path) -> None:
    rows = ["pcb1,train,anomaly,pcb1/a.JPG,", "pcb1,validation,normal,pcb1/v.JPG,"]
    dataset = open_dataset(visa(tmp_path, *VISA_ROWS, *rows))
    noted = {path.name for paths in dataset.notes.passed_over.values() for path in paths}
    assert noted == {"a.JPG", "v.JPG"}


def test_visa_tables_that_are_none(tmp_path: Path) -> None:
    assert "needs the columns path and label" in message(visa(tmp_path, header="object,split,label\n"))
    assert "lists no images" in message(visa(tmp_path))
    (tmp_path / "split_csv/1cls.csv").write_bytes(b"\xff\xfe\0")
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
    assert not any(sample.defective or sample.masks for sample in category.train)


def test_subfolders_of_good_images(tmp_path: Path) -> None:
    touch(tmp_path, "nut/0.png", "bolt/0.png", "bolt/1.png", "empty/notes.txt", "__MACOSX/0.png")
    dataset = open_dataset(tmp_path)
    assert dataset.layout == "folder"
    assert [(category.name, len(category.train)) for category in dataset.categories] == [
        ("bolt", 2),
        ("nut", 1),
    ]


def test_folders_that_may_mix_good_and_defective(tmp_path: Path) -> None:
    touch(tmp_path, "0.png", "other/0.png")
    assert "which images are good" in message(tmp_path)


def test_folders_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "holds no images" in message(tmp_path)
    assert "There is no folder" in message(tmp_path / "missing")
    touch(tmp_path, "data.zip")
    assert "is a file" in message(tmp_path / "data.zip")
    assert "holds no images" in message(tmp_path)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert f"{tmp_path} cannot be read (Permission denied)" in message(tmp_path)


def test_nothing_is_decoded_and_only_paths_are_kept(tmp_path: Path) -> None:
    mvtec(tmp_path, "bottle")  # files of zero bytes
    assert not hasattr(open_dataset(tmp_path).categories[0].test[0], "__dict__")


def test_copies_of_a_training_image_are_left_out(tmp_path: Path) -> None:
    mvtec(tmp_path, "bottle", "screw")
    dataset = open_dataset(tmp_path)
    digests = {sample.path: "same" for category in dataset.categories for sample in category.train}
    kept = without_copies(dataset, digests)
    assert [len(category.train) for category in kept.categories] == [1, 1]
    assert [category.test for category in kept.categories] == [
        category.test for category in dataset.categories
    ]
    assert without_copies(dataset, {}) == dataset


@pytest.mark.parametrize("copy", ["Copy of 003", "003 (1)", "003 - Kopie", "000_003"])
def test_a_copy_changes_neither_what_is_learnt_nor_what_is_held_back(tmp_path: Path, copy: str) -> None:
    touch(tmp_path, *(f"train/good/{number:03}.png" for number in range(9)))
    alone = open_dataset(tmp_path)
    touch(tmp_path, f"train/good/{copy}.png")
    both = open_dataset(tmp_path)
    assert len(both.categories[0].train) == 10
    name = both.categories[0].name
    digests = {
        sample.path: "003" if "003" in sample.path.stem else sample.path.stem
        for sample in both.categories[0].train
    }
    assert without_copies(both, digests) == alone
    assert name == alone.categories[0].name


# Validation split


def samples(count: int, category: str = "gear", root: str = "data") -> list[Sample]:
    return [Sample(Path(root, category, f"{index:03}.png"), category, "good") for index in range(count)]


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


def test_names_that_are_not_utf_8_are_split_too() -> None:
    odd = [Sample(Path(os.fsdecode(b"Gr\xfcn_%d.jpg" % index)), "gear", "good") for index in range(4)]
    train, held = split_validation(odd, 0.5, seed=0)
    assert (len(train), len(held)) == (2, 2)


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
    bare = Sample(Path("a.png"), "part", "cut")
    masked = Sample(Path("b.png"), "part", "cut", (Path("b_mask.png"),))
    good = Sample(Path("c.png"), "part", "good")
    assert Category("part", (good,), (masked, good)).has_masks
    assert not Category("part", (good,), (masked, bare)).has_masks
    assert not Category("part", (good,), (good,)).has_masks
