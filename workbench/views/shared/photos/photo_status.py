"""What went wrong with photos, and which one the address names: on every page that shows one photo."""

from typing import TYPE_CHECKING

import streamlit as st

from workbench.basics.markdown import as_text
from workbench.views.shared.address import went_back, write_address
from workbench.views.shared.session import current_visitor, has_visitor, linked_sample
from workbench.views.shared.visit import say_photos_are_lost

if TYPE_CHECKING:  # it needs torch, and the gallery is on the screen before it is loaded
    from workbench.inspection.visitor import VisitorState

_SHOWN_PROBLEMS = 3
_OF_INSPECT = ("sample", "own", "view", "limit", "threshold", "opacity", "model")


def follow_address() -> None:
    """Look at what the address names, if the browser went back or forward; before anything is drawn."""
    number = st.query_params.get("own")
    if not has_visitor():
        if number is not None:
            say_photos_are_lost()
    elif went_back():
        if number is None:
            current_visitor().return_to_sample(linked_sample())
        elif not (number.isdecimal() and current_visitor().return_to_upload(int(number))):
            st.toast(
                "The photo that was shown there is not in your list any more.", icon=":material/history:"
            )


def lead_to_inspect() -> None:
    """Follow links of before, when Inspect was the first page: they name a photo, or how to look at it."""
    named = {name: st.query_params[name] for name in _OF_INSPECT if name in st.query_params}
    if named:
        st.switch_page("pages/inspect.py", query_params=named)


def show_problems(visitor: "VisitorState", listed: str = "Inspect lists them") -> None:
    """What was wrong with photos that arrived, and where all of it is listed; until a sample is chosen."""
    if not visitor.news:
        return
    problems = visitor.problems
    for failure in problems[:_SHOWN_PROBLEMS]:
        st.warning(as_text(failure.sentence), icon=":material/broken_image:")
    if len(problems) > _SHOWN_PROBLEMS:
        st.markdown(f"{len(problems) - _SHOWN_PROBLEMS} more could not be inspected: {listed}.")
    if visitor.batch.refusal is not None:
        st.warning(as_text(visitor.batch.refusal), icon=":material/inventory_2:")
    if visitor.passed_over_sentence is not None:
        st.caption(as_text(visitor.passed_over_sentence))


def write_link(visitor: "VisitorState") -> None:
    """Keep in the address which sample is shown; of a visitor's own photo only its number, for Back."""
    if visitor.number is None:
        write_address(sample=visitor.sample, own=None)
    else:
        write_address(own=str(visitor.number), sample=None)
