"""A table of results as CSV and as a zip of pictures, made in memory when somebody asks for them."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import PurePath

import numpy as np

from crr.colours import overlay
from crr.images import decode, encode_png
from crr.types import Image
from workbench.batch import Batch, Question
from workbench.inspection import Inspected, Inspector
from workbench.judgement import fine_map, regions_at, verdict_at
from workbench.pictures import shrink

COLUMNS = (
    "file", "verdict", "score", "limit", "percentile", "category", "known", "regions", "area_percent",
    "threshold", "model", "revision", "error",
)  # fmt: skip


def results_csv(batch: Batch, question: Question, inspector: Inspector, factor: float = 1.0) -> str:
    """CSV with a line a file, highest score first, then the files that could not be inspected.

    Args:
        batch: The visitor's images.
        question: Model and device.
        inspector: Inspects again what had to be forgotten.
        factor: Strictness, see `workbench.judgement`.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for inspected in _all(batch, question, inspector):
        writer.writerow(_line(inspected, factor))
    for name, sentence in batch.failures.values():
        writer.writerow({"file": _plain(name), "error": sentence})
    return text.getvalue()


def pictures_zip(batch: Batch, question: Question, inspector: Inspector, factor: float, over: float) -> bytes:
    """Zip: `NAME_heatmap.png` (long side at most 1024), `NAME_mask.png` (original size), and the CSV.

    Args:
        batch: The visitor's images.
        question: Model and device.
        inspector: Inspects again what had to be forgotten.
        factor: Strictness, see `workbench.judgement`.
        over: Opacity of the map over the image, in [0, 1].
    """
    content = io.BytesIO()
    names: dict[str, int] = {}
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:  # PNG is compressed already
        for inspected in _all(batch, question, inspector):
            stem = _unique(PurePath(inspected.picture.name).stem or "image", names)
            image = decode(batch.uploads[inspected.picture.digest].content, inspected.picture.name)
            archive.writestr(f"{stem}_heatmap.png", encode_png(heatmap(image, inspected, over)))
            limit = factor * inspected.inspection.pixel_threshold
            mask = inspected.inspection.mask(limit)
            archive.writestr(f"{stem}_mask.png", encode_png(mask.astype(np.uint8) * 255))
        archive.writestr("results.csv", results_csv(batch, question, inspector, factor))
    return content.getvalue()


def heatmap(image: Image, inspected: Inspected, over: float) -> Image:
    """uint8 (h, w, 3): the image with the map over it at opacity `over`, as the screen shows it."""
    levels = fine_map(inspected.inspection)
    return overlay(shrink(image, max(levels.shape)), levels, over)


def _all(batch: Batch, question: Question, inspector: Inspector) -> Iterator[Inspected]:
    for row in batch.rows(question):
        inspected = batch.inspect(row.digest, question, inspector)
        if inspected is not None:
            yield inspected


def _line(inspected: Inspected, factor: float) -> Mapping[str, object]:
    inspection = inspected.inspection
    limit = factor * inspection.threshold
    regions = regions_at(inspection, factor)
    return {
        "file": _plain(inspected.picture.name),
        "verdict": verdict_at(inspection.score, limit),
        "score": f"{inspection.score:.4f}",
        "limit": f"{limit:.4f}",
        "percentile": "" if inspection.percentile is None else f"{inspection.percentile:.1f}",
        "category": inspection.category or "",
        "known": "yes" if inspection.known else "no",
        "regions": regions.count,
        "area_percent": f"{100 * regions.area:.3f}",
        "threshold": f"{factor * inspection.pixel_threshold:.4f}",
        "model": inspection.model,
        "revision": inspection.revision,
        "error": "",
    }


def _plain(name: str) -> str:
    """A file name that no spreadsheet takes for a formula."""
    return "'" + name if name.startswith(("=", "+", "-", "@")) else name


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
