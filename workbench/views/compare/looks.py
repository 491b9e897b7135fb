"""What the page Compare is about: one photo, a defect that is painted on it, or a set of photos."""

from typing import Literal, get_args

import streamlit as st

Look = Literal["One photo", "Paint a defect", "A set of photos"]

_LOOK, _PAINT = "photo", "Paint a defect"


def choose_look() -> Look:
    """Which of the three the page shows."""
    look: Look = st.segmented_control(
        "Compare on",
        get_args(Look),
        default="One photo",
        required=True,
        key=_LOOK,
        bind="query-params",
        help="One photo: what each model says of it. Paint a defect: damage the part with the mouse or a "
        "finger, and see which models copy the damage and which repair it. A set of photos: where the models "
        "disagree over all samples, or over your own photos.",
    )
    return look


def paints() -> bool:
    """Whether a defect is to be painted, before `choose_look` is drawn."""
    return bool(st.session_state.get(_LOOK, st.query_params.get(_LOOK)) == _PAINT)


def show_one_photo() -> None:
    """Turn to the photo that was chosen from the set; from a callback, before the page is drawn."""
    st.session_state[_LOOK] = get_args(Look)[0]
