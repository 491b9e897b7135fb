"""Inversion networks on disk: a folder of `inversion.json`, `inversion.safetensors` and `README.md`.

Not named as the files of a detector are, so that none is taken for one. Weights are kept in half precision.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors, save as as_safetensors
from torch import Tensor

from crr.checkpoints.content import CARD, digest_of
from crr.checkpoints.files import checkpoint_folder
from crr.errors import CheckpointError, ConfigError
from crr.inversion.network import InversionConfig, InversionNetwork, create_inversion
from crr.models.components.encoder import Encoder
from crr.runtime.files import write_atomically, write_text_atomically
from crr.runtime.paths import StrPath, as_path
from crr.runtime.validation import checked, read_json

CONFIG, WEIGHTS = "inversion.json", "inversion.safetensors"
HOW_TO_GET_ONE = "crr train-inversion --model MODEL --data FOLDER --out checkpoints/inversion-NAME"


def save_inversion(
    config: InversionConfig, network: InversionNetwork, folder: StrPath, card: str
) -> InversionConfig:
    """Write a network; returns its config, which now names its weights. Raises `WriteError`."""
    folder = as_path(folder, "The folder of the network")
    tensors = {
        name: (tensor.half() if _may_be_rounded(name, tensor) else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    weights = as_safetensors(tensors)
    config = replace(config, weights_digest=digest_of(weights))
    write_atomically(folder / WEIGHTS, lambda path: path.write_bytes(weights))
    values = asdict(config)
    if config.value_range is None:  # so that versions without it read what needs none
        del values["value_range"]
    write_text_atomically(folder / CONFIG, json.dumps(values, indent=2) + "\n")
    write_text_atomically(folder / CARD, card)
    return config


def find_inversion(encoder: Encoder) -> Path | None:
    """The folder of a network that inverts this encoder's features, None if there is none."""
    for folder, config in _found():
        if config.encoder == encoder.config and config.encoder_digest == encoder.digest:
            return folder
    return None


def load_inversion(folder: StrPath, encoder: Encoder) -> InversionNetwork:
    """The network of a folder, in eval mode where the encoder is.

    Raises:
        CheckpointError: A file is missing or damaged, or it inverts another encoder.
    """
    folder = as_path(folder, "The inversion network")
    config = read_inversion(folder)
    if config.encoder != encoder.config or config.encoder_digest != encoder.digest:
        raise CheckpointError(
            f"{folder} inverts the features of another encoder ({config.encoder.name} with "
            f"{config.encoder.crop} px), not of this model's. Train one for it: {HOW_TO_GET_ONE}"
        )
    try:
        weights = (folder / WEIGHTS).read_bytes()
        tensors = from_safetensors(weights)
    except (OSError, SafetensorError, KeyError) as error:
        raise CheckpointError(f"{folder / WEIGHTS} cannot be read ({error}). Copy it again.") from None
    if digest_of(weights) != config.weights_digest:
        raise CheckpointError(f"{folder / WEIGHTS} does not belong to its {CONFIG}. Copy both files again.")
    network = create_inversion(config, encoder.layers)
    try:
        network.load_state_dict(
            {
                name: tensor.float() if tensor.is_floating_point() else tensor
                for name, tensor in tensors.items()
            }
        )
    except RuntimeError:
        raise CheckpointError(
            f"{folder / WEIGHTS} does not fit its {CONFIG}. Copy both files again."
        ) from None
    return network.to(next(encoder.parameters()).device).eval()


def read_inversion(folder: StrPath) -> InversionConfig:
    """The config of a folder; raises `CheckpointError` if it holds none that can be used."""
    path = as_path(folder, "The inversion network") / CONFIG
    try:
        values = read_json(path)
        return checked(InversionConfig, values if isinstance(values, dict) else {"": values})
    except (OSError, ValueError, ConfigError) as error:
        raise CheckpointError(f"{path} is not usable: {error}. Copy it again.") from None


def _may_be_rounded(name: str, tensor: Tensor) -> bool:
    """Statistics of features can be too large for half precision."""
    return tensor.is_floating_point() and not name.endswith(("running_mean", "running_var"))


def _found() -> Iterator[tuple[Path, InversionConfig]]:
    for path in sorted(checkpoint_folder().glob(f"*/{CONFIG}")):
        try:
            yield path.parent, read_inversion(path.parent)
        except CheckpointError:  # of a damaged one there is nothing to be found
            continue
