"""From one of the visitor's own photos to the next, by buttons and keys, on every page about one photo."""

from collections.abc import Sequence

import streamlit as st

from workbench.basics.markdown import as_text
from workbench.components.errors import guarded
from workbench.inspection.visitor import VisitorState
from workbench.views.shared.session import current_visitor

IN_ORDER = (
    "In the order of the list that was opened last (on Inspect the most suspicious first); others by name."
)


def step_through(
    visitor: VisitorState, order: Sequence[str], in_order: str, *, named: bool = True, keys: bool = True
) -> None:
    """To the photo before and after the one that is shown; from one that is not listed to the first.

    Args:
        visitor: Whose photos they are.
        order: Digests of the photos.
        in_order: Says what order that is.
        named: Whether the name of the photo stands beside.
        keys: Whether J and K do the same.
    """
    if visitor.upload is None or not order or not (named or len(order) > 1 or visitor.upload not in order):
        return
    listed = visitor.upload in order
    place = order.index(visitor.upload) if listed else -1
    name = f" · {visitor.batch.uploads[visitor.upload].name}" if named else ""
    steps = (("Previous", -1, "K"), ("Next", 1, "J")) if len(order) > 1 or not listed else ()
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
        where = f"{place + 1} of {len(order)}" if listed else f"not one of the {len(order)} that are listed"
        st.caption(as_text(f"{where}{name}"))


def say_limits_are_calibrated(visitor: VisitorState) -> None:
    """Say so on a page that has no slider, where the visitor moved the limits on Inspect."""
    if visitor.factor != 1:
        st.caption(
            "Limits here are those that were calibrated; on Inspect you moved them to "
            f"{visitor.factor:.2f} times that."
        )


def show_upload(digest: str) -> None:
    """Look at one of the photos; for a callback."""
    current_visitor().show_upload(digest)
    st.rerun()
