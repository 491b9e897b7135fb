"""Pictures of one photo side by side: zoom, position and the place pointed at are the same in all of them."""

from typing import Any

import streamlit as st

from workbench.components.assets import ZOOM_BUTTONS, read

_HTML = f"""
<div class="panels"></div>
<div class="foot">
  <div class="readout">Point at a place to read all models there. Wheel zooms, drag moves.</div>
  {ZOOM_BUTTONS}
</div>
"""


def show_panels(drawing: dict[str, Any], key: str) -> None:
    """Show what `workbench.comparison_drawing` made; pictures of one photo on a page move together."""
    component = st.components.v2.component(
        "crr_compare",
        html=_HTML,
        css=read("compare.css"),
        js=read("viewport.js", "compare_panel.js", "compare.js"),
    )
    component(data=drawing, key=key)
