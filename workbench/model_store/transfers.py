"""Models on their way, from the Hub or to it, while the page is drawn again and again: one thread each."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from crr.errors import CRRError
from crr.hub import HubName, Transfer, TransferCallback
from workbench.basics.places import for_visitors

_log = logging.getLogger(__name__)
_ABANDONED = 60.0  # seconds without anybody who waits; a page that is loaded again takes a few
Result = TypeVar("Result")


@dataclass(eq=False)
class BackgroundTransfer(Generic[Result]):
    """A model on its way.

    Attributes:
        name: On the Hub.
        present: Whether a visitor is still there. When none of those who wait is, it is stopped after a
            minute; None if it goes on whoever is there.
        transfer: How far it is; None before the first byte.
        result: What came of it, once it is there.
        failure: Why it did not get there.
        stop: Set to stop it.
        visitors: Visitors who wait for the model.
    """

    name: HubName
    present: Callable[[str], bool] | None = None
    transfer: Transfer | None = None
    result: Result | None = None
    failure: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    visitors: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: float = field(default_factory=time.monotonic)

    @property
    def running(self) -> bool:
        """Whether the model is neither there nor given up."""
        return self.result is None and not self.failure

    def begin(self, work: Callable[[TransferCallback, threading.Event], Result]) -> None:
        """Set out, in a thread of its own; `work` tells how far it is, and looks whether to stop."""
        threading.Thread(target=self._run, args=(work,), name=f"delivery of {self.name}", daemon=True).start()

    def join(self, visitor: str) -> bool:
        """One visitor more waits for the model; False if the transfer is being stopped already."""
        with self._lock:
            if self.stop.is_set():
                return False
            self.visitors.add(visitor)
            return True

    def leave(self, visitor: str) -> None:
        """One visitor waits no more; without any the transfer is stopped."""
        with self._lock:
            self.visitors.discard(visitor)
            if not any(map(self._is_present, self.visitors)):
                self.stop.set()

    def _is_present(self, visitor: str) -> bool:
        return self.present is None or self.present(visitor)

    def _run(self, work: Callable[[TransferCallback, threading.Event], Result]) -> None:
        try:
            self.result = work(self._hear, self.stop)
        except CRRError as error:
            self.failure = for_visitors(error)
        except Exception:
            _log.exception("the delivery of %s failed unexpectedly", self.name)
            self.failure = "Something went wrong that we did not foresee; the log of the server says more."

    def _hear(self, transfer: Transfer) -> None:
        self.transfer = transfer
        with self._lock:
            if self.present is None or any(map(self.present, self.visitors)):
                self._seen = time.monotonic()
            elif time.monotonic() - self._seen > _ABANDONED:
                self.stop.set()
