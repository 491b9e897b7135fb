"""Data sets in each layout, whole or with things put where they do not belong."""

import json
from copy import deepcopy

from hypothesis import strategies as st

from tests.fuzz.made.trees import Tree, picture, trees

_Change = tuple[list[int], Tree, int]
"""Which folder to go to, what to put there, and which of its entries to take out."""


def disturbed() -> st.SearchStrategy[Tree]:
    """A data set with up to three changes."""
    changes = st.tuples(st.lists(st.integers(0, 5), max_size=4), trees(), st.integers(0, 20))
    return st.builds(_disturbed, st.sampled_from(sorted(LAYOUTS)), st.lists(changes, max_size=3))


def _disturbed(layout: str, changes: list[_Change]) -> Tree:
    tree = deepcopy(LAYOUTS[layout])
    for steps, more, out in changes:
        folder = tree
        for step in steps:
            inside = [content for content in folder.values() if isinstance(content, dict)]
            if not inside:
                break
            folder = inside[step % len(inside)]
        if out < len(folder):
            del folder[sorted(folder)[out]]
        folder.update(more)
    return tree


def _images(*names: str) -> Tree:
    return {name: picture(number) for number, name in enumerate(names)}


_CATEGORY: Tree = {
    "train": {"good": _images("000.png", "001.png")},
    "test": {"good": _images("000.png"), "bad": _images("000.png", "001.PNG")},
    "ground_truth": {"bad": {**_images("000_mask.png"), "001": _images("0.png", "1.png")}},
}
_SORTED: Tree = {"OK": _images("000.png", "001.png"), "bad": _images("000.png"), "masks": _images("000.png")}
_VISA: Tree = {
    "Normal": _images("000.png", "001.png"),
    "Anomaly": _images("000.png"),
}
_LIST = {
    "meta": {"prefix": "part/", "normal_class": "OK"},
    "train": [{"anomaly_class": "OK", "image_path": "OK/000.png", "mask_path": None}],
    "test": [{"anomaly_class": "bad", "image_path": "bad/000.png", "mask_path": "bad/000_mask.png"}],
}
_COCO = {
    "images": [{"id": 1, "file_name": "000.png", "width": 28, "height": 20}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [5, 4, 7, 5], "segmentation": [[5, 4, 12, 9]]}
    ],
    "categories": [{"id": 1, "name": "scratch"}],
}
_ROWS = (
    b"object,split,label,image,mask\n"
    b"part,train,normal,part/000.png,\n"
    b"part,test,anomaly,part/001.png,part/masks/001.png\n"
)

LAYOUTS: dict[str, Tree] = {
    "mvtec": {"screw": _CATEGORY, "bottle": _CATEGORY},
    "one category": _CATEGORY,
    "folders": {"screw": _SORTED, "bottle": _SORTED},
    "one of folders": _SORTED,
    "visa without its table": {"part": {"Data": {"Images": _VISA, "Masks": {"Anomaly": _images("000.png")}}}},
    "visa": {
        "split_csv": {"1cls.csv": _ROWS},
        "part": {**_images("000.png", "001.png"), "masks": _images("001.png")},
    },
    "table": {"set.csv": _ROWS, "part": {**_images("000.png", "001.png"), "masks": _images("001.png")}},
    "real-iad": {
        "realiad_jsons": {"part.json": json.dumps(_LIST).encode()},
        "realiad_1024": {"part": {"OK": _images("000.png"), "bad": _images("000.png", "000_mask.png")}},
    },
    "as COCO has it": {
        "images": {"train2017": _images("000.png", "001.png"), "val2017": _images("002.png")},
        "annotations": {"instances_train2017.json": json.dumps(_COCO).encode()},
    },
    "good alone": {"screw": _images("000.png", "001.png"), "bottle": {"a": _images("000.png")}},
    "one folder": _images("000.png", "001.png"),
}
"""Data sets as they should be."""
