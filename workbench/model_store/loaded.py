"""Models in memory: loaded when first used, the one unused longest goes when another needs its room."""

import gc
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Condition, Lock
from typing import TypeVar

import torch

from crr.checkpoints.serialization import check_memory
from crr.errors import DeviceError
from crr.models.detector import Detector

Result = TypeVar("Result")
Key = tuple[str, str]
Load = Callable[[str, str, Callable[[int], None]], Detector]
"""From a checkpoint's path, a device, and what is told the bytes needed before it is built, to a detector."""

_PATIENCE = 60.0  # seconds


@dataclass(eq=False)
class _Loaded:
    detector: Detector | None
    size: int
    revision: str
    users: int = 0


class Models:
    """Detectors, loaded when first used; those unused longest go first; thread-safe.

    One is built at a time, and only once it has room within the limit, with an image on its way, beside those
    that are in use.
    """

    def __init__(self, load: Load, limit: int, patience: float = _PATIENCE) -> None:
        """Args: load, makes a detector; limit, bytes of all detectors; patience, seconds to wait for room."""
        self._load = load
        self._limit = limit
        self._patience = patience
        self._loaded: OrderedDict[Key, _Loaded] = OrderedDict()
        self._replaced: list[_Loaded] = []  # by a newer revision, and still in use
        self._changed = Condition()
        self._loading: defaultdict[Key, Lock] = defaultdict(Lock)
        self._building = Lock()

    def use(self, path: str, device: str, work: Callable[[Detector], Result], revision: str = "") -> Result:
        """What `work` returns for the detector, loaded if need be, and again if its `revision` is another.

        Work is handed in, and not the detector out, so that no caller can keep alive what was evicted.

        Raises:
            DeviceError: There is no room beside the models that are in use.
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
        with self._changed:
            return tuple(self._loaded)

    def _acquire(self, key: Key, revision: str) -> _Loaded:
        with self._changed:
            turn = self._loading[key]
        with turn:  # who asks for the same model waits here and then finds it loaded
            with self._changed:
                entry = self._loaded.get(key)
                if entry is not None and entry.revision == revision:
                    self._loaded.move_to_end(key)
                    entry.users += 1
                    return entry
            with ExitStack() as building:

                def make_room(needed: int) -> None:
                    check_memory(needed, self._limit)  # nobody gives way to what can never be had
                    building.enter_context(self._building)
                    self._await_room(needed)

                detector = self._load(*key, make_room)
                entry = _Loaded(detector, _size(detector), revision, users=1)
                with self._changed:
                    before = self._loaded.pop(key, None)
                    self._replaced += [] if before is None else [before]
                    self._loaded[key] = entry
                    self._free_unused(self._limit)
        return entry

    def _release(self, entry: _Loaded) -> None:
        with self._changed:
            entry.users -= 1
            self._free_unused(self._limit)
            self._changed.notify_all()

    def _await_room(self, needed: int) -> None:
        """Free what is unused longest until so many bytes can be had; wait for what is in use."""
        end = time.monotonic() + self._patience
        with self._changed:
            while True:
                self._free_unused(self._limit - needed)
                if self._held() + needed <= self._limit:
                    return
                if not self._changed.wait(end - time.monotonic()):
                    raise DeviceError(
                        "The workbench is busy: other models are in use, and there is no memory for this one "
                        "beside them. Try again in a minute."
                    )

    def _free_unused(self, limit: int) -> None:
        """Free what was replaced, then what is unused longest until the rest fits; never what is in use."""
        unused = [entry for entry in self._replaced if entry.users == 0]
        self._replaced = [entry for entry in self._replaced if entry.users]
        for key, entry in [*self._loaded.items()]:
            if self._held() <= limit:
                break
            if entry.users == 0:
                unused.append(self._loaded.pop(key))
        if unused:
            _free(unused)

    def _held(self) -> int:
        return sum(entry.size for entry in (*self._loaded.values(), *self._replaced))


def _size(detector: Detector) -> int:
    tensors = [*detector.parameters(), *detector.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _free(entries: list[_Loaded]) -> None:
    for entry in entries:
        entry.detector = None
    gc.collect()
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if accelerator is not None:
        torch.get_device_module(accelerator).empty_cache()
