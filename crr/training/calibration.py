"""What a trained detector learns about normality, with no test image and no real defect.

In order: which category is which, the memory of methods that have one, the residual's statistics a
category (before stage 2 looks at distances), then the fusion weight and the thresholds, from held-back
normals and damage synthesised on them.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crr.anomalies import AnomalySynthesizer
from crr.anomalies.textures import donor_images
from crr.config import CategoryCalibration
from crr.data.datasets import evenly_spread
from crr.data.layouts.samples import Sample
from crr.data.readers import CachedReader, read_ahead, read_input
from crr.metrics.detection import PixelAccumulator, f1_max, image_metrics
from crr.models.components.anomaly_map import mean_map, top_share_score
from crr.models.components.category_recogniser import summary
from crr.models.detector import Detector, MemoryDetector
from crr.runtime.progress import Reporter
from crr.types import Features, Mask, Reconstruction

_STATISTICS_IMAGES = 200  # normals a category that the statistics rest on
_CALIBRATION_IMAGES = 60  # held-back normals a category that scores and thresholds rest on
_BATCH = 8
_RARE = 0.999  # the map is scaled so that this quantile of normal pixels' distance becomes 0.5
_SMALLEST_SCALE = 1e-6  # of a category whose images are all the same
_FUSION_WEIGHTS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
_PAPER_WEIGHT = 0.7
_INDISTINGUISHABLE = 0.01  # fusion weights that differ by less are called equal: two seeds differ by as much
_NORMAL_QUANTILE = 0.95  # at most about one held-back normal in twenty is called defective

Samples = Mapping[str, Sequence[Sample]]


def fit_recogniser(detector: Detector, training: Samples, held_back: Samples, reporter: Reporter) -> None:
    """Learn each category's centre in encoder space, and how far held-back normals lie from it.

    Args:
        detector: The detector; nothing of it need be trained.
        training: Category to the images that were trained on, in the detector's order of categories.
        held_back: Category to images that were held back, at least one of each.
        reporter: Told of the stage "categories".
    """
    parts = [_spread(training, _STATISTICS_IMAGES), _spread(held_back, _STATISTICS_IMAGES)]
    reporter.begin("categories", sum(map(_count, parts)))
    summaries = [
        [
            torch.cat([summary(features).cpu() for features in _features(detector, samples, reporter)])
            for samples in part.values()
        ]
        for part in parts
    ]
    detector.recogniser.fit(*summaries)


def memorise(detector: MemoryDetector, training: Samples, reporter: Reporter) -> None:
    """Let a method remember its normal features.

    Args:
        detector: The detector, with its `recogniser` fitted.
        training: Category to its normal images, in the detector's order of categories.
        reporter: Told of the stage "memory".
    """
    training = _spread(training, _STATISTICS_IMAGES)
    reporter.begin("memory", _count(training))
    for index, samples in enumerate(training.values()):
        detector.memorise(index, _features(detector, samples, reporter))


def fit_statistics(detector: Detector, training: Samples, held_back: Samples, reporter: Reporter) -> None:
    """Fit the measure of the residual and the map's scale in place.

    The measure rests on training normals (there are many), how high distances go on held-back normals, which
    no training has seen.

    Args:
        detector: The detector, trained: it decodes as it will.
        training: Category to the images that were trained on, in the detector's order of categories.
        held_back: Category to images that were held back, at least one of each.
        reporter: Told of the stage "statistics".
    """
    training, held_back = _spread(training, _STATISTICS_IMAGES), _spread(held_back, _STATISTICS_IMAGES)
    learnt = detector.metric is not None
    reporter.begin("statistics", _count(held_back) + (_count(training) if learnt else 0))
    if detector.metric is not None:
        for index, samples in enumerate(training.values()):
            detector.metric.fit(index, _reconstructions(detector, samples, reporter))
    for index, samples in enumerate(held_back.values()):
        maps = []
        for reconstruction in _reconstructions(detector, samples, reporter):
            measures = detector.measures(reconstruction, _category(detector, reconstruction, index))
            maps.append(torch.stack([detector.smooth(mean_map(layers)) for layers in measures]).cpu())
        for measure, values in enumerate(torch.cat(maps, dim=1).numpy()):
            detector.scale[measure, index] = max(float(np.quantile(values, _RARE)), _SMALLEST_SCALE)


def calibrate(
    detector: Detector, held_back: Samples, synthesizers: Sequence[AnomalySynthesizer], reporter: Reporter
) -> None:
    """Choose the fusion weight and the thresholds; writes them into `detector.config`.

    Deterministic: the damage is a function of the training seed.

    Args:
        detector: Trained, and its statistics fitted.
        held_back: Category to images that were not trained on, in the detector's order of categories.
        synthesizers: Each damages one copy of every image. Where all of them make what the segmentation
            network was trained on, it looks better than it is and gets too much weight.
        reporter: Told of the stage "calibration".
    """
    held_back = _spread(held_back, _CALIBRATION_IMAGES)
    reporter.begin("calibration", (1 + len(synthesizers)) * _count(held_back))
    examples = list(_examples(detector, held_back, synthesizers, reporter))
    weight = 1.0 if detector.segmentation is None else _choose_weight(detector, examples)
    prediction = replace(detector.config.prediction, distance_weight=weight)
    detector.config = replace(detector.config, prediction=prediction)
    calibration = [
        _calibrate_category(detector, name, rows) for name, rows in zip(held_back, examples, strict=True)
    ]
    detector.config = replace(detector.config, calibration=tuple(calibration))


@dataclass(frozen=True)
class _Examples:
    """One category's held-back images, each clean and damaged, with the two maps that are fused.

    Attributes:
        distance: (N, 1, h, w) float32 on the CPU, not yet smoothed.
        probability: The segmentation network's, of the same shape; None if there is no such network.
        masks: (N, map, map), all False for a clean image.
        damaged: (N,) True for a damaged image.
    """

    distance: Tensor
    probability: Tensor | None
    masks: NDArray[np.bool_]
    damaged: NDArray[np.bool_]


@torch.inference_mode()
def _features(detector: Detector, samples: Sequence[Sample], reporter: Reporter) -> Iterator[Features]:
    # Each image is read once, so none is kept: kept ones between buffers that come and go fragment the heap.
    read = partial(read_input, encoder=detector.config.encoder, value_range=detector.value_range)
    with ThreadPoolExecutor(max_workers=1) as pool:
        for images in read_ahead(pool, read, [sample.path for sample in samples], _BATCH):
            yield detector.encoder(detector.as_input(images))
            reporter.advance(len(images), images=len(images))


@torch.inference_mode()
def _reconstructions(
    detector: Detector, samples: Sequence[Sample], reporter: Reporter
) -> Iterator[Reconstruction]:
    for features in _features(detector, samples, reporter):
        yield Reconstruction(features, detector.decode(features))


def _category(detector: Detector, reconstruction: Reconstruction, index: int) -> Tensor:
    return torch.full((len(reconstruction.encoder[0]),), index, device=detector.device)


@torch.inference_mode()
def _maps(detector: Detector, reconstruction: Reconstruction, index: int) -> tuple[Tensor, Tensor | None]:
    """Distance map and probability (N, 1, h, w) of images of category `index`, each on its own grid."""
    distances = detector.distances(reconstruction, _category(detector, reconstruction, index))
    probability = None
    if detector.segmentation is not None:
        probability = detector.segmentation.probability(reconstruction, distances)
    return mean_map(distances), probability


@torch.inference_mode()
def _examples(
    detector: Detector, held_back: Samples, synthesizers: Sequence[AnomalySynthesizer], reporter: Reporter
) -> Iterator[_Examples]:
    """Each category's held-back normals and damaged copies of them."""
    read = CachedReader(detector.config.encoder, detector.value_range)
    paths = [[sample.path for sample in samples] for samples in held_back.values()]
    seed, size = detector.config.training.seed, detector.config.prediction.map_size
    for index, samples in enumerate(held_back.values()):
        distances, probabilities, masks = [], [], []
        for number, sample in enumerate(samples):
            random = np.random.default_rng([seed, index, number])
            images = [read(sample.path)]
            masks.append(np.zeros((size, size), dtype=bool))
            for synthesizer in synthesizers:
                damage = synthesizer.damage(images[0], random, donor_images(paths, index, read, random))
                images.append(damage.image)
                masks.append(_at_size(damage.mask, size))
            distance, probability = _maps(detector, detector.reconstruct(detector.as_input(images)), index)
            distances.append(distance.float().cpu())
            if probability is not None:
                probabilities.append(probability.float().cpu())
            reporter.advance(len(images), images=len(images))
        yield _Examples(
            distance=torch.cat(distances),
            probability=torch.cat(probabilities) if probabilities else None,
            masks=np.stack(masks),
            damaged=np.array([mask.any() for mask in masks]),
        )


