"""The one forward pass: shared encoder passes, masks, times, and a device that lacks memory."""

import numpy as np
import pytest
import torch

from crr.data.preprocessing import to_input
from crr.errors import DeviceError
from crr.inference.forward import FeatureMask, encode, forward
from crr.runtime.stopwatch import Stopwatch
from tests.crr.tiny import good_images, tiny_detector


@pytest.fixture
def detector():
    return tiny_detector().eval()


@pytest.fixture
def images():
    return good_images("plate", 2)


def test_it_is_encoder_and_decoder_in_turn(detector, images):
    found = forward(detector, images).reconstruction
    with torch.inference_mode():
        expected = detector.reconstruct(detector.preprocess(images))
    for ours, theirs in zip(
        [*found.encoder, *found.decoder], [*expected.encoder, *expected.decoder], strict=True
    ):
        assert torch.equal(ours, theirs)


def test_images_at_input_size_need_no_resizing(detector, images):
    small = [to_input(image, detector.config.encoder) for image in images]
    whole, brought = forward(detector, images), forward(detector, small, at_input_size=True)
    assert torch.equal(whole.reconstruction.encoder[0], brought.reconstruction.encoder[0])


def test_a_pass_is_shared_and_its_time_is_charged_again(detector, images, monkeypatch):
    other = tiny_detector(seed=1).eval()
    other.encoder = detector.encoder
    passes, first, second = {}, Stopwatch(), Stopwatch()
    forward(detector, images, passes, stopwatch=first)
    monkeypatch.setattr(detector.encoder, "forward", lambda *_: pytest.fail("asked again"))
    monkeypatch.setattr(other, "preprocess", lambda *_: pytest.fail("resized again"))
    forward(other, images, passes, stopwatch=second)
    assert {step: second.milliseconds[step] for step in ("resize", "encoder")} == {
        step: first.milliseconds[step] for step in ("resize", "encoder")
    }
    assert second.milliseconds["decoder"] > 0


def test_what_is_hidden_is_hidden_from_the_decoder_alone(detector, images):
    whole, masked = forward(detector, images), forward(detector, images, mask=FeatureMask(0.5, seed=1))
    assert whole.shown is whole.reconstruction.encoder
    assert torch.equal(whole.reconstruction.encoder[0], masked.reconstruction.encoder[0])
    assert float((masked.shown[0] == 0).float().mean()) > 0.3
    assert not np.array_equal(whole.reconstruction.decoder[0], masked.reconstruction.decoder[0])


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_a_device_that_lacks_memory_is_a_sentence(detector, images, part, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(getattr(detector, part), "forward", full)
    with pytest.raises(DeviceError, match="cpu ran out of memory at 2 images a batch"):
        forward(detector, images)
    if part == "encoder":
        with pytest.raises(DeviceError, match="Use a smaller batch"):
            encode(detector, images)
