"""A page that is gone through step by step: each begins at its top, and the arrow keys lead on and back."""

from collections.abc import Callable

import streamlit as st

from workbench.components.assets import read
from workbench.components.errors import guarded

_KEY = "steps"


def tend_steps(
    number: int, go: Callable[[int], None], presents: bool = False, end: Callable[[], None] = lambda: None
) -> None:
    """Scroll to the top when another step is shown, and listen to the arrow keys. Shows nothing.

    While it is shown to a room, Page up and Page down do the same, and Escape ends that.

    Args:
        number: Of the step that is shown.
        go: Hears the number of the step that is asked for; it may be one that there is not.
        presents: Whether it is shown to a room; that too begins at the top.
        end: Called when that is to end.
    """

    @guarded
    def take() -> None:
        by = st.session_state[_KEY].get("go")
        if by in (-1, 1):
            go(number + by)
        elif by == "end":
            end()

    component = st.components.v2.component("crr_steps", js=read("steps.js"))
    component(data={"step": f"{number} {presents}", "presents": presents}, key=_KEY, on_go_change=take)
