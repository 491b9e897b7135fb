from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from crr.anomalies import AnomalySynthesizer
from crr.config import EncoderConfig, PredictionConfig
from crr.data.datasets import Sample, open_dataset, split_validation
from crr.data.images import decode
from crr.inference import engine
from crr.models.components.anomaly_map import mean_map
from crr.models.detector import Detector
from crr.runtime.progress import Reporter
from crr.training.calibration import calibrate, fit_recogniser, fit_statistics
from crr.types import Reconstruction
from tests.crr.tiny import tiny_config, tiny_detector, write_dataset

GREY = 90
SYNTHESIZER = AnomalySynthesizer()


class GreyDetector:
    """Knows that normal images are grey: its distance map is how far a pixel is from that, in [0, 1].

    Args:
        segmentation: From the distance map to the probability that it claims to have found.
        distance: From the distance map to the one that it claims to have measured.
    """

    device = torch.device("cpu")
    value_range = None
    smooth = Detector.smooth
    fuse = Detector.fuse
    as_input = Detector.as_input

    def __init__(self, segmentation=None, distance=lambda distance: distance):
        prediction = PredictionConfig(map_size=48, blur_sigma=0, blur_kernel=1, top_share=0.01)
        encoder = EncoderConfig(resize=48, crop=48)
        self.config = tiny_config(categories=("wall",), prediction=prediction, encoder=encoder)
        self.distance = distance
        self.segmentation = None
        if segmentation is not None:
            self.segmentation = SimpleNamespace(
                probability=lambda reconstruction, _: segmentation(_distance(reconstruction))
            )

    def reconstruct(self, images):
        return Reconstruction([images], [torch.full_like(images, GREY / 255)])

    def distances(self, reconstruction, category):
        assert category.tolist() == [0] * len(category)
        return [self.distance(_distance(reconstruction))]


def _distance(reconstruction):
    (seen,), (expected,) = reconstruction.encoder, reconstruction.decoder
    return (seen - expected).abs().amax(dim=1, keepdim=True)


def noise(maps):
    """A map that says nothing."""
    return torch.rand(maps.shape, generator=torch.Generator().manual_seed(maps.numel()))


