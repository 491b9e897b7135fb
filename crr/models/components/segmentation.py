"""The segmentation network: from encoder x decoder agreement to a probability map (paper, section 3.3).

Agreement is minus the elementwise product of the L2-normalised encoder and decoder features. Summed
over channels it is minus the cosine; kept apart it tells *which* channels disagree.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from crr.config import SegmentationConfig
from crr.models.components.encoder import Layer
from crr.types import Features, Reconstruction

_PAPER_SIZE = 256


def agreement(reconstruction: Reconstruction, scales: Sequence[float] | None = None) -> Features:
    """Minus the product of L2-normalised features: one (B, C_l, h_l, w_l) a layer, in [-1, 1].

    Args:
        reconstruction: Encoder and decoder features.
        scales: A factor for each layer; 1 if None.
    """
    layers = zip(
        reconstruction.encoder,
        reconstruction.decoder,
        scales or [1.0] * len(reconstruction.encoder),
        strict=True,
    )
    return [
        seen * answered * (-scale * _inverse_norm(seen) * _inverse_norm(answered))
        for seen, answered, scale in layers
    ]


def _inverse_norm(features: Tensor) -> Tensor:
    """(B, 1, h, w): 1 over the Euclidean length of each position's features."""
    return features.square().sum(dim=1, keepdim=True).clamp(min=1e-24).rsqrt()


class SegmentationNetwork(nn.Module, ABC):
    """Common face of the designs: logits of "normal" and "anomalous" for every pixel of a grid."""

    @abstractmethod
    def forward(self, reconstruction: Reconstruction, distances: Features) -> Tensor:
        """Two-class logits (B, 2, h, w).

        Args:
            reconstruction: Encoder and decoder features.
            distances: Each layer's distance in the detector's own measure, (B, 1, h_l, w_l).
        """

    def probability(self, reconstruction: Reconstruction, distances: Features) -> Tensor:
        """Probability of "anomalous", (B, 1, h, w) in [0, 1] on the grid of the logits."""
        logits: Tensor = self(reconstruction, distances)
        return torch.softmax(logits.float(), dim=1)[:, 1:]


class CompactSegmentation(SegmentationNetwork):
    """Our design: layers projected to a few channels each, summed on the finest grid, convolved 3x3 thrice.

    A 1x1 projection before any 3x3 costs a small fraction of the authors' multiply-adds
    (`benchmarks/inference.py` counts both).
    """

    def __init__(self, config: SegmentationConfig, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.grids = [layer.grid for layer in layers]
        self.distance_input = config.distance_input
        extra = 1 if config.distance_input else 0
        # Products of unit vectors shrink with the root of the channels; these undo it.
        self.scales = [float(layer.channels) ** 0.5 for layer in layers]
        self.projections = nn.ModuleList(
            nn.Conv2d(layer.channels + extra, config.width, 1) for layer in layers
        )
        width = config.width
        self.body = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 2, 1),
        )
        self.to(
            memory_format=torch.channels_last
        )  # as the encoder's features are; spares a copy a convolution

    def forward(self, reconstruction: Reconstruction, distances: Features) -> Tensor:
        """Two-class logits on the finest layer's grid."""
        projected = [
            projection(self._inputs(layer, distance))
            for layer, distance, projection in zip(
                agreement(reconstruction, self.scales), distances, self.projections, strict=True
            )
        ]
        # From the coarsest grid to the finest: layers of one grid are enlarged together.
        order = sorted(range(len(projected)), key=lambda index: self.grids[index])
        total = projected[order[0]]
        for index in order[1:]:
            if total.shape[2:] != self.grids[index]:
                total = functional.interpolate(
                    total, size=self.grids[index], mode="bilinear", align_corners=False
                )
            total = total + projected[index]
        logits: Tensor = self.body(total)
        return logits

    def _inputs(self, scaled_agreement: Tensor, distance: Tensor) -> Tensor:
        if not self.distance_input:
            return scaled_agreement
        return torch.cat([scaled_agreement, distance.log1p()], dim=1)


class PaperSegmentation(SegmentationNetwork):
    """The authors' design: concatenate all channels and convolve 3x3 at full width up to 256x256.

    Kept for comparison; several times the cost of the encoder.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.grid = max(layer.grid for layer in layers)
        channels = sum(layer.channels for layer in layers)
        self.stem = _convolution(channels, channels)
        self.middle = _convolution(channels, channels // 2)
        self.fine = _convolution(channels // 2, channels // 4)
        self.head = nn.Conv2d(channels // 4, 2, 3, padding=1)

    def forward(self, reconstruction: Reconstruction, distances: Features) -> Tensor:
        """Two-class logits (B, 2, 256, 256); `distances` plays no part in the paper."""
        del distances
        layers = [
            functional.interpolate(layer, size=self.grid, mode="bilinear", align_corners=False)
            for layer in agreement(reconstruction)
        ]
        hidden = self.stem(torch.cat(layers, dim=1))
        hidden = self.middle(_resized(hidden, _PAPER_SIZE // 4))
        hidden = self.fine(_resized(hidden, _PAPER_SIZE // 2))
        logits: Tensor = self.head(_resized(hidden, _PAPER_SIZE))
        return logits


def create_segmentation(config: SegmentationConfig, layers: Sequence[Layer]) -> SegmentationNetwork | None:
    """The network that the config asks for, or None."""
    if config.design == "none":
        return None
    return PaperSegmentation(layers) if config.design == "paper" else CompactSegmentation(config, layers)


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


def _resized(features: Tensor, size: int) -> Tensor:
    return functional.interpolate(features, size=(size, size), mode="bilinear", align_corners=False)
