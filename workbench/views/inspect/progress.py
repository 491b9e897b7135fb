"""The visitor's images on their way: how far they are, what went wrong, and how it went."""

import streamlit as st

from workbench.basics.markdown import as_text
from workbench.components.errors import guarded, plain_errors
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.visitor import VisitorState
from workbench.settings import settings
from workbench.views.shared.photos.photo_status import show_problems
from workbench.views.shared.progress import SECONDS_A_TURN
from workbench.views.shared.services import services
from workbench.views.shared.session import current_visitor

BELOW = "your-images"
"""Where the table is, for a link."""


def show_news(visitor: VisitorState, choice: ModelChoice) -> None:
    """How it went with the images that arrived, until a sample is chosen; the table keeps what was wrong."""
    _summary(choice)  # always there, so that the threshold slider can have it written again
    show_problems(visitor, f"[see the list](#{BELOW})")


@st.fragment(key="summary")
def _summary(choice: ModelChoice) -> None:
    with plain_errors():
        visitor = current_visitor()
        several = len(visitor.batch.uploads) + len(visitor.batch.failures) > 1
        if visitor.news and several and not visitor.batch.pending(choice):
            st.markdown(f"**{visitor.batch.summary(choice, visitor.factor)}** [See the table](#{BELOW})")


def inspect_rest(visitor: VisitorState, choice: ModelChoice) -> None:
    """Inspect what is still to be inspected, in turns, with a progress bar."""
    model_error = visitor.batch.model_errors.get(choice.key)
    if model_error is not None:
        st.error(as_text(model_error))
        again = "Inspects the images that are still missing, for example once memory is free."
        if st.button("Try again", help=again):
            del visitor.batch.model_errors[choice.key]
            st.rerun()
    elif visitor.batch.pending(choice):
        if visitor.batch.paused:
            _offer_to_go_on(visitor, choice)
        else:
            st.fragment(_advance, run_every=0.1)(choice)


def is_inspecting(visitor: VisitorState, choice: ModelChoice) -> bool:
    """Whether images are being inspected now."""
    batch = visitor.batch
    return bool(batch.pending(choice)) and not batch.paused and choice.key not in batch.model_errors


def _advance(choice: ModelChoice) -> None:
    with plain_errors():
        visitor = current_visitor()
        batch = visitor.batch
        batch.inspect_some(choice, services().inspector, SECONDS_A_TURN)
        total = len(batch.uploads)
        done = total - len(batch.pending(choice))
        if done == total or choice.key in batch.model_errors:
            visitor.turn_to_highest(choice)
            st.rerun()
        limit = settings().questions_per_minute
        slowly = f" (this server answers {limit} a minute to each visitor)" if 0 < limit < total else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(done / total, text=f"Inspected {done} of {total} images{slowly}")
            st.button(
                "Pause",
                icon=":material/pause:",
                on_click=guarded(_pause),  # before the next turn begins
                help="Keeps what was found, to look at and to save. You can go on later.",
            )


def _pause() -> None:
    current_visitor().batch.paused = True
    st.rerun()


def _offer_to_go_on(visitor: VisitorState, choice: ModelChoice) -> None:
    left = len(visitor.batch.pending(choice))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"Paused: {left} of {len(visitor.batch.uploads)} images are not inspected yet.")
        if st.button("Go on", icon=":material/play_arrow:", help="Inspects the images that are missing."):
            visitor.batch.paused = False
            st.rerun()
