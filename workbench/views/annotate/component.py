"""The desk of the page Annotate: a picture to mark regions on, and what is said of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from crr.visualization.colormap import colour_table
from workbench.components.assets import ZOOM_BUTTONS, read
from workbench.components.drawing import base64_of
from workbench.components.errors import guarded
from workbench.components.strokes import MAX_POINTS, MAX_STROKES

_TOOLS = {
    "brush": ("Brush", "B"),
    "eraser": ("Eraser", "E"),
    "line": ("Line", "L"),
    "rectangle": ("Rectangle", "R"),
    "polygon": ("Polygon", "P"),
    "fill": ("Fill", "F"),
    "snap": ("Snap", "W"),
}
_JUDGEMENTS = {"good": ("Good", "G"), "defective": ("Defective", "D"), "unsure": ("Unsure", "U")}
_LAYERS = {"map": ("Map", "M"), "regions": ("Regions", "V")}
_SETTLE = {
    "mine": ("Mine", ""),
    "theirs": ("Theirs", ""),
    "both": ("Both", ""),
    "neither": ("Neither", ""),
}


def _button(act: str, label: str, key: str, value: str = "") -> str:
    shown, title = (f" <kbd>{key}</kbd>", f"{label} ({key})") if key else ("", label)
    return (
        f'<button type="button" data-act="{act}" data-value="{value}" title="{title}">{label}{shown}</button>'
    )


def _buttons(act: str, shown: Mapping[str, tuple[str, str]]) -> str:
    return "".join(_button(act, label, key, value) for value, (label, key) in shown.items())


_HTML = f"""
<div class="review empty">
  <div class="top">
    <span class="progress" role="status"></span>
    <span class="status" role="status" data-state="saved">saved</span>
    <button type="button" data-act="help" aria-label="Keys">Keys <kbd>?</kbd></button>
  </div>
  <p class="news" role="status"></p>
  <div class="bar rest" role="group" aria-label="On" hidden>
    {_button("next", "What you passed over", "J")}{_button("previous", "Previous", "K")}</div>
  <p class="problem" role="alert" hidden></p>
  <div class="conflict" role="alertdialog" aria-label="Two saved the same image" hidden>
    <p class="who"></p><ul class="both"></ul>
    {_buttons("settle", _SETTLE)}
  </div>
  <div class="desk">
    <div class="left">
      <div class="bar" role="group" aria-label="Tools">{_buttons("tool", _TOOLS)}
        {_button("undo", "Undo", "Ctrl+Z")}{_button("redo", "Redo", "Ctrl+Y")}
        <label class="size" title="Width of brush, line and eraser ([ and ])">Size
          <input type="range" min="1" step="1"><output></output></label>
      </div>
      <div class="frame">
        <canvas role="img" aria-label="The picture is on its way" tabindex="0"></canvas>
        <div class="ring" hidden></div>
        {ZOOM_BUTTONS.replace('name="', 'data-act="')}
      </div>
      <div class="bar" role="group" aria-label="Layers">{_buttons("layer", _LAYERS)}
        {_button("model", "Next model", "T")}{_button("accept", "Take the model's mask", "A")}
        <span class="model"></span></div>
    </div>
    <div class="right">
      <p class="name"></p><p class="facts"></p>
      <div class="bar" role="group" aria-label="Verdict">{_buttons("judge", _JUDGEMENTS)}</div>
      <div class="bar" role="group" aria-label="On">{_button("save", "Save and next", "Enter")}
        {_button("next", "Next", "J")}{_button("previous", "Previous", "K")}
        {_button("skip", "Put off", "S")}</div>
      <h2>Regions</h2>
      <div class="regions" role="group" aria-label="Regions"></div>
      <div class="bar">{_button("region", "Another region", "X")}{_button("remove", "Remove", "Delete")}
        <label>Class <select name="class"></select></label></div>
      <h2>Why the model failed</h2>
      <div class="tags bar" role="group" aria-label="Why the model failed"></div>
      <ul class="causes" aria-label="Measured"></ul>
      <div class="bar"><label>Severity <select name="severity"><option value="">not said</option>
        <option>minor</option><option>major</option><option>critical</option></select></label></div>
      <label>Note <kbd>N</kbd><textarea class="note-text" rows="2" maxlength="20000"></textarea></label>
      <details><summary>History</summary><div class="history"></div></details>
    </div>
  </div>
  <dialog aria-label="Keys">
    <div class="keys"></div><form method="dialog"><button>Close</button></form></dialog>
</div>
"""


def show_review(
    *,
    ticket: str,
    address: str,
    owner: str,
    name: str,
    project: int,
    scheme: Mapping[str, Any],
    models: Sequence[str],
    wish: Mapping[str, Any],
    renew: Callable[[], None],
) -> None:
    """Let a person review image after image; the browser asks the review service itself.

    Args:
        ticket: What it shows the service.
        address: Where the service is, from this page.
        owner: Person and project, by which the browser keeps drafts apart.
        name: Of the person, which the browser remembers for the next visit; empty if they sign in.
        project: Number of the project; another one starts anew.
        scheme: Classes and tags.
        models: That are asked about each image; after a change they are asked again.
        wish: Which images, in which order; another wish starts anew.
        renew: Called when the service does not know the ticket any more; the next run gives another.
    """
    component = st.components.v2.component(
        "crr_review",
        html=_HTML,
        css=read("review.css"),
        js=read(
            "viewport.js", "strokes.js", "gestures.js", "sketch.js", "run_lengths.js", "review_canvas.js",
            "review_client.js", "review_panel.js", "review_conflict.js", "review_served.js", "review_keys.js",
            "review.js",
        ),
    )  # fmt: skip
    component(
        data={
            "ticket": ticket,
            "address": address,
            "owner": owner,
            "name": name,
            "project": project,
            "scheme": scheme,
            "models": list(models),
            "wish": wish,
            "colours": base64_of(colour_table(transparent=True)),
            "limits": {"strokes": MAX_STROKES, "points": MAX_POINTS},
        },
        key="review",
        on_ticket_change=guarded(renew),
    )
