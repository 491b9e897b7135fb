"""Save table: what the models say of a set of photos, as a file to count with."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from crr.runtime.version import version
from workbench.comparison.disagreement import DisagreementRow
from workbench.exports.spreadsheet import XLSX_MIME, Line, Sheet, as_csv, as_xlsx
from workbench.inspection.inspector import ModelChoice
from workbench.views.shared.services import services

_FILES: dict[str, tuple[Callable[[Sheet], bytes], str]] = {
    "CSV": (as_csv, "text/csv"),
    "XLSX": (as_xlsx, XLSX_MIME),
}

_WHAT = ("verdict", "score", "limit")


def offer_table(rows: Sequence[DisagreementRow], choices: Sequence[ModelChoice]) -> None:
    """A button a kind of file, made at the click, of all photos whatever is listed."""
    making = services().making
    with st.container(horizontal=True, vertical_alignment="center", key="save_table"):
        st.markdown("Save table")
        for kind, (write, mime) in _FILES.items():
            st.download_button(
                kind,
                making.at_the_click(partial(_made, write, rows, choices)),
                f"comparison.{kind.lower()}",
                mime,
                icon=":material/download:",
                key=f"survey_{kind}",
                on_click="ignore",
                help="Of every photo its truth, and of every model verdict, score and limit.",
            )


def _made(
    write: Callable[[Sheet], bytes], rows: Sequence[DisagreementRow], choices: Sequence[ModelChoice]
) -> bytes:
    return write(table_of(rows, choices))


def table_of(rows: Sequence[DisagreementRow], choices: Sequence[ModelChoice]) -> Sheet:
    """A line a photo: file, truth, and of every model verdict, score and limit."""
    names = list(rows[0].scores) if rows else []
    columns = ["file", "truth", *(f"{name} {what}" for name in names for what in _WHAT)]
    revisions = {choice.model.name: choice.model.revision for choice in choices}
    about: Line = {f"revision of {name}": revisions.get(name, "") for name in names}
    return Sheet(columns, [_line(row) for row in rows], {**about, "version": version()})


def _line(row: DisagreementRow) -> Line:
    line: Line = {"file": row.photo.name, "truth": row.photo.label}
    for name, answer in row.scores.items():
        line |= {
            f"{name} verdict": answer.verdict,
            f"{name} score": round(answer.score, 4),
            f"{name} limit": round(answer.limit, 4),
        }
    return line
