"""Pictures of one photo side by side: zoom, position and the place pointed at are the same in all of them."""

from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_HTML = """
<div class="panels"></div>
<div class="foot">
  <div class="readout">Point at a place to read all models there. Wheel zooms, drag moves.</div>
  <div class="tools">
    <button class="closer" title="Closer (+)">+</button>
    <button class="further" title="Further (-)">&minus;</button>
    <button class="whole" title="The whole picture (0)">&#x2922;</button>
  </div>
</div>
"""


def show_panels(drawing: dict[str, Any], key: str) -> None:
    """Show what `workbench.comparison_drawing` made; pictures of one photo on a page move together."""
    component = st.components.v2.component(
        "crr_compare",
        html=_HTML,
        css=(_FOLDER / "compare.css").read_text(encoding="utf-8"),
        js="\n".join(_script(name) for name in ("viewport.js", "compare_panel.js", "compare.js")),
    )
    component(data=drawing, key=key)


def _script(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
