"""One queue a device: questions are answered one after the other, and none that nobody waits for."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, Protocol, TypeVar

from crr.errors import DeviceError, StoppedError
from workbench.basics.pace import out_of_turn

Result = TypeVar("Result")

_MOST_WAITING = 30  # questions a device; who comes then is told so at once
_LOOK = 0.5  # seconds between looks at who still waits, and where


class Waiter(Protocol):
    """Who waits for an answer."""

    def is_present(self) -> bool:
        """Whether anybody still wants the answer."""
        ...

    def tell(self, before: int) -> None:
        """Hear how many questions come first; 0 once it is one's turn."""
        ...


class _Somebody:
    """Who waits to the end, and is told nothing: a command, or a test."""

    def is_present(self) -> bool:
        return True

    def tell(self, before: int) -> None:
        del before


_find_waiter: Callable[[], Waiter] = _Somebody


def find_waiter_with(find: Callable[[], Waiter]) -> None:
    """Say how it is found who asks, in the thread that asks."""
    global _find_waiter
    _find_waiter = find


class PresentWaiter:
    """Whoever the thread works for, to be asked from other threads whether they are still there."""

    def __init__(self) -> None:
        self.is_present = _find_waiter().is_present

    def tell(self, before: int) -> None:
        """They were told already why it takes long, and can be told nothing from elsewhere."""


class DeviceQueues:
    """One worker a device takes one image after the other.

    A session asks for its next image only when it has the last one. So a session with a thousand images and
    a session with one take turns; nobody waits longer than an image for each other visitor. What was asked
    by somebody who has left is not answered.
    """

    def __init__(self) -> None:
        self._workers: dict[str, ThreadPoolExecutor] = {}
        self._queued: defaultdict[str, list[Future[Any]]] = defaultdict(list)
        self._lock = Lock()

    def run(self, device: str, work: Callable[[], Result], waiter: Waiter | None = None) -> Result:
        """What `work` returns or raises, when its turn has come.

        Args:
            device: Which queue.
            work: What is done.
            waiter: Who waits, if it is not whoever the thread works for.

        Raises:
            DeviceError: Too many wait already.
            StoppedError: Who asked has left before it was their turn.
        """
        waiter, future = waiter or _find_waiter(), self._enter(device, work)
        try:
            with out_of_turn():
                return self._awaited(device, future, waiter)
        finally:
            future.cancel()  # of who went elsewhere on the page while they were told how many come first
            with self._lock:
                self._queued[device].remove(future)
            waiter.tell(0)

    def _awaited(self, device: str, future: Future[Result], waiter: Waiter) -> Result:
        while True:
            try:
                return future.result(timeout=_LOOK)
            except TimeoutError:
                if future.done():  # meanwhile, or it was the work that took too long
                    return future.result()
            if not waiter.is_present() and future.cancel():
                raise StoppedError("Nobody waits for this answer any more.")
            waiter.tell(self._before(device, future))

    def _enter(self, device: str, work: Callable[[], Result]) -> Future[Result]:
        with self._lock:
            queued = self._queued[device]
            if len(queued) >= _MOST_WAITING:
                raise DeviceError(
                    f"The workbench is busy: {len(queued)} others wait for an answer. Try again in a minute."
                )
            if device not in self._workers:
                name = f"inspect-{device}"
                self._workers[device] = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
            future = self._workers[device].submit(work)
            queued.append(future)
        return future

    def _before(self, device: str, future: Future[Any]) -> int:
        """How many questions are answered first; 0 once this one's turn has come."""
        with self._lock:
            queued = self._queued[device]
            return sum(not other.done() for other in queued[: queued.index(future)])
