"""The lesson: one step on the page, where one is, and the way to the others."""

import streamlit as st

from workbench.components.assets import FRONTEND
from workbench.components.browser_buttons import show_copy_link
from workbench.components.errors import guarded, plain_errors
from workbench.components.steps import tend_steps
from workbench.inspection.samples import read_samples
from workbench.lesson.demonstration import Demonstration
from workbench.lesson.steps import Step, read_steps, step_number
from workbench.model_store import available
from workbench.settings import settings
from workbench.views.lesson.context import DAMAGE, PART, StepContext
from workbench.views.lesson.link import read_link, write_link
from workbench.views.lesson.pictures import PICTURES
from workbench.views.shared.address import went_back, write_address
from workbench.views.shared.controls import show_strip
from workbench.views.shared.page import NAME, choose_device, head_page
from workbench.views.shared.session import current_explorer
from workbench.views.shared.visit import tell_what_is_held

_STEP, _ANSWERED = "lesson_step", "lesson_answered"
_LINK, _PRESENT = "step", "present"


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
    presents = st.query_params.get(_PRESENT) == "1"
    if presents:
        st.html(FRONTEND / "present.css")
    with st.sidebar:
        device = choose_device()
        answered = st.session_state.setdefault(_ANSWERED, {})
        count = st.empty()  # filled below, when this step's answer is known
    with st.container(key="lesson_keys"):
        tend_steps(number, _go, presents, lambda: _present(False))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress((number + 1) / len(steps), text=f"{number + 1} of {len(steps)}")
        _offer_steps(number, "lesson_top")
        if presents:
            _offer_presentation(presents, "lesson_top")
    head_page(step.title, f"Lesson {number + 1}: {step.short} · {NAME}")
    st.markdown(step.idea)
    _show_picture(step, device)
    _ask(step)
    right = sum(answered.get(other.name) == other.right for other in steps)
    count.caption(f"{right} of {len(steps)} questions answered correctly.")
    with st.expander("The formula, and where it comes from", key=f"lesson_formula_{step.name}"):
        st.markdown(step.formula)
        st.caption(f"Sources: {step.sources}")
    if number + 1 == len(steps) and step.name in answered:
        st.success(
            f"You answered {right} of {len(steps)} questions correctly. In three sentences: a decoder that "
            "learnt good parts only may still copy what it is shown, and then a defect differs nowhere. What "
            "was hidden or had to be repaired in training is copied less. How much is copied can be "
            "measured where the undamaged part is known.",
            icon=":material/school:",
        )
    _offer_ways(number)
    _offer_link(presents)


@st.fragment(key="lesson_picture")
def _show_picture(step: Step, device: str) -> None:
    with plain_errors():
        samples = read_samples(settings().samples)
        read_link()
        demonstration = Demonstration(current_explorer(), available.find_models(), device)
        with st.container(key=f"lesson_picture_{step.name}"), st.spinner("Asking the models"):
            PICTURES[step.name](
                StepContext(demonstration, samples, samples[st.session_state[PART]], st.session_state[DAMAGE])
            )
        write_link(step.name)
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
        st.info(step.answers[number].feedback, icon=":material/undo:")


def _offer_ways(number: int) -> None:
    """Back and next; at the end the pages to go on with."""
    steps = read_steps()
    with st.container(horizontal=True):
        _offer_steps(number, "lesson", f"Next: {steps[number + 1].title}" if number + 1 < len(steps) else "")
    if number + 1 == len(steps):
        with st.container(horizontal=True):
            st.page_link("pages/inspect.py", label="Inspect your own photos", icon=":material/frame_inspect:")
            st.page_link("pages/layers.py", label="See every layer", icon=":material/layers:")
            st.page_link("pages/compare.py", label="Compare models", icon=":material/compare:")


def _offer_link(presents: bool) -> None:
    """The address of what is shown, to be sent, and the lesson without what stands around it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        show_copy_link()
        _offer_presentation(presents, "lesson")
        st.caption("The link keeps part, damage and controls, not what you paint.")


def _offer_presentation(presents: bool, key: str) -> None:
    st.button(
        "End the presentation" if presents else "Present",
        icon=":material/present_to_all:",
        key=f"{key}_present",
        on_click=_present,
        args=(not presents,),
        help="For a lecture room: without menu and score, in large letters. The link keeps it.",
    )


@guarded
def _present(wanted: bool) -> None:
    write_address(**{_PRESENT: "1" if wanted else None})


def _offer_steps(number: int, key: str, ahead: str = "Next") -> None:
    """Back and next, which the arrow keys do as well."""
    st.button(
        "Back",
        icon=":material/arrow_back:",
        disabled=number == 0,
        on_click=_go,
        args=(number - 1,),
        key=f"{key}_back",
        help="The step before this one; also the left arrow key.",
    )
    if number + 1 < len(read_steps()):
        st.button(
            ahead,
            icon=":material/arrow_forward:",
            type="primary",
            on_click=_go,
            args=(number + 1,),
            key=f"{key}_next",
            help="The next step; also the right arrow key.",
        )


@guarded
def _go(number: int) -> None:
    if 0 <= number < len(read_steps()):
        st.session_state[_STEP] = number
