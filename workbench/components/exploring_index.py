"""The identity index over the layers, for several models: a layer that copies is seen at once."""

from collections.abc import Sequence

import streamlit as st

from crr.anomalies import HELD_OUT
from crr.explanation import Hidden
from workbench import models
from workbench.batch import Question
from workbench.exploration import Exploration
from workbench.explored import Shown, indices_of
from workbench.inspection import Inspector
from workbench.layer_plots import index_figure
from workbench.markdown import as_text

_MOST = 6
_BESIDE = "autoencoder-embedded"


def show_index(
    shown: Shown,
    questions: Sequence[Question],
    inspector: Inspector,
    exploration: Exploration,
    hidden: Hidden,
) -> None:
    """A line a model; the models shown above, an autoencoder, and others that are chosen here."""
    found = models.find_models()
    above = [question.model.name for question in questions]
    default = list(dict.fromkeys([*above, *(name for name in (_BESIDE,) if name in found)]))
    st.subheader("Which layers copy", anchor=False)
    names = st.multiselect(
        "Models",
        list(found),
        default=default,
        key=f"index_models-{'-'.join(above)}",
        max_selections=_MOST,
        help="The identity index by layer: the share of a damage that passes through the decoder.",
    )
    if not names:
        st.caption("Choose a model.")
        return
    asked = [Question(found[name], questions[0].device) for name in names]
    with st.spinner("Asking the models"):
        indices, failed = indices_of(shown, asked, inspector, exploration, hidden)
    for name, sentence in failed.items():
        st.warning(as_text(f"{name}: {sentence}"), icon=":material/error:")
    layers = {name: copied.layers for name, copied in indices.items() if copied.index is not None}
    if not layers:
        st.caption("The damage does not show in the features of these models.")
        return
    st.plotly_chart(index_figure(layers), key="index_layers", config={"displayModeBar": False})
    if shown.mask is not None:
        st.caption("Measured on your damage: 1 = copied, 0 = repaired.")
    else:
        st.caption(
            f"Measured on a test damage to this photo, of kinds that no model here is trained on "
            f"({' and '.join(HELD_OUT)}), with nothing hidden: 1 = copied, 0 = repaired. Paint your own on "
            "the page Compare."
        )
