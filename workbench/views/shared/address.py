"""The address of a page: what it names, and whether the browser went back or forward."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

PLACES = ("sample", "own", "step", "spot", "damage", "photo", "model", "models", "beside", "show")
"""Parameters that name what is looked at; all others say how. To change one is a step that Back undoes."""


def went_back() -> bool:
    """Whether this run comes of the browser going back or forward: then the address says what to show.

    In every other run the session says so: a browser may not have heard yet what was written last.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def write_address(**wanted: str | None) -> None:
    """Keep in the address what a link needs; None takes out. What names a place comes first.

    Each change is a message of its own to the browser, and the first that names another place makes the entry
    that Back leaves again.
    """
    for name, value in wanted.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value
