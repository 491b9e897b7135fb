"""The length of a residual in the metric of its category.

Not in the paper. Every decoder leaves an ordinary error behind, larger in some channels and at some
places than at others. Each known category therefore keeps the mean (a position) and the channel
covariance of encoder minus decoder on normal images, and a residual counts by its Mahalanobis length:
how unusual this error is here, not how large.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from crr.models.components.encoder import Layer, token_grid
from crr.types import Features, Reconstruction

_SHRINKAGE = 0.03
_PRIOR_IMAGES = 8  # a position's own mean outweighs the category's once it rests on this many images


class Metric(nn.Module, ABC):
    """A measure of the residual that was learnt from a category's normal images."""

    @abstractmethod
    def forward(self, reconstruction: Reconstruction, category: Tensor) -> Features:
        """One (B, 1, h, w) tensor a layer, about 1 where an image is normal.

        Args:
            reconstruction: Encoder and decoder features.
            category: (B,) index of each image's category.
        """

    @abstractmethod
    def fit(self, category: int, reconstructions: Iterable[Reconstruction]) -> None:
        """Learn from batches of one category's normal images, each read once."""


class ResidualMetric(Metric):
    """Mean and whitening of the residual, for each of `categories` categories and each layer.

    Means are kept in half precision: they are most of the file.
    """

    def __init__(self, layers: Sequence[Layer], categories: int) -> None:
        super().__init__()
        self.layers = tuple(layers)
        height, width = token_grid(layers)
        for index, layer in enumerate(layers):
            identity = torch.eye(layer.channels).repeat(categories, 1, 1)
            self.register_buffer(f"whitening_{index}", identity)
            mean = torch.zeros(categories, layer.channels, height, width, dtype=torch.float16)
            self.register_buffer(f"mean_{index}", mean)

    def forward(self, reconstruction: Reconstruction, category: Tensor) -> Features:
        """One (B, 1, h_l, w_l) tensor a layer, each on its own grid."""
        pairs = zip(reconstruction.encoder, reconstruction.decoder, strict=True)
        return [
            self._lengths(index, seen - answered, category) for index, (seen, answered) in enumerate(pairs)
        ]

    def _lengths(self, index: int, residual: Tensor, category: Tensor) -> Tensor:
        _, channels, height, width = residual.shape
        whitening = self.get_buffer(f"whitening_{index}")[category]  # (B, C, C)
        mean = self.get_buffer(f"mean_{index}")[category].float()  # whitened, on the token grid
        # Laid out as the rows below, so that nothing large is copied.
        mean = mean.contiguous(memory_format=torch.channels_last)
        if mean.shape[2:] != residual.shape[2:]:
            mean = functional.interpolate(mean, size=(height, width), mode="bilinear", align_corners=False)
        rows = residual.permute(0, 2, 3, 1).reshape(-1, height * width, channels)
        whitened = rows @ whitening.mT
        whitened -= mean.permute(0, 2, 3, 1).reshape(-1, height * width, channels)
        lengths = whitened.square().mean(dim=2).sqrt()
        return lengths.view(-1, 1, height, width)

    def fit(self, category: int, reconstructions: Iterable[Reconstruction]) -> None:
        """Learn mean and covariance of one category's residuals."""
        statistics = ResidualStatistics(self.layers)
        for reconstruction in reconstructions:
            statistics.add(reconstruction)
        for index, (mean, covariance) in enumerate(statistics.moments()):
            whitening = _inverse_root(covariance)
            self.get_buffer(f"whitening_{index}")[category] = whitening
            self.get_buffer(f"mean_{index}")[category] = torch.einsum("ij,jhw->ihw", whitening, mean)


class ResidualStatistics:
    """Gathers the residual's moments over one category's normal images, a batch at a time."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.grid = token_grid(layers)
        self.images = 0
        self.sums = [torch.zeros(layer.channels, *self.grid, dtype=torch.float64) for layer in layers]
        self.products = [torch.zeros(layer.channels, layer.channels, dtype=torch.float64) for layer in layers]

    def add(self, reconstruction: Reconstruction) -> None:
        """Take in one batch of normal images."""
        self.images += len(reconstruction.encoder[0])
        for index, (seen, answered) in enumerate(
            zip(reconstruction.encoder, reconstruction.decoder, strict=True)
        ):
            residual = (seen - answered).float()
            pooled = functional.adaptive_avg_pool2d(residual, self.grid)
            rows = residual.permute(0, 2, 3, 1).flatten(0, 2)
            self.sums[index] += pooled.sum(dim=0).cpu().double()
            self.products[index] += (rows.T @ rows / (len(rows) / len(residual))).cpu().double()

    def moments(self) -> list[tuple[Tensor, Tensor]]:
        """Mean (C, h, w) on the token grid and channel covariance (C, C) around it, a layer."""
        results = []
        for sums, products in zip(self.sums, self.products, strict=True):
            own = sums / self.images
            common = own.mean(dim=(1, 2), keepdim=True)
            share = self.images / (self.images + _PRIOR_IMAGES)
            mean = share * own + (1 - share) * common
            own_rows, mean_rows = own.flatten(1), mean.flatten(1)
            cross = own_rows @ mean_rows.T
            covariance = (
                products / self.images - (cross + cross.T - mean_rows @ mean_rows.T) / own_rows.shape[1]
            )
            results.append((mean.float(), covariance.float()))
        return results


def _inverse_root(covariance: Tensor) -> Tensor:
    """Symmetric inverse square root of a covariance, shrunk towards its mean variance."""
    channels = len(covariance)
    variance = covariance.diagonal().mean().clamp(min=1e-12)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * variance * torch.eye(channels)
    values, vectors = torch.linalg.eigh(shrunk.double())
    floor = _SHRINKAGE * float(variance) / 2
    return (vectors * values.clamp(min=floor).rsqrt() @ vectors.T).float()
