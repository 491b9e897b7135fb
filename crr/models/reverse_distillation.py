"""Reverse distillation (RD4AD, arXiv 2201.10703): a student that sees the encoder through a keyhole.

The encoder is the teacher. Its layers are fused on the coarsest grid and squeezed once more into an
embedding of normal images; a student grows every layer again from that embedding alone, from the coarsest
to the finest. What is small and unusual does not fit through, so it is missing in the answer.

The paper's: the fusion by 3x3 convolutions of stride 2 and a 1x1 convolution, the residual stage that halves
the grid, the mirrored student of residual blocks with 2x2 deconvolutions that halve the channels as they
double the grid, batch norms, clean images only, and the cosine distance of whole flattened layers (its
released code; the text has the mean over points).

Ours: the width. The paper's student mirrors a Wide ResNet-50 with 2048 channels in the embedding; ours has
256 there and 1.0 million parameters in all on the embedded encoder, whose four layers have 24 to 112
channels. The embedding keeps 9 % as many numbers as the layers hold, the paper's 7 %. A linear head a layer
gives the answer, because layers can share a grid, and because a student that ends in ReLU could not answer
the negative features that most encoders have.

Figures of `checkpoints/rd-embedded` (docs/identity-mapping.md): 84.4 % I-AUROC, 31.1 % P-AP,
83.8 % AUPRO; index on held-out damage 0.54, normal error 0.13.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models.components.encoder import Layer, token_grid
from crr.models.detector import TrainedDetector, reconstruction_only
from crr.runtime.validation import STRICT
from crr.types import Features

Convolution = Callable[[int, int], nn.Module]

_same: Convolution = partial(nn.Conv2d, kernel_size=3, padding=1, bias=False)
_halved: Convolution = partial(nn.Conv2d, kernel_size=3, stride=2, padding=1, bias=False)
_doubled: Convolution = partial(nn.ConvTranspose2d, kernel_size=2, stride=2, bias=False)
_pointwise: Convolution = partial(nn.Conv2d, kernel_size=1, bias=False)
_pointwise_halved: Convolution = partial(nn.Conv2d, kernel_size=1, stride=2, bias=False)

_NARROWEST = 16  # channels that even the finest stage of the student has
_SMALLEST_GRID = 3  # half of it is 2 x 2: batch norm needs more than one value even of a single image


@dataclass(frozen=True, config=STRICT)
class ReverseDistillationOptions:
    """Settings of reverse distillation.

    Attributes:
        width: Channels of the embedding; the student has half as many each time the grid doubles.
        blocks: Residual blocks of the embedding, and of the student on each grid.
    """

    width: Annotated[int, Field(ge=32, le=4096)] = 256
    blocks: Annotated[int, Field(gt=0, le=64)] = 2


class ReverseDistillation(TrainedDetector):
    """Teacher, one-class embedding, student."""

    title = "Reverse distillation (arXiv 2201.10703)"
    options_type = ReverseDistillationOptions

    @classmethod
    def configured(cls, config: DetectorConfig) -> DetectorConfig:
        """The preset's config with nothing hidden, clean images only, and no hard mining."""
        return replace(reconstruction_only(config), options=asdict(ReverseDistillationOptions()))

    def create_decoder(self) -> nn.Module:
        """The embedding, and the student that sees nothing else."""
        layers, options = self.encoder.layers, self.options
        return nn.Sequential(
            OneClassEmbedding(layers, options.width, options.blocks),
            Student(layers, options.width, options.blocks),
        )


class ResidualBlock(nn.Module):
    """A bottleneck block as in a Wide ResNet-50-2: its 3x3 convolution has half the channels of its output.

    Args:
        inputs: Channels.
        outputs: Channels.
        middle: The convolution between the two 1x1 convolutions, which may change the grid.
        shortcut: Brings the input to the shape of the output; None: it has that shape.
    """

    def __init__(
        self, inputs: int, outputs: int, middle: Convolution = _same, shortcut: Convolution | None = None
    ) -> None:
        super().__init__()
        width = outputs // 2
        self.residual = nn.Sequential(
            *_normalised(_pointwise, inputs, width),
            nn.ReLU(),
            *_normalised(middle, width, width),
            nn.ReLU(),
            *_normalised(_pointwise, width, outputs),
        )
        self.shortcut = nn.Sequential(*_normalised(shortcut, inputs, outputs)) if shortcut else nn.Identity()
        self.activation = nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        """(B, inputs, h, w) to (B, outputs, h', w')."""
        answer: Tensor = self.activation(self.shortcut(features) + self.residual(features))
        return answer


