"""A visit: what one window holds on the server until it is forgotten there, and what is said then."""

import json
from collections.abc import Mapping
from uuid import uuid4

import streamlit as st

from workbench.views.shared.session import current_visitor, has_visitor, painting_so_far

_VISIT, _LOST, _BEGUN = "visit_name", "lost_with_visit", "visit_begun"
_MEMORY = "window_memory"  # a text area that is never seen: the window sends with each run what stands in it
_CLEARED, _RENEW = "cleared", "uploaders_to_renew"
_PHOTOS, _STROKES, _TRUTHS = "photos", "strokes", "truths"
START_PAINTING = "start_painting"
"""Under which key a session holds what is painted on the page Start."""
LESSON_PAINTING = "lesson_painting"
"""How the keys begin under which a session holds what was painted in the lesson."""


def visit_name() -> str:
    """Identifies this visit.

    It belongs into the key of a widget that must not go on with what the window holds of an earlier one.
    """
    name: str = st.session_state.setdefault(_VISIT, uuid4().hex[:8])
    return name


def tend_visit() -> None:
    """Have the window remember what this visit holds, and hear what it held if it is older than the visit.

    A window stays open when the server forgets its visit, because the connection was away for minutes or the
    server was started again. Stands before all pages, so that it is the same on each.
    """
    begun = st.session_state.get(_BEGUN, False)
    memory = json.dumps({"cleared": st.session_state.get(_CLEARED, 0), "held": held_by_visit()})
    if begun and st.session_state.get(_MEMORY) != memory:
        st.session_state[_MEMORY] = memory
    with st.container(key="window_memory_room"):
        found = st.text_area(
            "Memory",
            value=None if begun else memory,
            key=_MEMORY,
            help="What this window holds.",
        )
    st.session_state[_BEGUN] = True
    if not begun and found != memory:
        _take_over(_read(found))


def _take_over(before: Mapping[str, object]) -> None:
    """Go on after a visit that ended: with its uploaders for one run, as a new file may be in them."""
    cleared, held = before.get("cleared"), before.get("held")
    if isinstance(cleared, int):
        st.session_state[_CLEARED] = cleared
    if isinstance(held, list):
        st.session_state[_LOST] = {*held} & {_PHOTOS, _STROKES, _TRUTHS}
    st.session_state[_RENEW] = True


def _read(memory: str | None) -> Mapping[str, object]:
    try:
        found = json.loads(memory or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def uploader_key(name: str) -> str:
    """The key of an uploader; its list is empty once the table is cleared, or the visit before ended."""
    return f"{name}-{st.session_state.get(_CLEARED, 0)}"


def clear_uploaders() -> None:
    """Have empty uploaders in place of those that list files."""
    st.session_state[_CLEARED] = st.session_state.get(_CLEARED, 0) + 1


def renew_uploaders(lost: bool) -> None:
    """Put empty uploaders in place of those that list what the server lost, after all were looked through."""
    if lost:
        say_photos_are_lost()
    if st.session_state.pop(_RENEW, False) or lost:
        clear_uploaders()
        st.rerun()


def say_photos_are_lost() -> None:
    """Photos of another visit are asked for, which is over."""
    st.session_state[_LOST] = {*st.session_state.get(_LOST, ()), _PHOTOS}


def show_what_was_lost() -> None:
    """That the visit before this one ended, and what went with it; until a sample is chosen."""
    lost = st.session_state.get(_LOST, ())
    why = (
        "The page was loaded anew, the connection was away for too long, or the workbench was started again."
    )
    if _PHOTOS in lost:
        also = " What was painted is gone too." if _STROKES in lost else ""
        also += " So is what you said of the parts." if _TRUTHS in lost else ""
        also += " The limit is the one of the address." if "limit" in st.query_params else ""
        st.warning(f"Your visit ended: add the photos again.{also} {why}", icon=":material/history:")
    elif _STROKES in lost:
        st.warning(f"Your visit ended: what you painted is gone. {why}", icon=":material/history:")


def forget_what_was_lost() -> None:
    """The visitor goes on with something else."""
    st.session_state.pop(_LOST, None)


def held_by_visit() -> list[str]:
    """What would be lost with this visit."""
    held = []
    if has_visitor() and (current_visitor().batch.uploads or current_visitor().batch.failures):
        held.append(_PHOTOS)
        if current_visitor().labels.said:
            held.append(_TRUTHS)
    session = painting_so_far()
    paintings = [] if session is None else session.paintings
    own = (LESSON_PAINTING, START_PAINTING)  # begin with a stroke of ours, which nobody loses
    begun = [st.session_state[key] for key in st.session_state if str(key).startswith(own)]
    if any(painting.strokes for painting in paintings) or any(painting.version > 0 for painting in begun):
        held.append(_STROKES)
    return held


def tell_what_is_held() -> None:
    """Have the window hear it if the visit holds something else than before; at the end of a fragment."""
    if _read(st.session_state.get(_MEMORY)).get("held") != held_by_visit():
        st.rerun()
