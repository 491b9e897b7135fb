"""What is being published from this process, whether or not the page that began it is still open."""

import threading
from functools import partial

from crr.errors import HubError
from crr.hub import Hub, Publication, Published
from workbench.model_store.transfers import BackgroundTransfer


class Uploads:
    """The models being published from this process: one at a time."""

    def __init__(self) -> None:
        self._last: BackgroundTransfer[Published] | None = None
        self._lock = threading.Lock()

    @property
    def running(self) -> BackgroundTransfer[Published] | None:
        """The upload that is on its way, None if there is none."""
        return self._last if self._last is not None and self._last.running else None

    def start(self, publication: Publication, hub: Hub) -> BackgroundTransfer[Published]:
        """Begin to publish.

        Raises:
            ConfigError: It cannot be published so, see `Publication.check`.
            CheckpointError: It is no checkpoint.
            HubError: Another one is on its way.
        """
        publication.check(publication.card())
        assert publication.name is not None
        with self._lock:
            if self.running is not None:
                raise HubError(f"{self.running.name} is being published already. Wait until it is there.")
            push = self._last = BackgroundTransfer[Published](publication.name)
        push.begin(partial(hub.push, publication))
        return push
