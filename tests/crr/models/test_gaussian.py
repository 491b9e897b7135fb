from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models import registry
from crr.models.components.encoder import token_grid
from crr.types import Reconstruction
from tests.crr.tiny import tiny_config, tiny_detector


def untrained():
    return tiny_detector(registry.configured(tiny_config(), "gaussian"))


def normal_features(detector, images, seed=0):
    """Noise around a mean that changes from place to place."""
    fixed, random = torch.Generator().manual_seed(99), torch.Generator().manual_seed(seed)
    features = []
    for layer in detector.encoder.layers:
        coarse = torch.randn(1, layer.channels, *token_grid(detector.encoder.layers), generator=fixed)
        mean = functional.interpolate(coarse, size=layer.grid, mode="bilinear", align_corners=False)
        noise = torch.randn(images, layer.channels, *layer.grid, generator=random)
        features.append(mean + 0.2 * noise)
    return features


def part(features, rows):
    return [layer[rows] for layer in features]


def test_the_mean_of_each_position_is_the_answer():
    detector = untrained()
    features = normal_features(detector, images=5)
    detector.memorise(0, iter([features]))
    for layer, answer in zip(features, detector.decode(part(features, slice(2))), strict=True):
        factor = layer.shape[2] // 4
        means = layer.double().mean(dim=0, keepdim=True)
        means = means.reshape(1, -1, 4, factor, 4, factor).mean(dim=(3, 5))
        wanted = functional.interpolate(means, size=layer.shape[2:], mode="bilinear", align_corners=False)
        torch.testing.assert_close(answer, wanted.float().expand(2, -1, -1, -1), atol=2e-3, rtol=2e-3)


def test_batches_make_no_difference():
    whole, parts = untrained(), untrained()
    features = normal_features(whole, images=7)
    whole.memorise(1, iter([features]))
    parts.memorise(1, (part(features, rows) for rows in (slice(3), slice(3, 4), slice(4, 7))))
    for index in range(3):
        torch.testing.assert_close(whole.get_buffer(f"mean_{index}"), parts.get_buffer(f"mean_{index}"))
        assert not whole.get_buffer(f"mean_{index}")[0].any()


def test_each_image_is_answered_with_its_own_categorys_mean():
    detector = untrained()
    features = normal_features(detector, images=4)
    other = [layer + 3 for layer in features]
    detector.memorise(0, iter([features]))
    detector.memorise(1, iter([other]))
    summaries = [torch.cat([layer.mean(dim=(2, 3)) for layer in each], dim=1) for each in (features, other)]
    detector.recogniser.fit(summaries, summaries)
    mixed = [torch.stack([first[0], second[0]]) for first, second in zip(other, features, strict=True)]
    for layer in detector.decode(mixed):
        assert (layer[0] - layer[1]).mean().item() == pytest.approx(3, abs=0.01)


def test_a_damaged_place_lies_further_away_than_normal_ones():
    detector = untrained()
    features = normal_features(detector, images=30)
    detector.memorise(0, iter([features]))
    detector.metric.fit(0, [Reconstruction(features, detector.decode(features))])
    damaged = normal_features(detector, images=1, seed=5)
    for layer in damaged:
        layer[..., 0] += 1.5
    category = torch.zeros(1, dtype=torch.long)
    [lengths] = detector.measures(Reconstruction(damaged, detector.decode(damaged)), category)
    for layer in lengths:
        assert layer[..., 0].min() > 2 * layer[..., 1:].max()
        assert layer[..., 1:].mean().item() == pytest.approx(1, abs=0.2)


def test_its_config_trains_nothing_and_measures_in_the_categorys_metric():
    config = registry.configured(DetectorConfig(), "gaussian")
    assert config.prediction.distance == "mahalanobis"
    assert config.training.repair.iterations == config.training.segmentation.iterations == 0
    assert config.segmentation.design == "none"
    assert config.options == {}
    assert DetectorConfig.from_json(config.as_json()) == config


def test_it_has_no_options():
    with pytest.raises(ConfigError, match="Setting channels"):
        tiny_detector(replace(tiny_config(method="gaussian"), options={"channels": 3}))
