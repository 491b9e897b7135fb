"""The lesson: one step on the page, where one is, and the way to the others."""

import streamlit as st

from workbench.components.errors import guarded, plain_errors
from workbench.inspection.samples import read_samples
from workbench.lesson.demonstration import Demonstration
from workbench.lesson.steps import Step, read_steps, step_number
from workbench.model_store import available
from workbench.settings import settings
from workbench.views.lesson.context import DAMAGE, PART, StepContext
from workbench.views.lesson.pictures import PICTURES
from workbench.views.shared.address import went_back, write_address
from workbench.views.shared.controls import show_strip
from workbench.views.shared.page import choose_device
from workbench.views.shared.session import current_explorer
from workbench.views.shared.visit import tell_what_is_held

_STEP, _ANSWERED = "lesson_step", "lesson_answered"
_LINK = "step"
_PART, _DAMAGE = "screw_good", 7  # which show the whole ladder well


def choose_step() -> int:
    """Where the student is: the link's step at first; returns its number."""
    if _STEP not in st.session_state or went_back():
        st.session_state[_STEP] = step_number(st.query_params.get(_LINK))
    steps = read_steps()
    number = int(st.session_state[_STEP])
    names = [f"{position + 1} {step.short}" for position, step in enumerate(steps)]
    with st.container(key="lesson_contents_bar"):
        show_strip(
            "Steps",
            "lesson_contents",
            names,
            names[number],
            lambda name: _go(names.index(name)),
            help="Each step has an address of its own, to be shown in a lecture or sent to somebody.",
        )
    return number


def show_step(number: int) -> None:
    """A step: its idea, its picture with one control, its question, and what is behind it."""
    steps = read_steps()
    step = steps[number]
    write_address(**{_LINK: step.name})
    with st.sidebar:
        device = choose_device()
        answered = st.session_state.setdefault(_ANSWERED, {})
        count = st.empty()  # filled below, when this step's answer is known
    st.progress((number + 1) / len(steps), text=f"{number + 1} of {len(steps)}")
    st.subheader(step.title, anchor=False)
    st.markdown(step.idea)
    _show_picture(step, device)
    _ask(step)
    right = sum(answered.get(other.name) == other.right for other in steps)
    count.caption(f"{right} of {len(steps)} questions answered correctly.")
    with st.expander("The formula, and where it comes from", key=f"lesson_formula_{step.name}"):
        st.markdown(step.formula)
        st.caption(f"Sources: {step.sources}")
    _offer_ways(number)


@st.fragment(key="lesson_picture")
def _show_picture(step: Step, device: str) -> None:
    with plain_errors():
        samples = read_samples(settings().samples)
        good = [name for name, sample in samples.items() if not sample.defective]
        st.session_state.setdefault(PART, _PART if _PART in good else good[0])
        st.session_state.setdefault(DAMAGE, _DAMAGE)
        st.session_state[PART] = st.session_state[PART] or good[0]
        for key in (PART, DAMAGE):
            st.session_state[key] = st.session_state[key]  # kept while its widget is on no step that is shown
        demonstration = Demonstration(current_explorer(), available.find_models(), device)
        with st.spinner("Asking the models"):
            PICTURES[step.name](
                StepContext(demonstration, samples, samples[st.session_state[PART]], st.session_state[DAMAGE])
            )
        sample = samples[st.session_state[PART]]
        st.caption(f"Image: {sample.source}, {sample.licence}.")
        tell_what_is_held()


def _ask(step: Step) -> None:
    """The question, and what is to be said about the answer."""
    answered = st.session_state[_ANSWERED]
    texts = [answer.text for answer in step.answers]
    chosen = st.radio(
        f"**Check yourself.** {step.question}",
        texts,
        index=answered.get(step.name),
        key=f"lesson_answer_{step.name}",
    )
    if chosen is None:
        return
    number = texts.index(chosen)
    answered[step.name] = number
    if number == step.right:
        st.success(step.answers[number].feedback, icon=":material/check:")
    else:
        st.info(f"Not quite. {step.answers[number].feedback}", icon=":material/undo:")


def _offer_ways(number: int) -> None:
    """Back and next; at the end the pages to go on with."""
    steps = read_steps()
    with st.container(horizontal=True):
        st.button(
            "Back",
            icon=":material/arrow_back:",
            disabled=number == 0,
            on_click=_go,
            args=(number - 1,),
            key="lesson_back",
        )
        if number + 1 < len(steps):
            st.button(
                f"Next: {steps[number + 1].title}",
                icon=":material/arrow_forward:",
                type="primary",
                on_click=_go,
                args=(number + 1,),
                key="lesson_next",
            )
    if number + 1 == len(steps):
        with st.container(horizontal=True):
            st.page_link("pages/inspect.py", label="Inspect your own photos", icon=":material/frame_inspect:")
            st.page_link("pages/layers.py", label="See every layer", icon=":material/layers:")
            st.page_link("pages/compare.py", label="Compare models", icon=":material/compare:")


@guarded
def _go(number: int) -> None:
    st.session_state[_STEP] = number
