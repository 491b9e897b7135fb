"""From distances a layer to one anomaly map and one score (paper, section 3.4)."""

import torch
from torch import Tensor
from torch.nn import functional

from crr.types import Features


def mean_map(distances: Features, size: int) -> Tensor:
    """Mean over layers of (B, 1, h_l, w_l) distances, as (B, 1, size, size).

    Layers meet on the finest grid and are brought to full size once.
    """
    grid = max(distance.shape[2:] for distance in distances)
    resized = [
        distance
        if distance.shape[2:] == grid
        else functional.interpolate(distance, size=grid, mode="bilinear", align_corners=False)
        for distance in distances
    ]
    mean = torch.stack(resized).mean(dim=0)
    return functional.interpolate(mean, size=(size, size), mode="bilinear", align_corners=False)


def gaussian_blur(maps: Tensor, sigma: float, kernel: int) -> Tensor:
    """Smooth (B, 1, H, W) maps with a Gaussian of `sigma` pixels in a `kernel` wide window; 0 leaves them alone."""
    if sigma == 0:
        return maps
    offsets = torch.arange(kernel, dtype=maps.dtype, device=maps.device) - (kernel - 1) / 2
    weights = torch.exp(-(offsets**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    reach = kernel // 2
    padded = functional.pad(maps, (reach, kernel - 1 - reach) * 2, mode="replicate")
    rows = functional.conv2d(padded, weights.view(1, 1, 1, -1))
    return functional.conv2d(rows, weights.view(1, 1, -1, 1))


def top_share_score(maps: Tensor, share: float) -> Tensor:
    """(B,): mean over the `share` of highest pixels of (B, 1, H, W) maps, at least one pixel."""
    values = maps.flatten(1)
    count = max(1, round(share * values.shape[1]))
    return values.topk(count, dim=1).values.mean(dim=1)
