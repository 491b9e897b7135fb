"""COCO: one list of images and marked parts, read by most tools for segmentation.

Reference: https://cocodataset.org/#format-data. Masks are run lengths, in which holes survive; polygons would
lose them. `iscrowd` is 0, since each part is one object: tools leave out what is a crowd. Readers that take
polygons where `iscrowd` is 0 and run lengths only where it is 1 want the form `legacy`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from pycocotools import mask as coco

from crr.runtime.version import version
from workbench.annotation.exporting.selection import Pictures, Reviewed, Selection, stem_of
from workbench.annotation.masks import RunLengths, run_lengths
from workbench.annotation.records import Advance, Region

FILE = "annotations.json"


def write_coco(selection: Selection, folder: Path, advance: Advance, *, legacy: bool = False) -> None:
    """Write a list and a folder `images` beside it.

    Args:
        selection: What is exported.
        folder: Empty.
        advance: Told of each image.
        legacy: Whether `iscrowd` is 1, and counts are numbers.
    """
    pictures = Pictures(selection, folder / "images", advance)
    categories = [{"id": number, "name": name} for number, name in enumerate(selection.classes, start=1)]
    numbers = {name: number for number, name in enumerate(selection.classes, start=1)}
    head = {
        "info": {"description": selection.project.name, "version": version()},
        "licenses": [],
        "categories": categories,
    }
    taken: set[int] = set()

    def images() -> Iterator[dict[str, Any]]:
        for one in selection:
            name = pictures.copy(one, stem_of(one))
            if name is not None:
                taken.add(one.item.id)
                yield _image(one, name)

    def annotations() -> Iterator[dict[str, Any]]:
        number = 0
        for one in selection:
            for region in one.revision.review.regions if one.item.id in taken else ():
                number += 1
                yield _annotation(number, one.item.id, numbers[region.category], region, legacy=legacy)

    with (folder / FILE).open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1])
        _write_list(file, "images", images())
        _write_list(file, "annotations", annotations())
        file.write("}\n")
    pictures.close()


def _write_list(file: TextIO, name: str, rows: Iterator[dict[str, Any]]) -> None:
    """A list of which a line at a time is in memory."""
    file.write(f',\n"{name}": [')
    for place, row in enumerate(rows):
        file.write(",\n" if place else "\n")
        file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    file.write("\n]")


def _image(one: Reviewed, name: str) -> dict[str, Any]:
    image, review = one.item.image, one.revision.review
    return {
        "id": one.item.id,
        "file_name": name,
        "height": image.height,
        "width": image.width,
        "date_captured": one.revision.saved.isoformat(timespec="seconds"),
        # What only we read: without it, an image with no marked part would be one that nobody looked at.
        "known_label": image.label,
        "kind_of_part": image.category,
        "judgement": review.judgement,
        "tags": list(review.tags),
        "severity": review.severity,
        "note": review.note,
    }


def _annotation(number: int, image: int, category: int, region: Region, *, legacy: bool) -> dict[str, Any]:
    mask = region.mask
    box = coco.toBbox({"size": [mask.height, mask.width], "counts": mask.counts.encode()})
    runs = run_lengths(mask)
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "iscrowd": int(legacy),
        "area": int(runs[1::2].sum()),
        "bbox": [float(side) for side in box],
        "segmentation": _segmentation(mask, runs.tolist() if legacy else None),
    }


def _segmentation(mask: RunLengths, runs: list[int] | None) -> dict[str, Any]:
    return {"size": [mask.height, mask.width], "counts": mask.counts if runs is None else runs}
