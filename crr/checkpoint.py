"""Checkpoints: a folder of `config.json`, `model.safetensors` and `README.md` (the model card).

The encoder's weights are not in it: they come from where they came from when it was trained, and their
digest is compared, so that a checkpoint never answers with another encoder than its own.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors
from safetensors.torch import save as as_safetensors
from torch import Tensor

from crr import registry
from crr.config import DetectorConfig
from crr.detector import Detector
from crr.errors import CheckpointError, ConfigError, NewerFormatError
from crr.files import write_atomically, write_text_atomically

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
PULLED = "pulled.json"
"""A note in a checkpoint from the Hub, which lies in a folder that is named after a commit: its name."""

_DIGITS = 12
PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")
"""Suffixes of files that can run any code when they are opened; they are refused."""


@dataclass(frozen=True)
class CheckpointInfo:
    """What can be said of a checkpoint without building its detector.

    Attributes:
        name: Folder name, by which `load` finds it, or OWNER/NAME@COMMIT of one from the Hub.
        path: The folder.
        method: For example "crr".
        encoder: timm name of its encoder.
        categories: The categories it was trained on.
        bytes: Size of its files.
        revision: 12 hex digits over config and weights.
    """

    name: str
    path: Path
    method: str
    encoder: str
    categories: tuple[str, ...]
    bytes: int
    revision: str


def checkpoint_folder() -> Path:
    """Where named checkpoints live: `CRR_CHECKPOINTS`, else `checkpoints/` beside the package or here."""
    chosen = os.environ.get("CRR_CHECKPOINTS")
    if chosen:
        return Path(chosen)
    beside = Path(__file__).resolve().parent.parent / "checkpoints"
    return beside if beside.is_dir() else Path("checkpoints")


def list_checkpoints(folder: Path | None = None) -> list[CheckpointInfo]:
    """The readable checkpoints of a folder, by name; damaged ones are left out."""
    root = folder or checkpoint_folder()
    if not root.is_dir():
        return []
    return list(_readable(sorted(root.iterdir())))


def describe(path: Path) -> CheckpointInfo:
    """What `path` holds.

    Raises:
        CheckpointError: The folder is no checkpoint; the sentence names the file that is wrong.
    """
    content = _read(path)
    config = content.config
    return CheckpointInfo(
        name=_name_of(path),
        path=path,
        method=config.method,
        encoder=config.encoder.name,
        categories=config.categories,
        bytes=sum(file.stat().st_size for file in _files(path)),
        revision=content.revision,
    )


def read_config(folder: Path) -> DetectorConfig:
    """The config of a checkpoint, without its weights; raises `CheckpointError` if it is unusable."""
    path = folder / CONFIG
    return _parse_config(_bytes(path), path)


def save(detector: Detector, folder: Path, card: str) -> None:
    """Write a checkpoint; a reader sees the old one or the new one, file by file, never half a file.

    Args:
        detector: What to save; its encoder's weights stay out.
        folder: Made if it does not exist.
        card: Text of the model card.

    Raises:
        WriteError: A file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in detector.own_tensors().items()}
    weights = as_safetensors(tensors)
    config = replace(
        detector.config,
        encoder_digest=detector.encoder.digest,
        weights_digest=_digest(weights),
    )
    write_atomically(folder / WEIGHTS, lambda path: path.write_bytes(weights))
    write_text_atomically(folder / CONFIG, json.dumps(config.as_json(), indent=2) + "\n")
    write_text_atomically(folder / CARD, card)


def load(name_or_path: str | Path, device: str = "auto") -> Detector:
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
    from crr.engine import resolve_device  # the engine needs detectors, which need nothing of it

    target = resolve_device(device)
    folder = find(name_or_path)
    content = _read(folder)
    config = content.config
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
    _load_tensors(detector, content.tensors, folder / WEIGHTS)
    detector.name = _name_of(folder)
    detector.revision = content.revision
    return detector.to(target).eval()


