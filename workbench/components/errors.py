"""Errors as sentences: of a page or a part of it, and of what a widget calls when a visitor acts."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from crr.errors import CRRError
from workbench.basics.markdown import as_text
from workbench.basics.pace import in_turn
from workbench.basics.places import for_visitors

_log = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")

_FAILED = "failed_action"
_ICON = ":material/error:"
_UNFORESEEN = (
    "Something went wrong that we did not foresee; the details are in the log of the server. "
    "Reload the page, and if it happens again, report it with what you clicked."
)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Show what goes wrong inside the `with` block as a sentence; what nobody foresaw goes to the log.

    Every page is put together in it, and every part that is drawn by itself: in turn, see `in_turn`.
    """
    try:
        with in_turn():
            yield
    except Exception as error:
        st.error(_sentence(error), icon=_ICON)


def guarded(callback: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """What a widget may call: an error becomes a sentence at the head of the page, and the page is drawn.

    Streamlit shows nothing but the error of a callback that fails, and what a callback writes stands in the
    place of something else. So every callback of this workbench goes through here.
    """

    @wraps(callback)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        st.session_state.pop(_FAILED, None)
        try:
            callback(*args, **kwargs)
        except Exception as error:
            st.session_state[_FAILED] = _page(), _sentence(error)
            st.rerun()  # all of the page, for a fragment cannot write at its head

    return call


def show_failed_action() -> None:
    """What went wrong with what the visitor did last on this page; it stays until the next action."""
    page, sentence = st.session_state.get(_FAILED, ("", ""))
    if sentence and page == _page():
        st.error(sentence, icon=_ICON)


def _sentence(error: Exception) -> str:
    """What an error says to a visitor, as Markdown; one that nobody foresaw goes to the log."""
    if isinstance(error, CRRError):
        return as_text(for_visitors(error))
    _log.error("unexpected error on a page", exc_info=error)
    return _UNFORESEEN


def _page() -> str:
    context = get_script_run_ctx()
    return "" if context is None else context.page_script_hash
