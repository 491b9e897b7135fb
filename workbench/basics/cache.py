"""Caches that hold what was used last: up to a number of bytes, or a few entries."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class BoundedCache(Generic[Value]):
    """Least recently used entries go when the sizes given to `put` exceed the limit; thread-safe.

    The entry put last stays even if it alone exceeds the limit: what is on the screen is never dropped.
    """

    def __init__(self, limit: int) -> None:
        """Args: limit, bytes."""
        self.limit = limit
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Value | None:
        """The value, now the most recently used; None if there is none."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep a value of `size` bytes."""
        with self._lock:
            self._entries[key] = (value, size)
            self._entries.move_to_end(key)
            while len(self._entries) > 1 and self._size() > self.limit:
                self._entries.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes held."""
        with self._lock:
            return self._size()

    def _size(self) -> int:
        return sum(size for _, size in self._entries.values())


def recent(kept: OrderedDict[Hashable, Value], key: Hashable, make: Callable[[], Value], most: int) -> Value:
    """The value of a key, made if need be; those unused longest go when there are more than `most`."""
    if key not in kept:
        kept[key] = make()
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
    return kept[key]
