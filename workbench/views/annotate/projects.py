"""Projects: chosen, made, given more images, renamed, put away and deleted."""

from datetime import UTC, datetime

import streamlit as st

from workbench.annotation.importing.bringing import Imported, bring_in, make_of
from workbench.annotation.keeping.backup import back_up
from workbench.annotation.records import LabelScheme, NewProject, Project
from workbench.basics.markdown import as_text
from workbench.basics.model_names import shown_model
from workbench.components.errors import plain_errors
from workbench.model_store.available import find_models
from workbench.views.annotate.access import owner
from workbench.views.annotate.limits import show_limits
from workbench.views.annotate.sources import choose_source, read_source
from workbench.views.annotate.taking_away import show_export
from workbench.views.shared.services import services

PROJECT, _MADE, _NEWS = "project", "project_made", "project_news"


def choose_project(person: int) -> Project | None:
    """The project that is reviewed, at first the one in which the person saved something last.

    None while there is none, and the page offers to make one.
    """
    store = services().annotations
    projects = store.projects.all(owner(), archived=st.session_state.get("archived", False))
    made = st.session_state.pop(_MADE, None)
    if made is not None:
        st.session_state[PROJECT] = made
    names = [project.name for project in projects]
    if st.session_state.get(PROJECT) not in names:  # as the address may name one that is gone
        last = store.projects.last_of(person)
        first = [project.name for project in projects if project.id == last] + names
        st.session_state[PROJECT] = first[0] if first else None
        st.query_params.pop(PROJECT, None)
    with st.container():  # always there: what is open below closes when something above comes or goes
        _tell_news()
    if not names:
        st.write(
            "There is no project yet. A project is a set of images that people review, with a model beside."
        )
        _make()
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Project", names, key=PROJECT, width=320, bind="query-params")
        with st.popover("New project", icon=":material/add:"):
            _make()
        chosen = next(project for project in projects if project.name == name)
        with st.popover("This project", icon=":material/settings:"):
            _change(chosen)
        show_export(chosen)
        show_limits(chosen)
    return chosen


def _make() -> None:
    with plain_errors():
        name = st.text_input("Name", key="new_name", max_chars=200)
        source = choose_source("new")
        models = st.multiselect(
            "Models beside it",
            list(find_models()),
            ["crr-embedded"],
            key="new_models",
            format_func=shown_model,
        )
        twice = st.checkbox(
            "Ask two people about each image",
            key="new_twice",
            help="The second does not see what the first said.",
        )
        if st.button("Make it", key="make"):
            store = services().annotations
            if not name.strip():
                st.error("Give the project a name.")
                return
            with st.spinner("Reading the images"):
                found = read_source(source, [])
            new = NewProject(name, models, opinions=2 if twice else 1, owner=owner())
            made, done = make_of(store.database, new, found)
            _remember(done)
            st.session_state[_MADE] = made.name
            st.rerun()


def _change(project: Project) -> None:
    with plain_errors():
        store = services().annotations
        tabs = st.tabs(["Images", "Models", "Words", "Name", "Delete"])
        with tabs[0]:
            source = choose_source("more")
            if st.button("Add them", key="add"):
                known = [item.image for item in store.images.all(project.id)]
                with st.spinner("Reading the images"):
                    _remember(bring_in(store.database, project.id, read_source(source, known)))
                st.rerun()
        with tabs[1]:
            _choose_models(project)
        with tabs[2]:
            classes = st.text_area("Classes of regions, one a line", "\n".join(project.scheme.classes))
            tags = st.text_area("Why a model failed, one a line", "\n".join(project.scheme.tags), height=240)
            if st.button("Keep these", key="scheme"):
                store.projects.set_scheme(project.id, LabelScheme(_lines(classes), _lines(tags)))
                st.rerun()
        with tabs[3]:
            name = st.text_input("New name", project.name, max_chars=200)
            if st.button("Rename", key="rename"):
                store.projects.rename(project.id, name)
                st.session_state[_MADE] = name.strip()
                st.rerun()
            label = "Bring it back" if project.archived else "Put it away"
            if st.button(label, key="archive"):
                store.projects.archive(project.id, archived=not project.archived)
                st.rerun()
            st.checkbox("Show projects that were put away", key="archived")
        with tabs[4]:
            _delete(project)


def _choose_models(project: Project) -> None:
    """Which models stand beside the images from now on; one that is gone stays until it is taken away."""
    there = list(dict.fromkeys([*find_models(), *project.models]))
    chosen = st.multiselect(
        "Models beside it",
        there,
        list(project.models),
        key=f"models_{project.id}",
        format_func=shown_model,
        help="Scores that models gave before stay, should one come back.",
    )
    if st.button("Keep these models", key="keep_models", disabled=chosen == list(project.models)):
        services().annotations.projects.set_models(project.id, chosen)
        st.rerun()


def _delete(project: Project) -> None:
    store = services().annotations
    st.write("All that was said of its images goes with it. A backup of everything is kept before.")
    typed = st.text_input("Type the project's name to delete it", key="delete_name")
    if st.button("Delete", key="delete", disabled=typed != project.name):
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        kept = store.folder / "backups" / f"before-delete-{stamp}.zip"
        back_up(store, kept)
        store.projects.delete(project.id)
        st.session_state[_NEWS] = [f"{project.name} is deleted. A backup is {kept.name} in the data folder."]
        st.rerun()


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _remember(done: Imported) -> None:
    """Say at the head of the next run what became of a source."""
    st.session_state[_NEWS] = [*done.sentences, *done.notes]


def _tell_news() -> None:
    news = st.session_state.pop(_NEWS, None)
    if news:
        st.success(as_text(" ".join(news)), icon=":material/check:")
