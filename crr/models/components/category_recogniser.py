"""Which known category an image resembles, and whether it resembles any.

An image is summarised by its mean feature vector; categories are told apart in the metric of the
variation within categories (linear discriminant analysis), so no label is needed at prediction time.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crr.models.components.encoder import Layer
from crr.types import Features

_MARGIN = 1.5  # how far beyond the furthest held-back normal an image may lie and still count as known
_FEW = (
    2  # from so many held-back normals the margin is twice as wide: few do not show how far normals can lie
)
_SMALLEST_VARIANCE = 1e-8  # of a channel, where the training images are all the same


def summary(features: Features) -> Tensor:
    """(B, D): the mean over positions of every channel of every layer, D the sum of channels."""
    return torch.cat([layer.float().mean(dim=(2, 3)) for layer in features], dim=1)


class CategoryRecogniser(nn.Module):
    """Centres of the known categories in encoder space."""

    centres: Tensor
    whitening: Tensor
    radius: Tensor

    def __init__(self, layers: Sequence[Layer], categories: int) -> None:
        super().__init__()
        channels = sum(layer.channels for layer in layers)
        self.register_buffer("centres", torch.zeros(categories, channels))
        self.register_buffer("whitening", torch.eye(channels))
        self.register_buffer("radius", torch.full((categories,), torch.inf))

    def forward(self, features: Features) -> tuple[Tensor, Tensor]:
        """Nearest category (B,) and distance to its centre over its radius (B,): above 1 is unknown."""
        distances = self._distances(summary(features))
        nearest = distances.argmin(dim=1)
        return nearest, distances.gather(1, nearest[:, None])[:, 0] / self.radius[nearest]

    def fit(self, training: Sequence[Tensor], held_back: Sequence[Tensor]) -> None:
        """Learn centres, metric and radii.

        The fewer the images, the more the metric shrinks towards one without correlations. In it training
        images lie about sqrt(D) from their centre, and no radius is set by less: a category whose normal
        images are nearly alike would take a large defect for another part.
        """
        self.centres.copy_(torch.stack([images.mean(dim=0) for images in training]))
        deviations = torch.cat([images - images.mean(dim=0) for images in training]).double()
        count, channels = deviations.shape
        covariance = deviations.T @ deviations / count
        variances = covariance.diagonal().clamp(min=_SMALLEST_VARIANCE)
        share = channels / (channels + count)
        values, vectors = torch.linalg.eigh((1 - share) * covariance + share * torch.diag(variances))
        self.whitening.copy_(vectors * values.clamp(min=1e-12).rsqrt() @ vectors.T)
        for index, images in enumerate(held_back):
            furthest = self._distances(images.to(self.centres))[:, index].max()
            margin = _MARGIN * (1 + _FEW / len(images))
            self.radius[index] = margin * furthest.clamp(min=channels**0.5)

    def _distances(self, summaries: Tensor) -> Tensor:
        # Subtracted before the metric, not after: features lie far from the origin and near each other.
        return torch.linalg.vector_norm((summaries[:, None] - self.centres) @ self.whitening, dim=2)
