"""What is true of the visitor's parts: said by a click, and what the limit then finds and misses."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from crr.metrics.score_ratios import ScoreRatios
from crr.types import Label
from workbench.components.errors import guarded
from workbench.inspection.labels import TRUTHS
from workbench.inspection.uploads import BatchRow
from workbench.inspection.verdict import HIGHEST, LOWEST, category_label
from workbench.inspection.visitor import VisitorState
from workbench.review.tally import ENOUGH, ratios_of, tally_of
from workbench.views.shared.session import current_visitor
from workbench.views.shared.table import ROW, height_of

_LABELS: dict[str | None, Label] = {word: label for label, word in TRUTHS.items()}
_SHORTCUTS: dict[Label, str] = {"good": "G", "defective": "D"}
_EDITOR, _MOST, _EDITS, _SET = "truth_editor", "most_false_alarms", "edits_truths", "limit_was_set"
_FEW = 20  # of a hundred, five are one of these


def edits_truths() -> bool:
    """Whether truths are typed into the table now, so that single keys belong to it and to no button."""
    return bool(st.session_state.get(_EDITS, False))


def choose_editing() -> None:
    """A switch: whether truths are typed into the table."""
    st.toggle(
        "Edit truths",
        key=_EDITS,
        on_change=guarded(_draw_anew),
        help="Say in the table which parts are good and which defective. While this is on, a click opens no "
        "photo, and the keys G, D, J and K write into the table.",
    )


def _draw_anew() -> None:
    st.rerun(["viewer", "table"])


def ask_truth(visitor: VisitorState, order: Sequence[str]) -> None:
    """Two buttons below the visitor's own photo: whether the part is good or defective.

    Args:
        visitor: Whose photo is shown.
        order: Digests of the photos in the order of the list: an answer leads on to the next one.
    """
    digest = visitor.upload
    if digest is None:
        return
    known = visitor.known_labels.get(digest)
    with st.container(horizontal=True, vertical_alignment="center", key="truth"):
        st.markdown("In truth this part is")
        for label, word in TRUTHS.items():
            st.button(
                word,
                key=f"truth_{label}",
                type="primary" if known == label else "secondary",
                shortcut=None if edits_truths() else _SHORTCUTS[label],
                on_click=guarded(_say),
                args=(digest, label, order[order.index(digest) + 1 :][:1] if digest in order else ()),
                help="Your own decision, for the table; the next photo follows. With ten of them the page "
                "says what the limit finds and misses. A second click on the same photo takes it back. "
                "Folders called good, ok, bad or ng are believed, and so is any name beside a folder of "
                "good parts.",
            )


def _say(digest: str, label: Label, following: Sequence[str]) -> None:
    visitor = current_visitor()
    known = visitor.known_labels.get(digest)  # as it is at the click: another may have come before
    visitor.labels.say(digest, None if known == label else label)
    for after in following if known is None else ():  # who changes an answer wants to see it
        visitor.show_upload(after)
    st.rerun()


def edit_truths(
    rows: Sequence[BatchRow],
    visitor: VisitorState,
    cells: pd.DataFrame,
    columns: Mapping[str, Any],
    most: int,
) -> None:
    """The table with a column of truths that can be changed; others cannot.

    Args:
        rows: What is listed.
        visitor: Whose photos they are.
        cells: What is shown of each.
        columns: Streamlit's configuration of each column.
        most: Height in pixels from which on the table scrolls.
    """
    key = f"{_EDITOR}-{hash(tuple(row.digest for row in rows))}"

    @guarded
    def edited() -> None:
        for number, change in st.session_state[key]["edited_rows"].items():
            visitor.labels.say(rows[number].digest, _LABELS.get(change.get("truth")))
        _draw_anew()

    st.data_editor(
        cells,
        key=key,
        hide_index=True,
        row_height=ROW,
        height=height_of(len(rows), most),
        disabled=[name for name in cells.columns if name != "truth"],
        column_config={
            **columns,
            "truth": st.column_config.SelectboxColumn("Truth", options=list(TRUTHS.values()), width=60),
        },
        on_change=edited,
        placeholder="-",
    )


def show_tally(rows: Sequence[BatchRow], labels: Mapping[str, Label], visitor: VisitorState) -> None:
    """What the limit finds and misses among the parts whose truth is known, once they are enough."""
    ratios = ratios_of(rows, labels)
    tally = tally_of(ratios, visitor.factor)
    if tally.known < ENOUGH:
        if tally.known:
            parts = "1 part" if tally.known == 1 else f"{tally.known} parts"
            st.caption(
                f"The truth of {parts} is known. Say it of {ENOUGH}, and what the limit finds and misses "
                "stands here."
            )
        return
    st.markdown(tally.sentence())
    if ratios.good:
        _choose_limit(ratios, visitor, rows)


def _choose_limit(ratios: ScoreRatios, visitor: VisitorState, rows: Sequence[BatchRow]) -> None:
    strictest = HIGHEST / max(row.limit for row in rows)
    row = next((row for row in rows if row.digest == visitor.upload), rows[0])
    with st.container(horizontal=True, vertical_alignment="bottom", key="limit_by_truth"):
        st.number_input(
            "Most false alarms in 100 good parts",
            0,
            100,
            5,
            key=_MOST,
            help="How many of a hundred good parts you would have the line stop for. The limit is set by "
            f"the {len(ratios.good)} good parts you named: with few of them it is a rough guess.",
        )
        allowed = ratios.allowed(st.session_state[_MOST] / 100)
        st.caption(f"Of your {len(ratios.good)} good parts that is {allowed or 'none'}.")

        def set_limit() -> None:
            before, wanted = visitor.factor, ratios.limit_for(st.session_state[_MOST] / 100)
            visitor.factor = min(max(wanted, LOWEST), strictest)
            further = wanted != visitor.factor
            sentence = _what_was_set(row, before, visitor.factor, ratios, further=further)
            st.session_state[_SET] = visitor.factor, sentence
            st.rerun()

        st.button("Set the limit accordingly", on_click=guarded(set_limit), icon=":material/tune:")
    factor, sentence = st.session_state.get(_SET, (None, ""))
    if factor == visitor.factor:  # till the limit is moved again
        st.info(sentence, icon=":material/tune:")


def _what_was_set(row: BatchRow, before: float, after: float, ratios: ScoreRatios, *, further: bool) -> str:
    """What became of the limits, in words, by the example of one part's.

    Args:
        row: The part.
        before: What the calibrated limits were multiplied by.
        after: The same now.
        ratios: Of the parts whose truth is known.
        further: Whether what is allowed would need a limit beyond the slider's end.
    """
    was, now = f"{before * row.limit:.3f}", f"{after * row.limit:.3f}"
    moved = f"is now {now}, before {was}" if now != was else f"stays {now}"
    sentence = (
        f"The limit of parts like {category_label(row.category)} {moved}; those of other kinds move along. "
        "What it finds and stops now stands above."
    )
    if further:
        return f"{sentence} What you allow would need a limit further than the slider goes."
    good = len(ratios.good)
    few = f" {good} good parts are few for that: name {_FEW} or more." if good < _FEW else ""
    return sentence + few
