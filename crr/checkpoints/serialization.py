"""Checkpoints saved and loaded; `crr.checkpoints.files` says what they consist of.

The encoder's weights are not in it: they come from where they came from when it was trained, and their
digest is compared, so that a checkpoint never answers with another encoder than its own.
"""

import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load as from_safetensors, save as as_safetensors
from torch import Tensor

from crr.checkpoints.files import (
    CARD,
    CONFIG,
    WEIGHTS,
    digest_of,
    find,
    name_of,
    no_safetensors,
    read_content,
)
from crr.errors import CheckpointError, ConfigError
from crr.models import registry
from crr.models.detector import Detector
from crr.runtime.files import write_atomically, write_text_atomically
from crr.runtime.paths import StrPath, as_path


def save(detector: Detector, folder: StrPath, card: str) -> None:
    """Write a checkpoint; a reader sees the old one or the new one, file by file, never half a file.

    Args:
        detector: What to save; its encoder's weights stay out.
        folder: Path as text or `Path`; made if it does not exist.
        card: Text of the model card.

    Raises:
        WriteError: A file cannot be written.
    """
    folder = as_path(folder, "The folder of the checkpoint")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in detector.own_tensors().items()}
    weights = as_safetensors(tensors)
    config = replace(
        detector.config,
        encoder_digest=detector.encoder.digest,
        weights_digest=digest_of(weights),
    )
    write_atomically(folder / WEIGHTS, lambda path: path.write_bytes(weights))
    write_text_atomically(folder / CONFIG, json.dumps(config.as_json(), indent=2) + "\n")
    write_text_atomically(folder / CARD, card)


def load(name_or_path: StrPath, device: str = "auto") -> Detector:
    """The detector of a checkpoint, in eval mode on `device`.

    Args:
        name_or_path: A checkpoint's folder, or the name of one in `checkpoint_folder()`.
        device: "auto" (the best there is), "cpu", "cuda", "cuda:1", "mps".

    Raises:
        CheckpointError: There is none, or a file of it is missing, damaged or foreign.
        NewerFormatError: A newer version of this library wrote it.
        EncoderError: Its encoder's weights cannot be had.
        DeviceError: This machine has no such device.
    """
    from crr.runtime.devices import resolve_device

    target = resolve_device(device)
    folder = find(name_or_path)
    content = read_content(folder)
    config, tensors = content.config, _parse_weights(content.weights, folder / WEIGHTS)
    try:
        detector = registry.create(config)
    except ConfigError as error:
        raise CheckpointError(f"{folder / CONFIG} is not usable: {error}") from None
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        reason = str(error).partition("\n")[0] or "not enough memory"
        raise CheckpointError(
            f"{folder / CONFIG} describes a network that this machine cannot build "
            f"({reason:.120}). Copy the checkpoint again."
        ) from None
    if config.encoder_digest and config.encoder_digest != detector.encoder.digest:
        raise CheckpointError(
            f"{folder} was trained with other weights of {config.encoder.name} than are installed here "
            f"({config.encoder_digest}, not {detector.encoder.digest}). "
            "Install the versions in constraints.txt."
        )
    _load_tensors(detector, tensors, folder / WEIGHTS)
    detector.name = name_of(folder)
    detector.revision = content.revision
    return detector.to(target).eval()


def _parse_weights(weights: bytes, path: Path) -> dict[str, Tensor]:
    try:
        return from_safetensors(weights)
    except KeyError as error:  # it names a type of number that torch lacks
        raise no_safetensors(path, error) from None


def _load_tensors(detector: Detector, tensors: dict[str, Tensor], path: Path) -> None:
    expected = {
        name: (tensor.shape, tensor.is_floating_point()) for name, tensor in detector.own_tensors().items()
    }
    given = {name: (tensor.shape, tensor.is_floating_point()) for name, tensor in tensors.items()}
    if given != expected:
        odd = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
        raise CheckpointError(
            f"{path} does not fit its config.json: tensor {odd[0]} differs. Copy both files again."
        )
    for name, tensor in tensors.items():
        # A score that is no number would count as normal.
        if tensor.is_floating_point() and tensor.isnan().any():
            raise CheckpointError(f"{path} is damaged: tensor {name} holds values that are no numbers.")
    detector.load_state_dict(tensors, strict=False)
