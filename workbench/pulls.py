"""Pulls that go on while the page is drawn again: one thread each, seen by every visitor who asked for it."""

import logging
import threading
from dataclasses import dataclass, field
from functools import cache

from crr.errors import CRRError
from crr.hub import Hub, HubName, Pulled, Transfer

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Pull:
    """A model on its way.

    Attributes:
        name: As it was asked for.
        transfer: How far it is; None before the first byte.
        pulled: The model, once it is here.
        failure: Why it did not come.
        stop: Set to stop it.
    """

    name: HubName
    transfer: Transfer | None = None
    pulled: Pulled | None = None
    failure: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        """Whether it is neither here nor given up."""
        return self.pulled is None and not self.failure

    def hear(self, transfer: Transfer) -> None:
        """Note how far it is."""
        self.transfer = transfer


class Pulls:
    """Those of this process."""

    def __init__(self, hub: Hub) -> None:
        """Args: hub, where models are pulled from."""
        self._hub = hub
        self._running: dict[HubName, Pull] = {}
        self._lock = threading.Lock()

    def start(self, name: HubName) -> Pull:
        """Begin to pull a model; one that is on its way already is joined."""
        with self._lock:
            known = self._running.get(name)
            if known is not None and known.running and not known.stop.is_set():
                return known
            pull = self._running[name] = Pull(name)
        threading.Thread(target=self._run, args=(pull,), name=f"pull {name}", daemon=True).start()
        return pull

    def _run(self, pull: Pull) -> None:
        try:
            pull.pulled = self._hub.pull(pull.name, pull.hear, pull.stop)
        except CRRError as error:
            pull.failure = str(error)
        except Exception:
            _log.exception("pulling %s failed unexpectedly", pull.name)
            pull.failure = "Something went wrong that we did not foresee; the log of the server says more."


@cache
def pulls() -> Pulls:
    """Those of this process."""
    return Pulls(Hub())
