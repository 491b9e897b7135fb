"""How far work is, if it takes longer than a moment."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from workbench.basics.markdown import as_text

_MOMENT = 0.3  # seconds

SECONDS_A_TURN = 0.3  # of work on many images: the page answers between turns


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int, str], None]]:
    """Inside the `with` block: shows which step of how many it is, and of what, as "Asking crr (2 of 3)".

    Args:
        doing: The verb, such as "Asking".
    """
    place, start = st.empty(), time.perf_counter()

    def tell(done: int, count: int, what: str) -> None:
        if time.perf_counter() - start > _MOMENT:
            place.progress(done / count, text=f"{doing} {as_text(what)} ({min(done + 1, count)} of {count})")

    try:
        yield tell
    finally:
        place.empty()
