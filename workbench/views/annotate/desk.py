"""The desk: the component at which image after image is reviewed."""

import streamlit as st

from workbench.annotation.records import Project
from workbench.review_service.routes import PREFIX
from workbench.views.annotate.access import signs_in
from workbench.views.annotate.component import show_review
from workbench.views.annotate.filters import choose_filters
from workbench.views.shared.services import services

_TICKET = "review_ticket"


def show_desk(project: Project, person: int) -> None:
    """Filters, and the images that they leave, one after the other."""
    wish = choose_filters(project)
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
        models=project.models,
        wish=wish,
        renew=_forget_ticket,
    )


def _forget_ticket() -> None:
    st.session_state.pop(_TICKET, None)
