"""The one forward pass outside of training: images through encoder and decoder, with encoder passes shared.

Whoever wants features asks here and nowhere else, so that sharing, masking, timing and the sentence about too
little memory are written once, and another engine has one place to go in.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from crr.config import EncoderConfig
from crr.errors import ConfigError, DeviceError
from crr.models.detector import Detector
from crr.runtime.stopwatch import Stopwatch
from crr.types import Features, Image, Reconstruction

EncoderKey = tuple[EncoderConfig, str, torch.device]
"""Settings, digest of the weights and device: encoders with the same three answer alike."""


@dataclass(frozen=True)
class EncoderPass:
    """What an encoder answered to one batch.

    Attributes:
        features: One (B, C_l, h_l, w_l) tensor a layer.
        milliseconds: Time that each step took, resizing included, for all images.
    """

    features: Features
    milliseconds: dict[str, float]


EncoderPasses = dict[EncoderKey, EncoderPass]
"""The passes of one batch, for detectors that share an encoder."""


@dataclass(frozen=True)
class FeatureMask:
    """Part of the encoder's features that the decoder is not shown, as in training with masking.

    Attributes:
        rate: Probability with which each element of each patch is hidden, in [0, 1).
        seed: Seed of the draw of what is hidden.
    """

    rate: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class ForwardPass:
    """Images after encoder and decoder.

    Attributes:
        reconstruction: Encoder and decoder features.
        shown: What of the encoder's features the decoder was shown: the same tensors unless some was hidden.
    """

    reconstruction: Reconstruction
    shown: Features


@torch.inference_mode()
def forward(
    detector: Detector,
    images: Sequence[Image],
    passes: EncoderPasses | None = None,
    *,
    at_input_size: bool = False,
    mask: FeatureMask | None = None,
    stopwatch: Stopwatch | None = None,
) -> ForwardPass:
    """Ask encoder and decoder about images.

    Args:
        detector: From `crr.load`.
        images: From `crr.data.images.decode`, at least one.
        passes: What encoders answered to these same images before. If the detector's encoder is not among
            them, it is added; if it is, its time is charged again, as the detector alone would take it.
        at_input_size: Whether the images are (crop, crop, 3) already, as `to_input` makes them.
        mask: What of the features is hidden from the decoder; nothing if None.
        stopwatch: Adds up the time of "resize", "encoder" and "decoder".

    Raises:
        ConfigError: The rate of `mask` is not in [0, 1).
        DeviceError: The device ran out of memory.
    """
    watch = stopwatch or Stopwatch()
    features = encode(detector, images, passes, at_input_size=at_input_size, stopwatch=watch)
    with memory_explained(detector, len(images)):
        shown = features if mask is None or mask.rate == 0 else hide(features, mask)
        with watch.step("decoder"):
            return ForwardPass(Reconstruction(features, detector.decode(shown)), shown)


@torch.inference_mode()
def encode(
    detector: Detector,
    images: Sequence[Image],
    passes: EncoderPasses | None = None,
    *,
    at_input_size: bool = False,
    stopwatch: Stopwatch | None = None,
) -> Features:
    """The encoder's half of `forward`, with the same arguments and errors."""
    watch = stopwatch or Stopwatch()
    known = None if passes is None else passes.get(encoder_key(detector))
    if known is None:
        own = Stopwatch(detector.device)
        with memory_explained(detector, len(images)):
            with own.step("resize"):
                batch = detector.as_input(images) if at_input_size else detector.preprocess(images)
            with own.step("encoder"):
                features = detector.encoder(batch)
        known = EncoderPass(features, own.milliseconds)
        if passes is not None:
            passes[encoder_key(detector)] = known
    for step, milliseconds in known.milliseconds.items():
        watch.milliseconds[step] = watch.milliseconds.get(step, 0.0) + milliseconds
    return known.features


def encoder_key(detector: Detector) -> EncoderKey:
    """A key that is equal for detectors whose encoders answer alike."""
    return detector.config.encoder, detector.encoder.digest, detector.device


def hide(features: Features, mask: FeatureMask) -> Features:
    """Features with each element zeroed at random, and what is left scaled up so that means stay.

    Here before layers are joined into tokens, so that it can be shown and done to any method. Where tokens
    are the layers side by side, as in the embedded models, it is exactly what
    `crr.models.components.masking` does in training.

    Raises:
        ConfigError: The rate is not in [0, 1).
    """
    if not 0 <= mask.rate < 1:
        raise ConfigError(f"The share that is hidden is from 0 to below 1; given: {mask.rate}.")
    generator = torch.Generator().manual_seed(mask.seed)
    return [
        layer * ((torch.rand(layer.shape, generator=generator) >= mask.rate) / (1 - mask.rate)).to(layer)
        for layer in features
    ]


@contextmanager
def memory_explained(detector: Detector, batch_size: int) -> Iterator[None]:
    """Turn a device's lack of memory, at this batch size, into a `DeviceError` that says what to do."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise DeviceError(
            f"{detector.device} ran out of memory at {batch_size} images a batch. "
            "Use a smaller batch or the CPU."
        ) from None
