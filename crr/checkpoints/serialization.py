"""Checkpoints saved and loaded; `crr.checkpoints.files` says what they consist of.

The encoder's weights are not in it: they come from where they came from when it was trained, and their
digest is compared, so that a checkpoint never answers with another encoder than its own.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save as as_safetensors

from crr.checkpoints.content import (
    CARD,
    CONFIG,
    WEIGHTS,
    CheckpointContent,
    digest_of,
    no_safetensors,
    open_content,
)
from crr.checkpoints.files import find, name_of
from crr.config import DetectorConfig
from crr.errors import CheckpointError, ConfigError
from crr.models import registry
from crr.models.blueprint import draw
from crr.models.components.backbones import bring_weights
from crr.models.detector import Detector
from crr.runtime.devices import physical_memory
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


def load(
    name_or_path: StrPath, device: str = "auto", make_room: Callable[[int], None] | None = None
) -> Detector:
    """The detector of a checkpoint, in eval mode on `device`.

    What the config describes is drawn on paper first, compared with the weights, and its memory reckoned; the
    weights of its encoder are fetched if they are not here. Only then is it built.

    Args:
        name_or_path: A checkpoint's folder, or the name of one in `checkpoint_folder()`.
        device: "auto" (the best there is), "cpu", "cuda", "cuda:1", "mps".
        make_room: Told how many bytes the network will take, with one image on the way, before it is built;
            raises `CheckpointError` if that is too much. If None, it may take all that this machine has.

    Raises:
        CheckpointError: There is none, a file of it is missing, damaged or foreign, or it needs more memory.
        NewerFormatError: A newer version of this library wrote it.
        EncoderError: Its encoder's weights cannot be had.
        DeviceError: This machine has no such device.
    """
    from crr.runtime.devices import resolve_device

    target = resolve_device(device)
    folder = find(name_or_path)
    with open_content(folder, "pt") as content:
        needed = _bytes_needed(content, folder)
        bring_weights(content.config.encoder)
        (make_room or _fit_machine)(needed)
        detector = _build(content.config, folder)
        _read_tensors(detector, content, folder / WEIGHTS)
    detector.name = name_of(folder)
    detector.revision = content.revision
    return detector.to(target).eval()


def _build(config: DetectorConfig, folder: Path) -> Detector:
    """The detector without its own weights."""
    try:
        detector = registry.create(config)
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise CheckpointError(
            f"There is not enough memory now for the network that {folder / CONFIG} describes. "
            "Close something else."
        ) from None
    if config.encoder_digest and config.encoder_digest != detector.encoder.digest:
        raise CheckpointError(
            f"{folder} was trained with other weights of {config.encoder.name} than are installed here "
            f"({config.encoder_digest}, not {detector.encoder.digest}). "
            "Install the versions in constraints.txt."
        )
    return detector


def check_memory(needed: int, most: int) -> None:
    """See that a network that takes so many bytes may be built; raises `CheckpointError` if not."""
    if needed > most:
        raise CheckpointError(
            f"The model needs {needed / 1e9:.2f} GB of memory for one image, "
            f"more than the {most / 1e9:.2f} GB that it may take here."
        )


def _fit_machine(needed: int) -> None:
    check_memory(needed, physical_memory())


def _bytes_needed(content: CheckpointContent, folder: Path) -> int:
    """The memory of what a config describes; raises `CheckpointError` if the weights do not fit it."""
    try:
        blueprint = draw(content.config)
    except ConfigError as error:
        raise CheckpointError(f"{folder / CONFIG} is not usable: {error}") from None
    expected, given = blueprint.tensors, content.tensors
    if given != expected:
        odd = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
        raise CheckpointError(
            f"{folder / WEIGHTS} does not fit its config.json: tensor {odd[0]} differs. "
            "Copy both files again."
        )
    return blueprint.bytes


def _read_tensors(detector: Detector, content: CheckpointContent, path: Path) -> None:
    """Copy the weights of a file into a detector that they fit, one after the other."""
    for name, tensor in detector.own_tensors().items():
        try:
            values = content.weights.get_tensor(name)
        except (SafetensorError, KeyError) as error:  # such as a type of number that torch lacks
            raise no_safetensors(path, error) from None
        # A score that is no number would count as normal.
        if values.is_floating_point() and values.isnan().any():
            raise CheckpointError(f"{path} is damaged: tensor {name} holds values that are no numbers.")
        tensor.copy_(values)
