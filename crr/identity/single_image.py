"""One damaged image and its clean twin: what a detector says of it, and how much of the damage it copied.

The same index as `crr.identity.evaluation` measures over a data set, at once and for a single image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from crr.anomalies import HELD_OUT, AnomalySynthesizer
from crr.data.preprocessing import mask_to_input, to_input
from crr.identity.index import as_number, layer_indices, mean_index, normal_error, passed_damage
from crr.inference.engine import (
    EncoderPass,
    EncoderPasses,
    encoder_key,
    inspections_of,
    memory_explained,
    predict_batch,
)
from crr.models.detector import Detector
from crr.types import Features, Image, Inspection, Mask, Reconstruction

_COPIES = 2  # with damage of each held-out kind


@dataclass(frozen=True)
class CopiedDamage:
    """How much of a damage a decoder copied.

    Attributes:
        index: The identity-mapping index, 1 = copied, 0 = repaired; None where the damage does not show in
            the encoder's features.
        layers: Layer to its index, likewise.
        normal_error: Mean of 1 - cosine between encoder and decoder on the clean image, in [0, 2].
    """

    index: float | None
    layers: dict[str, float | None]
    normal_error: float


@torch.inference_mode()
def reconstruct(detector: Detector, image: Image, passes: EncoderPasses) -> Reconstruction:
    """Encoder and decoder features of one image, a batch of 1.

    Args:
        detector: From `crr.load`.
        image: From `crr.data.images.decode`.
        passes: What encoders answered to this image before; this detector's is added.

    Raises:
        DeviceError: The device ran out of memory.
    """
    return _reconstruct(detector, [to_input(image, detector.config.encoder)], passes)


@torch.inference_mode()
def inspect_damage(
    detector: Detector, clean: Reconstruction, damaged: Image, mask: Mask, passes: EncoderPasses
) -> tuple[Inspection, CopiedDamage]:
    """Inspect a damaged image, and compare it with what the detector answered to its clean twin.

    Args:
        detector: From `crr.load`.
        clean: From `reconstruct`, of the image before it was damaged.
        damaged: Of any size.
        mask: bool, of the size of `damaged`: True where it was damaged.
        passes: What encoders answered to `damaged` before; this detector's is added.

    Raises:
        DeviceError: The device ran out of memory.
    """
    prediction, milliseconds = predict_batch(detector, [damaged], passes)
    [inspection] = inspections_of(detector, [damaged], prediction, milliseconds)
    masks = torch.from_numpy(mask_to_input(mask, detector.config.encoder))[None]
    return inspection, copied_damage(_names(detector), clean, prediction.reconstruction, masks)


def copied_damage(
    layers: Sequence[str], clean: Reconstruction, damaged: Reconstruction, masks: Tensor
) -> CopiedDamage:
    """How much of a damage was copied, from what a detector answered before and after it.

    Args:
        layers: Their names.
        clean: Of one image.
        damaged: Of its damaged copies, perhaps none.
        masks: bool (copies, H, W), True where a copy was damaged, covering what the network saw.
    """
    sums = torch.zeros(1, len(layers), 2)
    if len(masks):
        sums = passed_damage(clean, damaged, masks).sums()
    return CopiedDamage(*named_indices(layers, sums), normal_error=float(normal_error(clean).mean()))


def named_indices(layers: Sequence[str], sums: Tensor) -> tuple[float | None, dict[str, float | None]]:
    """The index of all layers, and layer by layer, from `PassedDamage.sums`, (copies, layers, 2).

    Each is None where the damage does not show.
    """
    together = sums.cpu().double().sum(dim=0)
    by_layer = dict(zip(layers, map(as_number, layer_indices(together)), strict=True))
    return as_number(mean_index(together)), by_layer


class StandardDamage:
    """An image with damage of the kinds that no method is trained on, always the same for the same image.

    Made once for all detectors that see images of one size, so that they are asked about the same damage.
    """

    def __init__(self, image: Image) -> None:
        """Args: image, from `crr.data.images.decode`."""
        self._image = image
        self._made: dict[tuple[int, int], tuple[list[Image], Tensor]] = {}
        self._passes: EncoderPasses = {}

    @torch.inference_mode()
    def copied_by(self, detector: Detector) -> CopiedDamage:
        """How much of it a detector's decoder copies; raises `DeviceError` if the device lacks memory."""
        encoder = detector.config.encoder
        size = (encoder.resize, encoder.crop)
        if size not in self._made:
            self._made[size] = _damaged_copies(to_input(self._image, encoder))
        images, masks = self._made[size]
        reconstruction = _reconstruct(detector, images, self._passes)
        clean, damaged = reconstruction.rows([0]), reconstruction.rows(range(1, len(images)))
        return copied_damage(_names(detector), clean, damaged, masks)


def _damaged_copies(image: Image) -> tuple[list[Image], Tensor]:
    """The image and behind it its damaged copies, and the bool (copies, H, W) masks of these."""
    drawn = [
        _synthesizer(kind).damage_that_shows(image, np.random.default_rng([copy, *kind.encode()]))
        for kind in HELD_OUT
        for copy in range(_COPIES)
    ]
    damages = [damage for damage in drawn if damage is not None]
    images = [image, *(damage.image for damage in damages)]
    masks = np.array([damage.mask for damage in damages], dtype=bool).reshape(-1, *image.shape[:2])
    return images, torch.from_numpy(masks)


@cache
def _synthesizer(kind: str) -> AnomalySynthesizer:
    return AnomalySynthesizer(fillings=[kind])


def _reconstruct(detector: Detector, images: Sequence[Image], passes: EncoderPasses) -> Reconstruction:
    """Encoder and decoder features of images at the encoder's input size."""
    before = passes.get(encoder_key(detector))
    with memory_explained(detector, len(images)):
        features: Features = before.features if before else detector.encoder(detector.as_input(images))
        reconstruction = Reconstruction(features, detector.decode(features))
    if before is None:
        passes[encoder_key(detector)] = EncoderPass(features, milliseconds=0.0)  # nobody is shown this time
    return reconstruction


def _names(detector: Detector) -> list[str]:
    return [layer.name for layer in detector.encoder.layers]
