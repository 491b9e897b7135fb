"""Lesson: what identity mapping is and what helps against it, in nine steps with live pictures."""

import streamlit as st

from workbench.components.errors import plain_errors
from workbench.views.shared.page import begin_page

with plain_errors():
    begin_page()
    with st.spinner("Starting the models"):
        # This needs torch, which takes seconds to load.
        from workbench.views.lesson.step import choose_step, show_step

    show_step(choose_step())
