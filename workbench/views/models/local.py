"""The models on this machine as cards: what each is, how good it is, and what can be done with it."""

from collections.abc import Sequence

import streamlit as st

from crr.errors import HubError
from crr.hub import HubName, Store, size_of
from workbench.basics.markdown import as_text, as_words
from workbench.basics.model_names import shown_model
from workbench.comparison.opening import OPENING_MODELS
from workbench.components.errors import plain_errors
from workbench.model_store.cards import LocalModel, describe_figures, list_local_models
from workbench.views.models.card import show_card
from workbench.views.models.downloads import start_pull
from workbench.views.models.overview import show_overview
from workbench.views.models.permissions import hub_of_visitor, may_change_models

ANY = "any"
_COLUMNS = 2
_UPDATES = "model_updates"


def show_local_models() -> None:
    """Every model on this machine that the filters let through."""
    rows = list_local_models()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        encoder = choose_one("shelf", "Encoder", [row.info.encoder for row in rows])
        licence = choose_one("shelf", "Licence", [row.licence for row in rows])
        place = choose_one("shelf", "From", [row.place for row in rows])
    shown = [
        row
        for row in rows
        if encoder in (ANY, row.info.encoder) and licence in (ANY, row.licence) and place in (ANY, row.place)
    ]
    if shown:
        show_overview(shown)
    for start in range(0, len(shown), _COLUMNS):
        for column, row in zip(st.columns(_COLUMNS), shown[start : start + _COLUMNS], strict=False):
            with column, st.container(border=True, height="stretch"), plain_errors():  # each by itself
                _show_card(row)
    if not shown:
        st.caption("No model on this machine has all of this. Choose another encoder, licence or origin.")


def choose_one(place: str, label: str, values: Sequence[str]) -> str:
    """One of the values, or `ANY`."""
    options = [ANY, *sorted({value for value in values if value})]
    chosen: str = st.selectbox(label, options, key=f"{place}_{label.lower()}", width=240)
    return chosen


def _show_card(row: LocalModel) -> None:
    info = row.info
    compared = dict.fromkeys([info.name, OPENING_MODELS[0]])
    st.markdown(f"**{as_text(shown_model(info.name))}**", help=f"Folder {as_text(info.name)}.")
    st.markdown(f"{describe_figures(row.results)}", help="Over all categories, in %, as its card has them.")
    st.caption(
        as_words(
            f"{info.method} · {info.encoder}, blocks {', '.join(map(str, row.layers))} · "
            f"{_counted(info.categories)} · {size_of(info.bytes)} · {row.licence or 'licence unknown'}"
        )
    )
    with st.container(horizontal=True):
        st.page_link(
            "pages/inspect.py",
            label="Inspect",
            icon=":material/frame_inspect:",
            query_params={"model": shown_model(info.name)},
        )
        st.page_link(
            "pages/compare.py",
            label="Compare",
            icon=":material/compare:",
            query_params=[("models", shown_model(name)) for name in compared],
        )
    _show_words(row)
    if row.pulled is not None:
        _offer_changes(row)


def _counted(categories: Sequence[str]) -> str:
    return categories[0] if len(categories) == 1 else f"{len(categories)} categories"


@st.fragment
def _show_words(row: LocalModel) -> None:
    """The card itself, drawn only when it is opened: ten at once take a browser seconds."""
    card = st.expander("Card", key=f"card-{row.info.name}", on_change="rerun")
    if card.open:
        categories = ", ".join(row.info.categories)
        card.caption(as_words(f"{row.origin}; fingerprint {row.info.revision}; categories: {categories}"))
        show_card(card, row.words)


def _offer_changes(row: LocalModel) -> None:
    """Offer to update and to remove a model from the Hub."""
    assert row.pulled is not None
    pulled = row.pulled
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Look for an update", key=f"update-{row.info.name}", icon=":material/sync:"):
            with plain_errors(), st.spinner("Asking the Hub"):
                hub = hub_of_visitor()
                if hub.endpoint != pulled.endpoint:
                    raise HubError(f"It is from {pulled.endpoint}, and the Hub is {hub.endpoint} now.")
                found = hub.look_up(HubName(pulled.name.repo, pulled.asked))
                st.session_state.setdefault(_UPDATES, {})[row.info.name] = found.commit
        if may_change_models():
            with st.popover("Remove", icon=":material/delete:", key=f"removing-{row.info.name}"):
                st.write(f"This frees {size_of(pulled.bytes)}. It can be pulled again while the Hub has it.")
                if st.button("Remove it", key=f"remove-{row.info.name}", type="primary"):
                    with plain_errors():
                        freed = Store().delete(pulled)
                        words = f"{pulled.name} is removed, and {size_of(freed)} are free."
                        st.toast(as_text(words), icon=":material/delete:")
                        st.rerun()
    current = Store().find(HubName(pulled.name.repo, pulled.asked))
    newest = st.session_state.get(_UPDATES, {}).get(row.info.name)
    if newest == pulled.commit:
        st.caption(f"It is the newest of {as_text(pulled.asked)}.")
    elif newest is not None and Store().find(HubName(pulled.name.repo, newest)) is not None:
        st.caption(as_text(f"There is a newer one, {newest[:7]}, and it is on this machine too."))
    elif newest is None and current is not None and current.commit != pulled.commit:
        st.caption(as_text(f"{current.name} is newer, and on this machine too."))
    elif newest is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(as_text(f"There is a newer one: {newest[:7]}."), icon=":material/new_releases:")
            if st.button("Pull it", key=f"newest-{row.info.name}", icon=":material/download:"):
                start_pull(f"{pulled.name.repo}@{pulled.asked}")
