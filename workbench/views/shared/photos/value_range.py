"""Which values are black and white in a photo deeper than 8 bits that does not say so itself."""

from typing import TYPE_CHECKING

import streamlit as st

from crr.config import ValueRange
from crr.data.inventory.sentences import named
from workbench.basics.markdown import as_text

if TYPE_CHECKING:  # these need torch, and the gallery is on the screen before it is loaded
    from workbench.inspection.inspector import ModelChoice
    from workbench.inspection.visitor import VisitorState

_KNOWN = {
    **{f"{bits} bits": ValueRange.of_bits(bits) for bits in (8, 10, 12, 14, 16)},
    "fractions": ValueRange(0, 1),
}
RANGES = {f"{name}: {value_range}": value_range for name, value_range in _KNOWN.items()}
"""What cameras have, as it is offered."""


def choose_value_range(visitor: "VisitorState", choice: "ModelChoice") -> None:
    """Say how such a photo is read, and let the visitor say better; shows nothing for any other photo."""
    batch = visitor.batch
    upload, asking = batch.uploads.get(visitor.upload or ""), batch.asking
    if not asking and (upload is None or not upload.silent):
        return
    names = [_known(choice.model.value_range, batch.guessed_range), *RANGES]
    ranges = [None, *RANGES.values()]
    place = ranges.index(batch.chosen_range) if batch.chosen_range in ranges else 0
    chosen = st.selectbox(
        "Values of black and white",
        names,
        index=place,
        help="Which values are black and white in photos that hold more than 8 bits and do not say it. All "
        "your photos of this kind are read alike. Choose what the camera has, if this is wrong.",
    )
    if asking:
        st.caption(
            as_text(f"Not inspected before it is chosen: {named([upload.name for upload in asking])}.")
        )
    wanted = ranges[names.index(chosen)]
    if wanted != batch.chosen_range:
        batch.choose_range(wanted)
        st.rerun()


def _known(own: ValueRange | None, guessed: ValueRange | None) -> str:
    if own is not None:
        return f"as the model was trained: {own}"
    return (
        "not known: choose what the camera has" if guessed is None else f"guessed from your photos: {guessed}"
    )
