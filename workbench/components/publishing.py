"""Publishing a model: under which name and licence, and what its card will say."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from huggingface_hub import get_token

from crr.card_metadata import card_in, known_metadata, licence_of, metadata_of, results_of
from crr.errors import CRRError
from crr.hub import Hub, HubName, Published, card_to_publish, photos_of
from workbench import models
from workbench.components.delivering import watch
from workbench.components.shell import plain_errors
from workbench.components.trust import may_change_models
from workbench.deliveries import Delivery
from workbench.markdown import as_text, demoted

_PUSH = "hub_push"


def show_publishing() -> None:
    """A form, and before it is sent the card as it will be."""
    if not may_change_models():
        st.info(
            "Models are published from the machine that serves the workbench, because its token signs for "
            "them. Where your own model is: crr push MODEL OWNER/NAME",
            icon=":material/lock:",
        )
        return
    hub = Hub()
    if not get_token():
        st.warning(
            as_text(f"There is no token for {hub.endpoint} here: log in (hf auth login), or set HF_TOKEN."),
            icon=":material/key:",
        )
    form = _show_form()
    push: Delivery[Published] | None = st.session_state.get(_PUSH)
    sending = push is not None and push.running
    with plain_errors():
        unready = sending or not form.licensed
        if st.button("Publish", icon=":material/upload:", type="primary", disabled=unready):
            _publish(form)
    _show_push(push, sending)
    with plain_errors():
        card = card_to_publish(form.folder, HubName.parse(form.address), form.licence)
        if not form.licensed:
            st.info("Its card names no licence. Give one above.", icon=":material/license:")
        if not results_of(metadata_of(card)):
            words = f"Its card has no figures: `crr evaluate --model {form.folder.name} --data DATA --card`"
            st.caption(words)
        _show_card(card)


@dataclass(frozen=True)
class _Form:
    """What a visitor wants to publish, and how; `licensed` says whether form or card names a licence."""

    folder: Path
    address: str
    licence: str | None
    licensed: bool
    private: bool
    normals: bool


def _show_form() -> _Form:
    found = models.find_models()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        folder = found[st.selectbox("Model to publish", list(found), key="published_model")].path
        known = licence_of(known_metadata(card_in(folder)))
        address = st.text_input(
            "Publish as",
            placeholder="OWNER/NAME",
            key="published_as",
            help="A CRR model that is there already gets a new revision, and its older ones stay. The token "
            "of this machine for the Hub signs for it.",
        )
        licence = st.text_input(
            "Licence",
            placeholder=f"{known}, as in its card" if known else "such as cc-by-nc-sa-4.0",
            key="published_licence",
            help="As the Hub names licences: apache-2.0, cc-by-nc-sa-4.0. It follows from the licences of "
            "the images that the model was trained on.",
        ).strip()
    photos = len(photos_of(folder))
    with st.container(horizontal=True):
        private = st.checkbox("Private", help="If the repository is new, only you may see it.")
        normals = photos > 0 and st.checkbox(
            "Its normal photos too",
            help=f"{photos} files, with which the page Layers compares. Only if their licences allow it.",
        )
    return _Form(folder, address.strip(), licence or None, bool(licence or known), private, bool(normals))


@st.fragment
def _show_card(card: str) -> None:
    place = st.expander("The card as it will be", key="published_card", on_change="rerun")
    if place.open:
        head, _, words = card.removeprefix("---\n").partition("\n---\n")
        place.code(head, language="yaml")
        place.markdown(demoted(words))


def _publish(form: _Form) -> None:
    name = HubName.parse(form.address)
    if name is None:
        raise CRRError("Say where to publish it: OWNER/NAME, with your name on the Hub as OWNER.")
    push = st.session_state[_PUSH] = Delivery[Published](name)
    hub = Hub()
    push.begin(
        lambda tell, stop: hub.push(
            form.folder,
            name,
            private=form.private,
            licence=form.licence,
            normals=form.normals,
            tell=tell,
            stop=stop,
        )
    )
    st.rerun()  # the button above knows of it then


def _show_push(push: Delivery[Published] | None, sending: bool) -> None:
    """The last one: on its way, published, or given up; `sending` is what the button above knows."""
    if push is None:
        return
    if sending:
        watch([push], Delivery.leave)
    elif push.result is not None:
        revision = "" if push.result.new else " It is a new revision of the model that was there."
        words = f"Published as {push.result.name}: {push.result.url}.{revision}"
        st.success(as_text(words), icon=":material/check:")
    elif push.stop.is_set():
        st.info(as_text(push.failure), icon=":material/stop:")
    else:
        st.error(as_text(push.failure), icon=":material/error:")
