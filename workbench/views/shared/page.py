"""What every page has: the choice of model and device at the side, its style, and errors as sentences."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from crr.errors import CRRError
from workbench.basics import rate_limit
from workbench.basics.markdown import as_text
from workbench.settings import settings

if TYPE_CHECKING:
    from workbench.inspection.inspector import ModelChoice

_log = logging.getLogger(__name__)

_MODEL, _LOST = "model", "lost_model"
_RATE_LIMIT = "allowance"
_STYLE = Path(__file__).parents[2] / "components" / "frontend" / "style.css"


@contextmanager
def plain_errors() -> Iterator[None]:
    """Show what goes wrong inside the `with` block as a sentence; what nobody foresaw goes to the log."""
    try:
        yield
    except CRRError as error:
        st.error(as_text(str(error)), icon=":material/error:")
    except Exception:
        _log.exception("unexpected error on a page")
        st.error(
            "Something went wrong that we did not foresee; the details are in the log of the server. "
            "Reload the page, and if it happens again, report it with what you clicked.",
            icon=":material/error:",
        )


def begin_page() -> None:
    """What stands first on every page: that it runs under our navigation, and the few rules of our style."""
    rate_limit.find_with(_rate_limit)
    if PagesManager.uses_pages_directory:
        # The first link that this server was asked for leads here, and Streamlit, which has not seen
        # streamlit_app.py yet, made a navigation of its own from the files in pages/.
        PagesManager.uses_pages_directory = False
        st.rerun()
    st.html(_STYLE)


def _rate_limit() -> rate_limit.RateLimit | None:
    """The limit of the visitor whose page runs; None where there is none."""
    most = settings().questions_per_minute
    if most == 0:
        return None
    own: rate_limit.RateLimit = st.session_state.setdefault(_RATE_LIMIT, rate_limit.RateLimit(most))
    return own


def choose_model() -> "ModelChoice":
    """The model and the device, chosen in the sidebar; raises `CheckpointError` if there is no model.

    A sentence on the page says so if the model that was chosen, or that the link names, is not there.
    """
    from workbench.inspection.inspector import ModelChoice
    from workbench.model_store.available import find_models, pulled_as, why_replaced

    models = find_models()
    wanted = st.session_state.get(_MODEL) or st.query_params.get(_MODEL)
    known = None if wanted is None or wanted in models else pulled_as(wanted)
    if known in models:
        st.session_state[_MODEL] = known
    elif wanted is not None and wanted not in models:
        used = st.session_state[_MODEL] = next(iter(models))
        # Asked once, because the answer takes a reading of the whole checkpoint.
        st.session_state[_LOST] = wanted, why_replaced(wanted, used)
    with st.sidebar:
        name = st.selectbox(
            "Model",
            list(models),
            key=_MODEL,
            bind="query-params",
            on_change=lambda: st.session_state.pop(_LOST, None),
            help="The trained model that inspects the image. It has learned from photos of good parts only.",
        )
        device = choose_device()
    with st.container():  # always there, so that what follows stays in its place
        lost, why = st.session_state.get(_LOST, (None, ""))
        if lost is not None and lost not in models:
            st.warning(as_text(why), icon=":material/deployed_code_alert:")
    return ModelChoice(models[name], device)


def choose_device() -> str:
    """The device, chosen where this is called."""
    from crr.runtime.devices import available_devices

    device: str = st.selectbox(
        "Device",
        available_devices(),
        key="device",
        format_func=device_name,
        persist_state="session",
        help="What the model computes on. The fastest of this machine stands first.",
    )
    return device


def device_name(device: str) -> str:
    """A device as people call it."""
    kind, _, number = device.partition(":")
    names = {"cuda": "NVIDIA GPU (CUDA)", "mps": "Apple GPU (MPS)", "cpu": "CPU"}
    return f"{names.get(kind, kind)} {number}".strip()
