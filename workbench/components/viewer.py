"""One inspected image: the answer, the picture, the numbers. Moving a control here calls no model."""

from html import escape
from time import perf_counter

import streamlit as st

from crr.types import Inspection, Verdict
from workbench.colours import gradient
from workbench.components.picture import show_picture
from workbench.components.session import current_visit
from workbench.components.shell import device_name, plain_errors
from workbench.drawing import View, draw, views_of
from workbench.inspection import Inspected
from workbench.judgement import (
    HIGHEST,
    LOWEST,
    STEP,
    Regions,
    among_normals,
    describe_regions,
    position,
    readable,
    regions_at,
    starting_threshold,
    strictness,
    verdict_at,
)
from workbench.plots import score_figure
from workbench.samples import read_samples
from workbench.settings import settings
from workbench.visit import Visit

_LEGEND = (
    '<div class="legend"><span>0 as usual</span>'
    f'<i style="background: {gradient()}"></i><span>1 very unusual</span></div>'
)
_HINT = "Wheel zooms, drag moves, double click resets; point at a place to read its value."


def choose_view(inspection: Inspection) -> View:
    """What is drawn, chosen in the sidebar."""
    with st.sidebar:
        return st.radio(
            "View",
            views_of(inspection),
            key="view",
            bind="query-params",
            help="Overlay: where the part looks unusual, over the photo. Side by side: the photo beside it. "
            "Map: the anomaly map alone. Mask: what reaches the threshold. Segmentation: what a second "
            "network, trained on synthetic damage, takes for damage. Colours always run from 0 to 1.",
        )


@st.fragment(key="viewer")
def show(inspected: Inspected, view: View) -> None:
    """The answer, the picture with its controls, and the numbers."""
    with plain_errors():
        visit, inspection = current_visit(), inspected.inspection
        answer = st.container()
        picture, numbers = st.columns([5, 3], gap="medium")
        with picture:
            canvas = st.container()
            st.html(_LEGEND)
            threshold_side, opacity_side = st.columns(2)
            with threshold_side:
                _choose_threshold(inspection, visit)
            with opacity_side:
                opacity = visit.opacity = _choose_opacity(view)
            credit = read_samples(settings().samples)[visit.sample].credit if visit.upload is None else ""
            st.caption(f"{_HINT} {credit}")
        _write_link(inspection, visit)
        start = perf_counter()
        regions = regions_at(inspection, visit.factor)
        drawing = draw(inspected, view, regions, opacity)
        milliseconds = 1000 * (perf_counter() - start)
        with answer:
            _show_answer(inspected, visit)
        with canvas:
            show_picture(drawing, "picture")
        with numbers:
            _show_numbers(inspected, visit.factor, regions, milliseconds)


def _choose_threshold(inspection: Inspection, visit: Visit) -> None:
    start = starting_threshold(inspection)
    if visit.linked_threshold is not None:
        visit.factor = strictness(inspection, visit.linked_threshold)
        visit.linked_threshold = None
    key = f"threshold-{start:.2f}"  # images that start elsewhere get a slider of their own
    st.slider(
        "Threshold",
        LOWEST,
        HIGHEST,
        position(inspection, visit.factor),
        STEP,
        key=key,
        on_change=_threshold_moved,
        args=(key, inspection),
        help="Where the map reaches this value, the part is outlined as defective. It starts at the value "
        f"calibrated on normal parts ({start:.2f} here). The limit that the score is compared with moves "
        "along by the same factor, also in the table. Nothing is computed again by the model.",
    )


def _threshold_moved(key: str, inspection: Inspection) -> None:
    visit = current_visit()
    visit.factor = strictness(inspection, st.session_state[key])
    if visit.batch.uploads:
        st.rerun(["viewer", "table"])


def _choose_opacity(view: View) -> float:
    percent = st.slider(
        "Opacity",
        0,
        100,
        60,
        5,
        format="%d %%",
        key="opacity",
        bind="query-params",
        disabled=view == "Map",
        help="How strongly the map covers the photo; 0 shows the photo and the outline alone.",
    )
    return percent / 100


def _write_link(inspection: Inspection, visit: Visit) -> None:
    """Keep in the address what a link needs to show the same again; images of visitors are in no link."""
    wanted: dict[str, str] = {}
    if visit.upload is None:
        wanted["sample"] = visit.sample
    if visit.factor != 1:
        wanted["threshold"] = f"{position(inspection, visit.factor):.2f}"
    for name in ("sample", "threshold"):
        if name not in wanted:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != wanted[name]:
            st.query_params[name] = wanted[name]


def _show_answer(inspected: Inspected, visit: Visit) -> None:
    inspection = inspected.inspection
    limit = visit.factor * inspection.threshold
    verdict = verdict_at(inspection.score, limit)
    category = escape(readable(inspection.category))
    if inspection.known:
        headline, style, likeness = verdict.capitalize(), str(verdict), f"looks like: {category}"
    else:
        headline, style, likeness = "Unknown part", "unknown", f"nearest: {category}"
    name = f"<span>{escape(inspected.picture.name)}</span>" if visit.upload is not None else ""
    st.html(
        f'<div class="answer {style}"><b>{headline}</b>'
        f"<span>score <b>{inspection.score:.2f}</b></span><span>limit {limit:.2f}</span>"
        f"<span>{likeness}</span>{name}</div>"
    )
    if visit.upload is None:
        _show_truth(verdict, visit)
    if not inspection.known:
        st.warning(
            "This looks like nothing the model was trained on "
            f"(nearest: {readable(inspection.category)}). The score means little.",
            icon=":material/help:",
        )


def _show_truth(verdict: Verdict, visit: Visit) -> None:
    """Say so where the model is wrong about a sample."""
    label: Verdict = "defective" if read_samples(settings().samples)[visit.sample].defective else "normal"
    if verdict != label:
        missed = "misses it" if label == "defective" else "raises a false alarm"
        st.info(
            f"This part is {label} according to its data set: at this threshold the model {missed}. "
            "Move the threshold to see what it would take.",
            icon=":material/fact_check:",
        )


def _show_numbers(inspected: Inspected, factor: float, regions: Regions, drawing: float) -> None:
    inspection = inspected.inspection
    limit = factor * inspection.threshold
    st.markdown(
        among_normals(inspection), help="Normal images that were held back from training, to compare with."
    )
    if inspection.normal_scores:
        st.plotly_chart(score_figure(inspection, limit), key="score_chart", config={"displayModeBar": False})
    st.markdown(describe_regions(inspection, regions, limit))
    milliseconds = {"decode": inspected.decode_milliseconds, **inspection.milliseconds, "drawing": drawing}
    times = " · ".join(f"{step} {time:.0f}" for step, time in milliseconds.items())
    st.caption(f"{device_name(inspection.device)} · milliseconds: {times}")
