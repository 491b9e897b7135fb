"""A visit: what one window holds on the server until it is forgotten there, and what is said then."""

from uuid import uuid4

import streamlit as st

from workbench.components.browser import tend_browser
from workbench.components.strokes import Painting
from workbench.views.shared.address import PLACES
from workbench.views.shared.session import current_visitor, has_visitor, painting_so_far

_VISIT, _LOST, _TOLD = "visit_name", "lost_with_visit", "told_held"
_PHOTOS, _STROKES = "photos", "strokes"


def visit_name() -> str:
    """Identifies this visit.

    It belongs into the key of a widget that must not go on with what the window holds of an earlier one.
    """
    name: str = st.session_state.setdefault(_VISIT, uuid4().hex[:8])
    return name


@st.fragment(key="visit")
def tend_visit() -> None:
    """Have the window remember what this visit holds."""
    held = st.session_state[_TOLD] = _held()
    tend_browser(PLACES, visit_name(), held, _ended)


def tell_what_is_held() -> None:
    """Have the window hear it if the visit holds something else than before; at the end of a fragment."""
    if _held() != st.session_state.get(_TOLD):
        st.rerun()


def say_photos_are_lost() -> None:
    """Photos of another visit are asked for, which is over."""
    st.session_state[_LOST] = {*st.session_state.get(_LOST, ()), _PHOTOS}


def show_what_was_lost() -> None:
    """That the visit before this one ended, and what went with it; until another sample is looked at."""
    lost = st.session_state.get(_LOST, ())
    why = "The connection was away for too long, or the workbench was started again."
    if _PHOTOS in lost:
        also = " What was painted is gone too." if _STROKES in lost else ""
        st.warning(f"Your visit ended: add the photos again.{also} {why}", icon=":material/history:")
    elif _STROKES in lost:
        st.warning(f"Your visit ended: what you painted is gone. {why}", icon=":material/history:")


def forget_what_was_lost() -> None:
    """The visitor goes on with something else."""
    st.session_state.pop(_LOST, None)


def _ended(held: str) -> None:
    known = {*held.split()} & {_PHOTOS, _STROKES}
    st.session_state[_LOST] = {*st.session_state.get(_LOST, ()), *known}
    st.rerun()


def _held() -> str:
    """What would be lost with this visit."""
    held = []
    if has_visitor() and (current_visitor().batch.uploads or current_visitor().batch.failures):
        held.append(_PHOTOS)
    painting = painting_so_far()
    paintings = [*(painting.paintings if painting is not None else ()), *st.session_state.values()]
    if any(isinstance(one, Painting) and one.strokes for one in paintings):
        held.append(_STROKES)
    return " ".join(held)
