"""UniAD (arXiv 2206.03687): one transformer for all categories, whose attention cannot see what it answers.

Three things keep it from copying. Attention is masked around each token, in encoder and decoder ("neighbor
masked attention"); every decoder layer starts from a query of its own that was learnt, not from the tokens
("layer-wise query"); and while training the tokens are jittered by noise in proportion to their length, so
that it learns to denoise ("feature jittering", with the paper's scale of 20 and probability of 1).

The paper's are these three, post-norm layers with ReLU, learnt positions that are added to queries and keys,
a neighbourhood of 7 x 7 tokens, and the squared error. Ours: two layers of width 128 with a twice as wide
MLP, where its released code has four of width 256 with four times, so that it has 1.1 million parameters on
the embedded encoder and trains on two CPU cores; no dropout inside the layers, which that code has and which
is slow on a CPU; layers of different grids meet by space-to-depth instead of resizing; and each layer is
brought to a root mean square of 1 an image, so that its error counts the same whatever the encoder's units.

Figures of `checkpoints/uniad-embedded` (docs/identity-mapping.md): 84.1 % I-AUROC, 36.5 % P-AP,
86.6 % AUPRO; index on held-out damage 0.02, normal error 0.25.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Self

import torch
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from torch import Tensor, nn
from torch.nn import functional

from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models.components.encoder import Layer
from crr.models.components.tokens import Tokens
from crr.models.detector import TrainedDetector, reconstruction_only
from crr.runtime.validation import STRICT, Share, Side, Width
from crr.types import Features

_MLP_RATIO = 2
_EPSILON = 1e-6


@dataclass(frozen=True, config=STRICT)
class UniADOptions:
    """Settings of UniAD.

    Attributes:
        neighbourhood: Side in tokens of the square around a token that it must not attend to, odd. On a
            small grid it is the largest that leaves every token something to attend to.
        jitter_scale: The noise of an element has a standard deviation of this times the token's length
            over its channels (paper: alpha).
        jitter_probability: Probability of jittering a batch.
        width: Channels of a token inside the transformer.
        layers: Number of layers, of the encoder and again of the decoder.
        heads: Heads of the attention; divides `width`.
    """

    neighbourhood: Side = 7
    jitter_scale: Annotated[float, Field(ge=0)] = 20.0
    jitter_probability: Share = 1.0
    width: Annotated[int, Field(gt=0, le=4096)] = 128
    layers: Annotated[int, Field(gt=0, le=64)] = 2
    heads: Width = 4

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.neighbourhood % 2 == 0:
            raise ValueError(f"neighbourhood ({self.neighbourhood}) must be odd")
        if self.width % self.heads:
            raise ValueError(f"width ({self.width}) must be a multiple of heads ({self.heads})")
        return self


class UniAD(TrainedDetector):
    """A transformer that answers each token from what is far from it."""

    title = "UniAD (arXiv 2206.03687)"
    options_type = UniADOptions

    @classmethod
    def configured(cls, config: DetectorConfig) -> DetectorConfig:
        """The preset's config with nothing hidden but by attention, clean images only, no hard mining."""
        return replace(reconstruction_only(config), options=asdict(UniADOptions()))

    def create_decoder(self) -> nn.Module:
        """Jitter, encoder and decoder over all layers' tokens."""
        return Transformer(self.options, self.encoder.layers)

    def loss(self, target: Features, answer: Features, step: int) -> Tensor:
        """Squared error of each layer as a share of its mean square, a scalar >= 0."""
        del step
        shares = []
        for wanted, given in zip(target, answer, strict=True):
            error = (wanted - given.float()).square().mean(dim=(1, 2, 3))
            shares.append((error / (_mean_square(wanted).flatten() + _EPSILON)).mean())
        return torch.stack(shares).mean()


