"""A Gaussian a category on the frozen features: the honest reference, because nothing is trained.

Each category keeps the mean of its normal features, one a position, and one channel covariance a layer.
The means are the answer; the covariance is that of what is left, which `ResidualMetric` learns. PaDiM (arXiv
2011.08785) is the next step from here: a covariance of each position's own.

Figures of `checkpoints/gaussian-embedded` (docs/identity-mapping.md): 82.4 % I-AUROC, 31.8 % P-AP,
84.6 % AUPRO; index on held-out damage 0.00, normal error 0.30.
"""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch.nn import functional

from crr.config import DetectorConfig
from crr.models.components.encoder import Encoder, token_grid
from crr.models.detector import MemoryDetector
from crr.types import Features


class Gaussian(MemoryDetector):
    """A method that answers with the mean features of the nearest known category, whatever it is shown.

    Means live on the token grid in half precision; finer layers get theirs by bilinear interpolation. An
    empty memory answers zero.
    """

    title = "Gaussian (a mean a position, a covariance a category, nothing trained)"

    def __init__(self, config: DetectorConfig, encoder: Encoder | None = None) -> None:
        super().__init__(config, encoder)
        self._grid = token_grid(self.encoder.layers)
        for index, layer in enumerate(self.encoder.layers):
            means = torch.zeros(self.scale.shape[1], layer.channels, *self._grid, dtype=torch.float16)
            self.register_buffer(f"mean_{index}", means)

    @classmethod
    def configured(cls, config: DetectorConfig) -> DetectorConfig:
        """The preset's config with nothing trained, and residuals in the metric of their category."""
        config = super().configured(config)
        return replace(config, prediction=replace(config.prediction, distance="mahalanobis"))

    def memorise(self, category: int, features: Iterable[Features]) -> None:
        """Keep the mean at each position of the token grid; finer layers are average-pooled to it."""
        count = 0
        sums = [
            torch.zeros(layer.channels, *self._grid, dtype=torch.float64) for layer in self.encoder.layers
        ]
        for batch in features:
            count += len(batch[0])
            for total, layer in zip(sums, batch, strict=True):
                pooled = functional.adaptive_avg_pool2d(layer.float(), self._grid)
                total += pooled.sum(dim=0).cpu().double()
        for index, total in enumerate(sums):
            self.get_buffer(f"mean_{index}")[category] = total / count

    def decode(self, features: Features) -> Features:
        """The means of each image's nearest known category, on each layer's own grid."""
        category, _ = self.recogniser(features)
        answers = []
        for index, layer in enumerate(features):
            mean = self.get_buffer(f"mean_{index}")[category].to(layer.dtype)
            if mean.shape != layer.shape:
                mean = functional.interpolate(
                    mean, size=layer.shape[2:], mode="bilinear", align_corners=False
                )
            answers.append(mean)
        return answers
