"""The decoder: noisy bottleneck, linear-attention blocks, and an answer for every layer.

Paper, section 3.2, after Dinomaly (arXiv 2405.14325), whose linear attention cannot focus on single
tokens and therefore copies less.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crr.config import DecoderConfig, MaskingConfig
from crr.errors import ConfigError
from crr.models.components.encoder import Layer
from crr.models.components.masking import FeatureMasking
from crr.models.components.tokens import Tokens
from crr.types import Features

_EPSILON = 1e-6  # smaller values give NaN on some data (Dinomaly's issue tracker)


def elu_plus_one(values: Tensor) -> Tensor:
    """elu(x) + 1, the positive kernel of linear attention (arXiv 2006.16236, equation 7)."""
    return values.clamp(min=0) + values.clamp(max=0).exp()


def linear_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention whose cost is linear in the number of tokens (arXiv 2006.16236, equation 5).

    All three tensors are (..., tokens, channels); the result is shaped like `value`. Equal to the
    quadratic form softmax would take, with elu + 1 in place of exp.
    """
    query, key = elu_plus_one(query), elu_plus_one(key)
    summary = key.transpose(-2, -1) @ value  # (..., channels, channels)
    normaliser = query @ key.sum(dim=-2).unsqueeze(-1)  # (..., tokens, 1)
    return (query @ summary) / (normaliser + _EPSILON)


class LinearAttentionBlock(nn.Module):
    """A pre-norm transformer block with linear attention; (B, tokens, width) in and out."""

    def __init__(self, width: int, heads: int, mlp_ratio: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, mlp_ratio * width), nn.GELU(), nn.Linear(mlp_ratio * width, width)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, tokens, width) to the same shape."""
        tokens = tokens + self._attend(self.attention_norm(tokens))
        return tokens + self.mlp(self.mlp_norm(tokens))

    def _attend(self, tokens: Tensor) -> Tensor:
        batch, count, width = tokens.shape
        heads = self.query_key_value(tokens).view(batch, count, 3, self.heads, width // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (B, heads, tokens, width / heads)
        attended = linear_attention(query, key, value)
        return self.projection(attended.transpose(1, 2).reshape(batch, count, width))


class Decoder(nn.Module):
    """A network from encoder features to what they should look like, layer by layer, each on its own grid.

    Raises:
        ConfigError: The layers do not fit the choice of `tokens` or `outputs`.
    """

    def __init__(self, config: DecoderConfig, masking: MaskingConfig, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.config = config
        self.tokens = Tokens(layers)
        if config.tokens == "mean" or config.outputs == "blocks":
            _check_equal_layers(config, layers)
        inputs = self.tokens.channels[0] if config.tokens == "mean" else sum(self.tokens.channels)
        self.masking = FeatureMasking(masking)
        noise = MaskingConfig(rate=config.dropout)  # masking that rescales is dropout
        self.bottleneck = nn.Sequential(
            nn.Linear(inputs, config.bottleneck_width),
            nn.GELU(),
            FeatureMasking(noise),
            nn.Linear(config.bottleneck_width, config.width),
            FeatureMasking(noise),
        )
        self.positions = (
            nn.Parameter(0.02 * torch.randn(1, self.tokens.count, config.width)) if config.positions else None
        )
        self.blocks = nn.ModuleList(
            LinearAttentionBlock(config.width, config.attention_heads, config.mlp_ratio)
            for _ in range(config.blocks)
        )
        self.heads = nn.ModuleList()
        if config.outputs == "heads":
            self.norm = nn.LayerNorm(config.width)
            self.heads.extend(nn.Linear(config.width, channels) for channels in self.tokens.channels)

    def forward(self, features: Features) -> Features:
        """Encoder features to decoder features of the same shapes."""
        tokens = self.masking(self._joined(features))
        tokens = self.bottleneck(tokens)
        if self.positions is not None:
            tokens = tokens + self.positions
        outputs = []
        for block in self.blocks:
            tokens = block(tokens)
            outputs.append(tokens)
        if self.config.outputs == "blocks":
            answers = _fuse_reversed(outputs, len(features))
        else:
            normalised = self.norm(tokens)
            answers = [head(normalised) for head in self.heads]
        return self.tokens.layers(answers)

    def _joined(self, features: Features) -> Tensor:
        """(B, tokens, channels): all layers on the token grid."""
        if self.config.tokens == "mean":
            return torch.stack(self.tokens.each(features)).mean(dim=0)
        return self.tokens.join(features)


def _check_equal_layers(config: DecoderConfig, layers: Sequence[Layer]) -> None:
    if len({(layer.channels, layer.grid) for layer in layers}) > 1:
        raise ConfigError("tokens = 'mean' and outputs = 'blocks' need layers of one shape, as a ViT's are.")
    if config.outputs == "blocks" and layers[0].channels != config.width:
        raise ConfigError(
            f"outputs = 'blocks' needs the encoder's width = {layers[0].channels}; given: {config.width}."
        )
    if config.outputs == "blocks" and config.blocks % len(layers):
        raise ConfigError(f"{config.blocks} blocks cannot be fused evenly into {len(layers)} groups.")


def _fuse_reversed(outputs: list[Tensor], groups: int) -> list[Tensor]:
    """Block outputs, last block first, fused by mean into `groups` (paper, section 3.2)."""
    size = len(outputs) // groups
    reversed_outputs = outputs[::-1]
    return [torch.stack(reversed_outputs[i * size : (i + 1) * size]).mean(dim=0) for i in range(groups)]
