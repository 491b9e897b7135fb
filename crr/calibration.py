"""What a trained detector learns about normality, with no test image and no real defect.

Three things, in order: the residual's statistics a category (before stage 2 looks at distances), then
the fusion weight and the thresholds, from held-back normals and damage synthesised on them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crr.anomalies import AnomalySynthesizer
from crr.categories import summary
from crr.config import CategoryCalibration
from crr.datasets import Sample
from crr.detector import Detector, as_input_tensor
from crr.maps import top_share_score
from crr.metrics import PixelAccumulator, f1_max, image_metrics
from crr.residual_metric import ResidualStatistics
from crr.training_data import CachedReader
from crr.types import Mask, Reconstruction

_STATISTICS_IMAGES = 200  # training normals a category that the statistics rest on
_DAMAGED_COPIES = 2
_CALIBRATION_IMAGES = 60  # held-back normals a category that are damaged for the thresholds
_BATCH = 8
_RARE = 0.999  # the map is scaled so that this quantile of normal pixels' distance becomes 0.5
_FUSION_WEIGHTS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
_PAPER_WEIGHT = 0.7
_INDISTINGUISHABLE = 0.005  # fusion weights whose validation figures differ by less are called equal
_NORMAL_QUANTILE = 0.95  # at most about one held-back normal in twenty is called defective

Samples = Mapping[str, Sequence[Sample]]
Report = Callable[[int, int], None]


def fit_statistics(detector: Detector, training: Samples, held_back: Samples, report: Report) -> None:
    """Fit residual metric, category centres and map scale in place.

    Means and covariances rest on training normals (there are many); how far normals lie from their
    centre, and how high their distances go, on held-back normals, which no training has seen.
    """
    read = CachedReader(detector.config.encoder)
    chosen = {name: _spread(samples, _STATISTICS_IMAGES) for name, samples in training.items()}
    total = sum(map(len, chosen.values())) + 2 * sum(map(len, held_back.values()))
    progress = _Counter(report, total)
    summaries, held_summaries = [], []
    for index, samples in enumerate(chosen.values()):
        statistics = ResidualStatistics(detector.encoder.layers)
        rows = []
        for reconstruction in _reconstructions(detector, samples, read, progress):
            statistics.add(reconstruction)
            rows.append(summary(reconstruction.encoder).cpu())
        detector.metric.set_category(index, statistics)
        summaries.append(torch.cat(rows))
    for samples in held_back.values():
        encoded = _reconstructions(detector, samples, read, progress)
        held_summaries.append(torch.cat([summary(reconstruction.encoder).cpu() for reconstruction in encoded]))
    detector.recogniser.fit(summaries, held_summaries)
    _fit_scale(detector, held_back, read, progress)


def calibrate(detector: Detector, held_back: Samples, report: Report, seed: int) -> None:
    """Choose the fusion weight and the thresholds; writes them into `detector.config`."""
    chosen = {name: _spread(samples, _CALIBRATION_IMAGES) for name, samples in held_back.items()}
    examples = _examples(detector, chosen, report, seed)
    weight = _choose_weight(detector, examples) if detector.segmentation is not None else 1.0
    prediction = replace(detector.config.prediction, distance_weight=weight)
    detector.config = replace(detector.config, prediction=prediction)
    calibrations = [
        _calibrate_category(detector, name, rows) for name, rows in zip(held_back, examples, strict=True)
    ]
    detector.config = replace(detector.config, calibration=tuple(calibrations))


@dataclass(frozen=True)
class _Example:
    """One held-back image, clean or damaged, with the two maps that are fused."""

    distance: Tensor  # (1, 1, map, map) float16
    probability: Tensor | None
    mask: Mask | None  # (map, map), None for a clean image

    @property
    def damaged(self) -> bool:
        return self.mask is not None


class _Counter:
    def __init__(self, report: Report, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def add(self, count: int) -> None:
        self._done += count
        self._report(self._done, self._total)


@torch.inference_mode()
def _reconstructions(
    detector: Detector, samples: Sequence[Sample], read: CachedReader, progress: _Counter
) -> Iterator[Reconstruction]:
    for start in range(0, len(samples), _BATCH):
        images = np.stack([read(sample.path) for sample in samples[start : start + _BATCH]])
        yield detector.reconstruct(as_input_tensor(torch.from_numpy(images).to(detector.device)))
        progress.add(len(images))


@torch.inference_mode()
def _fit_scale(detector: Detector, held_back: Samples, read: CachedReader, progress: _Counter) -> None:
    detector.scale.fill_(0.5)
    for index, samples in enumerate(held_back.values()):
        maps = []
        for reconstruction in _reconstructions(detector, samples, read, progress):
            category = torch.full((len(reconstruction.encoder[0]),), index, device=detector.device)
            distances = detector.distances(reconstruction, category)
            maps.append(detector.fuse(detector.distance_map(distances, category), None).cpu())
        detector.scale[index] = float(np.quantile(torch.cat(maps).numpy(), _RARE))


@torch.inference_mode()
def _examples(detector: Detector, held_back: Samples, report: Report, seed: int) -> list[list[_Example]]:
    """Each category's held-back normals and damaged copies of them."""
    read = CachedReader(detector.config.encoder)
    fillings = detector.config.training.anomalies
    synthesizer = AnomalySynthesizer(what=fillings) if fillings else AnomalySynthesizer()
    progress = _Counter(report, (1 + _DAMAGED_COPIES) * sum(map(len, held_back.values())))
    everything = [sample for samples in held_back.values() for sample in samples]
    size = detector.config.prediction.map_size
    results = []
    for index, samples in enumerate(held_back.values()):
        rows = []
        for number, sample in enumerate(samples):
            random = np.random.default_rng([seed, index, number])
            clean = read(sample.path)
            images, masks = [clean], [None]
            for _ in range(_DAMAGED_COPIES):
                donor = read(everything[int(random.integers(len(everything)))].path)
                damage = synthesizer.damage(clean, random, [donor])
                images.append(damage.image)
                masks.append(_at_size(damage.mask, size))
            rows.extend(_fusable(detector, np.stack(images), masks, index))
            progress.add(len(images))
        results.append(rows)
    return results


