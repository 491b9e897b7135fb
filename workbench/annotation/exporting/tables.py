"""Tables: a row an image and a row a marked part, as CSV for people or as Parquet for programs."""

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.annotation.exporting.selection import Reviewed, Selection
from workbench.annotation.masks import decode
from workbench.annotation.records import Advance, Region
from workbench.exports.spreadsheet import csv_cells

_TEXT, _WHOLE, _REAL = pa.string(), pa.int64(), pa.float64()
IMAGES = pa.schema(
    {
        "name": _TEXT,
        "digest": _TEXT,
        "category": _TEXT,
        "label": _TEXT,
        "judgement": _TEXT,
        "severity": _TEXT,
        "tags": _TEXT,
        "note": _TEXT,
        "regions": _WHOLE,
        "area": _WHOLE,
        "height": _WHOLE,
        "width": _WHOLE,
        "author": _TEXT,
        "saved": _TEXT,
        "seconds": _REAL,
        "model": _TEXT,
        "threshold": _REAL,
        "revision": _WHOLE,
    }
)
"""Columns of the images; `label` is what was known before, `judgement` what a person said."""

REGIONS = pa.schema(
    {
        "name": _TEXT,
        "digest": _TEXT,
        "number": _WHOLE,
        "class": _TEXT,
        "area": _WHOLE,
        "left": _WHOLE,
        "top": _WHOLE,
        "width": _WHOLE,
        "height": _WHOLE,
        "counts": _TEXT,
    }
)
"""Columns of the marked parts; `counts` are COCO's compressed run lengths."""

_AT_A_TIME = 1000  # rows of Parquet in one group

Write = Callable[[Mapping[str, Any]], None]


def write_csv(selection: Selection, folder: Path, advance: Advance) -> None:
    """Write `images.csv` and `regions.csv`; a text is never taken for a formula."""
    _write(selection, folder, advance, _csv, ".csv")


def write_parquet(selection: Selection, folder: Path, advance: Advance) -> None:
    """Write `images.parquet` and `regions.parquet`."""
    _write(selection, folder, advance, _parquet, ".parquet")


def _write(
    selection: Selection,
    folder: Path,
    advance: Advance,
    table: Callable[[Path, pa.Schema], Any],
    suffix: str,
) -> None:
    with ExitStack() as stack:
        images: Write = stack.enter_context(table(folder / f"images{suffix}", IMAGES))
        regions: Write = stack.enter_context(table(folder / f"regions{suffix}", REGIONS))
        for one in selection:
            rows = [_region(one, number, region) for number, region in enumerate(one.revision.review.regions)]
            images(_image(one, rows))
            for row in rows:
                regions(row)
            selection.report.images += 1
            selection.report.regions += len(rows)
            advance(1)


@contextmanager
def _csv(path: Path, schema: pa.Schema) -> Iterator[Write]:
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # the mark by which Excel knows it
        csv.writer(file).writerow(schema.names)
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        yield lambda row: writer.writerow(csv_cells(row[name] for name in schema.names))


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[Write]:
    rows: list[Mapping[str, Any]] = []

    def write(writer: pq.ParquetWriter, row: Mapping[str, Any]) -> None:
        rows.append(row)
        if len(rows) == _AT_A_TIME:
            flush(writer)

    def flush(writer: pq.ParquetWriter) -> None:
        writer.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema))
        rows.clear()

    with pq.ParquetWriter(path, schema) as writer:
        yield partial(write, writer)
        flush(writer)


def _image(one: Reviewed, regions: list[dict[str, Any]]) -> dict[str, Any]:
    image, revision = one.item.image, one.revision
    review = revision.review
    return {
        "name": image.name,
        "digest": image.digest,
        "category": image.category,
        "label": image.label,
        "judgement": review.judgement,
        "severity": review.severity,
        "tags": "; ".join(review.tags),
        "note": review.note,
        "regions": len(regions),
        "area": sum(row["area"] for row in regions),
        "height": image.height,
        "width": image.width,
        "author": revision.author,
        "saved": revision.saved.isoformat(timespec="milliseconds"),
        "seconds": review.seconds,
        "model": review.model,
        "threshold": review.threshold,
        "revision": revision.id,
    }


def _region(one: Reviewed, number: int, region: Region) -> dict[str, Any]:
    mask = decode(region.mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return {
        "name": one.item.image.name,
        "digest": one.item.image.digest,
        "number": number,
        "class": region.category,
        "area": int(np.count_nonzero(mask)),
        "left": left,
        "top": top,
        "width": int(columns[-1]) - left + 1,
        "height": int(rows[-1]) - top + 1,
        "counts": region.mask.counts,
    }
