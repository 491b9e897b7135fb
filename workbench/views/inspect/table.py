"""The visitor's images together: the list, what the files are, and what the limit finds among them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import get_args

import pandas as pd
import streamlit as st

from crr.data.inventory.sentences import lines
from crr.types import Label, Verdict
from workbench.basics.markdown import as_text
from workbench.components.errors import guarded, plain_errors
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.labels import TRUTHS
from workbench.inspection.uploads import BatchRow
from workbench.inspection.verdict import category_label
from workbench.inspection.visitor import VisitorState
from workbench.review.look import look_at_batch
from workbench.views.inspect.downloads import offer_downloads
from workbench.views.inspect.progress import BELOW, is_inspecting
from workbench.views.inspect.truth import choose_editing, edit_truths, edits_truths, show_tally
from workbench.views.shared.session import current_visitor
from workbench.views.shared.table import show_clickable_table

_FILTER = "table_filter"
_MOST_HEIGHT = 460  # pixels of the list
_EDITED = ("image", "truth", "file", "verdict", "score")  # the truth where it can be reached
_NAME = 16  # letters of a name that the column has room for
_SECONDS_BETWEEN_TABLES = 2  # while photos are inspected: often enough to be believed
_COLUMNS = {  # what a phone has no room for comes last
    "image": st.column_config.ImageColumn("Image", width=48),
    "verdict": st.column_config.TextColumn("Verdict", width=94),
    "score": st.column_config.NumberColumn(
        "Score",
        format="%.2f",
        width=52,
        help="How unusual the image is: 0 is as usual. First stands what is highest over its limit.",
    ),
    "truth": st.column_config.TextColumn(
        "Truth", width=60, help="What you, or the names of folders, say of the part."
    ),
    "file": st.column_config.TextColumn(
        "File", width=112, help="Shortened in the middle; the tables that are saved have whole names."
    ),
    "percentile": st.column_config.NumberColumn(
        "Higher than", format="%.0f %%", help="Share of held-back good parts with a lower score."
    ),
    "category": st.column_config.TextColumn(
        "Looks like", help="The nearest kind of part that the model knows."
    ),
}


def has_table(visitor: VisitorState) -> bool:
    """Whether the visitor brought anything."""
    return bool(visitor.batch.uploads or visitor.batch.failures or visitor.batch.left_out)


def show_table(visitor: VisitorState, choice: ModelChoice) -> None:
    """The table of what was inspected."""
    # Its numbers are true meanwhile too. What is on the way is at the top of the page.
    every = _SECONDS_BETWEEN_TABLES if is_inspecting(visitor, choice) else None
    st.fragment(_table, key="table", run_every=every)(choice)


def _table(choice: ModelChoice) -> None:
    with plain_errors():
        visitor = current_visitor()
        held = visitor.batch.snapshot(choice)
        rows = list(held.rows)
        missing = f" of {len(held.uploads)}" if held.waiting else ""
        st.header(f"Your images: {len(rows)}{missing}", anchor=BELOW)
        if held.failures:
            failed = f"Could not be inspected: {len(held.failures)}"
            with st.expander(failed, icon=":material/broken_image:"):
                sentences = [as_text(failure.sentence) for failure in reversed(held.failures)]
                st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
        _show_what_files_are(visitor, choice)
        _choose_verdict(rows, visitor.factor)
        _list(listed_rows(rows, visitor.factor), visitor)
        show_tally(rows, visitor.known_labels, visitor)
        offer_downloads(visitor, choice, held)


def listed_rows(rows: Sequence[BatchRow], factor: float) -> list[BatchRow]:
    """The images of the visitor that the list shows: those of the verdict that was chosen above it."""
    shown = st.session_state.get(_FILTER) or "all"
    return [row for row in rows if shown in ("all", row.verdict(factor))]


def _choose_verdict(rows: list[BatchRow], factor: float) -> None:
    """Which verdicts are listed."""
    counts = Counter(row.verdict(factor) for row in rows)
    shown = st.session_state.get(_FILTER)
    st.segmented_control(
        "Show",
        ["all", *(verdict for verdict in get_args(Verdict) if counts[verdict] or verdict == shown)],
        default="all",
        required=True,
        key=_FILTER,
        wrap=True,
        format_func=lambda name: f"{name} ({counts.get(name, 0) if name != 'all' else len(rows)})",
        on_change=guarded(_list_anew),
        help="Which verdicts the table lists, and Previous and Next lead through. Verdicts follow the limit.",
    )


def _list_anew() -> None:
    st.rerun(["viewer", "table"])


def _show_what_files_are(visitor: VisitorState, choice: ModelChoice) -> None:
    said = lines(look_at_batch(visitor.batch, choice), "the choice above such a photo")
    with st.expander("What your files are", icon=":material/info:"):
        st.markdown("\n".join(f"- {as_text(line)}" for line in said))


def _list(rows: list[BatchRow], visitor: VisitorState) -> None:
    labels = visitor.known_labels
    cells = pd.DataFrame([_cells(row, visitor.factor, labels) for row in rows], columns=list(_COLUMNS))
    choose_editing()
    if edits_truths():
        edit_truths(rows, visitor, cells[list(_EDITED)], _COLUMNS, _MOST_HEIGHT)
        return

    def opened(number: int) -> None:
        current_visitor().show_upload(rows[number].digest)
        st.rerun()

    show_clickable_table("table", [row.digest for row in rows], cells, _COLUMNS, _MOST_HEIGHT, opened)


def _short(files: str) -> str:
    """Names that fit the column: of a long one the beginning and the end, in which names differ."""
    if len(files) <= _NAME or " = " in files or ", page " in files:
        return files
    file = PurePosixPath(files.replace("\\", "/"))
    stem = file.name if len(file.name) <= _NAME else file.stem
    return stem if len(stem) <= _NAME else f"{stem[: _NAME // 2 - 1]}…{stem[-(_NAME // 2) :]}"


def _cells(row: BatchRow, factor: float, labels: Mapping[str, Label]) -> dict[str, object]:
    category, label = category_label(row.category), labels.get(row.digest)
    return {
        "image": row.thumbnail,
        "verdict": row.verdict(factor),
        "score": row.score,
        "truth": None if label is None else TRUTHS[label],
        "file": _short(row.files),
        "percentile": row.percentile if row.seen else None,
        "category": category if row.known else f"nothing known (nearest: {category})",
    }
