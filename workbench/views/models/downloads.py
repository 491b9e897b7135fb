"""Pulls that a visitor waits for: begun anywhere on the page Models, shown at its head."""

import streamlit as st

from crr.errors import CRRError
from crr.hub import HubName, Pulled
from workbench.basics.markdown import as_text
from workbench.components.errors import plain_errors
from workbench.model_store.transfers import BackgroundTransfer
from workbench.settings import settings
from workbench.views.models.permissions import hub_of_visitor, may_change_models, uses_token, visitor
from workbench.views.models.transfers import watch
from workbench.views.shared.services import services

_PULLS = "hub_pulls"
_KEPT = 3  # of those that are there: a line each stands above the page


def start_pull(text: str) -> None:
    """Begin to pull what an address names; what is wrong with it is said where this is called."""
    st.session_state[_PULLS] = [pull for pull in _mine() if not pull.failure]
    with plain_errors():
        name = HubName.parse(text)
        if name is None:
            raise CRRError("Write the address as OWNER/NAME or OWNER/NAME@REVISION.")
        if name.revision == "main":
            name = HubName(name.repo)
        settings().check_model_allowed(name.repo)
        running = [pull for pull in _mine() if pull.running]
        if not any(pull.name == name and not pull.stop.is_set() for pull in running):
            done = [pull for pull in _mine() if pull.result is not None][: _KEPT - 1]
            st.session_state[_PULLS] = [
                services().downloads.start(name, hub_of_visitor(), visitor(), uses_token()),
                *running,
                *done,
            ]
        st.rerun()  # the bar stands above what was clicked


def _mine() -> list[BackgroundTransfer[Pulled]]:
    """The pulls that this visitor waits for, with the last ones that ended."""
    found: list[BackgroundTransfer[Pulled]] = st.session_state.get(_PULLS, [])
    return found


def _join_all() -> None:
    """Who sits at this machine sees all pulls, also those that were begun in a window that was closed."""
    others = [pull for pull in services().downloads.running if pull not in _mine() and pull.join(visitor())]
    st.session_state[_PULLS] = [*_mine(), *others]


def _leave(pull: BackgroundTransfer[Pulled]) -> None:
    if may_change_models():  # then for everybody
        pull.stop.set()
        return
    pull.leave(visitor())
    if not pull.stop.is_set():  # others wait for it, and it goes on without this visitor
        st.session_state[_PULLS] = [one for one in _mine() if one is not pull]
        st.toast(as_text(f"Somebody else waits for {pull.name} too, so it goes on."))


def show_pulls() -> None:
    """Show the pulls of this visitor, with what came of them."""
    if may_change_models():
        _join_all()
    running = [pull for pull in _mine() if pull.running]
    if running:
        watch(running, _leave)
    for pull in _mine():
        if pull.failure and pull.stop.is_set():
            st.info(as_text(f"{pull.name}: {pull.failure}"), icon=":material/stop:")
        elif pull.failure:
            st.error(as_text(pull.failure), icon=":material/error:")
        elif pull.result is not None and pull.result.path.is_dir():  # and was not removed meanwhile
            _show_pulled(pull, pull.result)


def _show_pulled(pull: BackgroundTransfer[Pulled], pulled: Pulled) -> None:
    name = str(pulled.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        licence = pulled.licence or "none named in its card: ask its owner before you use it"
        st.success(as_text(f"{name} is here. Licence: {licence}"), icon=":material/check:")
        st.page_link(
            "pages/inspect.py",
            label="Inspect with it",
            icon=":material/frame_inspect:",
            query_params={"model": name},
        )
        if st.button("", key=f"close-{id(pull)}", icon=":material/close:", type="tertiary", help="Close"):
            st.session_state[_PULLS] = [one for one in _mine() if one is not pull]
            st.rerun()
