"""Caches that hold what was used last: up to a number of bytes, of their own and of several together."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from itertools import count
from math import inf
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable
from weakref import WeakSet

Value = TypeVar("Value")
Made = TypeVar("Made")

_uses = count()
"""Numbers the uses of all caches, so that those of two can be put in order."""


@dataclass
class _Entry(Generic[Value]):
    value: Value
    size: int
    used: int


class BoundedCache(Generic[Value]):
    """Least recently used entries go when the sizes given to `put` exceed the limit; thread-safe.

    The entry put last stays even if it alone exceeds the limit: what is on the screen is never dropped.
    """

    def __init__(self, limit: int, pool: "CachePool | None" = None) -> None:
        """Args: limit, bytes; pool, what several caches may hold together."""
        self.limit = limit
        self._entries: OrderedDict[Hashable, _Entry[Value]] = OrderedDict()
        self._lock = Lock()
        self._size = 0
        self._pool = pool
        if pool is not None:
            pool.add(self)

    def get(self, key: Hashable) -> Value | None:
        """The value, now the most recently used; None if there is none."""
        with self._lock:
            if key not in self._entries:
                return None
            entry = self._entries[key]
            self._entries.move_to_end(key)
            entry.used = next(_uses)
            return entry.value

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep a value of `size` bytes."""
        with self._lock:
            self._remove(key)
            self._entries[key] = _Entry(value, size, next(_uses))
            self._size += size
            while len(self._entries) > 1 and self._size > self.limit:
                self._remove(next(iter(self._entries)))
        if self._pool is not None:
            self._pool.make_room()

    def drop(self, key: Hashable) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            self._remove(key)

    def drop_oldest(self) -> bool:
        """Forget the value unused longest, but never the only one; whether there was one to forget."""
        with self._lock:
            if len(self._entries) < 2:
                return False
            self._remove(next(iter(self._entries)))
            return True

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._size

    @property
    def oldest(self) -> float:
        """When the value unused longest was used, over all caches; infinite if it is the only one."""
        with self._lock:
            return next(iter(self._entries.values())).used if len(self._entries) > 1 else inf

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        self._size -= 0 if entry is None else entry.size


class OnceCache:
    """A bounded cache of several visitors: who asks first makes a value, who comes meanwhile waits for it."""

    def __init__(self, limit: int) -> None:
        """Args: limit, bytes."""
        self._kept: BoundedCache[tuple[Any]] = BoundedCache(limit)  # in tuples: None is a value too
        self._turns: defaultdict[Hashable, Lock] = defaultdict(Lock)
        self._lock = Lock()

    def of(self, key: Hashable, make: Callable[[], Made], size: Callable[[Made], int]) -> Made:
        """The value of a key, made if need be; what `make` raises is raised, and made again the next time."""
        with self._lock:
            turn = self._turns[key]
        with turn:
            known: tuple[Made] | None = self._kept.get(key)
            if known is None:
                known = (make(),)
                self._kept.put(key, known, size(known[0]))
        return known[0]

    def __len__(self) -> int:
        """Number of values."""
        return len(self._kept)


@runtime_checkable
class Findings(Protocol):
    """What lives in a visit and holds what can be found again, while its visitor is away."""

    def forget_found(self) -> None:
        """Forget all of that; a page may be on its way meanwhile, and finds it again."""
        ...


class CachePool:
    """A number of bytes for several caches together: what was used longest ago in any of them goes first."""

    def __init__(self, limit: int) -> None:
        """Args: limit, bytes."""
        self.limit = limit
        self._caches: WeakSet[BoundedCache[Any]] = WeakSet()
        self._lock = Lock()

    def add(self, cache: BoundedCache[Any]) -> None:
        """Count a cache, for as long as somebody uses it."""
        with self._lock:
            self._caches.add(cache)

    @property
    def size(self) -> int:
        """Bytes that all hold."""
        with self._lock:
            return sum(cache.size for cache in self._caches)

    def make_room(self) -> None:
        """Forget until all fit; each cache keeps its last entry, which is on somebody's screen."""
        with self._lock:
            while self._caches and sum(cache.size for cache in self._caches) > self.limit:
                cache = min(self._caches, key=lambda cache: cache.oldest)
                if not cache.drop_oldest():
                    return


@cache
def pool_of(limit: int) -> CachePool:
    """The pool of so many bytes that all visitors of this process share."""
    return CachePool(limit)


def recent(kept: OrderedDict[Hashable, Value], key: Hashable, make: Callable[[], Value], most: int) -> Value:
    """The value of a key, made if need be; those unused longest go when there are more than `most`."""
    if key not in kept:
        kept[key] = make()
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
    return kept[key]
