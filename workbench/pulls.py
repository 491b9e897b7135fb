"""Pulls of all visitors of this process: a few at a time, and one for all who want the same model."""

import threading
from functools import cache, partial

from crr.errors import HubError
from crr.hub import Hub, HubName, Pulled
from workbench.deliveries import Delivery

_MOST = 3


class Pulls:
    """Those of this process, a few at a time."""

    def __init__(self) -> None:
        self._running: dict[tuple[HubName, bool], Delivery[Pulled]] = {}
        self._lock = threading.Lock()

    def start(self, name: HubName, hub: Hub, trusted: bool = False) -> Delivery[Pulled]:
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
            if known is not None and known.join():
                return known
            if len(self._running) >= _MOST:
                raise HubError(f"{_MOST} models are on their way already. Wait until one of them is here.")
            pull = self._running[name, trusted] = Delivery[Pulled](name)
        pull.begin(partial(hub.pull, name))
        return pull


@cache
def pulls() -> Pulls:
    """Those of this process."""
    return Pulls()
