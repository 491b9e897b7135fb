"""The joint Mahalanobis distance against numpy, one position at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from crr.checkpoints.serialization import load, save
from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models import registry
from crr.models.components.encoder import Layer
from crr.models.padim import JointMetric, PaDiMOptions
from crr.types import Reconstruction
from tests.crr.tiny import tiny_config, tiny_detector

LAYERS = (Layer("fine", 3, (8, 12)), Layer("coarse", 5, (4, 6)))
EMBEDDED = tuple(
    Layer(f"block {index}", channels, (side, side))
    for index, channels, side in [(2, 24, 96), (3, 40, 48), (4, 80, 24), (5, 112, 24)]
)
FIRST = torch.zeros(1, dtype=torch.long)


def reconstruction(seed, images):
    """Residuals of mixed channels, whose mean and spread change from place to place."""
    fixed, random = torch.Generator().manual_seed(99), torch.Generator().manual_seed(seed)
    encoder, decoder = [], []
    for layer in LAYERS:
        mixing = torch.randn(layer.channels, layer.channels, generator=fixed)
        mean = torch.randn(1, layer.channels, *layer.grid, generator=fixed)
        spread = 0.5 + torch.rand(1, 1, *layer.grid, generator=fixed)
        noise = torch.randn(images, layer.channels, *layer.grid, generator=random)
        answered = torch.randn(images, layer.channels, *layer.grid, generator=random)
        decoder.append(answered)
        encoder.append(answered + mean + spread * torch.einsum("ij,bjhw->bihw", mixing, noise))
    return Reconstruction(encoder, decoder)


def rows(reconstruction, channels):
    """(images, h, w, channels) in numpy, on the token grid."""
    fine, coarse = (
        (seen - answered).double().numpy()
        for seen, answered in zip(reconstruction.encoder, reconstruction.decoder, strict=True)
    )
    pooled = fine.reshape(len(fine), 3, 4, 2, 6, 2).mean(axis=(3, 5))
    return np.concatenate([pooled, coarse], axis=1).transpose(0, 2, 3, 1)[..., channels]


def test_the_distance_is_that_of_numpy_at_every_position():
    metric = JointMetric(LAYERS, categories=2, channels=5, seed=3)
    training, question = reconstruction(seed=0, images=20), reconstruction(seed=1, images=2)
    metric.fit(1, [training])
    normal, asked = rows(training, metric.channels.numpy()), rows(question, metric.channels.numpy())
    variance = normal.var(axis=0, ddof=1).mean(axis=(0, 1))
    wanted = np.zeros((2, 4, 6))
    for row in range(4):
        for column in range(6):
            covariance = np.cov(normal[:, row, column].T) + 0.01 * np.diag(variance)
            residual = asked[:, row, column] - normal[:, row, column].mean(axis=0)
            squares = np.einsum("bi,ij,bj->b", residual, np.linalg.inv(covariance), residual)
            wanted[:, row, column] = np.sqrt(squares / 5)
    fine, coarse = metric(question, torch.ones(2, dtype=torch.long))
    np.testing.assert_allclose(coarse[:, 0].numpy(), wanted, rtol=0.02)
    assert fine.shape == (2, 1, 8, 12)
    assert fine.mean().item() == pytest.approx(wanted.mean(), rel=0.05)


def test_batches_make_no_difference():
    whole, parts = (JointMetric(LAYERS, categories=1, channels=8, seed=0) for _ in range(2))
    training = reconstruction(seed=0, images=7)
    whole.fit(0, [training])
    parts.fit(
        0,
        (
            Reconstruction(
                [layer[rows] for layer in training.encoder], [layer[rows] for layer in training.decoder]
            )
            for rows in (slice(3), slice(3, 4), slice(4, 7))
        ),
    )
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(tensor, parts.state_dict()[name], atol=2e-3, rtol=2e-3)


def test_a_damaged_place_lies_further_away_than_normal_ones():
    metric = JointMetric(LAYERS, categories=1, channels=8, seed=0)
    metric.fit(0, [reconstruction(seed=0, images=60)])
    question = reconstruction(seed=1, images=1)
    for layer in question.encoder:
        layer[..., : layer.shape[3] // 6] += 20
    _, lengths = metric(question, FIRST)
    assert lengths[..., 0].min() > 2 * lengths[..., 1:].max()
    assert lengths[..., 1:].mean().item() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("images", [1, 4])
def test_images_that_are_alike_or_few_give_finite_distances(images):
    metric = JointMetric(LAYERS, categories=1, channels=8, seed=0)
    training = reconstruction(seed=0, images=1)
    same = Reconstruction(
        [layer.repeat(images, 1, 1, 1) for layer in training.encoder],
        [layer.repeat(images, 1, 1, 1) for layer in training.decoder],
    )
    metric.fit(0, [same])
    for question in (same, reconstruction(seed=1, images=1)):
        for lengths in metric(question, FIRST.expand(len(question.encoder[0]))):
            assert torch.isfinite(lengths).all()


def test_a_channel_that_never_moved_does_not_decide_alone():
    metric = JointMetric(LAYERS, categories=1, channels=8, seed=0)
    training = reconstruction(seed=0, images=30)
    training.encoder[1][:, 0] = training.decoder[1][:, 0]
    metric.fit(0, [training])
    assert (metric.deviation > 0.01 * metric.deviation.square().mean().sqrt() * 0.99).all()


def test_the_seed_draws_the_channels():
    first, again, other = (JointMetric(LAYERS, 1, 4, seed).channels.tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert len(set(first)) == 4


def test_it_comes_back_from_its_checkpoint(tmp_path):
    detector = tiny_detector(replace(tiny_config(method="padim"), options={"channels": 6}))
    random = torch.Generator().manual_seed(0)
    features = [
        torch.randn(9, layer.channels, *layer.grid, generator=random) for layer in detector.encoder.layers
    ]
    detector.memorise(1, iter([features]))
    answered = Reconstruction(features, detector.decode(features))
    detector.metric.fit(1, [answered])
    save(detector, tmp_path / "saved", "card")
    loaded = load(tmp_path / "saved", "cpu")
    category = torch.ones(9, dtype=torch.long)
    for given, wanted in zip(
        loaded.metric(answered, category), detector.metric(answered, category), strict=True
    ):
        assert torch.equal(given, wanted)


def test_six_categories_of_the_embedded_encoder_fill_less_than_4_mb():
    tensors = JointMetric(EMBEDDED, 6, PaDiMOptions().channels, seed=0).state_dict().values()
    assert sum(tensor.nbytes for tensor in tensors) < 4e6  # and the means of all channels 1.8 MB


@pytest.mark.parametrize("distance", ["mahalanobis", "combined", "cosine", "euclidean"])
def test_any_distance_can_be_asked_for(distance):
    config = registry.configured(tiny_config(), "padim")
    detector = tiny_detector(replace(config, prediction=replace(config.prediction, distance=distance)))
    assert torch.isfinite(detector.predict(detector.reconstruct(torch.rand(1, 3, 64, 64))).anomaly_map).all()


def test_its_config_trains_nothing_and_measures_jointly():
    config = registry.configured(DetectorConfig(), "padim")
    assert config.prediction.distance == "mahalanobis"
    assert config.training.repair.iterations == config.training.segmentation.iterations == 0
    assert PaDiMOptions(**config.options) == PaDiMOptions()
    assert DetectorConfig.from_json(config.as_json()) == config


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"channels": 0}, "Setting channels"),
        ({"channels": 4.0}, "Setting channels"),
        ({"channels": 105}, r"channels \(105\) exceeds the 104"),
        ({"patches": 4}, "Setting patches"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        tiny_detector(replace(tiny_config(method="padim"), options=options))
