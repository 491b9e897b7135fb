"""What every method owes: a new one is tested by its line in the registry."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from crr.checkpoints.serialization import load, save
from crr.data.datasets import open_dataset
from crr.errors import ConfigError
from crr.evaluation.detection import evaluate
from crr.identity.single_image import StandardDamage
from crr.inference.engine import inspect
from crr.models import registry
from crr.training.run_options import RunOptions
from crr.training.trainer import train
from tests.crr.tiny import good_images, tiny_config, tiny_detector, write_dataset

METHODS = pytest.mark.parametrize("method", registry.METHODS)


def detector_of(method):
    return tiny_detector(registry.configured(tiny_config(), method))


@METHODS
def test_a_method_is_made_in_eval_mode_and_answers_the_same_each_time(method):
    detector = detector_of(method)
    assert isinstance(detector, registry.METHODS[method])
    assert not any(module.training for module in detector.modules())
    batch = detector.preprocess(good_images("plate", 3))
    first, again = (
        detector.predict(detector.reconstruct(batch)),
        detector.predict(detector.reconstruct(batch)),
    )
    assert torch.equal(first.anomaly_map, again.anomaly_map)
    assert torch.isfinite(first.anomaly_map).all()
    for seen, answered in zip(first.reconstruction.encoder, first.reconstruction.decoder, strict=True):
        assert seen.shape == answered.shape


@METHODS
def test_a_method_comes_back_from_its_checkpoint(method, tmp_path):
    detector = detector_of(method)
    save(detector, tmp_path / "saved", "card")
    loaded = load(tmp_path / "saved", "cpu")
    batch = detector.preprocess(good_images("ring", 2))
    assert type(loaded) is type(detector)
    assert loaded.config.options == detector.config.options
    assert torch.equal(
        loaded.predict(loaded.reconstruct(batch)).anomaly_map,
        detector.predict(detector.reconstruct(batch)).anomaly_map,
    )


@METHODS
def test_a_method_learns_from_good_images_and_finds_defects(method, tmp_path):
    dataset = open_dataset(write_dataset(tmp_path / "data", images=20))
    config = registry.configured(tiny_config(), method)
    repair = replace(config.training.repair, iterations=min(40, 10 * config.training.repair.iterations))
    config = replace(config, training=replace(config.training, repair=replace(repair, batch_size=4)))
    detector = train(dataset, tmp_path / "model", config, RunOptions(device="cpu", workers=0))
    figures = evaluate(detector, dataset).mean
    assert figures.pixel_auroc > 0.8
    assert figures.image_auroc > 0.7
    assert no_part_is_seen_by(detector)


@METHODS
def test_a_method_that_was_not_trained_sees_no_part_in_a_frame_that_shows_none(method):
    assert no_part_is_seen_by(detector_of(method))


def no_part_is_seen_by(detector):
    frames = [np.full((48, 72, 3), value, np.uint8) for value in (0, 90, 255)]
    found = inspect(detector, frames)
    return all((one.verdict, one.seen, one.known) == ("no part seen", False, False) for one in found)


@METHODS
def test_how_much_of_a_damage_a_method_copies_can_be_asked(method):
    detector, [image] = detector_of(method), good_images("plate", 1)
    copied = StandardDamage(image).index_of(detector)
    assert copied.index is not None
    assert list(copied.layers) == [layer.name for layer in detector.encoder.layers]
    assert 0 <= copied.normal_error <= 2


@METHODS
def test_settings_of_another_method_are_refused(method):
    config = registry.configured(tiny_config(), method)
    with pytest.raises(ConfigError, match="magic"):
        registry.create(replace(config, options={**config.options, "magic": 1}))


def test_an_encoder_can_be_shared():
    encoder = tiny_detector().encoder
    assert registry.create(tiny_config(), encoder).encoder is encoder


def test_an_unknown_method_is_answered_with_the_known_ones():
    for ask in (
        lambda: registry.create(tiny_config(method="magic")),
        lambda: registry.configured(tiny_config(), "magic"),
    ):
        with pytest.raises(ConfigError, match="no method 'magic'; there are: crr, autoencoder"):
            ask()
