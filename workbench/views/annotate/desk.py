"""The desk: what comes next, and the component at which it is reviewed."""

from typing import Any

import streamlit as st

from workbench.annotation.queue.ordering import ORDERS
from workbench.annotation.records import JUDGEMENTS, Project, State
from workbench.review_service.routes import PREFIX
from workbench.views.annotate.access import signs_in
from workbench.views.annotate.component import show_review
from workbench.views.shared.services import services

_TICKET = "review_ticket"
_LOOK_AT: dict[str, tuple[State, ...]] = {
    "to be reviewed": ("left",),
    "put off": ("skipped",),
    "reviewed": ("done",),
    "all": (),
}
_ANY = "any"


def show_desk(project: Project, person: int) -> None:
    """Filters, and the images that they leave, one after the other."""
    wish = _choose(project)
    key = (project.id, person)
    if st.session_state.get(_TICKET, (None, ""))[0] != key:
        st.session_state[_TICKET] = key, services().tickets.issue(person, project.id)
    show_review(
        ticket=st.session_state[_TICKET][1],
        address=f".{PREFIX}",
        owner=f"{services().annotations.folder.name}/{person}/{project.id}",
        name="" if signs_in() else services().annotations.people.name_of(person),
        project=project.id,
        scheme={"classes": list(project.scheme.classes), "tags": list(project.scheme.tags)},
        wish=wish,
        renew=_forget_ticket,
    )


def _forget_ticket() -> None:
    st.session_state.pop(_TICKET, None)


def _choose(project: Project) -> dict[str, Any]:
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
            category = st.selectbox("Kind of part", [_ANY, *categories], key="part_kind")
            author = st.text_input("Saved last by", key="saved_by")
    chosen = {
        "order": order,
        "states": list(_LOOK_AT[looked]),
        "judgement": None if judgement == _ANY else judgement,
        "tag": None if tag == _ANY else tag,
        "category": None if category == _ANY else category,
        "author": author.strip() or None,
    }
    return {name: value for name, value in chosen.items() if value is not None}


_ORDER_HELP = (
    "What is worth a look: scores near the limit; models that disagree; what the encoder saw and the decoder "
    "copied; scores against a known label. Images that no model was asked about yet come last."
)
