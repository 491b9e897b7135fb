"""Identity mapping, measured: which share of a damage passes through the decoder.

A decoder that merely copies its input hides defects from every distance between it and the encoder. For a
clean image x, a damaged copy x', encoder E, decoder D, features L2-normalised at each position, and the
patches that the mask touches and where the damage shows, ||E(x') - E(x)|| > `NOISE_FLOOR`:

    index = sum <D(x') - D(x), E(x') - E(x)>  /  sum ||E(x') - E(x)||^2

It is the slope of the decoder's change on the encoder's: 1 if the damage is copied, 0 if it is repaired. A
few patches may lie below 0 or above 1. A decoder that ignores its input has index 0 too, so `normal_error`
belongs beside it: only a decoder with both near 0 is good. No labels are needed, only a clean twin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crr.types import Features, Reconstruction

NOISE_FLOOR = 0.1
"""A patch counts if its normalised encoder features move by more than this, of at most 2."""


Origin = Literal["painted", "marked", "test"]
"""Where a damage comes from: done to a known image; a real defect that is marked, so that the image before it
is unknown; or test damage of the kinds that no method is trained on, laid over copies of any image."""


@dataclass(frozen=True)
class IdentityIndex:
    """How much of a damage a decoder copied, 1 = copied (identity mapping), 0 = repaired.

    Attributes:
        index: Index of all layers together; None where the damage does not show in the encoder's features.
        layers: Layer to its index, likewise.
        normal_error: Mean of 1 - cosine between encoder and decoder without the damage, in [0, 2].
        origin: Where the damage comes from.
        maps: float32 (h, w) a layer, the index of each patch, NaN where the damage does not show; None for
            test damage, which lies on other images.
    """

    index: float | None
    layers: Mapping[str, float | None]
    normal_error: float
    origin: Origin = "painted"
    maps: tuple[NDArray[np.float32], ...] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class PassedDamage:
    """Numerator and denominator of the index, patch by patch; both are 0 where a patch does not count.

    Attributes:
        passed: <D(x') - D(x), E(x') - E(x)>, one (B, 1, h_l, w_l) float32 tensor a layer.
        shown: ||E(x') - E(x)||^2, of the same shapes, non-negative.
    """

    passed: Features
    shown: Features

    def maps(self) -> Features:
        """The index of each patch, one (B, 1, h_l, w_l) tensor a layer; NaN where a patch does not count."""
        return [passed / shown for passed, shown in zip(self.passed, self.shown, strict=True)]

    def sums(self) -> Tensor:
        """(B, layers, 2): `passed` and `shown` summed over patches.

        Adding these over images gives the sums of a kind of damage, a category or a model.
        """
        layers = zip(self.passed, self.shown, strict=True)
        return torch.stack([torch.cat(terms, dim=1).sum(dim=(2, 3)) for terms in layers], dim=1)


def passed_damage(clean: Reconstruction, damaged: Reconstruction, mask: Tensor) -> PassedDamage:
    """Compare what the damage did to the encoder's and to the decoder's features.

    Args:
        clean: Features of B clean images, or of a single one of which all damaged ones are copies.
        damaged: Features of their B damaged copies.
        mask: bool (B, H, W), True where an image was damaged, covering exactly what the network saw. Any
            size and device; a patch counts if a single pixel of its area is damaged.
    """
    passed, shown = [], []
    for layer in range(len(damaged.encoder)):
        seen = _unit(damaged.encoder[layer]) - _unit(clean.encoder[layer])
        answered = _unit(damaged.decoder[layer]) - _unit(clean.decoder[layer])
        length = seen.square().sum(dim=1, keepdim=True)
        counts = touched(mask, seen) & (length > NOISE_FLOOR**2)
        passed.append(torch.where(counts, (answered * seen).sum(dim=1, keepdim=True), 0))
        shown.append(torch.where(counts, length, 0))
    return PassedDamage(passed, shown)


def identity_index(
    layers: Sequence[str],
    clean: Reconstruction,
    damaged: Reconstruction,
    masks: Tensor,
    origin: Origin = "painted",
) -> IdentityIndex:
    """How much of a damage was copied, from what a detector answered before and after it.

    Args:
        layers: Names of the layers.
        clean: Features of one image.
        damaged: Features of its damaged copies, perhaps none.
        masks: bool (copies, H, W), True where a copy was damaged, covering what the network saw.
        origin: Where the damage comes from.
    """
    sums, maps = torch.zeros(len(layers), 2, dtype=torch.float64), None
    if len(masks):
        passed = passed_damage(clean, damaged, masks)
        sums = passed.sums().cpu().double().sum(dim=0)
        if origin != "test":
            maps = tuple(layer[0, 0].cpu().numpy() for layer in passed.maps())
    return IdentityIndex(
        index=as_number(mean_index(sums)),
        layers=dict(zip(layers, map(as_number, layer_indices(sums)), strict=True)),
        normal_error=float(normal_error(clean).mean()),
        origin=origin,
        maps=maps,
    )


def layer_indices(sums: Tensor) -> Tensor:
    """(..., layers): the index of each layer from (..., layers, 2) sums; NaN where no damage shows."""
    return sums[..., 0] / sums[..., 1]


def mean_index(sums: Tensor) -> Tensor:
    """(...): one index from (..., layers, 2) sums, the mean of `layer_indices`.

    Layers count alike, however many patches they have and however strongly they show the damage. Those
    that show none are left out; NaN where none of them does.
    """
    return layer_indices(sums).nanmean(dim=-1)


def as_number(index: Tensor) -> float | None:
    """A single index as a plain number, None where no damage shows."""
    return None if index.isnan() else float(index)


def normal_error(clean: Reconstruction) -> Tensor:
    """(B, layers) in [0, 2]: mean of 1 - cosine of E(x) and D(x) over positions, for clean images x."""
    return torch.stack([distance.float().mean(dim=(1, 2, 3)) for distance in clean.distances()], dim=1)


def _unit(features: Tensor) -> Tensor:
    return functional.normalize(features.float(), dim=1)


def touched(mask: Tensor, features: Tensor) -> Tensor:
    """bool (B, 1, h, w): the patches of a layer's grid that a mask touches; no thin line is lost.

    Args:
        mask: bool (B, H, W), covering exactly what the network saw; of any device.
        features: (B, C, h, w), the features of that layer.
    """
    pooled = functional.adaptive_max_pool2d(mask.unsqueeze(1).float(), features.shape[2:])
    return pooled.to(features.device) > 0
