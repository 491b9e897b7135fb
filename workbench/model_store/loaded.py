"""Models in memory: loaded when first used, the one unused longest goes when another needs its room."""

import gc
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

import torch

from crr.checkpoints.serialization import check_memory
from crr.models.detector import Detector

Result = TypeVar("Result")
Key = tuple[str, str]
Load = Callable[[str, str, Callable[[int], None]], Detector]
"""From a checkpoint's path, a device, and what is told the bytes needed before it is built, to a detector."""


@dataclass(eq=False)
class _Loaded:
    detector: Detector | None
    size: int
    revision: str
    users: int = 0


class Models:
    """Detectors, loaded when first used; those unused longest go first; thread-safe.

    One is built at a time, and only once it has room within the limit, with an image on its way.
    """

    def __init__(self, load: Load, limit: int) -> None:
        """Args: load, makes a detector; limit, bytes of all detectors."""
        self._load = load
        self._limit = limit
        self._loaded: OrderedDict[Key, _Loaded] = OrderedDict()
        self._lock = Lock()
        self._loading: defaultdict[Key, Lock] = defaultdict(Lock)
        self._building = Lock()

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
            with ExitStack() as building:

                def make_room(needed: int) -> None:
                    building.enter_context(self._building)
                    self._make_room(needed)

                detector = self._load(*key, make_room)
                entry = _Loaded(detector, _size(detector), revision, users=1)
                with self._lock:
                    before = self._loaded.pop(key, None)
                    self._loaded[key] = entry
                    evicted = self._evict(self._limit)
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

    def _make_room(self, needed: int) -> None:
        """Free what is unused longest until so many bytes can be had; raises `CheckpointError` if never."""
        check_memory(needed, self._limit)
        with self._lock:
            evicted = self._evict(self._limit - needed, least=0)
        for other in evicted:
            _free(other)

    def _evict(self, limit: int, least: int = 1) -> list[_Loaded]:
        """Take models out until the rest fit; return those that nobody uses now, to be freed."""
        evicted = []
        while len(self._loaded) > least and sum(entry.size for entry in self._loaded.values()) > limit:
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
