"""How often one open page, and one address, may ask models: who asks more often waits, and nobody else does.

Whoever serves the workbench sets `CRR_QUESTIONS_PER_MINUTE`. A question is one image to one model.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock

from workbench.basics.cache import recent
from workbench.basics.pace import out_of_turn

_MOST_ADDRESSES = 10_000


class RateLimit:
    """What somebody may ask: so many questions at once, and from then on as many a minute."""

    def __init__(
        self,
        per_minute: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Args: per_minute, questions; clock and sleep, of the seconds."""
        self._most = float(per_minute)
        self._left = float(per_minute)
        self._clock, self._sleep = clock, sleep
        self._since = clock()
        self._lock = Lock()

    def acquire(self) -> None:
        """Take one question; wait until there is one."""
        with self._lock:
            now = self._clock()
            self._left = min(self._most, self._left + (now - self._since) * self._most / 60)
            self._since = now
            self._left -= 1
            wait = max(0.0, -self._left * 60 / self._most)
        if wait:
            with out_of_turn():
                self._sleep(wait)


class AddressLimits:
    """The limit of each address, which all pages that are open there share; thread-safe."""

    def __init__(self, per_minute: int) -> None:
        """Args: per_minute, questions of an address."""
        self._per_minute = per_minute
        self._limits: OrderedDict[Hashable, RateLimit] = OrderedDict()
        self._lock = Lock()

    def of(self, address: str) -> RateLimit:
        """The limit of an address."""
        with self._lock:
            return recent(self._limits, address, lambda: RateLimit(self._per_minute), _MOST_ADDRESSES)


_of_visitor: Callable[[], Sequence[RateLimit]] = tuple


def find_with(of_visitor: Callable[[], Sequence[RateLimit]]) -> None:
    """Say how the limits of the visitor who asks are found."""
    global _of_visitor
    _of_visitor = of_visitor


def acquire() -> None:
    """Take one question of the visitor who asks."""
    for limit in _of_visitor():
        limit.acquire()
