"""Prints how long visitors who come at once wait, with garbage collected by our timer and after each page.

Streamlit collects after each run of each page. Both servers run side by side and are asked in turn.

    python -m benchmarks.crowd
"""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests.attack.space import Space, serve
from tests.attack.stage import own_address
from tests.attack.visitor import Visitor

VISITORS = 20
ROUNDS = 7
_GUARD = 8 * 10**9  # bytes at which a server is killed


def main() -> None:
    """Ask both servers in turn, and print the medians and the median of the ratios."""
    with ExitStack() as running:
        ours, theirs = (running.enter_context(_served(collecting)) for collecting in ("false", "true"))
        for space in (ours, theirs):
            _crowd(space)
        times = [(_crowd(ours), _crowd(theirs)) for _ in range(ROUNDS)]
    by_timer, after_each = (median(column) for column in zip(*times, strict=True))
    ratio = median(first / second for first, second in times)
    print(
        f"{VISITORS} visitors at once see Inspect within {by_timer:.2f} s, "
        f"{after_each:.2f} s with garbage collected after each page: ratio {ratio:.2f}"
    )


@contextmanager
def _served(collecting: str) -> Iterator[Space]:
    with (
        tempfile.TemporaryDirectory(prefix="crowd-") as folder,
        serve(Path(folder), _GUARD, STREAMLIT_RUNNER_POST_SCRIPT_GC=collecting) as space,
    ):
        yield space


def _visit(space: Space, number: int) -> None:
    visitor = Visitor(space.url, own_address(number), patience=120)
    try:
        visitor.open()
    finally:
        visitor.leave()


def _crowd(space: Space) -> float:
    """Seconds until all have seen the page."""
    begun = time.monotonic()
    with ThreadPoolExecutor(VISITORS) as crowd:
        list(crowd.map(lambda number: _visit(space, number), range(VISITORS)))
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
