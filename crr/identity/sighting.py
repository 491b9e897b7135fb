"""What an encoder saw of an image that normal parts do not have, and how much of it the decoder copied.

A defect that the encoder saw and the decoder copied is what identity mapping hides: encoder and decoder
agree, and the anomaly map stays dark. Normal patches of the same kind of part tell without a clean twin: a
patch is unusual as far as its encoder features lie from the nearest of them, and `crr.identity.surrogate`
estimates the index with these in the place of the part before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from crr.identity.index import identity_index, touched
from crr.identity.single_image import layer_names, mask_in_view
from crr.identity.surrogate import NormalPatches, surrogate_for
from crr.inference.explanation import Explanation
from crr.models.components.anomaly_map import on_finest_grid, top_count
from crr.types import Mask

_TOP_SHARE = 0.01  # of the patches, where no mask says which are meant
_ORDINARY = 0.95  # of normal patches lie nearer to others than this


@dataclass(frozen=True, eq=False)
class Usual:
    """Normal patches of one layer of one category, and how far they lie from each other.

    Attributes:
        patches: Of several images, those of one image behind each other.
        distance: From patches of some of the images to the nearest of the others: 95 % of them lie nearer.
    """

    patches: NormalPatches
    distance: float


@dataclass(frozen=True)
class Sighting:
    """Unusual patches of an image.

    Attributes:
        seen: Layer to how unusual they are for the encoder: the mean distance from the nearest normal patch,
            over the usual one. About 1 and below for normal patches; 0 or more.
        patches: How many patches of the finest layer are meant.
        grid: How many patches that layer has.
        copied: Share of what is unusual that the decoder copied, in [0, 1]: 1 is copied (identity mapping), 0
            repaired; None where it shows in no layer.
    """

    seen: Mapping[str, float]
    patches: int
    grid: int
    copied: float | None

    @property
    def by(self) -> str:
        """The layer that saw most."""
        return max(self.seen, key=self.seen.__getitem__)

    @property
    def most(self) -> float:
        """What that layer saw."""
        return self.seen[self.by]


def usual(patches: NormalPatches) -> Usual:
    """Normal patches with how far they lie from each other."""
    half = (len(patches.encoder) + 1) // 2
    distances = _nearest(patches.encoder[half:], patches.encoder[:half])
    ordinary = float(distances.quantile(_ORDINARY)) if len(distances) else 0.0
    return Usual(patches, max(ordinary, 1e-6))


def sighting(explanation: Explanation, normals: Sequence[Usual], mask: Mask | None = None) -> Sighting | None:
    """What is unusual in an image, or within a mask of it.

    Args:
        explanation: What a detector answered to the image.
        normals: Normal patches of the same kind of part, one entry a layer.
        mask: bool, of the size of the image. None: the most unusual hundredth of its patches.

    Returns:
        None if the mask lies outside of what the network sees.
    """
    answered = explanation.reconstruction()
    ratios = [_ratio(features, layer) for features, layer in zip(answered.encoder, normals, strict=True)]
    places = _most_unusual(ratios) if mask is None else mask_in_view(mask, explanation)
    if not places.any():
        return None
    names = layer_names(explanation)
    seen = {
        name: float(ratio[touched(places, ratio)].mean()) for name, ratio in zip(names, ratios, strict=True)
    }
    finest = max(ratios, key=torch.numel)
    before = surrogate_for(answered, places, [layer.patches for layer in normals])
    index = identity_index(names, before, answered, places, "marked").index
    return Sighting(
        seen=seen,
        patches=int(touched(places, finest).sum()),
        grid=finest.numel(),
        copied=None if index is None else min(1.0, max(0.0, index)),  # of few patches it may lie beyond
    )


def _ratio(features: Tensor, layer: Usual) -> Tensor:
    """(1, 1, h, w): how unusual each patch of features (1, C, h, w) is."""
    _, channels, height, width = features.shape
    rows = features[0].permute(1, 2, 0).reshape(-1, channels)
    return (_nearest(rows, layer.patches.encoder) / layer.distance).reshape(1, 1, height, width)


def _most_unusual(ratios: Sequence[Tensor]) -> Tensor:
    """bool (1, h, w): the most unusual places, by the mean of the layers."""
    mean = on_finest_grid(list(ratios)).mean(dim=0)[:, 0]
    least = mean.flatten().topk(top_count(mean.numel(), _TOP_SHARE)).values[-1]
    return mean >= least


def _nearest(rows: Tensor, normal: Tensor) -> Tensor:
    """(N,) distances, in [0, 2], of rows (N, C) at length 1 from the nearest of rows (M, C) likewise."""
    cosine = functional.normalize(rows.float(), dim=1) @ functional.normalize(normal.float(), dim=1).T
    return (2 - 2 * cosine.max(dim=1).values).clamp(min=0).sqrt() if len(rows) else cosine.new_zeros(0)
