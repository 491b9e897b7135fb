"""How far two people agree, and the images on which they do not, side by side to be settled."""

import cv2
import numpy as np
import streamlit as st

from crr.errors import CRRError
from crr.types import Image
from workbench.annotation.masks import union
from workbench.annotation.opinions import OpinionPair, agreement
from workbench.annotation.records import Project, Revision
from workbench.basics.markdown import as_text
from workbench.basics.pictures import shrink
from workbench.components.errors import guarded, plain_errors
from workbench.views.shared.services import services

_SIDE = 480
_COLOUR = (255, 140, 0)
_AT, _OPEN, _OVERLAPS, _AGAIN = "agreement_at", "agreement", "agreement_overlaps", "agreement_again"


def show_agreement(project: Project, person: int) -> None:
    """The agreement of a project with two opinions, when somebody wants to see it."""
    if project.opinions < 2 or not st.toggle("Agreement of the two opinions", key=_OPEN):
        return
    with plain_errors():
        known = st.session_state.setdefault(_OVERLAPS, {})
        pairs = list(services().annotations.opinions.pairs(project.id, known))
        st.write(as_text(agreement(pairs).sentence))
        differing = [pair for pair in pairs if not pair.alike]
        open_ones = [pair for pair in differing if pair.settled is None]
        if differing:
            st.write(
                f"They differ on {len(differing):,} images; {len(open_ones):,} of these are not settled."
            )
        again = len(open_ones) < len(differing) and st.checkbox("Settled ones too", key=_AGAIN)
        shown = differing if again else open_ones
        if shown:
            _show_pair(shown, person)


def _show_pair(pairs: list[OpinionPair], person: int) -> None:
    place = min(st.session_state.get(_AT, 0), len(pairs) - 1)
    pair = pairs[place]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{as_text(pair.item.image.name)}**, {place + 1} of {len(pairs)}", width="content")
        st.button("Previous one", on_click=_go_to, args=(place - 1,), disabled=place == 0)
        st.button("Next one", on_click=_go_to, args=(place + 1,), disabled=place == len(pairs) - 1)
    if pair.settled:
        st.caption(as_text(f"Settled by {_words(pair.settled)}"))
    picture = _picture(pair)
    for column, said in zip(st.columns(2), (pair.first, pair.second), strict=True):
        with column:
            if picture is not None:
                st.image(_outlined(picture, said), width="stretch")
            st.write(as_text(_words(said)))
            st.button(
                as_text(f"{said.author} is right"),
                key=f"settle-{said.id}",
                on_click=_settle,
                args=(pair.item.id, said.id, person, pair.settled and pair.settled.id),
            )


def _words(said: Revision) -> str:
    review = said.review
    count = len(review.regions)
    regions = "1 region" if count == 1 else f"{count} regions"
    more = f". {review.note}" if review.note else ""
    return f"{said.author}: {review.judgement}, {regions}{more}"


def _picture(pair: OpinionPair) -> Image | None:
    try:
        return services().review.image(pair.item)
    except CRRError as error:
        st.warning(as_text(str(error)))
        return None


def _outlined(image: Image, said: Revision) -> Image:
    """An image, made small, with what somebody marked outlined."""
    mask = union([region.mask for region in said.review.regions], image.shape[:2])
    small = np.ascontiguousarray(shrink(image, _SIDE))
    height, width = small.shape[:2]
    marked = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    edges, _ = cv2.findContours((marked > 0).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(small, edges, -1, _COLOUR, 2), dtype=np.uint8)


@guarded
def _settle(item: int, revision: int, person: int, before: int | None) -> None:
    services().annotations.opinions.settle(item, revision, person, before)


@guarded
def _go_to(place: int) -> None:
    st.session_state[_AT] = place
