"""Inspecting files: heat-map and mask pictures beside a record of each image."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from crr.runtime.names import FreeNames, folder_name
from crr.runtime.paths import StrPath, as_path, as_paths
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
    paths: Sequence[StrPath] | StrPath,
    out: StrPath | None = None,
    batch_size: int = 8,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[FileRecord]:
    """Inspect files and folders, a row an image in the order given; memory does not grow with their number.

    Args:
        detector: From `crr.load`.
        paths: Images, and folders that are searched for images, as text or `Path`; a single one will do.
        out: Folder for `NAME_heatmap.png` and `NAME_mask.png`, in the subfolders that an image of a searched
            folder lies in; None writes no pictures.
        batch_size: Images a forward pass.
        progress: Called about once a second.

    Yields:
        {"path", "score", "percentile", "verdict", "category", "known", "heatmap", "mask"}, or
        {"path", "error"} for a file that cannot be inspected. Paths of pictures are None without `out`.

    Raises:
        DatasetError: There is no image at all in `paths`.
        CRRError: `out` cannot be written to.
    """
    paths = as_paths(paths, "What to inspect")
    out = None if out is None else as_path(out, "The folder for pictures")
    searched = _searched(paths)
    files = list(searched)
    if not files:
        folders = ", ".join(map(str, paths))
        raise DatasetError(f"No images found in {folders}. Give image files, or a folder that holds some.")
    if out is not None:
        check_writable(out)
    names = _picture_names(searched, out)
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


def _searched(paths: Sequence[Path]) -> dict[Path, Path]:
    """Image to the folder that it was found in; its own one if it was given by itself."""
    found: dict[Path, Path] = {}
    for path in paths:
        folder = path if path.is_dir() else path.parent
        for file in find_images([path]):
            found.setdefault(file, folder)
    return found


def _picture_names(searched: Mapping[Path, Path], out: Path | None) -> dict[Path, str]:
    """A name for each file's pictures: its stem, behind the subfolders that it was found in.

    It is numbered where it is taken; no picture covers an image. A very long stem is cut.
    """
    images = {str(path.resolve()).casefold() for path in searched}
    free = FreeNames(lambda name: _covers(out, name, images))
    names: dict[Path, str] = {}
    for path, folder in searched.items():
        folders = path.parent.relative_to(folder).parts
        names[path] = free.take("/".join([*map(folder_name, folders), _shortened(path.stem)]))
    return names


def _shortened(stem: str) -> str:
    """The stem, cut at a whole character where its file name would be too long."""
    content = os.fsencode(stem)
    if len(content) <= _NAME_BYTES:
        return stem
    return content[:_NAME_BYTES].decode(errors="ignore")


def _covers(out: Path | None, name: str, images: set[str]) -> bool:
    """Whether a picture would lie where an image does, perhaps one whose name has other capitals."""
    return out is not None and any(
        str(_picture_file(out, name, kind).resolve()).casefold() in images for kind in _PICTURES
    )


def _picture_file(out: Path, name: str, kind: str) -> Path:
    return out / f"{name}_{kind}.png"


def _read(path: Path) -> tuple[Path, Image | ImageError]:
    try:
        return path, decode(path)
    except ImageError as error:
        return path, error
