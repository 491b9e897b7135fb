"""The visitor's images together: progress, what went wrong, and the table."""

import pandas as pd
import streamlit as st

from workbench.basics.markdown import as_text
from workbench.components.errors import guarded, plain_errors
from workbench.inspection.batch import BatchRow
from workbench.inspection.export import pictures_zip, results_csv
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.verdict import category_label
from workbench.inspection.visitor import VisitorState
from workbench.settings import settings
from workbench.views.shared.photo_status import show_left_out
from workbench.views.shared.progress import SECONDS_A_TURN
from workbench.views.shared.services import services
from workbench.views.shared.session import current_visitor, forget_images
from workbench.views.shared.table import show_clickable_table

_SHOWN_PROBLEMS = 3
_BELOW = "your-images"  # where the table is, for a link
_VERDICTS = ("defective", "normal")
_COLUMNS = {
    "image": st.column_config.ImageColumn("Image", width="small"),
    "verdict": st.column_config.TextColumn("Verdict"),
    "score": st.column_config.ProgressColumn(
        "Score", min_value=0, max_value=1, format="%.2f", help="How unusual the image is: 0 is as usual."
    ),
    "file": st.column_config.TextColumn("File"),
    "percentile": st.column_config.NumberColumn(
        "Higher than", format="%.0f %%", help="Share of held-back normal images with a lower score."
    ),
    "category": st.column_config.TextColumn(
        "Looks like", help="The nearest kind of part that the model knows."
    ),
}


def show_news(visitor: VisitorState, choice: ModelChoice) -> None:
    """How it went with the images that arrived, until a sample is chosen; the table keeps what was wrong."""
    _summary(choice)  # always there, so that the threshold slider can have it written again
    if not visitor.news:
        return
    problems = visitor.problems
    for failure in problems[:_SHOWN_PROBLEMS]:
        st.warning(as_text(failure.sentence), icon=":material/broken_image:")
    if len(problems) > _SHOWN_PROBLEMS:
        more = len(problems) - _SHOWN_PROBLEMS
        st.markdown(f"{more} more could not be inspected: [see the list](#{_BELOW}).")
    show_left_out(visitor)


@st.fragment(key="summary")
def _summary(choice: ModelChoice) -> None:
    with plain_errors():
        visitor = current_visitor()
        several = len(visitor.batch.uploads) + len(visitor.batch.failures) > 1
        if visitor.news and several and not visitor.batch.pending(choice):
            st.markdown(f"**{visitor.batch.summary(choice, visitor.factor)}** [See the table](#{_BELOW})")


def inspect_rest(visitor: VisitorState, choice: ModelChoice) -> None:
    """Inspect what is still to be inspected, in turns, with a progress bar."""
    model_error = visitor.batch.model_errors.get(choice.key)
    if model_error is not None:
        st.error(as_text(model_error))
        again = "Inspects the images that are still missing, for example once memory is free."
        if st.button("Try again", help=again):
            del visitor.batch.model_errors[choice.key]
            st.rerun()
    elif visitor.batch.pending(choice):
        st.fragment(_advance, run_every=0.1)(choice)


def show_table(visitor: VisitorState, choice: ModelChoice) -> None:
    """The table of what was inspected, if the visitor brought anything."""
    if visitor.batch.uploads or visitor.batch.failures:
        _table(choice)


def _advance(choice: ModelChoice) -> None:
    with plain_errors():
        batch = current_visitor().batch
        batch.inspect_some(choice, services().inspector, SECONDS_A_TURN)
        total = len(batch.uploads)
        done = total - len(batch.pending(choice))
        if done == total or choice.key in batch.model_errors:
            st.rerun()
        limit = settings().questions_per_minute
        slowly = f" (this server answers {limit} a minute to each visitor)" if 0 < limit < total else ""
        st.progress(done / total, text=f"Inspected {done} of {total} images{slowly}")


@st.fragment(key="table")
def _table(choice: ModelChoice) -> None:
    with plain_errors():
        visitor = current_visitor()
        rows = visitor.batch.rows(choice)
        found = {
            verdict: [row for row in rows if row.verdict(visitor.factor) == verdict] for verdict in _VERDICTS
        }
        st.subheader(f"Your images: {len(rows)}", anchor=_BELOW)
        failures = list(visitor.batch.failures.values())
        if failures:
            with st.expander(f"Could not be inspected: {len(failures)}", icon=":material/broken_image:"):
                st.markdown("\n".join(f"- {as_text(failure.sentence)}" for failure in reversed(failures)))
        shown = st.segmented_control(
            "Show",
            ["all", *_VERDICTS],
            default="all",
            required=True,
            key="table_filter",
            format_func=lambda name: f"{name} ({len(found.get(name, rows))})",
            help="Which verdicts the table lists. Verdicts follow the threshold slider.",
        )
        listed = found.get(shown, rows)
        _list(listed, visitor)
        _offer_downloads(visitor, choice)


def _list(rows: list[BatchRow], visitor: VisitorState) -> None:
    def opened(number: int) -> None:
        current_visitor().show_upload(rows[number].digest)
        st.rerun()

    cells = pd.DataFrame([_cells(row, visitor.factor) for row in rows], columns=list(_COLUMNS))
    show_clickable_table("table", [row.digest for row in rows], cells, _COLUMNS, 460, opened)


def _cells(row: BatchRow, factor: float) -> dict[str, object]:
    category = category_label(row.category)
    return {
        "image": row.thumbnail,
        "file": row.name,
        "score": row.score,
        "verdict": row.verdict(factor),
        "percentile": row.percentile,
        "category": category if row.known else f"nothing known (nearest: {category})",
    }


def _offer_downloads(visitor: VisitorState, choice: ModelChoice) -> None:
    batch = visitor.batch  # threshold and opacity are read at the click, when the sliders may have moved
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)",
            lambda: results_csv(batch, choice, services().inspector, visitor.factor),
            "inspection.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
            help="One line a file, then the files that could not be inspected.",
        )
        st.download_button(
            "Heat-maps (zip)",
            lambda: pictures_zip(batch, choice, services().inspector, visitor.factor, visitor.opacity),
            "inspection.zip",
            "application/zip",
            on_click="ignore",
            icon=":material/image:",
            help="An image each: the map over the photo, and the mask in the photo's own size. The CSV too.",
        )
        st.button(
            "Clear",
            on_click=guarded(_clear),
            icon=":material/delete:",
            help="Forget all your images and results. They are forgotten too when you close the page.",
        )


def _clear() -> None:
    forget_images()
    st.session_state.cleared = st.session_state.get("cleared", 0) + 1
    st.rerun()
