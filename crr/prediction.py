"""Inspecting files: heat-map and mask pictures beside a record of each image."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crr import engine
from crr.anomalies import AnomalySynthesizer
from crr.contact_sheet import contact_sheet
from crr.datasets import Dataset
from crr.detector import Detector
from crr.errors import DatasetError, ImageError
from crr.files import write_atomically
from crr.images import decode, encode_png, find_images
from crr.types import Image, Inspection, Progress

Row = dict[str, Any]


def predict_files(
    detector: Detector,
    paths: Sequence[Path],
    out: Path | None,
    batch_size: int = 8,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[Row]:
    """Inspect files and folders, a row an image; memory does not grow with their number.

    Args:
        detector: From `crr.load`.
        paths: Images, and folders that are searched for images.
        out: Folder for `NAME_heatmap.png` and `NAME_mask.png`; None writes no pictures.
        batch_size: Images a forward pass.
        progress: Called after each batch.

    Yields:
        {"path", "score", "percentile", "verdict", "category", "known", "heatmap", "mask"}, or
        {"path", "error"} for a file that cannot be inspected.

    Raises:
        DatasetError: There is no image at all in `paths`.
    """
    files = find_images(paths)
    if not files:
        raise DatasetError(f"No images found in {', '.join(map(str, paths))}. Give image files or a folder of images.")
    names = _picture_names(files)
    done = 0
    with ThreadPoolExecutor(1) as pool:
        for batch in _prefetched(pool, files, batch_size):
            images = [image for _, image in batch if not isinstance(image, ImageError)]
            inspections = iter(engine.inspect(detector, images, batch_size))
            for path, image in batch:
                if isinstance(image, ImageError):
                    yield {"path": str(path), "error": str(image)}
                    continue
                inspection = next(inspections)
                pictures = _write_pictures(image, inspection, out, names[path]) if out else {"heatmap": None, "mask": None}
                yield {**_row(path, inspection), **pictures}
            done += len(batch)
            if progress is not None:
                progress(Progress("predict", done, len(files)))


def heatmap(image: Image, inspection: Inspection, opacity: float = 0.6) -> Image:
    """The image with its anomaly map laid over it; fixed colour scale 0..1, transparent at zero."""
    values = inspection.anomaly_map_at(inspection.size).clip(0, 1)
    colours = cv2.applyColorMap((255 * values).astype(np.uint8), cv2.COLORMAP_INFERNO)[:, :, ::-1]
    alpha = opacity * np.minimum(1, 2 * values)[:, :, None]
    return np.asarray((1 - alpha) * image + alpha * colours, dtype=np.uint8)


def anomaly_sheet(
    dataset: Dataset, out: Path, *, count: int, seed: int, size: int, textures: Path | None = None
) -> None:
    """Write a contact sheet of `count` damaged training images a category as a PNG."""
    files = find_images([textures]) if textures else None
    synthesizer = AnomalySynthesizer(files)
    everything = [sample for category in dataset.categories for sample in category.train]
    rows = []
    for index, category in enumerate(dataset.categories):
        damages = []
        for number in range(count):
            random = np.random.default_rng([seed, index, number])
            own, donor = (pool[int(random.integers(len(pool)))].path for pool in (category.train, everything))
            image, other = (cv2.resize(decode(path), (size, size), interpolation=cv2.INTER_AREA) for path in (own, donor))
            damages.append(synthesizer.damage(np.asarray(image), random, [np.asarray(other)]))
        rows.append(damages)
    sheet = encode_png(contact_sheet(rows))
    write_atomically(out, lambda path: path.write_bytes(sheet))


def _row(path: Path, inspection: Inspection) -> Row:
    return {
        "path": str(path),
        "score": inspection.score,
        "percentile": inspection.percentile,
        "verdict": inspection.verdict,
        "category": inspection.category,
        "known": inspection.known,
    }


def _write_pictures(image: Image, inspection: Inspection, out: Path, name: str) -> dict[str, str]:
    pictures: dict[str, NDArray[np.uint8]] = {
        "heatmap": heatmap(image, inspection),
        "mask": inspection.mask().astype(np.uint8) * 255,
    }
    written = {}
    for kind, picture in pictures.items():
        path = out / f"{name}_{kind}.png"
        data = encode_png(picture)
        write_atomically(path, lambda temporary, data=data: temporary.write_bytes(data))
        written[kind] = str(path)
    return written


def _picture_names(files: Sequence[Path]) -> dict[Path, str]:
    """A name for each file's pictures: its stem, with a number where two files share one."""
    names: dict[Path, str] = {}
    taken: dict[str, int] = {}
    for path in files:
        count = taken[path.stem] = taken.get(path.stem, 0) + 1
        names[path] = path.stem if count == 1 else f"{path.stem}_{count}"
    return names


def _prefetched(
    pool: ThreadPoolExecutor, files: Sequence[Path], batch_size: int
) -> Iterator[list[tuple[Path, Image | ImageError]]]:
    """Decoded batches, the next one read while the current one is inspected."""
    remaining = iter(files)
    following: Future[list[tuple[Path, Image | ImageError]]] | None = None
    while True:
        paths = list(islice(remaining, batch_size))
        upcoming = pool.submit(_decode_all, paths) if paths else None
        if following is not None:
            yield following.result()
        if upcoming is None:
            return
        following = upcoming


def _decode_all(paths: Sequence[Path]) -> list[tuple[Path, Image | ImageError]]:
    return [(path, _decoded(path)) for path in paths]


def _decoded(path: Path) -> Image | ImageError:
    try:
        return decode(path)
    except ImageError as error:
        return error
