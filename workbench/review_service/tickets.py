"""Who asks: a browser shows the ticket that its page got for one person and one project."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from workbench.annotation.errors import AnnotationError

_LIFE = 12 * 3600  # seconds since it was last used
_MOST = 10_000


class UnknownTicketError(AnnotationError):
    """A ticket that nobody got here, or that was not used for long: the page gets another one by itself."""


@dataclass(frozen=True)
class Ticket:
    """What a page may do.

    Attributes:
        person: Number of who reviews.
        project: Number of what is reviewed.
    """

    person: int
    project: int


class Tickets:
    """The tickets of a process; thread-safe. A ticket says nothing to who finds it after `_LIFE`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: clock, of the seconds."""
        self._clock = clock
        self._tickets: OrderedDict[str, tuple[Ticket, float]] = OrderedDict()
        self._lock = Lock()

    def issue(self, person: int, project: int) -> str:
        """A new ticket's text, which cannot be guessed."""
        text = secrets.token_urlsafe(32)
        with self._lock:
            self._tickets[text] = Ticket(person, project), self._clock()
            while len(self._tickets) > _MOST:
                self._tickets.popitem(last=False)
        return text

    def find(self, text: str) -> Ticket:
        """The ticket of that text; raises `UnknownTicketError` if there is none."""
        with self._lock:
            ticket, used = self._tickets.get(text, (None, 0.0))
            if ticket is None or self._clock() - used > _LIFE:
                self._tickets.pop(text, None)
                raise UnknownTicketError(
                    "The server does not know this window any more. It is connected again by itself; what "
                    "you drew is kept."
                )
            self._tickets[text] = ticket, self._clock()
            self._tickets.move_to_end(text)
            return ticket
