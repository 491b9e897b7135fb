"""Inspecting files: heat-map and mask pictures beside a record of each image."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crr.data.images import decode, encode_png, find_images
from crr.data.readers import read_ahead
from crr.errors import DatasetError, ImageError
from crr.inference import engine
from crr.models.detector import Detector
from crr.runtime.files import check_writable, write_atomically
from crr.runtime.progress import Reporter
from crr.types import Image, Inspection, Progress
from crr.visualization.colormap import overlay

_HEATMAP_OPACITY = 0.7

FileRecord = dict[str, Any]

_PICTURES = ("heatmap", "mask")
_NAME_BYTES = 200
"""Most bytes of a picture's stem: of 255 in file systems "_heatmap.png" and a temporary name take some."""


def predict_files(
    detector: Detector,
    paths: Sequence[Path],
    out: Path | None = None,
    batch_size: int = 8,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[FileRecord]:
    """Inspect files and folders, a row an image in the order given; memory does not grow with their number.

    Args:
        detector: From `crr.load`.
        paths: Images, and folders that are searched for images.
        out: Folder for `NAME_heatmap.png` and `NAME_mask.png`; None writes no pictures.
        batch_size: Images a forward pass.
        progress: Called about once a second.

    Yields:
        {"path", "score", "percentile", "verdict", "category", "known", "heatmap", "mask"}, or
        {"path", "error"} for a file that cannot be inspected. Paths of pictures are None without `out`.

    Raises:
        DatasetError: There is no image at all in `paths`.
        CRRError: `out` cannot be written to.
    """
    files = find_images(paths)
    if not files:
        folders = ", ".join(map(str, paths))
        raise DatasetError(f"No images found in {folders}. Give image files, or a folder that holds some.")
    if out is not None:
        check_writable(out)
    names = _picture_names(files, out)
    reporter = Reporter(progress)
    reporter.begin("predict", len(files))
    with ThreadPoolExecutor() as pool:
        for batch in read_ahead(pool, _read, files, batch_size):
            images = [image for _, image in batch if not isinstance(image, ImageError)]
            inspections = iter(engine.inspect(detector, images, batch_size))
            rows = [
                {"path": str(path), "error": str(image)}
                if isinstance(image, ImageError)
                else pool.submit(_record, path, image, next(inspections), out, names[path])
                for path, image in batch
            ]
            reporter.advance(len(batch), images=len(batch))
            for row in rows:
                yield row.result() if isinstance(row, Future) else row


def _record(path: Path, image: Image, inspection: Inspection, out: Path | None, name: str) -> FileRecord:
    """One image's row; writes its pictures."""
    row: FileRecord = {
        "path": str(path),
        "score": inspection.score,
        "percentile": inspection.percentile,
        "verdict": inspection.verdict,
        "category": inspection.category,
        "known": inspection.known,
    }
    if out is None:
        return row | dict.fromkeys(_PICTURES)
    map_over_image = overlay(image, inspection.anomaly_map_at(inspection.size), _HEATMAP_OPACITY)
    row["heatmap"] = _write(_picture_file(out, name, "heatmap"), map_over_image)
    row["mask"] = _write(_picture_file(out, name, "mask"), inspection.mask().astype(np.uint8) * 255)
    return row


def _write(file: Path, picture: NDArray[np.uint8]) -> str:
    data = encode_png(picture)
    write_atomically(file, lambda temporary: temporary.write_bytes(data))
    return str(file)


def _picture_names(files: Sequence[Path], out: Path | None) -> dict[Path, str]:
    """A name for each file's pictures: its stem, numbered where it is taken; no picture covers an image.

    A very long stem is cut.
    """
    images = {path.resolve() for path in files}
    taken: dict[str, int] = {}  # name to the last number tried for it
    names: dict[Path, str] = {}
    for path in files:
        stem = _shortened(path.stem)
        name, number = stem, taken.get(stem.casefold(), 1)
        while name.casefold() in taken or _covers(out, name, images):
            number += 1
            name = f"{stem}_{number}"
        taken[name.casefold()] = 1
        taken[stem.casefold()] = number
        names[path] = name
    return names


def _shortened(stem: str) -> str:
    """The stem, cut at a whole character where its file name would be too long."""
    content = os.fsencode(stem)
    if len(content) <= _NAME_BYTES:
        return stem
    return content[:_NAME_BYTES].decode(errors="ignore")


def _covers(out: Path | None, name: str, images: set[Path]) -> bool:
    return out is not None and any(_picture_file(out, name, kind).resolve() in images for kind in _PICTURES)


def _picture_file(out: Path, name: str, kind: str) -> Path:
    return out / f"{name}_{kind}.png"


def _read(path: Path) -> tuple[Path, Image | ImageError]:
    try:
        return path, decode(path)
    except ImageError as error:
        return path, error
