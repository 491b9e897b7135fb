"""Layers: why a model says what it says of one place, layer by layer."""

import streamlit as st

from workbench.components.errors import plain_errors
from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.views.shared.page import begin_page, choose_model
from workbench.views.shared.photos.gallery import show_gallery
from workbench.views.shared.photos.photo_status import follow_address, show_problems, write_link

with plain_errors():
    follow_address()
    begin_page("Layers")
    show_gallery()
    with st.spinner("Starting the model"):
        # These need torch, which takes seconds to load; the gallery is on the screen meanwhile.
        from workbench.inspection.photo import shown_photo
        from workbench.inspection.visitor import settle
        from workbench.views.layers.explorer import choose_other, show_explorer
        from workbench.views.shared.photos.own_photos import (
            IN_ORDER,
            say_limits_are_calibrated,
            step_through,
        )
        from workbench.views.shared.photos.value_range import choose_value_range
        from workbench.views.shared.services import services
        from workbench.views.shared.session import current_visitor

        choice, visitor = choose_model(), current_visitor()
        choices = [choice, *choose_other(choice)]
        if settle(visitor, choices, services().inspector):
            st.rerun()  # the gallery above still marks the sample that was shown before
    show_problems(visitor)
    step_through(visitor, visitor.order, IN_ORDER)
    choose_value_range(visitor, choice)
    write_link(visitor)
    say_limits_are_calibrated(visitor)
    show_explorer(shown_photo(visitor, read_samples(settings().samples)), choices)
