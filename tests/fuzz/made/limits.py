"""How long one input may take and how much memory: what hangs or fills the machine fails."""

import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 10
"""Longest time that one input may take."""
BYTES = int(1.5 * 2**30)
"""Most memory that may be used besides what the process has from the start."""


@contextmanager
def limited() -> Iterator[None]:
    """Fail what takes longer or more; what is not Python is stopped by `outside.py` only."""
    before, handler = peak(), signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert peak() - before <= BYTES, f"it took {(peak() - before) >> 20} MiB of memory"


def peak() -> int:
    """The most memory that this process ever held, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _stop(_signal: int, _frame: object) -> None:
    raise AssertionError(f"it takes longer than {SECONDS} s")
