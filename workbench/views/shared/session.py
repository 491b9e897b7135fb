"""Where a visitor's choice lives between reruns."""

from math import isnan
from typing import TYPE_CHECKING, get_args

import streamlit as st

from workbench.basics.cache import pool_of
from workbench.inspection.samples import read_samples
from workbench.inspection.verdict import LinkedBy, LinkedLimit
from workbench.settings import settings
from workbench.views.shared.services import services

if TYPE_CHECKING:  # these need torch, and the gallery is on the screen before it is loaded
    from workbench.explanation.explorer import LayerExplorer
    from workbench.inspection.explanation_cache import ExplanationCache
    from workbench.inspection.visitor import VisitorState
    from workbench.painting.session import PaintingSession

_VISITOR = "visit"
_OPENING = "opening_sample"
_EXPLANATIONS, _EXPLORER, _PAINTING = "explanations", "explorer", "painting_session"
SURVEY = "survey"  # what the page Compare keeps of the visitor's images
DAMAGE_LINK = "damage"


def linked_sample() -> str:
    """Name of the sample that the link asks for, else the page opens with, else of the first."""
    samples = read_samples(settings().samples)
    wanted = st.query_params.get("sample", "")
    asked = [wanted, st.session_state.get(_OPENING)]
    return next((name for name in asked if name in samples), next(iter(samples)))


def open_with(name: str) -> None:
    """Have a page open with a sample, unless the link names one or the visitor chose what to look at."""
    samples = read_samples(settings().samples)
    if not has_visitor():
        st.session_state[_OPENING] = name
    elif name in samples and not current_visitor().chosen and st.query_params.get("sample") not in samples:
        current_visitor().sample = name


def has_visitor() -> bool:
    """Whether this session looked at anything yet."""
    return _VISITOR in st.session_state


def current_visitor() -> "VisitorState":
    """This session's visitor; a new session looks at the sample that its link asks for."""
    from workbench.inspection.uploads import sandbox
    from workbench.inspection.visitor import VisitorState

    if _VISITOR not in st.session_state:
        sandbox().warm()  # ready when the visitor has found a photo to bring
        visitor = VisitorState(settings(), linked_sample(), linked_limit())
        visitor.chosen = st.query_params.get("sample") == visitor.sample
        st.session_state[_VISITOR] = visitor
    known: VisitorState = st.session_state[_VISITOR]
    return known


def current_explanations() -> "ExplanationCache":
    """What this session's models were asked about single photos, on all pages."""
    from workbench.inspection.explanation_cache import ExplanationCache

    if _EXPLANATIONS not in st.session_state:
        st.session_state[_EXPLANATIONS] = ExplanationCache(
            services().inspector, settings().session_bytes, pool_of(settings().result_bytes)
        )
    explanations: ExplanationCache = st.session_state[_EXPLANATIONS]
    return explanations


def current_explorer() -> "LayerExplorer":
    """This session's explorer of layers."""
    from workbench.explanation.explorer import LayerExplorer

    if _EXPLORER not in st.session_state:
        st.session_state[_EXPLORER] = LayerExplorer(
            current_explanations(), services().references, settings().session_bytes // 4
        )
    explorer: LayerExplorer = st.session_state[_EXPLORER]
    return explorer


def current_painting() -> "PaintingSession":
    """What this session's visitor painted; at first what the link asks for."""
    from workbench.painting.damage import Synthetic
    from workbench.painting.session import PaintingSession

    if _PAINTING not in st.session_state:
        linked = Synthetic.parse(st.query_params.get(DAMAGE_LINK, ""))
        st.session_state[_PAINTING] = PaintingSession(current_explanations(), linked)
    painting: PaintingSession = st.session_state[_PAINTING]
    return painting


def painting_so_far() -> "PaintingSession | None":
    """What this session's visitor painted; None who was not on the page Compare yet."""
    painting: PaintingSession | None = st.session_state.get(_PAINTING)
    return painting


def forget_images() -> None:
    """Forget every image that the visitor brought, and what was painted on it and found in it."""
    current_visitor().clear()
    st.session_state.pop(SURVEY, None)
    forget_explanations()
    painting = painting_so_far()
    if painting is not None:
        painting.forget_own_photos()


def forget_explanations() -> None:
    """Forget what models answered to single photos, which can be painted back into pictures."""
    if _EXPLANATIONS in st.session_state:
        current_explanations().clear()
    if _EXPLORER in st.session_state:
        current_explorer().clear()


def shown_sample() -> str | None:
    """Name of the sample that is shown, None if it is an image of the visitor's own."""
    if _VISITOR not in st.session_state:
        return linked_sample()
    visitor = current_visitor()
    return visitor.sample if visitor.upload is None else None


def linked_limit() -> LinkedLimit | None:
    """What the link asks for, any number; `workbench.inspection.verdict` moves it into the slider's range."""
    for name in get_args(LinkedBy):
        try:
            value = float(st.query_params.get(name, ""))
        except ValueError:
            continue
        if not isnan(value):
            return name, value
    return None