def find(name_or_path: str | Path) -> Path:
    """The folder that a name or path means.

    Raises:
        CheckpointError: There is none, or it is a pickle.
    """
    path = Path(name_or_path)
    if path.suffix in PICKLES:
        raise CheckpointError(
            f"{path} is a pickle, which can run any code when it is opened, so it is refused. "
            f"A checkpoint is a folder with {CONFIG} and {WEIGHTS}."
        )
    if path.is_dir():
        return path.resolve()
    if path.is_file():
        raise CheckpointError(f"{path} is a file; a checkpoint is a folder with {CONFIG} and {WEIGHTS}.")
    named = checkpoint_folder() / path
    if named.is_dir():
        return named.resolve()
    known = ", ".join(info.name for info in list_checkpoints()) or "none"
    raise CheckpointError(
        f"There is no checkpoint {str(name_or_path)!r}, neither as a folder nor by name. Known: {known}."
    )


def _name_of(folder: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((folder / PULLED).read_text(encoding="utf-8"))["name"])
    return folder.name


def _readable(folders: Iterable[Path]) -> Iterator[CheckpointInfo]:
    for folder in folders:
        try:
            if (folder / CONFIG).is_file():
                yield describe(folder)
        except (CheckpointError, OSError):  # it may also vanish meanwhile
            continue


def _files(folder: Path) -> list[Path]:
    """The files of a checkpoint; a save's temporary files beside them come and go."""
    return [folder / name for name in (CONFIG, WEIGHTS, CARD) if (folder / name).is_file()]


@dataclass(frozen=True)
class _Content:
    """What the files of a checkpoint hold, each read once: a save meanwhile mixes no two checkpoints."""

    config: DetectorConfig
    tensors: dict[str, Tensor]
    revision: str


def _read(folder: Path) -> _Content:
    config_path, weights_path = folder / CONFIG, folder / WEIGHTS
    text = _bytes(config_path)
    config = _parse_config(text, config_path)
    weights = _bytes(weights_path)
    tensors = _parse_weights(weights, weights_path)
    _check_pair(config, weights, weights_path)
    return _Content(config, tensors, revision=_digest(text + weights))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing{_consequence(path)}") from None
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}). Copy the checkpoint again."
        ) from None


def _consequence(missing: Path) -> str:
    if missing.name == CONFIG:
        return f", so {missing.parent} is not a CRR checkpoint."
    pickles = [file.name for file in missing.parent.iterdir() if file.suffix in PICKLES]
    return f". Pickles ({', '.join(pickles)}) are refused." if pickles else ". Copy the checkpoint again."


def _parse_config(text: bytes, path: Path) -> DetectorConfig:
    try:
        values: Any = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is damaged or not JSON ({error}). Copy the checkpoint again."
        ) from None
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} is not a CRR checkpoint's config: it holds no JSON object.")
    try:
        return DetectorConfig.from_json(values)
    except NewerFormatError as error:
        raise NewerFormatError(f"{path}: {error}") from None
    except ConfigError as error:
        raise CheckpointError(f"{path} is not usable: {error}") from None


def _parse_weights(weights: bytes, path: Path) -> dict[str, Tensor]:
    try:
        return from_safetensors(weights)
    except (SafetensorError, KeyError) as error:  # a KeyError names a type of number that torch lacks
        raise CheckpointError(
            f"{path} is truncated or no safetensors file ({error}). Copy it again."
        ) from None


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


def _check_pair(config: DetectorConfig, weights: bytes, path: Path) -> None:
    """Refuse a config and weights that were not saved together, as a save that is killed can leave them."""
    if not config.weights_digest:  # of a checkpoint older than this check
        return
    if _digest(weights) != config.weights_digest:
        raise CheckpointError(
            f"{path} was not saved together with its config.json. Copy both files again; "
            "if a training ended while it saved them, go on with --resume."
        )
