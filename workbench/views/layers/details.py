"""What lies behind a place that was chosen: a picture of the answer, the channels, and the sum there."""

import streamlit as st

from crr.errors import CRRError
from crr.types import Image
from workbench.basics.markdown import as_text
from workbench.basics.places import for_visitors
from workbench.components.panels import show_panels
from workbench.explanation.drawing import draw_pictures
from workbench.explanation.feature_pictures import ILLUSTRATION, NO_PAINTER
from workbench.explanation.patch_reading import contributions
from workbench.explanation.plots import channels_figure, shares_figure
from workbench.views.layers.fusion import Weights
from workbench.views.layers.state import ExplorerState
from workbench.views.shared.session import current_explorer


def show_answer_picture(view: ExplorerState) -> None:
    """The photo, what the encoder saw of it as a picture, and what the decoder answered."""
    found = view.found
    painted, problem = None, ""
    try:
        painted = current_explorer().pictures(found)
    except CRRError as error:
        problem = for_visitors(error)
    pictures: list[tuple[str, Image | None, str]] = [("photo", None, "")]
    if painted is not None:
        pictures.append(("encoder's features", painted[0], "painted: the control"))
        pictures.append(("decoder's answer", painted[1], "painted: a copy, or a normal part?"))
    drawing = draw_pictures(
        pictures, found.picture, found.explanation.view, view.location, view.pick, found.outlines
    )
    left, right = view.sides()
    with left:
        show_panels(drawing, view.key("painted"), view.chosen)
    with right:
        st.markdown("**Picture of the answer**: what the decoder believes the part looks like")
        if painted is not None:
            st.caption(ILLUSTRATION)
        elif problem:
            st.warning(as_text(problem), icon=":material/broken_image:")
        else:
            st.info(NO_PAINTER, icon=":material/format_paint:")


def show_adding_up(view: ExplorerState, weights: Weights) -> None:
    """What each layer adds to the map at the place that was chosen."""
    explanation = view.found.explanation
    names = [layer.layer.name for layer in explanation.layers]
    if explanation.terms.segmentation is not None:
        names.append("segmentation")
    values = contributions(explanation, view.local, weights.layers, weights.distance)
    st.plotly_chart(shares_figure(names, values), key=view.key("shares"), config={"displayModeBar": False})
    st.caption(f"What adds up to {sum(values):.2f} here.")


def show_channels(view: ExplorerState) -> None:
    """Single channels at the place that was chosen."""
    found = view.found
    with st.expander("Channels that differ most here"):
        names = [layer.layer.name for layer in found.explanation.layers]
        figure = channels_figure(dict(zip(names, view.at, strict=True)))
        st.plotly_chart(figure, key=view.key("channels"), config={"displayModeBar": False})
        if found.normal.reference is None:
            st.caption("In deviations of this image's own patches from their mean.")
            return
        st.caption(
            "In deviations of normal patches from their mean: beyond 3 is unusual. Where the decoder's point "
            "lies near 0 it answers with what is usual."
        )
