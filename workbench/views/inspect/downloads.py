"""Files to keep of the visitor's images: tables, heat-maps, and the end of it all."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from crr.types import Label
from workbench.exports.archive import pictures_zip
from workbench.exports.lines import BatchExport, table_of
from workbench.exports.report import report_page
from workbench.exports.spreadsheet import XLSX_MIME, Sheet, as_csv, as_json, as_xlsx
from workbench.inspection.batch import Batch
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.inspection.uploads import BatchSnapshot
from workbench.inspection.visitor import VisitorState
from workbench.review.tally import ratios_of, tally_of
from workbench.views.inspect.progress import is_inspecting
from workbench.views.shared.photos.gallery import offer_to_clear
from workbench.views.shared.services import services

Asked = tuple[Batch, ModelChoice, Inspector, float, datetime, dict[str, Label]]
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
        XLSX_MIME,
        as_xlsx,
        "The same lines, and a second sheet that says by which model and when.",
    ),
    ("Table (JSON)", "inspection.json", "application/json", as_json, "The same lines, for a program."),
)


def offer_downloads(visitor: VisitorState, choice: ModelChoice, held: BatchSnapshot) -> None:
    """Buttons for the files; they wait while photos are inspected, so that no file is half of the truth.

    A file is made at the click, of what the batch holds then.
    """
    waits, making = is_inspecting(visitor, choice), services().making

    def asked() -> Asked:
        # At the click, when sliders may have moved and labels been given.
        labels = visitor.known_labels
        saved = visitor.saved_at(choice.key, tuple(labels.items()))
        return visitor.batch, choice, services().inspector, visitor.factor, saved, labels

    def table(write: Callable[[Sheet], bytes]) -> Callable[[], bytes]:
        return making.at_the_click(lambda: write(table_of(*asked())))

    def report() -> bytes:
        batch, choice, inspector, factor, saved, labels = asked()
        ratios = ratios_of(batch.rows(choice), labels)
        said = tally_of(ratios, factor).sentence()
        export = BatchExport(batch, choice, inspector, factor, saved, labels)
        return report_page(export, visitor.opacity, [said] if said else [])

    def pictures() -> bytes:
        return pictures_zip(BatchExport(*asked()), visitor.opacity)

    if waits:
        st.caption("Files can be saved when all images are inspected, or when you pause.")
    else:
        more = "" if held.complete else " The files list every one of them, with the reason."
        st.caption(f"{', '.join(held.counts)}.{more}")
    with st.container(horizontal=True):
        st.download_button(
            "Report",
            making.at_the_click(report),
            "inspection.html",
            "text/html",
            on_click="ignore",
            icon=":material/description:",
            help="A page for people: date, model, limit, counts, a picture of each part that is defective or "
            "to be checked, and every file. It prints well.",
            disabled=waits,
        )
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
        offer_to_clear("table")
