"""The identity index over the layers, for several models: a layer that copies is seen at once."""

from collections.abc import Sequence

import streamlit as st

from crr.anomalies import HELD_OUT
from crr.identity.index import Origin
from crr.inference.forward import FeatureMask
from workbench.basics.markdown import as_text
from workbench.basics.model_names import shown_model
from workbench.explanation.explorer import LayerExplanation
from workbench.explanation.identity_index import best_known
from workbench.explanation.plots import index_figure
from workbench.explanation.study_image import StudyImage
from workbench.inspection.inspector import ModelChoice
from workbench.model_store import available
from workbench.views.shared.progress import progress
from workbench.views.shared.session import current_explorer

_MOST_MODELS = 6
_BESIDE = "autoencoder-embedded"
_MEASURED_ON: dict[Origin, str] = {
    "painted": "Measured on your damage: 1 = copied, 0 = repaired.",
    "marked": "Estimated for the real defect where it is marked, with nothing hidden: 1 = copied, "
    "0 = repaired. There is no photo of this part before its defect, so for each of its patches the nearest "
    "normal patch stands in. Where there was one, on circuit boards, such estimates were 0.15 to 0.25 too "
    "low: they tell models apart that differ much.",
    "test": "Measured on a test damage to this photo, of kinds that no model here is trained on "
    f"({' and '.join(HELD_OUT)}), with nothing hidden: 1 = copied, 0 = repaired. Paint your own on the page "
    "Compare.",
}


def show_index(
    study: StudyImage,
    explanations: Sequence[LayerExplanation],
    mask: FeatureMask,
) -> None:
    """Show the index, a line a model: those shown above, an autoencoder, and others that are chosen here."""
    found = available.find_models()
    above = [answer.name for answer in explanations]
    default = list(dict.fromkeys([*above, *(name for name in (_BESIDE,) if name in found)]))
    st.header("Which layers copy", anchor=False)
    names = st.multiselect(
        "Models",
        list(found),
        default=default,
        key=f"index_models-{'-'.join(above)}",
        max_selections=_MOST_MODELS,
        format_func=shown_model,
        help="The identity index by layer: the share of a damage that passes through the decoder.",
    )
    if not names:
        st.caption("Choose a model.")
        return
    asked = [ModelChoice(found[name], explanations[0].choice.device) for name in names]
    origin = _origin(study, explanations)
    with st.spinner("Asking the models"), progress("Looking once at") as tell:
        indices, failed = current_explorer().indices(study, asked, mask, origin, tell)
    for name, sentence in failed.items():
        st.warning(as_text(f"{name}: {sentence}"), icon=":material/error:")
    layers = {
        shown_model(name): copied.layers for name, copied in indices.items() if copied.index is not None
    }
    if not layers:
        st.caption("The damage does not show in the features of these models.")
        return
    st.plotly_chart(index_figure(layers), key="index_layers", config={"displayModeBar": False})
    st.caption(_MEASURED_ON[origin])


def _origin(study: StudyImage, explanations: Sequence[LayerExplanation]) -> Origin:
    """What all models are compared on: the best that is known for each of those shown above."""
    origins = {best_known(study, found.explanation, found.normal.reference) for found in explanations}
    return origins.pop() if len(origins) == 1 else "test"
