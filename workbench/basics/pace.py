"""How many pages are put together at the same time: a few, and the others wait for a moment.

Each page is put together in a thread of its own, and all share one interpreter with the loop that sends what
was made. Where many work at once, that loop comes to its turn so rarely that nobody is sent anything: eight
who asked again and again kept everybody waiting for as long as they did so.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_AT_ONCE = 2
_LONGEST = 1.0  # seconds; who holds a turn for so long works on something else, and is not waited for

_turns = threading.BoundedSemaphore(_AT_ONCE)
_held = threading.local()


@contextmanager
def in_turn() -> Iterator[None]:
    """Put a page, or a part of it, together in the `with` block, when it is its turn; parts may be nested."""
    if getattr(_held, "turn", None) is not None:
        yield
        return
    _held.turn = _turns.acquire(timeout=_LONGEST)
    try:
        yield
    finally:
        _give_back()
        _held.turn = None


@contextmanager
def out_of_turn() -> Iterator[None]:
    """Let others have the turn while the `with` block only waits."""
    if not getattr(_held, "turn", None):
        yield
        return
    _give_back()
    try:
        yield
    finally:
        _held.turn = _turns.acquire(timeout=_LONGEST)


def _give_back() -> None:
    if _held.turn:
        _turns.release()
        _held.turn = False
