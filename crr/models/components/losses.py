"""Losses of the two stages (paper, sections 3.2 and 3.3)."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from crr.types import Features

SegmentationLoss = Literal["focal", "dice", "cross_entropy"]


def mining_share(step: int, final: float, iterations: int) -> float:
    """Share of easiest points at `step`: rises linearly from 0 to `final` over `iterations`."""
    return final * min(1.0, step / iterations)


def repair_loss(target: Features, answer: Features, share: float, factor: float) -> Tensor:
    """Cosine distance of whole layers, with hard mining; a scalar in [0, 2].

    Args:
        target: Encoder features of the clean image.
        answer: Decoder features of the clean or of the damaged image.
        share: Share of easiest points (smallest distance at their position) in [0, 1].
        factor: What the gradients of the easiest points are scaled by.

    Each layer counts by 1 - cosine of its flattened features (B, C * h * w), as in Dinomaly
    (arXiv 2405.14325, section 3.3), so that points are not forced to agree one by one.
    """
    losses = []
    for wanted, given in zip(target, answer, strict=True):
        wanted, given = wanted.detach().float(), given.float()
        if share > 0 and factor != 1:
            given = _mined(wanted, given, share, factor)
        losses.append((1 - functional.cosine_similarity(wanted.flatten(1), given.flatten(1), dim=1)).mean())
    return torch.stack(losses).mean()


def _mined(wanted: Tensor, given: Tensor, share: float, factor: float) -> Tensor:
    """The values of `given`, with the gradients of the easiest points scaled by `factor`."""
    with torch.no_grad():
        distances = 1 - functional.cosine_similarity(wanted, given, dim=1)  # (B, h, w)
        flat = distances.flatten()
        rank = min(len(flat), max(1, round(share * len(flat))))
        limit = flat.kthvalue(rank).values
        weight = torch.where(distances <= limit, factor, 1.0).unsqueeze(1)
    return given * weight + given.detach() * (1 - weight)


def segmentation_loss(logits: Tensor, mask: Tensor, kind: SegmentationLoss, gamma: float = 2.0) -> Tensor:
    """Loss of two-class logits (B, 2, H, W) against a 0/1 mask (B, H, W); a scalar >= 0.

    "focal" (arXiv 1708.02002, equation 4, no class weights: the paper's choice), "dice" (arXiv
    1606.04797, on the anomalous class) or "cross_entropy".
    """
    logits, mask = logits.float(), mask.long()
    if kind == "cross_entropy":
        return functional.cross_entropy(logits, mask)
    if kind == "focal":
        log_probability = -functional.cross_entropy(logits, mask, reduction="none")
        return (-((1 - log_probability.exp()) ** gamma) * log_probability).mean()
    probability = logits.softmax(dim=1)[:, 1]
    overlap = (probability * mask).sum()
    return 1 - (2 * overlap + 1) / (probability.sum() + mask.sum() + 1)
