"""How often one open page may ask models: who asks more often waits, and nobody else does.

Whoever serves the workbench sets `CRR_QUESTIONS_PER_MINUTE`. A question is one image to one model.
"""

import time
from collections.abc import Callable
from threading import Lock


class RateLimit:
    """What one open page may ask: so many questions at once, and from then on as many a minute."""

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
            self._sleep(wait)


def _nobody() -> None:
    return None


_of_visitor: Callable[[], RateLimit | None] = _nobody


def find_with(of_visitor: Callable[[], RateLimit | None]) -> None:
    """Say how the limit of the visitor who asks is found; None where there is no limit."""
    global _of_visitor
    _of_visitor = of_visitor


def acquire() -> None:
    """Take one question of the visitor who asks."""
    limit = _of_visitor()
    if limit is not None:
        limit.acquire()
