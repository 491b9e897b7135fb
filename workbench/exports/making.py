"""Files that visitors save, made at the click: one after the other, and no more than there is memory for."""

from collections.abc import Callable
from threading import BoundedSemaphore

from crr.errors import WriteError

_AT_ONCE = 2


class Making:
    """Makes files for all visitors; thread-safe.

    A browser asks for a file as often as its visitor clicks, and each stays in memory until the page is drawn
    anew.
    """

    def __init__(self, most: int, held: Callable[[], int]) -> None:
        """Args: most, bytes of files that are held; held, how many are now."""
        self._most, self._held = most, held
        self._turns = BoundedSemaphore(_AT_ONCE)

    def at_the_click(self, make: Callable[[], bytes]) -> Callable[[], bytes]:
        """What makes a file when it is its turn; it raises `WriteError` if too much is held already."""

        def made() -> bytes:
            with self._turns:
                if self._held() > self._most:
                    raise WriteError("There is no room for more files to save: try again in some minutes.")
                return make()

        return made
