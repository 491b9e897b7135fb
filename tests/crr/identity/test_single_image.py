"""One damaged image and its clean twin."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from crr.identity.single_image import StandardDamage, index_of_damage
from crr.inference.explanation import explain
from crr.inference.forward import forward
from crr.types import Reconstruction
from tests.crr.tiny import ENCODER, calibrated_detector, good_images, scratched, tiny_config, tiny_detector


@pytest.fixture(scope="module")
def detector():
    return calibrated_detector().eval()


@pytest.fixture
def twins():
    [clean] = good_images("plate", 1)
    damaged, mask = scratched(clean, np.random.default_rng(3))
    return clean, damaged, mask > 0


def answering(detector, answer):
    """The same detector with another decoder."""
    detector.decode = answer
    return detector


def index(detector, clean, damaged, mask, before=None, after=None):
    """The index of a damage, from what the detector answers before and after it."""
    return index_of_damage(explain(detector, clean, before), explain(detector, damaged, after), mask)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_decoder_that_passes_a_share_of_the_damage_has_that_index(twins, share):
    clean, damaged, mask = twins
    detector = tiny_detector().eval()
    features = [
        layer / layer.norm(dim=1, keepdim=True) for layer in forward(detector, [clean]).reconstruction.encoder
    ]

    def blend(given):
        unit = [layer / layer.norm(dim=1, keepdim=True) for layer in given]
        # Unit vectors that are close: their blend is nearly of length 1, and passes nearly `share`.
        return [share * new + (1 - share) * old for new, old in zip(unit, features, strict=True)]

    answering(detector, blend)
    copied = index(detector, clean, damaged, mask)
    assert copied.index == pytest.approx(share, abs=0.05)
    assert all(index == pytest.approx(share, abs=0.1) for index in copied.layers.values())
    assert list(copied.layers) == [layer.name for layer in detector.encoder.layers]
    assert copied.normal_error == pytest.approx(0, abs=1e-5)


def test_without_damage_there_is_no_index_but_a_normal_error(detector, twins):
    clean, _, mask = twins
    for nothing in (np.zeros_like(mask), mask):  # not marked, or marked and not changed
        copied = index(detector, clean, clean, nothing)
        assert copied.index is None
        assert set(copied.layers.values()) == {None}
        assert copied.normal_error > 0


def test_damage_everywhere_and_damage_in_the_cropped_rim(twins):
    clean, damaged, mask = twins
    cropping = tiny_detector(tiny_config(encoder=replace(ENCODER, resize=80))).eval()
    copied = index(cropping, clean, 255 - clean, np.ones_like(mask))
    assert copied.index is not None
    rim = np.zeros_like(mask)
    rim[:2] = True
    assert index(cropping, clean, damaged, rim).index is None


def test_an_encoder_is_asked_once_by_all_who_share_it(twins, monkeypatch):
    clean, damaged, mask = twins
    first, second = tiny_detector(seed=0).eval(), tiny_detector(seed=1).eval()
    second.encoder = first.encoder
    asked = []
    forward = first.encoder.forward
    monkeypatch.setattr(first.encoder, "forward", lambda images: asked.append(len(images)) or forward(images))
    before, after = {}, {}
    standard = StandardDamage(clean)
    for each in (first, second):
        index(each, clean, damaged, mask, before, after)
        standard.index_of(each)
    assert asked == [1, 1, 5]  # clean, damaged, clean with two damages of two kinds


def test_the_standard_damage_is_the_same_every_time_and_tells_copying_from_ignoring():
    [clean] = good_images("ring", 1)
    copying = answering(tiny_detector().eval(), lambda features: features)
    ignoring = answering(
        tiny_detector().eval(), lambda features: [torch.ones_like(each) for each in features]
    )
    assert StandardDamage(clean).index_of(copying) == StandardDamage(clean).index_of(copying)
    assert StandardDamage(clean).index_of(copying).index == pytest.approx(1)
    assert StandardDamage(clean).index_of(ignoring).index == pytest.approx(0)
    assert StandardDamage(clean).index_of(ignoring).normal_error > 0.1


def test_an_image_on_which_no_kind_shows_has_no_index(detector, monkeypatch):
    plain = np.full((20, 30, 3), 128, np.uint8)
    assert StandardDamage(plain).index_of(detector).index is not None  # a colour cast shows on grey
    monkeypatch.setattr("crr.identity.single_image.HELD_OUT", ("warp",))
    copied = StandardDamage(plain).index_of(detector)
    assert copied.index is None
    assert copied.normal_error > 0


def test_rows_of_a_reconstruction():
    layers = [torch.arange(6.0).view(3, 2, 1, 1)]
    rows = Reconstruction(layers, [-layer for layer in layers]).rows([2, 0, 2])
    assert rows.encoder[0].flatten().tolist() == [4, 5, 0, 1, 4, 5]
    assert torch.equal(rows.decoder[0], -rows.encoder[0])
