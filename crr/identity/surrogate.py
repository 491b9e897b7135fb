"""A stand-in for the clean twin that a real defect does not have, to estimate its identity index.

The index (`crr.identity.index`) compares what encoder and decoder answer to a part before and after it was
damaged. Of a real defect only the second is known. Normal patches of the same kind of part stand in for the
first: for each damaged patch the one whose encoder features are nearest to it, with what the decoder answers
to it. On damage whose clean twin is known, both can be compared: `python -m benchmarks.surrogate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from crr.identity.index import touched
from crr.types import Reconstruction


@dataclass(frozen=True, eq=False)
class NormalPatches:
    """Patches of one layer, of normal images of one category.

    Attributes:
        encoder: (N, C) float, N at least 1.
        decoder: (N, C) float, what the detector's decoder answers to them, of any unit of length.
    """

    encoder: Tensor
    decoder: Tensor


def surrogate_for(damaged: Reconstruction, mask: Tensor, normals: Sequence[NormalPatches]) -> Reconstruction:
    """Damaged images with normal patches in the place of the damaged ones, for `passed_damage`.

    Args:
        damaged: Features of B damaged images.
        mask: bool (B, H, W), True where an image is damaged, covering exactly what the network saw.
        normals: Normal patches of the same category and detector, one entry a layer.
    """
    encoder, decoder = [], []
    for seen, answered, patches in zip(damaged.encoder, damaged.decoder, normals, strict=True):
        places = touched(mask, seen)[:, 0]
        looked_up = functional.normalize(_last(seen)[places].float(), dim=1)
        nearest = (looked_up @ functional.normalize(patches.encoder.float(), dim=1).T).argmax(dim=1)
        encoder.append(_replaced(seen, places, patches.encoder[nearest]))
        decoder.append(_replaced(answered, places, patches.decoder[nearest]))
    return Reconstruction(encoder, decoder)


def _replaced(features: Tensor, places: Tensor, patches: Tensor) -> Tensor:
    changed = _last(features).clone()
    changed[places] = patches.to(changed)
    return changed.permute(0, 3, 1, 2)


def _last(features: Tensor) -> Tensor:
    """Features (B, C, h, w) with their channels last, (B, h, w, C)."""
    return features.permute(0, 2, 3, 1)
