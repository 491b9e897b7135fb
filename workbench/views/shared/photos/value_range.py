"""Which values are black and white in a photo deeper than 8 bits that does not say so itself."""

from typing import TYPE_CHECKING

import streamlit as st

from crr.config import ValueRange

if TYPE_CHECKING:  # these need torch, and the gallery is on the screen before it is loaded
    from workbench.inspection.inspector import ModelChoice
    from workbench.inspection.visitor import VisitorState

_RANGES = {
    **{f"{bits} bits": ValueRange.of_bits(bits) for bits in (8, 10, 12, 14, 16)},
    "fractions": ValueRange(0, 1),
}


def choose_value_range(visitor: "VisitorState", choice: "ModelChoice") -> None:
    """Say how such a photo is read, and let the visitor say better; shows nothing for any other photo."""
    upload = visitor.batch.uploads.get(visitor.upload or "")
    if upload is None or not upload.silent:
        return
    batch = visitor.batch
    own = choice.model.value_range
    known = f"as the model was trained: {own}" if own else _guess(batch.guessed_range)
    names = [known, *(f"{name}: {value_range}" for name, value_range in _RANGES.items())]
    ranges = [None, *_RANGES.values()]
    place = ranges.index(batch.chosen_range) if batch.chosen_range in ranges else 0
    chosen = st.selectbox(
        "Values of black and white",
        names,
        index=place,
        help="This photo holds more than 8 bits and does not say which value is white. All your photos of "
        "this kind are read alike. Choose what the camera has, if this is wrong.",
    )
    wanted = ranges[names.index(chosen)]
    if wanted != batch.chosen_range:
        batch.choose_range(wanted)
        st.rerun()


def _guess(guessed: ValueRange | None) -> str:
    if guessed is None:
        return "not known: some of your photos hold fractions and some do not"
    return f"guessed from your photos: {guessed}"
