"""The layout of Real-IAD: a JSON file a category lists its images (Wang et al., CVPR 2024).

    ROOT/realiad_jsons/<category>.json   {"meta": {"prefix", "normal_class"}, "train": [...], "test": [...]}
    ROOT/realiad_1024/<category>/...     the images, in one or more sizes

A row holds "anomaly_class", "image_path" and "mask_path"; masks lie beside their images.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from crr.data.layouts.mvtec import GOOD_MASK, NOT_GOOD
from crr.data.layouts.samples import GOOD, Category, Readers, Sample
from crr.data.layouts.walk import Notes, is_no_file, pass_over_others
from crr.errors import DatasetError

OTHER_LISTS = "another list of the same images"
IN_NO_LIST = "in no list of the data set"
_FOLDER = "realiad_jsons"
_MOST_BYTES = 200 * 2**20

Listing = dict[str, Any]
"""What a JSON file of the data set holds."""


def real_iad_lists(root: Path) -> dict[Path, Listing]:
    """The JSON files of the data set, one a category, and what they hold; none if it is another one.

    Raises:
        DatasetError: It is this one by its folders, and none of its lists can be read.
    """
    for folder in (root, root / _FOLDER, root / _FOLDER / _FOLDER):
        found = {path: content for path in sorted(folder.glob("*.json")) if (content := _read(path))}
        if found:
            return found
        if folder.name == _FOLDER and any(folder.glob("*.json")):
            unread = min(folder.glob("*.json"))
            raise DatasetError(f"{unread} cannot be read as a list of Real-IAD: fetch it again.")
    return {}


def real_iad_categories(root: Path, lists: dict[Path, Listing], notes: Notes) -> Readers:
    """The categories that the JSON files list."""
    others = sorted(path for path in root.glob("realiad_jsons*/**/*.json") if path not in lists)
    notes.pass_over(OTHER_LISTS, *others)
    images = (image for path, content in lists.items() for image in _listed(root, path, content))
    pass_over_others(root, {*lists, *others, *images}, IN_NO_LIST, notes)
    return {path.stem: partial(_category, root, path, content, notes) for path, content in lists.items()}


def _listed(root: Path, path: Path, content: Listing) -> Iterator[Path]:
    """The images and masks that a list names; none where they are not there, which its reader says."""
    with suppress(DatasetError):
        folder = _folder_of_images(root, path, content)
        for row in (row for split in ("train", "test") for row in content.get(split, ())):
            yield from (folder / row[column] for column in ("image_path", "mask_path") if row.get(column))


def _category(root: Path, path: Path, content: Listing, notes: Notes) -> Category:
    folder = _folder_of_images(root, path, content)
    normal = content["meta"].get("normal_class", "OK")
    parts: dict[str, list[Sample]] = {}
    for split in ("train", "test"):
        parts[split] = [_sample(row, folder, path.stem, normal, notes) for row in content.get(split, ())]
    for sample in parts["train"]:
        if sample.defective:
            notes.pass_over(NOT_GOOD, sample.path, *sample.masks)
    train = (sample for sample in parts["train"] if not sample.defective)
    return Category(
        path.stem,
        tuple(sorted(train, key=lambda sample: sample.path)),
        tuple(sorted(parts["test"], key=lambda sample: sample.path)),
    )


def _sample(row: dict[str, Any], folder: Path, category: str, normal: str, notes: Notes) -> Sample:
    path, mask = folder / row["image_path"], row.get("mask_path")
    masks = (folder / mask,) if mask else ()
    if row["anomaly_class"] != normal:
        return Sample(path, category, row["anomaly_class"], masks)
    notes.pass_over(GOOD_MASK, *masks)
    return Sample(path, category, GOOD)


def _folder_of_images(root: Path, path: Path, content: Listing) -> Path:
    """The folder that the paths of a list start from: the largest size of the images that is there."""
    prefix = str(content["meta"]["prefix"]).replace("\\", "/").strip("/")
    first = next((row["image_path"] for split in ("train", "test") for row in content.get(split, ())), None)
    if first is None:
        raise DatasetError(f"{path} lists no images: use Real-IAD's own lists.")
    sizes = [root / f"realiad_{size}" for size in ("raw", "1024", "512", "256")]
    for folder in (*(size / prefix for size in sizes), root / prefix, path.parent / prefix):
        if (folder / first).exists():
            return folder
    raise DatasetError(
        f"{path} lists {first}, which is not in {root}: unpack Real-IAD's images, such as realiad_1024."
    )


def _read(path: Path) -> Listing | None:
    """What a list holds; None if a JSON file is none."""
    try:
        if is_no_file(path) or path.stat().st_size > _MOST_BYTES:
            return None
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        rows = [row for split in ("train", "test") for row in content.get(split, ())]
        is_list = isinstance(content["meta"]["prefix"], str) and all(map(_is_row, rows))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return content if is_list else None


def _is_row(row: Any) -> bool:
    paths = (row["image_path"], row["anomaly_class"], row.get("mask_path") or "")
    return all(isinstance(text, str) for text in paths)
