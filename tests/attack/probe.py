"""Another visitor, who means no harm: how long their page *Inspect* takes, and whether any page is broken."""

import threading
import time

from tests.attack.space import PAGES
from tests.attack.visitor import PATIENCE, Refused, Screen, Visitor

_PAUSE = 0.5  # seconds between two visits
_UNFORESEEN = (
    "Something went wrong that we did not foresee"  # what the workbench says of a mistake of its own
)


def look(url: str, number: int) -> list[float]:
    """Seconds until a new visitor sees Inspect, and until they see it again; all their patience if never.

    Args:
        url: Of the workbench.
        number: Of the visit; each is somebody else's, from an address of their own.
    """
    seconds = []
    begun = time.monotonic()
    try:
        visitor = Visitor(url, f"127.0.{1 + number // 250}.{1 + number % 250}")
        try:
            for _ in range(2):
                visitor.open()
                seconds.append(time.monotonic() - begun)
                begun = time.monotonic()
        finally:
            visitor.leave()
    except Refused:
        seconds.append(PATIENCE)
    return seconds


def look_often(url: str, times: int, first: int) -> list[float]:
    """The seconds of several visits; after one that was in vain nobody else comes."""
    seconds: list[float] = []
    for number in range(first, first + times):
        seconds += look(url, number)
        if seconds[-1] >= PATIENCE:
            break
    return seconds


class Looker(threading.Thread):
    """Visits Inspect again and again while an attack goes on.

    Attributes:
        seconds: How long each page took.
    """

    def __init__(self, url: str, first: int) -> None:
        """Args: url, of the workbench; first, number of the first visit."""
        super().__init__(daemon=True)
        self.seconds: list[float] = []
        self._url, self._number, self._over = url, first, threading.Event()

    def run(self) -> None:
        """Until `stop`, and once at least."""
        while True:
            self.seconds += look(self._url, self._number)
            self._number += 1
            if self._over.wait(_PAUSE):
                return

    def stop(self) -> None:
        """End after the visit that has begun."""
        self._over.set()
        self.join()


def broken_pages(url: str) -> list[str]:
    """What is wrong with the pages: empty if each opens. None is opened after one that does not answer."""
    wrong: list[str] = []
    for page in PAGES:
        try:
            screen = _opened(url, page)
        except Refused as refusal:
            return [*wrong, f"{page or 'start'}: {refusal}"]
        unforeseen = [said for said in screen.said if _UNFORESEEN in said]
        wrong += [f"{page or 'start'}: {what}" for what in [*screen.broken, *unforeseen]]
    return wrong


def _opened(url: str, page: str) -> Screen:
    visitor = Visitor(url, "127.0.0.8", 4 * PATIENCE)  # whether it opens, not how fast
    try:
        return visitor.open(page)
    finally:
        visitor.leave()
