"""The picture on the page: what Streamlit's charts lack is a zoom that outlasts a change of the threshold."""

import streamlit as st

from workbench.components.assets import ZOOM_BUTTONS, read
from workbench.components.drawing import PictureDrawing

_HTML = f"""
<div class="frame">
  <canvas role="img" aria-label="The picture is on its way" tabindex="0"></canvas>
  {ZOOM_BUTTONS}
  <div class="readout" hidden></div>
</div>
"""


def show_picture(drawing: PictureDrawing, key: str) -> None:
    """Show what `inspection.drawing.draw` made; zoom and position stay while the key and the image stay."""
    component = st.components.v2.component(
        "crr_picture",
        html=_HTML,
        css=read("picture.css"),
        js=read("viewport.js", "picture.js"),
    )
    component(data=drawing, key=key)
