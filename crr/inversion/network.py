"""Features turned back into a picture: what an encoder saw, and what a decoder believes the part looks like.

A small network learns, for one frozen encoder, to paint the image that given features came from (after
Dosovitskiy and Brox, arXiv 1506.02753). It never sees a decoder, so it paints a decoder's answer as an
encoder would have had to see it. The picture illustrates; scores, maps and indices never use it.
"""

from collections.abc import Sequence
from dataclasses import field
from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic.dataclasses import dataclass
from torch import Tensor, nn
from torch.nn import functional

from crr.config import EncoderConfig, ValueRange
from crr.models.components.encoder import Layer
from crr.runtime.validation import STRICT, Count, Many, Name, Positive, Side, Width
from crr.types import Features

_SMALLEST_WIDTH = 8


@dataclass(frozen=True, config=STRICT)
class InversionConfig:
    """One inversion network, whole: what `inversion.json` holds.

    Attributes:
        encoder: The encoder whose features it inverts.
        encoder_digest: Digest of that encoder's weights.
        width: Channels on the finest layer's grid; coarser grids have more, finer ones fewer.
        widest: No grid has more channels.
        categories: Whose images it was trained on.
        iterations: Steps of the training.
        batch_size: Images a step, each clean and damaged.
        seed: Seed of the training.
        weights_digest: Digest of the weights file that was saved with it.
        value_range: Black and white of images deeper than 8 bits that do not say it; None if it needed none.
        format: Version of `inversion.json`; raised when an older reader could misread a newer file.
    """

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    encoder_digest: Name = ""
    width: Width = 48
    widest: Width = 160
    categories: Annotated[tuple[Name, ...], Many] = ()
    iterations: Count = 0
    batch_size: Positive = 4
    seed: Count = 0
    weights_digest: Name = ""
    value_range: ValueRange | None = None
    format: Literal[1] = 1


class InversionNetwork(nn.Module):
    """A network from the features of one encoder to the image they came from.

    From the coarsest grid to the finest, each layer adds what it knows; then the picture is enlarged to
    the size that the encoder saw.

    Attributes:
        size: Side of the picture in pixels.
    """

    def __init__(self, layers: Sequence[Layer], size: Side, width: int, widest: int) -> None:
        super().__init__()
        self.size = size
        self.grids = sorted({layer.grid for layer in layers})
        self.layer_grids = [layer.grid for layer in layers]
        count = len(self.grids)
        widths = [min(widest, width * 2 ** (count - 1 - index)) for index in range(count)]
        self.inputs = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(layer.channels, affine=False),  # layers differ in scale
                nn.Conv2d(layer.channels, widths[self.grids.index(layer.grid)], 1),
            )
            for layer in layers
        )
        self.stages = nn.ModuleList(nn.Sequential(_Block(channels), _Block(channels)) for channels in widths)
        self.transitions = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for coarse, fine in pairwise(widths))
        self.tail = _tail(self.grids[-1][0], size, widths[-1])
        self.to(memory_format=torch.channels_last)

    def forward(self, features: Features, kept: Tensor | None = None) -> Tensor:
        """The picture (B, 3, size, size) in [0, 1].

        Args:
            features: One (B, C_l, h_l, w_l) tensor a layer.
            kept: bool (B, layers): which layers are looked at; all if None.
        """
        parts = [project(layer) for project, layer in zip(self.inputs, features, strict=True)]
        if kept is not None:
            weights = kept.to(parts[0].dtype)
            parts = [part * weights[:, index, None, None, None] for index, part in enumerate(parts)]
        hidden: Tensor | None = None
        for index, grid in enumerate(self.grids):
            here = sum(part for part, own in zip(parts, self.layer_grids, strict=True) if own == grid)
            if hidden is not None:
                coarse = self.transitions[index - 1](hidden)
                here = here + functional.interpolate(coarse, size=grid, mode="bilinear", align_corners=False)
            hidden = self.stages[index](here)
        picture: Tensor = self.tail(hidden)
        if picture.shape[2] != self.size:
            picture = functional.interpolate(
                picture, size=(self.size, self.size), mode="bilinear", align_corners=False
            )
        return torch.sigmoid(picture)


def create_inversion(config: InversionConfig, layers: Sequence[Layer]) -> InversionNetwork:
    """The untrained network that a config asks for."""
    return InversionNetwork(layers, config.encoder.crop, config.width, config.widest)


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut; (B, channels, h, w) in and out.

    Nothing cuts off the sum: with a rectifier there, training ended in a constant picture.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, values: Tensor) -> Tensor:
        return values + self.body(values)


def _tail(side: int, size: int, width: int) -> nn.Sequential:
    """Double the side as often as it stays within `size`, then three channels of colour."""
    steps: list[nn.Module] = []
    while 2 * side <= size:
        narrower = max(_SMALLEST_WIDTH, width // 2)
        steps += [nn.Conv2d(width, 4 * narrower, 1), nn.PixelShuffle(2), _Block(narrower)]
        side, width = 2 * side, narrower
    return nn.Sequential(*steps, nn.Conv2d(width, 3, 3, padding=1))
