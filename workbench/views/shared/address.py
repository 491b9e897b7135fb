"""The address of a page: what it names, and whether the browser went back or forward."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from workbench.basics.model_names import shown_model

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


def use_shown_models(parameter: str) -> None:
    """Have a parameter name models as people call them, before the widget that is bound to it is drawn.

    Links of before name their folders, which a widget that shows other names would not know.
    """
    if went_back():  # then the address is one that was written here
        return
    told = st.query_params.get_all(parameter)
    shown = [shown_model(name) for name in told]
    if shown != told:
        st.query_params[parameter] = shown
        st.rerun()  # the widget reads the address as the run began
