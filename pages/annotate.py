"""Annotate: review what the models say, mark what is true, and take it away."""

import streamlit as st

from workbench.components.errors import plain_errors
from workbench.views.shared.page import begin_page

with plain_errors():
    begin_page("Annotate")
    with st.spinner("Opening the annotations"):
        # These need torch, which takes seconds to load.
        from workbench.views.annotate.page import show_annotate
    show_annotate()
