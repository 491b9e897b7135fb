"""The last step of the lesson: the student paints a defect, two models answer; who loses it first?"""

import streamlit as st

from crr.types import Image
from workbench.basics.markdown import as_text
from workbench.basics.pictures import picture_of
from workbench.components.answer import told_apart
from workbench.components.canvas import show_canvas
from workbench.components.strokes import Painting, Stroke
from workbench.explanation.study_image import StudyImage
from workbench.lesson.demonstration import PAIR, ShownAnswer, shown_answer
from workbench.lesson.margins import where_lost
from workbench.lesson.plots import margins_figure
from workbench.painting.damage import Filling
from workbench.views.lesson.context import STRENGTH, StepContext, say_who_painted
from workbench.views.lesson.link import FIRST_STRENGTH
from workbench.views.shared.services import services
from workbench.views.shared.visit import LESSON_PAINTING

_MARGINS, _MARGINS_BYTES = "lesson_margins_found", 1024
_STRENGTHS = (10, 25, 40, 60, 100)
"""Percent that the chart is drawn through; each is a question to both models."""


def paint_one(context: StepContext) -> None:
    """The last step: a defect of the student's own, before an autoencoder and CRR."""
    whole = context.whole
    key = f"{LESSON_PAINTING}-{context.sample.name}"
    if key not in st.session_state:
        st.session_state[key] = Painting(_scratch(whole.image))
    painting: Painting = st.session_state[key]
    canvas, answers = st.columns([4, 5], gap="medium")
    with canvas:
        st.session_state.setdefault(STRENGTH, FIRST_STRENGTH)
        percent = st.slider(
            "Strength", 10, 100, step=10, format="%d %%", key=STRENGTH, help="How much the paint covers."
        )
        study = _painted(context, painting, percent)
        show_canvas(
            whole.file.picture,
            painting,
            key=f"lesson-canvas-{context.sample.name}",
            description=f"{context.sample.title}, to paint a defect on",
            result=picture_of(study.image, whole.digest) if study.touched else None,
        )
    with answers:
        if not study.touched:
            st.info("Paint a defect on the part: both models answer at once.", icon=":material/brush:")
            return
        for rung, name in PAIR.items():
            seen = _ask(context, study, painting, percent, rung)
            _show_row(context, study, name, seen)
        say_who_painted(seen.drawing is not None)
    _show_margins(context, painting, percent)


def _scratch(image: Image) -> tuple[Stroke, ...]:
    """A scratch to begin with, so that the step is never empty: upwards, across the middle of the part."""
    height, width = image.shape[:2]
    ends = ((0.46 * width, 0.56 * height), (0.56 * width, 0.46 * height))
    return (Stroke(tool="line", size=max(2.0, 0.03 * max(height, width)), points=ends),)


def _painted(context: StepContext, painting: Painting, percent: int) -> StudyImage:
    """The part with what was painted on it at a strength."""
    key = ("lesson-painted", context.sample.name, percent)
    filling = Filling(strength=percent / 100)
    return context.demonstration.painted(context.whole, painting.strokes, filling, key)


def _ask(context: StepContext, study: StudyImage, painting: Painting, percent: int, rung: str) -> ShownAnswer:
    def ask() -> ShownAnswer:
        return shown_answer(context.demonstration.ask(study, rung))

    if painting.strokes != _scratch(context.whole.image):
        return ask()
    key = (context.sample.name, percent, context.demonstration.choice(rung).key)
    return services().lesson_answers.of(key, ask, lambda made: made.nbytes)


def _show_row(context: StepContext, study: StudyImage, name: str, seen: ShownAnswer) -> None:
    """A model: how much it copies and whether it finds the defect, its answer, its heat-map."""
    score, limit = told_apart(seen.score, seen.limit)
    found = "found" if seen.found else "missed"
    st.markdown(
        f"**{as_text(name)}** copies {seen.percent} of it: **{found}** (score {score}, limit {limit})"
    )
    pictures: list[tuple[str, Image | None, str]] = []
    if seen.drawing is not None:
        pictures.append((f"{name}'s answer", seen.drawing, ""))
    pictures.append((f"{name}'s heat-map", seen.heatmap, ""))
    context.show(study, pictures, f"lesson-try-{name}", wide=True)


def _show_margins(context: StepContext, painting: Painting, percent: int) -> None:
    """Score minus limit against strength: where a line crosses zero, its model loses the defect."""
    lines = _margins(context, painting)
    where = " ".join(where_lost(name, _STRENGTHS, margins) for name, margins in lines.items())
    st.markdown(f"**Who loses it first?** Below the line of zero a model misses it. {where}")
    st.plotly_chart(
        margins_figure(_STRENGTHS, lines, percent), key="lesson_margins", config={"displayModeBar": False}
    )
    st.caption(
        "Both lines are of what is painted now, on this part; the first scratch shows the effect well. Over "
        "all test photos detection differs less: *Models* has the figures."
    )


def _margins(context: StepContext, painting: Painting) -> dict[str, list[float]]:
    """Model to score - limit at each strength; asked once for what is painted now."""
    key = (context.sample.name, painting.strokes)
    known: tuple[object, dict[str, list[float]]] | None = st.session_state.get(_MARGINS)
    if known is not None and known[0] == key:
        return known[1]

    def ask() -> dict[str, list[float]]:
        studies = [_painted(context, painting, strength) for strength in _STRENGTHS]
        return dict(zip(PAIR.values(), context.demonstration.margins(studies, list(PAIR)), strict=True))

    if painting.strokes == _scratch(context.whole.image):
        choices = tuple(context.demonstration.choice(rung).key for rung in PAIR)
        found = services().lesson_answers.of((*key, choices), ask, lambda _: _MARGINS_BYTES)
    else:
        found = ask()
    st.session_state[_MARGINS] = (key, found)
    return found
