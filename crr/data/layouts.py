"""Where the images of a data set lie: three layouts, told apart by what a folder holds.

    mvtec    ROOT/<category>/train/good/*, and for evaluation test/good/*, test/<defect>/* and
             ground_truth/<defect>/<stem>_mask.png (or <stem>.png); ROOT may itself be one category
             (MVTec AD, Bergmann et al., CVPR 2019)
    visa     ROOT/split_csv/1cls.csv with the columns object, split, label, image, mask
             (VisA, Zou et al., ECCV 2022)
    folder   only good images: directly in ROOT (one category), or in its subfolders (one category each)

Hidden files and files that are no images by their name are passed over. Only paths are kept.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from crr.data.images import is_hidden, is_image_path
from crr.errors import DatasetError

GOOD = "good"
"""What `Sample.defect` says of a normal image."""

Layout = Literal["mvtec", "visa", "folder"]

_VISA_TABLE = Path("split_csv", "1cls.csv")
_VISA_COLUMNS = ("object", "split", "label", "image", "mask")
_VISA_ROWS = {("train", "normal"), ("test", "normal"), ("test", "anomaly")}


@dataclass(frozen=True, slots=True)
class Sample:
    """One image on disk.

    Attributes:
        path: The image file.
        category: Name of its category.
        defect: Kind of defect, "good" for a normal image.
        mask: File with the defect's mask; None for a normal image and where nobody drew one.
    """

    path: Path
    category: str
    defect: str
    mask: Path | None

    @property
    def defective(self) -> bool:
        """Whether the image shows a defect."""
        return self.defect != GOOD


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of object or surface.

    Attributes:
        name: For example "bottle".
        train: Normal images, at least one.
        test: Normal and defective images; empty where only training images exist.
    """

    name: str
    train: tuple[Sample, ...]
    test: tuple[Sample, ...]

    @property
    def has_masks(self) -> bool:
        """Whether there are defective images, each with its mask; without, only image-level figures exist."""
        masks = [sample.mask for sample in self.test if sample.defective]
        return bool(masks) and None not in masks


Readers = dict[str, Callable[[], Category]]
"""For each category's name, what reads it: a category that nobody asked for may be incomplete."""


def find_categories(root: Path) -> tuple[Layout, Readers]:
    """Which layout the folder `root` has, and its categories.

    Raises:
        DatasetError: None of the layouts; from a reader: no training images, or files of a table are missing.
        OSError: A folder may not be read.
    """
    if (root / _VISA_TABLE).is_file():
        return "visa", _visa_categories(root)
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not is_hidden(path.name))
    for candidates in ([root], folders):
        mvtec = [folder for folder in candidates if (folder / "train").is_dir() or (folder / "test").is_dir()]
        if mvtec:
            return "mvtec", {folder.name: partial(_mvtec_category, folder) for folder in mvtec}
    return "folder", _plain_categories(root, folders)


def _mvtec_category(folder: Path) -> Category:
    train = _samples(folder / "train" / GOOD, folder.name, GOOD)
    if not train:
        raise DatasetError(f"{folder / 'train' / GOOD} holds no images: put photos of good parts there.")
    test: list[Sample] = []
    for kind in sorted((folder / "test").iterdir()) if (folder / "test").is_dir() else []:
        if kind.is_dir() and not is_hidden(kind.name):
            test += _samples(kind, folder.name, kind.name, masks=folder / "ground_truth" / kind.name)
    return Category(folder.name, tuple(train), tuple(test))


def _samples(folder: Path, category: str, defect: str, masks: Path | None = None) -> list[Sample]:
    """The images of one folder; a mask has the stem of its image, with or without "_mask"."""
    known = {path.stem: path for path in _images(masks)} if masks and defect != GOOD else {}
    return [
        Sample(path, category, defect, known.get(f"{path.stem}_mask") or known.get(path.stem))
        for path in _images(folder)
    ]


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if is_image_path(Path(path.name)) and path.is_file())


def _plain_categories(root: Path, folders: list[Path]) -> Readers:
    own = _samples(root, root.name, GOOD)
    found = {folder.name: samples for folder in folders if (samples := _samples(folder, folder.name, GOOD))}
    if not own and not found:
        raise DatasetError(
            f"{root} holds no images: give a folder of photos of good parts, or a data set arranged like "
            "MVTec AD (category/train/good) or VisA (split_csv/1cls.csv)."
        )
    if (own and found) or (GOOD in found and len(found) > 1):
        # Taken as they are, defective images might be learned as normal.
        raise DatasetError(
            f"{root} does not tell which images are good: move the good ones to train/good and the others to "
            f"test/<defect>. Found images in {', '.join([root.name] * bool(own) + sorted(found))}."
        )
    return {
        name: partial(Category, name, tuple(samples), ())
        for name, samples in (found or {root.name: own}).items()
    }


def _visa_categories(root: Path) -> Readers:
    table = root / _VISA_TABLE
    rows: dict[str, list[dict[str, str]]] = {}
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            missing = sorted(set(_VISA_COLUMNS) - set(reader.fieldnames or ()))
            if missing:
                raise DatasetError(f"{table} lacks the column {', '.join(missing)}: use VisA's own table.")
            for row in reader:
                rows.setdefault(row["object"], []).append(row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{table} is not a table of comma-separated values: copy VisA's own.") from error
    if not rows:
        raise DatasetError(f"{table} lists no images: use VisA's own table.")
    return {name: partial(_visa_category, root, name, rows[name]) for name in rows}


def _visa_category(root: Path, name: str, rows: list[dict[str, str]]) -> Category:
    table = root / _VISA_TABLE
    parts: dict[str, list[Sample]] = {"train": [], "test": []}
    for row in rows:
        split, label = row["split"], row["label"]
        if (split, label) not in _VISA_ROWS:
            raise DatasetError(
                f"{table} calls {row['image']} '{split}' and '{label}': allowed are 'train' with 'normal', "
                "and 'test' with 'normal' or 'anomaly'."
            )
        defective = label == "anomaly"
        mask = root / row["mask"] if defective and row["mask"] else None
        sample = Sample(root / row["image"], name, label if defective else GOOD, mask)
        for path in (sample.path, sample.mask):
            if path is not None and not path.is_file():
                raise DatasetError(f"{table} lists {path}, which does not exist: unpack the whole data set.")
        parts[split].append(sample)
    if not parts["train"]:
        raise DatasetError(f"{table} lists no training images of {name}: use VisA's own table.")
    train, test = (tuple(sorted(parts[split], key=lambda sample: sample.path)) for split in ("train", "test"))
    return Category(name, train, test)
