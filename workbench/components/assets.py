"""What the components of our own are made of: files beside this one, and buttons that several show."""

from pathlib import Path

FRONTEND = Path(__file__).parent / "frontend"
"""The folder of style sheets and scripts."""

ZOOM_BUTTONS = """
<div class="tools">
  <button type="button" name="closer" aria-label="Closer" title="Closer (+)">+</button>
  <button type="button" name="further" aria-label="Further" title="Further (-)">&minus;</button>
  <button type="button" name="whole" aria-label="Whole picture" title="Whole picture (0)">⤢</button>
</div>
"""
"""Buttons to zoom, named as the methods of `Viewport` in viewport.js."""


def read(*names: str) -> str:
    """The files of these names in one, because Streamlit takes one script and one style sheet a component."""
    return "\n".join((FRONTEND / name).read_text(encoding="utf-8") for name in names)
