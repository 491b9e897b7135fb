"""How far models are on their way, from the Hub or to it."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from crr.hub import size_of
from workbench.basics.markdown import as_text
from workbench.model_store.transfers import BackgroundTransfer

_EVERY = 0.5  # seconds between two looks


@st.fragment(run_every=_EVERY)
def watch(
    running: Sequence[BackgroundTransfer[Any]], leave: Callable[[BackgroundTransfer[Any]], None]
) -> None:
    """A bar for each transfer, with its bytes; the page is drawn again when one has ended.

    Args:
        running: On their way.
        leave: Called when the visitor stops waiting for one.
    """
    if not all(delivery.running for delivery in running):
        st.rerun()
    for delivery in running:
        with st.container(horizontal=True, vertical_alignment="center"):
            _show_bar(delivery)
            if st.button("Cancel", key=f"stop-{id(delivery)}", icon=":material/close:"):
                leave(delivery)
                st.rerun()


def _show_bar(delivery: BackgroundTransfer[Any]) -> None:
    transfer = delivery.transfer
    if delivery.stop.is_set():
        words = "stopping"
    elif transfer is None:
        words = "asking the Hub"
    elif transfer.done == 0:
        words = transfer.file
    elif transfer.done < transfer.total:
        words = f"{size_of(transfer.done)} of {size_of(transfer.total)}"
    else:
        words = f"{size_of(transfer.total)} are there, and are checked"
    share = transfer.done / transfer.total if transfer is not None and transfer.total else 0.0
    st.progress(min(share, 1.0), text=as_text(f"{delivery.name}: {words}"))
