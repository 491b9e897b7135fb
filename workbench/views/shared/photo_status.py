"""What went wrong with photos, and which one the address names: on every page that shows one photo."""

import streamlit as st

from workbench.basics.markdown import as_text
from workbench.inspection.visitor import VisitorState

_SHOWN_PROBLEMS = 3


def show_problems(visitor: VisitorState) -> None:
    """What was wrong with photos that arrived."""
    problems = visitor.problems
    for failure in problems[:_SHOWN_PROBLEMS]:
        st.warning(as_text(failure.sentence), icon=":material/broken_image:")
    if len(problems) > _SHOWN_PROBLEMS:
        st.markdown(f"{len(problems) - _SHOWN_PROBLEMS} more could not be inspected; Inspect lists them.")
    if visitor.news and visitor.batch.refusal is not None:
        st.warning(as_text(visitor.batch.refusal), icon=":material/inventory_2:")


def write_link(visitor: VisitorState) -> None:
    """Keep in the address which sample is shown; photos of visitors are in no link."""
    if visitor.upload is not None:
        st.query_params.pop("sample", None)
    elif st.query_params.get("sample") != visitor.sample:
        st.query_params["sample"] = visitor.sample
