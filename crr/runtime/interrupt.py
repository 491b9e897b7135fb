"""Ctrl-C, heard as a wish to stop well."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stop_on_interrupt(stop: threading.Event, announce: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first Ctrl-C sets `stop`, the second raises KeyboardInterrupt at once.

    Args:
        stop: What the work looks at.
        announce: Called at the first Ctrl-C, to say what will happen.
    """

    def ask(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        announce()

    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield
        return
    previous = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
