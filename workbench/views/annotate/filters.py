"""Which images are looked at, and in which order: chosen above the desk, and for an export."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from workbench.annotation.queue.ordering import ORDERS, Wanted
from workbench.annotation.records import JUDGEMENTS, Project, State
from workbench.basics.markdown import as_text
from workbench.inspection.verdict import category_label
from workbench.views.shared.services import services

_LOOK_AT: dict[str, tuple[State, ...]] = {
    "to be reviewed": ("left",),
    "put off": ("skipped",),
    "reviewed": ("done",),
    "all": (),
}
_NARROWING = {
    "judgement": "judged {}",
    "tag": "tagged {}",
    "category": "of the kind {}",
    "author": "saved last by {}",
    "name": "with {} in the name",
}
"""What leaves only some images, by its name in `Wanted`, and how that is said."""
_ANY = "any"
_CHOSEN = "filters_chosen"
_ORDER_HELP = (
    "What is worth a look: scores near the limit; models that disagree; what the encoder saw and the decoder "
    "copied; scores against a known label. Images that no model was asked about yet come last."
)


def choose_filters(project: Project) -> dict[str, Any]:
    """Which images come, and in which order, as the review service wants it."""
    categories = services().annotations.images.categories(project.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox(
            "First comes", ORDERS, key="order", width=200, help=_ORDER_HELP, bind="query-params"
        )
        looked = st.selectbox("Images", list(_LOOK_AT), key="look_at", width=170)
        with st.popover("More filters"):
            judgement = st.selectbox("Judged", [_ANY, *JUDGEMENTS], key="judged")
            tag = st.selectbox("Tagged", [_ANY, *project.scheme.tags], key="tagged")
            category = st.selectbox(
                "Kind of part", [_ANY, *categories], key="part_kind", format_func=category_label
            )
            author = st.text_input("Saved last by", key="saved_by")
            name = st.text_input("Letters in the name of the file", key="name_holds", max_chars=200)
    chosen = {
        "order": order,
        "states": list(_LOOK_AT[looked]),
        "judgement": None if judgement == _ANY else judgement,
        "tag": None if tag == _ANY else tag,
        "category": None if category == _ANY else category,
        "author": author.strip() or None,
        "name": name.strip() or None,
    }
    _tell(chosen)
    st.session_state[_CHOSEN] = project.id, chosen
    return {name: value for name, value in chosen.items() if value is not None}


def _tell(chosen: Mapping[str, Any]) -> None:
    """Say which images alone are shown, where a closed box of filters would hide that."""
    said = [words.format(chosen[name]) for name, words in _NARROWING.items() if chosen[name] is not None]
    if said:
        st.caption(as_text(f"Only images {', '.join(said)} are shown."))


def filtered(project: Project) -> Wanted:
    """What the filters above the desk leave of a project, as they were chosen last; all before that."""
    of, chosen = st.session_state.get(_CHOSEN, (None, {}))
    if of != project.id:
        return Wanted(project.id, "by name")
    narrowed = {name: chosen[name] for name in _NARROWING}
    return Wanted(project.id, "by name", tuple(chosen["states"]), **narrowed)
