"""Where the models disagree over all samples or over the visitor's photos."""

from typing import Any

import pandas as pd
import streamlit as st

from workbench.basics.markdown import as_text
from workbench.comparison.disagreement import DisagreementRow, DisagreementSurvey
from workbench.components.errors import guarded, plain_errors
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.photo import Photo, photos_of
from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.views.shared.progress import SECONDS_A_TURN
from workbench.views.shared.services import services
from workbench.views.shared.session import SURVEY, current_visitor
from workbench.views.shared.table import show_clickable_table

_MODEL = "model "  # before the names of columns, so that a model may be called as it likes


def show_disagreement(choices: list[ModelChoice]) -> None:
    """The buttons, and the table of what was compared."""
    survey = _current_survey()
    st.subheader("Where the models disagree", anchor=False)
    with st.container(horizontal=True):
        _offer("Compare on all samples", own=False, help="Asks every chosen model about every sample.")
        uploads = len(current_visitor().batch.uploads)
        if uploads:
            photos = "my photo" if uploads == 1 else f"my {uploads} photos"
            _offer(f"Compare on {photos}", own=True, help="Asks every chosen model about your own photos.")
    with st.container():  # always there, so that the table stays in its place
        if survey.running is not None:
            st.fragment(_advance, run_every=0.1)(choices)
    for sentence in _model_errors(survey, choices):
        st.warning(as_text(sentence), icon=":material/deployed_code_alert:")
    if survey.running is None:  # half a list would be taken for the whole
        _table(choices)


def _current_survey() -> DisagreementSurvey:
    survey: DisagreementSurvey = st.session_state.setdefault(SURVEY, DisagreementSurvey())
    return survey


def _photos(own: bool) -> list[Photo]:
    return photos_of(current_visitor(), read_samples(settings().samples), own)


def _offer(label: str, own: bool, help: str) -> None:
    st.button(
        label,
        on_click=guarded(_current_survey().start),
        args=(own,),
        icon=":material/compare:",
        help=f"{help} What was asked before is not asked again.",
    )


def _model_errors(survey: DisagreementSurvey, choices: list[ModelChoice]) -> list[str]:
    return [
        f"{choice.model.name} is left out: {survey.model_errors[choice.key]}"
        for choice in choices
        if choice.key in survey.model_errors
    ]


def _advance(choices: list[ModelChoice]) -> None:
    with plain_errors():
        survey = _current_survey()
        if survey.running is None:
            return
        survey.advance(_photos(survey.running), choices, services().inspector, SECONDS_A_TURN)
        photos = _photos(survey.running)
        left = len(survey.pending(photos, choices))
        if left == 0:
            survey.running = None
            st.rerun()
        done = len(photos) - left
        st.progress(done / len(photos), text=f"Compared on {done} of {len(photos)} photos")


def _table(choices: list[ModelChoice]) -> None:
    survey = _current_survey()
    rows = survey.rows(_photos(survey.own), choices)
    if not rows:
        st.caption(
            "Defects that one model sees and another misses stand first, then the other photos on which the "
            "models are furthest apart."
        )
        return
    differing = sum(row.verdicts_differ for row in rows)
    st.markdown(
        f"**Verdicts differ on {differing} of {len(rows)} photos.** Click a row to look at the photo above.",
        help="Known defects that some model misses stand first, as identity mapping leaves maps cold; then "
        "other photos on which the verdicts differ; each by the largest difference between two models of "
        "score / limit. 1 is the limit of each model: the part is defective from there on.",
    )
    cells = pd.DataFrame([_cells(row) for row in rows])
    keys = [row.photo.key for row in rows]
    show_clickable_table("survey", keys, cells, _columns(rows[0]), 572, lambda number: _open(rows[number]))


def _columns(row: DisagreementRow) -> dict[str, Any]:
    ratio = "Score / limit of this model: defective from 1 on."
    models = {
        _MODEL + name: st.column_config.NumberColumn(name, format="%.2f", help=ratio) for name in row.scores
    }
    label = {} if row.photo.own else {"label": st.column_config.TextColumn("Data set says")}
    return {
        "image": st.column_config.ImageColumn("Photo", width="small"),
        "name": st.column_config.TextColumn("Name"),
        **label,
        "defective": st.column_config.TextColumn("Defective for", help="The models that call it defective."),
        "apart": st.column_config.NumberColumn(
            "Apart", format="%.2f", help="Largest difference between two models of score / limit."
        ),
        **models,
    }


def _cells(row: DisagreementRow) -> dict[str, object]:
    label = {} if row.photo.own else {"label": row.photo.label}
    everyone = len(row.defective_for) == len(row.scores) > 1
    return {
        "image": row.thumbnail,
        "name": row.photo.name,
        **label,
        "defective": "all" if everyone else ", ".join(row.defective_for) or "none",
        "apart": row.spread,
        **{_MODEL + name: score.ratio for name, score in row.scores.items()},
    }


def _open(row: DisagreementRow) -> None:
    visitor = current_visitor()
    if row.photo.own:
        visitor.show_upload(row.photo.key)
    else:
        visitor.show_sample(row.photo.key)
