"""The models on this machine: which there are, loaded once for all sessions, within a memory budget."""

import gc
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TypeVar

import torch

from crr.checkpoint_files import PULLED, CheckpointInfo, checkpoint_folder, describe, list_checkpoints
from crr.detector import Detector
from crr.errors import CheckpointError
from crr.hub import HubName, Store
from workbench.settings import settings

_log = logging.getLogger(__name__)

Result = TypeVar("Result")
Key = tuple[str, str]


def find_models() -> dict[str, CheckpointInfo]:
    """Name to checkpoint, the embedded one first and those from the Hub last.

    Raises:
        CheckpointError: There is none.
    """
    folder, store = checkpoint_folder(), Store().root
    files = [*sorted(folder.glob("*/*")), *sorted(store.glob(f"*/*/{PULLED}"))]
    return _models_of(folder, store, tuple(_changes(files)))


def pulled_as(name: str) -> str | None:
    """The name by which a model of the Hub stands among those found; None if it is not on this machine.

    Args:
        name: As a link may have it: OWNER/NAME or OWNER/NAME@REVISION.
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


@lru_cache(maxsize=1)
def _models_of(folder: Path, store: Path, _state: tuple[tuple[str, int], ...]) -> dict[str, CheckpointInfo]:
    """The models of both folders in that state: digests are taken again only when a file changed."""
    found = sorted(
        list_checkpoints(folder), key=lambda checkpoint: (checkpoint.name != "crr-embedded", checkpoint.name)
    )
    found += Store(store).described()
    if not found:
        raise CheckpointError(
            "There is no model on this machine. Restore the folder checkpoints/ from the repository, "
            "or train one on photos of good parts: python -m crr train --data FOLDER --out checkpoints/NAME"
        )
    return {checkpoint.name: checkpoint for checkpoint in found}


@dataclass(eq=False)
class _Loaded:
    detector: Detector | None
    size: int
    revision: str
    users: int = 0


class Models:
    """Detectors, loaded when first used; those unused longest go when the budget is exceeded; thread-safe."""

    def __init__(self, load: Callable[[str, str], Detector], limit: int) -> None:
        """Args: load, from a checkpoint's path and a device to a detector; limit, bytes of all detectors."""
        self._load = load
        self._limit = limit
        self._loaded: OrderedDict[Key, _Loaded] = OrderedDict()
        self._lock = Lock()
        self._loading: defaultdict[Key, Lock] = defaultdict(Lock)

    def use(self, path: str, device: str, work: Callable[[Detector], Result], revision: str = "") -> Result:
        """What `work` returns for the detector, loaded if need be, and again if its `revision` is another.

        Work is handed in, and not the detector out, so that no caller can keep alive what was evicted.
        """
        entry = self._acquire((path, device), revision)
        try:
            assert entry.detector is not None
            return work(entry.detector)
        finally:
            self._release(entry)

    @property
    def loaded(self) -> tuple[Key, ...]:
        """(path, device) of every loaded model, the one unused longest first."""
        with self._lock:
            return tuple(self._loaded)

    def _acquire(self, key: Key, revision: str) -> _Loaded:
        with self._lock:
            turn = self._loading[key]
        with turn:  # who asks for the same model waits here and then finds it loaded
            with self._lock:
                entry = self._loaded.get(key)
                if entry is not None and entry.revision == revision:
                    self._loaded.move_to_end(key)
                    entry.users += 1
                    return entry
            detector = self._load(*key)
            entry = _Loaded(detector, _size(detector), revision, users=1)
            with self._lock:
                before = self._loaded.pop(key, None)
                self._loaded[key] = entry
                evicted = self._evict()
                if before is not None and before.users == 0:
                    evicted.append(before)
        for other in evicted:
            _free(other)
        return entry

    def _release(self, entry: _Loaded) -> None:
        with self._lock:
            entry.users -= 1
            unused = entry.users == 0 and entry not in self._loaded.values()
        if unused:
            _free(entry)

    def _evict(self) -> list[_Loaded]:
        """Take models out until the rest fit; return those that nobody uses now, to be freed."""
        evicted = []
        while len(self._loaded) > 1 and sum(entry.size for entry in self._loaded.values()) > self._limit:
            evicted.append(self._loaded.popitem(last=False)[1])
        return [entry for entry in evicted if entry.users == 0]


def _size(detector: Detector) -> int:
    tensors = [*detector.parameters(), *detector.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _free(entry: _Loaded) -> None:
    entry.detector = None
    gc.collect()
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if accelerator is not None:
        torch.get_device_module(accelerator).empty_cache()
