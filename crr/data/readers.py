"""Reading images: ahead of the caller in threads, once and then from memory, or all of them as a check."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from crr.config import EncoderConfig
from crr.data.images import decode
from crr.data.preprocessing import to_input
from crr.runtime.progress import Reporter
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


def read_input(path: Path, encoder: EncoderConfig) -> Image:
    """uint8 (crop, crop, 3): an image file at the encoder's input size; raises `ImageError` for a bad one."""
    return to_input(decode(path, str(path)), encoder)


class CachedReader:
    """Reads images at the encoder's input size, keeping the most recent 256 MiB of them."""

    def __init__(self, encoder: EncoderConfig) -> None:
        self._encoder = encoder
        self._cached = lru_cache(maxsize=_CACHE_BYTES // (3 * encoder.crop**2))(self._read)

    def __call__(self, path: Path) -> Image:
        """uint8 (crop, crop, 3); treat it as read-only."""
        return self._cached(path)

    def __reduce__(self) -> tuple[type["CachedReader"], tuple[EncoderConfig]]:
        """Travel to a worker process without the cache."""
        return CachedReader, (self._encoder,)

    def _read(self, path: Path) -> Image:
        return read_input(path, self._encoder)


def check_readable(paths: Sequence[Path], reporter: Reporter) -> None:
    """Decode every image once, so that a broken one is named before hours of training and not after.

    Raises:
        ImageError: An image cannot be read; the sentence names the file.
    """
    reporter.begin("check", len(paths))
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(_check_readable, paths):
            reporter.advance(images=1)


def _check_readable(path: Path) -> None:
    decode(path, str(path))
