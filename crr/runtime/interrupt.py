"""Ctrl-C, and whatever else ends a process from outside, heard as a wish to stop well."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C; a machine, container or queue that stops its jobs; a terminal that is gone."""


def interrupt_at_any_end() -> None:
    """Have whatever ends this process raise KeyboardInterrupt, as Ctrl-C does: what is found is kept."""
    for number in _heard():
        signal.signal(number, signal.default_int_handler)


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
    previous = {number: signal.signal(number, ask) for number in _heard()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _heard() -> list[signal.Signals]:
    """The signals of this system that are not ignored, as `nohup` has it."""
    numbers = (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name))
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
