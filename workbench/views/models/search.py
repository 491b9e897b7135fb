"""Models on the Hub: found, looked at, and chosen to be pulled."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from crr.hub import HubModel, HubName, Revision, Store, size_of
from workbench.basics.markdown import as_text, as_words
from workbench.components.errors import plain_errors
from workbench.model_store.cards import describe_figures
from workbench.settings import settings
from workbench.views.models.card import show_card
from workbench.views.models.downloads import start_pull
from workbench.views.models.local import ANY, choose_one
from workbench.views.models.permissions import hub_of_visitor

_FOUND, _CLOSER = "hub_found", "hub_closer"
_NEWEST = "main"


def show_hub() -> None:
    """Search, and an address to pull at once."""
    search, address = st.columns(2)
    with (
        search,
        st.form("hub_search", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        word = st.text_input(
            "Search", placeholder="a word in the name; empty for all", key="hub_word", persist_state="session"
        )
        if st.form_submit_button("Search", icon=":material/search:"):
            with plain_errors(), st.spinner("Asking the Hub"):
                found = hub_of_visitor().search(word.strip())
                allowed = [model for model in found if settings().model_allowed(model.name.repo)]
                st.session_state[_FOUND] = allowed
                st.session_state.pop(_CLOSER, None)
    with (
        address,
        st.form("hub_address", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        text = st.text_input(
            "Address",
            placeholder="OWNER/NAME or OWNER/NAME@REVISION",
            help="A revision is a branch, a tag or a commit; without one it is the newest.",
        )
        if st.form_submit_button("Pull", icon=":material/download:"):
            start_pull(text.strip())
    if not settings().model_allowed("*/*"):
        st.caption(as_text(f"This workbench pulls only: {', '.join(settings().allowed_models)}."))
    if _FOUND not in st.session_state:
        st.caption("A search lists the CRR models on the Hub, the most downloaded first.")
    else:
        _show_found(st.session_state[_FOUND])


def _show_found(found: Sequence[HubModel]) -> None:
    if not found:
        st.caption("There are no such models on the Hub.")
        return
    with st.container(horizontal=True):
        encoder = choose_one("hub", "Encoder", [model.facts.encoder for model in found])
        licence = choose_one("hub", "Licence", [model.licence for model in found])
    here = {(pulled.name.repo, pulled.commit) for pulled in Store().all()}
    for model in found:
        if encoder in (ANY, model.facts.encoder) and licence in (ANY, model.licence):
            with st.container(border=True):
                _show_model(model, (model.name.repo, model.commit) in here)


def _show_model(model: HubModel, here: bool) -> None:
    facts = model.facts
    st.markdown(f"**{as_text(str(model.name))}** · {describe_figures(model.results)}")
    layers = ", ".join(facts.layers) or "?"
    gated = " · gated: ask for access on the Hub" if model.gated and not here else ""
    changed = "" if model.changed is None else f" · changed {model.changed:%Y-%m-%d}"
    size = "" if facts.bytes is None else f" · {size_of(facts.bytes)}"
    categories = ", ".join(facts.categories) or "categories unknown"
    st.caption(
        as_words(
            f"{facts.method} · {facts.encoder}, blocks {layers} · "
            f"{categories}{size} · {model.licence or 'licence unknown'}{changed} · "
            f"{model.downloads} downloads a month{gated}"
        )
    )
    closer = st.session_state.get(_CLOSER, {}).get(model.name)
    with st.container(horizontal=True, vertical_alignment="center" if closer is None else "bottom"):
        revision = _look_or_choose(model.name, closer)
        if here and revision == _NEWEST:
            st.page_link(
                "pages/inspect.py",
                label="Inspect with it",
                icon=":material/frame_inspect:",
                query_params={"model": str(model.name.at(model.commit))},
            )
            st.caption("The newest is on this machine.", width="content")
        elif st.button("Pull", key=f"pull-{model.name}", icon=":material/download:"):
            start_pull(f"{model.name.repo}@{revision}")
    if closer is not None:
        st.caption(f"{size_of(closer.bytes)} on the Hub.")
        show_card(st.expander("Card"), closer.words)


def _look_or_choose(name: HubName, closer: "_Closer | None") -> str:
    """The revision that is chosen; before somebody has looked closer it is the newest."""
    if closer is not None:
        chosen: Revision = st.selectbox(
            "Revision",
            closer.revisions,
            key=f"revision-{name}",
            width=320,
            help=f"A branch, a tag or a commit; {_NEWEST} is the newest.",
        )
        return chosen.name
    if st.button("Look closer", key=f"closer-{name}", icon=":material/zoom_in:"):
        with plain_errors(), st.spinner("Asking the Hub"):
            st.session_state.setdefault(_CLOSER, {})[name] = _look_closer(name)
            st.rerun()
    return _NEWEST


@dataclass(frozen=True)
class _Closer:
    """What is looked up of one model only."""

    bytes: int
    words: str
    revisions: list[Revision]


def _look_closer(name: HubName) -> _Closer:
    hub = hub_of_visitor()
    model = hub.look_up(name).checked()
    return _Closer(model.bytes, hub.read_card(model), hub.revisions(name.repo))