def _choose_weight(detector: Detector, examples: Sequence[_Examples]) -> float:
    """The weight with the best validation figures; of equally good ones the nearest to the paper's."""
    merits = np.mean([_merits(detector, rows) for rows in examples], axis=0)
    good = np.flatnonzero(merits >= merits.max() - _INDISTINGUISHABLE)
    return min((_FUSION_WEIGHTS[index] for index in good), key=lambda weight: abs(weight - _PAPER_WEIGHT))


def _merits(detector: Detector, rows: _Examples) -> list[float]:
    """For each fusion weight the mean of image AUROC, pixel AP and AUPRO on the synthesised damage."""
    assert rows.probability is not None
    distance, probability = detector.smooth(rows.distance), detector.smooth(rows.probability)
    merits = []
    for weight in _FUSION_WEIGHTS:
        maps = weight * distance + (1 - weight) * probability
        pixels = PixelAccumulator(rows.masks.size)
        for anomaly_map, mask in zip(maps[:, 0].numpy(), rows.masks, strict=True):
            pixels.add(anomaly_map, mask)
        metrics = {**image_metrics(_scores(detector, maps), rows.damaged), **pixels.metrics()}
        merits.append(float(np.mean([metrics[name] or 0.0 for name in ("image_auroc", "pixel_ap", "aupro")])))
    return merits


