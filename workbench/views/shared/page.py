"""What every page has: its head and style, and the choice of model and device at the side."""

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime import Runtime
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from workbench.basics import rate_limit
from workbench.basics.addresses import address_of
from workbench.basics.markdown import as_text
from workbench.basics.model_names import linked_model, shown_model
from workbench.components.assets import FRONTEND
from workbench.components.errors import guarded, show_failed_action
from workbench.components.window import tend_window
from workbench.model_store.queues import find_waiter_with
from workbench.settings import settings
from workbench.views.shared.address import PLACES, use_shown_models, went_back
from workbench.views.shared.glossary import glossary_html
from workbench.views.shared.services import services
from workbench.views.shared.visit import show_what_was_lost

if TYPE_CHECKING:
    from workbench.inspection.inspector import ModelChoice

NAME = "CRR Workbench"
PROMISE = "why some models miss defects, and how CRR finds them"
PAPER = "https://arxiv.org/abs/2512.11401"

_MODEL, _LOST = "model", "lost_model"
_RATE_LIMIT = "allowance"
_LOOKS = 4  # at the queue, two a second, before the visitor is told why it takes so long
_BAND = (
    f'<div class="band"><b>{NAME}</b> <span class="promise">{PROMISE}</span> <span class="links">'
    f'<a href="{PAPER}" target="_blank" rel="noreferrer">Paper</a> · '
    f"Models are for non-commercial use · {glossary_html()}</span></div>"
)
_STYLE = FRONTEND / "style.css"


def begin_page(heading: str = "", title: str = "") -> None:
    """What stands first on every page: whose it is, our style, and what has to be said before all else.

    Args:
        heading: The page's heading; a page without one calls `head_page` itself.
        title: As for `head_page`.
    """
    rate_limit.find_with(_rate_limits)
    find_waiter_with(_Visitor)
    if PagesManager.uses_pages_directory:
        # The first link that this server was asked for leads here, and Streamlit, which has not seen
        # streamlit_app.py yet, made a navigation of its own from the files in pages/.
        PagesManager.uses_pages_directory = False
        st.rerun()
    st.html(_STYLE)
    st.html(_BAND)
    if heading:
        head_page(heading, title)
    with st.container(key="head"):  # always there, so that what follows stays in its place
        tend_window(PLACES)
        show_what_was_lost()
        show_failed_action()


def head_page(heading: str, title: str = "") -> None:
    """Give the page its heading, and the browser's tab its title, made of the heading if that is empty."""
    st.set_page_config(page_title=title or f"{heading} · {NAME}")
    st.title(as_text(heading), anchor=False)


def _rate_limits() -> tuple[rate_limit.RateLimit, ...]:
    """The limits of the visitor whose page runs: of the page, and of the address that all its pages share."""
    most = settings().questions_per_minute
    if most == 0:
        return ()
    own: rate_limit.RateLimit = st.session_state.setdefault(_RATE_LIMIT, rate_limit.RateLimit(most))
    return own, services().address_limits.of(_address())


def _address() -> str:
    header = settings().proxy_header
    told = st.context.headers.get_all(header) if header else ()
    return address_of(told, st.context.ip_address, settings().proxies)


class _Visitor:
    """Who waits for an answer on a page: is told how many come first, if it takes long."""

    def __init__(self) -> None:
        context = get_script_run_ctx(suppress_warning=True)
        self._session = None if context is None else context.session_id
        self._looks = 0
        self._toast: DeltaGenerator | None = None

    def is_present(self) -> bool:
        """Whether the page is still open somewhere."""
        return (
            self._session is None
            or not Runtime.exists()
            or Runtime.instance().is_active_session(self._session)
        )

    def tell(self, before: int) -> None:
        """Say so where the wait is longer than some seconds."""
        self._looks += 1
        if before and self._looks >= _LOOKS:
            others = "1 photo of somebody else comes" if before == 1 else f"{before} photos of others come"
            words = f"The workbench is busy: {others} first."
            place = st if self._toast is None else self._toast
            self._toast = place.toast(words, icon=":material/hourglass_top:")


def choose_model() -> "ModelChoice":
    """The model and the device, chosen in the sidebar; raises `CheckpointError` if there is no model.

    A sentence on the page says so if the model that was chosen, or that the link names, is not there.
    """
    from workbench.inspection.inspector import ModelChoice
    from workbench.model_store.available import find_models, pulled_as, why_replaced

    models = find_models()
    told = st.query_params.get(_MODEL)
    linked = None if told is None else linked_model(told, models)
    wanted = linked if went_back() else st.session_state.get(_MODEL) or linked
    known = None if wanted is None or wanted in models else pulled_as(wanted)
    if known in models:
        st.session_state[_MODEL] = known
    elif wanted is not None and wanted not in models:
        used = st.session_state[_MODEL] = next(iter(models))
        # Asked once, because the answer takes a reading of the whole checkpoint.
        st.session_state[_LOST] = wanted, why_replaced(wanted, used)
    use_shown_models(_MODEL)
    with st.sidebar:
        name = st.selectbox(
            "Model",
            list(models),
            key=_MODEL,
            bind="query-params",
            on_change=_model_chosen,
            format_func=shown_model,
            help="The trained model that inspects the image. It has learned from photos of good parts only.",
        )
        device = choose_device()
    with st.container():  # always there, so that what follows stays in its place
        lost, why = st.session_state.get(_LOST, (None, ""))
        if lost is not None and lost not in models:
            st.warning(as_text(why), icon=":material/deployed_code_alert:")
    return ModelChoice(models[name], device)


@guarded
def _model_chosen() -> None:
    st.session_state.pop(_LOST, None)


def choose_device() -> str:
    """The device, chosen where this is called."""
    from crr.runtime.devices import available_devices

    devices = available_devices()
    if len(devices) == 1:  # nothing to choose
        return devices[0]
    device: str = st.selectbox(
        "Device",
        devices,
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
