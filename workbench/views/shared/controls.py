"""Widgets whose value may be changed by something else than their visitor, such as Back or an upload."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from workbench.components.errors import guarded
from workbench.views.shared.visit import visit_name


def key_showing(name: str, wanted: object) -> str:
    """The key under which a widget shows what is wanted: another widget if the last one shows something else.

    Nothing is ever written into a widget that calls back. A browser that has not heard of it yet, because the
    run was interrupted, would send what it shows, and that would be taken for what the visitor did.
    """
    counter = f"{name}_count"
    count = st.session_state.setdefault(counter, 0)
    if st.session_state.get(_key(name, count), wanted) != wanted:
        count = st.session_state[counter] = count + 1
    return _key(name, count)


def is_shown(name: str, key: str) -> bool:
    """Whether a key is that of the widget on the page; a browser sends that of the last one for a while."""
    return key == _key(name, st.session_state.get(f"{name}_count", 0))


def _key(name: str, count: int) -> str:
    return f"{name}-{visit_name()}-{count}"


def show_strip(
    label: str,
    name: str,
    options: Sequence[str],
    marked: str | None,
    chosen: Callable[[str], None],
    **looks: Any,
) -> None:
    """A strip of choices, of which one is marked; only a click chooses.

    Args:
        label: Streamlit's label.
        name: Name of the strip, its own in the workbench.
        options: What can be chosen.
        marked: Which of them is shown now; None if none is.
        chosen: Hears what was clicked.
        looks: Handed to `st.pills`.
    """
    key = key_showing(name, marked)

    @guarded
    def clicked() -> None:
        choice = st.session_state[key]
        if choice is None or (choice == marked and not is_shown(name, key)):
            return  # a second click takes the mark away, which means nothing here
        chosen(choice)

    st.pills(label, options, default=marked, key=key, on_change=clicked, wrap=False, **looks)
