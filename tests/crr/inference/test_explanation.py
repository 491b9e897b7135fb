"""One image, layer by layer: the same answer as an inspection, taken apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from crr.config import MaskingConfig, PredictionConfig
from crr.errors import ConfigError
from crr.inference.engine import inspect
from crr.inference.explanation import MapTerms, explain, gain_of
from crr.inference.forward import FeatureMask, hide
from crr.models import registry
from crr.models.components.masking import FeatureMasking
from tests.crr.tiny import calibrated_detector, good_images, tiny_config, tiny_detector


@pytest.fixture(scope="module")
def detector():
    return calibrated_detector().eval()


@pytest.fixture(scope="module")
def image():
    return good_images("plate", 1)[0]


def terms(*rows, segmentation=None, **settings):
    layers = np.array(rows, dtype=np.float32)
    side = layers.shape[1]
    config = PredictionConfig(map_size=side, top_share=1 / side**2, **settings)
    return MapTerms(layers, segmentation, config)


def test_it_says_what_an_inspection_says(detector, image):
    explanation = explain(detector, image)
    [inspection] = inspect(detector, [image])
    found = explanation.inspection
    assert found.score == pytest.approx(inspection.score, abs=1e-6)
    assert np.allclose(found.anomaly_map, inspection.anomaly_map, atol=1e-6)
    assert np.array_equal(found.segmentation, inspection.segmentation)
    assert (found.verdict, found.category, found.known) == (
        inspection.verdict,
        inspection.category,
        inspection.known,
    )
    assert set(found.milliseconds) == set(inspection.milliseconds)


@pytest.mark.parametrize("method", registry.METHODS)
def test_every_method_can_be_taken_apart(method, image):
    detector = tiny_detector(registry.configured(tiny_config(), method)).eval()
    explanation = explain(detector, image)
    [inspection] = inspect(detector, [image])
    assert explanation.inspection.score == pytest.approx(inspection.score, rel=1e-5)
    for layer, own in zip(explanation.layers, detector.encoder.layers, strict=True):
        assert layer.encoder.shape == layer.decoder.shape == (*own.grid, own.channels)
        assert layer.distance.shape == own.grid


@pytest.mark.parametrize(("resize", "view"), [(64, 1.0), (80, 0.8)])
def test_a_vision_transformer_with_and_without_a_crop(image, resize, view):
    encoder = replace(tiny_config().encoder, name="test_vit", layers=(1, 2, 3), resize=resize, crop=64)
    explanation = explain(tiny_detector(tiny_config(encoder=encoder)).eval(), image)
    assert explanation.view == view
    assert {layer.layer.name for layer in explanation.layers} == {"block 1", "block 2", "block 3"}
    side = round(32 / view)
    assert explanation.inspection.anomaly_map.shape == (side, side)


def test_an_encoder_is_asked_once_for_models_that_share_it(detector, image):
    passes = {}
    first = explain(detector, image, passes)
    assert len(passes) == 1
    asked = []
    detector.encoder.register_forward_hook(lambda *_: asked.append(1))
    again = explain(detector, image, passes)
    assert not asked
    assert np.array_equal(first.inspection.anomaly_map, again.inspection.anomaly_map)


def test_the_shares_of_the_score_add_up(detector, image):
    fused = explain(detector, image).terms.fused()
    assert len(fused.shares) == 4  # three layers and segmentation
    assert sum(fused.shares) == pytest.approx(1, abs=1e-5)


def test_a_weighted_sum_is_the_sum_of_what_is_weighted():
    found = terms([[0, 4.0], [0, 0]], [[2.0, 0], [0, 0]], segmentation=np.float32([[0, 0], [0, 1]]))
    even = found.fused(distance_weight=0.5)
    assert even.distance.tolist() == [[1, 2], [0, 0]]
    assert even.anomaly_map.tolist() == [[0.5, 1], [0, 0.5]]
    assert even.score == 1
    assert even.shares == (1, 0, 0)
    second = found.fused([0, 3.0], distance_weight=1)
    assert second.distance.tolist() == [[2, 0], [0, 0]]
    assert second.shares == (0, 1, 0)
    assert found.fused([1, 3]).anomaly_map.tolist() == found.fused([2, 6]).anomaly_map.tolist()


def test_no_weight_at_all_leaves_the_segmentation_alone():
    found = terms([[1.0, 1], [1, 1]], segmentation=np.float32([[0, 0], [0, 1]]), distance_weight=0.75)
    fused = found.fused([0])
    assert fused.score == 0.25
    assert fused.shares == (0, 1)
    nothing = terms([[1.0, 1], [1, 1]]).fused([0.0])
    assert nothing.score == 0
    assert nothing.shares == (0,)


@pytest.mark.parametrize(
    ("weights", "distance_weight", "sentence"),
    [
        ([1.0], None, "one weight of 0 or more for each of the 2 layers"),
        ([1.0, -1.0], None, "one weight of 0 or more"),
        ([1.0, float("nan")], None, "one weight of 0 or more"),
        (None, 1.5, "between 0 and 1; given: 1.5"),
    ],
)
def test_impossible_weights_are_refused(weights, distance_weight, sentence):
    found = terms([[1.0]], [[1.0]], segmentation=np.float32([[1]]))
    with pytest.raises(ConfigError, match=sentence):
        found.fused(weights, distance_weight)


def test_what_is_hidden_is_hidden_from_the_decoder_alone(detector, image):
    whole = explain(detector, image)
    masked = explain(detector, image, mask=FeatureMask(0.5, seed=1))
    for before, after in zip(whole.layers, masked.layers, strict=True):
        assert np.array_equal(before.encoder, after.encoder)
        share = (after.shown == 0).mean()
        assert share == pytest.approx(0.5 + 0.5 * (after.encoder == 0).mean(), abs=0.08)
        kept = after.shown != 0
        assert np.allclose(after.shown[kept], 2 * after.encoder[kept])
        assert not np.array_equal(before.decoder, after.decoder)
    again, other = (explain(detector, image, mask=FeatureMask(0.5, seed=seed)) for seed in (1, 2))
    assert np.array_equal(masked.layers[0].shown, again.layers[0].shown)
    assert not np.array_equal(masked.layers[0].shown, other.layers[0].shown)
    assert explain(detector, image, mask=FeatureMask(0.0, seed=9)).layers[0].shown is not None


def test_hiding_is_what_masking_does_in_training():
    features = [torch.ones(1, 40, 16, 16)]
    trained = FeatureMasking(MaskingConfig(rate=0.4)).train()
    [shown] = hide(features, FeatureMask(0.4))
    masked = trained(features[0])
    assert shown.unique().tolist() == masked.unique().tolist()
    assert float((shown == 0).float().mean()) == pytest.approx(float((masked == 0).float().mean()), abs=0.02)


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_share_that_cannot_be_hidden_is_refused(rate):
    with pytest.raises(ConfigError, match=f"from 0 to below 1; given: {rate}"):
        hide([torch.ones(1, 2, 2, 2)], FeatureMask(rate))


def test_a_gain_brings_answers_to_the_encoders_unit_of_length(detector, image):
    layer = explain(detector, image).layers[0]
    assert gain_of(layer.encoder, layer.encoder / 50) == pytest.approx(50)
    scaled = replace(layer, decoder=layer.encoder / 50).scaled(50)
    assert np.allclose(scaled.decoder, layer.encoder, rtol=1e-5)
    assert gain_of(layer.encoder, 0 * layer.encoder) == 1
    assert gain_of(layer.encoder, -layer.encoder) == 1


def test_it_says_how_much_memory_it_takes(detector, image):
    explanation = explain(detector, image)
    features = sum(2 * layer.encoder.nbytes for layer in explanation.layers)
    assert explanation.nbytes > features + explanation.terms.nbytes
    assert explanation.terms.halved().nbytes == explanation.terms.nbytes / 2
    assert explanation.terms.halved().fused().score == pytest.approx(
        explanation.terms.fused().score, rel=0.01
    )
    assert explain(detector, image, mask=FeatureMask(0.5)).nbytes == explanation.nbytes + features / 2
