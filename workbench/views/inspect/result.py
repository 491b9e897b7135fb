"""One inspected image: the answer, the picture, the numbers. Moving a control here calls no model."""

from time import perf_counter

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from crr.types import Inspection
from workbench.basics.markdown import as_text
from workbench.basics.palettes import legend
from workbench.components.errors import guarded, plain_errors
from workbench.components.picture import show_picture
from workbench.inspection.drawing import PictureView, draw, views_of
from workbench.inspection.inspector import Inspected, ModelChoice
from workbench.inspection.verdict import (
    HIGHEST,
    LOWEST,
    STEP,
    Regions,
    among_normals,
    describe_limits,
    describe_regions,
    linked_strictness,
    linked_text,
    position,
    regions_at,
    starting_limit,
    strictness,
)
from workbench.inspection.visitor import VisitorState
from workbench.views.inspect.answer import (
    say_what_limit_finds,
    show_answer,
    show_truth,
    shown_name,
    shown_sample,
)
from workbench.views.inspect.score_figure import score_figure
from workbench.views.inspect.table import listed_rows
from workbench.views.inspect.truth import ask_truth, edits_truths
from workbench.views.shared.address import went_back, write_address
from workbench.views.shared.controls import is_shown, key_showing
from workbench.views.shared.page import device_name
from workbench.views.shared.photos.own_photos import IN_ORDER, step_through
from workbench.views.shared.photos.photo_status import write_link
from workbench.views.shared.session import current_visitor, linked_limit

_LEGEND = (
    legend("0 as usual", "1 very unusual")
    + '<div class="hint">Ctrl with the wheel zooms, drag moves, double click resets; '
    "point at a place to read it.</div>"
)


@st.fragment(key="viewer")
def show_result(inspected: Inspected, choice: ModelChoice, *, beside_table: bool) -> None:
    """The answer, the picture, its controls and the numbers: beside it, or below it where the table is."""
    with plain_errors():
        visitor, inspection = current_visitor(), inspected.inspection
        answer = st.container()
        order: list[str] = []
        if visitor.upload is not None:
            rows = visitor.batch.rows(choice)
            visitor.listed = tuple(row.digest for row in rows)
            order = [row.digest for row in listed_rows(rows, visitor.factor)]
            step_through(visitor, order, IN_ORDER, named=False, keys=not edits_truths())
        picture, beside = (st.container(), st.container()) if beside_table else _two_columns()
        with picture:
            view = _choose_view(inspection)
            canvas = st.container()
            st.html(_LEGEND)
            if visitor.upload is None:
                st.caption(as_text(shown_sample(visitor).credit))
            elif inspection.seen:
                ask_truth(visitor, order)
        with beside:
            _choose_limit(inspection, visitor)
            if visitor.upload is None:
                show_truth(inspection, visitor)
            opacity = visitor.opacity = _choose_opacity(view)
        _write_link(inspection, visitor)
        start = perf_counter()
        regions = regions_at(inspection, visitor.factor)
        drawing = draw(inspected, shown_name(visitor), view, regions, opacity)
        milliseconds = 1000 * (perf_counter() - start)
        with answer:
            show_answer(inspected, visitor)
        with canvas:
            show_picture(drawing, "picture")
        with beside:
            say_what_limit_finds(inspection, choice, visitor.factor)
            _show_numbers(inspected, visitor.factor, regions, milliseconds)


def _two_columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    picture, beside = st.columns([5, 3], gap="medium")
    return picture, beside


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
        "Map: the anomaly map alone. Mask: what is outlined. Segmentation: what a second "
        "network, trained on synthetic damage, takes for damage. Colours always run from 0 to 1.",
    )
    return view


def _choose_limit(inspection: Inspection, visitor: VisitorState) -> None:
    start = starting_limit(inspection)
    if went_back():
        visitor.factor, visitor.linked_limit = 1.0, linked_limit()
    if visitor.linked_limit is not None:
        visitor.factor = linked_strictness(inspection, visitor.linked_limit)
        visitor.linked_limit = None
    stands = position(inspection, visitor.factor)
    name = f"limit-{start:.2f}"  # images that start elsewhere get a slider of their own
    key = key_showing(name, stands)
    st.slider(
        "Limit",
        LOWEST,
        HIGHEST,
        stands,
        STEP,
        key=key,
        on_change=guarded(_limit_moved),
        args=(name, key, inspection),
        help="A part is defective if its score reaches this value. It starts at the value set on held-back "
        f"photos of good parts and synthetic damage ({start:.2f} here). In the table the limit of each kind "
        "of part moves by the same factor, and so does what is outlined: further to the left finds more "
        "defects and raises more false alarms. Nothing is computed again by the model.",
    )
    st.caption(describe_limits(inspection, visitor.factor))
    if visitor.factor != 1:
        st.button("Back to the limit as calibrated", type="tertiary", on_click=guarded(_calibrate))


def _limit_moved(name: str, key: str, inspection: Inspection) -> None:
    visitor = current_visitor()
    moved = abs(st.session_state[key] - position(inspection, visitor.factor)) >= STEP / 2
    # A browser also sends where a slider stands that comes back on the page.
    if moved and is_shown(name, key):
        visitor.factor = strictness(inspection, st.session_state[key])
    if moved and visitor.batch.uploads:
        st.rerun(["viewer", "summary", "table"])


def _calibrate() -> None:
    current_visitor().factor = 1.0
    st.rerun()


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
    write_address(threshold=None, limit=linked_text(inspection, visitor.factor) if moved else None)


def _show_numbers(inspected: Inspected, factor: float, regions: Regions, drawing: float) -> None:
    inspection = inspected.inspection
    limit = factor * inspection.threshold
    st.markdown(describe_regions(inspection, regions, limit))
    if inspection.seen:
        st.markdown(
            as_text(among_normals(inspection)),
            help="Photos of good parts that were held back from training, to compare with.",
        )
    if inspection.seen and inspection.normal_scores:
        st.plotly_chart(score_figure(inspection, limit), key="score_chart", config={"displayModeBar": False})
    milliseconds = {"decode": inspected.decode_milliseconds, **inspection.milliseconds, "drawing": drawing}
    times = " · ".join(f"{step} {time:.0f}" for step, time in milliseconds.items())
    with st.expander("Details"):
        st.caption(f"{as_text(inspection.model)} on {device_name(inspection.device)} · milliseconds: {times}")
