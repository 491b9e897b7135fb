"""How far the files of a model are on their way."""

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


def size_of(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


TransferCallback = Callable[[Transfer], None]