class Transformer(nn.Module):
    """A network from encoder features to what they should look like, layer by layer, each on its own grid.

    Raises:
        ConfigError: The grids of the layers do not fit each other, or are too small.
    """

    allowed: Tensor

    def __init__(self, options: UniADOptions, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.tokens = Tokens(layers)
        width, channels = options.width, sum(self.tokens.channels)
        self.jitter = FeatureJitter(options.jitter_scale, options.jitter_probability)
        self.input = nn.Linear(channels, width)
        self.positions = _learnt(self.tokens.count, width)
        self.encoder = nn.ModuleList(EncoderLayer(width, options.heads) for _ in range(options.layers))
        self.decoder = nn.ModuleList(
            DecoderLayer(self.tokens.count, width, options.heads) for _ in range(options.layers)
        )
        self.output = nn.Linear(width, channels)
        allowed = neighbour_mask(self.tokens.grid, options.neighbourhood)
        self.register_buffer("allowed", allowed, persistent=False)

    def forward(self, features: Features) -> Features:
        """Encoder features to decoder features of the same shapes."""
        units = [(_mean_square(layer) + _EPSILON).sqrt() for layer in features]
        tokens = self.tokens.join([layer / unit for layer, unit in zip(features, units, strict=True)])
        memory = self.input(self.jitter(tokens))
        for layer in self.encoder:
            memory = layer(memory, self.positions, self.allowed)
        answer = memory
        for layer in self.decoder:
            answer = layer(memory, answer, self.positions, self.allowed)
        answers = self.tokens.split(self.output(answer))
        return [layer * unit for layer, unit in zip(answers, units, strict=True)]


class FeatureJitter(nn.Module):
    """Noise in proportion to each token's length, while training, so that the rest learns to take it away.

    Draws come from torch's global generator, which the training loop seeds.
    """

    def __init__(self, scale: float, probability: float) -> None:
        super().__init__()
        self.scale = scale
        self.probability = probability

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, tokens, channels) to the same shape."""
        if not self.training or torch.rand(()) >= self.probability:
            return tokens
        deviation = self.scale * tokens.norm(dim=2, keepdim=True) / tokens.shape[2]
        return tokens + deviation * torch.randn_like(tokens)


class NeighbourMaskedAttention(nn.Module):
    """Softmax attention over the tokens that a mask allows."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)  # softmax would cancel it
        self.value = nn.Linear(width, width)
        self.projection = nn.Linear(width, width)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, allowed: Tensor) -> Tensor:
        """(B, tokens, width) all three to the same shape; `allowed` is bool (tokens, tokens)."""
        attended = functional.scaled_dot_product_attention(
            self._split(self.query(query)),
            self._split(self.key(key)),
            self._split(self.value(value)),
            attn_mask=allowed,
        )
        merged: Tensor = self.projection(attended.transpose(1, 2).flatten(2))
        return merged

    def _split(self, tokens: Tensor) -> Tensor:
        """(B, tokens, width) to (B, heads, tokens, width / heads)."""
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)


class EncoderLayer(nn.Module):
    """A post-norm layer; each token keeps itself by the residual and looks only beyond its neighbours."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = NeighbourMaskedAttention(width, heads)
        self.attention_norm = nn.LayerNorm(width)
        self.mlp = _mlp(width)
        self.mlp_norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, positions: Tensor, allowed: Tensor) -> Tensor:
        """(B, tokens, width) to the same shape."""
        placed = tokens + positions
        tokens = self.attention_norm(tokens + self.attention(placed, placed, tokens, allowed))
        answer: Tensor = self.mlp_norm(tokens + self.mlp(tokens))
        return answer


class DecoderLayer(nn.Module):
    """A post-norm layer that starts from its own query, so no token reaches its answer past the mask."""

    def __init__(self, tokens: int, width: int, heads: int) -> None:
        super().__init__()
        self.query = _learnt(tokens, width)
        self.memory_attention = NeighbourMaskedAttention(width, heads)
        self.memory_norm = nn.LayerNorm(width)
        self.answer_attention = NeighbourMaskedAttention(width, heads)
        self.answer_norm = nn.LayerNorm(width)
        self.mlp = _mlp(width)
        self.mlp_norm = nn.LayerNorm(width)

    def forward(self, memory: Tensor, answer: Tensor, positions: Tensor, allowed: Tensor) -> Tensor:
        """The encoder's tokens and the answer so far, each (B, tokens, width), to a better answer."""
        query = self.query.expand_as(memory)
        attended = self.memory_attention(query + positions, memory + positions, memory, allowed)
        query = self.memory_norm(query + attended)
        attended = self.answer_attention(query + positions, answer + positions, answer, allowed)
        query = self.answer_norm(query + attended)
        better: Tensor = self.mlp_norm(query + self.mlp(query))
        return better


def neighbour_mask(grid: tuple[int, int], neighbourhood: int) -> Tensor:
    """bool (tokens, tokens), True where a token (row) may attend to another (column).

    Args:
        grid: (height, width) of the tokens.
        neighbourhood: Side of the forbidden square, odd; smaller on a grid that it would cover.

    Raises:
        ConfigError: On so small a grid no token would be left to attend to.
    """
    reach = min(neighbourhood // 2, max(grid) // 2 - 1)  # the middle token still sees the far edge
    if reach < 0:
        raise ConfigError(
            f"The coarsest grid {grid} is too small for UniAD, whose tokens must not see themselves. "
            "Choose larger images or earlier layers."
        )
    places = torch.cartesian_prod(torch.arange(grid[0]), torch.arange(grid[1]))
    distances = (places[:, None] - places[None]).abs().amax(dim=2)
    return distances > reach


def _learnt(tokens: int, width: int) -> nn.Parameter:
    return nn.Parameter(0.02 * torch.randn(1, tokens, width))


def _mlp(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, _MLP_RATIO * width), nn.ReLU(), nn.Linear(_MLP_RATIO * width, width)
    )


def _mean_square(layer: Tensor) -> Tensor:
    """(B, 1, 1, 1): the mean square of each image's (C, h, w)."""
    return layer.float().square().mean(dim=(1, 2, 3), keepdim=True)
