"""Pulls that go on while the page is drawn again: one thread each, seen by every visitor who asked for it."""

import logging
import threading
from dataclasses import dataclass, field
from functools import cache

from crr.errors import CRRError, HubError
from crr.hub import Hub, HubName, Pulled, Transfer

_log = logging.getLogger(__name__)
_MOST = 3


@dataclass(eq=False)
class Pull:
    """A model on its way.

    Attributes:
        name: As it was asked for.
        transfer: How far it is; None before the first byte.
        pulled: The model, once it is here.
        failure: Why it did not come.
        stop: Set to stop it.
        waiting: How many visitors wait for it.
    """

    name: HubName
    transfer: Transfer | None = None
    pulled: Pulled | None = None
    failure: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    waiting: int = 1

    @property
    def running(self) -> bool:
        """Whether it is neither here nor given up."""
        return self.pulled is None and not self.failure

    def leave(self) -> None:
        """One visitor waits no more; without any it is stopped."""
        self.waiting -= 1
        if self.waiting <= 0:
            self.stop.set()

    def hear(self, transfer: Transfer) -> None:
        """Note how far it is."""
        self.transfer = transfer


class Pulls:
    """Those of this process, a few at a time."""

    def __init__(self) -> None:
        self._running: dict[tuple[HubName, bool], Pull] = {}
        self._lock = threading.Lock()

    def start(self, name: HubName, hub: Hub, trusted: bool = False) -> Pull:
        """Begin to pull a model; one that is on its way already is joined.

        Args:
            name: Which.
            hub: Where it is pulled from.
            trusted: Whether `hub` asks with the token of this machine; such pulls are joined by such only.

        Raises:
            HubError: As many as there may be are on their way.
        """
        with self._lock:
            self._running = {key: pull for key, pull in self._running.items() if pull.running}
            known = self._running.get((name, trusted))
            if known is not None and not known.stop.is_set():
                known.waiting += 1
                return known
            if len(self._running) >= _MOST:
                raise HubError(f"{_MOST} models are on their way already. Wait until one of them is here.")
            pull = self._running[name, trusted] = Pull(name)
        threading.Thread(target=self._run, args=(pull, hub), name=f"pull {name}", daemon=True).start()
        return pull

    def _run(self, pull: Pull, hub: Hub) -> None:
        try:
            pull.pulled = hub.pull(pull.name, pull.hear, pull.stop)
        except CRRError as error:
            pull.failure = str(error)
        except Exception:
            _log.exception("pulling %s failed unexpectedly", pull.name)
            pull.failure = "Something went wrong that we did not foresee; the log of the server says more."


@cache
def pulls() -> Pulls:
    """Those of this process."""
    return Pulls()
