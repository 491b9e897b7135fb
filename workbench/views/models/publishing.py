"""Publishing a model: under which name and licence, and what its card will say."""

import streamlit as st
from huggingface_hub import get_token

from crr.checkpoints.card_metadata import card_in, known_metadata, licence_of, split_card
from crr.errors import CRRError
from crr.hub import HubName, Publication, Published, Store
from crr.hub.error_messages import LOG_IN
from workbench.basics.markdown import as_text
from workbench.components.errors import plain_errors
from workbench.model_store import available
from workbench.model_store.transfers import BackgroundTransfer
from workbench.views.models.card import show_card
from workbench.views.models.permissions import hub_of_visitor, may_change_models
from workbench.views.models.transfers import watch
from workbench.views.shared.services import services

_PUSH, _MODEL = "hub_push", "published_model"


def show_publishing() -> None:
    """Show a form, and before it is sent the card as it will be."""
    if not may_change_models():
        st.info(
            "Models are published from the machine that serves the workbench, because its token signs for "
            "them. To publish a model of yours, run on the machine where it lies: crr push MODEL OWNER/NAME",
            icon=":material/lock:",
        )
        return
    if not get_token():
        words = f"This machine has no token for {hub_of_visitor().endpoint}: {LOG_IN}."
        st.warning(as_text(words), icon=":material/key:")
    chosen = st.session_state.get(_MODEL)
    publication = _choose()
    if services().uploads.running is not None:  # begun in this window or in another one
        st.session_state[_PUSH] = services().uploads.running
    push: BackgroundTransfer[Published] | None = st.session_state.get(_PUSH)
    sending = push is not None and push.running
    with plain_errors():
        if st.button("Publish", icon=":material/upload:", type="primary", disabled=sending):
            if chosen != st.session_state[_MODEL]:
                raise CRRError(f"{chosen} is not on this machine any more. Choose a model again.")
            st.session_state[_PUSH] = services().uploads.start(publication, hub_of_visitor())
            st.rerun()  # the button above knows of it then
    _show_push(push, sending)
    with plain_errors():
        card = publication.card()
        for sentence in publication.lacks(card):
            st.info(as_text(sentence), icon=":material/info:")
        _show_card(card)


def _choose() -> Publication:
    """What the visitor wants to publish, and how."""
    pulled = {str(model.name) for model in Store().all()}
    found = {name: info for name, info in available.find_models().items() if name not in pulled}
    if not found:
        raise CRRError("There is no model of your own on this machine yet. Train one: crr train --help")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Model to publish", list(found), key=_MODEL, persist_state="session")
        folder = found[name].path
        known = licence_of(known_metadata(card_in(folder)))
        address = st.text_input(
            "Publish as",
            placeholder="OWNER/NAME",
            key="published_as",
            persist_state="session",
            help="A CRR model that is there already gets a new revision, and its older ones stay. The token "
            "of this machine for the Hub signs for it.",
        )
        licence = st.text_input(
            "Licence",
            placeholder=f"{known}, as in its card" if known else "such as cc-by-nc-sa-4.0",
            key=f"published_licence-{name}",
            persist_state="session",
            help="As the Hub names licences: apache-2.0, cc-by-nc-sa-4.0. It follows from the licences of "
            "the images that the model was trained on.",
        ).strip()
    photos = len(Publication(folder).photos)
    with st.container(horizontal=True):
        private = st.checkbox(
            "Private",
            key="published_private",
            persist_state="session",
            help="If the repository is new, only you may see it.",
        )
        normals = photos > 0 and st.checkbox(
            "Its normal photos too",
            key=f"published_normals-{name}",
            persist_state="session",
            help=f"{photos} files, with which the page Layers compares. Only if their licences allow it.",
        )
    return Publication(folder, HubName.parse(address.strip()), private, licence or None, bool(normals))


@st.fragment
def _show_card(card: str) -> None:
    place = st.expander("The card as it will be", key="published_card", on_change="rerun")
    if place.open:
        head, words = split_card(card)
        place.code(head, language="yaml")
        show_card(place, words)


def _show_push(push: BackgroundTransfer[Published] | None, sending: bool) -> None:
    """The last upload: on its way, published, or given up; `sending` is what the button above knows."""
    if push is None:
        return
    if sending:
        watch([push], lambda delivery: delivery.stop.set())
    elif push.result is not None:
        st.success(as_text(push.result.sentence), icon=":material/check:")
    elif push.stop.is_set():
        st.info(as_text(push.failure), icon=":material/stop:")
    else:
        st.error(as_text(push.failure), icon=":material/error:")
