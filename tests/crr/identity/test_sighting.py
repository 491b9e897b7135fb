"""What the encoder saw and the decoder copied, found without a mask and within one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from crr.identity.sighting import sighting, usual
from crr.identity.surrogate import NormalPatches
from crr.inference.explanation import explain
from tests.crr.tiny import ENCODER, calibrated_detector, good_images, scratched, tiny_config, tiny_detector


@pytest.fixture(scope="module")
def detector():
    return calibrated_detector().eval()


@pytest.fixture(scope="module")
def normals(detector):
    explained = [explain(detector, image) for image in good_images("plate", 6)]
    layers = [[one.layers[number] for one in explained] for number in range(len(explained[0].layers))]
    return [
        usual(NormalPatches(joined(row.encoder for row in rows), joined(row.decoder for row in rows)))
        for rows in layers
    ]


def joined(features):
    return torch.from_numpy(np.concatenate([rows.reshape(-1, rows.shape[-1]) for rows in features]))


@pytest.fixture
def twins():
    [*_, clean] = good_images("plate", 7)
    damaged, mask = scratched(clean, np.random.default_rng(3))
    return clean, damaged, mask > 0


def answering(explanation, decoder):
    """The same answer, with what the decoder said made of what the encoder saw."""
    layers = tuple(replace(layer, decoder=decoder(layer.encoder)) for layer in explanation.layers)
    return replace(explanation, layers=layers)


def test_a_damage_is_seen_and_a_good_part_is_as_usual(detector, normals, twins):
    clean, damaged, _ = twins
    before, after = (sighting(explain(detector, image), normals) for image in (clean, damaged))
    assert after.most > 1.3 * before.most
    assert 0 < before.most < 2
    assert list(after.seen) == [layer.name for layer in detector.encoder.layers]
    assert after.seen[after.by] == after.most == max(after.seen.values())


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_who_copies_what_it_sees_is_told_from_who_answers_what_is_usual(detector, normals, twins, share):
    _, damaged, mask = twins
    seen = explain(detector, damaged)
    copying = [usual(NormalPatches(layer.patches.encoder, layer.patches.encoder)) for layer in normals]
    blind = [
        usual(NormalPatches(layer.patches.encoder, torch.ones_like(layer.patches.encoder)))
        for layer in normals
    ]
    answers = answering(seen, lambda rows: rows if share else np.ones_like(rows))
    found = sighting(answers, copying if share else blind, mask)
    assert found.copied == pytest.approx(share, abs=1e-3)


def test_a_mask_says_which_patches_are_meant(detector, normals, twins):
    _, damaged, mask = twins
    explained = explain(detector, damaged)
    within, elsewhere = sighting(explained, normals, mask), sighting(explained, normals, ~mask)
    assert within.most > elsewhere.most


def test_a_mask_outside_of_what_the_network_sees_shows_nothing(twins, normals):
    clean, _, mask = twins
    cropping = tiny_detector(tiny_config(encoder=replace(ENCODER, resize=80))).eval()
    rim = np.zeros_like(mask)
    rim[:1] = True
    assert sighting(explain(cropping, clean), normals, rim) is None


def test_normal_patches_alone_have_some_distance():
    alone = torch.ones(1, 4)
    assert usual(NormalPatches(alone, alone)).distance > 0
