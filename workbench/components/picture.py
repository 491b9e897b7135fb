"""The picture on the page: what Streamlit's charts lack is a zoom that outlasts a change of the threshold."""

from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_HTML = """
<div class="frame">
  <canvas role="img" tabindex="0"></canvas>
  <div class="tools">
    <button class="closer" title="Closer (+)">+</button>
    <button class="further" title="Further (-)">&minus;</button>
    <button class="whole" title="The whole picture (0)">&#x2922;</button>
  </div>
  <div class="readout" hidden></div>
</div>
"""


def show_picture(drawing: dict[str, Any], key: str) -> None:
    """Show what `workbench.drawing.draw` made; zoom and position stay while the key and the image stay."""
    component = st.components.v2.component(
        "crr_picture",
        html=_HTML,
        css=(_FOLDER / "picture.css").read_text(encoding="utf-8"),
        js=(_FOLDER / "picture.js").read_text(encoding="utf-8"),
    )
    component(data=drawing, key=key)
