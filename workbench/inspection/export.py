"""A table of results as CSV and as a zip of pictures, made in memory when somebody asks for them."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import PurePath

import numpy as np

from crr.data.images import decode, encode_png
from crr.types import Image
from crr.visualization.colormap import overlay
from workbench.basics.pictures import shrink
from workbench.inspection.batch import Batch
from workbench.inspection.inspector import Inspected, Inspector, ModelChoice
from workbench.inspection.verdict import fine_map, regions_at, verdict_at

COLUMNS = (
    "file", "verdict", "score", "limit", "percentile", "category", "known", "regions", "area_percent",
    "threshold", "model", "revision", "error",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet's formula may start with


def results_csv(batch: Batch, choice: ModelChoice, inspector: Inspector, factor: float = 1.0) -> str:
    """CSV with a line a file, highest score first, then the files that could not be inspected.

    Args:
        batch: The visitor's images.
        choice: Model and device.
        inspector: Inspects again what had to be forgotten.
        factor: Strictness, see `workbench.inspection.verdict`.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for inspected in _all(batch, choice, inspector):
        line = _line(inspected, factor)
        for name in batch.uploads[inspected.picture.digest].names:
            writer.writerow(_plain({"file": name, **line}))
    for failure in batch.failures.values():
        for name in failure.names:
            writer.writerow(_plain({"file": name, "error": failure.sentence}))
    return text.getvalue()


def pictures_zip(
    batch: Batch, choice: ModelChoice, inspector: Inspector, factor: float, over: float
) -> bytes:
    """Zip: `NAME_heatmap.png` (long side at most 1024), `NAME_mask.png` (original size), and the CSV.

    Args:
        batch: The visitor's images.
        choice: Model and device.
        inspector: Inspects again what had to be forgotten.
        factor: Strictness, see `workbench.inspection.verdict`.
        over: Opacity of the map over the image, in [0, 1].
    """
    content = io.BytesIO()
    names: dict[str, int] = {}
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:  # PNG is compressed already
        for inspected in _all(batch, choice, inspector):
            upload = batch.uploads[inspected.picture.digest]
            stem = _unique(PurePath(upload.names[0]).stem or "image", names)
            image = decode(upload.content, upload.name)
            archive.writestr(f"{stem}_heatmap.png", encode_png(heatmap(image, inspected, over)))
            limit = factor * inspected.inspection.pixel_threshold
            mask = inspected.inspection.mask(limit)
            archive.writestr(f"{stem}_mask.png", encode_png(mask.astype(np.uint8) * 255))
        archive.writestr("results.csv", results_csv(batch, choice, inspector, factor))
    return content.getvalue()


def heatmap(image: Image, inspected: Inspected, over: float) -> Image:
    """uint8 (h, w, 3): the image with the map over it at opacity `over`, as the screen shows it."""
    levels = fine_map(inspected.inspection)
    return overlay(shrink(image, max(levels.shape)), levels, over)


def _all(batch: Batch, choice: ModelChoice, inspector: Inspector) -> Iterator[Inspected]:
    for row in batch.rows(choice):
        inspected = batch.inspect(row.digest, choice, inspector)
        if inspected is not None:
            yield inspected


def _line(inspected: Inspected, factor: float) -> dict[str, object]:
    inspection = inspected.inspection
    limit = factor * inspection.threshold
    regions = regions_at(inspection, factor)
    return {
        "verdict": verdict_at(inspection.score, limit),
        "score": round(inspection.score, 4),
        "limit": round(limit, 4),
        "percentile": None if inspection.percentile is None else round(inspection.percentile, 1),
        "category": inspection.category,
        "known": "yes" if inspection.known else "no",
        "regions": regions.count,
        "area_percent": round(100 * regions.area, 3),
        "threshold": round(factor * inspection.pixel_threshold, 4),
        "model": inspection.model,
        "revision": inspection.revision,
    }


def _plain(line: Mapping[str, object]) -> dict[str, object]:
    """The line with no text in it that a spreadsheet takes for a formula."""
    return {
        column: f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
        for column, cell in line.items()
    }


def _unique(stem: str, taken: dict[str, int]) -> str:
    """The stem, numbered if it was there before: two folders may hold files of one name.

    Capitals make no difference, as on the disks of Windows and macOS.
    """
    name, number = stem, taken.get(stem.casefold(), 1)
    while name.casefold() in taken:
        number += 1
        name = f"{stem}_{number}"
    taken[name.casefold()] = 1
    taken[stem.casefold()] = number
    return name
