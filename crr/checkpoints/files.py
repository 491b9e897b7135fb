"""What the files of a checkpoint say, without torch, which takes seconds to load: names, configs, digests.

A checkpoint is a folder of `config.json`, `model.safetensors` and `README.md` (the model card), with normal
photos in `normals/` if it has some.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, deserialize

from crr.config import DetectorConfig, ValueRange
from crr.errors import CheckpointError, ConfigError, NewerFormatError
from crr.runtime.paths import StrPath, as_path

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
NORMALS = "normals"
"""Folder of normal photos in a checkpoint, see `crr.checkpoints.normals`."""

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
        value_range: Black and white of images deeper than 8 bits that do not say it; None if it keeps none.
    """

    name: str
    path: Path
    method: str
    encoder: str
    categories: tuple[str, ...]
    bytes: int
    revision: str
    value_range: ValueRange | None = None


def checkpoint_folder() -> Path:
    """Where named checkpoints live: `CRR_CHECKPOINTS`, else `checkpoints/` beside the package or here."""
    chosen = os.environ.get("CRR_CHECKPOINTS")
    if chosen:
        return Path(chosen)
    beside = Path(__file__).resolve().parents[2] / "checkpoints"
    return beside if beside.is_dir() else Path("checkpoints")


def list_checkpoints(folder: StrPath | None = None) -> list[CheckpointInfo]:
    """The readable checkpoints of a folder, by name; damaged ones are left out."""
    root = checkpoint_folder() if folder is None else as_path(folder, "The folder of checkpoints")
    if not root.is_dir():
        return []
    return list(readable(sorted(root.iterdir())))


def describe(path: StrPath) -> CheckpointInfo:
    """What the folder `path` holds, which may be given as text.

    Raises:
        CheckpointError: The folder is no checkpoint; the sentence names the file that is wrong.
    """
    path = as_path(path, "The checkpoint")
    content = read_content(path)
    config = content.config
    return CheckpointInfo(
        name=name_of(path),
        path=path,
        method=config.method,
        encoder=config.encoder.name,
        categories=config.categories,
        bytes=sum(file.stat().st_size for file in _files(path)),
        revision=content.revision,
        value_range=config.value_range,
    )


def read_config(folder: StrPath) -> DetectorConfig:
    """The config of a checkpoint, without its weights; raises `CheckpointError` if it is unusable."""
    path = as_path(folder, "The checkpoint") / CONFIG
    return _parse_config(_bytes(path), path)


def find(name_or_path: StrPath) -> Path:
    """The folder that a name or path means.

    Raises:
        CheckpointError: There is none, or it is a pickle.
    """
    path = as_path(name_or_path, "The checkpoint")
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


@dataclass(frozen=True)
class CheckpointContent:
    """What the files hold, each read once: a save meanwhile mixes no two checkpoints.

    Attributes:
        config: Read and checked.
        weights: The bytes of `model.safetensors`, which belong to this config.
        revision: 12 hex digits over both.
    """

    config: DetectorConfig
    weights: bytes
    revision: str


def read_content(folder: StrPath) -> CheckpointContent:
    """The content of a checkpoint; raises `CheckpointError` if a file is missing or damaged."""
    folder = as_path(folder, "The checkpoint")
    config_path, weights_path = folder / CONFIG, folder / WEIGHTS
    text = _bytes(config_path)
    config = _parse_config(text, config_path)
    weights = _bytes(weights_path)
    try:
        deserialize(weights)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise no_safetensors(weights_path, error) from None
    _check_pair(config, weights, weights_path)
    return CheckpointContent(config, weights, revision=digest_of(text + weights))


def no_safetensors(path: Path, error: Exception) -> CheckpointError:
    """The sentence about weights that cannot be read."""
    return CheckpointError(f"{path} is truncated or no safetensors file ({error}). Copy it again.")


def name_of(folder: Path) -> str:
    """The name of a checkpoint: that of its folder, or OWNER/NAME@COMMIT if it is from the Hub.

    A copy that still has the note of where it came from is called as its folder: two of one name would be
    taken for one.
    """
    with suppress(OSError, ValueError, KeyError, TypeError):
        name = str(json.loads((folder / PULLED).read_text(encoding="utf-8"))["name"])
        commit = name.rpartition("@")[2]
        if folder.name.startswith(commit):
            return name
    return folder.name


def digest_of(content: bytes) -> str:
    """12 hex digits of the content's SHA-256."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def readable(folders: Iterable[Path]) -> Iterator[CheckpointInfo]:
    """What each folder holds; those that hold no checkpoint, or a damaged one, are left out."""
    for folder in folders:
        try:
            if (folder / CONFIG).is_file():
                yield describe(folder)
        except (CheckpointError, OSError):  # it may also vanish meanwhile
            continue


def _files(folder: Path) -> list[Path]:
    """The files of a checkpoint; a save's temporary files beside them come and go."""
    return [folder / name for name in (CONFIG, WEIGHTS, CARD) if (folder / name).is_file()]


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


def _check_pair(config: DetectorConfig, weights: bytes, path: Path) -> None:
    """Refuse a config and weights that were not saved together, as a save that is killed can leave them."""
    if not config.weights_digest:  # of a checkpoint older than this check
        return
    if digest_of(weights) != config.weights_digest:
        raise CheckpointError(
            f"{path} was not saved together with its config.json. Copy both files again; "
            "if a training ended while it saved them, resume it."
        )
