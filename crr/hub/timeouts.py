"""Work that may hang for ever or break off, such as a request, with somebody who waits only so long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import httpx2

from crr.errors import HubError, StoppedError

Result = TypeVar("Result")

SILENCE_TIMEOUT = 10.0  # seconds without a sign
_STEP = 0.1
_ATTEMPTS = 3  # at what a connection broke off under
# The client has one pool of connections for all threads, and closes it for all of them when one of them finds
# nobody at an address: to the others that is a connection that broke off, or a pool that takes no request.
BROKEN_OFF = (
    httpx2.ReadError,
    httpx2.WriteError,
    httpx2.CloseError,
    httpx2.RemoteProtocolError,
    RuntimeError,
)
STOPPED = "Stopped. What has arrived is kept, and the next pull goes on with it."


class Heartbeat:
    """Hears signs of life from the work, and tells it when nobody waits any more."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._left = False
        self._lock = threading.Lock()

    @contextmanager
    def waited_for(self) -> Iterator[None]:
        """Something has arrived, and what is done with it inside is done while somebody waits.

        Raises:
            StoppedError: Nobody waits any more, which ends the work.
        """
        with self._lock:
            if self._left:
                raise StoppedError("Stopped.")
            self._last = time.monotonic()
            yield

    def sign(self) -> None:
        """Something has arrived; raises `StoppedError` as `waited_for` does."""
        with self.waited_for():
            pass

    def leave(self) -> None:
        """Nobody waits any more: nothing is done inside `waited_for` after this."""
        with self._lock:
            self._left = True

    @property
    def silence(self) -> float:
        """Seconds since the last sign."""
        return time.monotonic() - self._last


def again_if_broken(work: Callable[[], Result], errors: tuple[type[Exception], ...] = BROKEN_OFF) -> Result:
    """What `work` returns, which is begun again where a connection broke off under it.

    Args:
        work: Asks, and changes nothing by being begun twice.
        errors: What it raises then; the last attempt's comes out.
    """
    for _ in range(_ATTEMPTS - 1):
        with suppress(*errors):
            return work()
    return work()


def run_with_timeout(
    work: Callable[[Heartbeat], Result],
    sentence: str,
    stop: threading.Event | None = None,
    stopped: str = STOPPED,
    timeout: float | None = None,
) -> Result:
    """What `work` returns, unless nothing is heard of it for too long.

    It runs in a thread of its own, which is left to itself when nothing is heard of it for too long: the
    client's own timeouts and repetitions can take minutes.

    Args:
        work: Gives signs, and ends when it is told that nobody waits.
        sentence: What to say if no sign comes.
        stop: Set by somebody who does not want to wait any longer.
        stopped: What to say then.
        timeout: Seconds without a sign that are too long; `SILENCE_TIMEOUT` if None.

    Raises:
        HubError: No sign came.
        StoppedError: It was stopped.
        CRRError: What the work raised.
    """
    heartbeat, answer, failure = Heartbeat(), [], []
    most = SILENCE_TIMEOUT if timeout is None else timeout

    def run() -> None:
        try:
            answer.append(work(heartbeat))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="hub", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_STEP)
            if stop is not None and stop.is_set():
                raise StoppedError(stopped)
            if thread.is_alive() and heartbeat.silence > most:
                raise HubError(sentence)
    finally:
        heartbeat.leave()
    if failure:
        raise failure[0]
    return answer[0]
