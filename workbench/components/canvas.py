"""A picture that visitors paint on: a defect to damage a part with, or a mask to annotate it."""

import streamlit as st

from workbench.basics.palettes import DEFECT
from workbench.basics.pictures import Picture
from workbench.components.assets import ZOOM_BUTTONS, read
from workbench.components.errors import guarded
from workbench.components.strokes import MAX_POINTS, MAX_STROKES, Painting, Stroke

_TOOLS = {
    "brush": ("Brush", "B", "M20 4 11 13M11 13c-4-1-6 2-6 4 0 1-1 2-2 2 4 2 10 1 10-4 0-1-1-2-2-2z"),
    "line": ("Line", "L", "M5 19 19 5"),
    "rectangle": ("Rectangle", "R", "M4 6h16v12H4z"),
    "polygon": ("Polygon; click its first corner, or Enter, to close it", "P", "M4 10 12 4l8 7-4 9H8z"),
    "eraser": ("Eraser", "E", "M9 20 4 15 15 4l5 5L9 20M9 10l5 5M9 20h11"),
}
_STEPS = {
    "undo": ("Undo", "Ctrl+Z", "M8 5 4 9l4 4M4 9h10a5 5 0 0 1 0 10H9"),
    "redo": ("Redo", "Ctrl+Shift+Z", "M16 5l4 4-4 4M20 9H10a5 5 0 0 0 0 10h5"),
    "clear": ("Clear", "Delete", "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13"),
}


def _button(attribute: str, label: str, key: str, path: str) -> str:
    name = label.split(";")[0]
    return (
        f'<button type="button" {attribute} aria-label="{name}" title="{label} ({key})">'
        f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{path}"/></svg></button>'
    )


_HTML = f"""
<div class="painter">
  <div class="bar" role="group" aria-label="Painting">
    <div role="group" aria-label="Tool">
      {"".join(_button(f'value="{name}"', *shown) for name, shown in _TOOLS.items())}
    </div>
    <div role="group" aria-label="Steps">
      {"".join(_button(f'name="{name}"', *shown) for name, shown in _STEPS.items())}
    </div>
    <label class="size" title="Width of brush, line and eraser in pixels of the image ([ and ])">
      Size <input type="range" min="1" step="1"><output></output>
    </label>
  </div>
  <div class="frame">
    <canvas role="img" aria-label="The picture is on its way" tabindex="0"></canvas>
    <div class="ring" hidden></div>
    {ZOOM_BUTTONS}
    <div class="note" role="status" hidden>There is no room for more strokes: undo some, or clear them.</div>
  </div>
</div>
"""


def show_canvas(
    picture: Picture,
    painting: Painting,
    *,
    key: str,
    description: str,
    result: Picture | None = None,
    colour: str = DEFECT,
    glanced: bool = False,
) -> tuple[Stroke, ...]:
    """Let the visitor paint on a picture.

    A finished stroke sets off a rerun, and `painting.strokes` holds it from the start of that rerun on: a
    page can make the result before it comes here.

    Args:
        picture: What is painted on; another digest starts with the whole picture and a usual brush.
        painting: Where the strokes are kept, in pixels of the original image. It belongs in the session; a
            new one starts anew.
        key: Streamlit's key of the canvas.
        description: Names the picture to those who cannot see it.
        result: Shown in place of the picture, with the same proportions: for example the part with the
            painted defect. What was painted before it was made is outlined, what comes after is filled.
        colour: CSS colour of the strokes.
        glanced: Whether most people look and do not paint: then what was painted is outlined only below the
            pointer, so that it can be seen, and a finger that moves up or down scrolls the page.

    Returns:
        The strokes in the order in which they were painted.
    """

    @guarded
    def take() -> None:
        painting.take(st.session_state[key].get("painting"))

    component = st.components.v2.component(
        "crr_canvas",
        html=_HTML,
        css=read("canvas.css"),
        js=read("viewport.js", "strokes.js", "gestures.js", "sketch.js", "canvas.js"),
    )
    component(
        data={
            "digest": picture.digest,
            "size": list(picture.size),
            "photo": picture.uri,
            "result": None if result is None else result.uri,
            "painting": painting.identity,
            "version": painting.version,
            "strokes": painting.as_json(),
            "limits": {"strokes": MAX_STROKES, "points": MAX_POINTS},
            "colour": colour,
            "description": description,
            "glanced": glanced,
        },
        key=key,
        on_painting_change=take,
    )
    return painting.strokes
