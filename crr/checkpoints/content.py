"""What the files of a checkpoint hold, read without torch and never whole into memory.

config.json          at most 4 MB of JSON: a `DetectorConfig`
model.safetensors    the detector's own tensors; its header is read, and its values in blocks
README.md            the model card, see `crr.checkpoints.card_metadata`
scores.json          what it scored on test images, see `crr.checkpoints.measured_scores`; it may be missing
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from crr.config import DetectorConfig
from crr.data.image_formats import LFS_POINTER
from crr.errors import CheckpointError, ConfigError, NewerFormatError
from crr.runtime.paths import StrPath, as_path
from crr.types import TensorShape

CONFIG, WEIGHTS, CARD, SCORES = "config.json", "model.safetensors", "README.md", "scores.json"
PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")
"""Suffixes of files that can run any code when they are opened; they are refused."""

_DIGITS = 12
_BLOCK = 2**20
_FLOATING = ("F", "BF")  # how safetensors begins the names of such types
_LONGEST_CONFIG = 4 * 2**20
"""Bytes of a `config.json`; a hundred categories have about 100,000."""

_LONGEST_HEADER = 4 * 2**20
"""Bytes of the header of a `model.safetensors`; a thousand tensors have about 100,000."""


def read_config(folder: StrPath) -> DetectorConfig:
    """The config of a checkpoint, without its weights; raises `CheckpointError` if it is unusable."""
    path = as_path(folder, "The checkpoint") / CONFIG
    return _parse_config(_text(path), path)


@dataclass(frozen=True)
class CheckpointContent:
    """What the files of a checkpoint hold; the weights stay on the disk until they are asked for.

    Attributes:
        config: Read and checked.
        tensors: Name of each tensor of `model.safetensors` to its shape, and whether it is floating-point.
        weights: That file, open; it stays the same if somebody saves in the same place meanwhile.
        revision: 12 hex digits over config and weights.
    """

    config: DetectorConfig
    tensors: dict[str, TensorShape]
    weights: Any
    revision: str


@contextmanager
def open_content(folder: StrPath, framework: str = "numpy") -> Iterator[CheckpointContent]:
    """The content of a checkpoint, which is open while the block runs; weights of any size take no memory.

    Args:
        folder: Of the checkpoint.
        framework: Of what kind tensors are that are asked for: "numpy", or "pt" for torch.

    Raises:
        CheckpointError: A file is missing, damaged, or was saved with another.
    """
    folder = as_path(folder, "The checkpoint")
    path, state = folder / WEIGHTS, None
    with ExitStack() as stack:
        while state is None or state != _state(folder):  # until nobody saves meanwhile
            stack.close()
            state = _state(folder)
            text = _text(folder / CONFIG)
            config = _parse_config(text, folder / CONFIG)
            weights = stack.enter_context(_open_weights(path, framework))
            own, both = _digests(path, text)
        _check_pair(config, own, path)
        yield CheckpointContent(config, _shapes(weights), weights, both)


def _state(folder: Path) -> list[tuple[int, int, int]]:
    """What changes when a checkpoint is saved anew."""
    files = [folder / name for name in (CONFIG, WEIGHTS) if (folder / name).is_file()]
    found = [file.stat() for file in files]
    return [(status.st_ino, status.st_size, status.st_mtime_ns) for status in found]


@contextmanager
def _open_weights(path: Path, framework: str) -> Iterator[Any]:
    """A safetensors file whose header was checked."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
        if length > _LONGEST_HEADER:
            raise SafetensorError(f"a header of {length:,} bytes")
        opened = safe_open(path, framework=framework)
    except OSError as error:
        raise _unreadable(path, error) from None
    except SafetensorError as error:
        raise no_safetensors(path, error) from None
    with opened as content:
        yield content


def _shapes(weights: Any) -> dict[str, TensorShape]:
    slices = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118 - it is no mapping
    return {
        name: (tuple(part.get_shape()), part.get_dtype().startswith(_FLOATING))
        for name, part in slices.items()
    }


def _digests(path: Path, before: bytes) -> tuple[str, str]:
    """12 hex digits over a file, and over other bytes before it; read in blocks."""
    own, both = hashlib.sha256(), hashlib.sha256(before)
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                own.update(block)
                both.update(block)
    except OSError as error:
        raise _unreadable(path, error) from None
    return own.hexdigest()[:_DIGITS], both.hexdigest()[:_DIGITS]


def no_safetensors(path: Path, error: Exception) -> CheckpointError:
    """The sentence about weights that cannot be read."""
    with suppress(OSError), path.open("rb") as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            return CheckpointError(f"{path} is a pointer of Git LFS: fetch the file (git lfs pull).")
    return CheckpointError(f"{path} is truncated or no safetensors file ({error}). Copy it again.")


def digest_of(content: bytes) -> str:
    """12 hex digits of the content's SHA-256."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _text(path: Path) -> bytes:
    """The content of a config, which is small."""
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_CONFIG + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(text) > _LONGEST_CONFIG:
        raise CheckpointError(f"{path} has more than {_LONGEST_CONFIG:,} bytes: it is no config.")
    return text


def _unreadable(path: Path, error: OSError) -> CheckpointError:
    if isinstance(error, FileNotFoundError):
        return CheckpointError(f"{path} is missing{_consequence(path)}")
    return CheckpointError(f"{path} cannot be read ({error.strerror or error}). Copy the checkpoint again.")


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


def _check_pair(config: DetectorConfig, digest: str, path: Path) -> None:
    """Refuse a config and weights that were not saved together, as a save that is killed can leave them."""
    if config.weights_digest and config.weights_digest != digest:  # older checkpoints have none
        raise CheckpointError(
            f"{path} was not saved together with its config.json. Copy both files again; "
            "if a training ended while it saved them, resume it."
        )
