"""Inspect: one image or many, the answer first."""

import streamlit as st

from workbench.components.errors import plain_errors
from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.views.shared.gallery import show_gallery
from workbench.views.shared.page import begin_page, choose_model
from workbench.views.shared.photo_status import follow_address

with plain_errors():
    follow_address()
    begin_page()
    show_gallery()
    with st.spinner("Starting the model"):
        # These need torch, which takes seconds to load; the gallery is on the screen meanwhile.
        from workbench.views.inspect.result import show_result
        from workbench.views.inspect.table import inspect_rest, show_news, show_table
        from workbench.views.shared.services import services
        from workbench.views.shared.session import current_visitor
        from workbench.views.shared.value_range import choose_value_range

        choice, visitor, inspector = choose_model(), current_visitor(), services().inspector
        if visitor.settle(choice, inspector):
            st.rerun()  # the gallery above still marks the sample that was shown before
        inspected = visitor.inspect(read_samples(settings().samples), choice, inspector)
    # Always there, so that what follows stays in its place.
    news, progress = st.container(), st.container()
    with news:
        show_news(visitor, choice)
        choose_value_range(visitor, choice)
    show_result(inspected)
    with progress:
        inspect_rest(visitor, choice)
    show_table(visitor, choice)
