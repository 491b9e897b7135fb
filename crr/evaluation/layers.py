"""Which layer tells defects best: the map of each layer alone, measured like a detector's map."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch

from crr.data.datasets import Dataset
from crr.data.inventory.mask_survey import find_rule
from crr.data.layouts.samples import Category
from crr.data.masks import MaskRule
from crr.data.readers import read_ahead
from crr.evaluation.detection import EVALUATION_SIZE, count_test_images, read_test_image
from crr.inference.engine import uncropped
from crr.inference.explanation import Map, MapTerms, explain
from crr.metrics.detection import PixelAccumulator, image_metrics
from crr.metrics.report import finished
from crr.models.detector import Detector
from crr.runtime.progress import Reporter
from crr.types import Progress

ALL, SEGMENTATION = "all together", "segmentation"


@dataclass(frozen=True)
class LayerFigures:
    """One layer of one category; each is None where it is not defined.

    Attributes:
        image_auroc: AUROC of the image score that this layer's map alone would give, in [0, 1].
        pixel_ap: Average precision of its map's pixels.
        aupro: Area under the per-region overlap.
    """

    image_auroc: float | None
    pixel_ap: float | None
    aupro: float | None


@dataclass(frozen=True)
class LayerReport:
    """What `measure_layers` found.

    Attributes:
        model: Name of the checkpoint.
        categories: Category to layer to its figures; behind the layers the segmentation network's map, if
            there is one, and the detector's own map (`ALL`).
        failed: Category that could not be finished to the sentence that says why.
    """

    model: str
    categories: dict[str, dict[str, LayerFigures]]
    failed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """{"model", "categories", "best": {category: layer}} of plain values, and "failed" if any."""
        values = asdict(self) | {"best": {name: self.best(name) for name in self.categories}}
        return {key: value for key, value in values.items() if key != "failed" or value}

    def best(self, category: str) -> str | None:
        """The layer with the highest image AUROC, None where there is none."""
        found = {
            name: figures.image_auroc
            for name, figures in self.categories[category].items()
            if name not in (ALL, SEGMENTATION) and figures.image_auroc is not None
        }
        return max(found, key=lambda name: found[name]) if found else None


def measure_layers(
    detector: Detector,
    dataset: Dataset,
    *,
    masks: MaskRule | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> LayerReport:
    """Inspect every test image, and measure each layer's map as if it were the detector's only one.

    Args:
        detector: What is measured.
        dataset: Only its test images are read.
        masks: As for `crr.evaluation.detection.evaluate`.
        progress: Called about once a second with the stage "layers".

    Raises:
        DatasetError: There is no test image.
        CRRError: No category could be finished; else the others are named in `LayerReport.failed`.
    """
    total = count_test_images(dataset)
    reporter = Reporter(progress)
    reporter.begin("layers", total)
    rule = masks or find_rule([sample for category in dataset.categories for sample in category.test])
    categories, failed = finished(
        {
            category.name: partial(_measure_category, detector, category, rule, reporter)
            for category in dataset.categories
            if category.test
        }
    )
    return LayerReport(detector.name, categories, failed)


def _measure_category(
    detector: Detector, category: Category, rule: MaskRule, reporter: Reporter
) -> dict[str, LayerFigures]:
    names = [layer.name for layer in detector.encoder.layers]
    names += [SEGMENTATION] if detector.segmentation is not None else []
    names.append(ALL)
    height, width = EVALUATION_SIZE
    pixels = {name: PixelAccumulator(len(category.test) * height * width) for name in names}
    scores: dict[str, list[float]] = {name: [] for name in names}
    with ThreadPoolExecutor() as pool:
        read = partial(
            read_test_image, with_mask=category.has_masks, rule=rule, value_range=detector.value_range
        )
        for [image] in read_ahead(pool, read, category.test, 1):
            terms = explain(detector, image.image).terms
            for name, (anomaly_map, score) in zip(names, _maps(terms), strict=True):
                scores[name].append(score)
                if image.mask is not None:
                    pixels[name].add(_evaluated(detector, anomaly_map), image.mask, str(image.path))
            reporter.advance(images=1)
    defective = [sample.defective for sample in category.test]
    return {
        name: LayerFigures(
            image_auroc=image_metrics(scores[name], defective)["image_auroc"],
            pixel_ap=(metrics := pixels[name].metrics())["pixel_ap"],
            aupro=metrics["aupro"],
        )
        for name in names
    }


def _maps(terms: MapTerms) -> list[tuple[Map, float]]:
    """Map and score of each layer alone, of the segmentation network alone, and of all together."""
    chosen = [(list(row), 1.0) for row in np.eye(len(terms.layers))]
    if terms.segmentation is not None:
        chosen.append(([1.0] * len(terms.layers), 0.0))
    fused = [terms.fused(weights, distance_weight) for weights, distance_weight in chosen]
    return [(found.anomaly_map, found.score) for found in [*fused, terms.fused()]]


def _evaluated(detector: Detector, anomaly_map: Map) -> Map:
    whole = uncropped(detector, torch.from_numpy(anomaly_map)[None, None])[0]
    height, width = EVALUATION_SIZE
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