@pytest.fixture(scope="module")
def walls(tmp_path_factory):
    """Twelve grey images with noise of up to four grey levels."""
    folder, random = tmp_path_factory.mktemp("walls"), np.random.default_rng(0)
    samples = []
    for number in range(12):
        image = GREY + random.integers(-(number // 3) - 1, number // 3 + 2, (48, 48, 3))
        path = folder / f"{number:02}.png"
        cv2.imwrite(str(path), image.astype(np.uint8))
        samples.append(Sample(path, "wall", "good"))
    return {"wall": samples}


def calibrated(walls, **options):
    detector = GreyDetector(**options)
    calibrate(detector, walls, [SYNTHESIZER, SYNTHESIZER], Reporter())
    (entry,) = detector.config.calibration
    return detector, entry


def test_normal_scores_are_those_of_the_held_back_images(walls):
    _, entry = calibrated(walls)
    scores = []
    for sample in walls["wall"]:
        pixels = np.abs(decode(sample.path).astype(float) - GREY).max(axis=2).ravel() / 255
        scores.append(np.sort(pixels)[-23:].mean())  # 1 % of 48 x 48
    assert entry.normal_scores == pytest.approx(sorted(scores), abs=1e-6)
    assert list(entry.normal_scores) == sorted(entry.normal_scores)
    assert entry.name == "wall"


def test_thresholds_lie_between_normal_and_damaged(walls):
    _, entry = calibrated(walls)
    # Noise reaches 4 grey levels; damage shows by at least 12, and mostly by far more.
    assert max(entry.normal_scores) < entry.threshold
    found = {sample.path: 0 for sample in walls["wall"]}
    for number, sample in enumerate(walls["wall"]):
        for seed in range(5):
            damage = SYNTHESIZER.damage(decode(sample.path), np.random.default_rng([seed, number]))
            pixels = np.sort(np.abs(damage.image.astype(float) - GREY).max(axis=2).ravel() / 255)
            found[sample.path] += pixels[-23:].mean() >= entry.threshold
    assert sum(found.values()) > 0.9 * 5 * 12
    assert 4 / 255 < entry.pixel_threshold < 40 / 255


def test_at_most_a_few_normals_are_called_defective(walls):
    # A detector that sees nothing: no threshold separates, so the quantile of the normals decides.
    _, entry = calibrated(walls, distance=noise)
    normal = np.array(entry.normal_scores)
    assert entry.threshold >= np.quantile(normal, 0.95)


def test_equally_good_maps_are_fused_as_in_the_paper(walls):
    detector, _ = calibrated(walls, segmentation=lambda distance: distance)
    assert detector.config.prediction.distance_weight == 0.7


def test_a_map_that_says_nothing_gets_less_weight_than_in_the_paper(walls):
    detector, _ = calibrated(walls, segmentation=noise)
    assert detector.config.prediction.distance_weight > 0.7
    detector, _ = calibrated(walls, segmentation=lambda distance: distance, distance=noise)
    assert detector.config.prediction.distance_weight < 0.7


def test_without_segmentation_the_distance_map_is_the_anomaly_map(walls):
    detector, _ = calibrated(walls)
    assert detector.config.prediction.distance_weight == 1.0


def test_calibration_is_deterministic(walls):
    first, second = (calibrated(walls, segmentation=lambda distance: distance**2) for _ in range(2))
    assert first[0].config == second[0].config


def test_the_damage_depends_on_the_seed_of_the_training(walls):
    other = GreyDetector()
    other.config = replace(other.config, training=replace(other.config.training, seed=9))
    calibrate(other, walls, [SYNTHESIZER, SYNTHESIZER], Reporter())
    assert other.config.calibration[0].pixel_threshold != calibrated(walls)[1].pixel_threshold


def test_one_held_back_image_is_enough(walls):
    _, entry = calibrated({"wall": walls["wall"][:1]})
    assert len(entry.normal_scores) == 1
    assert entry.threshold >= entry.normal_scores[0]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Training and held-back samples of two categories."""
    dataset = open_dataset(write_dataset(tmp_path_factory.mktemp("data"), images=12))
    halves = {category.name: split_validation(category.train, 0.34, 0) for category in dataset.categories}
    return {name: rows for name, (rows, _) in halves.items()}, {
        name: rows for name, (_, rows) in halves.items()
    }


def fitted(parts):
    detector = tiny_detector()
    fit_recogniser(detector, *parts, Reporter())
    fit_statistics(detector, *parts, Reporter())
    return detector


def test_each_measure_is_half_where_held_back_normals_are_rarely_higher(parts):
    detector = fitted(parts)
    for index, samples in enumerate(parts[1].values()):
        reconstruction = detector.reconstruct(
            detector.preprocess([decode(sample.path) for sample in samples])
        )
        category = torch.full((len(samples),), index)
        for scale, layers in zip(detector.scale, detector.measures(reconstruction, category), strict=True):
            maps = detector.smooth(mean_map(layers)) / (2 * scale[index])
            assert np.quantile(maps.detach().numpy(), 0.999) == pytest.approx(0.5, rel=1e-4)


def test_held_back_images_are_recognised_and_known(parts):
    detector = fitted(parts)
    for index, samples in enumerate(parts[1].values()):
        features = detector.encoder(detector.preprocess([decode(sample.path) for sample in samples]))
        category, distance = detector.recogniser(features)
        assert category.tolist() == [index] * len(samples)
        assert (distance < 1).all()


def test_statistics_rest_on_training_images_and_distances_on_held_back_ones(parts):
    training, _ = parts
    only_training = fitted((training, training))
    detector = fitted(parts)
    assert torch.equal(detector.metric.get_buffer("mean_0"), only_training.metric.get_buffer("mean_0"))
    assert torch.equal(detector.recogniser.centres, only_training.recogniser.centres)
    assert not torch.equal(detector.scale, only_training.scale)
    assert not torch.equal(detector.recogniser.radius, only_training.recogniser.radius)


def test_every_image_is_counted(parts):
    reports = []
    fit_recogniser(tiny_detector(), *parts, Reporter(reports.append))
    assert (reports[-1].stage, reports[-1].step, reports[-1].total) == ("categories", 24, 24)
    fit_statistics(tiny_detector(), *parts, Reporter(reports.append))
    assert (reports[-1].stage, reports[-1].step, reports[-1].total) == ("statistics", 24, 24)


def test_a_distance_that_learns_nothing_reads_held_back_images_only(parts):
    reports = []
    plain = tiny_config(prediction=PredictionConfig(distance="euclidean", map_size=32))
    fit_statistics(tiny_detector(plain), *parts, Reporter(reports.append))
    assert (reports[-1].step, reports[-1].total) == (8, 8)


def test_large_categories_are_sampled_evenly(parts, monkeypatch):
    monkeypatch.setattr("crr.training.calibration._STATISTICS_IMAGES", 3)
    monkeypatch.setattr("crr.training.calibration._CALIBRATION_IMAGES", 2)
    read = []
    monkeypatch.setattr(
        "crr.data.readers.decode", lambda path, *_, **__: read.append(Path(path)) or decode(path)
    )
    detector = tiny_detector()
    fit_statistics(detector, *parts, Reporter())
    plates = parts[0]["plate"]
    assert read[:3] == [plates[0].path, plates[2].path, plates[5].path]
    assert len(read) == 2 * 3 + 2 * 3
    calibrate(detector, parts[1], [SYNTHESIZER, SYNTHESIZER], Reporter())
    assert [len(entry.normal_scores) for entry in detector.config.calibration] == [2, 2]


def test_an_inspection_finds_the_calibrated_scores_again(parts):
    detector = fitted(parts)
    calibrate(detector, parts[1], [SYNTHESIZER, SYNTHESIZER], Reporter())
    for entry, samples in zip(detector.config.calibration, parts[1].values(), strict=True):
        inspections = engine.inspect(detector, [decode(sample.path) for sample in samples])
        assert sorted(one.score for one in inspections) == pytest.approx(entry.normal_scores, rel=1e-4)
        assert {one.category for one in inspections} == {entry.name}
        assert {one.threshold for one in inspections} == {entry.threshold}
