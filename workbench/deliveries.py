"""Models on their way, from the Hub or to it, while the page is drawn again and again: one thread each."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from crr.errors import CRRError
from crr.hub import HubName, Tell, Transfer

_log = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(eq=False)
class Delivery(Generic[Result]):
    """A model on its way.

    Attributes:
        name: On the Hub.
        transfer: How far it is; None before the first byte.
        result: What came of it, once it is there.
        failure: Why it did not get there.
        stop: Set to stop it.
        waiting: How many visitors wait for it.
    """

    name: HubName
    transfer: Transfer | None = None
    result: Result | None = None
    failure: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    waiting: int = 1
    _counting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def running(self) -> bool:
        """Whether it is neither there nor given up."""
        return self.result is None and not self.failure

    def begin(self, work: Callable[[Tell, threading.Event], Result]) -> None:
        """Set out, in a thread of its own; `work` tells how far it is, and looks whether to stop."""
        threading.Thread(target=self._run, args=(work,), name=f"delivery of {self.name}", daemon=True).start()

    def join(self) -> bool:
        """One visitor more waits for it; False if it is being stopped already."""
        with self._counting:
            if self.stop.is_set():
                return False
            self.waiting += 1
            return True

    def leave(self) -> None:
        """One visitor waits no more; without any it is stopped."""
        with self._counting:
            self.waiting -= 1
            if self.waiting <= 0:
                self.stop.set()

    def _run(self, work: Callable[[Tell, threading.Event], Result]) -> None:
        try:
            self.result = work(self._hear, self.stop)
        except CRRError as error:
            self.failure = str(error)
        except Exception:
            _log.exception("the delivery of %s failed unexpectedly", self.name)
            self.failure = "Something went wrong that we did not foresee; the log of the server says more."

    def _hear(self, transfer: Transfer) -> None:
        self.transfer = transfer
