"""What was said, as a file to take away."""

import shutil
import tempfile
from pathlib import Path

import streamlit as st

from crr.errors import CRRError
from workbench.annotation.exporting.export import FORMATS, Format, commands_on, export
from workbench.annotation.exporting.selection import Report
from workbench.annotation.queue.ordering import Wanted
from workbench.annotation.records import Project
from workbench.basics.markdown import as_text
from workbench.components.errors import plain_errors
from workbench.views.annotate.filters import filtered
from workbench.views.shared.services import services

_NAMES = {
    "coco": "COCO, masks as run lengths",
    "coco-legacy": "COCO for readers that want iscrowd 1",
    "mvtec": "Layout of MVTec AD, to train and evaluate on",
    "csv": "CSV tables",
    "parquet": "Parquet tables",
    "jsonl": "JSON Lines, with everything that was ever said",
    "hub": "Data set for the Hugging Face Hub",
}
_MOST = 2**29  # bytes of a zip that a page holds in memory; more is for the command


def show_export(project: Project) -> None:
    """Choose a format, make the zip, take it."""
    with st.popover("Export", icon=":material/download:"), plain_errors():
        kind = st.selectbox("As", FORMATS, key="export_kind", format_func=_NAMES.__getitem__)
        licence = None
        if kind == "hub":
            licence = st.text_input(
                "Licence of the images", placeholder="cc-by-4.0", key="export_licence"
            ).strip()
        narrowed = st.checkbox("Only what the filters below leave", key="export_filtered")
        wanted = filtered(project) if narrowed else Wanted(project.id, "by name")
        made_for = (wanted, kind, licence)
        if st.button("Make the file", key="export"):
            with st.spinner("Writing"):
                st.session_state["export_made"] = made_for, *_zip(project, wanted, kind, licence)
        done_for, content, report = st.session_state.get("export_made", (None, b"", Report()))
        if done_for == made_for:
            _tell(report)
            st.download_button(
                "Save the zip", content, f"{_file_name(project)}-{kind}.zip", "application/zip"
            )
            for what, command in commands_on(kind, Path(_file_name(project)), *project.models[:1]).items():
                st.caption(f"{what}, once it is unpacked:")
                st.code(command, language="shell", wrap_lines=True)
        st.caption(
            f"`python -m workbench annotations export` writes {', '.join(FORMATS)} of any size, and "
            "`publish` puts the last on the Hub."
        )


def _zip(project: Project, wanted: Wanted, kind: Format, licence: str | None) -> tuple[bytes, Report]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / _file_name(project)
        report = export(services().annotations, project, wanted, kind, folder, licence=licence)
        if sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) > _MOST:
            raise CRRError(
                "This export is too large for a page. Write it with: python -m workbench annotations export"
            )
        archive = shutil.make_archive(str(folder), "zip", place, folder.name)
        return Path(archive).read_bytes(), report


def _tell(report: Report) -> None:
    st.write(as_text(f"{report.images:,} images with {report.regions:,} marked parts."))
    for note in report.notes:
        st.write(as_text(note))
    for reason, names in report.left_out.items():
        st.warning(as_text(f"Left out, {reason}: {len(names):,} images ({', '.join(names[:5])})."))


def _file_name(project: Project) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in project.name.lower())[:60] or "project"
