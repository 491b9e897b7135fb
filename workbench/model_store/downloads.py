"""Pulls of all visitors of this process: a few at a time, and one for all who want the same model."""

import threading
from collections.abc import Callable
from functools import partial

from crr.errors import HubError
from crr.hub import Hub, HubName, Pulled
from workbench.model_store.transfers import BackgroundTransfer

_MOST_AT_ONCE = 3


class Downloads:
    """The models that are being pulled by this process, a few at a time."""

    def __init__(self, present: Callable[[str], bool]) -> None:
        """Args: present, whether a visitor is still there."""
        self._present = present
        self._running: dict[tuple[HubName, bool], BackgroundTransfer[Pulled]] = {}
        self._lock = threading.Lock()

    @property
    def running(self) -> list[BackgroundTransfer[Pulled]]:
        """The pulls that are on their way, whoever waits for them."""
        with self._lock:
            return [pull for pull in self._running.values() if pull.running and not pull.stop.is_set()]

    def start(
        self, name: HubName, hub: Hub, visitor: str, trusted: bool = False
    ) -> BackgroundTransfer[Pulled]:
        """Begin to pull a model; one that is on its way already is joined.

        Args:
            name: Which.
            hub: Where it is pulled from.
            visitor: Who waits for it.
            trusted: Whether `hub` asks with the token of this machine; such pulls are joined by such only.

        Raises:
            HubError: As many as there may be are on their way.
        """
        with self._lock:
            self._running = {key: pull for key, pull in self._running.items() if pull.running}
            known = self._running.get((name, trusted))
            if known is not None and known.join(visitor):
                return known
            if len(self._running) >= _MOST_AT_ONCE:
                raise HubError(
                    f"{_MOST_AT_ONCE} models are on their way already. Wait until one of them is here."
                )
            pull = self._running[name, trusted] = BackgroundTransfer[Pulled](
                name, self._present, visitors={visitor}
            )
        pull.begin(partial(hub.pull, name))
        return pull
