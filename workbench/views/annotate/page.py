"""The page Annotate, put together."""

import streamlit as st

from workbench.views.annotate.access import person, show_who
from workbench.views.annotate.agreement import show_agreement
from workbench.views.annotate.desk import show_desk
from workbench.views.annotate.projects import choose_project


def show_annotate() -> None:
    """Who reviews, which project, and its images."""
    who = person()
    if who is None:
        return
    project = choose_project(who)
    if project is None:
        return
    if project.archived:
        st.info("This project is put away. Bring it back before you go on.")
        return
    show_desk(project, who)
    show_agreement(project, who)
    show_who()
