"""A detector run over the test part of a data set, to a report of metrics.

The paper's protocol (arXiv 2512.11401): anomaly map and mask are compared at 256x256, the mask binarised
at 0.5 after resizing. One category's pixels are in memory at a time, and images are read one batch ahead.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crr.data.datasets import Category, Dataset, Sample, read_mask
from crr.data.images import decode
from crr.data.readers import read_ahead
from crr.errors import CRRError, DatasetError
from crr.inference import engine
from crr.metrics.detection import PixelAccumulator, image_metrics
from crr.metrics.report import Figures, Report
from crr.models.detector import Detector
from crr.runtime.progress import Reporter
from crr.types import Image, Inspection, Mask, Progress

EVALUATION_SIZE = (256, 256)
"""(height, width) at which anomaly maps and masks are compared."""


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
        dataset: Opened by `crr.data.datasets.open_dataset`; only its test samples are read.
        progress: Called about once a second with stage "evaluation".
        batch_size: Images inspected together, at least 1.

    Raises:
        ConfigError: `batch_size` is below 1.
        DatasetError: There is no test image.
        ImageError: A test image or a mask cannot be read; the sentence names the file.
        CRRError: The detector answered with something that is not a finite number.
    """
    engine.check_batch_size(batch_size)
    total = count_test_images(dataset)
    reporter = Reporter(progress)
    reporter.begin("evaluation", total)
    return Report(
        model=detector.name,
        categories={
            category.name: _evaluate_category(detector, category, batch_size, reporter)
            for category in dataset.categories
        },
    )


def _evaluate_category(
    detector: Detector, category: Category, batch_size: int, reporter: Reporter
) -> Figures:
    height, width = EVALUATION_SIZE
    pixels = PixelAccumulator(len(category.test) * height * width)
    scores = []
    with ThreadPoolExecutor() as pool:
        read_one = partial(read_test_image, with_mask=category.has_masks)
        for batch in read_ahead(pool, read_one, category.test, batch_size):
            inspections = engine.inspect(detector, [read.image for read in batch], batch_size=batch_size)
            for read, inspection in zip(batch, inspections, strict=True):
                scores.append(_finite_score(inspection, read.path))
                if read.mask is not None:
                    pixels.add(inspection.anomaly_map_at(EVALUATION_SIZE), read.mask, str(read.path))
            reporter.advance(len(batch), images=len(batch))
    return Figures(
        images=len(scores),
        **image_metrics(scores, [sample.defective for sample in category.test]),
        **pixels.metrics(),
    )


def count_test_images(dataset: Dataset) -> int:
    """How many there are in all categories; raises `DatasetError` if there is none."""
    total = sum(len(category.test) for category in dataset.categories)
    if total == 0:
        raise DatasetError(
            f"{dataset.root} has no test images, so there is nothing to measure. "
            "Add good and defective images, as the MVTec-AD layout does in its test folders."
        )
    return total


@dataclass(frozen=True)
class EvaluatedImage:
    """A test image in memory; `mask` is None in a category without masks."""

    path: Path
    image: Image
    mask: Mask | None


def read_test_image(sample: Sample, with_mask: bool) -> EvaluatedImage:
    """An image of a data set, its mask at `EVALUATION_SIZE`; raises `ImageError` if a file cannot be read."""
    image = decode(sample.path, str(sample.path))
    return EvaluatedImage(sample.path, image, read_mask(sample, EVALUATION_SIZE) if with_mask else None)


def _finite_score(inspection: Inspection, path: Path) -> float:
    if not math.isfinite(inspection.score):
        raise CRRError(
            f"The score of {path} is not a finite number, so nothing can be measured. "
            "The model is probably damaged: try another checkpoint, or train it again."
        )
    return inspection.score
