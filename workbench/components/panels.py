"""Pictures of one photo side by side: zoom, position and the place pointed at are the same in all of them."""

from collections.abc import Callable

import streamlit as st

from workbench.components.assets import ZOOM_BUTTONS, read
from workbench.components.drawing import PanelsDrawing
from workbench.components.errors import guarded

_HTML = f"""
<div class="panels"></div>
<div class="foot">
  <div class="readout">Point at a place to read all models there. Ctrl with the wheel zooms, drag moves.</div>
  {ZOOM_BUTTONS}
</div>
"""


Place = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the picture; a point where they are equal."""


def show_panels(drawing: PanelsDrawing, key: str, chosen: Callable[[Place], None] | None = None) -> None:
    """Show what `workbench.comparison.drawing` or `workbench.explanation.drawing` made.

    Pictures of one photo on a page move together.

    Args:
        drawing: The drawing that one of these made.
        key: Streamlit's key.
        chosen: Hears which place the visitor chose, before the page runs again; needs `pick` in the drawing.
    """
    component = st.components.v2.component(
        "crr_compare",
        html=_HTML,
        css=read("panels.css"),
        js=read("viewport.js", "panel.js", "panels.js"),
    )

    @guarded
    def take() -> None:
        place = st.session_state[key].get("spot")
        if chosen is not None and place is not None and len(place) == 4:
            left, top, right, bottom = map(float, place)
            chosen((left, top, right, bottom))

    component(data=drawing, key=key, on_spot_change=take)
