"""Models on the Hub: found, looked at, and pulled with their bytes counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from crr.errors import CRRError
from crr.hub import HubModel, HubName, Pulled
from workbench.components.delivering import watch
from workbench.components.shelf_cards import ANY, choose_one, hub_of_visitor, uses_token
from workbench.components.shell import plain_errors
from workbench.deliveries import Delivery
from workbench.markdown import as_text
from workbench.pulls import pulls
from workbench.settings import settings
from workbench.shelf import describe_figures, size_of

_FOUND, _PULLS, _CLOSER = "hub_found", "hub_pulls", "hub_closer"


def show_hub() -> None:
    """Search, and an address to pull at once."""
    search, address = st.columns(2)
    with (
        search,
        st.form("hub_search", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        word = st.text_input("Search", placeholder="a word in the name; empty for all")
        if st.form_submit_button("Search", icon=":material/search:"):
            with plain_errors(), st.spinner("Asking the Hub"):
                st.session_state[_FOUND] = hub_of_visitor().search(word.strip())
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
            _start(text.strip())
    _show_pulls()
    if _FOUND in st.session_state:
        _show_found(st.session_state[_FOUND])


def _show_found(found: Sequence[HubModel]) -> None:
    if not found:
        st.caption("There are no such models on the Hub.")
        return
    with st.container(horizontal=True):
        encoder = choose_one("hub", "Encoder", [model.facts.encoder for model in found])
        licence = choose_one("hub", "Licence", [model.licence for model in found])
    for model in found:
        if encoder in (ANY, model.facts.encoder) and licence in (ANY, model.licence):
            with st.container(border=True):
                _show_model(model)


def _show_model(model: HubModel) -> None:
    facts = model.facts
    st.markdown(f"**{as_text(str(model.name))}** · {describe_figures(model.results)}")
    layers = ", ".join(facts.layers) or "?"
    gated = " · gated: ask for access on the Hub" if model.gated else ""
    changed = "" if model.changed is None else f" · changed {model.changed:%Y-%m-%d}"
    categories = ", ".join(facts.categories) or "categories unknown"
    st.caption(
        as_text(
            f"{facts.method} · {facts.encoder}, layers {layers} · "
            f"{categories} · {model.licence or 'licence unknown'}{changed}{gated}"
        )
    )
    closer = st.session_state.get(_CLOSER, {}).get(model.name)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if closer is None:
            revision = "main"
            if st.button("Look closer", key=f"closer-{model.name}", icon=":material/zoom_in:"):
                with plain_errors(), st.spinner("Asking the Hub"):
                    st.session_state.setdefault(_CLOSER, {})[model.name] = _look_closer(model.name)
                    st.rerun()
        else:
            revision = st.selectbox(
                "Revision",
                closer.revisions,
                key=f"revision-{model.name}",
                width=200,
                help="A branch or a tag; main is the newest. A commit can be named in the address above.",
            )
        if st.button("Pull", key=f"pull-{model.name}", icon=":material/download:"):
            _start(f"{model.name.repo}@{revision}")
    if closer is not None:
        st.caption(f"{size_of(closer.bytes)} to pull.")
        with st.expander("Card"):
            st.markdown(closer.words or "It has no card.")


@dataclass(frozen=True)
class _Closer:
    """What is looked up of one model only."""

    bytes: int
    words: str
    revisions: list[str]


def _look_closer(name: HubName) -> _Closer:
    hub = hub_of_visitor()
    model = hub.look_up(name).checked()
    return _Closer(model.bytes, hub.read_card(model), hub.revisions(name.repo))


def _start(text: str) -> None:
    with plain_errors():
        name = HubName.parse(text)
        if name is None:
            raise CRRError("Write the address as OWNER/NAME or OWNER/NAME@REVISION.")
        if name.revision == "main":
            name = HubName(name.repo)
        settings().check_model_allowed(name.repo)
        running = [pull for pull in _mine() if pull.running]
        if not any(pull.name == name and not pull.stop.is_set() for pull in running):
            st.session_state[_PULLS] = [pulls().start(name, hub_of_visitor(), uses_token()), *running]


def _mine() -> list[Delivery[Pulled]]:
    """The pulls that this visitor waits for, with those that ended since the last one was begun."""
    found: list[Delivery[Pulled]] = st.session_state.get(_PULLS, [])
    return found


def _leave(pull: Delivery[Pulled]) -> None:
    pull.leave()
    if not pull.stop.is_set():  # others wait for it, and it goes on without this visitor
        st.session_state[_PULLS] = [one for one in _mine() if one is not pull]


def _show_pulls() -> None:
    running = [pull for pull in _mine() if pull.running]
    if running:
        watch(running, _leave)
    for pull in _mine():
        if pull.failure:
            st.error(as_text(pull.failure), icon=":material/error:")
        elif pull.result is not None:
            _show_pulled(pull.result)


def _show_pulled(pulled: Pulled) -> None:
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
