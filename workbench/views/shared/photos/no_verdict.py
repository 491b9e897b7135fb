"""Why a photo has no verdict, and what to do then: the same words on every page."""

import streamlit as st

from crr.types import Inspection
from workbench.basics.markdown import as_text
from workbench.inspection.verdict import category_label
from workbench.settings import settings


def say_why_no_verdict(inspection: Inspection) -> None:
    """A warning if the photo shows no part, or one that the model does not know."""
    if not inspection.seen:
        st.warning(
            "This photo shows nothing: it is black, white, saturated, empty, or noise alone. No model can "
            "judge it, and its score means nothing. Check the camera, the light and the file.",
            icon=":material/visibility_off:",
        )
    elif not inspection.known:
        st.warning(
            "This looks like nothing the model was trained on "
            f"(nearest: {as_text(category_label(inspection.category))}). The score means little.",
            icon=":material/help:",
        )


def say_how_to_train() -> None:
    """How a model of one's own is made."""
    where = (
        "duplicate this Space, or install the workbench on a machine of yours, and train there"
        if settings().on_space
        else "train a model of your own"
    )
    with st.expander(f"To inspect this kind of part, {where}", icon=":material/model_training:"):
        st.markdown(
            "On 30 or more photos of good parts; that takes about half an hour on two CPU cores. The model "
            "is then among those at the left."
        )
        st.code("crr train --data my_parts --out checkpoints/my_model", language="bash")
