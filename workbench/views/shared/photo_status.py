"""What went wrong with photos, and which one the address names: on every page that shows one photo."""

import streamlit as st

from workbench.basics.markdown import as_text
from workbench.inspection.visitor import Visit

_SHOWN_PROBLEMS = 3


def show_problems(visit: Visit) -> None:
    """What was wrong with photos that arrived."""
    problems = visit.problems
    for failure in problems[:_SHOWN_PROBLEMS]:
        st.warning(as_text(failure.sentence), icon=":material/broken_image:")
    if len(problems) > _SHOWN_PROBLEMS:
        st.markdown(f"{len(problems) - _SHOWN_PROBLEMS} more could not be inspected; Inspect lists them.")
    if visit.news and visit.batch.refusal is not None:
        st.warning(as_text(visit.batch.refusal), icon=":material/inventory_2:")


def write_link(visit: Visit) -> None:
    """Keep in the address which sample is shown; photos of visitors are in no link."""
    if visit.upload is not None:
        st.query_params.pop("sample", None)
    elif st.query_params.get("sample") != visit.sample:
        st.query_params["sample"] = visit.sample
