"""One inspected image: the answer, the picture, the numbers. Moving a control here calls no model."""

from html import escape
from time import perf_counter

import streamlit as st

from crr.types import Inspection, Verdict
from workbench.basics.markdown import as_text
from workbench.basics.palettes import legend
from workbench.components.errors import guarded, plain_errors
from workbench.components.picture import show_picture
from workbench.inspection.drawing import PictureView, draw, views_of
from workbench.inspection.inspector import Inspected
from workbench.inspection.samples import GallerySample, read_samples
from workbench.inspection.verdict import (
    HIGHEST,
    LOWEST,
    NO_VERDICT,
    STEP,
    Regions,
    among_normals,
    category_label,
    describe_limits,
    describe_regions,
    position,
    regions_at,
    starting_threshold,
    strictness,
    style_of,
)
from workbench.inspection.visitor import VisitorState
from workbench.settings import settings
from workbench.views.inspect.score_figure import score_figure
from workbench.views.shared.address import went_back, write_address
from workbench.views.shared.controls import is_shown, key_showing
from workbench.views.shared.page import device_name
from workbench.views.shared.photo_status import write_link
from workbench.views.shared.session import current_visitor, linked_threshold

_LEGEND = (
    legend("0 as usual", "1 very unusual")
    + '<div class="hint">Wheel zooms, drag moves, double click resets; point at a place to read it.</div>'
)


@st.fragment(key="viewer")
def show_result(inspected: Inspected) -> None:
    """The answer, the picture, and beside it its controls and the numbers."""
    with plain_errors():
        visitor, inspection = current_visitor(), inspected.inspection
        answer = st.container()
        picture, beside = st.columns([5, 3], gap="medium")
        with picture:
            view = _choose_view(inspection)
            canvas = st.container()
            st.html(_LEGEND)
            if visitor.upload is None:
                st.caption(as_text(_sample(visitor).credit))
        with beside:
            _choose_threshold(inspection, visitor)
            if visitor.upload is None:
                _show_truth(inspection, visitor)
            opacity = visitor.opacity = _choose_opacity(view)
        _write_link(inspection, visitor)
        start = perf_counter()
        regions = regions_at(inspection, visitor.factor)
        drawing = draw(inspected, _name(visitor), view, regions, opacity)
        milliseconds = 1000 * (perf_counter() - start)
        with answer:
            _show_answer(inspected, visitor)
        with canvas:
            show_picture(drawing, "picture")
        with beside:
            _show_numbers(inspected, visitor.factor, regions, milliseconds)


def _sample(visitor: VisitorState) -> GallerySample:
    return read_samples(settings().samples)[visitor.sample]


def _name(visitor: VisitorState) -> str:
    return _sample(visitor).title if visitor.upload is None else visitor.batch.uploads[visitor.upload].name


def _choose_view(inspection: Inspection) -> PictureView:
    view: PictureView = st.segmented_control(
        "View",
        views_of(inspection),
        default="Overlay",
        required=True,
        key="view",
        bind="query-params",
        wrap=True,
        help="Overlay: where the part looks unusual, over the photo. Side by side: the photo beside it. "
        "Map: the anomaly map alone. Mask: what reaches the threshold. Segmentation: what a second "
        "network, trained on synthetic damage, takes for damage. Colours always run from 0 to 1.",
    )
    return view


def _choose_threshold(inspection: Inspection, visitor: VisitorState) -> None:
    start = starting_threshold(inspection)
    if went_back():
        visitor.factor, visitor.linked_threshold = 1.0, linked_threshold()
    if visitor.linked_threshold is not None:
        visitor.factor = strictness(inspection, visitor.linked_threshold)
        visitor.linked_threshold = None
    stands = position(inspection, visitor.factor)
    name = f"threshold-{start:.2f}"  # images that start elsewhere get a slider of their own
    key = key_showing(name, stands)
    st.slider(
        "Threshold",
        LOWEST,
        HIGHEST,
        stands,
        STEP,
        key=key,
        on_change=guarded(_threshold_moved),
        args=(name, key, inspection),
        help="Where the map reaches this value, the part is outlined. It starts at the value set on "
        f"held-back photos of good parts and synthetic damage ({start:.2f} here). The limit of the score "
        "moves along by the same factor, also in the table: further to the left finds more defects and "
        "raises more false alarms. Nothing is computed again by the model.",
    )
    st.caption(describe_limits(inspection, visitor.factor))


