"""A detector run over the test part of a data set, to a report of metrics.

The paper's protocol (arXiv 2512.11401): anomaly map and mask are compared at 256x256, the mask binarised
at 0.5 after resizing; but a mask so thin that it would vanish keeps its heart (`crr.data.masks.shrunk`). One
category's pixels are in memory at a time, and images are read one batch ahead.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crr.config import ValueRange
from crr.data.datasets import Dataset
from crr.data.images import decode
from crr.data.inventory.mask_survey import find_rule
from crr.data.layouts.samples import Category, Sample
from crr.data.masks import MaskRule, read_mask, shrunk
from crr.data.readers import read_ahead
from crr.errors import CRRError, DatasetError
from crr.inference import engine
from crr.metrics.detection import PixelAccumulator, image_metrics
from crr.metrics.report import Figures, Report, finished
from crr.metrics.score_ratios import ScoreRatios, rounded, score_ratio
from crr.models.detector import Detector
from crr.runtime.progress import Reporter
from crr.types import Image, Inspection, Label, Mask, Progress

EVALUATION_SIZE = (256, 256)
"""(height, width) at which anomaly maps and masks are compared."""


def evaluate(
    detector: Detector,
    dataset: Dataset,
    *,
    masks: MaskRule | None = None,
    progress: Callable[[Progress], None] | None = None,
    batch_size: int = 8,
) -> Report:
    """Inspects every test image of `dataset` and measures how well defects were found.

    Memory: three batches of decoded images, and one category's anomaly maps at 256x256 (see
    `PixelAccumulator`). Categories without masks get image-level figures only.

    Args:
        detector: What is measured; it is not told the images' categories.
        dataset: Opened by `crr.data.datasets.open_dataset`; only its test samples are read.
        masks: How its masks are read, from a look at it before; else all are read once more to find out.
        progress: Called about once a second with stage "evaluation".
        batch_size: Images inspected together, at least 1.

    Returns:
        The figures of each category. One that could not be finished, because a file cannot be read or the
        device ran out of memory, is named with the reason in `Report.failed`; the others keep their figures.

    Raises:
        ConfigError: `batch_size` is below 1.
        DatasetError: There is no test image.
        CRRError: No category could be finished: a file cannot be read, the device ran out of memory, or the
            detector answered with something that is not a finite number.
    """
    engine.check_batch_size(batch_size)
    total = count_test_images(dataset)
    reporter = Reporter(progress)
    reporter.begin("evaluation", total)
    rule = masks or find_rule([sample for category in dataset.categories for sample in category.test])
    read = partial(read_test_image, rule=rule, value_range=detector.value_range)
    found, failed = finished(
        {
            category.name: partial(_evaluate_category, detector, category, read, batch_size, reporter)
            for category in dataset.categories
        }
    )
    figures = {name: figures for name, (figures, _) in found.items()}
    return Report(detector.name, figures, {name: ratios for name, (_, ratios) in found.items()}, failed)


def _evaluate_category(
    detector: Detector,
    category: Category,
    read: Callable[..., "EvaluatedImage"],
    batch_size: int,
    reporter: Reporter,
) -> tuple[Figures, ScoreRatios]:
    height, width = EVALUATION_SIZE
    pixels = PixelAccumulator(len(category.test) * height * width)
    scores: list[float] = []
    judged: list[tuple[Label, float | None]] = []
    with ThreadPoolExecutor() as pool:
        read_one = partial(read, with_mask=category.has_masks)
        for batch in read_ahead(pool, read_one, category.test, batch_size):
            inspections = engine.inspect(detector, [item.image for item in batch], batch_size=batch_size)
            for item, inspection in zip(batch, inspections, strict=True):
                score = finite_score(inspection, item.path)
                label: Label = "defective" if category.test[len(scores)].defective else "good"
                has_verdict = inspection.known and inspection.seen
                ratio = rounded(score_ratio(score, inspection.threshold)) if has_verdict else None
                judged.append((label, ratio))
                scores.append(score)
                if item.mask is not None:
                    pixels.add(inspection.anomaly_map_at(EVALUATION_SIZE), item.mask, str(item.path))
            reporter.advance(len(batch), images=len(batch))
    figures = Figures(
        images=len(scores),
        **image_metrics(scores, [sample.defective for sample in category.test]),
        **pixels.metrics(),
    )
    return figures, ScoreRatios.of(judged)


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


def read_test_image(
    sample: Sample, with_mask: bool, rule: MaskRule, value_range: ValueRange | None
) -> EvaluatedImage:
    """An image of a data set, its mask at `EVALUATION_SIZE`.

    Raises:
        ImageError: A file cannot be read.
        DatasetError: The mask has another shape than the image.
    """
    image = decode(sample.path, str(sample.path), value_range=value_range)
    mask = shrunk(read_mask(sample, image.shape[:2], rule), EVALUATION_SIZE) if with_mask else None
    return EvaluatedImage(sample.path, image, mask)


def finite_score(inspection: Inspection, path: object) -> float:
    """The score of an image; raises `CRRError` if it is not a finite number."""
    if not math.isfinite(inspection.score):
        raise CRRError(
            f"The score of {path} is not a finite number, so nothing can be measured. "
            "The model is probably damaged: try another checkpoint, or train it again."
        )
    return inspection.score
