"""Two pages, one with a canvas: what the tests of the canvas drive."""

import json
import time

import numpy as np
import streamlit as st

from workbench.basics.pictures import picture_of
from workbench.components.canvas import show_canvas
from workbench.components.strokes import Painting, mask_of

SIZE = (300, 400)  # height, width; shown twice as large where there is room
GREY = 64
DAMAGE = (20, 160, 60)


def paint() -> None:
    with st.container(horizontal=True):
        damaged = st.toggle("Show the damage")
        slow = st.toggle("Slow")
        shade = 96 if st.toggle("Another picture") else GREY
        anew = st.button("Start anew")
    paintings = st.session_state.setdefault("paintings", {})
    if anew or shade not in paintings:
        paintings[shade] = Painting()
    painting = paintings[shade]
    mask = mask_of(painting.strokes, SIZE)
    image = np.full((*SIZE, 3), shade, np.uint8)
    result = image.copy()
    result[mask] = DAMAGE
    if slow:
        time.sleep(1.5)
    with st.container(width=800):
        strokes = show_canvas(
            picture_of(image, f"shade {shade}"),
            painting,
            key="canvas",
            description="A grey part",
            result=picture_of(result, "result") if damaged else None,
        )
    st.html(f'<pre class="strokes" hidden>{json.dumps(painting.as_json())}</pre>')
    st.text(f"Strokes: {len(strokes)}")


def rest() -> None:
    st.text(f"Strokes kept: {len(st.session_state.paintings[GREY].strokes)}")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    st.navigation([st.Page(paint, title="Paint"), st.Page(rest, title="Rest")]).run()
