"""The models on this machine: which there are, loaded once for all sessions, within a memory budget."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

from crr.checkpoints.files import CheckpointInfo, checkpoint_folder, describe, readable
from crr.errors import CheckpointError
from crr.hub import HubName, Store
from workbench.settings import settings

_log = logging.getLogger(__name__)


def find_models() -> dict[str, CheckpointInfo]:
    """Name to checkpoint, the embedded one first and those from the Hub last.

    Raises:
        CheckpointError: There is none.
    """
    own, pulled = sorted(_entries(checkpoint_folder())), [pulled.path for pulled in Store().all()]
    _forget_all_but({*own, *pulled})
    found = sorted(
        filter(None, map(_described, own)), key=lambda model: (model.name != "crr-embedded", model.name)
    )
    models = {model.name: model for model in (*found, *filter(None, map(_described, pulled)))}
    if not models:
        raise CheckpointError(
            "There is no model on this machine. Restore the folder checkpoints/ from the repository, "
            "or train one on photos of good parts: python -m crr train --data FOLDER --out checkpoints/NAME"
        )
    return models


_known: dict[Path, tuple[list[tuple[str, int]], CheckpointInfo | None]] = {}
_reading = Lock()


def _described(folder: Path) -> CheckpointInfo | None:
    """What the files of a model say, None if it is damaged; read again only when one of them changed.

    Digests are of whole files: one visitor reads them, and whoever comes meanwhile waits and finds them read.
    """
    state = list(_changes(_entries(folder)))
    with _reading:
        known = _known.get(folder)
        if known is None or known[0] != state:
            known = _known[folder] = (state, next(readable([folder]), None))
    return known[1]


def _forget_all_but(folders: set[Path]) -> None:
    with _reading:
        for folder in _known.keys() - folders:
            del _known[folder]


def pulled_as(name: str) -> str | None:
    """The name by which a model of the Hub stands among those found; None if it is not on this machine.

    Args:
        name: Name of the model, as a link may have it: OWNER/NAME or OWNER/NAME@REVISION.
    """
    asked = HubName.parse(name)
    pulled = None if asked is None else Store().find(asked)
    return None if pulled is None else str(pulled.name)


def why_replaced(name: str, used: str) -> str:
    """What happened to a model that somebody chose, or that a link names, and that is not among those found.

    Args:
        name: The model that is missing.
        used: The model that stands in for it.

    Returns:
        A sentence for visitors; details, such as paths of this machine, go to the log.
    """
    instead = f"so {used} is used instead"
    path = next((path for path in _entries(checkpoint_folder()) if path.name == name), None)
    if path is None:
        hub_name = HubName.parse(name)
        may_be_pulled = hub_name is not None and settings().model_allowed(hub_name.repo)
        pull = " It can be pulled on the page Models." if may_be_pulled else ""
        return f'There is no model "{name[:60]}" on this machine, {instead}.{pull}'
    try:
        describe(path)
    except CheckpointError as error:
        _log.warning("the model %s cannot be used: %s", name, error)
        return (
            f'The model "{name}" is damaged or was made by a newer version, {instead}. '
            "Copy it again or update the workbench; the log of the server says more."
        )
    return f'The model "{name}" is being written, {instead}. Choose it again in a moment.'


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _changes(files: Iterable[Path]) -> Iterator[tuple[str, int]]:
    """When each file was changed; temporary files of a training may be gone before we look."""
    for file in files:
        with suppress(OSError):
            yield str(file), file.stat().st_mtime_ns
