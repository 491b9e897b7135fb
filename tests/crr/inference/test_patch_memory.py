"""Normal patches to look things up in."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from crr.data.preprocessing import to_input
from crr.errors import ConfigError
from crr.inference.patch_memory import PatchMemory, unit
from crr.models.components.encoder import Encoder
from tests.crr.tiny import ENCODER, good_images


@pytest.fixture(scope="module")
def encoder():
    return Encoder(ENCODER)


@pytest.fixture(scope="module")
def images():
    return {"plate": good_images("plate", 9), "ring": good_images("ring", 2)}


@pytest.fixture(scope="module")
def memory(encoder, images):
    return PatchMemory.of(encoder, images)


def features_of(encoder, image):
    pixels = torch.from_numpy(to_input(image, encoder.config))[None].permute(0, 3, 1, 2) / 255
    return [layer[0].permute(1, 2, 0).numpy() for layer in encoder(pixels)]


def test_a_remembered_patch_finds_itself(encoder, images, memory):
    for number, layer in enumerate(features_of(encoder, images["ring"][1])):
        [near] = memory.nearest(number, layer[2:3, 1])
        assert (near[0].image, near[0].row, near[0].column) == (10, 2, 1)
        assert near[0].distance == pytest.approx(0, abs=1e-3)
        assert [patch.distance for patch in near] == sorted(patch.distance for patch in near)
        assert len(near) == 5
    category, picture = memory.images[10]
    assert category == "ring"
    assert np.array_equal(picture, to_input(images["ring"][1], encoder.config))


def test_the_nearest_is_the_nearest_of_all(encoder, images, memory):
    """Against a search written out."""
    [asked] = good_images("ring", 1, seed=5)
    everything = np.concatenate(
        [features_of(encoder, image)[0].reshape(-1, 24) for rows in images.values() for image in rows]
    )
    question = features_of(encoder, asked)[0][7, 7]
    distances = np.linalg.norm(unit(everything) - unit(question), axis=1)
    [near] = memory.nearest(0, question[None], 3)
    assert [patch.distance for patch in near] == pytest.approx(np.sort(distances)[:3].tolist(), abs=1e-4)


def test_length_does_not_matter(encoder, images, memory):
    rows = features_of(encoder, images["plate"][0])[1].reshape(-1, 32)[:4]
    once, thrice = memory.nearest(1, rows, 1), memory.nearest(1, 3 * rows, 1)
    assert [near[0].image for near in once] == [near[0].image for near in thrice]


def test_memory_is_bounded_and_the_same_every_time(encoder, images):
    small = PatchMemory.of(encoder, images)
    layers = encoder.layers
    seen = {name: [to_input(image, ENCODER) for image in rows] for name, rows in images.items()}

    @torch.inference_mode()
    def encode(batch):
        return encoder(torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2) / 255)

    told = []
    bounded, again = (
        PatchMemory(
            layers, seen, encode, lambda *progress: told.append(progress), layer_bytes=11 * 24 * 4 * 10
        )
        for _ in range(2)
    )
    assert bounded.nbytes < small.nbytes
    question = np.ones((1, 24), dtype=np.float32)
    assert bounded.nearest(0, question, 500) == again.nearest(0, question, 500)
    assert len(bounded.nearest(0, question, 500)[0]) == 110  # ten patches of each image
    assert told == [(8, 11), (11, 11)] * 2


def test_a_vision_transformer_is_remembered_too(images):
    vit = Encoder(replace(ENCODER, name="test_vit", layers=(1, 2)))
    memory = PatchMemory.of(vit, images)
    assert len(memory.nearest(1, np.ones((2, vit.layers[1].channels), np.float32))) == 2


def test_without_images_it_says_so(encoder):
    with pytest.raises(ConfigError, match="at least one normal image"):
        PatchMemory.of(encoder, {"plate": []})
