"""What a window of a browser does by itself: steps of Back and forward, asking again, words for refusals."""

from collections.abc import Sequence

import streamlit as st

from workbench.components.assets import read
from workbench.components.errors import guarded

_REFUSED = {
    413: "There is no room for this file now. Save the results, clear the table and add the rest, "
    "or try again in some minutes.",
    411: "This file came without its size, which a proxy before the workbench left out: tell whoever serves "
    "it.",
    408: "This file did not arrive: the connection is too slow, or broke off. Add it again.",
}
"""What is said of a file that the server did not take, by the status of its answer."""


@guarded
def _back() -> None:
    """The server was away and is back: the run of the page that comes of it is all that is wanted."""


def tend_window(places: Sequence[str]) -> None:
    """Have the browser go back in steps that a visitor would name, and look at the page after an absence.

    Shows nothing.

    Args:
        places: The parameters of the address that name what is looked at. When a visitor changes one of them,
            Back returns to what was there before; any other change leaves where Back leads to.
    """
    component = st.components.v2.component("crr_window", js=read("window.js"))
    component(data={"places": list(places), "refused": _REFUSED}, key="window", on_back_change=_back)
