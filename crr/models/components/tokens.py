"""Layers of different grids as one set of tokens on the coarsest grid, and back.

Finer layers come to the token grid by space-to-depth and leave it by depth-to-space, so no detail is
pooled away.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from crr.errors import ConfigError
from crr.models.components.encoder import Layer, token_grid
from crr.types import Features


class Tokens:
    """How the layers of an encoder meet on the token grid.

    Attributes:
        grid: (height, width) of the token grid, the coarsest of the layers.
        count: Tokens an image.
        channels: For each layer what it contributes to a token: its channels times the square of how much
            finer its grid is.

    Raises:
        ConfigError: A layer's grid is no multiple of the coarsest.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.grid = token_grid(layers)
        self.count = self.grid[0] * self.grid[1]
        self._factors = [_factor(layer, self.grid) for layer in layers]
        self.channels = [
            layer.channels * factor**2 for layer, factor in zip(layers, self._factors, strict=True)
        ]

    def each(self, features: Features) -> list[Tensor]:
        """One (B, tokens, `channels[l]`) tensor a layer."""
        return [_space_to_depth(layer, factor) for layer, factor in zip(features, self._factors, strict=True)]

    def join(self, features: Features) -> Tensor:
        """(B, tokens, sum of `channels`): all layers side by side."""
        return torch.cat(self.each(features), dim=2)

    def layers(self, tokens: Sequence[Tensor]) -> Features:
        """The inverse of `each`: every layer on its own grid again."""
        return [
            _depth_to_space(layer, self.grid, factor)
            for layer, factor in zip(tokens, self._factors, strict=True)
        ]

    def split(self, tokens: Tensor) -> Features:
        """The inverse of `join`."""
        return self.layers(tokens.split(self.channels, dim=2))


def _space_to_depth(features: Tensor, factor: int) -> Tensor:
    """(B, C, h, w) to (B, tokens, factor * factor * C). Channels stay innermost: one cheap copy on a CPU."""
    batch, channels, height, width = features.shape
    rows, columns = height // factor, width // factor
    pixels = features.permute(0, 2, 3, 1).reshape(batch, rows, factor, columns, factor * channels)
    return pixels.transpose(2, 3).reshape(batch, rows * columns, factor * factor * channels)


def _depth_to_space(tokens: Tensor, grid: tuple[int, int], factor: int) -> Tensor:
    """The inverse: (B, tokens, factor * factor * C) to (B, C, h, w)."""
    batch, _, channels = tokens.shape
    rows, columns = grid
    pixels = tokens.reshape(batch, rows, columns, factor, channels // factor).transpose(2, 3)
    return pixels.reshape(batch, rows * factor, columns * factor, channels // factor**2).permute(0, 3, 1, 2)


def _factor(layer: Layer, grid: tuple[int, int]) -> int:
    factor = layer.grid[0] // grid[0]
    if (grid[0] * factor, grid[1] * factor) != layer.grid:
        raise ConfigError(
            f"Layer {layer.name} has a {layer.grid} grid, which is no multiple of the coarsest grid {grid}. "
            "Choose a crop that is a multiple of the coarsest stride."
        )
    return factor
