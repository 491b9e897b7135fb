"""The last step of the lesson: the student paints a defect, and two models answer."""

import numpy as np
import streamlit as st

from crr.types import Image
from workbench.basics.pictures import picture_of
from workbench.components.canvas import show_canvas
from workbench.components.strokes import Painting
from workbench.lesson.demonstration import LADDER, Demonstration, heat
from workbench.painting.damage import Damaged, Filling, paint
from workbench.views.lesson.context import StepContext, say_who_painted, verdict_of
from workbench.views.shared.visit import LESSON_PAINTING

_FIRST, *_, _LAST = LADDER


def paint_one(context: StepContext) -> None:
    """The last step: a defect of the student's own, before an autoencoder and CRR."""
    whole = context.whole
    key = f"{LESSON_PAINTING}-{context.sample.name}"
    if key not in st.session_state:
        st.session_state[key] = Painting()
    painting: Painting = st.session_state[key]
    percent = st.slider(
        "Strength", 10, 100, 100, 10, format="%d %%", key="lesson_strength", help="How much the paint covers."
    )
    nothing = np.zeros(whole.image.shape[:2], dtype=bool)
    damaged = paint(Damaged(whole.image, nothing), painting.strokes, Filling(strength=percent / 100))
    canvas, answers = st.columns([5, 6], gap="medium")
    touched = bool(damaged.mask.any())
    with canvas:
        show_canvas(
            whole.file.picture,
            painting,
            key=f"lesson-canvas-{context.sample.name}",
            description=f"{context.sample.title}, to paint a defect on",
            result=picture_of(damaged.image, whole.digest) if touched else None,
        )
    with answers:
        if not touched:
            st.info("Paint a defect on the part: both models answer at once.", icon=":material/brush:")
            return
        study = Demonstration.damaged(
            whole, damaged, ("lesson-painted", context.sample.name, painting.strokes, percent)
        )
        pictures: list[tuple[str, Image | None, str]] = []
        for rung, name in ((_FIRST, "autoencoder"), (_LAST, "CRR")):
            seen = context.demonstration.ask(study, rung)
            if seen.painted is not None:
                pictures.append((f"{name}'s answer", seen.painted[1], f"copies {seen.percent} of it"))
            levels = heat(seen.found.explanation.terms.fused().anomaly_map)
            pictures.append((f"{name}'s map", levels, verdict_of(seen.found.explanation.inspection)))
        context.show(study, pictures, "lesson-try")
        say_who_painted(seen.painted)
