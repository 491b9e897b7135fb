"""How long models take for a photo on this machine."""

from collections import OrderedDict, deque
from statistics import median
from threading import Lock

_PHOTOS, _MODELS = 25, 200  # the last ones, of which times are kept


class Times:
    """The times of the last photos of each model, on the device that it was last asked on; thread-safe."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, tuple[str, deque[float]]] = OrderedDict()
        self._lock = Lock()

    def keep(self, revision: str, device: str, milliseconds: float) -> None:
        """A model answered: its revision, on which device, and how long it took."""
        with self._lock:
            before, times = self._of.pop(revision, (device, None))
            if times is None or before != device:
                times = deque(maxlen=_PHOTOS)
            times.append(milliseconds)
            self._of[revision] = device, times
            if len(self._of) > _MODELS:
                self._of.popitem(last=False)

    def usual(self, revision: str) -> float | None:
        """Median in milliseconds, None of a model that was not asked yet."""
        with self._lock:
            times = [*self._of[revision][1]] if revision in self._of else []
        return median(times) if times else None
