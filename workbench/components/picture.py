"""The picture on the page: what Streamlit's charts lack is a zoom that outlasts a change of the threshold."""

from typing import Any

import streamlit as st

from workbench.components.assets import ZOOM_BUTTONS, read

_HTML = f"""
<div class="frame">
  <canvas role="img" tabindex="0"></canvas>
  {ZOOM_BUTTONS}
  <div class="readout" hidden></div>
</div>
"""


def show_picture(drawing: dict[str, Any], key: str) -> None:
    """Show what `inspection.drawing.draw` made; zoom and position stay while the key and the image stay."""
    component = st.components.v2.component(
        "crr_picture",
        html=_HTML,
        css=read("picture.css"),
        js=read("viewport.js", "picture.js"),
    )
    component(data=drawing, key=key)
