"""From one of the visitor's own photos to the next, by buttons and keys, on every page about one photo."""

from collections.abc import Sequence

import streamlit as st

from workbench.basics.markdown import as_text
from workbench.components.errors import guarded
from workbench.inspection.visitor import VisitorState
from workbench.views.shared.session import current_visitor

IN_ORDER = "In the order of the table on Inspect, the most suspicious first; others as they arrived."


def step_through(
    visitor: VisitorState, order: Sequence[str], in_order: str, *, named: bool = True, keys: bool = True
) -> None:
    """To the photo before and after the one that is shown.

    Args:
        visitor: Whose photos they are.
        order: Digests of the photos.
        in_order: Says what order that is.
        named: Whether the name of the photo stands beside.
        keys: Whether J and K do the same.
    """
    if visitor.upload is None or visitor.upload not in order or not (named or len(order) > 1):
        return
    place = order.index(visitor.upload)
    name = f" · {visitor.batch.uploads[visitor.upload].name}" if named else ""
    steps = (("Previous", -1, "K"), ("Next", 1, "J")) if len(order) > 1 else ()
    with st.container(horizontal=True, vertical_alignment="center", key="steps_through"):
        for word, step, key in steps:
            there = place + step
            st.button(
                word,
                key=f"photo_{word}",
                shortcut=key if keys else None,
                disabled=not 0 <= there < len(order),
                on_click=guarded(show_upload),
                args=(order[there % len(order)],),
                help=in_order,
            )
        st.caption(as_text(f"{place + 1} of {len(order)}{name}"))


def show_upload(digest: str) -> None:
    """Look at one of the photos; for a callback."""
    current_visitor().show_upload(digest)
    st.rerun()
