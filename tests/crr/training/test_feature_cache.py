import pytest
import torch

from crr.data.datasets import open_dataset
from crr.data.preprocessing import as_input_tensor
from crr.training.damaged_images import DamagedImages
from crr.training.feature_cache import CleanFeatures
from tests.crr.tiny import tiny_detector, write_dataset


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    dataset = open_dataset(write_dataset(tmp_path_factory.mktemp("data"), images=4))
    return {category.name: category.train for category in dataset.categories}


def clean(samples, detector, **changes):
    return CleanFeatures(samples, detector, seed=3, batch_size=5, **changes)


def equal(one, other):
    return all(torch.equal(first, second) for first, second in zip(one, other, strict=True))


def test_features_are_those_of_the_images_that_damaged_batches_draw(samples):
    detector = tiny_detector()
    damaged = DamagedImages(samples, detector.config.encoder, None, seed=3, batch_size=5, damaged_share=0.0)
    for number in (0, 7):
        expected = detector.encoder(as_input_tensor(damaged[number].clean))
        for given, wanted in zip(clean(samples, detector)[number], expected, strict=True):
            assert given.dtype == torch.float32
            torch.testing.assert_close(given, wanted, rtol=2e-3, atol=2e-3)


def test_every_image_is_encoded_once(samples, monkeypatch):
    detector, encoded = tiny_detector(), []
    forward = detector.encoder.forward
    monkeypatch.setattr(
        detector.encoder, "forward", lambda images: encoded.append(len(images)) or forward(images)
    )
    assert len(list(clean(samples, detector).batches(0, 12))) == 12
    assert sum(encoded) == 8  # two categories of four images


def test_neither_the_room_nor_where_a_run_begins_changes_a_bit(samples):
    detector = tiny_detector()
    whole = list(clean(samples, detector).batches(0, 6))
    for other in (clean(samples, detector, limit=0), clean(samples, detector, limit=60_000)):
        assert all(map(equal, other.batches(2, 6), whole[2:]))
