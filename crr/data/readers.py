"""Reading images: ahead of the caller in threads, or once and then from memory."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from crr.config import EncoderConfig, ValueRange
from crr.data.images import decode
from crr.data.preprocessing import to_input
from crr.types import Image

Item = TypeVar("Item")
Content = TypeVar("Content")


def read_ahead(
    pool: Executor, read: Callable[[Item], Content], items: Sequence[Item], batch_size: int
) -> Iterator[list[Content]]:
    """Batches of what `read` makes of the items, in order; the next batch is read meanwhile, and no more.

    Args:
        pool: Where `read` is called.
        read: What it raises is raised here, when the item's turn has come.
        items: What to read.
        batch_size: Items a batch, at least 1; the last batch may have fewer.
    """
    ahead: list[Future[Content]] = []
    for start in range(0, len(items) + batch_size, batch_size):
        due = ahead
        ahead = [pool.submit(read, item) for item in items[start : start + batch_size]]
        if due:
            yield [future.result() for future in due]


_CACHE_BYTES = 256 * 2**20


def read_input(path: Path, encoder: EncoderConfig, value_range: ValueRange | None = None) -> Image:
    """uint8 (crop, crop, 3): an image file at the encoder's input size; raises `ImageError` for a bad one."""
    return to_input(decode(path, str(path), value_range=value_range), encoder)


class CachedReader:
    """Reads images at the encoder's input size, keeping the most recent 256 MiB of them.

    Args:
        encoder: Names that size.
        value_range: Black and white of files deeper than 8 bits that do not say it.
    """

    def __init__(self, encoder: EncoderConfig, value_range: ValueRange | None = None) -> None:
        self._encoder, self._value_range = encoder, value_range
        self._cached = lru_cache(maxsize=_CACHE_BYTES // (3 * encoder.crop**2))(self._read)

    def __call__(self, path: Path) -> Image:
        """uint8 (crop, crop, 3); treat it as read-only."""
        return self._cached(path)

    def __reduce__(self) -> tuple[type["CachedReader"], tuple[EncoderConfig, ValueRange | None]]:
        """Travel to a worker process without the cache."""
        return CachedReader, (self._encoder, self._value_range)

    def _read(self, path: Path) -> Image:
        return read_input(path, self._encoder, self._value_range)
