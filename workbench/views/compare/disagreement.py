"""Where the models disagree over all samples or over the visitor's photos."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from workbench.basics.markdown import as_text
from workbench.basics.model_names import shown_model
from workbench.comparison.disagreement import DisagreementRow, DisagreementSurvey
from workbench.components.errors import guarded, plain_errors
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.labels import TRUTHS
from workbench.inspection.photo import Photo, photos_of
from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.views.compare.looks import show_one_photo
from workbench.views.compare.saved_table import offer_table
from workbench.views.shared.progress import SECONDS_A_TURN
from workbench.views.shared.services import services
from workbench.views.shared.session import SURVEY, current_visitor
from workbench.views.shared.table import show_clickable_table

_MODEL, _MAP = "model ", "map "  # before the names of columns, so that a model may be called as it likes
_FILTER, _FILTERED = "survey_filter", "survey_filtered"


def show_disagreement(choices: list[ModelChoice]) -> None:
    """The buttons, and the table of what was compared."""
    survey = _current_survey()
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
        f"{shown_model(choice.model.name)} is left out: {survey.model_errors[choice.key]}"
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
    _show_tallies(survey, rows)
    listed = _filtered(rows)
    if not listed:
        st.caption("None of the photos.")
        return
    cells = pd.DataFrame([_cells(row) for row in listed])
    keys = [row.photo.key for row in listed]
    show_clickable_table(
        "survey", keys, cells, _columns(rows[0]), 572, lambda number: _open(listed[number], listed)
    )
    st.caption("Click a row to look at its photo.")
    offer_table(rows, choices)


def _show_tallies(survey: DisagreementSurvey, rows: Sequence[DisagreementRow]) -> None:
    """A sentence a model, if the truth about some parts is known."""
    lines = [
        f"- **{as_text(shown_model(name))}** {tally}"
        for name, tally in survey.tallies(rows).items()
        if str(tally)
    ]
    if lines:
        st.markdown("\n".join(lines))
    labelled = sum(row.photo.label is not None for row in rows)
    if labelled < len(rows):
        st.caption(
            f"What is true is known of {labelled} of {len(rows)} photos. Say it on *Inspect*, below a photo "
            "or in the table; folders called good, ok, bad or ng are believed."
        )


def _filtered(rows: Sequence[DisagreementRow]) -> list[DisagreementRow]:
    """The photos that the visitor asks for."""
    kinds: dict[str, Callable[[DisagreementRow], bool]] = {
        "all": lambda _: True,
        "verdicts differ": lambda row: row.verdicts_differ,
    }
    known = {row.photo.label for row in rows}
    for name in rows[0].scores:  # what nobody knows is not counted as none
        if "defective" in known:
            kinds[f"missed by {shown_model(name)}"] = partial(DisagreementRow.missed_by, name=name)
        if "good" in known:
            kinds[f"false alarms of {shown_model(name)}"] = partial(DisagreementRow.alarmed, name=name)
    found = {kind: [row for row in rows if asks(row)] for kind, asks in kinds.items()}
    # Kept beside the widget, which is forgotten while a photo is looked at.
    wanted = st.session_state.get(_FILTER, st.session_state.get(_FILTERED, "all"))
    st.session_state[_FILTER] = wanted if wanted in found else "all"  # a model may not be compared any more
    shown = st.pills(
        "Show",
        list(found),
        required=True,
        key=_FILTER,
        format_func=lambda kind: f"{as_text(kind)} ({len(found[kind])})",
        help="Missed: known defects whose score stays below the model's limit. False alarms: parts known to "
        "be good whose score reaches it. Known defects that some model misses stand first, as identity "
        "mapping leaves maps cold; then other photos on which the verdicts differ; each by the largest "
        "difference between two models of score ÷ limit.",
    )
    st.session_state[_FILTERED] = shown = shown or "all"
    return found[shown]


def _columns(row: DisagreementRow) -> dict[str, Any]:
    models: dict[str, Any] = {}
    for name in row.scores:
        models[_MAP + name] = st.column_config.ImageColumn(
            shown_model(name), width=110, help=f"Heat-map of {name}."
        )
        models[_MODEL + name] = st.column_config.NumberColumn(
            "÷ limit",
            format="%.3f",
            width="small",
            help=f"Score ÷ limit of {name}: it calls the part defective from 1 on.",
        )
    return {
        "image": st.column_config.ImageColumn("Photo", width="small"),
        **models,
        "label": st.column_config.TextColumn("Truth", help="As the data set, or you, say it."),
        "defective": st.column_config.TextColumn("Defective for", help="The models that call it defective."),
        "name": st.column_config.TextColumn("Name"),
        "apart": st.column_config.NumberColumn(
            "Apart", format="%.2f", help="Largest difference between two models of score ÷ limit."
        ),
    }


def _cells(row: DisagreementRow) -> dict[str, object]:
    everyone = len(row.defective_for) == len(row.scores) > 1
    models: dict[str, object] = {}
    for name, score in row.scores.items():
        models |= {_MAP + name: row.heatmaps.get(name), _MODEL + name: score.ratio}
    return {
        "image": row.thumbnail,
        **models,
        "label": None if row.photo.label is None else TRUTHS[row.photo.label],
        "defective": "all" if everyone else ", ".join(map(shown_model, row.defective_for)) or "none",
        "name": row.photo.name,
        "apart": row.spread,
    }


def _open(row: DisagreementRow, listed: list[DisagreementRow]) -> None:
    visitor = current_visitor()
    if row.photo.own:
        visitor.listed = tuple(other.photo.key for other in listed if other.photo.own)
        visitor.show_upload(row.photo.key)
    else:
        visitor.show_sample(row.photo.key)
    show_one_photo()
