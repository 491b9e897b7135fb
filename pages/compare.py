"""Compare: several models on one photo, as it is or with a painted defect, and the photos that part them."""

import streamlit as st

from workbench.comparison.opening import OPENING_SAMPLE
from workbench.components.errors import plain_errors
from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.start.example import read_example
from workbench.views.compare.looks import choose_look, paints
from workbench.views.shared.page import begin_page
from workbench.views.shared.photos.gallery import show_gallery
from workbench.views.shared.photos.photo_status import follow_address, show_problems, write_link
from workbench.views.shared.session import current_visitor, open_with

with plain_errors():
    follow_address()
    open_with(read_example(settings().samples).sample if paints() else OPENING_SAMPLE)
    begin_page("Compare")
    show_gallery()
    with st.spinner("Starting the models"):
        # These need torch, which takes seconds to load; the gallery is on the screen meanwhile.
        from workbench.comparison.comparison import compare_shown
        from workbench.inspection.photo import shown_photo
        from workbench.inspection.visitor import settle
        from workbench.views.compare import columns, painting
        from workbench.views.compare.disagreement import show_disagreement
        from workbench.views.shared.photos.own_photos import (
            IN_ORDER,
            say_limits_are_calibrated,
            step_through,
        )
        from workbench.views.shared.photos.value_range import choose_value_range
        from workbench.views.shared.progress import progress
        from workbench.views.shared.services import services

        choices, visitor, inspector = columns.choose_models(), current_visitor(), services().inspector
        if settle(visitor, choices, inspector):
            st.rerun()  # the gallery above still marks the sample that was shown before
    show_problems(visitor)
    choose_value_range(visitor, choices[0])
    write_link(visitor)
    photos = read_samples(settings().samples)
    look = choose_look()
    if look != "A set of photos":
        step_through(visitor, visitor.order, IN_ORDER)
    say_limits_are_calibrated(visitor)
    if look == "Paint a defect":
        painting.show_painting(shown_photo(visitor, photos), choices)
    else:
        painting.forget_link()
    if look == "One photo":
        with st.spinner("Asking the models"), progress("Asking") as tell:
            compared = compare_shown(visitor, photos, choices, inspector, tell)
        columns.show_columns_page(compared, choices)
    if look == "A set of photos":
        show_disagreement(choices)
