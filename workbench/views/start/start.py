"""The page *Start*: a part with a faint scratch that an autoencoder misses and CRR finds, to play with."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from crr.checkpoints.files import CheckpointInfo
from workbench.basics.palettes import legend
from workbench.basics.pictures import picture_of
from workbench.components.answer import told_apart
from workbench.components.canvas import show_canvas
from workbench.components.errors import plain_errors
from workbench.components.strokes import Painting
from workbench.explanation.feature_pictures import ILLUSTRATION
from workbench.explanation.study_image import StudyImage, original
from workbench.inspection.image_file import sample_file
from workbench.inspection.photo import SamplePhoto
from workbench.inspection.samples import GallerySample, read_samples
from workbench.inspection.verdict import category_label
from workbench.lesson.demonstration import LADDER, Demonstration
from workbench.model_store import available
from workbench.model_store.cards import list_local_models
from workbench.settings import settings
from workbench.start.answers import PairedAnswer, ask_both, scratched
from workbench.start.example import StartExample, read_example
from workbench.views.shared.services import services
from workbench.views.shared.session import current_explorer
from workbench.views.shared.visit import START_PAINTING

_DEVICE = "cpu"  # the example has been asked there for all visitors
_STRENGTH = "start_strength"


@st.fragment(key="start_example")
def show_example() -> None:
    """The part to paint on, what both models make of it, and how strong the scratch is."""
    with plain_errors():
        example = read_example(settings().samples)
        sample = read_samples(settings().samples)[example.sample]
        if START_PAINTING not in st.session_state:
            st.session_state[START_PAINTING] = Painting(example.strokes)
        painting: Painting = st.session_state[START_PAINTING]
        percent = st.session_state.get(_STRENGTH, example.strength)
        whole = original(SamplePhoto(sample), sample_file(sample))
        study = scratched(whole, example, percent, painting.strokes)
        canvas, answers = st.columns([5, 8], gap="medium")
        with canvas, st.container(key="start_photo"):
            show_canvas(
                whole.file.picture,
                painting,
                key="start_canvas",
                description=f"{sample.title}, to paint a defect on",
                result=picture_of(study.image, whole.digest) if painting.strokes else None,
                glanced=True,
            )
        with canvas, st.container(key="start_strength_room"):
            st.select_slider(
                "Strength of the scratch, or of what you paint",
                example.strengths,
                value=example.strength,
                format_func=lambda strength: f"{strength} %",
                key=_STRENGTH,
                help="How much the paint covers what is below it.",
            )
        with answers:
            if study.touched:
                with st.spinner("Asking both models"):
                    found = _answers(example, painting, study, percent)
                with st.container(key="start_verdicts"):
                    st.html(_pair(map(_verdict, found)))
                with st.container(key="start_pictures"):
                    st.html(_pair(map(_pictures, found)))
                    st.html(legend("as usual", "very unusual"))
            else:
                st.info("Paint a scratch on the part: both models answer.", icon=":material/brush:")
        st.caption(_honesty(sample), help=ILLUSTRATION)


def _answers(
    example: StartExample, painting: Painting, study: StudyImage, percent: int
) -> Sequence[PairedAnswer]:
    if painting.strokes == example.strokes:
        return services().start_answers.at(percent)
    return ask_both(Demonstration(current_explorer(), available.find_models(), _DEVICE), study)


def _pair(columns: Iterable[str]) -> str:
    """What is said of both models, beside each other."""
    return f'<div class="pair">{"".join(columns)}</div>'


def _verdict(answer: PairedAnswer) -> str:
    """Whether a model finds the damage."""
    kind, word = ("found", "Found") if answer.shown.found else ("missed", "Missed")
    score, limit = told_apart(answer.shown.score, answer.shown.limit)
    return (
        f'<p class="verdict {kind}"><b>{word}</b> by {escape(answer.name)}<br>'
        f"<span>score {score}, limit {limit}</span></p>"
    )


def _pictures(answer: PairedAnswer) -> str:
    """What a model drew, and its heat-map."""
    name = escape(answer.name)
    drawing = (
        ""
        if answer.drawing is None
        else f'<figure><img src="{answer.drawing}" alt="The part as {name} draws it">'
        f"<figcaption>its drawing: <b>copies {answer.shown.percent}</b> of the damage</figcaption></figure>"
    )
    return (
        f'<section aria-label="{name}">{drawing}'
        f'<figure><img src="{answer.heatmap}" alt="Heat-map of {name}">'
        f"<figcaption>its heat-map</figcaption></figure></section>"
    )


def _honesty(sample: GallerySample) -> str:
    first, *_, last = LADDER.values()
    figures = {model.info.name: model.results.get("image_auroc") for model in list_local_models()}
    plain, crr = figures.get(first), figures.get(last)
    compared = (
        f" Over all test photos CRR ranks defects only a little better (I-AUROC {100 * crr:.1f} against "
        f"{100 * plain:.1f})."
        if crr is not None and plain is not None
        else ""
    )
    return (
        f"Chosen because it shows the effect.{compared} A strong defect may be found though most of it is "
        "copied: by what is left. Drawings are painted from features: an illustration, "
        f"not evidence. Image: {sample.source}, {sample.licence}."
    )


def show_ways() -> None:
    """Where to go on."""
    with st.container(key="ways"):
        lesson, inspect, compare = st.columns(3, gap="medium")
    with lesson:
        st.page_link(
            "pages/lesson.py", label="Understand it: the lesson, 10 minutes", icon=":material/school:"
        )
        st.caption("For teaching: nine steps, each with a link of its own.")
    with inspect:
        st.page_link("pages/inspect.py", label="Inspect my photos", icon=":material/frame_inspect:")
        st.caption("Drop photos or take one; they stay in memory, seen by nobody.")
    with compare:
        st.page_link("pages/compare.py", label="Compare models", icon=":material/compare:")
        st.caption("Where does each one fail? On your photos or ours.")


def show_how_it_works() -> None:
    """The method in a line, and which parts the model knows."""
    known = _known(available.find_models())
    st.caption(
        "How it works: 1 an encoder describes the photo · 2 a decoder redraws the good part · 3 what differs "
        "is the heat-map. *Collaborative Reconstruction and Repair*, "
        f"[arXiv 2512.11401](https://arxiv.org/abs/2512.11401). {known}"
    )


def _known(models: dict[str, CheckpointInfo]) -> str:
    *_, last = LADDER.values()
    if last not in models:
        return ""
    kinds = ", ".join(category_label(category) for category in models[last].categories)
    return f"It knows these parts: {kinds}; others are reported as unknown."