def _fusable(
    detector: Detector, images: NDArray[np.uint8], masks: Sequence[Mask | None], index: int
) -> Iterator[_Example]:
    reconstruction = detector.reconstruct(as_input_tensor(torch.from_numpy(images).to(detector.device)))
    category = torch.full((len(images),), index, device=detector.device)
    distances = detector.distances(reconstruction, category)
    maps = detector.distance_map(distances, category).half().cpu()
    probabilities: list[Tensor | None] = [None] * len(images)
    if detector.segmentation is not None:
        logits = detector.segmentation(reconstruction, distances)
        size = detector.config.prediction.map_size
        probabilities = list(detector.segmentation.probability(logits, size).half().cpu().split(1))
    for distance, probability, mask in zip(maps.split(1), probabilities, masks, strict=True):
        yield _Example(distance, probability, mask)


def _choose_weight(detector: Detector, examples: list[list[_Example]]) -> float:
    """The weight with the best validation figures; of equally good ones the nearest to the paper's."""
    merits = {weight: _merit(detector, examples, weight) for weight in _FUSION_WEIGHTS}
    best = max(merits.values())
    good = [weight for weight, merit in merits.items() if merit >= best - _INDISTINGUISHABLE]
    return min(good, key=lambda weight: abs(weight - _PAPER_WEIGHT))


def _merit(detector: Detector, examples: list[list[_Example]], weight: float) -> float:
    """Mean over categories of image AUROC, pixel AP and AUPRO on the synthesised damage."""
    figures = []
    for rows in examples:
        maps = [_fused(detector, row, weight) for row in rows]
        scores = [_score(detector, anomaly_map) for anomaly_map in maps]
        pixels = PixelAccumulator()
        for anomaly_map, row in zip(maps, rows, strict=True):
            pixels.add(anomaly_map, _truth(row, anomaly_map))
        metrics = {**image_metrics(scores, [row.damaged for row in rows]), **pixels.metrics()}
        figures += [metrics[name] or 0.0 for name in ("image_auroc", "pixel_ap", "aupro")]
    return float(np.mean(figures))


def _calibrate_category(detector: Detector, name: str, rows: list[_Example]) -> CategoryCalibration:
    weight = detector.config.prediction.distance_weight
    maps = [_fused(detector, row, weight) for row in rows]
    scores = np.array([_score(detector, anomaly_map) for anomaly_map in maps])
    damaged = np.array([row.damaged for row in rows])
    normal = np.sort(scores[~damaged])
    _, best = f1_max(scores, damaged)
    below = normal[normal < best]
    threshold = (best + below.max()) / 2 if below.size else best  # halfway into the gap, if there is one
    values = np.concatenate([anomaly_map.ravel() for anomaly_map in maps])
    truth = np.concatenate([_truth(row, values_of).ravel() for row, values_of in zip(rows, maps, strict=True)])
    _, pixel_threshold = f1_max(values, truth)
    return CategoryCalibration(
        name=name,
        threshold=max(float(threshold), float(np.quantile(normal, _NORMAL_QUANTILE))),
        pixel_threshold=float(pixel_threshold),
        normal_scores=tuple(float(score) for score in normal),
    )


def _fused(detector: Detector, example: _Example, weight: float) -> NDArray[np.float32]:
    """(map, map) float32: the anomaly map that the detector would draw with this fusion weight."""
    probability = None if example.probability is None else example.probability.float()
    fused: NDArray[np.float32] = detector.fuse(example.distance.float(), probability, weight)[0, 0].numpy()
    return fused


def _score(detector: Detector, anomaly_map: NDArray[np.float32]) -> float:
    share = detector.config.prediction.top_share
    return float(top_share_score(torch.from_numpy(anomaly_map)[None, None], share))


def _truth(example: _Example, anomaly_map: NDArray[np.float32]) -> Mask:
    return np.zeros(anomaly_map.shape, dtype=bool) if example.mask is None else example.mask


def _at_size(mask: Mask, size: int) -> Mask:
    """The mask at size x size, binarised at 0.5 after resizing."""
    grid = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(mask)[None, None].float(), size)[0, 0]
    limit = min(0.5, float(grid.max()))  # damage thinner than a pixel of the map keeps its heart
    return ((grid >= limit) & (grid > 0)).numpy()


def _spread(samples: Sequence[Sample], most: int) -> list[Sample]:
    """At most `most` samples, evenly spread."""
    step = max(1.0, len(samples) / most)
    return [samples[int(position * step)] for position in range(min(most, len(samples)))]
