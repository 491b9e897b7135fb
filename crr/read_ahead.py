"""Reading files in threads while the caller works on those read before."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import TypeVar

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
