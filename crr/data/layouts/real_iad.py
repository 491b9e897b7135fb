"""The layout of Real-IAD: a JSON file a category lists its images (Wang et al., CVPR 2024).

    ROOT/realiad_jsons/<category>.json   {"meta": {"prefix", "normal_class"}, "train": [...], "test": [...]}
    ROOT/realiad_1024/<category>/...     the images, in one or more sizes

A row holds "anomaly_class", "image_path" and "mask_path"; masks lie beside their images.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

from crr.data.layouts.mvtec import NOT_GOOD
from crr.data.layouts.samples import GOOD, Category, Readers, Sample
from crr.data.layouts.walk import Notes, images_under
from crr.errors import DatasetError

IN_NO_LIST = "in no list of the data set"
OTHER_LISTS = "another list of the same images"
_MOST_BYTES = 200 * 2**20


def real_iad_lists(root: Path) -> list[Path]:
    """The JSON files of the data set, one a category; none if it is another one."""
    for folder in (root, root / "realiad_jsons", root / "realiad_jsons" / "realiad_jsons"):
        found = [path for path in sorted(folder.glob("*.json")) if _is_list(path)] if folder.is_dir() else []
        if found:
            return found
    return []


def real_iad_categories(root: Path, lists: list[Path], notes: Notes) -> Readers:
    """The categories that the JSON files list."""
    others = [path for path in root.glob("realiad_jsons*/**/*.json") if path not in lists]
    notes.pass_over(OTHER_LISTS, *sorted(others))
    return {path.stem: partial(_category, root, path, notes) for path in lists}


def _category(root: Path, path: Path, notes: Notes) -> Category:
    content = _read(path)
    folder = _folder_of_images(root, path, content)
    normal = content["meta"].get("normal_class", "OK")
    parts: dict[str, list[Sample]] = {}
    for split in ("train", "test"):
        parts[split] = [_sample(row, folder, path.stem, normal) for row in content.get(split, ())]
    bad = [sample.path for sample in parts["train"] if sample.defective]
    notes.pass_over(NOT_GOOD, *bad)
    listed = {path for split in parts.values() for sample in split for path in (sample.path, *sample.masks)}
    notes.pass_over(IN_NO_LIST, *(path for path in images_under(folder, notes) if path not in listed))
    train = (sample for sample in parts["train"] if not sample.defective)
    return Category(
        path.stem,
        tuple(sorted(train, key=lambda sample: sample.path)),
        tuple(sorted(parts["test"], key=lambda sample: sample.path)),
    )


def _sample(row: dict[str, Any], folder: Path, category: str, normal: str) -> Sample:
    defect = GOOD if row["anomaly_class"] == normal else str(row["anomaly_class"])
    mask = row.get("mask_path") if defect != GOOD else None
    return Sample(folder / row["image_path"], category, defect, (folder / mask,) if mask else ())


def _folder_of_images(root: Path, path: Path, content: dict[str, Any]) -> Path:
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


def _is_list(path: Path) -> bool:
    try:
        _read(path)
    except DatasetError:
        return False
    return True


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        rows = [row for split in ("train", "test") for row in content.get(split, ())]
        prefix = content["meta"]["prefix"]
        if not isinstance(prefix, str) or not all(_is_row(row) for row in rows):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DatasetError(f"{path} is not a list of images as Real-IAD has it.") from error
    return dict(content)


def _is_row(row: Any) -> bool:
    paths = (row["image_path"], row["anomaly_class"], row.get("mask_path") or "")
    return all(isinstance(text, str) for text in paths)
