"""Models in memory: loaded when first used, the one unused longest goes first when the budget is exceeded."""

import gc
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

import torch

from crr.models.detector import Detector

Result = TypeVar("Result")
Key = tuple[str, str]


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