class OneClassEmbedding(nn.Module):
    """Multi-scale feature fusion and one-class embedding, the paper's MFF and OCE.

    Raises:
        ConfigError: The grids of the layers are not halves of one another, or are too small.
    """

    def __init__(self, layers: Sequence[Layer], width: int, blocks: int) -> None:
        super().__init__()
        grids = grids_between(layers)
        self.descents = nn.ModuleList()
        channels = 0
        for layer in layers:
            widths = _descent_widths(layer.channels, grids.index(layer.grid), width)
            self.descents.append(_descent(widths))
            channels += widths[-1]
        self.fusion = nn.Sequential(*_normalised(_pointwise, channels, width), nn.ReLU())
        self.stage = _stage(width, width, blocks, _halved, _pointwise_halved)

    def forward(self, features: Features) -> Tensor:
        """All layers to one (B, width, h, w), half as high and wide as the coarsest of them."""
        descended = [descent(layer) for descent, layer in zip(self.descents, features, strict=True)]
        embedding: Tensor = self.stage(self.fusion(torch.cat(descended, dim=1)))
        return embedding


class Student(nn.Module):
    """A network from the embedding to every layer, the coarsest grid first.

    Raises:
        ConfigError: The grids of the layers are not halves of one another, or are too small.
    """

    def __init__(self, layers: Sequence[Layer], width: int, blocks: int) -> None:
        super().__init__()
        self._grids = grids_between(layers)
        self._positions = [self._grids.index(layer.grid) for layer in layers]
        widths = [width, *(max(_NARROWEST, width >> step) for step in range(1, len(self._grids) + 1))]
        self.stages = nn.ModuleList(
            _stage(inputs, outputs, blocks, _doubled, _doubled) for inputs, outputs in pairwise(widths)
        )
        self.heads = nn.ModuleList(
            nn.Conv2d(widths[position + 1], layer.channels, kernel_size=1)
            for layer, position in zip(layers, self._positions, strict=True)
        )

    def forward(self, embedding: Tensor) -> Features:
        """(B, width, h, w) to one (B, C_l, h_l, w_l) a layer."""
        outputs = []
        features = embedding
        for stage, (height, width) in zip(self.stages, self._grids, strict=True):
            features = stage(features)[..., :height, :width]  # an odd grid is half of one more row
            outputs.append(features)
        return [head(outputs[position]) for head, position in zip(self.heads, self._positions, strict=True)]


def grids_between(layers: Sequence[Layer]) -> list[tuple[int, int]]:
    """(height, width) from the coarsest grid of the layers to the finest, each half of the next, rounded up.

    Raises:
        ConfigError: The grids of the layers are not halves of one another, or are too small.
    """
    coarsest, grid = token_grid(layers), max(layer.grid for layer in layers)
    if min(coarsest) < _SMALLEST_GRID:
        raise ConfigError(
            f"The coarsest grid {coarsest} is too small for reverse distillation, which halves it once more. "
            "Choose larger images or earlier layers."
        )
    grids = [grid]
    while min(grid) > min(coarsest):
        grid = ((grid[0] + 1) // 2, (grid[1] + 1) // 2)
        grids.append(grid)
    for layer in layers:
        if layer.grid not in grids:
            raise ConfigError(
                f"Layer {layer.name} has a {layer.grid} grid; reverse distillation needs grids that are "
                f"halves of one another: {', '.join(str(grid) for grid in grids)}. Choose other layers."
            )
    return grids[::-1]


def _normalised(convolution: Convolution, inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    return convolution(inputs, outputs), nn.BatchNorm2d(outputs)


def _stage(
    inputs: int, outputs: int, blocks: int, middle: Convolution, shortcut: Convolution
) -> nn.Sequential:
    """Residual blocks of which the first changes the grid."""
    first = ResidualBlock(inputs, outputs, middle, shortcut)
    return nn.Sequential(first, *(ResidualBlock(outputs, outputs) for _ in range(blocks - 1)))


def _descent_widths(channels: int, steps: int, widest: int) -> list[int]:
    """Channels on the way of a layer to the coarsest grid: doubled a step, as the paper does, to `widest`."""
    return [channels, *(min(channels << step, widest) for step in range(1, steps + 1))]


def _descent(widths: Sequence[int]) -> nn.Sequential:
    """One convolution of stride 2 for each grid between; nothing for a layer on the coarsest."""
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        modules += [*_normalised(_halved, inputs, outputs), nn.ReLU()]
    return nn.Sequential(*modules)