def _calibrate_category(detector: Detector, name: str, rows: _Examples) -> CategoryCalibration:
    maps = detector.fuse(rows.distance, rows.probability)
    scores = _scores(detector, maps)
    normal = np.sort(scores[~rows.damaged])
    _, best = f1_max(scores, rows.damaged)
    below = normal[normal < best]
    threshold = (best + below.max()) / 2 if below.size else best  # halfway into the gap, if there is one
    _, pixel_threshold = f1_max(maps[:, 0].numpy(), rows.masks)
    return CategoryCalibration(
        name=name,
        threshold=max(float(threshold), float(np.quantile(normal, _NORMAL_QUANTILE))),
        pixel_threshold=pixel_threshold,
        normal_scores=tuple(float(score) for score in normal),
    )


def _scores(detector: Detector, maps: Tensor) -> NDArray[np.float32]:
    return top_share_score(maps, detector.config.prediction.top_share).numpy()


def _at_size(mask: Mask, size: int) -> Mask:
    """The mask at size x size, binarised at 0.5 after resizing."""
    grid = functional.adaptive_avg_pool2d(torch.from_numpy(mask)[None, None].float(), size)[0, 0]
    limit = min(0.5, float(grid.max()))  # damage thinner than a pixel of the map keeps its heart
    return np.asarray(((grid >= limit) & (grid > 0)).numpy())


def _spread(samples: Samples, most: int) -> Samples:
    """At most `most` samples of each category, evenly spread."""
    return {name: evenly_spread(rows, most) for name, rows in samples.items()}


def _count(samples: Samples) -> int:
    return sum(map(len, samples.values()))
