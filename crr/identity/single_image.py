"""One image and a damage to it: how much of the damage a detector copied, at once.

The same index as `crr.identity.evaluation` measures over a data set, for a single image.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from crr.anomalies import HELD_OUT, AnomalySynthesizer
from crr.data.preprocessing import mask_to_input, to_input
from crr.identity.index import IdentityIndex, identity_index
from crr.identity.surrogate import NormalPatches, surrogate_for
from crr.inference.explanation import Explanation
from crr.inference.forward import EncoderPasses, forward
from crr.models.detector import Detector
from crr.types import Image, Mask

_COPIES = 2  # with damage of each held-out kind


def index_of_damage(before: Explanation, after: Explanation, mask: Mask) -> IdentityIndex:
    """How much of a damage a detector copied, from its answers to an image before and after the damage.

    Args:
        before: Explanation of the image without the damage.
        after: Explanation of the damaged image, by the same detector with the same mask of features.
        mask: bool, of the size of the image: True where it was damaged.
    """
    return identity_index(
        layer_names(after), before.reconstruction(), after.reconstruction(), mask_in_view(mask, after)
    )


def index_of_defect(explanation: Explanation, mask: Mask, normals: Sequence[NormalPatches]) -> IdentityIndex:
    """An estimate of the index of a real defect: normal patches stand in for the part before it.

    Args:
        explanation: Explanation of the defective image.
        mask: bool, of the size of the image: True where it is defective.
        normals: Normal patches of the same kind of part, a layer.
    """
    damaged, masks = explanation.reconstruction(), mask_in_view(mask, explanation)
    return identity_index(
        layer_names(explanation), surrogate_for(damaged, masks, normals), damaged, masks, "marked"
    )


def shows_in_view(mask: Mask, explanation: Explanation) -> bool:
    """Whether a defect lies, at least in part, in what the network sees of the image."""
    return bool(mask_in_view(mask, explanation).any())


class StandardDamage:
    """An image with damage of the kinds that no method is trained on, always the same for the same image.

    Made once for all detectors that see images of one size, so that they are asked about the same damage.
    """

    def __init__(self, image: Image) -> None:
        """Args: image, from `crr.data.images.decode`."""
        self._image = image
        self._made: dict[tuple[int, int], tuple[list[Image], Tensor]] = {}
        self._passes: EncoderPasses = {}

    def index_of(self, detector: Detector) -> IdentityIndex:
        """How much of this damage a detector's decoder copies; raises `DeviceError` if memory is lacking."""
        encoder = detector.config.encoder
        size = (encoder.resize, encoder.crop)
        if size not in self._made:
            self._made[size] = _damaged_copies(to_input(self._image, encoder))
        images, masks = self._made[size]
        answered = forward(detector, images, self._passes, at_input_size=True).reconstruction
        clean, damaged = answered.rows([0]), answered.rows(range(1, len(images)))
        names = [layer.name for layer in detector.encoder.layers]
        return identity_index(names, clean, damaged, masks, "test")


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


def layer_names(explanation: Explanation) -> list[str]:
    """Names of the layers of an answer."""
    return [layer.layer.name for layer in explanation.layers]


def mask_in_view(mask: Mask, explanation: Explanation) -> Tensor:
    """bool (1, crop, crop): the mask as the network sees the image."""
    return torch.from_numpy(mask_to_input(mask, explanation.encoder))[None]
