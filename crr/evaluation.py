"""A detector run over the test part of a data set, to a report of metrics.

The paper's protocol (arXiv 2512.11401): anomaly map and mask are compared at 256x256, the mask binarised
at 0.5 after resizing. One category's pixels are in memory at a time, and images are read one batch ahead.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crr import engine
from crr.datasets import Category, Dataset, Sample, read_mask
from crr.detector import Detector
from crr.errors import ConfigError, CRRError, DatasetError
from crr.images import decode
from crr.metrics import PixelAccumulator, image_metrics
from crr.types import Image, Inspection, Mask, Progress

EVALUATION_SIZE = (256, 256)
"""(height, width) at which anomaly maps and masks are compared."""


@dataclass(frozen=True)
class Figures:
    """Metrics of one category, or their mean: fractions in [0, 1], None where they cannot be had.

    Image-level figures need good and defective test images, pixel-level figures need masks.

    Attributes:
        images: Test images inspected.
        image_auroc: Area under the ROC curve of the image scores.
        image_ap: Average precision of the image scores.
        image_f1max: Largest F1 that any threshold on the image score reaches.
        pixel_auroc: As above, over all pixels of the category.
        pixel_ap: As above, over all pixels of the category.
        pixel_f1max: As above, over all pixels of the category.
        aupro: Area under the per-region overlap up to a false-positive rate of 0.3.
    """

    images: int
    image_auroc: float | None
    image_ap: float | None
    image_f1max: float | None
    pixel_auroc: float | None
    pixel_ap: float | None
    pixel_f1max: float | None
    aupro: float | None


@dataclass(frozen=True)
class Report:
    """What `evaluate` found.

    Attributes:
        model: Name of the checkpoint.
        categories: Category to its figures, in the data set's order.
    """

    model: str
    categories: dict[str, Figures]

    @property
    def mean(self) -> Figures:
        """Mean over the categories that have the figure; `images` is the total."""
        rows = [asdict(figures) for figures in self.categories.values()]
        total = sum(row.pop("images") for row in rows)
        return Figures(total, **{metric: _mean([row[metric] for row in rows]) for metric in rows[0]})

    def as_json(self) -> dict[str, Any]:
        """{"model", "categories": {name: figures}, "mean": figures} of plain values."""
        return {
            "model": self.model,
            "categories": {name: asdict(figures) for name, figures in self.categories.items()},
            "mean": asdict(self.mean),
        }


def evaluate(
    detector: Detector,
    dataset: Dataset,
    *,
    progress: Callable[[Progress], None] | None = None,
    batch_size: int = 8,
) -> Report:
    """Inspects every test image of `dataset` and measures how well defects were found.

    Memory: three batches of decoded images, and one category's anomaly maps at 256x256 (see
    `PixelAccumulator`). Categories without masks get image-level figures only.

    Args:
        detector: What is measured; it is not told the images' categories.
        dataset: Opened by `crr.datasets.open_dataset`; only its test samples are read.
        progress: Called after each batch with stage "evaluation".
        batch_size: Images inspected together, at least 1.

    Raises:
        ConfigError: `batch_size` is below 1.
        DatasetError: There is no test image.
        ImageError: A test image or a mask cannot be read; the sentence names the file.
        CRRError: The detector answered with something that is not a finite number.
    """
    if batch_size < 1:
        raise ConfigError(f"The batch size is {batch_size}; choose 1 or more.")
    total = sum(len(category.test) for category in dataset.categories)
    if total == 0:
        raise DatasetError(
            f"{dataset.root} has no test images, so there is nothing to evaluate. "
            "Add good and defective images, as the MVTec-AD layout does in its test folders."
        )
    report = _Reporter(progress, total)
    return Report(
        model=detector.name,
        categories={
            category.name: _evaluate_category(detector, category, batch_size, report)
            for category in dataset.categories
        },
    )


class _Reporter:
    """Counts inspected images and tells `progress`."""

    def __init__(self, progress: Callable[[Progress], None] | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._started = self._last = time.perf_counter()

    def __call__(self, images: int) -> None:
        """Reports that `images` more are done."""
        now = time.perf_counter()
        self._done += images
        if self._progress is not None:
            self._progress(
                Progress(
                    stage="evaluation",
                    step=self._done,
                    total=self._total,
                    images_per_second=images / max(now - self._last, 1e-9),
                    seconds_left=(now - self._started) / self._done * (self._total - self._done),
                )
            )
        self._last = now


def _evaluate_category(
    detector: Detector, category: Category, batch_size: int, report: Callable[[int], None]
) -> Figures:
    height, width = EVALUATION_SIZE
    pixels = PixelAccumulator(len(category.test) * height * width)
    scores = []
    for batch in _read_ahead(category, batch_size):
        inspections = engine.inspect(detector, [read.image for read in batch], batch_size=batch_size)
        for read, inspection in zip(batch, inspections, strict=True):
            scores.append(_finite_score(inspection, read.path))
            if read.mask is not None:
                pixels.add(inspection.anomaly_map_at(EVALUATION_SIZE), read.mask, str(read.path))
        report(len(batch))
    return Figures(
        images=len(scores),
        **image_metrics(scores, [sample.defective for sample in category.test]),
        **pixels.metrics(),
    )


@dataclass(frozen=True)
class _Read:
    """A test image in memory; `mask` is None in a category without masks."""

    path: Path
    image: Image
    mask: Mask | None


def _read(sample: Sample, with_mask: bool) -> _Read:
    image = decode(sample.path, str(sample.path))
    return _Read(sample.path, image, read_mask(sample, EVALUATION_SIZE) if with_mask else None)


def _read_ahead(category: Category, batch_size: int) -> Iterator[list[_Read]]:
    """Batches of test samples in order; while the caller works on one, threads read the next."""
    with ThreadPoolExecutor() as pool:
        ahead: list[Future[_Read]] = []
        for start in range(0, len(category.test), batch_size):
            due = ahead
            samples = category.test[start : start + batch_size]
            ahead = [pool.submit(_read, sample, category.has_masks) for sample in samples]
            if due:
                yield [future.result() for future in due]
        if ahead:
            yield [future.result() for future in ahead]


def _finite_score(inspection: Inspection, path: Path) -> float:
    if not math.isfinite(inspection.score):
        raise CRRError(
            f"The score of {path} is not a finite number, so nothing can be measured. "
            "The model is probably damaged: try another checkpoint, or train it again."
        )
    return inspection.score


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
