"""Inspect: one image or many, the answer first."""

import streamlit as st

from workbench.components.browser_buttons import show_take_photo
from workbench.components.errors import plain_errors
from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.views.shared.page import begin_page, choose_model
from workbench.views.shared.photos.gallery import show_gallery
from workbench.views.shared.photos.photo_status import follow_address

with plain_errors():
    follow_address()
    begin_page("Inspect")
    show_take_photo()
    show_gallery()
    with st.spinner("Starting the model"):
        # These need torch, which takes seconds to load; the gallery is on the screen meanwhile.
        from workbench.views.inspect.progress import inspect_rest, show_news
        from workbench.views.inspect.result import show_result
        from workbench.views.inspect.table import has_table, show_table
        from workbench.views.shared.photos.value_range import choose_value_range
        from workbench.views.shared.services import services
        from workbench.views.shared.session import current_visitor

        choice, visitor, inspector = choose_model(), current_visitor(), services().inspector
        moved = visitor.settle(choice, inspector)
        if not visitor.batch.pending(choice):
            moved |= visitor.turn_to_highest(choice)
        if moved:
            st.rerun()  # the gallery above still marks the sample that was shown before
        inspected = visitor.inspect(read_samples(settings().samples), choice, inspector)
    # Always there, so that what follows stays in its place.
    news, progress = st.container(key="news"), st.container()
    with news:
        show_news(visitor, choice)
        choose_value_range(visitor, choice)
    if has_table(visitor):
        shown, listed = st.columns([6, 5], gap="medium")
        with shown:
            show_result(inspected, choice, beside_table=True)
        with listed:
            show_table(visitor, choice)
    else:
        show_result(inspected, choice, beside_table=False)
    with progress:
        inspect_rest(visitor, choice)
