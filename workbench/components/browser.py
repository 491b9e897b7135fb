"""What the window of a browser knows by itself: where Back leads to, and that a visit ended."""

from collections.abc import Callable, Sequence

import streamlit as st

from workbench.components.assets import read
from workbench.components.errors import guarded

_KEY = "browser"


def tend_browser(places: Sequence[str], visit: str, held: str, ended: Callable[[str], None]) -> None:
    """Tell the window what it needs; shows nothing.

    Args:
        places: The parameters of the address that name what is looked at. When a visitor changes one of them,
            Back returns to what was there before; any other change leaves where Back leads to.
        visit: Identifies the visit.
        held: What would be lost if the visit ended; empty if nothing.
        ended: Hears what the visit before held, if the server forgot it while the window stayed open.
    """

    @guarded
    def hear() -> None:
        lost = st.session_state[_KEY].get("ended")
        if isinstance(lost, str):
            ended(lost)

    component = st.components.v2.component("crr_browser", js=read("browser.js"))
    component(data={"places": list(places), "visit": visit, "held": held}, key=_KEY, on_ended_change=hear)
