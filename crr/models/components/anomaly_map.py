"""From distances a layer to one anomaly map and one score (paper, section 3.4)."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from crr.config import PredictionConfig
from crr.types import Features


def mean_map(distances: Features) -> Tensor:
    """Mean over layers of (B, 1, h_l, w_l) distances, as (B, 1, h, w) on the finest layer's grid."""
    return on_finest_grid(distances).mean(dim=0)


def on_finest_grid(distances: Features) -> Tensor:
    """(layers, B, 1, h, w): (B, 1, h_l, w_l) distances, each brought to the finest layer's grid."""
    grid = max(distance.shape[2:] for distance in distances)
    return torch.stack(
        [
            distance
            if distance.shape[2:] == grid
            else functional.interpolate(distance, size=grid, mode="bilinear", align_corners=False)
            for distance in distances
        ]
    )


def upsample_and_blur(maps: Tensor, size: int, sigma: float, kernel: int) -> Tensor:
    """Bring (B, 1, h, w) maps to (B, 1, size, size) bilinearly and smooth them with a Gaussian.

    Both are linear and separable, so that they are one small matrix from the left and one from the
    right: a tenth of the time of resizing and convolving at full size.

    Args:
        maps: On any grid.
        size: Side of the result in pixels.
        sigma: Standard deviation of the Gaussian in pixels of the result; 0 for no smoothing.
        kernel: Side of the Gaussian's window in pixels of the result, odd. The border is repeated.
    """
    height, width = maps.shape[2:]
    rows = _enlarging_matrix(height, size, sigma, kernel).to(maps)
    columns = _enlarging_matrix(width, size, sigma, kernel).to(maps)
    return rows @ maps @ columns.mT


def smoothed(maps: Tensor, settings: PredictionConfig) -> Tensor:
    """Maps (B, 1, h, w) on any grid, brought to (B, 1, map, map) and smoothed as the config says."""
    return upsample_and_blur(maps, settings.map_size, settings.blur_sigma, settings.blur_kernel)


def top_share_score(maps: Tensor, share: float) -> Tensor:
    """(B,): mean over the `share` of highest pixels of (B, 1, H, W) maps, at least one pixel."""
    values = maps.flatten(1)
    return values.topk(top_count(values.shape[1], share), dim=1).values.mean(dim=1)


def top_count(pixels: int, share: float) -> int:
    """How many of so many pixels a score is the mean of, at least one."""
    return max(1, round(share * pixels))


@lru_cache(maxsize=32)
def _enlarging_matrix(length: int, size: int, sigma: float, kernel: int) -> Tensor:
    """(size, length): bilinear enlargement, then a Gaussian that repeats the border, in one dimension."""
    with torch.inference_mode(mode=False):  # a cached tensor must stay usable outside
        identity = torch.eye(length, dtype=torch.float64)[None]
        enlarging = functional.interpolate(identity, size=size, mode="linear", align_corners=False)[0].T
        if sigma == 0:
            return enlarging.float()
        reach = kernel // 2
        offsets = torch.arange(-reach, reach + 1, dtype=torch.float64)
        weights = torch.exp(-(offsets**2) / (2 * sigma**2))
        sources = (torch.arange(size)[:, None] + torch.arange(-reach, reach + 1)).clamp(0, size - 1)
        smoothing = torch.zeros(size, size, dtype=torch.float64)
        smoothing.scatter_add_(1, sources, (weights / weights.sum()).expand(size, -1))
        return (smoothing @ enlarging).float()
