"""Who reviews: somebody with a name, or who signed in; on a public Space nobody without a sign-in."""

import os
from urllib.parse import unquote

import streamlit as st

from workbench.basics.markdown import as_text
from workbench.components.errors import guarded
from workbench.settings import settings
from workbench.views.shared.services import services

_NAME, _PERSON, _OTHER = "annotator", "annotator_number", "annotator_is_another"
COOKIE = "crr_annotator"
"""In which the browser remembers a name that was typed (`frontend/review.js`)."""
_OFF = (
    "Annotating is off here. On a public Space anybody could write into the projects of others, and what is "
    "written would be gone at the next restart. Whoever serves this workbench turns it on with a sign-in "
    "(OpenID Connect) and a data folder that lasts: deploy/README.md says how."
)


def person() -> int | None:
    """The number of who reviews; None while nobody is known, and the page asks for a name."""
    if not _is_on():
        st.info(_OFF, icon=":material/lock:")
        return None
    if signs_in():
        return _signed_in()
    if _PERSON not in st.session_state and not st.session_state.get(_OTHER):
        remembered = unquote(st.context.cookies.get(COOKIE, ""))
        if remembered:
            st.session_state[_PERSON] = services().annotations.people.named(remembered)
    known: int | None = st.session_state.get(_PERSON)
    if known is None:
        _ask_for_name()
    return known


def show_who() -> None:
    """Who reviews, and a way to be somebody else."""
    name = services().annotations.people.name_of(st.session_state[_PERSON])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(as_text(f"You review as {name}."), width="content")
        if signs_in():
            st.button("Sign out", type="tertiary", on_click=guarded(st.logout))
        else:
            st.button("I am somebody else", type="tertiary", on_click=guarded(_leave))


def _leave() -> None:
    st.session_state.pop(_PERSON, None)
    st.session_state[_OTHER] = True


def signs_in() -> bool:
    """Whether a provider of sign-ins is configured."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def owner() -> int | None:
    """Whose projects are seen: with a sign-in only one's own, else everybody's."""
    number: int | None = st.session_state.get(_PERSON)
    return number if signs_in() else None


def _is_on() -> bool:
    return not settings().on_space or (signs_in() and os.access(settings().data, os.W_OK))


def _signed_in() -> int | None:
    if not st.user.is_logged_in:
        st.write("Sign in to see your projects.")
        if st.button("Sign in"):
            st.login()
        return None
    if _PERSON not in st.session_state:
        told = st.user.to_dict()
        subject = f"{told.get('iss', '')}|{told.get('sub', '')}"
        name = str(told.get("name") or told.get("email") or told.get("sub") or "somebody")
        st.session_state[_PERSON] = services().annotations.people.named(name, subject)
    number: int = st.session_state[_PERSON]
    return number


@guarded
def _enter() -> None:
    name = str(st.session_state.get(_NAME, ""))
    st.session_state[_PERSON] = services().annotations.people.named(name)


def _ask_for_name() -> None:
    st.write("Your name stands beside what you say of an image, so that others know whom to ask.")
    with st.form("who", width=420):
        st.text_input("Your name", key=_NAME, max_chars=200)
        st.form_submit_button("Begin", on_click=_enter)
