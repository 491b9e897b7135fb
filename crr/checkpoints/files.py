"""Which checkpoints there are, without torch, which takes seconds to load: where they lie, names, digests.

A checkpoint is a folder of `config.json`, `model.safetensors` and `README.md` (the model card), with what it
scored in `scores.json` and normal photos in `normals/` if it has some.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crr.checkpoints.content import CARD, CONFIG, PICKLES, SCORES, WEIGHTS, open_content
from crr.config import ValueRange
from crr.errors import CheckpointError
from crr.runtime.paths import StrPath, as_path, expanded
from crr.runtime.validation import read_json

NORMALS = "normals"
"""Folder of normal photos in a checkpoint, see `crr.checkpoints.normals`."""

PULLED = "pulled.json"
"""A note in a checkpoint from the Hub, which lies in a folder that is named after a commit: its name."""


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
        return expanded(chosen)
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
    with open_content(path) as content:
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
    named = checkpoint_folder() / path
    holds_one = any((path / name).exists() for name in (CONFIG, WEIGHTS))
    if len(path.parts) == 1 and named.is_dir() and not holds_one:  # results here may be called as a model is
        return named.resolve()
    if path.is_dir():
        return path.resolve()
    if path.is_file():
        raise CheckpointError(f"{path} is a file; a checkpoint is a folder with {CONFIG} and {WEIGHTS}.")
    if named.is_dir():
        return named.resolve()
    known = ", ".join(info.name for info in list_checkpoints()) or "none"
    raise CheckpointError(
        f"There is no checkpoint {str(name_or_path)!r}, neither as a folder nor by name. Known: {known}."
    )


def name_of(folder: Path) -> str:
    """The name of a checkpoint: that of its folder, or OWNER/NAME@COMMIT if it is from the Hub.

    A copy that still has the note of where it came from is called as its folder: two of one name would be
    taken for one.
    """
    with suppress(OSError, ValueError, KeyError, TypeError):
        name = str(read_json(folder / PULLED)["name"])
        commit = name.rpartition("@")[2]
        if folder.name.startswith(commit):
            return name
    return folder.name


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
    return [folder / name for name in (CONFIG, WEIGHTS, CARD, SCORES) if (folder / name).is_file()]
