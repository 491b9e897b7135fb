"""How far the files of a model are on their way, and the wish to stop."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Transfer:
    """How far a pull or a push is.

    Attributes:
        file: Whose bytes are on their way.
        done: Bytes of all files that have arrived.
        total: Bytes of all files.
    """

    file: str
    done: int
    total: int


Tell = Callable[[Transfer], None]
