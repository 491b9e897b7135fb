"""Limits of a model chosen by what people said: before and after, and a new checkpoint with them."""

from collections.abc import Mapping

import streamlit as st

from crr.checkpoints.changed_limits import with_limits
from crr.checkpoints.files import checkpoint_folder
from crr.evaluation.limits import LEAST, LimitReport, choose_limits
from workbench.annotation.importing.files import kept_range
from workbench.annotation.records import Project
from workbench.basics.markdown import as_text
from workbench.basics.model_names import shown_model
from workbench.components.errors import plain_errors
from workbench.exports.names import safe_stem
from workbench.review_service.asking import find_model
from workbench.views.shared.progress import progress
from workbench.views.shared.rights import folders_allowed
from workbench.views.shared.services import services

_CHOSEN, _NEWS = "limits_chosen", "limits_written"
_FEWEST = "the smallest sum of both shares: missed of the defective, stopped of the good"
_BOUNDED = "at most so many false alarms in 100 good parts"


def show_limits(project: Project) -> None:
    """Choose limits by the reviewed images, see what they change, and keep them as a new model."""
    if not project.models:
        return
    with st.popover("Limits", icon=":material/tune:"), plain_errors():
        st.caption(
            f"Limits chosen by what people said of the images of this project; it takes {LEAST} of a kind of "
            "part, good and defective ones."
        )
        model = st.selectbox("Model", project.models, key="limits_model", format_func=shown_model)
        aim = st.radio("A limit with", [_FEWEST, _BOUNDED], key="limits_aim")
        share = None
        if aim == _BOUNDED:
            share = st.number_input("False alarms in 100", 0.0, 99.0, 5.0, key="limits_share") / 100
        asked = (project.id, model, share)
        if st.button("See what changes", key="limits_see"):
            with progress("Asking about") as tell:
                found = services().review.judged(
                    project.id, model, lambda done, total: tell(done, total, "images")
                )
            report = choose_limits(found.scores, found.unjudged, share)
            st.session_state[_CHOSEN] = asked, report, found.digests
            st.session_state.pop(_NEWS, None)
        known, report, digests = st.session_state.get(_CHOSEN, (None, None, {}))
        if known == asked and report is not None:
            _tell(report)
            _keep(report, digests, model, project)


def _tell(report: LimitReport) -> None:
    rows = [
        {
            "Kind of part": change.category,
            "Limit": f"x {change.factor:.2f}",
            "Missed before": str(change.before.missed),
            "Missed after": str(change.after.missed),
            "False alarms before": str(change.before.false_alarms),
            "False alarms after": str(change.after.false_alarms),
        }
        for change in report.changes
    ]
    if rows:
        st.table(rows)
        st.caption(
            "After: each fifth of the images at a limit that the others chose, since a limit does better on "
            "the images that chose it. In brackets the 95 % interval."
        )
    for name, reason in report.kept.items():
        st.write(as_text(f"{name} keeps its limit: {reason}"))
    if report.unjudged:
        st.write(f"{report.unjudged:,} images show no part, or an unknown one: no limit changes that.")
    if not rows and not report.kept and not report.unjudged:
        st.write("No image was reviewed yet.")


def _folder(name: str) -> str:
    return safe_stem(f"{name.replace('/', '-')}.")


def _keep(report: LimitReport, digests: Mapping[str, list[str]], model: str, project: Project) -> None:
    """Offer to write a new checkpoint, to who may change models of this machine."""
    if not report.changes:
        return
    if not folders_allowed():
        st.caption(
            "A new model is written by who sits at this machine: export as MVTec AD, then `crr limits`."
        )
        return
    name = st.text_input("Name of the new model", _folder(f"{model}-{project.name}"), key="limits_name")
    if st.button("Write it", key="limits_write"):
        images = sum(change.images for change in report.changes)
        said = f"Chosen by {images:,} images that people reviewed in the workbench."
        factors = {change.category: change.factor for change in report.changes}
        with_limits(
            find_model(model).path,
            checkpoint_folder() / _folder(name),
            factors,
            said,
            {name: digests[name] for name in factors},
            kept_range(item.image for item in services().annotations.images.all(project.id)),
        )
        st.session_state[_NEWS] = _folder(name)
    if st.session_state.get(_NEWS):
        st.success(
            as_text(f"{st.session_state[_NEWS]} is among the models now; {model} stays as it was."),
            icon=":material/check:",
        )
