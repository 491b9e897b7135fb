"""The residual's statistics against numpy, its Mahalanobis length against a plain loop over pixels."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from crr.models.components.encoder import Layer
from crr.models.components.residual_metric import (
    _PRIOR_IMAGES,
    _SHRINKAGE,
    ResidualMetric,
    ResidualStatistics,
)
from crr.types import Reconstruction

LAYERS = (Layer("fine", 3, (8, 12)), Layer("coarse", 5, (4, 6)))


def random_reconstruction(seed, images, scale=1.0):
    """Residuals whose channels are mixed, with a mean that depends on the place."""
    random = torch.Generator().manual_seed(seed)
    fixed = torch.Generator().manual_seed(99)
    encoder, decoder = [], []
    for layer in LAYERS:
        mixing = torch.randn(layer.channels, layer.channels, generator=fixed)
        mean = functional.interpolate(torch.randn(1, layer.channels, 4, 6, generator=fixed), size=layer.grid)
        noise = torch.randn(images, layer.channels, *layer.grid, generator=random)
        answered = torch.randn(images, layer.channels, *layer.grid, generator=random)
        decoder.append(answered)
        encoder.append(answered + mean + scale * torch.einsum("ij,bjhw->bihw", mixing, noise))
    return Reconstruction(encoder, decoder)


def residuals(reconstruction):
    pairs = zip(reconstruction.encoder, reconstruction.decoder, strict=True)
    return [(seen - answered).double().numpy() for seen, answered in pairs]


def fitted(reconstruction):
    statistics = ResidualStatistics(LAYERS)
    statistics.add(reconstruction)
    return statistics


def test_moments_are_those_of_numpy():
    reconstruction = random_reconstruction(seed=0, images=6)
    for given, residual in zip(fitted(reconstruction).moments(), residuals(reconstruction), strict=True):
        factor = residual.shape[2] // 4
        images, channels = residual.shape[:2]
        pooled = residual.reshape(images, channels, 4, factor, 6, factor).mean(axis=(0, 3, 5))
        share = images / (images + _PRIOR_IMAGES)
        mean = share * pooled + (1 - share) * pooled.mean(axis=(1, 2), keepdims=True)
        deviation = residual - mean.repeat(factor, axis=1).repeat(factor, axis=2)
        rows = deviation.transpose(1, 0, 2, 3).reshape(channels, -1)
        np.testing.assert_allclose(given[0], mean, atol=1e-5)
        np.testing.assert_allclose(given[1], rows @ rows.T / rows.shape[1], atol=1e-4)


def test_batches_add_up():
    whole = random_reconstruction(seed=0, images=7)
    parts = ResidualStatistics(LAYERS)
    for rows in (slice(0, 3), slice(3, 4), slice(4, 7)):
        parts.add(
            Reconstruction([layer[rows] for layer in whole.encoder], [layer[rows] for layer in whole.decoder])
        )
    for given, expected in zip(parts.moments(), fitted(whole).moments(), strict=True):
        torch.testing.assert_close(given, expected)


def test_lengths_are_mahalanobis_lengths():
    metric, normal = ResidualMetric(LAYERS, 1), random_reconstruction(seed=0, images=5)
    metric.fit(0, [normal])
    statistics = fitted(normal)
    reconstruction = random_reconstruction(seed=1, images=2)
    lengths = metric(reconstruction, torch.zeros(2, dtype=torch.long))
    for length, residual, (mean, covariance) in zip(
        lengths, residuals(reconstruction), statistics.moments(), strict=True
    ):
        images, channels, height, width = residual.shape
        assert length.shape == (images, 1, height, width)
        mean = functional.interpolate(mean[None], size=(height, width), mode="bilinear", align_corners=False)[
            0
        ]
        covariance = covariance.double().numpy()
        shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.trace(covariance) / channels * np.eye(
            channels
        )
        precision = np.linalg.inv(shrunk)
        for image, row, column in np.ndindex(images, height, width):
            deviation = residual[image, :, row, column] - mean[:, row, column].numpy()
            expected = np.sqrt(deviation @ precision @ deviation / channels)
            assert float(length[image, 0, row, column]) == pytest.approx(expected, rel=1e-3)


def test_lengths_are_about_one_on_normals_and_grow_with_what_is_unusual():
    metric = ResidualMetric(LAYERS, 1)
    metric.fit(0, [random_reconstruction(seed=0, images=200)])
    category = torch.zeros(20, dtype=torch.long)
    for normal, odd in zip(
        metric(random_reconstruction(seed=1, images=20), category),
        metric(random_reconstruction(seed=1, images=20, scale=3), category),
        strict=True,
    ):
        assert float(normal.square().mean().sqrt()) == pytest.approx(1, abs=0.1)
        assert float(odd.square().mean().sqrt()) == pytest.approx(3, abs=0.3)


def test_each_image_is_measured_by_its_own_category():
    together, singles = ResidualMetric(LAYERS, 3), [ResidualMetric(LAYERS, 1) for _ in range(3)]
    for category in (1, 2):
        normal = random_reconstruction(seed=category, images=5, scale=4**category)
        together.fit(category, [normal])
        singles[category].fit(0, [normal])
    reconstruction = random_reconstruction(seed=0, images=4)
    only = torch.zeros(4, dtype=torch.long)
    alone = [single(reconstruction, only) for single in singles]
    for layer, lengths in enumerate(together(reconstruction, torch.tensor([2, 0, 1, 2]))):
        for image, category in enumerate((2, 0, 1, 2)):
            torch.testing.assert_close(lengths[image], alone[category][layer][image], rtol=1e-4, atol=1e-5)


def test_before_fitting_a_length_is_the_plain_one():
    reconstruction = random_reconstruction(seed=0, images=2)
    lengths = ResidualMetric(LAYERS, 2)(reconstruction, torch.tensor([1, 0]))
    for length, residual in zip(lengths, residuals(reconstruction), strict=True):
        np.testing.assert_allclose(length[:, 0], np.sqrt((residual**2).mean(axis=1)), rtol=1e-4)


def test_a_channel_without_any_residual_does_no_harm():
    reconstruction = random_reconstruction(seed=0, images=5)
    for seen, answered in zip(reconstruction.encoder, reconstruction.decoder, strict=True):
        seen[:, 0] = answered[:, 0]
    metric = ResidualMetric(LAYERS, 1)
    metric.fit(0, [reconstruction])
    perfect = Reconstruction(reconstruction.encoder, reconstruction.encoder)
    for case in (reconstruction, perfect):
        assert all(torch.isfinite(length).all() for length in metric(case, torch.zeros(5, dtype=torch.long)))
    metric.fit(0, [perfect])
    assert all(torch.isfinite(length).all() for length in metric(perfect, torch.zeros(5, dtype=torch.long)))