def _threshold_moved(name: str, key: str, inspection: Inspection) -> None:
    visitor = current_visitor()
    moved = abs(st.session_state[key] - position(inspection, visitor.factor)) >= STEP / 2
    # A browser also sends where a slider stands that comes back on the page.
    if moved and is_shown(name, key):
        visitor.factor = strictness(inspection, st.session_state[key])
    if moved and visitor.batch.uploads:
        st.rerun(["viewer", "summary", "table"])


def _choose_opacity(view: PictureView) -> float:
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


def _write_link(inspection: Inspection, visitor: VisitorState) -> None:
    """Keep in the address what a link needs to show the same again."""
    write_link(visitor)
    moved = visitor.factor != 1
    write_address(threshold=f"{position(inspection, visitor.factor):.2f}" if moved else None)


def _show_answer(inspected: Inspected, visitor: VisitorState) -> None:
    inspection = inspected.inspection
    limit = visitor.factor * inspection.threshold
    verdict = inspection.verdict_at(limit)
    category = escape(category_label(inspection.category))
    headline, style = verdict.capitalize(), style_of(verdict)
    likeness = f"nearest: {category}" if verdict in NO_VERDICT else f"looks like: {category}"
    nearest = f"<span>{likeness}</span>" if inspection.seen else ""
    relation = "reaches the" if verdict == "defective" else "below the"
    # A verdict on a sample is not to be taken for one on a photo that could not be inspected.
    shown = f"sample: {_name(visitor)}" if visitor.upload is None else _name(visitor)
    name = f"<span>{escape(shown)}</span>" if visitor.upload or visitor.news else ""
    st.html(
        f'<div class="answer {style}"><b>{headline}</b>'
        f"<span>score <b>{inspection.score:.2f}</b> {relation} limit {limit:.2f}</span>"
        f"{nearest}{name}</div>"
    )
    if verdict == "no part seen":
        st.warning(
            "This photo shows nothing: it is black, white, saturated, empty, or noise alone. No model can "
            "judge it, and its score means nothing. Check the camera, the light and the file.",
            icon=":material/visibility_off:",
        )
    elif verdict == "unknown part":
        st.warning(
            "This looks like nothing the model was trained on "
            f"(nearest: {as_text(category_label(inspection.category))}). The score means little.",
            icon=":material/help:",
        )


def _show_truth(inspection: Inspection, visitor: VisitorState) -> None:
    """Say so where the model is wrong about a sample."""
    verdict = inspection.verdict_at(visitor.factor * inspection.threshold)
    label: Verdict = "defective" if _sample(visitor).defective else "normal"
    if verdict != label and verdict not in NO_VERDICT:
        missed = "misses it" if label == "defective" else "raises a false alarm"
        st.info(
            f"This part is {label} according to its data set: at this threshold the model {missed}. "
            "Move the threshold to see what it would take.",
            icon=":material/fact_check:",
        )


def _show_numbers(inspected: Inspected, factor: float, regions: Regions, drawing: float) -> None:
    inspection = inspected.inspection
    limit = factor * inspection.threshold
    st.markdown(describe_regions(inspection, regions, limit))
    st.markdown(
        as_text(among_normals(inspection)),
        help="Normal images that were held back from training, to compare with.",
    )
    if inspection.normal_scores:
        st.plotly_chart(score_figure(inspection, limit), key="score_chart", config={"displayModeBar": False})
    milliseconds = {"decode": inspected.decode_milliseconds, **inspection.milliseconds, "drawing": drawing}
    times = " · ".join(f"{step} {time:.0f}" for step, time in milliseconds.items())
    st.caption(f"{as_text(inspection.model)} on {device_name(inspection.device)} · milliseconds: {times}")
