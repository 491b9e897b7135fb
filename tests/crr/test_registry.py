"""What every method owes: a new one is tested by its line in the registry."""

import pytest
import torch

from crr import registry
from crr.checkpoint import load, save
from crr.errors import ConfigError
from tests.crr.tiny import good_images, tiny_config, tiny_detector

METHODS = pytest.mark.parametrize("method", registry.METHODS)


@METHODS
def test_a_method_is_made_in_eval_mode_and_answers_the_same_each_time(method):
    detector = tiny_detector(tiny_config(method=method))
    assert isinstance(detector, registry.METHODS[method])
    assert not any(module.training for module in detector.modules())
    batch = detector.preprocess(good_images("plate", 3))
    first, again = detector.predict(batch), detector.predict(batch)
    assert torch.equal(first.anomaly_map, again.anomaly_map)
    assert torch.isfinite(first.anomaly_map).all()
    for seen, answered in zip(first.reconstruction.encoder, first.reconstruction.decoder, strict=True):
        assert seen.shape == answered.shape


@METHODS
def test_a_method_comes_back_from_its_checkpoint(method, tmp_path):
    detector = tiny_detector(tiny_config(method=method))
    save(detector, tmp_path / "saved", "card")
    loaded = load(tmp_path / "saved", "cpu")
    batch = detector.preprocess(good_images("ring", 2))
    assert type(loaded) is type(detector)
    assert torch.equal(loaded.predict(batch).anomaly_map, detector.predict(batch).anomaly_map)


def test_an_encoder_can_be_shared():
    encoder = tiny_detector().encoder
    assert registry.create(tiny_config(), encoder).encoder is encoder


def test_an_unknown_method_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match="no method 'magic'; there are: crr"):
        registry.create(tiny_config(method="magic"))
