"""The visitor's images together: progress, what went wrong, and the table."""

from collections.abc import Callable
from datetime import datetime
from typing import get_args

import pandas as pd
import streamlit as st

from crr.data.inventory.sentences import lines
from crr.types import Verdict
from workbench.basics.markdown import as_text
from workbench.components.errors import guarded, plain_errors
from workbench.exports.archive import pictures_zip
from workbench.exports.lines import BatchExport, table_of
from workbench.exports.spreadsheet import Sheet, as_csv, as_json, as_xlsx
from workbench.inspection.batch import Batch
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.inspection.look import look_at_batch
from workbench.inspection.uploads import BatchRow, BatchSnapshot
from workbench.inspection.verdict import category_label
from workbench.inspection.visitor import VisitorState
from workbench.settings import settings
from workbench.views.shared.photo_status import show_problems
from workbench.views.shared.progress import SECONDS_A_TURN
from workbench.views.shared.services import services
from workbench.views.shared.session import current_visitor, forget_images
from workbench.views.shared.table import show_clickable_table
from workbench.views.shared.visit import clear_uploaders

_BELOW = "your-images"  # where the table is, for a link
_VERDICTS = tuple(dict.fromkeys(("defective", *get_args(Verdict))))
_SECONDS_BETWEEN_TABLES = 2  # while photos are inspected: often enough to be believed
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

Asked = tuple[Batch, ModelChoice, Inspector, float, datetime]
"""What a file is made of."""

_TABLES = (
    (
        "Table (CSV)",
        "inspection.csv",
        "text/csv",
        as_csv,
        "One line a file, also for those that could not be inspected. If your Excel puts a line into one "
        "column, take the Excel file.",
    ),
    (
        "Table (Excel)",
        "inspection.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        as_xlsx,
        "The same lines, and a second sheet that says by which model and when.",
    ),
    ("Table (JSON)", "inspection.json", "application/json", as_json, "The same lines, for a program."),
)


def show_news(visitor: VisitorState, choice: ModelChoice) -> None:
    """How it went with the images that arrived, until a sample is chosen; the table keeps what was wrong."""
    _summary(choice)  # always there, so that the threshold slider can have it written again
    show_problems(visitor, f"[see the list](#{_BELOW})")


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
        if visitor.batch.paused:
            _offer_to_go_on(visitor, choice)
        else:
            st.fragment(_advance, run_every=0.1)(choice)


def show_table(visitor: VisitorState, choice: ModelChoice) -> None:
    """The table of what was inspected, if the visitor brought anything."""
    if visitor.batch.uploads or visitor.batch.failures or visitor.batch.left_out:
        # Its numbers are true meanwhile too. What is on the way is at the top of the page.
        every = _SECONDS_BETWEEN_TABLES if _is_inspecting(visitor, choice) else None
        st.fragment(_table, key="table", run_every=every)(choice)


def _is_inspecting(visitor: VisitorState, choice: ModelChoice) -> bool:
    batch = visitor.batch
    return bool(batch.pending(choice)) and not batch.paused and choice.key not in batch.model_errors


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
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(done / total, text=f"Inspected {done} of {total} images{slowly}")
            if st.button(
                "Pause",
                icon=":material/pause:",
                help="Keeps what was found, to look at and to save. You can go on later.",
            ):
                batch.paused = True
                st.rerun()


def _offer_to_go_on(visitor: VisitorState, choice: ModelChoice) -> None:
    left = len(visitor.batch.pending(choice))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"Paused: {left} of {len(visitor.batch.uploads)} images are not inspected yet.")
        if st.button("Go on", icon=":material/play_arrow:", help="Inspects the images that are missing."):
            visitor.batch.paused = False
            st.rerun()


def _table(choice: ModelChoice) -> None:
    with plain_errors():
        visitor = current_visitor()
        held = visitor.batch.snapshot(choice)
        rows = list(held.rows)
        found = {
            verdict: [row for row in rows if row.verdict(visitor.factor) == verdict] for verdict in _VERDICTS
        }
        missing = f" of {len(held.uploads)}" if held.waiting else ""
        st.subheader(f"Your images: {len(rows)}{missing}", anchor=_BELOW)
        if held.failures:
            failed = f"Could not be inspected: {len(held.failures)}"
            with st.expander(failed, icon=":material/broken_image:"):
                sentences = [as_text(failure.sentence) for failure in reversed(held.failures)]
                st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
        _show_what_files_are(visitor, choice)
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
        _offer_downloads(visitor, choice, held)


def _show_what_files_are(visitor: VisitorState, choice: ModelChoice) -> None:
    another = "choose another where such a photo is shown"
    said = lines(look_at_batch(visitor.batch, choice), another)
    with st.expander("What your files are", icon=":material/info:"):
        st.markdown("\n".join(f"- {as_text(line)}" for line in said))


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
        "file": row.files,
        "score": row.score,
        "verdict": row.verdict(factor),
        "percentile": row.percentile,
        "category": category if row.known else f"nothing known (nearest: {category})",
    }


def _offer_downloads(visitor: VisitorState, choice: ModelChoice, held: BatchSnapshot) -> None:
    """Buttons for the files; they wait while photos are inspected, so that no file is half of the truth.

    A file is made at the click, of what the batch holds then.
    """
    batch, making = visitor.batch, services().making
    waits = _is_inspecting(visitor, choice)

    def asked() -> Asked:
        # At the click, when the sliders may have moved.
        return batch, choice, services().inspector, visitor.factor, visitor.saved_at(choice.key)

    def table(write: Callable[[Sheet], bytes]) -> Callable[[], bytes]:
        return making.at_the_click(lambda: write(table_of(*asked())))

    def pictures() -> bytes:
        return pictures_zip(BatchExport(*asked()), visitor.opacity)

    if waits:
        st.caption("Files can be saved when all images are inspected, or when you pause.")
    else:
        more = "" if held.complete else " The files list every one of them, with the reason."
        st.caption(f"{', '.join(held.counts)}.{more}")
    with st.container(horizontal=True):
        for label, name, mime, write, help in _TABLES:
            st.download_button(
                label,
                table(write),
                name,
                mime,
                on_click="ignore",
                icon=":material/table:",
                help=help,
                disabled=waits,
            )
        st.download_button(
            "Heat-maps (zip)",
            making.at_the_click(pictures),
            "inspection.zip",
            "application/zip",
            on_click="ignore",
            icon=":material/image:",
            help="An image each: the map over the photo, and the mask in the photo's own size, in the "
            "folders that the photos came in. The tables too.",
            disabled=waits,
        )
        st.button(
            "Clear",
            on_click=guarded(_clear),
            icon=":material/delete:",
            help="Forget all your images and results. They are forgotten too when you close the page.",
        )


def _clear() -> None:
    forget_images()
    clear_uploaders()
    st.rerun()
