"""Where a visitor's choice lives between reruns."""

from math import isnan
from typing import TYPE_CHECKING

import streamlit as st

from workbench.inspection.samples import read_samples
from workbench.settings import settings

if TYPE_CHECKING:
    from workbench.explanation.cache import ExplanationCache
    from workbench.inspection.visitor import VisitorState

_VISIT = "visit"
WORKSHOP, SURVEY = "workshop", "survey"  # what the page Compare keeps of the visitor's images
EXPLORATION = "exploration"  # and the page Layers


def linked_sample() -> str:
    """Name of the sample that the link asks for, else of the first."""
    samples = read_samples(settings().samples)
    wanted = st.query_params.get("sample", "")
    return wanted if wanted in samples else next(iter(samples))


def current_visitor() -> "VisitorState":
    """This session's visit; a new session looks at the sample that its link asks for."""
    from workbench.inspection.visitor import VisitorState

    if _VISIT not in st.session_state:
        st.session_state[_VISIT] = VisitorState(settings(), linked_sample(), _linked_threshold())
    visitor: VisitorState = st.session_state[_VISIT]
    return visitor


def current_exploration() -> "ExplanationCache":
    """What this session's models were asked about single photos, on the pages Layers and Lesson."""
    from workbench.explanation.cache import ExplanationCache

    if EXPLORATION not in st.session_state:
        st.session_state[EXPLORATION] = ExplanationCache(settings().session_bytes)
    exploration: ExplanationCache = st.session_state[EXPLORATION]
    return exploration


def forget_images() -> None:
    """Forget every image that the visitor brought, and what was painted on it and found in it."""
    current_visitor().clear()
    st.session_state.pop(SURVEY, None)
    forget_explorations()
    if WORKSHOP in st.session_state:
        st.session_state[WORKSHOP].forget_own_photos()


def forget_explorations() -> None:
    """Forget what models answered to single photos, which can be painted back into pictures."""
    st.session_state.pop(EXPLORATION, None)


def shown_sample() -> str | None:
    """Name of the sample that is shown, None if it is an image of the visitor's own."""
    if _VISIT not in st.session_state:
        return linked_sample()
    visitor = current_visitor()
    return visitor.sample if visitor.upload is None else None


def _linked_threshold() -> float | None:
    """Any number; `workbench.inspection.verdict` moves it into the slider's range."""
    try:
        value = float(st.query_params.get("threshold", ""))
    except ValueError:
        return None
    return None if isnan(value) else value
