"""Layers: why a model says what it says of one place, layer by layer."""

import streamlit as st

from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.views.shared.gallery import choose_sample, offer_own_images
from workbench.views.shared.page import begin_page, choose_model, plain_errors

with plain_errors():
    begin_page()
    samples, own_images = st.columns([7, 3], gap="medium")
    with samples:
        choose_sample()
    with own_images:
        offer_own_images()
    with st.spinner("Starting the model"):
        # These need torch, which takes seconds to load; the gallery is on the screen meanwhile.
        from workbench.inspection import inspector as inspection
        from workbench.inspection.photo import shown_photo
        from workbench.inspection.visitor import settle
        from workbench.views.layers import explorer as exploring
        from workbench.views.shared import photo_status
        from workbench.views.shared.session import current_visitor

        choice, visitor, inspector = choose_model(), current_visitor(), inspection.inspector()
        choices = [choice, *exploring.choose_other(choice)]
        if settle(visitor, choices, inspector):
            st.rerun()  # the gallery above still marks the sample that was shown before
    photo_status.show_problems(visitor)
    photo_status.write_link(visitor)
    exploring.show_explorer(shown_photo(visitor, read_samples(settings().samples)), choices, inspector)
